"""What names are compared by beside themselves: their form in simplified characters, their sound, how common they are.

Each is worked out once per distinct name, and what is slow once per distinct character. A surname is read as surnames
are (单 shan, 曾 zeng; ``standards/masters/surnames.csv``), whatever the character's usual reading is. How common a name
is follows from its surname and its given name (``<kind>.frequencies.csv``), never from the names of tonight.
"""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import prod
from pathlib import Path
from typing import NamedTuple

SURNAMES = "surnames.csv"
DOT = "·"
_HAN = re.compile("[〇㐀-鿿\U00020000-\U000323af]+")
RAREST = 1e-6
"""The share of a surname, a given name or a character that no table knows."""
FEW = 3
"""A given name that fewer bear is not kept: its characters tell how rare it is, and the table names nobody."""


@dataclass(frozen=True)
class Lexicon:
    """``readings``: surname → syllables. Shares among people: of ``surnames``, of ``given`` names, and of the
    characters in given names."""

    readings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    surnames: Mapping[str, float] = field(default_factory=dict)
    given: Mapping[str, float] = field(default_factory=dict)
    characters: Mapping[str, float] = field(default_factory=dict)

    def split(self, name: str) -> tuple[str, str]:
        """Surname and given name; a compound surname goes first. A name in other letters is a given name alone."""
        if not name or not is_han(name):
            return "", name
        for length in (2, 1):
            if len(name) > length and name[:length] in self.readings and len(self.readings[name[:length]]) == length:
                return name[:length], name[length:]
        return name[:1], name[1:]

    def share_of_surname(self, surname: str) -> float:
        """Of all people those with this surname; 1 where a name has none."""
        return self.surnames.get(surname, RAREST) if surname else 1.0

    def share_of_given(self, given: str) -> float:
        """Of all people those with this given name; by its characters where it is too rare to be counted."""
        known = self.given.get(given)
        if known is not None:
            return known
        return prod(self.characters.get(sign, RAREST) for sign in given) if is_han(given) else RAREST


class Form(NamedTuple):
    """A name, as it is compared."""

    name: str
    form: str
    sound: str
    share: float | None


def is_han(text: str) -> bool:
    return _HAN.fullmatch(text) is not None


def read(folder: Path, kind: str) -> Lexicon:
    """The tables in ``standards/masters``; one that is not there is empty."""
    readings = {line["surname"]: tuple(line["pinyin"].split()) for line in _lines(folder / SURNAMES)}
    shares: dict[str, dict[str, float]] = {"surname": {}, "given": {}, "character": {}}
    for line in _lines(frequencies(folder, kind)):
        shares[line["part"]][line["text"]] = float(line["share"])
    return Lexicon(readings, shares["surname"], shares["given"], shares["character"])


def frequencies(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.frequencies.csv"


def _lines(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def forms(names: Iterable[str], lexicon: Lexicon) -> list[Form]:
    """The form, sound and share of each name. Many share a surname or a given name: what these say is kept."""
    every = list(names)
    simple, sounds = _characters(every)
    read_given = cache(lambda given: _syllables(given, sounds))
    read_surname = cache(lambda name: " ".join(lexicon.readings.get(name) or _each(name, sounds)))
    of_surname, of_given = cache(lexicon.share_of_surname), cache(lexicon.share_of_given)
    made = []
    for name in every:
        form = _form(name, simple)
        surname, given = lexicon.split(form)
        sound = " ".join(filter(None, (read_surname(surname), read_given(given))))
        share = max(of_surname(surname) * of_given(given), RAREST**2) if lexicon.characters else None
        made.append(Form(name, form, sound, share))
    return made


def _characters(names: list[str]) -> tuple[dict[int, str], dict[str, str]]:
    """Character → simplified (as ``str.translate`` takes it), and simplified character → syllable."""
    import opencc

    # Characters are read one by one: the phrases, most of what it would load, are of no use.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import lazy_pinyin

    found = sorted(sign for sign in set().union(*names) if is_han(sign))
    convert = opencc.OpenCC("t2s").convert
    simple = {ord(sign): convert(sign) for sign in found}
    return simple, {sign: lazy_pinyin(sign, v_to_u=False)[0] for sign in sorted(set(simple.values()))}


def _form(name: str, simple: Mapping[int, str]) -> str:
    """Simplified; words of names in other letters without accents, in small letters, and in one order: ethnic and
    foreign names are written in either."""
    if is_han(name):
        return name.translate(simple)
    plain = unicodedata.normalize("NFKD", name.translate(simple)).casefold()
    words = "".join(sign for sign in plain if not unicodedata.combining(sign)).replace(DOT, " ").split()
    return " ".join(sorted(words))


def _syllables(name: str, sounds: Mapping[str, str]) -> str:
    """How a given name is read, or one in other letters."""
    if is_han(name):
        return " ".join(_each(name, sounds))
    return " ".join(" ".join(_each(word, sounds)) if is_han(word) else word for word in name.split())


def _each(text: str, sounds: Mapping[str, str]) -> Iterator[str]:
    return (sounds.get(sign, sign) for sign in text)


def count(names: Iterable[str], lexicon: Lexicon) -> list[tuple[str, str, float]]:
    """The frequency tables of people's names (their forms): part, text, share. A given name of a few is left out."""
    surnames: Counter[str] = Counter()
    given_names: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for form in names:
        surname, given = lexicon.split(form)
        surnames[surname] += bool(surname)
        given_names[given] += 1
        characters.update(given if is_han(given) else ())
    tables: list[tuple[str, Counter[str], int]] = [
        ("surname", surnames, 1),
        ("given", given_names, FEW),
        ("character", characters, 1),
    ]
    return [
        (part, text, round(number / max(1, counted.total()), 9))
        for part, counted, least in tables
        for text, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        if text and number >= least
    ]
