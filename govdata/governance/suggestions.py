"""A value that may be meant where a delivered one is wrong: shown to the department, never applied by us.

Every way of guessing gives candidates; each is judged by all error rules of the row that read the column, and by the
order's own. Only where exactly one candidate of all ways passes is it a suggestion: two possible values are none. A way
is trusted ``high`` only where its precision on injected defects, whose true values are known, is at least 99.5 %
(tests/proof/test_truth.py).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import rules, source_values
from govdata.engine.functions import expand
from govdata.engine.syntax import text as written
from govdata.engine.typed import sql_type
from govdata.standards import expressions
from govdata.standards.model import BoundRule, CheckDigit, Dataset, Registry, Row, Typed, Unique
from govdata.storage import files, sql
from govdata.storage.tables.system_columns import DELIVERY_DATE, FAILED_RULES, ROW_ID, UNPARSED, WARNINGS

if TYPE_CHECKING:
    import duckdb

Trust = Literal["high", "medium", "low"]
TRUST_NAMES: dict[Trust, str] = {"high": "高", "medium": "中", "low": "低"}

MOST = 20_000
"""Items of one order that are thought about."""
NEAR, MARGIN = 0.6, 0.15
"""How alike a text and a known word are at least (0–1), and by how much more than to a word of another code."""

_DAY_BEFORE_MONTH = re.compile(r"(\d{4})([-/.年]?)(\d{2})([-/.月]?)(\d{2})(日?)")


@dataclass(frozen=True)
class Way:
    """``told``: how a department reads of it; ``trust``: by measured precision."""

    told: str
    trust: Trust


WAYS = {
    "derived": Way("由本行其他列推出", "high"),
    "slip_agreeing": Way("只有这样改一处才符合校验码，并与本行其他列一致", "high"),
    "slip": Way("只有这样改一处才符合校验码", "medium"),
    "swapped_date": Way("日和月颠倒", "low"),
    "nearest_code": Way("最接近的代码名称", "medium"),
}


@dataclass(frozen=True)
class Suggestion:
    """``column``: of the contract; ``value``: in the standard's form."""

    item: str
    column: str
    value: str
    way: str

    @property
    def told(self) -> str:
        way = WAYS[self.way]
        return f"{way.told}（把握：{TRUST_NAMES[way.trust]}）"


@dataclass(frozen=True)
class Wrong:
    """Rows of one delivery that fail one rule. ``items``: item → row id."""

    dataset: Dataset
    delivered: Date
    rule: BoundRule
    items: dict[str, str]


class Case(NamedTuple):
    """One row of ``Wrong``: its ``place`` among those asked about, the item, the row's id and date, which know it (a
    file may be delivered again), and the rule it fails."""

    place: int
    item: str
    row: str
    delivered: Date
    rule: BoundRule


Guess = Callable[[str], Iterator[str]]

CASE, RULE = "~case", "~rule"
"""What a case has beside its row: its number, and the rule that its order is about."""


class Suggester:
    """Thinks about the rows of many orders. ``connection``: an engine's session, which has the code sets."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, registry: Registry, deployment: Deployment) -> None:
        self._connection, self._registry, self._deployment = connection, registry, deployment

    def suggest(self, wrongs: Sequence[Wrong]) -> Iterator[tuple[int, Suggestion]]:
        """The place in ``wrongs`` and, of each of its items, at most one suggestion. None where the delivery's rows are
        gone, or were standardised by other standards than now. All rows of one dataset are thought about at once: to
        judge candidates is to plan the rules, whatever the rows are."""
        by_dataset: dict[str, list[int]] = {}
        for place, wrong in enumerate(wrongs):
            by_dataset.setdefault(wrong.dataset.name, []).append(place)
        for name, places in by_dataset.items():
            kept = {day: self._kept(name, day) for day in sorted({wrongs[place].delivered for place in places})}
            cases = [
                Case(place, item, row, wrongs[place].delivered, wrongs[place].rule)
                for place in places
                if kept[wrongs[place].delivered]
                for item, row in list(wrongs[place].items.items())[:MOST]
            ]
            paths = [path for paths in kept.values() for path in paths]
            yield from self._of_dataset(wrongs[places[0]].dataset, cases, paths)

    def _kept(self, name: str, delivered: Date) -> list[Path]:
        """The delivery's standardised files, where the standards are still those."""
        batch = StandardizedBatch.read(StandardizedBatch.path(self._deployment, name, delivered))
        if batch is None or batch.standards_hash != self._registry.hashes[name]:
            return []
        paths = [self._deployment.absolute(file) for file in (*batch.clean_files, *batch.quarantine_files)]
        return [path for path in paths if files.is_sound(path)]

    def _of_dataset(
        self, dataset: Dataset, cases: Sequence[Case], paths: Sequence[Path]
    ) -> Iterator[tuple[int, Suggestion]]:
        derived = self._registry.workorders.suggestions.get(dataset.name, {})
        ways: dict[str, dict[str, dict[str, Guess]]] = {}  # column → rule of an order → the ways that make sense
        for rule in {case.rule.id: case.rule for case in cases}.values():
            for column in (rule.column,) if rule.column else rule.columns:
                if (found := self._ways(dataset, rule, column)) or column in derived:
                    ways.setdefault(column, {})[rule.id] = found
        if not cases or not ways:
            return
        self._load_cases(cases, paths)
        passing: dict[int, set[tuple[str, str, str]]] = {}
        for column, by_rule in ways.items():
            self._load_candidates(dataset, column, by_rule, derived.get(column))
            for number, value, way in self._passing(dataset, column, by_rule):
                passing.setdefault(number, set()).add((column, value, way))
        for number, tried in passing.items():
            if len({(column, value) for column, value, _ in tried}) == 1:
                column, value, way = min(tried, key=lambda each: list(WAYS).index(each[2]))
                yield cases[number].place, Suggestion(cases[number].item, column, value, way)

    def _load_cases(self, cases: Sequence[Case], paths: Sequence[Path]) -> None:
        """Table ``cases``: the standardised rows, each with the number of its case and the rule of its order."""
        import pyarrow as pa

        wanted = pa.table(
            {
                CASE: pa.array(range(len(cases)), pa.int64()),
                "~row": pa.array([case.row for case in cases], pa.string()),
                "~delivered": pa.array([case.delivered for case in cases], pa.date32()),
                RULE: pa.array([case.rule.id for case in cases], pa.string()),
            }
        )
        self._connection.register("wanted", wanted)
        self._connection.execute(
            f'CREATE OR REPLACE TEMP TABLE cases AS SELECT w.*, n."{CASE}", n."{RULE}" '
            f"FROM {sql.parquet(paths, by_name=True)} AS w "
            f'JOIN wanted AS n ON n."~row" = w.{ROW_ID} AND n."~delivered" = w.{DELIVERY_DATE}'
        )

    def _load_candidates(
        self, dataset: Dataset, column: str, ways: Mapping[str, Mapping[str, Guess]], derived: str | None
    ) -> None:
        """Table ``candidates(~case, candidate, way)``."""
        import pyarrow as pa

        name = sql.identifier(column)
        unread = f"CASE WHEN {UNPARSED} IS NOT NULL THEN {UNPARSED}[{sql.text(column)}] END"
        value = f"coalesce(CAST({name} AS VARCHAR), {unread})"
        query = f'SELECT "{CASE}", "{RULE}", {value} AS value FROM cases WHERE value IS NOT NULL AND {_of(ways)}'
        known: dict[tuple[str, str], list[str]] = {}
        listed: list[tuple[int, str, str]] = []
        for number, rule, wrong in self._connection.execute(query).fetchall() if any(ways.values()) else ():
            for way, guess in ways[rule].items():
                if (way, wrong) not in known:
                    known[way, wrong] = sorted(set(guess(wrong)) - {wrong})
                listed += [(number, candidate, way) for candidate in known[way, wrong]]
        columns = ((CASE, pa.int64()), ("candidate", pa.string()), ("way", pa.string()))
        table = pa.table(
            {name: pa.array([line[at] for line in listed], kind) for at, (name, kind) in enumerate(columns)}
        )
        self._connection.register("guessed", table)
        self._connection.execute("CREATE OR REPLACE TEMP TABLE candidates AS FROM guessed")
        if derived is not None:
            self._derive(dataset, column, derived, ways)

    def _derive(self, dataset: Dataset, column: str, derived: str, ways: Collection[str]) -> None:
        """What the officer declared, from columns that no failed error rule of the row is about alone."""
        tree = expressions.parse(
            f"({derived}) = {column}",
            columns=[item.name for item in dataset.columns],
            code_sets=list(self._registry.code_sets),
        )
        sources = set(expressions.referenced_columns(tree.this))
        about = [rule.id for rule in self._registry.rules(dataset.name) if set(rule.columns) <= sources]
        self._connection.execute(
            f'INSERT INTO candidates SELECT "{CASE}", CAST(({written(expand(tree.this))}) AS VARCHAR) AS guess, '
            f"'derived' FROM cases WHERE guess IS NOT NULL AND {_of(ways)} AND NOT list_has_any("
            f"coalesce({FAILED_RULES}, []) || coalesce({WARNINGS}, []), {_texts(about)})"
        )

    def _passing(self, dataset: Dataset, column: str, ways: Collection[str]) -> list[tuple[int, str, str]]:
        """Candidates with which the row fails neither the order's rule nor an error rule that reads the column. A slip
        is the surer where the row contradicted another column before."""
        if not self._connection.execute("FROM candidates LIMIT 1").fetchall():
            return []
        kind = sql_type(self._registry.element(dataset.name, column))
        judging = [
            rule
            for rule in self._registry.rules(dataset.name)
            if column in rule.columns and not isinstance(rule.spec, Unique)
        ]
        errors = [rule for rule in judging if rule.severity == "error"]
        fails = [f"({self._violation(rule)})" for rule in errors]
        fails += [
            f'("{RULE}" = {sql.text(rule.id)} AND ({self._violation(rule)}))'
            for rule in judging
            if rule.severity != "error" and rule.id in ways
        ]
        contradicted = (
            f"list_has_any(coalesce({FAILED_RULES}, []), {_texts(r.id for r in errors if len(r.columns) > 1)})"
        )
        way = f"CASE WHEN way = 'slip' AND {contradicted} THEN 'slip_agreeing' ELSE way END"
        name = sql.identifier(column)
        left = f"list_filter(map_entries({UNPARSED}), lambda e: e.key <> {sql.text(column)})"
        rest = f"CASE WHEN {UNPARSED} IS NOT NULL THEN map_from_entries({left}) END"
        return self._connection.execute(
            f"WITH tried AS (SELECT cases.* REPLACE (TRY_CAST(candidate AS {kind}) AS {name}, {rest} AS {UNPARSED}), "
            f'candidate, way FROM cases JOIN candidates USING ("{CASE}")) '
            f'SELECT DISTINCT "{CASE}", candidate, {way} FROM tried '
            f"WHERE {name} IS NOT NULL AND NOT ({' OR '.join(fails) or 'FALSE'})"
        ).fetchall()

    def _violation(self, rule: BoundRule) -> str:
        key = ("printed violation", rule.dataset, rule.id)
        return self._registry.keep(key, lambda: written(rules.violation(rule, self._registry)))

    def _ways(self, dataset: Dataset, wrong: BoundRule, column: str) -> dict[str, Guess]:
        """The ways that make sense for the column, where it fails ``wrong``, each from the wrong text to candidates."""
        element = self._registry.element(dataset.name, column)
        about = [rule for rule in self._registry.rules(dataset.name) if rule.column == column]
        ways: dict[str, Guess] = {}
        if any(_asks_check_digit(rule) for rule in about):
            ways["slip"] = _one_slip
        if element.type in ("date", "datetime"):
            ways["swapped_date"] = _swapped_date
        if element.code_set is not None and (wrong.empties or not isinstance(wrong.spec, Typed)):
            sources = source_values(dataset.column(column), element, self._registry)
            ways["nearest_code"] = lambda value: _nearest(value, sources)
        return ways


def _of(rules: Iterable[str]) -> str:
    """Condition: cases of orders about ``rules``."""
    return f'"{RULE}" IN ({", ".join(sql.text(rule) for rule in rules)})'


def _texts(values: Iterable[str]) -> str:
    return f"CAST([{', '.join(sql.text(value) for value in values)}] AS VARCHAR[])"


def _asks_check_digit(rule: BoundRule) -> bool:
    spec = rule.spec
    return isinstance(spec, CheckDigit) or (isinstance(spec, Row) and "check_digit_ok" in spec.expression)


def _one_slip(value: str) -> Iterator[str]:
    """Every text that one wrong sign or one exchange of neighbours could have turned into ``value``. A number that
    ends in zeros was cut to 15 digits by a spreadsheet: no slip of one sign."""
    if len(value) > 15 and value.endswith("000"):
        return
    letters = any(sign.isalpha() for sign in value[:-1])
    signs = "0123456789" + ("ABCDEFGHJKLMNPQRTUWXY" if letters else "")
    for place in range(len(value)):
        for sign in signs + ("X" if place == len(value) - 1 and not letters else ""):
            yield value[:place] + sign + value[place + 1 :]
    for place in range(len(value) - 1):
        yield value[:place] + value[place + 1] + value[place] + value[place + 2 :]


def _swapped_date(value: str) -> Iterator[str]:
    found = _DAY_BEFORE_MONTH.fullmatch(value.strip())
    if found is not None:
        yield f"{found[1]}-{found[5]}-{found[3]}"


def _nearest(value: str, sources: dict[str, str]) -> Iterator[str]:
    """The code whose words are most like ``value``, where no other code's come near. Bare codes are no words."""
    if value.isascii():
        return
    best: dict[str, float] = {}
    for word, code in sources.items():
        if not word.isascii():
            alike = difflib.SequenceMatcher(None, value, word).ratio()
            best[code] = max(best.get(code, 0.0), alike)
    ranked = sorted(best.items(), key=lambda each: -each[1])
    if ranked and ranked[0][1] >= NEAR and (len(ranked) == 1 or ranked[0][1] - ranked[1][1] >= MARGIN):
        yield ranked[0][0]
