"""What stands on each page: figures as tables and charts, in the order a reader asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from govdata.reports.cockpit import charts, city, drill
from govdata.reports.cockpit.figures import Figure, Row, Scope
from govdata.reports.cockpit.reading import Told
from govdata.reports.cockpit.state import reasons, stale_after
from govdata.reports.cockpit.tables import Names, file_name
from govdata.reports.cockpit.words import HTML_LANGUAGE, Language, change, number, sayer, word
from govdata.reports.inspection import per_cent, score
from govdata.standards.model import Registry
from govdata.standards.scoring_settings import PARTS

LIMITS = (
    ("只检查已声明的规则；没有规则的列没有评价，见评估覆盖率。跨表核对发现的是线索，由责任部门核实。",
     "Only declared rules are checked; a column without rules is not assessed. Findings across tables are leads."),
    ("评的是不晚于本页日期的最近一次交付；增量交付只评这一次的记录，行数少时分数起伏大。",
     "The newest delivery not later than the date is assessed; a small delta makes the score jump."),
    ("数字带界只对声明了主键的登记簿；界内的前提是错的值都有规则或别的来源看得出。在 20,000 人的模拟城市里，1,000 个随机计数至少有 99% 在界内。",
     "Bounds are of registers with a key and hold as far as a rule or another source sees what is wrong; of 1,000 random "
     "counts of a simulated city of 20,000 at least 99 % lie within."),
    ("隔离的行还没有认定是谁，所以涉及人数只能带界。", "Rows in quarantine are linked to nobody, so people touched have bounds only."),
    ("工单、豁免是做本页时的状态；重做以前日期的页，工单仍是现在的。", "Orders and waivers are as of when the page was made."),
    ("区划的方格只按代码排列，不是地图：没有方位和面积。", "The tiles are in order of codes: no map, neither place nor size."),
    ("本页不含任何一条记录的值；要看具体的行，用各数字旁的查询。", "No record's value is on these pages; queries lead to rows."),
)  # fmt: skip


def city_page(told: Told, registry: Registry, names: Names, made: datetime) -> dict[str, Any]:
    """Everything the template of the front page names."""
    say = sayer(names.language)
    rows = told.city
    tables = {
        figure.id: names.shown(told.asked, figure, rows[figure.id]) for figure in city.FIGURES if figure.id in rows
    }
    return {
        **common(told, names, made),
        "reasons": reasons(told, registry, made.date(), say),
        "stale_after": f"{stale_after(told.asked.date):%Y-%m-%d %H:%M}",
        "standards": rows["score"][0]["standards_hash"],
        "issuer": registry.workorders.contact,
        "tables": tables,
        "cards": _cards(rows, names),
        "heat": _heat(rows["heat"], rows["departments"], names),
        "flow": [charts.flow(names.name("dataset", row["dataset"]), row) for row in rows["flow"]],
        "trend": charts.trend(rows["trend"]),
        "tiles": _tiles(rows["districts"], names),
        "ageing": charts.bars([(row["age"], row["orders"]) for row in rows["ageing"]]),
        "limits": [say(*limit) for limit in LIMITS],
        "absent": say("未启用：目录里还没有这张表", "Not in use: the catalogue has no such table yet"),
    }


def common(told: Told, names: Names, made: datetime) -> dict[str, Any]:
    return {
        "t": sayer(names.language),
        "language": names.language,
        "html_language": HTML_LANGUAGE[names.language],
        "date": told.asked.date.isoformat(),
        "made": f"{made:%Y-%m-%d %H:%M}",
    }


def _cards(rows: Mapping[str, Sequence[Row]], names: Names) -> list[dict[str, Any]]:
    """The six numbers: name, value, what it is made of, the figure with its query, whether it calls for somebody."""
    say = sayer(names.language)
    (points,), (cover,), (night,), (stopped,), (orders,), (timely,) = (
        rows[name] for name in ("score", "coverage", "tonight", "blocked", "orders", "on_time")
    )
    star = "＊" if points["standards_changed"] else ""
    return [
        {"id": "score", "name": say("质量得分", "Quality score"), "value": score(points["score"]),
         "note": say(f"{word(points['level'], say)}，比上次交付 {change(points['change_1'])}{star}",
                     f"{word(points['level'], say)}, {change(points['change_1'])}{star} since the last delivery"),
         "alert": (points["score"] or 0) < 60},
        {"id": "coverage", "name": say("评估覆盖率", "Coverage"), "value": per_cent(cover["coverage"]),
         "note": say(f"{number(cover['columns'])} 列中评估到 {number(cover['assessed_columns'])} 列；行 {per_cent(cover['row_coverage'])}",
                     f"{number(cover['assessed_columns'])} of {number(cover['columns'])} columns; rows {per_cent(cover['row_coverage'])}"),
         "alert": False},
        {"id": "tonight", "name": say("今晚交付", "Delivered tonight"), "value": number(night["delivered"]),
         "note": say(f"＝发布 {number(night['published'])}＋留下 {number(night['held'])}＋重复 {number(night['duplicates'])}",
                     f"= published {number(night['published'])} + held back {number(night['held'])} + duplicates {number(night['duplicates'])}"),
         "alert": False},
        {"id": "blocked", "name": say("没有发布的交付", "Deliveries not published"), "value": number(stopped["stopped"]),
         "note": say(f"今晚 {number(stopped['arrived'])} 份交付，已发布 {number(stopped['published'])} 份",
                     f"{number(stopped['arrived'])} deliveries tonight, {number(stopped['published'])} published"),
         "alert": stopped["stopped"] > 0},
        {"id": "orders", "name": say("在办工单", "Open orders"), "value": number(orders["open"]),
         "note": say(f"其中超期 {number(orders['overdue'])} 张；今日新派 {number(orders['issued'])} 张",
                     f"{number(orders['overdue'])} overdue; {number(orders['issued'])} issued today"),
         "alert": orders["overdue"] > 0},
        {"id": "on_time", "name": say("按时交付率", "Delivered on time"),
         "value": per_cent(timely["rate"]) if timely["due"] else say("不适用", "n/a"),
         "note": say(f"今晚应有 {number(timely['due_tonight'])}，缺 {number(timely['missing_tonight'])}",
                     f"{number(timely['due_tonight'])} due tonight, {number(timely['missing_tonight'])} missing"),
         "alert": timely["missing_tonight"] > 0},
    ]  # fmt: skip


def _heat(cells: Sequence[Row], departments: Sequence[Row], names: Names) -> dict[str, Any]:
    say = sayer(names.language)
    by_place = {(row["department"], row["part"]): row for row in cells}
    parts = [part for part in PARTS if any(row["part"] == part for row in cells)]
    weights = {row["part"]: number(row["weight"]) for row in cells}
    lines = []
    for row in departments:
        shown = []
        for part in parts:
            cell = by_place[row["department"], part]
            text = score(cell["score"]) if cell["score"] is not None else word(cell["state"], say)
            shown.append({"text": text, "shade": charts.shade(cell["score"], cell["state"])})
        star = "＊" if row["standards_changed"] else ""
        lines.append(
            {
                "name": row["department"],
                "href": names.link("department", row["department"]),
                "cells": shown,
                "score": score(row["score"]),
                "rank": number(row["rank"]) if row["rank"] is not None else word(row["rank_note"], say),
                "change": change(row["change_1"]) + star,
            }
        )
    return {"parts": [(word(part, say), weights[part]) for part in parts], "lines": lines}


def _tiles(districts: Sequence[Row], names: Names) -> list[dict[str, Any]]:
    """One group per division that has others below it, its children as tiles."""
    by_parent: dict[str, list[Row]] = {}
    for row in districts:
        by_parent.setdefault(row["parent"] or "", []).append(row)
    groups = []
    for row in districts:
        below = by_parent.get(row["district"], [])
        if not below:
            continue
        groups.append({"name": row["name"], "tiles": [_tile(one, row["name"], names) for one in below]})
    return groups


def _tile(row: Row, parent: str, names: Names) -> dict[str, Any]:
    return {
        "name": row["name"].removeprefix(parent) or row["name"],
        "href": names.link("district", row["district"]),
        "score": score(row["score"]),
        "failed": number(row["failed"]),
        "shade": charts.shade(row["score"], "未评估" if row["b"] is None else "不适用"),
    }


TITLES: dict[Scope, tuple[str, str]] = {
    "department": ("部门", "Department"),
    "dataset": ("数据集", "Dataset"),
    "rule": ("规则", "Rule"),
    "district": ("区划", "District"),
}


def drill_page(told: Told, names: Names, of: Scope, value: str, made: datetime) -> dict[str, Any]:
    """Everything the template of a page behind the front page names."""
    found = {figure.id: told.drill.get(figure.id, {}).get(value, ()) for figure in drill.OF[of]}
    return {
        **common(told, names, made),
        "kind": sayer(names.language)(*TITLES[of]),
        "title": names.name(of, value),
        "value": value,
        "file": file_name(of, value),
        "tables": [_of(told, names, figure, found[figure.id], value) for figure in drill.OF[of] if found[figure.id]],
        "trend": charts.trend(found.get(f"{of}_trend", ())),
        "empty": [sayer(names.language)(figure.zh, figure.en) for figure in drill.OF[of] if not found[figure.id]],
    }


def _of(told: Told, names: Names, figure: Figure, rows: Sequence[Row], value: str) -> Any:
    return names.shown(told.asked, figure, rows, value)


def things(told: Told, languages: Sequence[Language] = ()) -> dict[Scope, tuple[str, ...]]:
    """Everything that has a page: what was scored, and the rules that fail."""
    return {
        "department": tuple(row["department"] for row in told.city["departments"]),
        "dataset": tuple(row["dataset"] for row in told.city["standing"]),
        "rule": tuple(told.drill["rule_now"]),
        "district": tuple(row["district"] for row in told.city["districts"]),
    }
