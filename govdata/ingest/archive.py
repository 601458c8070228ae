"""A look into a workbook before its reader loads it: the reader holds a sheet as one grid, so what would make that grid too large
kills the process instead of raising an error. The parts are unpacked once in passing; sizes the archive only claims are not believed."""

from __future__ import annotations

import posixpath
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from govdata.ingest.source import Unreadable

MAX_UNPACKED = 4 << 30  # bytes a workbook may unpack to
MAX_SHARED = 512 << 20  # bytes of a part that is held as a whole (texts, styles)
MAX_RATIO = 400  # unpacked to packed, for parts above 64 MB
MAX_CELLS = 64 << 20  # cells of the rectangle that holds all filled cells: about 2 GB in the reader
MAX_LOADED = 1 << 30
"""Bytes the reader may need for one sheet, so that the whole process keeps below 2 GB. Measured (python-calamine 0.9, 11 text columns):
99 bytes a filled cell of some 15 bytes of text, 970 MB for 9.7 million of them; 80 bytes where texts are shared."""

CELL_BYTES = 84  # of a filled cell beside its text
MARKUP_BYTES = 60  # of a cell in the sheet's part, around a text that is written there
_PIECE = 4 << 20
_OVERLAP = 256  # longer than what is looked for
_CELL = 10_000  # longer than a cell with its formula
MAX_ERRORS = 200_000  # cells with an error in one workbook
MAX_DIRECTORY = 4 << 20  # bytes of the part that names the sheets

Errors = dict[tuple[int, int], str]
"""(row, column) of a cell, both from 0 → the error it shows."""

_COLUMNS = {26: None, 702: re.compile(rb"""r=["'][A-Z]{2}\d"""), 16_384: re.compile(rb"""r=["'][A-Z]{3}\d""")}
_ROWS = {9_999: None, 99_999: re.compile(rb"""r=["'][A-Z]{1,3}\d{5}["']"""), 1_048_576: re.compile(rb"""r=["'][A-Z]{1,3}\d{6,7}["']""")}
_REFERENCE = re.compile(rb"""r=["']([A-Z]{1,3})(\d{1,7})["']""")
_MARKS = (b't="e"', b"t='e'")
_ERROR = re.compile(
    rb"""<c\s(?=[^<>]*\bt=["']e["'])[^<>]*\br=["']([A-Z]{1,3})(\d{1,7})["'](?:[^<>]*[^<>/])?>"""
    rb"""(?:(?!</?c[\s>]).){0,9000}?<v>(#[^<]{1,20})</v>""",
    re.DOTALL,
)
_NO_RESULT = re.compile(rb"""(</f>|<f[^<>]{0,120}/>)\s*(<v>\s*</v>|<v\s*/>)?\s*</c>""")


def survey(path: Path) -> dict[str, Errors]:
    """The cells with an error (#N/A, #REF!) by sheet, which the workbook's reader takes for empty ones.

    Raises ``Unreadable`` for an archive that is damaged, protected, a bomb, or holds a sheet that must not be loaded.
    """
    found: dict[str, Errors] = {}
    sheets: list[tuple[int, int]] = []  # filled cells, bytes
    shared = 0  # bytes of a usual shared text
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise Unreadable("工作簿有密码保护，请去除密码后交付")
            bomb = any(part.file_size > 64 << 20 and part.file_size > MAX_RATIO * max(1, part.compress_size) for part in parts)
            if bomb or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise Unreadable("工作簿解压后过大（疑为压缩炸弹），拒绝读取")
            for part in parts:
                if not part.filename.startswith("xl/") or part.filename.startswith("xl/media/"):
                    continue
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    sheets.append((_filled(archive, part), part.file_size))
                    if errors := _sheet(archive, part):
                        found[part.filename] = errors
                    if sum(map(len, found.values())) > MAX_ERRORS:
                        raise Unreadable(f"工作簿中出错的单元格（#N/A、#REF!等）超过{MAX_ERRORS}个，请改正公式后交付")
                elif part.file_size > MAX_SHARED:
                    raise Unreadable("工作簿解压后过大（疑为压缩炸弹），拒绝读取")
                else:
                    texts = sum(piece.count(b"<si") for piece in _pieces(archive, part))
                    if part.filename == "xl/sharedStrings.xml" and texts:
                        shared = part.file_size // texts
            for filled, size in sheets:
                if filled * CELL_BYTES + max(filled * shared, size - filled * MARKUP_BYTES) > MAX_LOADED:
                    raise Unreadable(f"工作表过大：{filled} 个有内容的单元格超出读取内存的上限，请改以 CSV 交付，或分成几个工作簿")
            return {name: found[part] for name, part in _sheet_parts(archive).items() if part in found} if found else {}
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        ElementTree.ParseError,
    ):
        raise Unreadable("工作簿损坏或被截断，不能读取") from None


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's content. It ends where the archive claims it does; what is behind makes its check sum wrong, which is an error."""
    with archive.open(part) as file:
        while piece := file.read(_PIECE):
            yield piece


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → part of the archive."""
    documents = []
    for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        if archive.getinfo(name).file_size > MAX_DIRECTORY:
            raise Unreadable("工作簿的目录过大，拒绝读取")
        documents.append(ElementTree.fromstring(archive.read(name)))
    book, relations = documents
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    parts: dict[str, str] = {}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet"):
            identity = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), None)
            target = targets.get(identity) or ""
            parts[sheet.get("name", "")] = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
    return parts


def _filled(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Cells the sheet writes. A part that is too small for many of them is not unpacked once more."""
    if part.file_size < MAX_LOADED // 64:
        return 0
    return sum(piece.count(b"<c ") for piece in _pieces(archive, part))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Errors:
    columns, rows, before = 26, 9_999, b""
    errors: Errors = {}
    cells = b""
    for piece in _pieces(archive, part):
        seen = before + piece
        if _NO_RESULT.search(seen):
            raise Unreadable("工作表中有公式没有保存计算结果，请用表格软件打开并保存后交付")
        columns = max([columns, *(bound for bound, found in _COLUMNS.items() if found and bound > columns and found.search(seen))])
        rows = max([rows, *(bound for bound, found in _ROWS.items() if found and bound > rows and found.search(seen))])
        if any(mark in piece or mark in cells for mark in _MARKS):
            whole = cells + piece
            for letters, digits, text in _ERROR.findall(whole):
                errors[int(digits) - 1, _column_number(letters) - 1] = text.decode("ascii", "replace")
            if len(errors) > MAX_ERRORS:
                break
        cells = (cells + piece)[-_CELL:]
        before = seen[-_OVERLAP:]
    if columns * rows > MAX_CELLS and _rectangle(archive, part) > MAX_CELLS:
        raise Unreadable("工作表的范围过大：有内容的单元格离表格太远，请删除表格以外的内容后交付")
    return errors


def _rectangle(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Cells of the rectangle from the sheet's first cell to its farthest row and column."""
    last_column, last_row, before = 0, 0, b""
    for piece in _pieces(archive, part):
        seen = before + piece
        found = _REFERENCE.findall(seen)
        last_column = max([last_column, *map(_column_number, {letters for letters, _ in found})])
        last_row = max([last_row, *map(int, {digits for _, digits in found})])
        before = seen[-_OVERLAP:]
    return last_column * last_row


_PROBE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
import python_calamine
book = python_calamine.CalamineWorkbook.from_path(sys.argv[1])
for name in book.sheet_names:
    book.get_sheet_by_name(name)
"""
PROBE_MEMORY = 2 << 30  # bytes of address space; a full sheet of 65,536 rows and 256 columns needs less
PROBE_SECONDS = 300


def probe(path: Path) -> None:
    """Load an old workbook (.xls) in a process of its own, whose memory is bounded: of a damaged one the reader believes every length it
    finds, asks for that much memory, and the process ends without an error that could be caught. Raises ``Unreadable`` for such a file."""
    command = [sys.executable, "-I", "-c", _PROBE, str(path), str(PROBE_MEMORY)]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS, check=False).returncode
    except subprocess.TimeoutExpired:
        ended = -1
    if ended < 0:  # by a signal; an error that Python can raise is raised again, and told, when the workbook is opened here
        raise Unreadable("工作簿损坏，不能读取")
