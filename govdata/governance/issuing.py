"""Orders that new evidence asks for: their number, priority, limits and words, all fixed in the event that issues
them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from govdata.governance.across import Disagreement, disagreements
from govdata.governance.calendar import Calendar
from govdata.governance.evidence import CONFLICT, CROSS, REJECTED
from govdata.governance.log import ENGINE, Event
from govdata.governance.orders import Order, State
from govdata.standards.model import BoundRule, CrossRule, Dataset, Registry
from govdata.storage.manifest import fingerprint


@dataclass(frozen=True)
class Told:
    """What an order says of its rule, Chinese; ``personal``: whether the column is personal information."""

    department: str
    severity: str
    dimension: str
    message: str
    column: str | None = None
    title: str | None = None
    source: str | None = None
    indicator: str | None = None
    personal: bool = False


def told(registry: Registry, dataset: str, scope: str, rule_id: str) -> Told | None:
    """None where no such rule is declared any more."""
    contract = registry.datasets.get(dataset)
    if contract is None:
        return None
    if rule_id == REJECTED:
        return Told(contract.owner, "error", "conformity", "记录无法读取，没有入库，请按原因改正后重新交付")
    if scope == CONFLICT:
        asked = disagreements(registry, dataset).get(rule_id)
        return _contradicts(asked, registry, contract) if asked is not None else None
    rules: Sequence[BoundRule | CrossRule] = registry.cross if scope == CROSS else registry.rules(dataset)
    rule = next((rule for rule in rules if rule.id == rule_id and rule.dataset == dataset), None)
    if rule is None:
        return None
    column = next((column for column in contract.columns if column.name == rule.column), None)
    element = registry.elements[column.element] if column else None
    return Told(
        department=rule.owner if isinstance(rule, CrossRule) else contract.owner,
        severity=rule.severity,
        dimension=rule.dimension,
        message=rule.message,
        column=rule.column,
        title=column.title if column else None,
        source=rule.source or (element.basis if element is not None else None),
        indicator=rule.indicator,
        personal=element is not None and element.sensitivity.personal != "none",
    )


def _contradicts(asked: Disagreement, registry: Registry, dataset: Dataset) -> Told:
    column = dataset.column(asked.column)
    return Told(
        department=dataset.owner,
        severity="warning",
        dimension="consistency",
        message=f"{asked.role_name}的{asked.element_name}与其他部门的不一致，按声明的顺位取用的是别的值"
        f"（权威来源：{asked.authority}），请核实哪一个有误",
        column=asked.column,
        title=column.title,
        source=f"一数一源：standards/masters/{asked.kind}.yaml",
        indicator="0402",
        personal=registry.elements[column.element].sensitivity.personal != "none",
    )


def events(state: State, log: Sequence[Event], registry: Registry, calendar: Calendar) -> list[Event]:
    """An ISSUE or ADD event per group of items that have no order yet: the same evidence, rule and root cause."""
    by_seq = {event.seq: event for event in log if event.kind == "EVIDENCE"}
    groups: dict[tuple[int, str, str, str, str], list[dict[str, Any]]] = {}
    for run in state.unissued:
        groups.setdefault((run["begun"], run["dataset"], run["scope"], run["rule_id"], run["cause"]), []).append(run)
    serial = _Serials(log)
    made: list[Event] = []
    for (seq, dataset, scope, rule_id, cause), runs in groups.items():
        rule = told(registry, dataset, scope, rule_id)
        if rule is None:
            continue
        same = [
            order
            for order in state.orders.values()
            if (order.owner, order.dataset, order.scope, order.rule_id, order.cause)
            == (rule.department, dataset, scope, rule_id, cause)
        ]
        made.append(_event(by_seq[seq], rule, cause, runs, same, registry, calendar, serial))
    return made


class _Serials:
    """Numbers of the orders of a day, from 1, over all departments; the log keeps those that were given."""

    def __init__(self, log: Sequence[Event]) -> None:
        self._last: dict[Date, int] = {}
        for event in log:
            if event.kind == "ISSUE":
                self._last[event.date] = self._last.get(event.date, 0) + 1

    def next(self, day: Date) -> int:
        self._last[day] = self._last.get(day, 0) + 1
        return self._last[day]


def _event(
    evidence: Event,
    rule: Told,
    cause: str,
    runs: Sequence[dict[str, Any]],
    same: Sequence[Order],
    registry: Registry,
    calendar: Calendar,
    serial: _Serials,
) -> Event:
    day, settings = evidence.date, registry.workorders
    handle, sign = settings.limit("handle", day), settings.limit("sign", day)
    due = calendar.after(day, handle.days)
    open_order = next((order for order in same if order.is_open), None)
    first = runs[0]
    facts: dict[str, Any] = {"evidence": evidence.seq, "rule_id": first["rule_id"], "cause": cause, "items": len(runs)}
    if open_order is not None:
        return Event(date=day, kind="ADD", actor=ENGINE, order=open_order.number, until=due, facts=facts)
    score, priority = _priority(rule, len(runs), sum(order.ever_closed for order in same), registry)
    facts |= {
        "dataset": first["dataset"],
        "scope": first["scope"],
        "severity": rule.severity,
        "dimension": rule.dimension,
        "message": rule.message,
        "column": rule.column,
        "title": rule.title,
        "source": rule.source,
        "indicator": rule.indicator,
        "said": _said(cause, first["shape"], rule.title),
        "score": score,
        "priority": priority,
        "limit_days": handle.days,
        "limit_source": handle.source,
        "limit_grade": handle.grade,
        "sign_due": calendar.after(day, sign.days).isoformat(),
        "unknown_years": list(calendar.unknown_years(day, due)),
        "standards": evidence.facts["standards"],
        "delivery": evidence.facts["token"],
    }
    number = _number(rule.department, day, serial.next(day), registry)
    return Event(date=day, kind="ISSUE", actor=ENGINE, order=number, department=rule.department, until=due, facts=facts)


def department_code(department: str, registry: Registry) -> str:
    """As declared, else one that is always the same for the name."""
    known = registry.workorders.departments.get(department)
    return known.code if known else "B" + fingerprint(department)[:4].upper()


def _number(department: str, day: Date, serial: int, registry: Registry) -> str:
    number = registry.workorders.number
    return f"{number.prefix}-{number.division}-{department_code(department, registry)}-{day:%Y%m%d}-{serial:04d}"


def _priority(rule: Told, rows: int, before: int, registry: Registry) -> tuple[float, int]:
    """Score and priority 1 to 3 (普通, 紧急, 非常紧急) by the declared weights."""
    weights = registry.workorders.priority
    severity = weights.error if rule.severity == "error" else weights.warning
    score = severity * (1 + weights.rows * math.log10(max(rows, 1))) * (weights.personal if rule.personal else 1)
    score = round(score * (1 + weights.repeat * before), 2)
    return score, 3 if score >= weights.very_urgent else 2 if score >= weights.urgent else 1


def _said(cause: str, shape: str | None, title: str | None) -> str | None:
    """What the items of a root cause have in common, Chinese and without a value."""
    kind, _, rest = cause.partition(":")
    match kind:
        case "column":
            return f"交付文件里没有“{title}”这一列（可能改了列名），因此整列都是空的"
        case "code":
            return f"都是同一个不认识的代码，写法为 {shape}"
        case "shape":
            return "都是空的" if rest == "空" else f"写法都是 {rest}（9 代表数字，A 代表字母，汉 代表汉字）"
        case "reason":
            return rest
    return None
