"""政务数据目录: what tables there are, whose they are, how good and how to get them, as files for offices and pages for
people. No record's value is in them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.reports.catalogue import dcat, site, workbook
from govdata.reports.catalogue.entries import Catalogue, catalogue
from govdata.reports.catalogue.registration import lines
from govdata.standards.model import Registry
from govdata.storage import files

WORKBOOK, REGISTRATION, PLAIN, LINKED = (
    "政务数据目录.xlsx",
    "公共数据资源登记.xlsx",
    "catalogue.json",
    "catalogue.jsonld",
)
DICTIONARY = "数据字典.xlsx"
DOWNLOADS = (
    (WORKBOOK, "目录和信息项，可导入目录系统"),
    (REGISTRATION, "公共数据资源登记用"),
    (DICTIONARY, "全部表、列、代码集和代码"),
    (PLAIN, "同样的内容，供程序读取"),
    (LINKED, "DCAT 3（JSON-LD），供别的目录收割"),
)
"""File beside the index → what it is."""


@dataclass(frozen=True)
class MadeCatalogue:
    """``remarks``: table → where its declaration and what there is of it disagree."""

    folder: Path
    entries: int
    pages: int
    unregistered: tuple[str, ...]
    remarks: dict[str, tuple[str, ...]]


def write_catalogue(registry: Registry, deployment: Deployment, target: Path) -> MadeCatalogue:
    """Workbook, registration, JSON, JSON-LD and the pages under ``target``. The data dictionary, which the pages name,
    is put beside them by whoever calls. Raises ``GovdataError`` where ``target`` holds anything but a catalogue."""
    if target.exists() and not (target.is_dir() and ((target / PLAIN).is_file() or not any(target.iterdir()))):
        raise GovdataError(f"{target} 里有别的文件，不写在里面：请给出一个空的或新的文件夹")
    made = catalogue(registry, deployment)
    target.mkdir(parents=True, exist_ok=True)
    workbook.write_catalogue(made, registry, target / WORKBOOK)
    workbook.write_registration(made, registry, target / REGISTRATION)
    _json(_plain(made, registry), target / PLAIN)
    _json(dcat.document(made, registry, site.TITLE), target / LINKED)
    pages = site.write(made, registry, target, DOWNLOADS)
    remarks = {entry.dataset.name: entry.remarks for entry in made.entries if entry.remarks}
    return MadeCatalogue(target, len(made.entries), pages, made.unregistered, remarks)


def _plain(made: Catalogue, registry: Registry) -> dict[str, Any]:
    registered: Sequence[Any] = lines(made, registry)
    entries = [
        {**entry.line, "items": entry.items, "remarks": entry.remarks, "registration": told}
        for entry, told in zip(made.entries, registered, strict=True)
    ]
    return {"title": site.TITLE, "entries": entries, "unregistered": made.unregistered}


def _json(content: Any, target: Path) -> None:
    written = files.temporary(target)
    written.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(written, target)
