"""Places that the beginning of an address names, by the names of a code set of divisions.

A name counts only whole, in the order province, city, county, and where it stands for a division in force: what is
abbreviated, historical or any city's word for a part of itself names nothing for certain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cached_property

from sqlglot import exp

from govdata.engine import terms
from govdata.engine.syntax import sql
from govdata.standards.kinds import member
from govdata.standards.model import Code, CodeSet, Registry, Row
from govdata.trees.shared_calls import mark

SCHEMA = "places"
"""One table ``places.<set>(key)`` per code set asked: ``Places.keys``."""

VAGUE = frozenset(["东区", "西区", "南区", "北区", "中区", "城区", "市区", "郊区", "新区", "矿区", "林区"])
"""Also what any city calls parts of its own."""

PROVINCE = "(?:[^省市区县]{2,8}?(?:省|自治区|特别行政区))"
CITY = "(?:[^省县0-9]{1,11}?(?:自治州|地区|盟|市)|[^省县]{1,3}县(?:地区|市))"
COUNTY = "(?:[^省0-9]{1,17}?(?:县区|县市|旗区|旗县|市区|市市|区|县|旗|市))"
BEGINNING = f"^{PROVINCE}?{CITY}?{COUNTY}?"
"""How far the names at the beginning of an address reach; whether they are names, the code set says. What is none of
its names leaves the address undecided: a quarter, a county that once belonged elsewhere."""


def asked(registry: Registry) -> frozenset[str]:
    """Ids of the code sets whose names some rule of a contract compares with an address."""

    def make() -> frozenset[str]:
        specs = (rule.spec for name in registry.datasets for rule in registry.rules(name))
        naming = (spec for spec in specs if isinstance(spec, Row) and "names_another" in spec.expression.lower())
        return frozenset(name for spec in naming for name in spec.code_sets())

    return registry.keep("code sets of places", make)


class Places:
    """What the names of ``code_set`` tell; ``current`` says whether a row of it is in force."""

    def __init__(self, code_set: CodeSet, current: Callable[[Code], bool]) -> None:
        self._rows = code_set.codes
        self._current = {row.code: row for row in code_set.codes if current(row)}
        self._parents = terms.parents((*code_set.codes, *self._current.values()))
        self._names = terms.names(code_set.codes)

    def keys(self) -> set[str]:
        """Every name of a division in force, and every such name followed by a code it may stand beside: its own, a
        wider and a narrower one."""
        found = set()
        for code in self._current:
            above = terms.above(code, self._parents)
            for name in self._written(code):
                found |= {name, name + code, *(name + outer for outer in above)}
            found |= {name + code for outer in above if outer in self._current for name in self._written(outer)}
        return found

    def _written(self, code: str) -> set[str]:
        """How a division in force is named: behind the names above it, without those farthest out, or alone where no
        other ever had the name."""
        short = self._short(self._current[code])
        above = [
            self._short(self._current[outer]) for outer in terms.above(code, self._parents) if outer in self._current
        ]
        heads = {"".join(reversed(above[: at + 1])) for at in range(len(above))}
        alone = {short} if not above or self._unmistakable(code, short) else set()
        return {head + short for head in heads} | alone

    def _unmistakable(self, code: str, name: str) -> bool:
        return len(name) > 2 and name not in VAGUE and {self._today(other) for other in self._bearers[name]} == {code}

    @cached_property
    def _bearers(self) -> dict[str, set[str]]:
        bearers: dict[str, set[str]] = defaultdict(set)
        for row in self._rows:
            bearers[self._short(row)].add(row.code)
        return bearers

    @cached_property
    def _successors(self) -> dict[str, str]:
        return {row.code: row.successor for row in self._rows if row.successor and row.code not in self._current}

    def _today(self, code: str) -> str:
        seen = {code}
        while (follower := self._successors.get(code)) and follower not in seen:
            code = follower
            seen.add(code)
        return code

    def _short(self, row: Code) -> str:
        """The name without that of the division around it, with which some code sets begin it."""
        for outer in self._names.get(row.parent, ()):
            if row.name_zh.startswith(outer) and row.name_zh != outer:
                return row.name_zh.removeprefix(outer)
        return row.name_zh


def names_another(code: exp.Expression, code_set: exp.Expression, address: exp.Expression) -> exp.Expression:
    """TRUE where ``address`` begins with the name of a division in force that neither is that of ``code`` nor lies
    around or within it; FALSE where it does not, or ``code`` is not in force; NULL where one of the two is."""
    name = mark(exp.Paren(this=sql("regexp_extract(:a, :p, 0)", a=address, p=BEGINNING)), "beginning", [address])
    return sql(
        "CASE WHEN :c IS NULL OR :a IS NULL THEN NULL ELSE :known AND :current AND NOT :agrees END",
        c=code,
        a=address,
        known=_listed(name, code_set.name),
        current=member(code, code_set.name, current=True),
        agrees=_listed(sql(":n || :c", n=name, c=code), code_set.name),
    )


def _listed(key: exp.Expression, code_set: str) -> exp.Expression:
    table = exp.Table(this=exp.to_identifier(code_set, quoted=True), db=exp.to_identifier(SCHEMA))
    return exp.In(this=key.copy(), query=exp.Subquery(this=exp.select(exp.column("key", quoted=True)).from_(table)))
