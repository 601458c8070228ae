"""``govdata report``: the inspection reports of a date, written anew."""

from __future__ import annotations

from typing import Annotated

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import console, load_registry, read_date
from govdata.deployment import Deployment


@app.command(cls=Command)
def report(
    date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="交付日期；不写则最近评过分的日期")] = None,
    department: Annotated[str | None, typer.Option(help="只写这个部门的；不写则各部门和全市")] = None,
) -> None:
    """写数据质量检测报告（Word 文档和网页），在 data/reports/<日期>/<部门>/ 下。不含任何一条记录的值。"""
    from govdata import reports

    deployment = Deployment.from_env()
    day = read_date(date) if date else None
    written = reports.write(load_registry(deployment), deployment, day, department)
    terminal = console()
    for made in written:
        for path in (made.document, made.page):
            terminal.print(str(path), markup=False, highlight=False, soft_wrap=True)
