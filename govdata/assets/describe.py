"""How a dataset's declared standards appear in Dagster: column schemas with the standard and the sensitivity of each
column, column lineage, tags and owners."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dagster import (
    AssetKey,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableMetadataValue,
    TableRecord,
    TableSchema,
)

from govdata.batches import NOTE_KINDS, DeliveryReport
from govdata.engine.typed import sql_type
from govdata.publish.described import PERSONAL
from govdata.standards import lineage as declared_lineage
from govdata.standards.model import Column as DatasetColumn
from govdata.standards.model import Dataset, Registry
from govdata.storage.tables import Column, Columns
from govdata.storage.tables.system_columns import IDENTITY

SHARING = {"unconditional": "无条件共享", "conditional": "有条件共享", "none": "不予共享"}


def system(columns: Iterable[Column]) -> list[TableColumn]:
    """Columns that the system adds."""
    return [TableColumn(str(column), column.type, description=column.comment) for column in columns]


MOST_NOTES = 100


def reading(report: DeliveryReport) -> TableMetadataValue:
    """The notes of a reading report, lines of no interest (headers, blanks) last."""
    told = sorted(report.notes, key=lambda note: note.kind in ("header", "blank", "preamble", "missing_column"))
    records = [
        TableRecord(
            {
                "file": note.file or "",
                "sheet": note.sheet or "",
                "kind": NOTE_KINDS[note.kind].title,
                "column": note.column or "",
                "rows": "–".join(str(row) for row in dict.fromkeys((note.first_row, note.last_row)) if row is not None),
                "count": note.count,
                "reason": note.reason,
            }
        )
        for note in told[:MOST_NOTES]
    ]
    types = {"count": "int"}
    names = ("file", "sheet", "kind", "column", "rows", "count", "reason")
    return TableMetadataValue(
        records=records, schema=TableSchema([TableColumn(name, types.get(name, "string")) for name in names])
    )


def columns(dataset: Dataset, registry: Registry, *, typed: bool) -> list[TableColumn]:
    """The contract's columns: as text where ``typed`` is false (raw), else in their standardised types."""
    described = []
    key_columns = sum(column.primary_key for column in dataset.columns)
    for column in dataset.columns:
        element = registry.elements[column.element]
        made_of = _made_of(dataset, column, registry)
        facts = [
            element.basis and f"依据：{element.basis}",
            element.unit and f"单位：{element.unit}",
            element.code_set and f"代码集：{element.code_set}",
            f"敏感级别：{element.sensitivity.level}级，{PERSONAL[element.sensitivity.personal]}",
        ]
        tags = {"sensitivity": str(element.sensitivity.level), "personal": element.sensitivity.personal}
        if element.standard:
            tags["standard"] = tag_value(element.standard)
        described.append(
            TableColumn(
                column.name,
                sql_type(element) if typed else "VARCHAR",
                description=f"{column.title}。{column.description or element.definition}{made_of}",
                tags=tags,
                constraints=TableColumnConstraints(
                    nullable=not (typed and column.required),
                    unique=typed and column.primary_key and key_columns == 1,
                    other=[fact for fact in facts if fact],
                ),
            )
        )
    return described


def _made_of(dataset: Dataset, column: DatasetColumn, registry: Registry) -> str:
    """Dagster's own pages draw no column lineage: of a derived table the description of a column names its sources."""
    if dataset.derived is None:
        return ""
    found = [place for place in _sources(registry)[declared_lineage.Place(dataset.name, column.name)] if place.column]
    return f" 来自：{'、'.join(f'{place.dataset}.{place.column}' for place in found)}。" if found else ""


def _sources(registry: Registry) -> declared_lineage.Sources:
    return registry.keep("column lineage", lambda: declared_lineage.sources(registry))


def schema(dataset: Dataset, registry: Registry, added: Columns, *, typed: bool) -> TableSchema:
    """``added``: the columns of the system that the table has besides the contract's."""
    return TableSchema(columns=[*columns(dataset, registry, typed=typed), *system(added)])


def lineage(dataset: Dataset, upstream: AssetKey) -> TableColumnLineage:
    """Every column comes from the column of the same name upstream; the provenance columns are carried along."""
    names = [column.name for column in dataset.columns] + [str(column) for column in IDENTITY]
    return TableColumnLineage({name: [TableColumnDep(upstream, name)] for name in names})


def derived_lineage(dataset: Dataset, registry: Registry, key: Callable[[Dataset], AssetKey]) -> TableColumnLineage:
    """Of a table made of published ones: each column comes from the columns that the declaration of the table, and of
    the master data it is about, names. ``key``: the asset of a published table. A column that follows from there being
    a row comes from no column, and is not listed."""
    sources = _sources(registry)
    made = {
        column.name: [
            TableColumnDep(key(registry.datasets[place.dataset]), place.column)
            for place in sources[declared_lineage.Place(dataset.name, column.name)]
            if place.column
        ]
        for column in dataset.columns
    }
    return TableColumnLineage({name: deps for name, deps in made.items() if deps})


def tag_value(text: str) -> str:
    """``text`` in the characters Dagster allows in a tag, e.g. ``GB/T 2261.1-2003`` → ``GB-T_2261.1-2003``."""
    return re.sub(r"[^A-Za-z0-9_.-]", "", text.replace("/", "-").replace(" ", "_"))[:63].strip("_.-")


def common(dataset: Dataset, registry: Registry) -> Mapping[str, Any]:
    """What every asset of a dataset says of itself: group, owner, code version and tags."""
    schedule = dataset.schedule
    level = max(registry.elements[column.element].sensitivity.level for column in dataset.columns)
    return {
        "group_name": dataset.name,
        "owners": [f"team:{dataset.owner}"],
        "code_version": registry.hashes[dataset.name],
        "tags": {
            "delivery": dataset.delivery.mode if dataset.derived is None else "derived",
            "frequency": f"{schedule.every}{schedule.unit}",
            "sharing": dataset.sharing,
            "sensitivity": str(level),
        },
    }
