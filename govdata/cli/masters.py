"""``govdata masters …``: how mentions without a valid identifier are linked, for the standards officer."""

from __future__ import annotations

from datetime import date as Date
from typing import Annotated

import typer

from govdata.cli.app import Command, Group, app
from govdata.cli.common import console, load_registry, read_date
from govdata.deployment import Deployment, beijing_today

masters_app = typer.Typer(
    cls=Group, help="主数据：训练关联模型，复核可能是同一个的提及", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(masters_app, name="masters")

Kind = Annotated[str, typer.Argument(help="主数据种类：standards/masters 里的文件名，如 person")]
Until = Annotated[str | None, typer.Option("--date", help="以哪一天为准，YYYY-MM-DD；默认今天")]


@masters_app.command("train", cls=Command)
def train(kind: Kind = "person", date: Until = None) -> None:
    """从有有效标识的提及学各项的分量和姓名的频率，写进 standards/masters；看过再提交，夜间只读不学。"""
    from govdata import masters

    deployment = Deployment.from_env()
    made = masters.learn(kind, load_registry(deployment), deployment, _day(date))
    made.write(deployment)
    terminal = console()
    terminal.print(
        f"从 {made.pairs:,} 次提及学得，每个主体取一次；有标识的提及中 {made.found:.1%} 另有提及", highlight=False
    )
    terminal.print(f"已写入 standards/masters/{kind}.model.json 和 {kind}.frequencies.csv", highlight=False)


@masters_app.command("review", cls=Command)
def review(
    by: Annotated[list[str], typer.Option("--by", help="复核人（每人一本，应有两位）")],
    kind: Kind = "person",
    date: Until = None,
    most: Annotated[int, typer.Option(help="每本最多问多少对待复核的", min=1)] = 200,
    sample: Annotated[int, typer.Option(help="已关联的和不大可能的，每个得分段抽多少对", min=0)] = 10,
) -> None:
    """给每位复核人一本工作簿；做好后放进 data/workorders/inbox，用 govdata orders receive 收。"""
    from govdata import governance

    deployment = Deployment.from_env()
    made = governance.write_reviews(load_registry(deployment), deployment, kind, _day(date), by, most, sample)
    terminal = console()
    for path in made:
        terminal.print(str(path), markup=False, highlight=False, soft_wrap=True)
    if not made:
        terminal.print("没有要复核的")


@masters_app.command("quality", cls=Command)
def quality(kind: Kind = "person", date: Until = None) -> None:
    """按复核结论估计：复核人的一致程度，自动关联的查准率和查全率。"""
    from rich.table import Table

    from govdata import masters

    made = masters.estimate(Deployment.from_env(), kind, _day(date))
    table = Table(box=None, header_style="bold")
    for title in ("状态", "得分不低于", "对数", "已有结论", "其中是同一个"):
        table.add_column(title)
    names = {"linked": "已关联", "candidate": "待复核", "unlikely": "不大可能"}
    for state, low, size, settled, same in made.strata:
        table.add_row(names[state], f"{low:g}", f"{size:,}", f"{settled:,}", f"{same:,}")
    terminal = console()
    terminal.print(table, markup=False)
    kappa = "未知" if made.kappa is None else f"{made.kappa:.2f}"
    lines = [
        f"两人都答了的 {made.pairs} 对，一致 {_share(made.agreed)}，kappa {kappa}",
        f"自动关联的查准率 {_share(made.precision)}，查全率（只就比过的）{_share(made.recall)}",
    ]
    terminal.print("\n".join(lines), highlight=False)


def _share(value: float | None) -> str:
    return "未知（有的得分段还没有结论）" if value is None else f"{value:.2%}"


def _day(text: str | None) -> Date:
    return read_date(text) if text is not None else beijing_today()
