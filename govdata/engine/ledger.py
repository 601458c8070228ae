"""The repair ledger as a query: flags were stored in the pass, before and after are read back from raw and standardised
rows.

The steps of the night are kept in the batch's manifest, so a later change of a standard does not change what an old
night's ledger says, and another engine can compile them in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from govdata.batches import LedgerColumn, LedgerStep
from govdata.engine import normalise
from govdata.engine.pipeline import WORD, repair_words
from govdata.engine.plans import TEXT, ColumnPlan
from govdata.engine.syntax import alias, column, conjunction, derived, disjunction, list_of, literal, sql, text
from govdata.standards.model import Normaliser
from govdata.standards.normalisers import Stage
from govdata.standards.types import TYPES
from govdata.storage.sql import Session
from govdata.storage.tables.rows import DELIVERY_DATE, IDENTITY, REPAIR_FLAGS, ROW_ID, SOURCE_ROW, UNPARSED


def _step(kept: LedgerStep) -> Normaliser:
    return Normaliser(name=kept.name, args=kept.args)


def _relation(name: str) -> exp.Table:
    return exp.Table(this=exp.Identifier(this=f"{{{name}}}", quoted=False))


def ledger(plans: Sequence[ColumnPlan]) -> tuple[LedgerColumn, ...]:
    """What a batch keeps of its plans."""
    return tuple(_kept(plan) for plan in plans)


def _kept(plan: ColumnPlan) -> LedgerColumn:
    last = plan.at(Stage.CODES) or plan.at(Stage.VALUE)
    typing = last[-1].name if last else TYPES[plan.element.type].ledger
    inferring = plan.at(Stage.INFERENCE)
    return LedgerColumn(
        name=plan.name,
        arrives=plan.arrives,
        steps=tuple(LedgerStep(name=step.name, args=step.args) for step in plan.steps),
        typing=typing,
        inferred=inferring[-1].name if inferring else typing,
    )


def walk(plan: LedgerColumn, delivered: str, connection: Session) -> tuple[tuple[str, str | None], ...]:
    """Each text step's name and the text after it, for one delivered text. Raises ``KeyError`` for a step that is no
    more."""
    after: list[tuple[str, str | None]] = []
    value: str | None = delivered
    for kept in plan.steps:
        query = f"SELECT {text(normalise.apply(_step(kept), column('x')))} FROM (SELECT CAST(? AS VARCHAR) AS x)"
        (value,) = connection.execute(query, [value]).fetchone() or (None,)
        after.append((kept.name, value))
    return tuple(after)


def flagged(position: int, row: Mapping[str, object]) -> bool:
    """Whether the cell of the contract's column at ``position`` was altered, by the flags of its standardised row."""
    word, bit = divmod(position, WORD)
    return bool(int(str(row.get(f"{REPAIR_FLAGS}{word}") or 0)) >> bit & 1)


_compiled: dict[str, str] = {}


def ledger_sql(plans: tuple[LedgerColumn, ...]) -> str:
    """A SELECT over the relations ``{raw}`` and ``{standardized}``, giving the row's identity and
    ``column_name, before, after, rule``: one row per altered cell, ``rule`` the names of the steps that changed it.

    ``plans``: all columns of the contract, in its order. Raises ``KeyError`` for a step that is no more. Compiled once
    per process."""
    key = "".join(plan.model_dump_json() for plan in plans)
    if key not in _compiled:
        _compiled[key] = _ledger_sql(plans)
    return _compiled[key]


def _ledger_sql(plans: tuple[LedgerColumn, ...]) -> str:
    """Altered rows, then a row per altered cell that knows only its column's place, then before and after, then the
    steps: DuckDB leaves out what is not asked for, so counting cells works none of them out, and a step is asked of
    cells it was meant for and of no others."""
    kinds = list({_kind(plan): plan for plan in plans}.values())
    return text(_named(_stepped(_paired(_cells(plans), plans, kinds), kinds), kinds))


PLACE, KIND, UNREAD = column("~place"), column("~kind"), column("~unread")


def _kind(plan: LedgerColumn) -> str:
    """What columns have in common whose cells are told of alike: steps, and the names for typing and inference."""
    return plan.model_dump_json(exclude={"name", "arrives"})


def _cells(plans: tuple[LedgerColumn, ...]) -> exp.Expression:
    """One row per altered cell: the row's columns, delivered (``~raw~c``) and standardised, and the cell's place among
    them, from 1."""
    flags = [f"{REPAIR_FLAGS}{index}" for index in range(repair_words(len(plans)))]
    rows = (
        exp.Select()
        .select(
            *[alias(column(name, "s"), name) for name in (*IDENTITY, *flags)],
            *[alias(_delivered(plan), f"~raw~{plan.name}") for plan in plans],
            *[alias(column(plan.name, "s"), plan.name) for plan in plans],
            column(UNPARSED, "s"),
        )
        .from_(exp.alias_(_relation("standardized"), "s", table=True))
        .join(
            exp.alias_(_relation("raw"), "r", table=True),
            # The same file may come on two dates: its rows have the same ids then. Files have statistics of their rows'
            # numbers and none of ids: so a search for one row passes over most of the delivered rows.
            on=conjunction(
                sql(":a = :b", a=column(name, "s"), b=column(name, "r")) for name in (ROW_ID, SOURCE_ROW, DELIVERY_DATE)
            ),
            join_type="inner",
        )
        .where(disjunction(sql(":f <> 0", f=column(flag, "s")) for flag in flags))
    )
    places = []
    for position in range(len(plans)):
        word, bit = divmod(position, WORD)
        altered = sql("(:w & CAST(:b AS UBIGINT)) <> 0", w=column(flags[word]), b=1 << bit)
        places.append(sql("CASE WHEN :a THEN :p END", a=altered, p=position + 1))
    unnested = sql("unnest(list_filter(:places, lambda e: e IS NOT NULL))", places=list_of(places))
    return exp.Select().select(exp.Star(), alias(unnested, PLACE.name)).from_(derived(rows))


def _delivered(plan: LedgerColumn) -> exp.Expression:
    value = column(plan.name, "r")
    if plan.arrives != TEXT:
        return sql("CAST(:x AS VARCHAR)", x=value)
    return sql("nullif(:x, '')", x=value)


def _paired(cells: exp.Expression, plans: tuple[LedgerColumn, ...], kinds: Sequence[LedgerColumn]) -> exp.Expression:
    """Identity, column, ``before`` (``~0`` too) and ``after`` of each cell, whether it could not be read, and its kind
    among ``kinds``, from 1."""
    places = range(1, len(plans) + 1)
    number = {_kind(plan): literal(index) for index, plan in enumerate(kinds, start=1)}
    kind = [number[_kind(plan)].copy() for plan in plans]
    delivered = _by(PLACE, zip(places, (column(f"~raw~{plan.name}") for plan in plans), strict=True))
    standard = _by(PLACE, zip(places, (sql("CAST(:x AS VARCHAR)", x=column(plan.name)) for plan in plans), strict=True))
    name = _listed([literal(plan.name) for plan in plans], PLACE)
    query = (
        exp.Select()
        .select(
            *[column(field) for field in IDENTITY],
            alias(name, "column_name"),
            alias(delivered, "before"),
            alias(standard, "after"),
            column(UNPARSED),
            alias(_listed(kind, PLACE), KIND.name),
        )
        .from_(derived(cells))
    )
    unread = sql(
        "CASE WHEN :u IS NULL THEN FALSE ELSE map_contains(:u, :n) END", u=column(UNPARSED), n=column("column_name")
    )
    return (
        exp.Select().select(exp.Star(), alias(column("before"), "~0"), alias(unread, UNREAD.name)).from_(derived(query))
    )


def _stepped(cells: exp.Expression, kinds: Sequence[LedgerColumn]) -> exp.Expression:
    """``~1``, ``~2`` …: the text after each step of the cell's kind."""
    for index in range(max((len(kind.steps) for kind in kinds), default=0)):
        value = column(f"~{index}")
        changed = {
            number: normalise.apply(_step(kind.steps[index]), value)
            for number, kind in enumerate(kinds, start=1)
            if index < len(kind.steps)
        }
        after = _by(KIND, changed.items(), value)
        cells = exp.Select().select(exp.Star(), alias(after, f"~{index + 1}")).from_(derived(cells))
    return cells


def _named(cells: exp.Expression, kinds: Sequence[LedgerColumn]) -> exp.Expression:
    """The ledger's columns; ``rule`` the names of the steps that changed the cell, in order, as one text."""
    depth = max((len(kind.steps) for kind in kinds), default=0)
    items = []
    for index in range(depth):
        names = [literal(kind.steps[index].name if index < len(kind.steps) else None) for kind in kinds]
        before, after = column(f"~{index}"), column(f"~{index + 1}")
        items.append(sql("CASE WHEN :a IS DISTINCT FROM :b THEN :n END", a=after, b=before, n=_listed(names, KIND)))
    last = sql(
        """CASE
            WHEN :unread THEN 'unreadable'
            WHEN :y IS NOT DISTINCT FROM nullif(:x, '') THEN NULL
            WHEN :y IS NULL THEN 'null_tokens'
            WHEN nullif(:x, '') IS NULL THEN :inferred
            ELSE :typing
        END""",
        unread=UNREAD,
        x=column(f"~{depth}"),
        y=column("after"),
        inferred=_listed([literal(kind.inferred) for kind in kinds], KIND),
        typing=_listed([literal(kind.typing) for kind in kinds], KIND),
    )
    names_ = sql("array_to_string(list_filter(:items, lambda e: e IS NOT NULL), ', ')", items=list_of([*items, last]))
    told = [*[column(name) for name in IDENTITY], *[column(name) for name in ("column_name", "before", "after")]]
    return exp.Select().select(*told, alias(names_, "rule")).from_(derived(cells))


def _by(
    key: exp.Expression, values: Iterable[tuple[int, exp.Expression]], default: exp.Expression | None = None
) -> exp.Case:
    """The value at the number ``key``, worked out for no other."""
    case = exp.Case(this=key.copy())
    for number, value in values:
        case = case.when(literal(number), value)
    return case.else_(default) if default is not None else case


def _listed(values: list[exp.Expression], key: exp.Expression) -> exp.Expression:
    """The constant at the place ``key``, from 1."""
    return sql("(:l)[:k]", l=list_of(values), k=key)
