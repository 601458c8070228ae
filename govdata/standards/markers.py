"""Marker files as a contract declares them: what a department puts beside its data when an upload is whole."""

from __future__ import annotations

import re

from govdata.standards import patterns
from govdata.standards.format import MarkerEntry
from govdata.standards.model import WATERMARK_FILE, Marker

CHECKSUMS = ("md5", "sha1", "sha256", "sm3")


def marker(written: MarkerEntry | None) -> Marker | None:
    if written is None:
        return None
    implied = next((name for name in CHECKSUMS if written.name.lower().endswith(f".{name}")), None)
    return Marker(name=written.name, checksum=written.checksum or implied, count=written.count)


def watermark() -> Marker:
    """The file of a pull (``ingest.watermark``): with its number of records."""
    return Marker(name=WATERMARK_FILE, count=r'"rows"\s*:\s*([0-9]+)')


def problems(name: str, count: str | None) -> list[tuple[str, str]]:
    """(key, Chinese problem) of a declared marker file."""
    found = []
    if "/" in name or "\\" in name or re.sub(r"\{(file|stem)\}", "", name).count("{"):
        found.append(("name", "标记文件的名称里只能有 {file} 或 {stem}，不能有路径"))
    elif name in ("{file}", "{stem}"):
        found.append(("name", "标记文件的名称要与数据文件的不同"))
    if count is not None:
        reason = patterns.refusal(count)
        if reason is None and re.compile(count).groups != 1:
            reason = "正则表达式应正好有一个括号组，括住记录数"
        if reason is not None:
            found.append(("count", reason))
    return found
