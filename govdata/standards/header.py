"""The one form in which headers are compared, by those who check contracts and by those who read deliveries."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\x00-\x1f\x7f]+")


@lru_cache(10_000)
def normalise_header(text: str) -> str:
    """Half width, case folded, without white space, invisible characters, BOM and outer quotes (also those of SQL: `` ` `` and ``[]``)."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip("\"'`")
    if plain.startswith("[") and plain.endswith("]") and plain.count("[") == 1:
        plain = plain[1:-1]
    return plain.casefold()
