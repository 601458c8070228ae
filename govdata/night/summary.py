"""The closing table of a run: per dataset what was delivered and what became of it, then where the outputs are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date

from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from govdata import ingest
from govdata.deployment import Deployment
from govdata.ingest import account
from govdata.night.nights import DatasetNight, Outcome
from govdata.operations import alerts
from govdata.operations.outcomes import STAGE_NAMES, STAGES
from govdata.standards.model import Registry, Unique

MOST_FAILED = 3
"""How many rules the table names per dataset."""

CITY_TITLES = {
    "catalogue": "目录",
    "retention": "保留策略",
    "scorecard": "评分",
    "anomalies": "异常提示",
    "inspection": "检测报告",
    "cockpit": "驾驶舱",
    "rejudged": "隔离复审",
}

UNBOUNDED = 10_000
"""Characters, to ask how wide a table would be."""

MOST_MISPLACED = 10
"""How many misplaced deliveries it names."""

FIGURES = ("交付", "拒收", "重复", "隔离", "合格", "已发布", "修复格")

STATES: dict[Outcome, str] = {"error": "出错", "blocked": "已阻断", "published": "已发布", "nothing": "没有交付"}
"""Worst first."""

STYLES = {"error": "bold red", "blocked": "bold red", "published": "", "nothing": "dim"}

UNLIKE = "“合格”是这些交付日期之和，“已发布”是表现在的行数（最新一期；增量表是历次合并），所以两者可以不同"


@dataclass
class Totals:
    """One dataset's figures, summed over the dates of the run; ``published`` is the newest snapshot's row count."""

    nights: Counter[Outcome] = field(default_factory=Counter)
    read: bool = False
    judged: bool = False
    delivered: int = 0
    rejected: int = 0
    duplicates: int = 0
    quarantined: int = 0
    clean: int = 0
    repaired: int = 0
    published: int | None = None
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def worst(self) -> Outcome:
        return next(outcome for outcome in STATES if self.nights[outcome])

    @property
    def state(self) -> str:
        """What became of the deliveries; with numbers where not the same of each."""
        found = [outcome for outcome in STATES if self.nights[outcome] and outcome != "nothing"]
        if len(found) < 2:
            return STATES[self.worst]
        return "，".join(f"{STATES[outcome]} {self.nights[outcome]}" for outcome in found)

    def figures(self) -> dict[str, int | None]:
        """By the names of ``FIGURES``; None is what is not known, since nothing came so far."""
        parts = (self.rejected, self.duplicates, self.quarantined, self.clean)
        counted = [part if self.judged else None for part in parts]
        every = (
            self.delivered if self.read else None,
            *counted,
            self.published,
            self.repaired if self.judged else None,
        )
        return dict(zip(FIGURES, every, strict=True))


def totals(nights: Sequence[DatasetNight]) -> dict[str, Totals]:
    """Per dataset in the order met. delivered = rejected + duplicates + quarantined + clean holds for what was
    standardised."""
    figures: dict[str, Totals] = {}
    for night in nights:
        if night.stage is not None and night.stage not in STAGES:
            continue  # of the city, not of a dataset
        total = figures.setdefault(night.dataset, Totals())
        total.nights[night.outcome] += 1
        total.read |= night.batch is not None or night.raw is not None
        if night.batch is not None:
            total.judged = True
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
    """Print what became of each dataset and why, then where to look next."""
    dates = sorted({night.date for night in nights})
    span = f"{dates[0]}" if len(dates) == 1 else f"{dates[0]} 至 {dates[-1]}，{len(dates)} 个交付日期"
    console.print(f"运行结果（{span}）", style="bold", highlight=False)
    figures = totals(nights)
    table = _table(figures, registry)
    if console.measure(table, options=console.options.update(max_width=UNBOUNDED)).maximum <= console.width:
        console.print(table)
    else:
        _show_lines(console, figures, registry)
    if any(total.published is not None and total.published != total.clean for total in figures.values()):
        console.print(UNLIKE, style="dim", highlight=False)
    show_stopped(console, nights, registry)
    _show_failures(console, figures, dates[-1], registry, deployment)
    _show_held_keys(console, nights, registry)
    _show_left_aside(console, nights, registry)
    _show_misplaced(console, registry, deployment)
    _show_empty(console, nights, deployment)
    _show_damage(console, deployment)
    reconciliation = deployment.command("sql", "SELECT * FROM governance.reconciliation")
    page = deployment.reports / "cockpit.html"
    shown = [f"驾驶舱：{page}"] if page.is_file() else []
    for line in (
        *shown,
        f"已发布的表：{deployment.published}（目录 {deployment.catalogue.name}）",
        f"查询：{reconciliation}",
        f"界面：{deployment.command('ui')}，然后在浏览器打开 http://127.0.0.1:3000",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(figures: Mapping[str, Totals], registry: Registry) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("数据集", "结果"):
        table.add_column(name, no_wrap=True)
    for name in FIGURES:
        table.add_column(name, justify="right", no_wrap=True)
    for name, total in figures.items():
        figure = total.figures()
        cells = [f"{figure[key]:,}" if figure[key] is not None else "-" for key in FIGURES]
        table.add_row(f"{registry.datasets[name].title}\n{name}", total.state, *cells, style=STYLES[total.worst])
    return table


def _show_lines(console: Console, figures: Mapping[str, Totals], registry: Registry) -> None:
    """The table's rows, for a terminal that is too narrow for it."""
    for name, total in figures.items():
        console.print(
            f"{registry.datasets[name].title}（{name}）{total.state}", style=STYLES[total.worst], highlight=False
        )
        known = [Text(f"{key} {value:,}") for key, value in total.figures().items() if value is not None]
        if known:
            console.print(Padding(Columns(known, padding=(0, 2)), (0, 0, 0, 2), expand=False), highlight=False)


def _show_failures(
    console: Console, figures: Mapping[str, Totals], newest: Date, registry: Registry, deployment: Deployment
) -> None:
    """The rules that most rows fail, in the officer's words."""
    told = {name: total.failures for name, total in figures.items() if any(total.failures.values())}
    if not told:
        return
    console.print("不合格最多的", style="bold")
    for name, failures in told.items():
        messages = {rule.id: rule.message for rule in registry.rules(name)}
        worst = [(messages.get(rule, rule), count) for rule, count in failures.most_common(MOST_FAILED) if count]
        listed = "；".join(f"{message.rstrip('。')} {count:,} 行" for message, count in worst)
        console.print(f"  {registry.datasets[name].title}：{listed}", markup=False, highlight=False, soft_wrap=True)
    command = deployment.command("findings", "--date", newest.isoformat())
    console.print(f"  全部规则，逐行列出：{command}", markup=False, highlight=False, soft_wrap=True)


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
        again = deployment.command("run", "--date", night.date.isoformat(), "--dataset", night.dataset)
        console.print(
            f"{text}重新运行即可重做：{again}", style="bold red", markup=False, highlight=False, soft_wrap=True
        )


def show_stopped(console: Console, nights: Sequence[DatasetNight], registry: Registry) -> None:
    """Print what was blocked or failed, and why."""
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
            f"[bold red]{title}（{night.dataset}）{night.date} 在“{stage}”{what}，没有发布，之前发布的不受影响：[/]",
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


def _show_empty(console: Console, nights: Sequence[DatasetNight], deployment: Deployment) -> None:
    empty = [
        f"landing/{night.dataset}/{night.date}"
        for night in nights
        if night.outcome == "nothing" and deployment.delivery(night.dataset, night.date).is_dir()
    ]
    if empty:
        told = f"交付文件夹里没有文件，按没有交付处理：{'、'.join(empty)}"
        console.print(told, style="yellow", markup=False, highlight=False, soft_wrap=True)
