"""Seeds and injuries for fuzzing: small well-formed files, and what is done to their bytes.

Everything follows from the ``random.Random`` given.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

HEADER = ("公民身份号码", "姓名", "住址", "备注信息")
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le")
DELIMITERS = (",", "\t", "|", ";", "||", "|!|", "\x01", "^", ", ")

HOSTILE = (
    "'; DROP TABLE raw; --",
    '"); SELECT 1; --',
    "{{7*7}}",
    "${jndi:ldap://example.org}",
    "%s%n{0}",
    "../../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "\\N",
    "NULL",
    "\u202etxt",
    "\ufeff",
    "\u2028",
    "a\x00b",
    "\x1a",
    "\x85",
    "🙂",
    "\ud7ff",
    "1e999",
    "-0",
    "NaN",
    "e\u0301" * 40,
    "长" * 5000,
    '"' * 7,
    "'" * 5,
    "\\" * 6,
    "[x](file:///x)",
    "${HOME}",
    "$(id)",
    "`id`",
    "$.a[0]",
    "_row_id",
    "_extra",
    "rowid",
)
_BYTES = (
    b'"',
    b"'",
    b"\n",
    b"\r",
    b"\r\n",
    b"\x00",
    b",",
    b"|",
    b"\t",
    b";",
    b"\\",
    b'\\"',
    b'""',
    b'"\n',
    b',"',
    b'",',
    b"\n\n",
    b"\n,,,\n",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\x80",
    b"\x81\x30\x81\x30",
    b"\xf0\x9f",
    b"\x1a",
    b"\x0c",
    b"\x1f",
    b"sep=;\n",
    b"#",
    b"\xe3\x80\x80",
    "女".encode("gbk"),
    "甲乙".encode(),
    "\n合计,3,,\n".encode(),
    "\n制表人：\n".encode(),
    b"\n---,---,---,---\n",
    b"(3 rows)\n",
    b"{",
    b"[",
    b"\x00" * 70,
    b"x" * 9000,
    b"," * 300,
    b'"' * 99,
    b"PK\x03\x04",
    b"\xd8\x00",
    b"\x00\n",
    b"\n\x00",
)


def values(count: int) -> list[tuple[str, ...]]:
    """Records none of whose cells may ever stand in a message. Identifiers begin with 19, which is no region."""
    return [(f"19010119900101{i:04}", f"庚某{i}", f"幸福路{i}号院", f"备查{i}" if i % 3 else "") for i in range(count)]


def table(chance: random.Random) -> tuple[list[tuple[str, ...]], str, str, str]:
    """Records (cells perhaps with what wants quotes), and the delimiter, line end and encoding they are to be written
    in."""
    delimiter = chance.choice(DELIMITERS)
    rows = values(chance.choice((1, 4, 12, 30)))
    if chance.random() < 0.5:
        rows = [
            (
                row[0],
                row[1],
                chance.choice((f"{row[2]}{delimiter}乙室", f'{row[2]}"东"', f"{row[2]}\n后", row[2])),
                row[3],
            )
            if chance.random() < 0.3
            else row
            for row in rows
        ]
    return rows, delimiter, chance.choice(("\n", "\n", "\r\n", "\r")), chance.choice(ENCODINGS)


def write(rows: Sequence[Sequence[str]], delimiter: str, end: str, *, quote_all: bool = False) -> list[str]:
    """One text for each record, with its line end."""

    def cell(text: str) -> str:
        plain = not (quote_all or delimiter in text or '"' in text or "\n" in text or "\r" in text)
        return text if plain else '"' + text.replace('"', '""') + '"'

    return [delimiter.join(map(cell, row)) + end for row in rows]


def injure(data: bytes, chance: random.Random) -> bytes:
    """One injury: bytes put in, changed, cut out, doubled, moved, the end cut off, a bit flipped."""
    at = chance.randrange(len(data) + 1)
    stop = min(len(data), at + chance.choice((1, 2, 3, 8, 40, 400)))
    junk = chance.choice(_BYTES)
    if chance.random() < 0.1:
        junk = chance.choice(HOSTILE).encode("utf-8", "surrogatepass")
    match chance.randrange(8):
        case 0 | 1 | 2:
            return data[:at] + junk + data[at:]
        case 3:
            return data[:at] + junk + data[stop:]
        case 4:
            return data[:at] + data[stop:]
        case 5:
            return data[:stop] + data[at:]
        case 6:
            return (
                data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
                if at < len(data)
                else data[:-1]
            )
        case _:
            return data[: max(1, at)]
