"""``govdata run``: the nights of the deliveries, with a progress bar and the closing summary."""

from __future__ import annotations

import sys
from datetime import date as Date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import console, known_datasets, load_registry, read_date
from govdata.cli.interruptible import interruptible
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import permissions

if TYPE_CHECKING:
    from govdata.standards.model import Registry

BLOCKED = 3


@app.command(cls=Command)
def run(
    date: Annotated[
        list[str] | None, typer.Option("--date", metavar="YYYY-MM-DD", help="交付日期，可重复；不写则依次处理全部交付")
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option("--dataset", metavar="名称", help="只处理这个数据集，可重复")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="交付、标准都没有变化的日期也重做")] = False,
) -> None:
    """处理交付：读入、标准化、检查、发布。全部发布返回 0，有数据集被阻断返回 3，出错返回 1，中断返回 130 或 143。"""
    command = Deployment.from_env().command(*sys.argv[1:])
    told = f"已中断，没有做完的交付日期没有发布，已发布的数据不受影响。再次运行即可继续：{command}"
    interruptible(lambda terminal: _run_all(date, dataset, terminal, force=force), told)


def _run_all(date: list[str] | None, dataset: list[str] | None, terminal: TextIO, *, force: bool) -> None:
    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    from govdata import night
    from govdata.operations import alerts, unchanged

    alerts.webhook()  # an address that can take no alert is told now, not in the night it is needed
    if (warning := permissions.warning(deployment)) is not None:
        print(warning, file=sys.stderr)
    datasets = known_datasets(dataset, registry)
    if date:
        dates = [read_date(text) for text in date]
        for wrong in (_out_of_range(day) for day in dates):
            if wrong:
                raise GovdataError(wrong)
    else:
        dates = night.delivery_dates(deployment, datasets)
        for day in [day for day in dates if _out_of_range(day)]:
            console(stderr=True).print(f"跳过：{_out_of_range(day)}", style="yellow", highlight=False)
            dates.remove(day)
    if not dates:
        raise GovdataError(f"{deployment.landing} 下没有任何交付（应为 <数据集>/<YYYY-MM-DD>/ 文件夹）")
    if not date and not dataset and not force:
        changed = unchanged.changed_since(deployment, registry, datasets, dates)
        if len(changed) < len(dates):
            console().print(_told_unchanged(len(dates) - len(changed), deployment), highlight=False, soft_wrap=True)
        if not changed:
            return
        dates = changed
    outcomes = _run_nights(deployment, registry, datasets, sorted(set(dates)), terminal)
    states = {outcome.outcome for outcome in outcomes}
    if "error" in states:
        raise typer.Exit(1)
    if "blocked" in states:
        raise typer.Exit(BLOCKED)


def _told_unchanged(dates: int, deployment: Deployment) -> str:
    again, all_again = deployment.command("run", "--date", "YYYY-MM-DD"), deployment.command("run", "--force")
    return (
        f"{dates} 个交付日期的交付、标准都没有变化，已发布的照旧，不再处理；要重做某一天：{again}，"
        f"全部重做：{all_again}"
    )


def _run_nights(
    deployment: Deployment, registry: Registry, datasets: list[str], dates: list[Date], terminal: TextIO
) -> list[Any]:
    import gc

    from govdata.cli.progress import Bar
    from govdata.night import STAGES, Nights, summary
    from govdata.storage import pace

    if terminal.isatty():
        pace.watch()
    # Dagster and GX keep a million small objects for as long as we live: looking through them for rubbish after every
    # few hundred new ones cost a twentieth of a small night.
    gc.set_threshold(100_000, 20, 100)
    nights = Nights(deployment, registry, datasets)
    delivered = [len(nights.delivered(date)) for date in dates]
    outcomes = []
    with Bar(deployment, registry, terminal) as bar, nights.opened():
        bar.begin(sum(delivered) * len(STAGES) + sum(map(bool, delivered)) * len(nights.city))
        for date in dates:
            try:
                outcomes += nights.run(date, partial(bar.step, date=date))
            except GovdataError:
                bar.stop()
                if outcomes:
                    summary.show(console(), outcomes, registry, deployment)
                raise
        bar.finish()
    summary.show(console(), outcomes, registry, deployment)
    return outcomes


def _out_of_range(date: Date) -> str | None:
    """Why there is no night of ``date``, in Chinese, or None."""
    from govdata.deployment import FIRST_DATE, beijing_today, set_first_date

    first = set_first_date()
    if date > beijing_today():
        return f"交付日期 {date} 晚于今天"
    if first is not None and date < first:
        return f"交付日期 {date} 早于 {first}（由环境变量 {FIRST_DATE} 设定）"
    return None
