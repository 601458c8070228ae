"""How ``govdata inspect`` shows what was found in a file."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from govdata.ingest.inspection import InspectedTable, Inspection


def show(console: Console, inspection: Inspection) -> None:
    """Print format, encoding, dialect, sheets, columns, counts and the reasons of rejects; no value of a record."""
    console.print(
        f"{inspection.path.name}：{inspection.format}，{inspection.size:,} 字节",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    for table in inspection.tables:
        console.print(_table(table))
    for sheet, reason in inspection.ignored.items():
        console.print(f"未读工作表 {sheet}：{reason}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"共读入 {inspection.records:,} 条，拒收 {inspection.rejected:,} 条", highlight=False)


def _table(found: InspectedTable) -> Table:
    table = Table(show_header=False, title=f"工作表 {found.sheet}" if found.sheet else None, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in found.details.items():
        table.add_row(escape(label), escape(text))
    table.add_row("列", escape(f"{len(found.columns)} 列：" + "、".join(found.columns)))
    table.add_row("行数", f"{found.lines:,}")
    table.add_row("记录数", f"{found.records:,}")
    for kind, count in found.not_records.items():
        table.add_row("非记录", escape(f"{kind} {count:,} 行"))
    for reason, count in found.rejects.items():
        table.add_row("拒收", escape(f"{reason} {count:,} 条"))
    if found.rejected_rows:
        more = " …" if found.rejected > len(found.rejected_rows) else ""
        table.add_row("拒收的行", "、".join(str(row) for row in found.rejected_rows) + more)
    return table
