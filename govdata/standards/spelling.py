"""The name somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def suggestion(name: object, known: Iterable[object]) -> str:
    """“，是否想写 …” with the closest of the known names, or nothing."""
    import difflib  # only where something is wrong

    close = difflib.get_close_matches(str(name), [str(each) for each in known], n=1)
    return f"，是否想写 {close[0]}" if close else ""
