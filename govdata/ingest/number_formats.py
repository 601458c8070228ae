"""What a workbook's number format says of a value beyond the number that is stored: ``0000`` shows 112 as 0112,
``0.0%`` shows 0.125 as 12.5%, ``"2021"0000`` shows 15 as 20210015, ``0.0"万元"`` shows the unit of an amount.

Grammar: ECMA-376 part 1, 18.8.31 (number formats); built-in ones, also those of a Chinese Excel: 18.8.30.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

BUILT_IN = {
    "9": "0%",
    "10": "0.00%",
    "17": "mmm-yy",
    **dict.fromkeys(("27", "36", "50", "52", "57"), 'yyyy"年"m"月"'),
}
"""Identity of a format that a workbook need not declare → what it is; only those that say something."""

NAMED = {"Percent": "0.00%"}
"""Formats that XML Spreadsheet 2003 calls by a name; likewise."""

_TOKEN = re.compile(
    r"\[\$(?P<sign>[^\]-]*)(?:-[^\]]*)?\]|\[(?P<bracket>[^\]]*)\]|\"(?P<quoted>[^\"]*)\"|[\\!](?P<escaped>.)"
    r"|(?P<space>_.|\*.)|(?P<digit>General|G/通用格式|[0#?])|(?P<mark>[.,%‰])|(?P<none>E[+-]|@)"
    r"|(?P<moment>AM/PM|A/P|上午/下午|[yYmMdDhHsSeEgGbBaA]+)|(?P<other>.)",
    re.DOTALL,
)
_SECTION = re.compile(r"(?:\"[^\"]*\"|\\.|[^;\"])*", re.DOTALL)
_YUAN = re.compile(r"[¥￥\s]|CNY|RMB|人民币")  # of an amount without any unit they say nothing new
_AROUND = re.compile(r"([^\d-]*)-?\d[\d,]*(?:\.\d+)?([^\d]*)")
_MONEY = re.compile(r"[万亿千百元币圆$€£₩%‰]|[A-Z]{2,3}")


@dataclass(frozen=True)
class Form:
    """``before`` and ``after``: texts around the number; ``whole``: its whole digits, as many as it has at least, and
    texts between them (``000-0000`` is ("000", "-", "0000")); ``factor``: shown number to stored number; ``day``: False
    for a date of which only year and month are shown."""

    before: str = ""
    after: str = ""
    whole: tuple[str, ...] = ()
    factor: Decimal = Decimal(1)
    day: bool = True

    def text(self, value: float) -> str:
        """A number as it is shown, with all of its (15) digits. A fraction is no number of fixed length."""
        number = Decimal(int(value)) if value == int(value) else Decimal(format(value, ".15G"))
        sign, digits = ("-" if number < 0 else ""), format(abs(number * self.factor).normalize(), "f")
        placed = digits if "." in digits else self._placed(digits)
        return f"{sign}{self.before}{placed}{self.after}"

    def _placed(self, digits: str) -> str:
        """Digits put into their places from the right; what is left over goes to the first place."""
        digits = digits.zfill(sum(len(part) for part in self.whole if part[0] == "0"))
        placed = ""
        for part in reversed(self.whole):
            if part[0] == "0":
                digits, part = digits[: -len(part)], digits[-len(part) :]
            placed = part + placed
        return digits + placed


PLAIN = Form()


@lru_cache(1000)
def form_of(code: str) -> Form | None:
    """What the format ``code`` adds to a number, or hides of a date; None where that is nothing. Of several sections
    (for negative numbers, for nought) the first counts."""
    section = _SECTION.match(NAMED.get(code, code))
    tokens = list(_TOKEN.finditer(section[0] if section else ""))
    if any(token["moment"] for token in tokens):
        return _of_date(tokens)
    under_condition = any((token["bracket"] or "")[:1] in tuple("<>=") for token in tokens if token["bracket"])
    if under_condition or any(token["none"] for token in tokens) or not any(token["digit"] for token in tokens):
        return None
    made = _of_number([token for token in tokens if token["space"] is None and token["bracket"] is None])
    return None if made == PLAIN else made


def form_shown(shown: str, value: float) -> Form | None:
    """The same from a text that shows ``value``: ``0112`` for 112, ``12.5%`` for 0.125."""
    stored = str(abs(int(value)))
    if shown.isdecimal() and shown.endswith(stored) and value == int(value) >= 0:
        return Form(before=shown.removesuffix(stored)) if shown != stored else None
    parts = _AROUND.fullmatch(shown)
    if parts is None:
        return None
    percent = Decimal({"%": 100, "‰": 1000}.get(parts[2][:1], 1))
    before, after = (_YUAN.sub("", side) if _MONEY.search(side) else "" for side in parts.groups())
    made = Form(before, after, (), percent)
    return None if made == PLAIN else made


def _of_date(tokens: list[re.Match[str]]) -> Form | None:
    letters = "".join(token["moment"] or token["bracket"] or "" for token in tokens).lower()
    return (
        Form(day=False)
        if "y" in letters and "m" in letters and not any(letter in letters for letter in "dhs")
        else None
    )


def _of_number(tokens: list[re.Match[str]]) -> Form | None:
    places = [number for number, token in enumerate(tokens) if token["digit"]]
    first, last = places[0], places[-1]
    within = [token for token in tokens[first : last + 1] if token["mark"] != ","]
    point = next((number for number, token in enumerate(within) if token["mark"] == "."), len(within))
    factor, behind = Decimal(1), tokens[last + 1 :]
    while behind and behind[0]["mark"] == ",":
        factor, behind = factor / 1000, behind[1:]
    for token in tokens[:first] + behind:
        factor *= {"%": 100, "‰": 1000}.get(token["mark"] or "", 1)
    if point == len(within):  # 0!.0,"万元": a point that is text parts the digits of a whole number
        point = next((number for number, token in enumerate(within) if _text(token) == "."), point)
        factor = factor.scaleb(-sum(bool(token["digit"]) for token in within[point:]))
    whole = _whole(within[:point])
    if whole is None:
        return None
    code = point == len(within) and sum(len(part) for part in whole if part[0] == "0") > 1  # a number of fixed length
    before, after = ("".join(map(_text, side)).strip() for side in (tokens[:first], behind))
    if not code:
        before, after = (_YUAN.sub("", side) if _MONEY.search(side) else "" for side in (before, after))
    return Form(before, after, whole, factor)


def _whole(tokens: list[re.Match[str]]) -> tuple[str, ...] | None:
    """The places of whole digits, () where they say nothing; None where texts stand between digits that may be left
    out."""
    parts: list[str] = []
    for token in tokens:
        text = token["digit"] or _text(token)
        if text == "0" and parts and parts[-1][0] == "0":
            parts[-1] += text
        elif text and (token["digit"] is None or text == "0"):
            parts.append(text)
    if any(token["digit"] is None and _text(token) for token in tokens):
        digits_in_texts = any(_text(token).startswith("0") for token in tokens)
        return None if digits_in_texts or any((token["digit"] or "0") != "0" for token in tokens) else tuple(parts)
    return tuple(parts) if sum(map(len, parts)) > 1 else ()


def _text(token: re.Match[str]) -> str:
    """What a token shows that is neither a digit nor a point or comma between digits."""
    mark = token["mark"] if token["mark"] in ("%", "‰") else None
    return token["quoted"] or token["escaped"] or token["sign"] or token["other"] or mark or ""
