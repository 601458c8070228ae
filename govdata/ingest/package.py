"""The parts of an .xlsx as its relationships name them, not as they usually are called: ``xl/workbook2.xml``, names
with back-slashes, a folder of another name. Source: ECMA-376 part 2 (packages) and part 1, 12.3 (parts of a workbook).
"""

from __future__ import annotations

import posixpath
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from lxml import etree

from govdata.ingest.packed import FOLDER
from govdata.ingest.source import Unreadable

MAX_DIRECTORY = 4 << 20  # bytes of a part that names other parts
_WORKBOOK = re.compile(rb"<(?:[\w.-]+:)?workbook[\s>]")
_USUAL = {"sharedStrings": "xl/sharedStrings.xml", "styles": "xl/styles.xml"}
MAX_REWRITTEN = 128 << 20  # bytes of a part whose tree is in memory while it is written anew
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True)
class Package:
    """``sheets``: name → part; ``strings`` and ``styles``: parts, where there are any. Parts are named as the archive
    spells them. ``targets``: identity of a relationship of the workbook → (kind, part). ``from_1904``: its days are
    counted from 1904 on. ``uncalculated``: its formulas are to be calculated by the program that opens it; what is
    saved as their results was written by one that cannot."""

    workbook: str
    sheets: dict[str, str]
    strings: str | None
    styles: str | None
    targets: dict[str, tuple[str, str]]
    from_1904: bool = False
    uncalculated: bool = False

    @property
    def usual(self) -> bool:
        """Whether a reader that goes by the usual names finds every part."""
        at_home = all(part == _USUAL[kind] for kind, part in self.targets.values() if kind in _USUAL)
        return (
            self.workbook == "xl/workbook.xml"
            and at_home
            and all(part.startswith("xl/") for _, part in self.targets.values())
        )


def names_of(archive: zipfile.ZipFile) -> dict[str, str]:
    """Name of a part with slashes, in lower case (names of parts are the same in either case) → as the archive spells
    it."""
    return {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}


def workbook_part(archive: zipfile.ZipFile) -> str | None:
    """The part that is the workbook, None where the package is something else. Raises ``KeyError`` and what ``zipfile``
    raises."""
    names = names_of(archive)
    for kind, target in _relations(archive, names, "").values():
        part = names.get(target.lower())
        if kind == "officeDocument" and part:
            with archive.open(part) as file:
                if _WORKBOOK.search(file.read(4096).replace(b"\0", b"")):
                    return part
    return None


def package(archive: zipfile.ZipFile) -> Package:
    """The parts of a workbook. Raises ``Unreadable``, ``KeyError`` (a part that is named and is not there),
    ``expat.ExpatError``."""
    names = names_of(archive)
    workbook = workbook_part(archive)
    if workbook is None:
        raise Unreadable("工作簿损坏或被截断，不能读取")
    relations = _relations(archive, names, workbook.replace("\\", "/"))
    targets = {
        key: (kind, names[target.lower()]) for key, (kind, target) in relations.items() if target.lower() in names
    }
    sheets: dict[str, str] = {}
    said: set[str] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        said.update(key for key in ("date1904", "fullCalcOnLoad") if attributes.get(key) in ("1", "true"))
        if _local(name) == "sheet":
            identity = next((value for key, value in attributes.items() if key.endswith(":id") or key == "id"), "")
            if identity not in relations:
                raise KeyError(identity)
            if identity in targets:
                sheets[attributes.get("name", "")] = targets[identity][1]

    _parse(archive, workbook, start)
    parts = dict(targets.values())
    return Package(
        workbook,
        sheets,
        parts.get("sharedStrings"),
        parts.get("styles"),
        targets,
        from_1904="date1904" in said,
        uncalculated="fullCalcOnLoad" in said,
    )


def repacked(archive: zipfile.ZipFile, found: Package, rewrite: Container[str]) -> IO[bytes]:
    """The workbook with its parts under their usual names, in a file without a name; the parts in ``rewrite`` are
    written anew as plain UTF-8 without CDATA and comments. Raises ``Unreadable`` where such a part is too large for
    that."""
    folder = FOLDER.get()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    target = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (its reader closes it)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        lines = []
        for number, (key, (kind, part)) in enumerate(found.targets.items(), 1):
            name = _USUAL.get(
                kind, f"xl/worksheets/part{number}.xml" if kind == "worksheet" else f"xl/other/part{number}.xml"
            )
            lines.append(
                f"<Relationship Id={quoteattr(key)} Type={quoteattr(f'{_OFFICE}/{kind}')} "
                f"Target={quoteattr(name.removeprefix('xl/'))}/>"
            )
            with archive.open(part) as source, out.open(name, "w", force_zip64=True) as file:
                if part in rewrite:
                    file.write(_plain(source, archive.getinfo(part).file_size))
                else:
                    shutil.copyfileobj(source, file, 1 << 20)
        book = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        out.writestr("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}">{book}</Relationships>')
        with archive.open(found.workbook) as source:
            out.writestr("xl/workbook.xml", _plain(source, archive.getinfo(found.workbook).file_size))
        out.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}">{"".join(lines)}</Relationships>'
        )
        out.writestr("[Content_Types].xml", "<Types/>")
    target.flush()
    return target


def _plain(part: IO[bytes], size: int) -> bytes:
    if size > MAX_REWRITTEN:
        raise Unreadable("工作表过大，且其XML的写法不寻常，请用表格软件另存后交付")
    reader = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, strip_cdata=True, huge_tree=True
    )
    try:
        return etree.tostring(etree.fromstring(part.read(), reader), encoding="utf-8", xml_declaration=True)
    except etree.XMLSyntaxError:
        raise Unreadable("工作簿损坏或被截断，不能读取") from None


def _relations(archive: zipfile.ZipFile, names: dict[str, str], part: str) -> dict[str, tuple[str, str]]:
    """Relationships of ``part`` ("" the package): identity → (last word of its type, name of the target part with
    slashes)."""
    folder, name = posixpath.split(part.lstrip("/"))
    own = names.get(posixpath.join(folder, "_rels", f"{name}.rels").lower())
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(
                posixpath.join("/", folder, attributes.get("Target", "").replace("\\", "/"))
            ).lstrip("/")
            found[attributes.get("Id", "")] = attributes.get("Type", "").rpartition("/")[2], target

    if own:
        _parse(archive, own, start)
    return found


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def parser() -> expat.XMLParserType:
    """An expat parser that refuses a document type: nothing in a workbook needs one, and entities hide in it."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse_doctype
    return made


def _refuse_doctype(*_: object) -> None:
    raise Unreadable("工作簿的XML中有文档类型声明（DTD），拒绝读取")


def _parse(archive: zipfile.ZipFile, part: str, start: Callable[[str, dict[str, str]], None]) -> None:
    if archive.getinfo(part).file_size > MAX_DIRECTORY:
        raise Unreadable("工作簿的目录过大，拒绝读取")
    made = parser()
    made.StartElementHandler = start
    made.Parse(archive.read(part), True)
