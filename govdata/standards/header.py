"""The one form in which headers are compared, by those who check contracts and by those who read deliveries."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\x00-\x1f\x7f]+")

# What a form's author writes around a name for those who fill the form in; the text is in the form of
# ``normalise_header``.
_MARK = re.compile(
    r"^(?:[*※★☆△▲●#]+|\([*※]\))|(?:[*※★☆△▲●]+|\([*※]\)|[(\[【<](?:(?:此?项?为?)?(?:必|选|可选|非必)填写?(?:项|字段)?|可?选项?|非空|不能为空|不可为空|可为?空|\d{1,3}位(?:数字|字符|编码)?|(?:须|应|需|请)?[与同]身份证(?:件|上)?(?:一致|相同|相符)|"
    r"(?:格式[::]?|如[::]?)?y{4}[-/.年]?m{1,2}[-/.月]?d{1,2}日?(?:hh24?:?(?:mm|mi):?ss)?)[)\]】>])$"
)


@lru_cache(10_000)
def normalise_header(text: str) -> str:
    """Half width, case folded, without white space, invisible characters, BOM and outer quotes (also those of SQL: `` `
    `` and ``[]``)."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip("\"'`")
    if plain.startswith("[") and plain.endswith("]") and plain.count("[") == 1:
        plain = plain[1:-1]
    return plain.casefold()


@lru_cache(10_000)
def unmarked(text: str) -> str:
    """``normalise_header`` without the marks of a form: ``*姓名``, ``姓名(必填)``, ``出生日期(yyyy-mm-dd)`` and the
    like."""
    plain = normalise_header(text)
    while (less := _MARK.sub("", plain)) != plain:
        plain = less
    return plain
