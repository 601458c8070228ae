"""The rules every peer is asked for, declared once, and what each program prints. Standard library only: each peer has
its own environment.

A NULL breaks no rule but ``not_null``. All rows of a key that occurs twice break ``unique``. A malformed number also
breaks the rule of the check digit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
"""ISO 7064 MOD 11-2 as GB 11643 writes it: the weighted sum of 17 digits, modulo 11, names the 18th character."""

ETHNICITIES = (*(f"{number:02}" for number in range(1, 57)), "97", "98")


@dataclass(frozen=True)
class Rule:
    """``kind`` says how ``arguments`` are read; ``column`` is the first column it judges."""

    name: str
    kind: str
    column: str
    arguments: tuple = ()


RULES = (
    Rule("id_given", "not_null", "id"),
    Rule("id_format", "pattern", "id", (r"[1-9][0-9]{16}[0-9X]",)),
    Rule("id_check_digit", "check_digit", "id"),
    Rule("id_unique", "unique", "id"),
    Rule("name_given", "not_null", "name"),
    Rule("name_length", "length", "name", (2, 30)),
    Rule("sex_code", "in_set", "sex", ("0", "1", "2", "9")),
    Rule("ethnicity_code", "in_set", "ethnicity", ETHNICITIES),
    Rule("marital_code", "in_set", "marital", ("10", "20", "21", "22", "23", "30", "40", "90")),
    Rule("division_format", "pattern", "division", (r"19[0-9]{4}",)),
    Rule("phone_format", "pattern", "phone", (r"179[0-9]{8}",)),
    Rule("birth_given", "not_null", "birth_date"),
    Rule("birth_plausible", "dates", "birth_date", (Date(1900, 1, 1), Date(2026, 11, 20))),
    Rule("registered_plausible", "dates", "registered", (Date(1950, 1, 1), Date(2026, 11, 20))),
    Rule("registered_after_birth", "not_before", "registered", ("birth_date",)),
    Rule("height_plausible", "range", "height", (30, 250)),
    Rule("status_code", "in_set", "status", ("1", "2", "3")),
    Rule("status_dated", "given_unless", "status_date", ("status", "1")),
)
"""``not_before``: no earlier than the named column. ``given_unless``: not NULL unless the named column holds the
value."""

KINDS = tuple(dict.fromkeys(rule.kind for rule in RULES))


def main(check: Callable[[Path, Path], tuple[dict[str, int | None], int | None]]) -> None:
    """Runs ``check(parquet, folder) -> (failed rows by rule, rows held back)``; None is what the peer cannot say.

    A peer that gives rows writes ``good.parquet`` and ``bad.parquet`` into the folder.
    """
    counts, bad = check(Path(sys.argv[1]), Path(sys.argv[2]))
    print("RESULT " + json.dumps({"counts": counts, "bad": bad}))


def frame_check_digit(numbers):  # type: ignore[no-untyped-def]
    """True where the text is a number with the right check digit; over a pandas Series without NULLs."""
    import numpy as np

    texts = numbers.to_numpy(dtype="U18").astype("S18")
    longer = numbers.str.len().to_numpy() != 18
    codes = np.frombuffer(texts.tobytes(), dtype=np.uint8).reshape(-1, 18).astype(np.int16)
    digits = codes[:, :17] - 48
    sums = digits @ np.array(WEIGHTS, dtype=np.int16)
    expected = np.frombuffer(CHECK_CHARACTERS.encode(), dtype=np.uint8)[sums % 11]
    return (codes[:, 17] == expected) & ((digits >= 0) & (digits <= 9)).all(axis=1) & ~longer


def polars_check_digit(number):  # type: ignore[no-untyped-def]
    """The same as a Polars expression; true where there is no number."""
    import polars as pl

    head = number.str.slice(0, 17).cast(pl.Int64, strict=False)
    total = sum(((head // 10 ** (16 - place)) % 10) * weight for place, weight in enumerate(WEIGHTS))
    expected = (total % 11).replace_strict(list(range(11)), list(CHECK_CHARACTERS), return_dtype=pl.String)
    return number.is_null() | ((number.str.len_bytes() == 18) & (expected == number.str.slice(17, 1)).fill_null(False))
