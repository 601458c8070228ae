"""A judge of its own: every rule kind of the standards evaluated row by row in plain Python.

The engine and the GX suite both compile from one tree, so a wrong tree is wrong in both. This shares nothing with them
but the declared standards: no sqlglot, no DuckDB, no compiled predicate. It judges what was standardised and does not
standardise itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date as Date
from decimal import Decimal
from typing import Any

from govdata.standards.model import (
    BoundRule,
    CheckDigit,
    CodeSet,
    Dataset,
    DateRange,
    Garbled,
    InCodeSet,
    Length,
    Pattern,
    Range,
    Registry,
    Required,
    Row,
    Typed,
    Unique,
)
from tests.content import expression, numbers, places

Standardized = Mapping[str, Any]


class Reference:
    """Judges rows of one dataset, delivered on ``date``."""

    def __init__(self, dataset: str, registry: Registry, date: Date) -> None:
        self.dataset: Dataset = registry.datasets[dataset]
        self.registry = registry
        self.rules = registry.rules(dataset)
        self.date = date
        self.codes: dict[tuple[str, bool], frozenset[str]] = {}
        for name, code_set in registry.code_sets.items():
            self.codes[name, False] = frozenset(code.code for code in code_set.codes)
            self.codes[name, True] = frozenset(
                code.code for code in code_set.codes if self._in_force(code.valid_to, code_set)
            )
        self.judges = {rule.id: self._judge(rule) for rule in self.rules if not isinstance(rule.spec, Unique)}

    def failed(self, rows: Sequence[Standardized]) -> list[set[str]]:
        """Ids of the rules that each of ``rows`` (the whole delivery) fails."""
        result = [{id for id, fails in self.judges.items() if fails(row)} for row in rows]
        for rule in self.rules:
            if isinstance(rule.spec, Unique):
                keys = [tuple(row[name] for name in rule.spec.columns) for row in rows]
                counted = Counter(key for key in keys if None not in key)
                for found, key in zip(result, keys, strict=True):
                    if counted[key] > 1:
                        found.add(rule.id)
        return result

    def _in_force(self, valid_to: str, code_set: CodeSet) -> bool:
        """A yearbook's end year is still in force; an end date is the first day without."""
        if not valid_to:
            return True
        return (
            self.date.year <= int(valid_to[:4])
            if code_set.validity == "year"
            else self.date < Date.fromisoformat(valid_to)
        )

    def _judge(self, rule: BoundRule) -> Callable[[Standardized], bool]:
        judge, delivery = self._of_kind(rule), self.dataset.delivery
        # A delta's removal names a key and need not say anything else.
        if (
            delivery.mode != "delta"
            or delivery.operation is None
            or set(rule.columns) <= {*delivery.key, delivery.operation}
        ):
            return judge
        operation = delivery.operation
        return lambda row: row[operation] != "D" and judge(row)

    def _of_kind(self, rule: BoundRule) -> Callable[[Standardized], bool]:
        name, spec = rule.column or "", rule.spec
        if isinstance(spec, Row):
            condition = expression.Reader(spec.expression, rule.column, self.date, self.codes, self._named).read()
            return lambda row: condition(row) is False
        if isinstance(spec, Required):
            return lambda row: row[name] is None and name not in unparsed(row)
        if isinstance(spec, Typed) or rule.empties:
            return lambda row: name in unparsed(row)
        holds = self._of_value(spec)
        return lambda row: row[name] is not None and not holds(row[name])

    def _named(self, code_set: str) -> Callable[[str, str], bool]:
        known = self.registry.code_sets[code_set]
        return places.Gazetteer(known, lambda code: self._in_force(code.valid_to, known)).names_another

    def _of_value(self, spec: Any) -> Callable[[Any], bool]:
        match spec:
            case InCodeSet(code_set=code_set, current=current):
                return lambda value: value in self.codes[code_set, current]
            case Pattern(pattern=pattern, negate=negate):
                return lambda value: expression.matches(value, pattern) is not negate
            case Length(min=low, max=high):
                return lambda value: within(len(value), low, high)
            case Range(min=low, max=high):
                return lambda value: within(Decimal(value), low, high)
            case DateRange(min=earliest, max=latest):
                return lambda value: within(expression.day(value), self._bound(earliest), self._bound(latest))
            case Garbled():
                return spec.passes
            case CheckDigit(algorithm=algorithm):
                return lambda value: numbers.check_digit_ok(algorithm, value)
        raise TypeError(spec)

    def _bound(self, text: str | None) -> Date | None:
        return self.date if text == "delivery_date" else Date.fromisoformat(text) if text else None


def within(value: Any, low: Any, high: Any) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def unparsed(row: Standardized) -> set[str]:
    """Columns whose delivered text could not be read as their type."""
    return {name for name, _ in row["_unparsed"] or ()}
