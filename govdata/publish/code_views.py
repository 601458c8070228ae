"""The views ``codes.<code set>``."""

from __future__ import annotations

from pathlib import Path

from govdata.publish.views import Catalogue
from govdata.standards.model import CodeSet
from govdata.storage import sql
from govdata.storage.tables import comments
from govdata.storage.tables.codes import CODES


def codes(catalogue: Catalogue, code_set: CodeSet, path: Path) -> None:
    query = f"SELECT {sql.identifiers(CODES)} FROM {sql.parquet([path])}"
    catalogue.view("codes", code_set.id, query, [path], code_set_told(code_set), comments(CODES))


def code_set_told(code_set: CodeSet) -> str:
    edition = f" {code_set.edition}" if code_set.edition and code_set.edition not in code_set.standard else ""
    return f"{code_set.name}（{code_set.standard}{edition}）"
