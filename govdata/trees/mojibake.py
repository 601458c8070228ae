"""What text looks like that was read in another encoding than it was written in, or escaped once too often: one search
(RE2).

A single odd character is never enough: each part is a sequence that only damage makes. What is lost (replacement
characters, question marks) nobody can repair, and of the rest nobody can prove that it was not meant: it is a finding,
the delivered text stays.
"""

from __future__ import annotations

from functools import cache

LEAD = range(0xE4, 0xEA)
"""First bytes of the Chinese characters of common use in UTF-8 (U+4000 to U+9FFF)."""
FOLLOWING = range(0x80, 0xC0)

TRAILS = (
    "\u0080-\u00b6\u00b8-\u00bf\u20ac"
    "\u201a\u0192\u201e\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u02dc\u2122\u0161\u203a\u0153\u017e\u0178"
)
"""The bytes 80 to BF as Latin-1 and as Windows-1252 read them, without the middle dot, which parts names, and quotation
marks."""

LOST = (
    "\ufffd|\ufffc|[?？□■▯☐]{2,}|[\u3400-\u9fff][?？□■▯☐](?:[\u3400-\u9fff（）()，。；、]|$)|锟斤|斤拷|烫烫"
    "|屯屯屯|锘[挎縖]|[\u3400-\u9fff]\u20ac[\u3400-\u9fff]"
)
"""Replacement characters, also as GBK reads them in UTF-8, and a mark or box among or behind Han characters; what a
debugger fills memory with; the byte order mark read as GBK; the byte 80 as Windows reads it in GBK, a euro sign."""

ESCAPES = (
    r"&(?:[A-Za-z]{2,8}|#[0-9]{1,6}|#[xX][0-9A-Fa-f]{1,5});|</?[A-Za-z][^<>]*>|%[Ee][4-9](?:%[89ABab][0-9A-Fa-f]){2}|\\u[0-9A-Fa-f]{4}"
    r"|\\x[0-9A-Fa-f]{2}|=[Ee][4-9]=[89ABab][0-9A-F]|_x00[01][0-9A-Fa-f]_|\\[nrt](?:$|[^A-Za-z])|<![\[（]CDATA"
    r"|[\[（]'|'[\]）]"
    r"|\{\{|\}\}|\$\{|[\[（(]object |(?:^|[^A-Za-z])(?:null|NULL|undefined|NaN)(?:$|[^A-Za-z])"
)
"""HTML, XML, URLs, JSON, Python, quoted-printable, workbooks (``_x000D_``); what programs print for nothing and leave
of a template."""

LATIN = rf"[\u00c2\u00c3][{TRAILS}]|[\u00e0-\u00ef][{TRAILS}][ {TRAILS}]|[\u00a1-\u00b6\u00b8-\u00ff]{{4,}}"
"""UTF-8 read as Latin-1 or Windows-1252, once or twice; GBK read as Latin-1."""

OTHER_SCRIPTS = r"[\u3400-\u9fff][\u3041-\u306d\u306f-\u30fa\u30fc-\u30ff\u3105-\u3129\u0400-\u04ff]"
"""Kana (but for の, which shops use), bopomofo and Cyrillic behind Han characters: GBK read as Big5 or Shift-JIS."""

CONTROLS = r"[\u2400-\u2426]|[\u0080-\u0084\u0086-\u009f]|[\uff66-\uff9f]|[\uac00-\ud7a3]"
"""Pictures of control characters, control characters of Latin-1, GBK read as Shift-JIS and as the Korean code."""


@cache
def search() -> str:
    """The whole search."""
    return "|".join(
        (_classes(LOST), _classes(ESCAPES), as_latin(), _classes(OTHER_SCRIPTS), _classes(CONTROLS), as_gbk())
    )


@cache
def as_gbk() -> str:
    """UTF-8 read as GBK: two characters of three bytes each become three of two, each from a small part of the
    table."""
    parts = ((LEAD, FOLLOWING), (FOLLOWING, LEAD), (FOLLOWING, FOLLOWING))
    return "".join(f"[{_characters(leads, trails)}]" for leads, trails in parts)


@cache
def as_latin() -> str:
    return _classes(LATIN)


def _classes(part: str) -> str:
    return part.encode("raw_unicode_escape").decode("raw_unicode_escape")


def _characters(leads: range, trails: range) -> str:
    """The characters GBK has for two bytes, as the body of a class in which neighbours are ranges."""
    found = set()
    for lead in leads:
        for trail in trails:
            try:
                found.add(ord(bytes((lead, trail)).decode("gbk")))
            except UnicodeDecodeError:
                continue
    return "".join(_range(run) for run in _runs(sorted(found)))


def _runs(points: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for point in points:
        if runs and point == runs[-1][-1] + 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _range(run: list[int]) -> str:
    return (
        chr(run[0])
        if len(run) == 1
        else f"{chr(run[0])}-{chr(run[-1])}"
        if len(run) > 2
        else chr(run[0]) + chr(run[-1])
    )
