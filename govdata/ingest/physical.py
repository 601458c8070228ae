"""How many lines, rows or elements a file holds: plain counts that share nothing with the readers, against which a
reading is held. A reader that drops, doubles or overwrites something is found here and nowhere else.

None of them makes sense of what it counts. Where the quick count of a workbook's rows differs from the reader's, the
exact one decides: an empty text that a program saved in a cell is nothing, and only a look at each text shows it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from lxml import etree

from govdata.ingest.encodings import Encoding
from govdata.ingest.package import package, parser

_PIECE = 1 << 20
_ROW = re.compile(rb"<(?:[\w.-]+:)?row[\s>/]")
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*"|[][{},]', re.DOTALL)
_NO_CONTENT = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


def lines(path: Path, encoding: Encoding) -> int:
    """Lines of a text file: LF, CR LF and a CR alone end one; the last may lack its end."""
    ends = size = 0
    before = 0  # the last code unit of the piece before
    with open(path, "rb") as file:
        file.seek(encoding.bom)
        while piece := file.read(_PIECE):
            size += len(piece)
            if encoding.width == 1:
                ends += piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")
                ends -= before == 13 and piece[0] == 10
                before = piece[-1]
                continue
            units = np.frombuffer(piece[: len(piece) // 2 * 2], ">u2" if encoding.name.endswith("be") else "<u2")
            if not len(units):
                continue
            feeds, returns = units == 10, units == 13
            ends += int(feeds.sum()) + int(returns.sum()) - int((returns[:-1] & feeds[1:]).sum())
            ends -= before == 13 and int(units[0]) == 10
            before = int(units[-1])
    unfinished = size > 0 and (before not in (10, 13) or size % encoding.width != 0)
    return ends + unfinished


def elements(text: str, depth: int) -> int:
    """Elements of the array a JSON document is (``depth`` 0), or objects in the arrays that lie within ``depth``
    objects of it."""
    wanted = ["{"] * depth + ["["]
    open_: list[str] = []
    found, filled = 0, False
    for match in _TOKEN.finditer(text):
        token = match[0][0]
        if depth == 0 and open_ == wanted:
            filled = filled or token != "]"
            found += token == ","
        elif token == "{" and open_ == wanted:
            found += 1
        if token in "[{":
            open_.append(token)
        elif token in "]}" and open_:
            open_.pop()
    if depth == 0 and not filled:  # the tokens know nothing of numbers and words
        filled = bool(text.strip().removeprefix("[").removesuffix("]").strip())
    return found + (depth == 0 and filled)


def markup_rows(text: str, tag: str) -> int:
    """Rows of all tables of an HTML page (``tr``) or of an XML Spreadsheet (``Row``)."""
    return len(re.findall(rf"<(?:[\w.-]+:)?{tag}(?=[\s>/])", _NO_CONTENT.sub("", text), re.IGNORECASE))


def dbase_records(path: Path, start: int, width: int) -> int:
    """Records of a dBASE table, deleted ones too, whatever its header says: up to the mark of the end, or the file's
    end."""
    found = 0
    with open(path, "rb") as file:
        file.seek(start)
        while len(piece := file.read(width * 4096)) >= width:
            marks = piece[: len(piece) // width * width : width]
            for mark in marks:
                if mark not in b" *":
                    return found
                found += 1
    return found


def xlsx_rows(path: Path, sheet: str, *, exactly: bool = False) -> int:
    """Rows of a sheet with something in them. The quick count takes every cell with a value for filled."""
    with zipfile.ZipFile(path) as archive:
        found = package(archive)
        with archive.open(found.sheets[sheet]) as part:
            if not exactly:
                return sum(b"</v>" in row or b"</t>" in row or b":v>" in row or b":t>" in row for row in _rows(part))
            return _filled_rows(part, _blank_texts(archive, found.strings))


def _rows(part: IO[bytes]) -> Iterator[bytes]:
    """What stands in each row of a sheet's part."""
    carry = b""
    started = False
    while piece := part.read(_PIECE):
        *whole, carry = _ROW.split(carry + piece)
        yield from whole if started else whole[1:]
        started = started or bool(whole)
    if started:
        yield carry


def _blank_texts(archive: zipfile.ZipFile, part: str | None) -> set[int]:
    """Which of the shared texts are empty."""
    blank: set[int] = set()
    if part is None:
        return blank
    texts: list[str] = []
    number = -1

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal number, texts
        if name.rpartition(":")[2] == "si":
            number, texts = number + 1, []

    def end(name: str) -> None:
        if name.rpartition(":")[2] == "si" and not "".join(texts).strip():
            blank.add(number)

    made = parser()
    made.StartElementHandler, made.EndElementHandler = start, end
    made.CharacterDataHandler = lambda text: texts.append(text)
    with archive.open(part) as file:
        made.ParseFile(file)
    return blank


def _filled_rows(part: IO[bytes], blank: set[int]) -> int:
    """Rows with a cell whose value is more than white space."""
    found, filled, kind, value, reading = 0, False, "n", "", False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal filled, kind, value, reading
        local = name.rpartition(":")[2]
        if local == "row":
            filled = False
        elif local == "c":
            kind, value = attributes.get("t", "n"), ""
        reading = reading or local in ("v", "t")

    def text(piece: str) -> None:
        nonlocal value
        value += piece if reading else ""

    def end(name: str) -> None:
        nonlocal found, filled, reading
        local = name.rpartition(":")[2]
        if local in ("v", "t"):
            reading = False
        elif local == "c":
            written = value.strip()
            filled = filled or bool(written and not (kind == "s" and written.isdecimal() and int(written) in blank))
        elif local == "row":
            found += filled

    made = parser()
    made.StartElementHandler, made.EndElementHandler, made.CharacterDataHandler = start, end, text
    made.ParseFile(part)
    return found


def ods_rows(path: Path) -> dict[str, int]:
    """Rows with something in them, by sheet."""
    found: dict[str, int] = {}
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as part:
        for _, table in etree.iterparse(part, tag=f"{_TABLE}table", resolve_entities=False, huge_tree=True):
            name = table.get(f"{_TABLE}name", "")
            found[name] = sum(
                int(row.get(f"{_TABLE}number-rows-repeated", "1"))
                for row in table.iter(f"{_TABLE}table-row")
                if any(_is_filled(cell) for cell in row)
            )
            table.clear()
    return found


def _is_filled(cell: etree._Element) -> bool:
    """A note beside a cell is not in it."""
    texts = ("".join(map(str, line.itertext())) for line in cell.iterchildren(f"{_TEXT}p", f"{_TEXT}h"))
    return any(text.strip() for text in texts) or bool((cell.get(f"{_OFFICE}value") or "").strip())
