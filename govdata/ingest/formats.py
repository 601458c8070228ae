"""Which format a delivered file is, by its content and not by its name."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from xml.parsers import expat

from govdata.ingest import columnar, dbase, encodings, grids, jsonlines, package, packed, source, text, workbook  # noqa: F401  (openers)
from govdata.ingest.headers import Headers
from govdata.ingest.showable import shown
from govdata.ingest.source import Opened, Unreadable

_REFUSED = (
    (b"7z\xbc\xaf\x27\x1c", "7z压缩文件，请解压后交付"),
    (b"Rar!\x1a\x07", "rar压缩文件，请解压后交付"),
    (b"BZh", "bzip2压缩文件，请解压后交付"),
    (b"\xfd7zXZ\x00", "xz压缩文件，请解压后交付"),
    (b"\x28\xb5\x2f\xfd", "zstd压缩文件，请解压后交付"),
    (b"%PDF", "PDF文档，不是数据文件"),
    (b"SQLite format 3\x00", "SQLite数据库文件，暂不支持"),
    (b"{\\rtf", "RTF文档，不是数据文件"),
    (b"$FL2", "SPSS数据文件（sav），请导出为CSV后交付"),
    (b"<stata_dta>", "Stata数据文件（dta），请导出为CSV后交付"),
    (b"ARROW1\x00\x00", "Arrow文件，请导出为Parquet或CSV后交付"),
    (b"Obj\x01", "Avro文件，请导出为Parquet或CSV后交付"),
    (b"MZ\x90\x00", "程序或自解压文件，请解压后交付数据文件"),
    (b"\x89PNG", "图片，不是数据文件"),
    (b"\xff\xd8\xff", "图片，不是数据文件"),
    (b"\x7fELF", "程序，不是数据文件"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_EXCEL = {b"\x09\x00\x04\x00": "2", b"\x09\x02\x06\x00": "3", b"\x09\x04\x06\x00": "4", b"\x09\x08\x08\x00": "5"}
"""A workbook's first record without the OLE file around it: BIFF2 to BIFF5."""
_OLE_KINDS = (("WordDocument", "Word文档，不是数据文件"), ("PowerPoint Document", "演示文稿，不是数据文件"))
_DECORATION = re.compile(
    r"\s+|<!--.*?(?:-->|\Z)|<!doctype(?!\s+html)[^>]*>|<\?(?!xml|mso)[^>]*>", re.DOTALL | re.IGNORECASE
)
_XML = re.compile(
    r"(?:<\?xml[^>]*>|<\?mso[^>]*>|<!--.*?-->|<!doctype(?:[^\[>]|\[.*?\]\s*(?=>))*>|\s)*<([\w:]+)",
    re.DOTALL | re.IGNORECASE,
)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|meta|body|table|thead|tbody)\b", re.IGNORECASE)
_PIECE = re.compile(
    r"<(?:title|style|script|link|base|tr|td|th|div|center|font|form|span|p|b|br|h[1-6]|colgroup|caption)\b",
    re.IGNORECASE,
)
_CELLS = re.compile(r"<t(?:able|[rdh])\b", re.IGNORECASE)
_TABLE = re.compile(r"[^\n<]{0,200}<table\b[^>]*>\s*<(?:t[rdh]|thead|tbody|colgroup|caption)\b", re.IGNORECASE)
_SQL = re.compile(
    r"(?:--[^\n]*\n|/\*.*?\*/;?|\s)*(?:insert\s+into|create\s+table|drop\s+table|set\s+names|lock\s+tables)\s",
    re.DOTALL | re.IGNORECASE,
)
_JSON_ROWS = re.compile(r"\[\s*\[\s*[\"\d\[]")
_JSON_CALL = re.compile(r"[\w.$]+\s*\(\s*[\[{]\s*[\"{\[]")
_MHTML = re.compile(r"(?:from|mime-version|subject|date|content-type|x-[\w-]+)\s*:", re.IGNORECASE)
_HEAD = 64 << 10


def recognise(path: Path) -> str:
    """``text``, ``jsonlines``, ``parquet``, ``xlsx``, ``xls``, ``ods``, ``html``, ``xmlss``, ``dbf``, ``gzip`` or
    ``zip``.

    Raises ``Unreadable`` for anything that is refused: what is known, by its name, and what does not look like text.
    Text is what remains, so what it looks like is asked too.
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise Unreadable("空文件（0字节）")
    for magic, reason in _REFUSED:
        if head.startswith(magic):
            raise Unreadable(reason)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head[257:262] == b"ustar":
        raise Unreadable("tar归档文件，请解开后交付")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PARE"):
        raise Unreadable("加密的Parquet文件，请解密后交付")
    if head.startswith(_OLE):
        return _compound(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    if version := _OLD_EXCEL.get(head[:4]):
        raise Unreadable(f"旧版Excel工作簿（BIFF{version}），请用表格软件另存为xlsx后交付")
    if head[4:19] in (b"Standard Jet DB", b"Standard ACE DB"):
        raise Unreadable("Access数据库（mdb、accdb），请导出为CSV或xlsx后交付")
    if dbase.head_of(head):
        return "dbf"
    return _textual(_opening(head, path), head, path)


def _opening(head: bytes, path: Path) -> str:
    """The beginning as text, as far as marks show through: encodings that extend ASCII are alike in this."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head[:64]
    name = encodings.detect(path).name if wide else "latin-1"
    return (
        head.removeprefix(b"\xef\xbb\xbf")
        .decode(name if name.startswith("utf-16") else "latin-1", "replace")
        .lstrip("\ufeff\x00 \t\r\n")
    )


def _textual(opening: str, head: bytes, path: Path) -> str:
    """Which kind of text a file is, if any."""
    if not opening.strip("\x00") and path.stat().st_size <= len(head):
        raise Unreadable("文件没有内容")
    plain = opening
    while (less := _DECORATION.match(plain)) and less.end():
        plain = plain[less.end() :]
    if root := _XML.match(plain):
        if (
            "urn:schemas-microsoft-com:office:spreadsheet" in opening
            and root[1].lower().rpartition(":")[2] == "workbook"
        ):
            return "xmlss"
        if _is_page(plain[root.start(1) - 1 :]):
            return "html"
        if "urn:oasis:names:tc:opendocument" in opening:
            raise Unreadable("OpenDocument的单个XML文件（.fods、.fodt），请另存为ods或xlsx后交付")
        if plain.lower().startswith(("<?xml", "<?mso")):
            raise Unreadable(f"实际内容是XML（根元素 {shown(root[1], '未知')}），请另存为xlsx或CSV后交付")
    if _is_page(plain) or _TABLE.match(plain):
        return "html"
    if _MHTML.match(plain) and "multipart/related" in opening.lower():
        raise Unreadable("单个文件网页（MHTML），请用表格软件另存为xlsx后交付")
    if _MHTML.match(plain) and "mime-version:" in opening.lower() and "content-type:" in opening.lower():
        raise Unreadable("电子邮件，请把其中的附件另存后交付")
    if _SQL.match(plain):
        raise Unreadable("SQL脚本，请导出为CSV后交付")
    if _JSON_ROWS.match(plain):
        raise Unreadable("JSON里是数组的数组，没有键名；请导出为CSV，或一条记录一个对象的JSON")
    if _JSON_CALL.match(plain):
        raise Unreadable("JSON外面包着函数调用（JSONP），请去掉后交付")
    if (plain.startswith("{") and '"' in plain) or plain.startswith(("[{", "[\n", "[\r", "[ ", "[]", "[\t")):
        return "jsonlines"
    if _binary(opening):
        raise Unreadable("不是文本，也不是能识别的格式（可能是某种程序的专用文件），请导出为CSV或xlsx后交付")
    return "text"


def _is_page(plain: str) -> bool:
    """HTML: it begins as a page or a table does, or with a piece of one and has a table. A lone tag may be a value."""
    return bool(_PAGE.match(plain) or (_PIECE.match(plain) and _CELLS.search(plain)))


def _binary(opening: str) -> bool:
    """Text holds few control characters, and of few kinds: a separator, a slip."""
    sample = re.sub("\0+", "\0", opening[:8192])  # a hole in a file is one damaged line
    controls = Counter(char for char in sample if char < " " and char not in "\t\n\r\f\x1a")
    return controls["\0"] > 0.05 * len(sample) or (len(controls) > 8 and controls.total() > 0.02 * len(sample))


def _compound(path: Path) -> str:
    """An OLE file: a workbook, unless its directory names something else."""
    with open(path, "rb") as file:
        head = file.read(512)
        size = 1 << min(12, int.from_bytes(head[30:32], "little"))
        file.seek((int.from_bytes(head[48:52], "little") + 1) * size)
        directory = file.read(4096).decode("utf-16-le", "replace")
    for stream, reason in _OLE_KINDS:
        if stream in directory:
            raise Unreadable(reason)
    return "xls"


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(package.names_of(archive))
            is_workbook = "_rels/.rels" in names and _has_workbook(archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise Unreadable("工作簿或压缩文件不完整（可能在传输中被截断）") from None
    kind = _kind_of_document(path) if "mimetype" in names else ""
    if "opendocument.spreadsheet" in kind:
        return "ods"
    if "opendocument" in kind:
        raise Unreadable("OpenDocument文档（不是表格），不是数据文件")
    if "ofd.xml" in names:
        raise Unreadable("OFD版式文档，不是数据文件")
    if any(name.startswith("ppt/") for name in names):
        raise Unreadable("演示文稿，不是数据文件")
    if is_workbook or "xl/workbook.xml" in names:
        return "xlsx"
    if any(name.startswith("xl/") for name in names):
        raise Unreadable("不支持的工作簿格式（如xlsb），请另存为xlsx后交付")
    if "encryptedpackage" in names:
        raise Unreadable("工作簿有密码保护，请去除密码后交付")
    if "word/document.xml" in names:
        raise Unreadable("Word文档，不是数据文件")
    return "zip"


def _has_workbook(archive: zipfile.ZipFile) -> bool:
    """A package that is damaged is told by its names."""
    try:
        return package.workbook_part(archive) is not None
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        OSError,
        ValueError,
        KeyError,
        NotImplementedError,
        EOFError,
        RuntimeError,
    ):
        return False


def _kind_of_document(path: Path) -> str:
    """The media type an OpenDocument file begins with. Raises ``Unreadable`` where it has a password."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = (
                archive.getinfo("META-INF/manifest.xml") if "META-INF/manifest.xml" in archive.namelist() else None
            )
            if manifest and manifest.file_size < 1 << 20 and b"encryption-data" in archive.read(manifest):
                raise Unreadable("文档有密码保护，请去除密码后交付")
            return archive.open("mimetype").read(100).decode("ascii", "replace")
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        raise Unreadable("工作簿或压缩文件不完整（可能在传输中被截断）") from None


def open_file(path: Path, headers: Headers | None) -> tuple[str, Opened]:
    """The format of a file and its sources. Raises ``Unreadable``."""
    format = recognise(path)
    opener = source.opener(format)
    if opener is None:
        raise Unreadable(f"没有读取{format}的程序")
    return format, opener(path, headers)


def _open_inside(path: Path, headers: Headers | None) -> tuple[str, Opened]:
    """As ``open_file``, for what was packed: an archive inside of an archive is refused."""
    if recognise(path) in ("gzip", "zip"):
        raise Unreadable("压缩文件里还有压缩文件，请只压缩一层")
    return open_file(path, headers)


source.register("gzip", lambda path, headers: packed.open_gzip(path, headers, _open_inside))
source.register("zip", lambda path, headers: packed.open_zip(path, headers, _open_inside))
