"""Numbers with check digits and what stands in a citizen's number, by python-stdnum and the standards' text."""

from __future__ import annotations

import re
from datetime import date as Date

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2, mod_11_10


def check_digit_ok(algorithm: str, text: str) -> bool:
    return {"gb11643": _gb11643, "gb32100": _gb32100, "gb11714": _gb11714, "gs15": _gs15}[algorithm](text)


def _gb11643(text: str) -> bool:
    return re.fullmatch("[1-9][0-9]{16}[0-9X]", text) is not None and mod_11_2.is_valid(text)


def _gb32100(text: str) -> bool:
    """GB 32100-2015: stdnum's check digit; its form is stricter than the standard's check digit needs, so the form is
    judged here."""
    if not re.fullmatch("[0-9A-HJ-NPQRTUWXY]{18}", text):
        return False
    return uscc.calc_check_digit(text[:17]) == text[17]


def _gb11714(text: str) -> bool:
    """GB 11714-1997 §3.2: weights 3 7 9 10 5 8 4 2, MOD 11; 10 is X, 11 is 0."""
    if not re.fullmatch("[0-9A-Z]{8}-?[0-9X]", text):
        return False
    total = sum(int(character, 36) * weight for character, weight in zip(text, (3, 7, 9, 10, 5, 8, 4, 2), strict=False))
    return "0123456789X0"[11 - total % 11] == text[-1]


def _gs15(text: str) -> bool:
    return re.fullmatch("[0-9]{15}", text) is not None and mod_11_10.is_valid(text)


def id_birth_date(text: str) -> Date | None:
    digits = text[6:14]
    if len(text.encode()) != 18 or not re.fullmatch("[12][0-9]{7}", digits):
        return None
    try:
        return Date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def id_sex(text: str) -> str | None:
    if not (text.isascii() and len(text) == 18) or text[16] not in tuple("0123456789"):
        return None
    return "2" if int(text[16]) % 2 == 0 else "1"


def id_region(text: str) -> str | None:
    return text[:6] if text.isascii() and len(text) == 18 else None
