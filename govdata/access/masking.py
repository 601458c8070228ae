"""How a value is shown to those who may not see it in full: as its data element says (``sensitivity.mask``)."""

from __future__ import annotations

import re

HIDDEN = "*"
_KEPT = re.compile(r"keep_(\d+)_(\d+)")


def mask(value: str | None, how: str | None) -> str | None:
    """``value`` masked by ``how``: ``keep_a_b`` shows the first a and the last b characters, ``name`` the first one,
    ``year`` the year of a date, ``address`` what stands before the first number; None shows all. A value that is too
    short for its mask to hide anything, or a mask that is not known, is hidden altogether."""
    if not value or how is None:
        return value
    if how == "name":
        return value[:1] + HIDDEN * (len(value) - 1) if len(value) > 1 else HIDDEN
    if how == "year":
        return f"{value[:4]}年" if re.match(r"\d{4}-", value) else HIDDEN * 4
    if how == "address":
        return re.split(r"[0-9０-９]", value, maxsplit=1)[0] + HIDDEN * 4
    kept = _KEPT.fullmatch(how)
    if kept is None:
        return HIDDEN * len(value)
    first, last = int(kept[1]), int(kept[2])
    if len(value) <= first + last:
        return HIDDEN * len(value)
    return value[:first] + HIDDEN * (len(value) - first - last) + value[len(value) - last :]
