"""``govdata sql``: one SELECT over the catalogue; ``govdata findings``: the question of every morning, asked for
one."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import ROOM_FOR_A_TABLE, console, show_items
from govdata.deployment import Deployment

if TYPE_CHECKING:
    from rich.console import Console

    from govdata.access import Result


@app.command(cls=Command)
def sql(
    query: Annotated[str | None, typer.Argument(help="一条 SELECT；不写则从标准输入读取")] = None,
    rows: Annotated[int, typer.Option(min=1, help="最多显示的行数")] = 40,
    csv: Annotated[bool, typer.Option("--csv", help="输出 CSV（全部行）；转存为文件时带 BOM")] = False,
    xlsx: Annotated[Path | None, typer.Option(help="另存为 Excel 工作簿（全部行，各格都是文本）")] = None,
    seconds: Annotated[
        int | None, typer.Option(min=1, help="最多运行的秒数；默认 600，或环境变量 GOVDATA_QUERY_SECONDS")
    ] = None,
) -> None:
    """在目录上查询（只读，不能访问部署之外的文件）。

    例：govdata sql "SELECT * FROM governance.reconciliation"
    """
    from dataclasses import replace

    from govdata import access as door
    from govdata.storage import files

    text = query if query is not None else sys.stdin.read()
    limits = door.Limits.from_env()
    if seconds is not None:
        limits = replace(limits, seconds=seconds)
    files.demand_new(xlsx)
    result = door.select(Deployment.from_env(), text, None if csv or xlsx else rows, limits)
    _show(result, rows, csv=csv, xlsx=xlsx)


@app.command(cls=Command)
def findings(
    date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="交付日期；不写则最近一个有问题的日期")] = None,
    dataset: Annotated[str | None, typer.Option(help="数据集")] = None,
    rule: Annotated[str | None, typer.Option(help="规则编号；写了就逐行列出")] = None,
    rows: Annotated[int, typer.Option(min=1, help="最多显示的行数")] = 40,
    csv: Annotated[bool, typer.Option("--csv", help="逐行输出 CSV（全部行）")] = False,
    xlsx: Annotated[Path | None, typer.Option(help="逐行另存为 Excel 工作簿（全部行）")] = None,
) -> None:
    """昨天的交付错在哪里：每条规则有多少行不合格；写 --rule 逐行列出文件和行号。不含记录的值。"""
    from govdata import access as door
    from govdata.cli.common import known_datasets, load_registry, read_date
    from govdata.storage import files

    deployment = Deployment.from_env()
    if dataset:
        known_datasets([dataset], load_registry(deployment))
    files.demand_new(xlsx)
    whole = csv or xlsx is not None
    day = read_date(date) if date else None
    result = door.findings(
        deployment, date=day, dataset=dataset, rule=rule, rows=whole or rule is not None, limit=None if whole else rows
    )
    terminal = console()
    if whole or rule is not None or terminal.width >= ROOM_FOR_A_TABLE or not terminal.is_terminal:
        _show(result, rows, csv=csv, xlsx=xlsx)
    else:
        _show_rules(result, rows, terminal)


def _show_rules(result: Result, rows: int, terminal: Console) -> None:
    """Two lines a rule, below the date."""
    from govdata.standards.model import SEVERITY_NAMES

    days: dict[str, list[tuple[str, str]]] = {}
    for line in result.rows:
        of = {name: value or "" for name, value in zip(result.columns, line, strict=True)}
        severity = dict[str, str](SEVERITY_NAMES).get(of["severity"], of["severity"])
        heading = f"{of['rows']} 行  {severity}  {of['dataset']}  {of['rule_id']}"
        days.setdefault(of["date"], []).append((heading, of["message"]))
    for day, items in days.items():
        terminal.print(day, style="bold", highlight=False)
        show_items(terminal, items)
    _show_count(result, rows, terminal)


def _show_count(result: Result, rows: int, terminal: Console) -> None:
    terminal.print(f"只显示前 {rows} 行" if result.more else f"{len(result.rows)} 行", highlight=False)


def _is_a_file(out: TextIO) -> bool:
    """Whether it was redirected into a file: not a terminal and not a pipe, behind which a program reads on."""
    try:
        return stat.S_ISREG(os.fstat(out.fileno()).st_mode)
    except (OSError, ValueError):  # somebody keeps what is printed
        return False


def _show(result: Result, rows: int, *, csv: bool, xlsx: Path | None) -> None:
    from govdata import access as door

    terminal = console()
    if csv:
        into_a_file = _is_a_file(sys.stdout)
        door.write_csv(result, sys.stdout, bom=into_a_file)
        if into_a_file:
            print("用 Excel、WPS 打开 CSV 会改动证件号码等长数字，请用 --xlsx（各格都是文本）", file=sys.stderr)
    elif xlsx is not None:
        door.write_workbook(result, xlsx)
        terminal.print(f"已写入 {xlsx}，{len(result.rows):,} 行", highlight=False, soft_wrap=True)
    else:
        in_a_file = not terminal.is_terminal and not os.environ.get("COLUMNS")
        if in_a_file:
            terminal.width = 10_000  # in a file or a pipe there is no margin to fold the columns at
        if door.fits(result, terminal.width):
            terminal.print(door.as_table(result))
        else:
            terminal.print(door.as_records(result, terminal.width), markup=False, highlight=False, soft_wrap=True)
        _show_count(result, rows, terminal)
