"""What stands on each page: figures as tables and charts, in the order a reader asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from govdata.reports.cockpit import cards, charts, city, drill
from govdata.reports.cockpit.figures import Row, Scope
from govdata.reports.cockpit.reading import Told
from govdata.reports.cockpit.state import reasons, stale_after
from govdata.reports.cockpit.tables import Names, file_name
from govdata.reports.cockpit.words import HTML_LANGUAGE, Say, change, number, sayer, word
from govdata.reports.inspection import score
from govdata.standards.model import Registry
from govdata.standards.scoring_settings import PARTS
from govdata.storage import sql
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID, SOURCE_FILE, SOURCE_ROW

LIMITS = (
    (
        "只检查已声明的规则；没有规则的列没有评价，见评估覆盖率。跨表核对发现的是线索，由责任部门核实。",
        "Only declared rules are checked; a column without rules is not assessed. Findings across tables are leads.",
    ),
    (
        "评的是不晚于本页日期的最近一次交付；增量交付的数据集评截至那一次的全表，仍被隔离的行也在内。",
        "The newest delivery not later than the date is assessed; of deltas the table with it, with what is still "
        "in quarantine.",
    ),
    (
        "得分和百分比只取两位小数，多余的截去、不进位：99.999 不写成 100。",
        "Scores and percentages have two digits, cut and not rounded: 99.999 is not shown as 100.",
    ),
    (
        "数字带界只对声明了主键的登记簿；界内的前提是错的值都有规则或别的来源看得出。在 20,000 人的模拟城市里，1,000 "
        "个随机计数至少有 99% 在界内。",
        "Bounds are of registers with a key and hold as far as a rule or another source sees what is wrong; of 1,000 "
        "random counts of a simulated city of 20,000 at least 99 % lie within.",
    ),
    (
        "隔离的行还没有认定是谁，所以涉及人数只能带界。",
        "Rows in quarantine are linked to nobody, so people touched have bounds only.",
    ),
    (
        "工单、豁免是做本页时的状态；重做以前日期的页，工单仍是现在的。",
        "Orders and waivers are as of when the page was made.",
    ),
    (
        "区划的方格只按代码排列，不是地图：没有方位和面积。",
        "The tiles are in order of codes: no map, neither place nor size.",
    ),
    (
        "本页不含任何一条记录的值；要看具体的行，用各数字旁的查询。",
        "No record's value is on these pages; queries lead to rows.",
    ),
)


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
        "cards": cards.shown(rows, names),
        "heat": _heat(rows["heat"], rows["departments"], names),
        "flow": [charts.flow(names.name("dataset", row["dataset"]), row) for row in rows["flow"]],
        "trend": charts.trend(rows["trend"][::-1]),
        "tiles": _tiles(rows["districts"], names),
        "ageing": charts.bars([(row["age"], row["orders"]) for row in rows["ageing"]]),
        "nights": [_night(row, say) for row in rows.get("nights", ())],
        "limits": [say(*limit) for limit in LIMITS],
        "compared": _compared(rows.get("baselines", ()), say),
        "listed_when": _listed_when(registry, say),
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


def _compared(baselines: Sequence[Row], say: Say) -> str:
    """How far the absence of an anomaly tells anything."""
    count = Counter(row["state"] for row in baselines)
    told = [
        say(f"{count['compared']} 个数据集有足够的历史，与自身比过", f"{count['compared']} datasets were compared"),
        say(f"{count['too_few']} 个数据集历史不足，还不能判断", f"{count['too_few']} have too few deliveries to tell"),
        say(f"{count['expired']} 个数据集的基线已到期，没有比", f"{count['expired']} have an expired baseline"),
    ]
    known = [text for state, text in zip(("compared", "too_few", "expired"), told, strict=True) if count[state]]
    return say("；".join(known) + "。", "; ".join(known) + ".") if known else ""


def _listed_when(registry: Registry, say: Say) -> str:
    nights, days = registry.anomalies.stale_nights, registry.anomalies.waived_days
    return say(
        f"连续 {nights} 次交付都是这样（很少交付的数据集看一年以上）才列出，豁免满 {days} 天才列出；"
        "历史还短的时候没有。",
        f"Listed after {nights} deliveries that all went so (over a year of those that come rarely), waivers after "
        f"{days} days; a short history has none.",
    )


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


SIGNS = {"complete": "✓", "stopped": "✕", "unfinished": "✕", "not_run": "!", "idle": "–"}
"""Of how a night went; the word stands beside it."""


def _night(row: Row, say: Say) -> dict[str, Any]:
    state = row["state"]
    return {"date": f"{row['date']:%m-%d}", "state": state, "sign": SIGNS[state], "word": word(state, say)}


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
        "title": _title(names, of, value, found),
        "value": value,
        "file": file_name(of, value),
        "tables": [
            names.shown(told.asked, figure, found[figure.id], value) for figure in drill.OF[of] if found[figure.id]
        ],
        "trend": charts.trend(found.get(f"{of}_trend", ())[::-1]),
        "rows_query": _rows_query(found["rule_now"][0]) if of == "rule" else None,
        "empty": [sayer(names.language)(figure.zh, figure.en) for figure in drill.OF[of] if not found[figure.id]],
    }


def _title(names: Names, of: Scope, value: str, found: Mapping[str, Sequence[Row]]) -> str:
    """A rule is told by what it means; its name stands below."""
    said = [row["message"] for row in found.get("rule_now", ())]
    return said[0] if said and said[0] else names.name(of, value)


def _rows_query(rule: Row) -> str:
    """The failing rows that the figures of the rule's page count."""
    dataset, _, rule_id = rule["scope"].partition("/")
    table = "standing_findings" if rule["standing"] else "findings"
    places = f"{DELIVERY_DATE}, {SOURCE_FILE}, {SOURCE_ROW}"
    return (
        f"SELECT {ROW_ID}, {places} FROM governance.{table} WHERE dataset = "
        f"{sql.text(dataset)} AND rule_id = {sql.text(rule_id)} AND date = DATE '{rule['judged']}' "
        f"ORDER BY {places}"
    )


def things(told: Told) -> dict[Scope, tuple[str, ...]]:
    """Everything that has a page: what was scored, and the rules that fail."""
    return {
        "department": tuple(row["department"] for row in told.city["departments"]),
        "dataset": tuple(row["dataset"] for row in told.city["standing"]),
        "rule": tuple(told.drill["rule_now"]),
        "district": tuple(row["district"] for row in told.city["districts"]),
    }
