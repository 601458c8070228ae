"""The six numbers at the head of the cockpit, each from one figure and called out where somebody has to act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from govdata.reports.cockpit import city
from govdata.reports.cockpit.figures import Figure, Row
from govdata.reports.cockpit.tables import Names
from govdata.reports.cockpit.words import NONE, sayer


@dataclass(frozen=True)
class Card:
    """``value``: the column shown large; ``zh`` and ``en``: what it is made of, naming the figure's columns; ``calls``:
    whether the row calls for somebody."""

    figure: Figure
    name: tuple[str, str]
    value: str
    zh: str
    en: str
    calls: Callable[[Row], bool] = lambda row: False


CARDS = (
    Card(
        city.SCORE,
        ("质量得分", "Quality score"),
        "score",
        "{level}，{card}，比上次交付 {change_1}{star}",
        "{level}, {card}, {change_1}{star} since the last delivery",
        lambda row: row["score"] is None or row["card"] == "红牌",
    ),
    Card(
        city.COVERAGE,
        ("评估覆盖率", "Coverage"),
        "coverage",
        "{columns} 列中评估到 {assessed_columns} 列；行 {row_coverage}",
        "{assessed_columns} of {columns} columns; rows {row_coverage}",
    ),
    Card(
        city.TONIGHT,
        ("今晚交付", "Delivered tonight"),
        "delivered",
        "＝发布 {published}＋留下 {held}＋重复 {duplicates}",
        "= published {published} + held back {held} + duplicates {duplicates}",
    ),
    Card(
        city.BLOCKED,
        ("没有发布的交付", "Deliveries not published"),
        "stopped",
        "今晚 {arrived} 份交付，已发布 {published} 份",
        "{arrived} deliveries tonight, {published} published",
        lambda row: row["stopped"] > 0,
    ),
    Card(
        city.ORDERS,
        ("在办工单", "Open orders"),
        "open",
        "其中超期 {overdue} 张；今日新派 {issued} 张",
        "{overdue} overdue; {issued} issued today",
        lambda row: row["overdue"] > 0,
    ),
    Card(
        city.ON_TIME,
        ("按时交付率", "Delivered on time"),
        "rate",
        "今晚应有周期内交付的数据集 {due_tonight} 个，缺 {missing_tonight} 个",
        "{due_tonight} datasets should have one within their period tonight, {missing_tonight} missing",
        lambda row: row["missing_tonight"] > 0,
    ),
)


def shown(rows: Mapping[str, Sequence[Row]], names: Names) -> list[dict[str, Any]]:
    """Name, value and note of each, as a page writes them."""
    say = sayer(names.language)
    found = []
    for card in CARDS:
        (row,) = rows[card.figure.id]
        texts = {column.name: names.text(column, row) for column in card.figure.columns}
        texts["star"] = "＊" if row.get("standards_changed") else ""
        value = texts[card.value]
        found.append(
            {
                "id": card.figure.id,
                "name": say(*card.name),
                "value": say("不适用", "n/a") if value == NONE else value,
                "note": say(card.zh, card.en).format_map(texts),
                "alert": card.calls(row),
            }
        )
    return found
