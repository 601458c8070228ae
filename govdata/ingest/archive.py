"""A look into a workbook before its reader loads it: the reader holds a sheet as one grid, so what would make that grid
too large kills the process instead of raising an error. The parts are unpacked once in passing; sizes the archive only
claims are not believed."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.parsers import expat

from govdata.ingest.cells import Cells, column_number, look, telling_styles
from govdata.ingest.number_formats import Form
from govdata.ingest.package import Package, package, repacked
from govdata.ingest.source import Unreadable

MAX_UNPACKED = 4 << 30  # bytes a workbook may unpack to
MAX_SHARED = 512 << 20  # bytes of a part that is held as a whole (texts, styles)
MAX_RATIO = 400  # unpacked to packed, for parts above 64 MB
MAX_CELLS = 64 << 20  # cells of the rectangle that holds all filled cells: about 2 GB in the reader
MAX_LOADED = 1 << 30
"""Bytes the reader may need for one sheet, so that the whole process keeps below 2 GB. Measured (python-calamine 0.9,
11 text columns): 99 bytes a filled cell of some 15 bytes of text, 970 MB for 9.7 million of them; 80 bytes where texts
are shared."""

CELL_BYTES = 84  # of a filled cell beside its text
MARKUP_BYTES = 60  # of a cell in the sheet's part, around a text that is written there
_PIECE = 4 << 20
_OVERLAP = 256  # longer than what is looked for

_FAR_COLUMN = re.compile(rb"""r="([A-Z]{2,3})\d""")
_FAR_ROW = re.compile(rb"""r="[A-Z]{1,3}\d{5,7}\"""")
_REFERENCE = re.compile(rb"""r="([A-Z]{1,3})(\d{1,7})\"""")
_NO_RESULT = re.compile(rb"""(</f>|<f[^<>]{0,200}/>)\s*(<v>\s*</v>|<v\s*/>)?\s*</c>""")
_OTHER_CELL = re.compile(rb"<c (?:[^r]|r[^=])")
_SPACES = (b" ", b"\t", b"\r", b"\n")
_MARKS = (
    *(b't="e"', b"<!", b"\0", b"='", b":sheetData", b":c>", b":c/", b"<c>", b"<c/"),
    *(b"<c" + space for space in _SPACES[1:]),
    *(mark for space in _SPACES for mark in (b":c" + space, space + b'="', b"=" + space + b'"')),
)
"""An error, CDATA and comments, UTF-16, and every spelling of a cell but ``<c r="A1" …>``, which nearly all programs
write."""


def survey(path: Path) -> tuple[dict[str, Cells], IO[bytes] | None]:
    """What the workbook's reader does not tell of its sheets, by their names: cells with an error (#N/A, #REF!), which
    it takes for empty ones, and numbers of which the format says more. And the workbook under the usual names of its
    parts, where it has others or where a sheet is spelled so that its reader would lose text.

    Raises ``Unreadable`` for an archive that is damaged, protected, a bomb, or holds a sheet that must not be loaded.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(archive.infolist())
            found = package(archive)
            forms = telling_styles(archive, found.styles)
            shared = _shared_text(archive, found.strings)
            told = {
                name: _sheet(archive, archive.getinfo(part), forms, shared, found)
                for name, part in found.sheets.items()
            }
            for part in archive.infolist():  # the reader may stop before a part's end: its check sum is asked for here
                if part.filename not in (*found.sheets.values(), found.strings) and "media/" not in part.filename:
                    for _ in _pieces(archive, part):
                        pass
            rewrite = {found.sheets[name] for name, cells in told.items() if cells.spelled}
            return told, None if found.usual and not rewrite else repacked(archive, found, rewrite)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        expat.ExpatError,
    ):
        raise Unreadable("工作簿损坏或被截断，不能读取") from None


def _refuse_bomb(parts: list[zipfile.ZipInfo]) -> None:
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("工作簿有密码保护，请去除密码后交付")
    bomb = any(part.file_size > 64 << 20 and part.file_size > MAX_RATIO * max(1, part.compress_size) for part in parts)
    if bomb or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Unreadable("工作簿解压后过大（疑为压缩炸弹），拒绝读取")


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's content. It ends where the archive claims it does; what is behind makes its check sum wrong, which is
    an error."""
    with archive.open(part) as file:
        while piece := file.read(_PIECE):
            yield piece


def _shared_text(archive: zipfile.ZipFile, part: str | None) -> int:
    """Bytes of a usual shared text."""
    if part is None:
        return 0
    size = archive.getinfo(part).file_size
    if size > MAX_SHARED:
        raise Unreadable("工作簿解压后过大（疑为压缩炸弹），拒绝读取")
    texts = sum(piece.count(b"<si") + piece.count(b":si>") for piece in _pieces(archive, archive.getinfo(part)))
    return size // texts if texts else 0


def _sheet(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, forms: dict[str, Form], shared: int, found: Package
) -> Cells:
    """Raises ``Unreadable`` for a sheet that must not be loaded."""
    filled, text, closely = _searched(archive, part, forms, found.uncalculated)
    if filled * CELL_BYTES + max(filled * shared, text) > MAX_LOADED:
        raise Unreadable(f"工作表过大：{filled} 个有内容的单元格超出读取内存的上限，请改以 CSV 交付，或分成几个工作簿")
    if not closely:
        return Cells(from_1904=found.from_1904)
    cells = look(archive, part.filename, forms, found)
    if (cells.last[0] + 1) * (cells.last[1] + 1) > MAX_CELLS:
        raise Unreadable("工作表的范围过大：有内容的单元格离表格太远，请删除表格以外的内容后交付")
    return cells


def _searched(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, forms: dict[str, Form], uncalculated: bool
) -> tuple[int, int, bool]:
    """Cells with content, bytes of their text, and whether the sheet needs the close look: it is spelled otherwise than
    nearly all programs do, or bytes in it may be what must be known. What only looks like that costs the look and no
    more."""
    marks = _MARKS + tuple(f's="{style}"'.encode() for style in forms) + ((b"<f>", b"<f ") if uncalculated else ())
    written = filled = 0
    column, row, before, closely = 26, 9_999, b"", False
    for piece in _pieces(archive, part):
        seen = before + piece
        written += piece.count(b"<c ") + piece.count(b":c ")
        filled += piece.count(b"</c>") + piece.count(b":c>")
        if not closely:
            closely = any(mark in seen for mark in marks) or bool(_OTHER_CELL.search(seen) or _NO_RESULT.search(seen))
            if column <= 702 and (letters := {len(far[1]) for far in _FAR_COLUMN.finditer(seen)}):
                column = 16_384 if 3 in letters else 702
            row = 1_048_576 if row < 1_048_576 and _FAR_ROW.search(seen) else row
        before = seen[-_OVERLAP:]
    if not closely and column * row > MAX_CELLS:
        closely = _rectangle(archive, part) > MAX_CELLS
    return filled, part.file_size - written * MARKUP_BYTES, closely


def _rectangle(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Cells of the rectangle from the sheet's first cell to its farthest row and column, empty ones too."""
    last_column, last_row, before = 0, 0, b""
    for piece in _pieces(archive, part):
        seen = before + piece
        found = _REFERENCE.findall(seen)
        last_column = max(
            [last_column, *(column_number(letters.decode()) for letters in {letters for letters, _ in found})]
        )
        last_row = max([last_row, *map(int, {digits for _, digits in found})])
        before = seen[-_OVERLAP:]
    return last_column * last_row


_PROBE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
import python_calamine
book = python_calamine.CalamineWorkbook.from_filelike(open(sys.argv[1], 'rb'))
for name in book.sheet_names:
    book.get_sheet_by_name(name)
"""
PROBE_MEMORY = 2 << 30  # bytes of address space; a full sheet of 65,536 rows and 256 columns needs less
PROBE_SECONDS = 300


def probe(path: Path) -> None:
    """Load an old workbook (.xls) in a process of its own, whose memory is bounded: of a damaged one the reader
    believes every length it finds, asks for that much memory, and the process ends without an error that could be
    caught. Raises ``Unreadable`` for such a file."""
    command = [sys.executable, "-I", "-c", _PROBE, str(path), str(PROBE_MEMORY)]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        ended = -1
    if (
        ended < 0
    ):  # by a signal; an error that Python can raise is raised again, and told, when the workbook is opened here
        raise Unreadable("工作簿损坏，不能读取")
