"""``govdata screen`` and ``prefill``: a department's list held against the masters, its form filled from them."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import RoleName, console, load_registry, read_date
from govdata.deployment import Deployment, beijing_today
from govdata.errors import GovdataError

if TYPE_CHECKING:
    from govdata.access.screening import Screened

DAYS = 30
"""So long a result may be kept unless said otherwise."""

Purpose = Annotated[str, typer.Option("--purpose", help="用途或依据，记入查阅台账；不要写任何人的号码")]
By = Annotated[str | None, typer.Option("--by", help="查阅人；默认系统账户")]
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help=f"用途到期日，到期销毁所得的文件；默认 {DAYS} 天后"),
]
On = Annotated[str | None, typer.Option("--date", help="以哪一天的主数据为准，YYYY-MM-DD；默认最新")]
Kind = Annotated[str | None, typer.Option("--kind", help="名单的种类：person、organisation；默认按表头判断")]
IdColumn = Annotated[str | None, typer.Option("--id-column", help="号码列的表头；默认按表头判断")]
NameColumn = Annotated[str | None, typer.Option("--name-column", help="姓名或名称列的表头")]
Reveal = Annotated[bool, typer.Option("--reveal", help="写出角色可看的完整的号码和姓名（记入台账）；须写 --role")]


@app.command(cls=Command)
def screen(
    file: Annotated[Path, typer.Argument(help="名单：CSV、Excel、WPS、ODS 等，任何编码")],
    purpose: Purpose,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="逐行结果另存为 Excel 工作簿")] = None,
    date: On = None,
    kind: Kind = None,
    id_column: IdColumn = None,
    name_column: NameColumn = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="只要这种情况，如 已死亡（可重复）")] = None,
    by: By = None,
    until: Until = None,
    reveal: Reveal = False,
    role: RoleName = None,
) -> None:
    """名单比对：已死亡、迁出、重复、查无此号、姓名不符、注销吊销等，逐行说明来源和日期；不确定的另列为待核实。"""
    from govdata.access import screening
    from govdata.storage import files

    files.demand_new(xlsx)
    deployment = Deployment.from_env()
    screened = screening.screen(
        file,
        load_registry(deployment),
        deployment,
        purpose=purpose,
        expires=until_of(until),
        date=read_date(date) if date else beijing_today(),
        kind=kind,
        headers=_headers(id_column, name_column),
        only=only or (),
        actor=by,
        role=role,
        reveal=reveal,
    )
    _show(screened)
    if xlsx is not None:
        screening.write(screened, xlsx, [("名单", file.name), ("用途", purpose), ("比对日期", str(beijing_today()))])
        console().print(f"已写入 {xlsx}", markup=False, highlight=False, soft_wrap=True)


@app.command(cls=Command)
def prefill(
    form: Annotated[Path, typer.Argument(help="表格 .xlsx，要填的单元格写 {{姓名}}；逐行填的行里再写 {{序号}}")],
    ids: Annotated[Path, typer.Option("--ids", help="名单：号码（和姓名）的 CSV、Excel 等")],
    out: Annotated[Path, typer.Option("--out", help="填好的表格写到哪里，不覆盖")],
    purpose: Purpose,
    date: On = None,
    kind: Kind = None,
    id_column: IdColumn = None,
    name_column: NameColumn = None,
    by: By = None,
    until: Until = None,
    reveal: Reveal = False,
    role: RoleName = None,
) -> None:
    """一表预填：按名单从主数据填写表格，批注写明来源和时效；来源矛盾的、填不出的列在“核实单”。"""
    from govdata.access import prefilling

    deployment = Deployment.from_env()
    made = prefilling.prefill(
        form,
        ids,
        out,
        load_registry(deployment),
        deployment,
        purpose=purpose,
        expires=until_of(until),
        date=read_date(date) if date else beijing_today(),
        kind=kind,
        headers=_headers(id_column, name_column),
        actor=by,
        role=role,
        reveal=reveal,
    )
    told = f"名单 {made.lines:,} 行，填写 {made.filled:,} 格，留空 {made.empty:,} 格，待核实 {len(made.checks):,} 处"
    console().print(told, highlight=False)
    console().print(f"已写入 {out}", markup=False, highlight=False, soft_wrap=True)


def _headers(number: str | None, name: str | None) -> dict[str, str]:
    return {column: header for column, header in (("number", number), ("name", name)) if header}


def until_of(until: datetime | None) -> Date:
    """Raises ``GovdataError`` where the day is over."""
    day = until.date() if until is not None else beijing_today() + timedelta(days=DAYS)
    if day < beijing_today():
        raise GovdataError("用途到期日不能早于今天")
    return day


def _show(screened: Screened) -> None:
    from rich.table import Table

    from govdata.access import screening

    terminal = console()
    for label, text in screening.overview(screened):
        terminal.print(f"{label}：{text}", markup=False, highlight=False, soft_wrap=True)
    table = Table(box=None, header_style="bold")
    table.add_column("情况")
    for title in (screening.CERTAIN, screening.UNSURE):
        table.add_column(title, justify="right")
    for title, sure, unsure in screened.counts():
        table.add_row(title, f"{sure:,}", f"{unsure:,}")
    terminal.print(table, markup=False) if screened.findings else terminal.print("没有发现情况")
