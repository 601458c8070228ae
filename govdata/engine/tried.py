"""What of the standards was tried on DuckDB and found right, so that a check tries only what has changed since.

A fingerprint stands for all that a trial depends on: what is declared, and this program. Only what was right is
remembered; the file lies in the scratch space, and losing it costs a trial.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from govdata.storage import files
from govdata.storage.manifest import fingerprint

T = TypeVar("T")


class Tried:
    """``path``: where it is remembered; None: nothing is."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._before = _read(path)
        self._right: set[str] = set()

    def remaining(self, asked: Iterable[T], facts: Callable[[T], object]) -> list[T]:
        """Of ``asked`` what was not found right before; ``facts``: all that the trial of each depends on."""
        left = []
        for each in asked:
            key = self._key(facts(each))
            if key in self._before:
                self._right.add(key)
            else:
                left.append(each)
        return left

    def right(self, facts: object) -> None:
        """A trial that depends on ``facts`` found nothing wrong."""
        self._right.add(self._key(facts))

    def keep(self) -> None:
        """Remember what was asked for and right; nothing is kept of what is no longer declared. A disk that refuses
        costs the next check its trials, and this one nothing."""
        if self._path is None:
            return
        with suppress(OSError):
            written = files.temporary(self._path)
            written.write_text(json.dumps(sorted(self._right)), encoding="utf-8")
            files.put(written, self._path)

    @staticmethod
    def _key(facts: object) -> str:
        return fingerprint(_program(), facts)


def _read(path: Path | None) -> set[str]:
    try:
        return set(json.loads(path.read_text(encoding="utf-8"))) if path is not None else set()
    except (OSError, ValueError):
        return set()


@cache
def _program() -> str:
    """This version of govdata, as it is installed, and of what it compiles with."""
    import duckdb
    import sqlglot

    found = sorted(Path(__file__).parent.parent.rglob("*.py"))
    states = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in found]
    return fingerprint(duckdb.__version__, sqlglot.__version__, *states)
