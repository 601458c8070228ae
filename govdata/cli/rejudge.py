"""``govdata rejudge``: 隔离复审."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from functools import partial
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import console, load_registry, read_date
from govdata.cli.interruptible import interruptible
from govdata.deployment import Deployment, dates_in

if TYPE_CHECKING:
    from rich.console import Console

    from govdata.governance import Rejudgement
    from govdata.standards.model import Registry


@app.command(cls=Command)
def rejudge(
    dataset: Annotated[list[str] | None, typer.Option("--dataset", help="只复审这些数据集；可多次给出")] = None,
    since: Annotated[str | None, typer.Option("--since", help="只复审这一天及以后的交付，YYYY-MM-DD")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会放行多少行，什么也不改")] = False,
    published: Annotated[
        bool, typer.Option("--published", help="另数一遍已发布的行里按现行标准不合格的；只报告，要读整张表")
    ] = False,
) -> None:
    """隔离复审：标准修改或准予豁免之后，把各期隔离的行重新判定，合格的并入它那一期。

    已发布的行不动，按新标准不合格的要等下一次交付，或整日重做（govdata run --date 日期）。每夜运行时也会自动复审。
    有变化时，派生表、工单、评分、目录和报告随即按最新一期更新；之前各期的派生表和评分仍是当时的结果。
    出错返回 1，派生表被阻断返回 3。
    """
    from govdata import governance

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    for name in dataset or ():
        if name not in registry.delivered:
            raise typer.BadParameter(f"没有这个数据集：{name}", param_hint="--dataset")
    known = [day for name in registry.delivered for day in dates_in(deployment.lake_of("standardized", name))]
    terminal = console()
    if not known:
        terminal.print("还没有处理过的交付")
        return
    on = max(known)
    made = governance.rejudge(
        registry,
        deployment,
        on,
        datasets=dataset,
        since=read_date(since) if since is not None else None,
        dry_run=dry_run,
        tell=lambda name, day: terminal.print(f"{registry.datasets[name].title} {day} ……", highlight=False),
    )
    _show(made, dry_run, terminal)
    if published:
        _show_newly_failing(governance.newly_failing(registry, deployment, on, dataset or None), registry, terminal)
    if not made:
        terminal.print("没有要复审的：各期隔离的行都按现行标准判定过")
    elif dry_run:
        terminal.print("只是试算，什么也没有改")
    elif any(each.problem is None for each in made):
        again = deployment.command("run", "--date", on.isoformat())
        told = f"已中断：复审的结果已经发布，派生表、评分和目录没有更新完。下一夜会更新，或现在运行：{again}"
        earlier = sorted({each.date for each in made if each.released and each.date < on})
        interruptible(partial(_follow, on, earlier, deployment, registry), told)


def _show(made: Sequence[Rejudgement], dry_run: bool, terminal: Console) -> None:
    for each in made:
        said = each.problem or (
            f"隔离 {each.judged:,} 行：{'可放行' if dry_run else '放行'} {each.released:,}"
            f"（凭豁免 {each.by_waiver:,}），重复 {each.duplicates:,}，仍隔离 {each.held:,}"
        )
        terminal.print(f"{each.dataset} {each.date}  {said}", markup=False, highlight=False, soft_wrap=True)


def _show_newly_failing(found: dict[str, dict[str, int]], registry: Registry, terminal: Console) -> None:
    for name, counts in found.items():
        messages = {rule.id: rule.message for rule in registry.rules(name)}
        for rule_id, count in counts.items():
            said = f"{name}  已发布的 {count:,} 行按现行标准不合格：{messages[rule_id]}（{rule_id}）。只报告，没有改动"
            terminal.print(said, markup=False, highlight=False, soft_wrap=True)


def _follow(on: Date, earlier: Sequence[Date], deployment: Deployment, registry: Registry, terminal: TextIO) -> None:
    """All that is made of the published tables, as of their newest date; of ``earlier`` dates with released rows it
    stays as it was said."""
    from govdata.cli.progress import Bar
    from govdata.night import Nights, summary

    nights = Nights(deployment, registry, registry.delivered)
    with Bar(deployment, registry, terminal) as bar:
        bar.begin(len(nights.following))
        stopped = nights.follow(on, partial(bar.step, date=on))
        bar.finish()
    said = console()
    summary.show_stopped(said, stopped, registry)
    if stopped:
        raise typer.Exit(1 if any(each.outcome == "error" for each in stopped) else 3)
    said.print(f"派生表、工单、评分、目录和报告已按 {on} 更新；放行的行见 governance.releases", highlight=False)
    if earlier:
        dates = "、".join(day.isoformat() for day in earlier)
        said.print(
            f"放行的行已并入 {dates} 的快照；这些日期的派生表和评分仍是当时的结果，不改写",
            highlight=False,
            soft_wrap=True,
        )
