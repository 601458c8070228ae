"""数据质量检测报告: what is in it, as plain texts and tables that a document's and a page's template only arrange.

The structure is the usual one of such reports: cover, head, summary, then as annexes the rules, the results per
dimension, the problems per table, standards and timeliness per table.
"""

from __future__ import annotations

from typing import Any

from govdata.governance import department_code
from govdata.reports.inspection_figures import Facts, Row
from govdata.standards.model import DIMENSION_NAMES, SEVERITY_NAMES, Registry
from govdata.standards.scoring_settings import PARTS

BAR = 12
"""Characters of a full bar."""
MOST = 20
"""Lines of a list in the body; the annexes are whole."""
FORMULA = "得分＝Σ（各项 A÷B×100×权重）÷Σ已评估各项的权重；A 为满足要求的元素数，B 为被评价的元素数（GB/T 36344-2018）"
NOTES = (
    "没有规则或没有交付的一项写“未评估”，B＝0 的写“不适用”；二者都不参加加权，也不算满分。",
    "得分不因豁免而变好：豁免的照样计入不合格，另行列出。",
    "评的是不晚于报告日期的最近一次交付；增量交付的数据集评截至那一次的全表，仍被隔离的行也在内。",
    "得分和百分比只取两位小数，多余的截去、不进位：99.999 不写成 100。",
    "只检查已声明的规则；没有规则的列没有评价，见评估覆盖率。跨表核对发现的是线索，由责任部门核实。",
    "报告不含任何一条记录的值；要看具体的行，用附件中的查询，或看发给责任部门的工单。",
)


def context(facts: Facts, registry: Registry) -> dict[str, Any]:
    """Everything the templates name. Texts are plain; lists are rows of texts."""
    total = facts.total
    unit = facts.department or "全市"
    return {
        "title": "数据质量检测报告",
        "unit": unit,
        "date": facts.date.isoformat(),
        "number": number(facts, registry),
        "issuer": registry.workorders.contact or "数据主管部门",
        "head": _head(facts),
        "paragraphs": _paragraphs(facts),
        "formula": FORMULA,
        "sources": _sources(facts),
        "parts": [_part(line) for line in sorted(facts.parts, key=lambda line: list(PARTS).index(line["part"]))],
        "total": {
            "score": score(total["score"]),
            "level": total["level"] or total["state"],
            "assessed": per_cent(total["assessed_weight"]),
        },
        "datasets": [_scope(line) for line in facts.datasets],
        "departments": [_scope(line) for line in facts.departments],
        "divisions": [_scope(line) for line in facts.divisions],
        "trend": [
            {
                "date": str(line["date"]),
                "score": score(line["score"]),
                "note": "标准或评分办法变过" if line["moved"] else "",
            }
            for line in facts.trend
        ],
        "rules": [_rule(line, registry) for line in facts.rules],
        "results": [_result(line, registry) for line in facts.by_dataset],
        "problems": _problems(facts, registry),
        "standards": [_standards(line, registry) for line in facts.datasets],
        "punctuality": [_punctual(line, registry) for line in facts.punctuality],
        "snapshots": [
            {
                "title": _title(line["dataset"], registry),
                "date": str(line["date"]),
                "rows": f"{line['rows']:,}",
                "snapshot": line["snapshot_id"],
                "standards": line["standards_hash"],
            }
            for line in facts.snapshots
        ],
        "orders": _orders(facts),
        "open_orders": [_order(line, facts) for line in facts.orders if line["closed"] is None and line["state"] != 90][
            :MOST
        ],
        "waivers": [
            {
                "title": _title(line["dataset"], registry),
                "rule": line["rule_id"],
                "count": f"{line['items']:,}",
                "reason": line["reason"],
                "until": str(line["until"]),
            }
            for line in facts.waivers
        ],
        "notes": list(NOTES),
        "advice": _advice(facts, registry),
    }


def number(facts: Facts, registry: Registry) -> str:
    """Of the report: never the same for two departments or dates."""
    code = department_code(facts.department, registry) if facts.department else "QS"
    return f"ZLBG-{registry.workorders.number.division}-{code}-{facts.date:%Y%m%d}"


def score(value: float | None) -> str:
    """Two digits, cut and not rounded: 99.999 is no 100."""
    return "—" if value is None else f"{int(value * 100 + 1e-9) / 100:.2f}"


def signed(change: float, more: str, less: str) -> str:
    """A change of a score behind its sign; two digits, cut as scores are."""
    size = score(abs(change))
    return "±0" if size == "0.00" else (more if change > 0 else less) + size


def per_cent(share: float | None) -> str:
    return "—" if share is None else f"{score(100 * share)}%"


def _of_100(rate: float | None) -> str:
    return per_cent(None if rate is None else rate / 100)


def _share(part: int | None, whole: int | None) -> str:
    return per_cent(part / whole) if part is not None and whole else "—"


def _title(dataset: str, registry: Registry) -> str:
    known = registry.datasets.get(dataset)
    return known.title if known else dataset


def _head(facts: Facts) -> list[dict[str, str]]:
    total = facts.total
    lines = {
        "所属单位": facts.department or "全市",
        "检测日期": facts.date.isoformat(),
        "质检结果": (total["level"] or total["state"]) + (f"（{total['card']}）" if total["card"] else ""),
        "得分": score(total["score"]),
        "数据表": f"{len(facts.datasets)} 张",
        "字段": f"{total['columns'] or 0:,} 个，评估到 {total['assessed_columns'] or 0:,} 个",
        "数据量": f"{total['rows'] or 0:,} 条，评估 {total['assessed_rows'] or 0:,} 条",
        "按时交付率": _of_100(total["punctuality_score"]),
        "落标率（越高越好）": _of_100(total["standard_rate"]),
        "所评的最近一次交付": str(total["delivery_date"] or "—"),
        "标准指纹": total["standards_hash"],
    }
    return [{"name": name, "value": value} for name, value in lines.items()]


def _paragraphs(facts: Facts) -> list[str]:
    total, rules = facts.total, facts.rules
    unit = facts.department or "全市各部门"
    run = [line for line in rules if line["checked"]]
    failing = [line for line in run if line["failed"]]
    return [
        f"按照数据标准和数据集合同，对{unit}不晚于 {facts.date} 的最近一次交付进行了数据质量检测。"
        "检测由程序逐条记录、逐条规则进行，结果可用报告所附的查询重现。",
        f"涉及数据表 {len(facts.datasets)} 张、数据 {total['rows'] or 0:,} 条；配置规则 {len(rules)} 条，"
        f"其中 {len(run)} 条有可检查的数据，{len(failing)} 条发现问题，共 {total['failed'] or 0:,} 处"
        f"（同一行可能有几处），其中豁免 {total['waived'] or 0:,} 处。"
        f"综合得分 {score(total['score'])}，等级为{total['level'] or total['state']}；"
        f"评估到的权重占 {per_cent(total['assessed_weight'])}。{_moved(total)}",
    ]


def _moved(line: Row) -> str:
    told = []
    for back, name in ((1, "上一次交付"), (7, "7 次交付以前"), (30, "30 次交付以前")):
        change = line[f"change_{back}"]
        if change is not None:
            note = "（其间标准或评分办法变过，变化不全是数据的）" if line[f"standards_changed_{back}"] else ""
            by = f"{abs(change):.2f}"
            moved = f"比{name}{'高' if change > 0 else '低'} {by} 分" if by != "0.00" else f"与{name}持平"
            told.append(moved + note)
    return "得分" + "，".join(told) + "。" if told else "没有可比的以前的得分。"


def _sources(facts: Facts) -> list[dict[str, str]]:
    scheme = facts.scheme
    names = {
        "权重": scheme.weights,
        "等级": scheme.levels,
        "给牌": scheme.cards,
        "上榜条件": scheme.ranking,
        "按时交付率的期间": scheme.window,
    }
    return [
        {"name": name, "source": entry.source, "grade": entry.grade, "since": entry.valid_from or "—"}
        for name, entry in names.items()
    ]


def _part(line: Row) -> dict[str, Any]:
    value = line["score"]
    return {
        "name": line["dimension"] + (f"（{line['part_name']}）" if line["part_name"] else ""),
        "weight": f"{line['weight']:g}",
        "a": _number(line["a"]),
        "b": _number(line["b"]),
        "failed": _number(line["failed"]),
        "waived": _number(line["waived"]),
        "rules": f"{line['rules']:,}",
        "score": score(value) if value is not None else line["state"],
        "level": line["level"] or "",
        "change": _change(line),
        "value": value or 0,
        "bar": "█" * int(BAR * value / 100) if value is not None else "",
        "query": line["query"] or "",
    }


def _number(value: int | None) -> str:
    return "—" if value is None else f"{value:,}"


def _change(line: Row, back: int = 1) -> str:
    change = line[f"change_{back}"]
    if change is None:
        return "—"
    return signed(change, "+", "-") + ("＊" if line[f"standards_changed_{back}"] else "")


def _scope(line: Row) -> dict[str, Any]:
    return {
        "name": line["scope_name"],
        "score": score(line["score"]) if line["score"] is not None else line["state"],
        "level": line["level"] or "",
        "card": line["card"] or "",
        "rank": str(line["rank"] or line["rank_note"] or ""),
        "columns": _share(line["assessed_columns"], line["columns"]),
        "rows": _share(line["assessed_rows"], line["rows"]),
        "standard": _of_100(line["standard_rate"]),
        "failed": _number(line["failed"]),
        "waived": _number(line["waived"]),
        "changes": [_change(line, back) for back in (1, 7, 30)],
        "value": line["score"] or 0,
    }


def _rule(line: Row, registry: Registry) -> dict[str, str]:
    return {
        "dimension": DIMENSION_NAMES.get(line["dimension"] or "", "") or PARTS[line["part"]][0],
        "title": _title(line["dataset"], registry),
        "rule": line["rule_id"],
        "message": line["message"] or "",
        "source": line["source"] or "数据集合同",
        "severity": SEVERITY_NAMES[line["severity"]],
        "indicator": line["indicator"] or "",
    }


def _result(line: Row, registry: Registry) -> dict[str, str]:
    return {
        "title": _title(line["dataset"], registry),
        "dimension": line["dimension"] + (f"（{line['part_name']}）" if line["part_name"] else ""),
        "weight": f"{line['weight']:g}",
        "rules": f"{line['rules']:,}",
        "failed": _number(line["failed"]),
        "share": _share(line["failed"], line["b"]),
        "score": score(line["score"]),
    }


def _problems(facts: Facts, registry: Registry) -> list[dict[str, str]]:
    found = sorted((line for line in facts.rules if line["failed"]), key=lambda line: -line["failed"])
    return [
        {
            "title": _title(line["dataset"], registry),
            "column": _column(line, registry),
            "message": line["message"] or line["rule_id"],
            "failed": f"{line['failed']:,}",
            "waived": f"{line['waived']:,}",
            "share": _share(line["failed"], line["checked"]),
            "severity": SEVERITY_NAMES[line["severity"]],
            "query": f"SELECT * FROM governance.{'standing_findings' if line['standing'] else 'findings'} WHERE "
            f"dataset = '{line['dataset']}' AND date = DATE '{line['judged']}' AND rule_id = '{line['rule_id']}'",
        }
        for line in found
    ]


def _column(line: Row, registry: Registry) -> str:
    dataset, name = registry.datasets.get(line["dataset"]), line["column_name"]
    return next((column.title for column in dataset.columns if column.name == name), name or "") if dataset else name


def _standards(line: Row, registry: Registry) -> dict[str, str]:
    dataset = registry.datasets[line["dataset"]]
    keys = [column.title for column in dataset.columns if column.primary_key]
    return {
        "title": dataset.title,
        "purpose": dataset.purpose,
        "key": "、".join(keys) or "无",
        "columns": str(len(dataset.columns)),
        "bound": _number(line["bound_columns"]),
        "cells": _number(line["cells"]),
        "rate": _of_100(line["standard_rate"]),
    }


def _punctual(line: Row, registry: Registry) -> dict[str, str]:
    due = line["on_time"] + line["late"] + line["missing"]
    return {
        "title": _title(line["dataset"], registry),
        "period": f"{line['period_days']} 天",
        "newest": str(line["newest_delivery"] or "没有交付过"),
        "due": str(due),
        "on_time": str(line["on_time"]),
        "late": str(line["late"]),
        "missing": str(line["missing"]),
        "rate": _share(line["on_time"], due) if due else "不适用",
    }


def _orders(facts: Facts) -> list[dict[str, str]]:
    alive = [line for line in facts.orders if line["state"] != 90]
    still = [line for line in alive if line["closed"] is None]
    counts = {
        "派发": len(alive),
        "在办": len(still),
        "其中超期": sum(line["due"] < facts.date for line in still),
        "已反馈": sum(line["replied"] is not None for line in alive),
        "办结": len(alive) - len(still),
        "重开过": sum(line["reopened"] > 0 for line in alive),
    }
    listed = [{"name": name, "value": f"{value:,}"} for name, value in counts.items()]
    return [*listed, *(_suggestion(line) for line in facts.suggestions)]


def _suggestion(line: Row) -> dict[str, str]:
    decided = line["accepted"] + line["other"]
    value = f"给出 {line['suggested']:,} 条，已改好 {decided:,} 条，其中采纳 {line['accepted']:,} 条"
    rate = f"，采纳率 {_share(line['accepted'], decided)}" if decided else ""
    return {"name": f"建议值：{line['way_name']}（把握：{line['trust']}）", "value": value + rate}


def _order(line: Row, facts: Facts) -> dict[str, str]:
    return {
        "number": line["order_no"],
        "problem": line["message"] + (f"（{line['cause']}）" if line["cause"] else ""),
        "state": line["state_name"],
        "count": f"{line['open_items']:,}",
        "due": str(line["due"]) + ("（超期）" if line["due"] < facts.date else ""),
    }


def _advice(facts: Facts, registry: Registry) -> list[str]:
    """What the figures say is to be done; no judgement that they do not bear."""
    problems = _problems(facts, registry)[:3]
    told = [
        f"{line['title']}“{line['column'] or '整表'}”：{line['message']}，{line['failed']} 处（占 {line['share']}）。"
        for line in problems
    ]
    missing = [
        line["title"] for line in (_punctual(row, registry) for row in facts.punctuality) if line["missing"] != "0"
    ]
    still = [line for line in facts.orders if line["closed"] is None and line["state"] != 90]
    overdue = sum(line["due"] < facts.date for line in still)
    unassessed = [line["dimension"] for line in facts.parts if line["state"] == "未评估" and line["weight"]]
    return [
        *(
            [f"问题最多的是：{''.join(told)}请责任部门在源头改正，后来的交付合格后工单自动办结。"]
            if told
            else ["没有发现问题。"]
        ),
        *([f"没有按周期交付的：{'、'.join(missing)}。"] if missing else []),
        *([f"超期未办结的工单 {overdue} 张，请督促。"] if overdue else []),
        *([f"未评估的维度：{'、'.join(dict.fromkeys(unassessed))}；需要时请补充规则。"] if unassessed else []),
    ]
