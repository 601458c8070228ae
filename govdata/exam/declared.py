"""Damage that follows from what is declared: for datasets that the simulated city does not know, and so for any.

Of every column: other forms that its element's normalisers should bring back, the element's own examples of repair and
of what is invalid, and one break for each rule of a column. Of a dataset's rules across columns: plain comparisons
(``a <= b AND …``) turned round. A rule that says more than that is struck by nothing here and told of as untried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from sqlglot import exp

from govdata.sample.corruption import Chosen, Damage, Defect, Values, drawn, each, fullwidth, one_of, shift, short
from govdata.standards import expressions
from govdata.standards.kinds import (
    CheckDigit,
    DateRange,
    Garbled,
    InCodeSet,
    Length,
    Pattern,
    Range,
    Required,
    Row,
    Typed,
)
from govdata.standards.model import BoundRule, Column, Dataset, Registry

DATE, NUMBER = r"^\d{4}-\d{2}-\d{2}", r"^-?\d+(\.\d+)?$"
UNKNOWN = "Q9待定"
FAR = 400
"""Days by which a date is moved past what it is compared with."""


def declared(dataset: Dataset, registry: Registry) -> Iterator[Defect]:
    """Damage for every column and rule of ``dataset``, each in one column."""
    for column in dataset.columns:
        yield from _forms(dataset, column, registry)
        yield from _examples(dataset, column, registry)
    for rule in registry.rules(dataset.name):
        yield from _breaks(dataset, rule, registry)


def told_apart(dataset: Dataset, registry: Registry) -> str:
    """A column of free text outside the key, that two records of one key may differ in; empty where there is none."""
    for column in dataset.columns:
        element = registry.elements[column.element]
        free = element.type == "text" and not any(isinstance(r.spec, Pattern | CheckDigit) for r in element.rules)
        if free and column.name not in dataset.key:
            return column.name
    return ""


def _defect(kind: str, dataset: Dataset, column: str, repairable: bool, damage: Damage, matching: str | None) -> Defect:
    return Defect(kind, {dataset.name: (column,)}, 0.0, repairable, damage, matching)


def _forms(dataset: Dataset, column: Column, registry: Registry) -> Iterator[Defect]:
    """The same value in another form: what every department's export does to it."""
    element = registry.elements[column.element]

    def form(kind: str, change: Callable[[str], str], matching: str = ".") -> Defect:
        return _defect(kind, dataset, column.name, True, each(change), matching)

    yield form("outer_spaces", lambda v: f" {v}　")
    if element.type == "date":
        yield form("date_compact", lambda v: v.replace("-", ""), DATE)
        yield form("date_slashes", lambda v: v.replace("-", "/"), DATE)
        yield form("date_chinese_units", lambda v: short(v, "{year}年{month}月{day}日"), DATE)
    if element.type == "datetime":
        yield form("datetime_slashes", lambda v: v.replace("-", "/"), DATE)
    if element.type in ("integer", "decimal"):
        yield form("number_fullwidth", fullwidth, NUMBER)
    if element.type == "integer":
        yield form("integer_decimal", lambda v: v + ".0", NUMBER)
    if element.code_set is not None:
        yield from _words(dataset, column, registry)
    tokens = registry.null_tokens if element.null_tokens is None else element.null_tokens
    if tokens and not column.required:
        yield _defect("null_word", dataset, column.name, True, one_of(*tokens), None)


def _words(dataset: Dataset, column: Column, registry: Registry) -> Iterator[Defect]:
    """A source's word for the code: the column's own, else the code set's."""
    code_set = registry.code_sets[str(registry.elements[column.element].code_set)]
    words: dict[str, list[str]] = {}
    for word, code in {**code_set.synonyms, **column.synonyms}.items():
        words.setdefault(code, []).append(word)
    if words:
        listed = "^(" + "|".join(re.escape(code) for code in words) + ")$"
        told = drawn(lambda v, n: words[v][n % len(words[v])], 60)
        yield _defect("code_word", dataset, column.name, True, told, listed)


def _examples(dataset: Dataset, column: Column, registry: Registry) -> Iterator[Defect]:
    """The element's own examples. One of repair strikes the rows that hold what it is to become."""
    examples = registry.elements[column.element].examples
    for delivered, standard in examples.repairs.items():
        if standard is not None:
            yield _defect(
                "example_repair", dataset, column.name, True, one_of(delivered), f"^{re.escape(str(standard))}$"
            )
    in_force = {rule.id for rule in registry.rules(dataset.name)}
    for delivered, rule in examples.invalid.items():
        if f"{column.name}.{rule}" in in_force:
            yield _defect(f"example_of_{rule}", dataset, column.name, False, one_of(delivered), ".")


def _breaks(dataset: Dataset, rule: BoundRule, registry: Registry) -> Iterator[Defect]:
    """What the rule is there to find."""
    spec, column = rule.spec, rule.column

    def fault(kind: str, damage: Damage, matching: str = ".", of: str | None = column) -> Defect:
        assert of is not None
        return _defect(kind, dataset, of, False, damage, matching)

    match spec:
        case Required():
            yield fault("missing", one_of(None, ""))
        case InCodeSet():
            yield fault("unknown_code", one_of(UNKNOWN))
        case CheckDigit():
            yield fault("wrong_check_digit", drawn(_other_digit, 9))
        case Garbled():
            yield fault("garbled", each(lambda v: v[:1] + "锟斤拷" + v[1:]))
        case Length():
            if spec.max is not None:
                most = spec.max
                yield fault("too_long", each(lambda v: (v * (most // max(len(v), 1) + 2))[: most + len(v)]))
            if spec.min is not None and spec.min > 1:
                least = spec.min
                yield fault("too_short", each(lambda v: v[: least - 1]))
        case Pattern():
            if not spec.negate:
                yield fault("other_pattern", each(lambda v: next((x for x in _spoilt(v) if not spec.passes(x)), v)))
        case Typed():
            kind = registry.elements[dataset.column(str(column)).element].type
            yield fault("unreadable", each(lambda v: _unreadable(kind, v)))
        case Range():
            if spec.max is not None:
                yield fault("above_range", one_of(_number(spec.max + 1000)))
            if spec.min is not None:
                yield fault("below_range", one_of(_number(spec.min - 1000)))
        case DateRange():
            if spec.max is not None:
                yield fault("later_than_allowed", _moved(spec.max, FAR), DATE)
            if spec.min is not None:
                yield fault("earlier_than_allowed", _moved(spec.min, -FAR), DATE)
        case Row() if not rule.id.startswith(f"{column}."):  # an element's own are struck by its examples
            for name, damage in _contradictions(spec.expression, dataset, registry):
                yield fault(f"contradicts_{rule.id}", damage, ".", name)


def _other_digit(value: str, draw: int) -> str:
    digits = "0123456789".replace(value[-1], "")
    return value[:-1] + digits[draw % len(digits)]


def _spoilt(value: str) -> Iterator[str]:
    """Slips of typing, from slight to gross."""
    yield from (value[:-1], value + "9", value + value, "x" + value, UNKNOWN)


def _unreadable(kind: str, value: str) -> str:
    return value[:4] + "-02-31" + value[10:] if kind in ("date", "datetime") else UNKNOWN


def _number(value: float) -> str:
    return f"{value:.0f}"


def _moved(bound: str, days: int) -> Damage:
    """The date ``days`` past ``bound``, with the time of day that the value had."""

    def damage(chosen: Chosen) -> Values:
        day = chosen.date.isoformat() if bound == "delivery_date" else bound
        return [shift(day, days) + value[10:] for value in chosen.values]

    return damage


_REVERSED: Mapping[type[exp.Expr], int] = {exp.LT: 1, exp.LTE: 1, exp.GT: -1, exp.GTE: -1}


def _contradictions(text: str, dataset: Dataset, registry: Registry) -> Iterator[tuple[str, Damage]]:
    """Column and damage for each comparison of two dates or numbers that the rule asks of every row."""
    types = {column.name: registry.elements[column.element].type for column in dataset.columns}
    tree = expressions.parse(text, columns=types, code_sets=registry.code_sets, of_rule=True)
    for part in tree.flatten() if isinstance(tree, exp.And) else (tree,):
        side = _REVERSED.get(type(part))
        if side is None or not isinstance(part.this, exp.Column):
            continue
        kind = types[part.this.name]
        if kind in ("date", "datetime") and (other := _day_of(part.expression, types)) is not None:
            yield part.this.name, _past(other, side * FAR)
        elif kind in ("integer", "decimal") and isinstance(part.expression, exp.Column):
            yield part.this.name, _more(part.expression.name, side * 1000)


def _day_of(compared: exp.Expr, types: Mapping[str, str]) -> Callable[[Chosen], list[str | None]] | None:
    """The days that a date is compared with, row by row: a column's, or the delivery's."""
    if isinstance(compared, exp.Anonymous) and compared.name == "delivery_date":
        return lambda chosen: [chosen.date.isoformat()] * len(chosen)
    if isinstance(compared, exp.Column) and types[compared.name] in ("date", "datetime"):
        name = compared.name
        return lambda chosen: list(chosen.records[name].to_pylist())
    return None


def _past(other: Callable[[Chosen], list[str | None]], days: int) -> Damage:
    """A row that has nothing to compare with stays as it is."""

    def damage(chosen: Chosen) -> Values:
        pairs = zip(chosen.values, other(chosen), strict=True)
        return [value if day is None else shift(day, days) + value[10:] for value, day in pairs]

    return damage


def _more(other: str, by: int) -> Damage:
    def damage(chosen: Chosen) -> Values:
        pairs = zip(chosen.values, chosen.records[other].to_pylist(), strict=True)
        return [value if than is None else _number(float(than) + by) for value, than in pairs]

    return damage
