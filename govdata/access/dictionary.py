"""The data dictionary 数据字典: published tables, tables of governance and code sets, from what is declared; nothing
delivered is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govdata.access.rendering import Result, write_sheets
from govdata.engine.typed import sql_type
from govdata.errors import GovdataError
from govdata.publish.described import PERSONAL, described
from govdata.standards.model import CodeSet, Dataset, Registry
from govdata.storage import tables
from govdata.storage.tables import codes, system_columns

Line = Mapping[str, Any]

TABLE_FIELDS = {
    "table": "表",
    "title": "名称",
    "chinese_view": "中文列名的视图",
    "owner": "责任部门",
    "description": "说明",
    "key": "主键",
    "writer": "由哪一步写入",
    "columns": "列数",
}
COLUMN_FIELDS = {
    "table": "表",
    "position": "序号",
    "name": "列",
    "title": "中文名称",
    "type": "类型",
    "description": "说明",
    "key": "是否主键",
    "required": "是否必填",
    "element": "数据元",
    "standard": "标准",
    "clause": "条款",
    "code_set": "代码集",
    "unit": "单位",
    "sensitivity": "敏感级别",
    "personal": "个人信息",
}
CODE_SET_FIELDS = {
    "code_set": "代码集",
    "title": "名称",
    "standard": "标准",
    "edition": "版本",
    "source": "来源",
    "codes": "代码数",
}
CODE_FIELDS = {
    "code_set": "代码集",
    **{str(column): column.comment for column in codes.VALUES},
    "local": "本地扩充",
}


@dataclass(frozen=True)
class Dictionary:
    """Each line has the keys of its ``…_FIELDS``, in their order; what does not apply is None."""

    tables: Sequence[Line]
    columns: Sequence[Line]
    code_sets: Sequence[Line]
    codes: Sequence[Line]


def dictionary(registry: Registry) -> Dictionary:
    """What the catalogue of these standards shows, whether anything was delivered yet or not."""
    datasets = [registry.datasets[name] for name in sorted(registry.datasets)]
    sets = [registry.code_sets[name] for name in sorted(registry.code_sets)]
    return Dictionary(
        tables=[
            *(_table(dataset, registry) for dataset in datasets),
            *(_system_table(table) for table in tables.GOVERNANCE),
            *(_code_table(code_set) for code_set in sets),
        ],
        columns=[
            *(line for dataset in datasets for line in _columns(dataset, registry)),
            *(line for table in tables.GOVERNANCE for line in _system(str(table), table.columns, table.key)),
            *_system("codes.*", codes.CODES, ()),
        ],
        code_sets=[_code_set(code_set) for code_set in sets],
        codes=[
            {"code_set": code_set.id, **{name: getattr(code, name) or None for name in (*codes.VALUES, "local")}}
            for code_set in sets
            for code in code_set.codes
        ],
    )


def _line(fields: Mapping[str, str], **known: Any) -> Line:
    return {**dict.fromkeys(fields), **known}


def _table(dataset: Dataset, registry: Registry) -> Line:
    return _line(
        TABLE_FIELDS,
        table=f"{dataset.schema_name}.{dataset.name}",
        title=dataset.title,
        chinese_view=f"{dataset.schema_name}.{dataset.name}{system_columns.CHINESE}",
        owner=dataset.owner,
        description="；".join(part for part in (dataset.purpose, dataset.limitations) if part) or None,
        key="、".join(column.name for column in dataset.columns if column.primary_key) or None,
        writer="发布",
        columns=len(dataset.columns) + len(system_columns.PUBLISHED),
    )


def _system_table(table: tables.Table) -> Line:
    return _line(
        TABLE_FIELDS,
        table=str(table),
        description=table.comment,
        key="、".join(table.key) or None,
        writer=table.writer,
        columns=len(table.columns),
    )


def _code_table(code_set: CodeSet) -> Line:
    return _line(
        TABLE_FIELDS,
        table=f"codes.{code_set.id}",
        title=code_set.name,
        description=code_set.standard,
        writer="更新目录",
        columns=len(codes.CODES),
    )


def _columns(dataset: Dataset, registry: Registry) -> list[Line]:
    told = described(dataset.name, registry)[1]
    lines = []
    for position, column in enumerate(dataset.columns, 1):
        element = registry.elements[column.element]
        lines.append(
            _line(
                COLUMN_FIELDS,
                table=f"{dataset.schema_name}.{dataset.name}",
                position=position,
                name=column.name,
                title=column.title,
                type=sql_type(element),
                description=element.definition or told[column.name],
                key=column.primary_key,
                required=column.required,
                element=element.id,
                standard=element.standard,
                clause=element.clause,
                code_set=element.code_set,
                unit=element.unit,
                sensitivity=element.sensitivity.level,
                personal=PERSONAL[element.sensitivity.personal],
            )
        )
    return lines + _system(f"{dataset.schema_name}.{dataset.name}", system_columns.PUBLISHED, (), after=len(lines))


def _system(table: str, columns: tables.Columns, key: tables.Columns, after: int = 0) -> list[Line]:
    return [
        _line(
            COLUMN_FIELDS,
            table=table,
            position=position,
            name=str(column),
            title=column.label or None,
            type=column.type,
            description=column.comment,
            key=column in key,
        )
        for position, column in enumerate(columns, after + 1)
    ]


def _code_set(code_set: CodeSet) -> Line:
    return _line(
        CODE_SET_FIELDS,
        code_set=code_set.id,
        title=code_set.name,
        standard=code_set.standard,
        edition=code_set.edition,
        source=code_set.source,
        codes=len(code_set.codes),
    )


def write_dictionary(made: Dictionary, path: Path) -> None:
    """As an Excel workbook (.xlsx) or JSON (.json). Raises ``GovdataError`` for another ending."""
    parts = {
        "表": (TABLE_FIELDS, made.tables),
        "列": (COLUMN_FIELDS, made.columns),
        "代码集": (CODE_SET_FIELDS, made.code_sets),
        "代码": (CODE_FIELDS, made.codes),
    }
    match path.suffix.lower():
        case ".xlsx":
            sheets = {name: _sheet(fields, lines) for name, (fields, lines) in parts.items()}
            write_sheets(sheets, path)
        case ".json":
            content = {"tables": made.tables, "columns": made.columns, "code_sets": made.code_sets, "codes": made.codes}
            path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        case _:
            raise GovdataError(f"{path} 的后缀应为 .xlsx 或 .json")


def _sheet(fields: Mapping[str, str], lines: Sequence[Line]) -> Result:
    return Result(tuple(fields.values()), [[_text(line[name]) for name in fields] for line in lines], more=False)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "是" if value else None
    return None if value is None else str(value)
