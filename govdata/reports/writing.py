"""The report as a document and as a page: ``data/reports/<date>/<department or 全市>/``."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.reports import inspection, inspection_figures, page
from govdata.standards.model import Registry
from govdata.storage import files, sql

if TYPE_CHECKING:
    import docxtpl
    import jinja2

OWN = "templates/inspection.docx"
"""Under ``standards``: the bureau's own document, with the marks of docxtpl."""
BUREAU, NAME = "全市", "数据质量检测报告"

_UNSAFE = re.compile(r'[\[\]:*?/\\<>|"\'\x00-\x1f]')


@dataclass(frozen=True)
class Written:
    """The files of one report; ``department`` None: the whole city."""

    department: str | None
    document: Path
    page: Path


def folder(deployment: Deployment, date: Date, department: str | None) -> Path:
    name = _UNSAFE.sub("_", department or BUREAU).strip(". ") or "_"
    clash = department is not None and name == BUREAU
    return deployment.reports / date.isoformat() / (f"{name}_" if clash else name)


def write(
    registry: Registry, deployment: Deployment, date: Date | None = None, department: str | None = None
) -> list[Written]:
    """The reports of a date (default: the newest that was scored): of one department, or of all and of the city.

    Raises ``GovdataError`` where nothing of the kind was scored, and where the bureau's own template cannot be used."""
    with sql.catalogue(deployment) as catalogue:
        day = date or inspection_figures.newest(catalogue)
        wanted: Sequence[str | None] = (
            (department,) if department else (None, *inspection_figures.departments(catalogue, day))
        )
        known = [inspection_figures.read(registry, catalogue, day, name) for name in wanted]
    return [_write(registry, deployment, facts) for facts in known]


def _write(registry: Registry, deployment: Deployment, known: inspection_figures.Facts) -> Written:
    told = cleaned(inspection.context(known, registry))
    target = folder(deployment, known.date, known.department)
    return Written(
        department=known.department,
        document=_document(told, deployment, target / f"{NAME}.docx"),
        page=_page(told, target / f"{NAME}.html"),
    )


def cleaned(value: Any) -> Any:
    """Texts without what XML cannot hold: rules and orders may quote what people wrote."""
    if isinstance(value, str):
        return page.CONTROLS.sub("�", value)
    if isinstance(value, dict):
        return {name: cleaned(part) for name, part in value.items()}
    return [cleaned(part) for part in value] if isinstance(value, list) else value


def _document(told: dict[str, Any], deployment: Deployment, target: Path) -> Path:
    import jinja2

    own = deployment.standards / OWN
    source = own if own.exists() else page.TEMPLATES / "inspection.docx"
    written = files.temporary(target)
    try:
        document = _templates()(source)
        document.render(told, jinja_env=_sandbox(), autoescape=True)
        document.save(written)
    except jinja2.TemplateError as error:
        raise GovdataError(
            f"报告模板 {OWN} 不能用：{type(error).__name__}：{error}。可用的名称：{_names(told)}"
        ) from None
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        if source != own:
            raise
        raise GovdataError(f"报告模板 {OWN} 不是 .docx 文档（{type(error).__name__}）") from None
    return files.put(written, target)


@cache
def _templates() -> type[docxtpl.DocxTemplate]:
    """Templates of Word. What ``docxtpl`` makes of a template's XML, by many searches through all of it, is the same
    for every department and is made once."""
    import docxtpl

    class Template(docxtpl.DocxTemplate):
        made: ClassVar[dict[str, str]] = {}

        def patch_xml(self, src_xml: str) -> str:
            if src_xml not in self.made:
                self.made[src_xml] = super().patch_xml(src_xml)
            return self.made[src_xml]

    return Template


@cache
def _sandbox() -> jinja2.Environment:
    """A template is a document from outside: it may loop and ask, and reach nothing else. Every department's report is
    made of the same texts, which are compiled once."""
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        compiled: ClassVar[dict[Any, jinja2.Template]] = {}

        def from_string(self, source: Any, *others: Any, **named: Any) -> jinja2.Template:
            if source not in self.compiled:
                self.compiled[source] = super().from_string(source, *others, **named)
            return self.compiled[source]

    return Sandbox(autoescape=True, undefined=jinja2.StrictUndefined)


def _names(told: dict[str, Any]) -> str:
    return "、".join(sorted(told))


def _page(told: dict[str, Any], target: Path) -> Path:
    written = files.temporary(target)
    written.write_text(page.rendered("inspection.html.jinja", "inspection.css", told), encoding="utf-8")
    return files.put(written, target)
