"""How a dataset's declared standards appear in Dagster: column schemas with the standard and the sensitivity of each
column,
column lineage, tags and owners."""

import re
from collections.abc import Mapping
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
from govdata.standards.model import Dataset, Registry

PERSONAL = {"none": "非个人信息", "general": "个人信息", "sensitive": "敏感个人信息"}
SHARING = {"unconditional": "无条件共享", "conditional": "有条件共享", "none": "不予共享"}

_TYPES = {
    "text": "VARCHAR",
    "code": "VARCHAR",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}

PROVENANCE = (
    TableColumn("_row_id", "VARCHAR", description="行标识：不含个人信息，同一份文件再次交付时不变"),
    TableColumn("_source_file", "VARCHAR", description="来源文件（工作簿为 文件#工作表）"),
    TableColumn("_source_row", "BIGINT", description="来源行号，按人打开文件所见"),
    TableColumn("_delivery_date", "DATE", description="交付日期"),
)
FAILED_RULES = TableColumn("failed_rules", "VARCHAR[]", description="未通过的规则编号")
REPAIRS = (
    TableColumn("dataset", "VARCHAR", description="数据集"),
    TableColumn("column_name", "VARCHAR", description="被修复的列"),
    TableColumn("cells", "BIGINT", description="标准化改动的单元格数"),
)
"""Of the asset's files. Before and after of each cell are worked out by the view ``governance.repairs`` when somebody
asks."""


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
        decimal = f"DECIMAL(38,{element.scale or 0})"
        standard = " ".join(part for part in (element.standard, element.clause and f"第{element.clause}条") if part)
        facts = [
            standard and f"依据：{standard}",
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
                _TYPES.get(element.type, decimal) if typed else "VARCHAR",
                description=f"{column.title}。{column.description or element.definition}",
                tags=tags,
                constraints=TableColumnConstraints(
                    nullable=not (typed and column.required),
                    unique=typed and column.primary_key and key_columns == 1,
                    other=[fact for fact in facts if fact],
                ),
            )
        )
    return described


def schema(dataset: Dataset, registry: Registry, *, typed: bool, extra: tuple[TableColumn, ...] = ()) -> TableSchema:
    return TableSchema(columns=[*columns(dataset, registry, typed=typed), *extra, *PROVENANCE])


def lineage(dataset: Dataset, upstream: AssetKey) -> TableColumnLineage:
    """Every column comes from the column of the same name upstream; the provenance columns are carried along."""
    names = [column.name for column in dataset.columns] + [column.name for column in PROVENANCE]
    return TableColumnLineage({name: [TableColumnDep(upstream, name)] for name in names})


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
