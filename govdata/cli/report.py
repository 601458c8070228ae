"""``govdata report``: the inspection reports of a date, written anew; ``govdata report cockpit``: its cockpit."""

from __future__ import annotations

from typing import Annotated

import typer

from govdata.cli.app import Command, Group, app
from govdata.cli.common import console, load_registry, read_date
from govdata.deployment import Deployment

report_app = typer.Typer(
    cls=Group,
    help="写数据质量检测报告（Word 文档和网页），在 data/reports/<日期>/<部门>/ 下；驾驶舱见下面的子命令。"
    "都不含任何一条记录的值。",
    invoke_without_command=True,
    rich_markup_mode=None,
)
app.add_typer(report_app, name="report")

Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="交付日期；不写则最近评过分的日期")]


@report_app.callback()
def report(
    context: typer.Context,
    date: Day = None,
    department: Annotated[str | None, typer.Option(help="只写这个部门的；不写则各部门和全市")] = None,
) -> None:
    from govdata import reports

    if context.invoked_subcommand is not None:
        return
    deployment = Deployment.from_env()
    day = read_date(date) if date else None
    written = reports.write(load_registry(deployment), deployment, day, department)
    terminal = console()
    for made in written:
        for path in (made.document, made.page):
            terminal.print(str(path), markup=False, highlight=False, soft_wrap=True)


@report_app.command("cockpit", cls=Command)
def cockpit(date: Day = None) -> None:
    """写数据质量驾驶舱：全市一页（中、英文）和部门、数据集、规则、区划的下级页面；以前的日期写在
    data/reports/<日期>/ 下。"""
    from govdata import reports

    deployment = Deployment.from_env()
    made = reports.write_cockpit(load_registry(deployment), deployment, read_date(date) if date else None)
    terminal = console()
    for path in (made.page, made.english):
        terminal.print(str(path), markup=False, highlight=False, soft_wrap=True)
    terminal.print(f"下级页面 {made.behind} 个，在 {made.page.parent / 'cockpit'} 下", highlight=False, soft_wrap=True)
