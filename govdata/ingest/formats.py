"""Which format a delivered file is, by its content and not by its name."""

from __future__ import annotations

import zipfile
from pathlib import Path

from govdata.ingest import columnar, jsonlines, packed, source, text, workbook  # noqa: F401  (each registers its opener)
from govdata.ingest.headers import Headers
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
    (b"\x89PNG", "图片，不是数据文件"),
    (b"\xff\xd8\xff", "图片，不是数据文件"),
    (b"\x7fELF", "程序，不是数据文件"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def recognise(path: Path) -> str:
    """``text``, ``jsonlines``, ``parquet``, ``xlsx``, ``xls``, ``gzip`` or ``zip``. Raises ``Unreadable`` for anything that is refused."""
    with open(path, "rb") as file:
        head = file.read(4096)
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
        return "xls"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not plain.strip(b"\x00") and path.stat().st_size <= len(head):
        raise Unreadable("文件没有内容")
    if plain.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<meta")):
        raise Unreadable("实际内容是网页（HTML），请另存为xlsx或CSV后交付")
    if plain.startswith((b"<?xml", b"<?mso")):
        raise Unreadable("实际内容是XML，请另存为xlsx或CSV后交付")
    if (plain.startswith(b"{") and b'"' in plain) or plain.startswith((b"[{", b"[\n", b"[\r", b"[ ", b"[]")):
        return "jsonlines"
    return "text"


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise Unreadable("工作簿或压缩文件不完整（可能在传输中被截断）") from None
    if any(name.startswith("xl/") for name in names):
        if "xl/workbook.xml" in names:
            return "xlsx"
        raise Unreadable("不支持的工作簿格式（如xlsb），请另存为xlsx后交付")
    if "EncryptedPackage" in names:
        raise Unreadable("工作簿有密码保护，请去除密码后交付")
    if "word/document.xml" in names:
        raise Unreadable("Word文档，不是数据文件")
    return "zip"


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
