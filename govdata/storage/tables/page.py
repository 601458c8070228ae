"""The reference page of system tables, made from their declarations.

It is kept as ``docs/tables.zh-CN.md``; ``python -m govdata.storage.tables.page docs/tables.zh-CN.md`` makes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from govdata.storage.tables import GOVERNANCE, Column, Table, codes, system_columns

_HEAD = f"""# 系统表和系统列

本页由程序生成（`python -m govdata.storage.tables.page docs/tables.zh-CN.md`），请不要手改。
各数据集自己的列见 `govdata dictionary`。

`governance` 里关于交付的表都用 `dataset` 和 `date` 说明是哪一次交付；
说到某一行的表另有这一行的标识（`{system_columns.ROW_ID}` 等四列）。
"""


def page() -> str:
    parts = [
        _HEAD,
        _section("published.<数据集>", "合格的行。合同的列（有类型）之后：", system_columns.PUBLISHED),
        f"`published.<数据集>{system_columns.CHINESE}` 是同样的行，列名为中文，代码旁有名称。\n",
        _section("quarantine.<数据集>", "隔离的行。合同的列之后：", system_columns.QUARANTINE),
        _section("codes.<代码集>", "一个代码可以有几行，各在不同时期有效。", codes.CODES),
        *(_table(table) for table in GOVERNANCE),
        _section(
            "data/lake/raw",
            "读入的文本。合同的列（文本；交付的Parquet中类型相符的列，保留其类型；派生表的列有类型，"
            "其后另有 `data/lake/standardized` 的列，均为空）之后：",
            system_columns.RAW,
        ),
        _section("data/lake/rejected", "拒收的记录。", system_columns.REJECTED_FILE),
        _section("data/lake/rejected/…/duplicates-*", "因完全重复而略去的行。", system_columns.DUPLICATES_FILE),
        _section("data/lake/repairs", "每列改动的单元格数。", system_columns.REPAIR_COUNTS),
    ]
    return "\n".join(parts)


def _table(table: Table) -> str:
    key = f"主键：{'、'.join(f'`{column}`' for column in table.key)}。" if table.key else ""
    return _section(str(table), f"{table.comment}。{key}由“{table.writer}”写入。", table.columns)


def _section(name: str, comment: str, columns: Iterable[Column]) -> str:
    lines = [f"| `{column}` | {column.type} | {column.comment.replace('|', '/')} |" for column in columns]
    return "\n".join([f"## {name}", "", comment, "", "| 列 | 类型 | 说明 |", "|---|---|---|", *lines, ""])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
