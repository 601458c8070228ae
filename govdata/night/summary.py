"""The closing table of a run: per dataset what was delivered and what became of it, then where the outputs are."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from govdata import ingest
from govdata.deployment import Deployment
from govdata.ingest import account
from govdata.night.nights import DatasetNight
from govdata.operations import alerts
from govdata.operations.outcomes import STAGE_NAMES, STAGES
from govdata.standards.model import Registry, Unique

MOST_FAILED = 3
"""How many rules the table names per dataset."""

CITY_TITLES = {
    "catalogue": "目录",
    "retention": "保留策略",
    "scorecard": "评分",
    "inspection": "检测报告",
    "rejudged": "隔离复审",
}

MOST_MISPLACED = 10
"""How many misplaced deliveries it names."""

WIDE = 120
"""From this many characters on the rules stand in the table; on a narrower terminal below it."""


@dataclass
class Totals:
    """One dataset's figures, summed over the dates of the run; ``published`` is the newest snapshot's row count."""

    nights: int = 0
    delivered: int = 0
    rejected: int = 0
    duplicates: int = 0
    quarantined: int = 0
    clean: int = 0
    repaired: int = 0
    published: int | None = None
    failures: Counter[str] = field(default_factory=Counter)


def totals(nights: Sequence[DatasetNight]) -> dict[str, Totals]:
    """Per dataset in the order met. delivered = rejected + duplicates + quarantined + clean holds for what was
    standardised."""
    figures: dict[str, Totals] = {}
    for night in nights:
        if night.stage is not None and night.stage not in STAGES:
            continue  # of the city, not of a dataset
        total = figures.setdefault(night.dataset, Totals())
        if night.outcome == "nothing":
            continue
        total.nights += 1
        if night.batch is not None:
            total.delivered += night.batch.delivered
            total.rejected += night.batch.rejected
            total.duplicates += night.batch.duplicates
            total.quarantined += night.batch.quarantined
            total.clean += night.batch.clean
            total.repaired += sum(night.batch.repaired_cells.values())
            total.failures.update(night.batch.rule_failures)
        elif night.raw is not None:
            total.delivered += night.raw.delivered
        if night.snapshot is not None:
            total.published = night.snapshot.rows
    return figures


def show(console: Console, nights: Sequence[DatasetNight], registry: Registry, deployment: Deployment) -> None:
    """Print the table, the datasets that were not published and why, and where to look next."""
    dates = sorted({night.date for night in nights})
    span = f"{dates[0]}" if len(dates) == 1 else f"{dates[0]} 至 {dates[-1]}，{len(dates)} 个交付日期"
    table = Table(title=f"运行结果（{span}）", title_justify="left", header_style="bold")
    wide = console.width >= WIDE
    table.add_column("数据集")
    for name in ("交付", "拒收", "重复", "隔离", "合格", "已发布", "修复单元格"):
        table.add_column(name, justify="right", no_wrap=True)
    if wide:
        table.add_column("未通过最多的规则", overflow="fold")
    below = []
    for name, total in totals(nights).items():
        dataset = registry.datasets[name]
        if total.nights == 0:
            table.add_row(f"{dataset.title}\n{name}", *["-"] * 7, *(["没有交付"] if wide else []), style="dim")
            continue
        worst = [f"{rule} {count:,}" for rule, count in total.failures.most_common(MOST_FAILED) if count]
        numbers = (total.delivered, total.rejected, total.duplicates, total.quarantined, total.clean)
        published = "-" if total.published is None else f"{total.published:,}"
        cells = [f"{number:,}" for number in numbers] + [published, f"{total.repaired:,}"]
        table.add_row(f"{dataset.title}\n{name}", *cells, *([escape("\n".join(worst)) or "-"] if wide else []))
        if worst:
            below.append(f"  {dataset.title}：{'，'.join(worst)}")
    console.print(table)
    if below and not wide:
        console.print("未通过最多的规则", style="bold")
        console.print(*below, sep="\n", markup=False, highlight=False, soft_wrap=True)
    _show_held_keys(console, nights, registry)
    _show_left_aside(console, nights, registry)
    _show_misplaced(console, registry, deployment)
    _show_blocked(console, nights, registry)
    _show_damage(console, deployment)
    console.print(
        f"已发布的表：{deployment.published}（目录 {deployment.catalogue.name}）", soft_wrap=True, highlight=False
    )
    console.print(f'查询：{program()} sql "SELECT * FROM governance.reconciliation"', highlight=False, soft_wrap=True)
    console.print(f"界面：{program()} ui，然后在浏览器打开 http://127.0.0.1:3000", highlight=False, soft_wrap=True)


def program() -> str:
    """How the person can call the command line again: by its name, or by its path where an environment is not
    activated."""
    called = Path(sys.argv[0])
    if shutil.which("govdata") or called.name != "govdata":
        return "govdata"
    return os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called)


def _show_held_keys(console: Console, nights: Sequence[DatasetNight], registry: Registry) -> None:
    """Rows of deltas that say different things of one key: none is taken, so what was published of the key before
    stays, which nobody would see from a number of quarantined rows."""
    for night in nights:
        if night.batch is None or night.batch.mode != "delta" or night.dataset not in registry.datasets:
            continue
        key = set(registry.datasets[night.dataset].delivery.key)
        unique = [
            rule.id
            for rule in registry.rules(night.dataset)
            if isinstance(rule.spec, Unique) and set(rule.spec.columns) <= key
        ]
        held = max((night.batch.rule_failures.get(rule, 0) for rule in unique), default=0)
        if held:
            console.print(
                f"{registry.datasets[night.dataset].title}（{night.dataset}）{night.date}：{held} 行同键而内容不同，"
                "先后无从判断，"
                "均已隔离；这些键已发布的旧值保持不变。请来源部门每键只交付一行",
                style="yellow",
                highlight=False,
                soft_wrap=True,
            )


def _show_left_aside(console: Console, nights: Sequence[DatasetNight], registry: Registry) -> None:
    """What of the deliveries was not read or not published; dates of which the same is to be told share a line."""
    newest = {night.dataset: night for night in nights if night.raw is not None and night.dataset in registry.datasets}
    if newest:
        console.print("读入情况", style="bold")
    for night in newest.values():
        if night.raw is not None:
            dataset = registry.datasets[night.dataset]
            text = f"  {dataset.title} {night.date.isoformat()}：{account.overview(night.raw, dataset)}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)
    told: dict[tuple[str, str], list[str]] = {}
    for night in nights:
        if night.raw is not None and night.dataset in registry.datasets:
            for note in account.notes(night.raw, registry.datasets[night.dataset]):
                told.setdefault((night.dataset, note), []).append(night.date.isoformat())
    if told:
        console.print("读入时留在一边的", style="bold")
    for (name, note), dates in told.items():
        span = dates[0] if len(dates) == 1 else f"{dates[0]} 等 {len(dates)} 期"
        console.print(
            f"  {registry.datasets[name].title} {span}：{note}", markup=False, highlight=False, soft_wrap=True
        )


def _show_damage(console: Console, deployment: Deployment) -> None:
    from govdata import publish

    for night in publish.damaged_nights(deployment):
        text = f"{night.dataset} {night.date} 有 {len(night.files)} 个文件缺失或损坏，目录里这一日的记录不全。"
        again = f"重新运行即可重做：{program()} run --date {night.date} --dataset {night.dataset}"
        console.print(text + again, style="bold red", markup=False, highlight=False, soft_wrap=True)


def _show_blocked(console: Console, nights: Sequence[DatasetNight], registry: Registry) -> None:
    failed = [night for night in nights if night.outcome in ("blocked", "error")]
    for night in failed:
        title = (
            registry.datasets[night.dataset].title
            if night.dataset in registry.datasets
            else CITY_TITLES.get(night.dataset, "派生表")
        )
        what = "被阻断" if night.outcome == "blocked" else "出错"
        stage = STAGE_NAMES.get(night.stage or "", "运行" if night.stage is None else "派生")
        console.print(
            f"[bold red]{title}（{night.dataset}）{night.date} 在“{stage}”{what}，上一份完好的快照保持不变：[/]",
            highlight=False,
        )
        for reason in night.reasons:
            console.print(escape(reason), highlight=False, soft_wrap=True)
    if failed and alerts.unwritten:
        console.print(
            "告警没有写入 data/reports/alerts（磁盘已满或不可写），原因以上面所列为准",
            style="bold red",
            highlight=False,
        )
    elif failed and alerts.written_alerts:
        console.print("告警已写入 data/reports/alerts", highlight=False)


def _show_misplaced(console: Console, registry: Registry, deployment: Deployment) -> None:
    found = ingest.misplaced(deployment, registry.delivered)
    if found:
        console.print(
            "放错位置的交付，没有读（应为 data/landing/<数据集>/<YYYY-MM-DD>/）", style="bold yellow", highlight=False
        )
    for sentence in found[:MOST_MISPLACED]:
        console.print(f"  {sentence}", markup=False, highlight=False, soft_wrap=True)
    if len(found) > MOST_MISPLACED:
        console.print(f"  等 {len(found)} 处", highlight=False)
