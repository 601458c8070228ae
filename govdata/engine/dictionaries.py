"""Each distinct value once: columns whose texts repeat are standardised and judged over their distinct texts, and the
pass looks the outcome up.

A delivery has many cells and few values: of three million registered capitals three in a hundred are distinct, of ten
million dates of birth one in three hundred. A look-up costs a few nanoseconds a cell, whatever the steps, the type and
the rules cost. So for every column (with the columns that its standardisation reads) a dictionary may be made: the
distinct texts, and beside each what the very same query makes of it that a row would go through. Which columns of a
batch repeat is estimated from a sample; what turns out to have too many distinct values goes the direct way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as Date

from sqlglot import exp

from govdata.engine.plans import ColumnPlan, with_neighbours
from govdata.engine.syntax import alias, column, conjunction, derived, sql, text
from govdata.standards.model import BoundRule, Registry, Unique
from govdata.storage.sql import Session
from govdata.storage.tables.system_columns import DELIVERY_DATE

SAMPLE = 400_000
"""Rows of the batch, taken in pieces from all of it, that tell which columns repeat."""

REPEATS = 4
"""How often a text must come on average among the sampled rows."""

MAX_DISTINCT = 400_000
"""Entries of one dictionary: some hundred bytes each are held while the pass runs."""


ROWS = "~rows"
"""Beside each entry: how many rows have it."""


@dataclass(frozen=True)
class Dictionary:
    """The distinct texts of the columns ``key``; beside each the outcome of ``plans``, which read no other column, and
    of ``rules``, which judge no other."""

    key: tuple[str, ...]
    plans: tuple[ColumnPlan, ...]
    rules: tuple[BoundRule, ...]
    settled: tuple[tuple[str, str], ...] = ()
    """(column of the table, SQL of its value) where all entries have the same: TRUE, FALSE or no value. Most rules fail
    nowhere in most columns, and of a column that was not delivered everything is settled: none of that is looked
    up."""

    @property
    def told(self) -> list[str]:
        """What the table tells of each text: values, what is told of them, verdicts."""
        return [
            *(name for plan in self.plans for name in _told(plan)),
            *(f"~v{rule.index}" for rule in self.rules),
        ]

    @property
    def table(self) -> str:
        return "~of~" + "~".join(self.key)

    @property
    def texts(self) -> str:
        """The table of the distinct texts alone, under the names of the columns."""
        return "~texts~" + "~".join(self.key)


def candidates(plans: Sequence[ColumnPlan], dataset: str, registry: Registry) -> tuple[Dictionary, ...]:
    """One dictionary for each set of columns that are standardised by what was delivered in just these.

    A column that is not itself a text goes the direct way when a column outside reads it: that one reads its text. So
    does one that arrives typed: reading it costs less than a look-up."""
    by_name = {plan.name: plan for plan in plans}
    keys = {plan.name: tuple(sorted(with_neighbours((plan.name,), by_name))) for plan in plans}
    read_outside = {name for plan in plans for name in plan.reads if name in keys and keys[name] != keys[plan.name]}
    grouped: dict[tuple[str, ...], list[ColumnPlan]] = {}
    for plan in plans:
        if not (plan.hard and plan.name in read_outside) and not any(by_name[name].typed for name in keys[plan.name]):
            grouped.setdefault(keys[plan.name], []).append(plan)
    judging = [rule for rule in registry.rules(dataset) if rule.columns and not isinstance(rule.spec, Unique)]
    return tuple(
        Dictionary(
            key,
            tuple(members),
            tuple(rule for rule in judging if {plan.name for plan in members}.issuperset(rule.columns)),
        )
        for key, members in grouped.items()
    )


def repeating(connection: Session, possible: Sequence[Dictionary], rows: int) -> tuple[Dictionary, ...]:
    """Those of ``possible`` whose keys repeat in ``raw_rows``, which has about ``rows`` rows; estimated."""
    stride = max(rows // SAMPLE, 1) | 1
    distinct = [f"approx_count_distinct(hash({_names(item.key)}))" for item in possible]
    counted = connection.execute(
        f'SELECT count(*), {", ".join(distinct)} FROM raw_rows WHERE ("~at" // 2048) % {stride} = 0'
    ).fetchall()[0]
    return tuple(item for item, count in zip(possible, counted[1:], strict=True) if count * REPEATS <= counted[0])


def collect(connection: Session, dictionary: Dictionary, date: Date) -> bool:
    """Gather the distinct texts of ``raw_rows``, a delivery of ``date``; False, and nothing is kept, where they are too
    many to be held."""
    texts = text(column(dictionary.texts))
    given = ", ".join(
        f"{text(sql('nullif(:x, :e)', x=column(name), e=''))} AS {_names([name])}" for name in dictionary.key
    )
    connection.execute(
        f"CREATE TEMP TABLE {texts} AS SELECT *, DATE '{date.isoformat()}' AS {DELIVERY_DATE} "
        f'FROM (SELECT {given}, count(*) AS "{ROWS}" FROM raw_rows GROUP BY ALL)'
    )
    if connection.execute(f"SELECT count(*) FROM {texts}").fetchall()[0][0] <= MAX_DISTINCT:
        return True
    connection.execute(f"DROP TABLE {texts}")
    return False


def settle(connection: Session, dictionary: Dictionary) -> Dictionary:
    """The dictionary, whose table has been made, with what all its entries have in common."""
    told, table = dictionary.told, text(column(dictionary.table))
    described = connection.execute(f"DESCRIBE SELECT {_names(told)} FROM {table}").fetchall()
    types = {row[0]: str(row[1]) for row in described}
    asked = [f"count({name})" for name in map(_quoted, told)]
    flags = [name for name in told if types[name] == "BOOLEAN"]
    asked += [f"count_if({name})" for name in map(_quoted, flags)]
    entries, *counts = connection.execute(f"SELECT count(*), {', '.join(asked)} FROM {table}").fetchall()[0]
    filled = dict(zip(told, counts, strict=False))
    true = dict(zip(flags, counts[len(told) :], strict=True))
    settled = {name: f"CAST(NULL AS {types[name]})" for name in told if filled[name] == 0}
    settled |= {
        name: "TRUE" if true[name] else "FALSE"
        for name in flags
        if filled[name] == entries and true[name] in (0, entries)
    }
    return replace(dictionary, settled=tuple(settled.items()))


def outcome(dictionary: Dictionary, judged: exp.Expression) -> exp.Expression:
    """The dictionary's rows from the judged rows of its texts: texts, values, and what is told of each."""
    kept = [
        *[column(f"~raw~{name}") for name in dictionary.key],
        *[column(name) for name in (*dictionary.told, ROWS)],
    ]
    return exp.Select().select(*kept, copy=False).from_(derived(judged), copy=False)


def without_dropped(connection: Session, dictionary: Dictionary) -> None:
    """Count no longer the rows of the table ``dropped``, which has the columns of ``texts_of``."""
    texts = [f"~raw~{name}" for name in dictionary.key]
    alike = " AND ".join(f"known.{name} IS NOT DISTINCT FROM gone.{name}" for name in map(_quoted, texts))
    connection.execute(
        f'UPDATE {_quoted(dictionary.table)} AS known SET "{ROWS}" = "{ROWS}" - gone.n '
        f"FROM (SELECT {_names(texts)}, count(*) AS n FROM dropped GROUP BY ALL) AS gone WHERE {alike}"
    )


def texts_of(dictionaries: Sequence[Dictionary]) -> list[str]:
    """The columns of the pass by which a row is found in the dictionaries."""
    return list(dict.fromkeys(f"~raw~{name}" for item in dictionaries for name in item.key))


def _told(plan: ColumnPlan) -> list[str]:
    return [plan.name, f"~fix~{plan.name}", *([f"~unread~{plan.name}"] if plan.hard else [])]


def look_up(query: exp.Expression, dictionaries: Sequence[Dictionary]) -> exp.Expression:
    """Join the rows of ``query``, texts under the names of their columns, with the dictionaries: each column of theirs
    has its value, and what the pass's layers tell of a column and of a rule has its place."""
    if not dictionaries:
        return query
    replaced: list[exp.Alias] = []
    added: list[exp.Alias] = []
    for number, item in enumerate(dictionaries):
        table, settled = f"d{number}", dict(item.settled)
        values = {plan.name for plan in item.plans}
        added += [alias(column(name, "s"), f"~raw~{name}") for name in values]
        for name in item.told:
            found = sql(settled[name]) if name in settled else column(name, table)
            (replaced if name in values else added).append(alias(found, name))
    star = exp.Column(this=exp.Star(replace=replaced), table=exp.to_identifier("s"))
    result = exp.Select().select(star, *added, copy=False).from_(derived(query), copy=False)
    for number, item in enumerate(dictionaries):
        if len(item.settled) == len(item.told):
            continue
        table = f"d{number}"
        result = result.join(
            exp.alias_(exp.Table(this=exp.to_identifier(item.table, quoted=True)), table, table=True),
            on=conjunction(
                sql(":a IS NOT DISTINCT FROM :b", a=column(name, "s"), b=column(f"~raw~{name}", table))
                for name in item.key
            ),
            join_type="left",
            copy=False,
        )
    return result


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return text(column(name))
