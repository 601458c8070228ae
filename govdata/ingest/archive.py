"""A look into a workbook before its reader loads it: the reader holds a sheet as one grid, so what would make that grid too large
kills the process instead of raising an error. The parts are unpacked once in passing; sizes the archive only claims are not believed."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from govdata.ingest.source import Unreadable

MAX_UNPACKED = 4 << 30  # bytes a workbook may unpack to
MAX_SHARED = 512 << 20  # bytes of a part that is held as a whole (texts, styles)
MAX_RATIO = 400  # unpacked to packed, for parts above 64 MB
MAX_CELLS = 64 << 20  # cells of the rectangle that holds all filled cells: about 2 GB in the reader
_PIECE = 4 << 20
_OVERLAP = 256  # longer than what is looked for

_COLUMNS = {26: None, 702: re.compile(rb"""r=["'][A-Z]{2}\d"""), 16_384: re.compile(rb"""r=["'][A-Z]{3}\d""")}
_ROWS = {9_999: None, 99_999: re.compile(rb"""r=["'][A-Z]{1,3}\d{5}["']"""), 1_048_576: re.compile(rb"""r=["'][A-Z]{1,3}\d{6,7}["']""")}
_REFERENCE = re.compile(rb"""r=["']([A-Z]{1,3})(\d{1,7})["']""")
_NO_RESULT = re.compile(rb"""(</f>|<f[^<>]{0,120}/>)\s*(<v>\s*</v>|<v\s*/>)?\s*</c>""")


def survey(path: Path) -> None:
    """Raises ``Unreadable`` for an archive that is damaged, protected, a bomb, or holds a sheet that must not be loaded."""
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
                    _sheet(archive, part)
                elif part.file_size > MAX_SHARED:
                    raise Unreadable("工作簿解压后过大（疑为压缩炸弹），拒绝读取")
                else:
                    for _ in _pieces(archive, part):
                        pass
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        raise Unreadable("工作簿损坏或被截断，不能读取") from None


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's content. It ends where the archive claims it does; what is behind makes its check sum wrong, which is an error."""
    with archive.open(part) as file:
        while piece := file.read(_PIECE):
            yield piece


def _sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    columns, rows, before = 26, 9_999, b""
    for piece in _pieces(archive, part):
        seen = before + piece
        if _NO_RESULT.search(seen):
            raise Unreadable("工作表中有公式没有保存计算结果，请用表格软件打开并保存后交付")
        columns = max([columns, *(bound for bound, found in _COLUMNS.items() if found and bound > columns and found.search(seen))])
        rows = max([rows, *(bound for bound, found in _ROWS.items() if found and bound > rows and found.search(seen))])
        before = seen[-_OVERLAP:]
    if columns * rows > MAX_CELLS and _rectangle(archive, part) > MAX_CELLS:
        raise Unreadable("工作表的范围过大：有内容的单元格离表格太远，请删除表格以外的内容后交付")


def _rectangle(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Cells of the rectangle from the sheet's first cell to its farthest row and column."""
    last_column, last_row, before = 0, 0, b""
    for piece in _pieces(archive, part):
        seen = before + piece
        found = _REFERENCE.findall(seen)
        for letters in {letters for letters, _ in found}:
            number = 0
            for letter in letters:
                number = number * 26 + letter - 64
            last_column = max(last_column, number)
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
