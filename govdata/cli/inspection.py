"""How ``govdata inspect`` shows what was found in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from govdata.batches import NOTE_KINDS, CheckOutcome, IngestedFile
from govdata.ingest import InspectedTable, Inspection, Trial, account
from govdata.standards.model import Dataset

MOST_NAMES = 60  # of columns on the screen
WHOLE = 3  # sheets that are shown whole, others only where they have something of their own


def show(console: Console, inspection: Inspection) -> None:
    """Print format, encoding, dialect, sheets, columns, counts and the reasons of rejects; no value of a record."""
    console.print(
        f"{inspection.path.name}：{inspection.format}，{inspection.size:,} 字节",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    for number, table in enumerate(inspection.tables):
        if number < WHOLE or table.rejected or table.columns != inspection.tables[0].columns or "注意" in table.details:
            console.print(_table(table))
        else:  # a sheet for each month
            told = f"工作表 {table.sheet}：{table.records:,} 条，列同第一个工作表"
            console.print(told, markup=False, highlight=False, soft_wrap=True)
    for sheet, reason in inspection.ignored.items():
        console.print(f"未读工作表 {sheet}：{reason}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"共读入 {inspection.records:,} 条，拒收 {inspection.rejected:,} 条", highlight=False)


def _some(names: Sequence[str]) -> str:
    return "、".join(names[:MOST_NAMES]) + (f" 等 {len(names):,} 列" if len(names) > MOST_NAMES else "")


def _table(found: InspectedTable) -> Table:
    table = Table(show_header=False, title=f"工作表 {found.sheet}" if found.sheet else None, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in found.details.items():
        table.add_row(escape(label), escape(text))
    table.add_row("列", escape(f"{len(found.columns)} 列：" + _some(found.columns)))
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


def show_trial(console: Console, trial: Trial, dataset: Dataset, outcomes: Sequence[CheckOutcome]) -> None:
    """Print how a file would be read as a delivery of ``dataset`` and what would become of it; no value of a record."""

    def say(text: str, style: str | None = None) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True, style=style)

    say(f"{trial.path.name} 作为“{dataset.title}”（{dataset.name}）的交付：")
    if not trial.problems:
        say(f"  {account.overview(trial.raw, dataset)}")
    if any(column.headers for column in trial.columns):  # of what is no table of this contract there is none to show
        console.print(_columns(trial))
        say(f"合同外的列：{_some(trial.unknown) or '无'}")
    for source in trial.raw.sources:
        _say_notes(say, source)
    say("今晚会怎样", "bold")
    for problem in trial.problems:
        say(f"  拒绝接收：{problem}", "red")
    for outcome in outcomes:
        if not outcome.passed:
            say(f"  阻断发布：{outcome.description}", "red")
    if not trial.problems and all(outcome.passed for outcome in outcomes):
        whole = "全量" if trial.raw.mode == "snapshot" else "增量"
        say(f"  作为{whole}读入 {trial.raw.rows:,} 条，然后逐行检查；读入这一步没有阻断的理由", "green")


def _say_notes(say: Callable[[str], None], source: IngestedFile) -> None:
    place = f"工作表 {source.sheet}：" if source.sheet else ""
    for note in source.notes:
        kind = NOTE_KINDS[note.kind]
        if note.kind in ("unknown_column", "missing_column"):
            continue
        rows = "–".join(str(row) for row in dict.fromkeys((note.first_row, note.last_row)) if row is not None)
        where = f"（第 {rows} 行）" if rows else ""
        told = "" if note.reason == kind.title else f"：{note.reason}"
        say(f"{place}{kind.title} {note.count:,} {kind.unit}{where}{told}")


def _columns(trial: Trial) -> Table:
    """Of a file that is refused no value was read, so nothing is said of values."""
    table = Table(title_justify="left", header_style="bold")
    values = () if trial.problems else ("有值", "空值词", "值的样子")
    for name in ("列", "文件中的表头", *values):
        table.add_column(name, overflow="fold", justify="right" if name in ("有值", "空值词") else "left")
    for column in trial.columns:
        counted = (f"{column.filled:,}", f"{column.null_words:,}", "  ".join(column.shapes))
        cells = () if trial.problems else counted
        headers = "、".join(column.headers) or "（没有）"
        style = None if column.headers else "yellow"
        table.add_row(f"{column.title} {column.name}", *map(escape, (headers, *cells)), style=style)
    return table
