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


CELL = (*IDENTITY, "column_name", "before", "after")
UNDECODED = (*CELL, "~unread", "~kind")
"""Columns of ``cells_sql``: what ``decoded_sql`` reads."""


def kinds(ledgers: Iterable[Sequence[LedgerColumn]]) -> tuple[LedgerColumn, ...]:
    """One column for each way in which altered cells are told of: steps, and the names for typing and inference."""
    return tuple({_kind(plan): plan for plans in ledgers for plan in plans}.values())


def demand_known(plans: Sequence[LedgerColumn]) -> None:
    """Raises ``KeyError`` for a step that is no more."""
    for plan in plans:
        for step in plan.steps:
            _ = _step(step).kind


def cells_sql(plans: Sequence[LedgerColumn], among: Sequence[LedgerColumn]) -> str:
    """A SELECT over the relations ``{raw}`` and ``{standardized}``, giving ``UNDECODED``: one row per altered cell,
    ``~kind`` its column's number among the kinds, from 1. ``plans``: all columns of the contract, in its order."""
    return text(_paired(_cells(plans), plans, among))


def decoded_sql(cells: str, among: Sequence[LedgerColumn], carried: Sequence[str] = ()) -> str:
    """A SELECT over the query ``cells``, which gives ``UNDECODED`` and ``carried``: ``carried``, ``CELL`` and ``rule``,
    the names of the steps that changed the cell. Raises ``KeyError`` for a step that is no more.

    However many datasets and nights ``cells`` unites, each step stands in it about once: the steps' literals are most
    of what a ledger costs to plan. DuckDB leaves out what is not asked for, so counting cells works no step out, and a
    step is asked of cells it was meant for and of no others."""
    order = _in_one_order(among)
    source = exp.Select().select(exp.Star(), alias(column("before"), "~0")).from_(_relation("cells"))
    return text(_named(_stepped(source, order), among, order, carried)).replace("{cells}", f"({cells})")


def ledger_sql(plans: Sequence[LedgerColumn]) -> str:
    """``cells_sql`` decoded: the ledger of one batch."""
    among = kinds([plans])
    return decoded_sql(cells_sql(plans, among), among)


PLACE, KIND, UNREAD = column("~place"), column("~kind"), column("~unread")


def _kind(plan: LedgerColumn) -> str:
    return plan.model_dump_json(exclude={"name", "arrives"})


def _cells(plans: Sequence[LedgerColumn]) -> exp.Expression:
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


def _paired(cells: exp.Expression, plans: Sequence[LedgerColumn], among: Sequence[LedgerColumn]) -> exp.Expression:
    """Identity, column, ``before`` and ``after`` of each cell, whether it could not be read, and its kind."""
    places = range(1, len(plans) + 1)
    number = {_kind(plan): index for index, plan in enumerate(among, start=1)}
    kind = [literal(number[_kind(plan)]) for plan in plans]
    delivered = _by(PLACE, zip(places, (column(f"~raw~{plan.name}") for plan in plans), strict=True))
    standard = _by(PLACE, zip(places, (sql("CAST(:x AS VARCHAR)", x=column(plan.name)) for plan in plans), strict=True))
    query = (
        exp.Select()
        .select(
            *[column(field) for field in IDENTITY],
            alias(_listed([literal(plan.name) for plan in plans], PLACE), "column_name"),
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
    told = [*[column(name) for name in CELL], alias(unread, UNREAD.name), KIND]
    return exp.Select().select(*told).from_(derived(query))


def _in_one_order(among: Sequence[LedgerColumn]) -> list[tuple[LedgerStep, list[bool]]]:
    """The steps of all kinds, each kind's in its own order, and which kinds have the step there. What many kinds do at
    the same place comes once: most of a ledger's text, and of what it costs to plan, are the steps' literals."""
    left = [list(kind.steps) for kind in among]
    order = []
    while any(left):
        first = [steps[0] for steps in left if steps]
        # Best a step that no kind comes to later, then what the most kinds have next.
        step = min(first, key=lambda s: (sum(s in steps[1:] for steps in left), -first.count(s)))
        here = [steps[:1] == [step] for steps in left]
        order.append((step, here))
        left = [steps[1:] if taken else steps for steps, taken in zip(left, here, strict=True)]
    return order


def _stepped(cells: exp.Expression, order: Sequence[tuple[LedgerStep, list[bool]]]) -> exp.Expression:
    """``~1``, ``~2`` …: the text after each step, the same where the cell's kind has not the step."""
    for index, (step, here) in enumerate(order):
        value = column(f"~{index}")
        after = sql(
            "CASE WHEN :here THEN :n ELSE :x END",
            here=_listed([literal(asked) for asked in here], KIND),
            n=normalise.apply(_step(step), value),
            x=value,
        )
        cells = exp.Select().select(exp.Star(), alias(after, f"~{index + 1}")).from_(derived(cells))
    return cells


def _named(
    cells: exp.Expression,
    among: Sequence[LedgerColumn],
    order: Sequence[tuple[LedgerStep, list[bool]]],
    carried: Sequence[str],
) -> exp.Expression:
    """The ledger's columns; ``rule`` the names of the steps that changed the cell, in order, as one text."""
    items = [
        sql(
            "CASE WHEN :a IS DISTINCT FROM :b THEN :n END",
            a=column(f"~{index + 1}"),
            b=column(f"~{index}"),
            n=step.name,
        )
        for index, (step, _) in enumerate(order)
    ]
    last = sql(
        """CASE
            WHEN :unread THEN 'unreadable'
            WHEN :y IS NOT DISTINCT FROM nullif(:x, '') THEN NULL
            WHEN :y IS NULL THEN 'null_tokens'
            WHEN nullif(:x, '') IS NULL THEN :inferred
            ELSE :typing
        END""",
        unread=UNREAD,
        x=column(f"~{len(order)}"),
        y=column("after"),
        inferred=_listed([literal(kind.inferred) for kind in among], KIND),
        typing=_listed([literal(kind.typing) for kind in among], KIND),
    )
    names_ = sql("array_to_string(list_filter(:items, lambda e: e IS NOT NULL), ', ')", items=list_of([*items, last]))
    told = [column(name) for name in (*carried, *CELL)]
    return exp.Select().select(*told, alias(names_, "rule")).from_(derived(cells))


def _by(key: exp.Expression, values: Iterable[tuple[int, exp.Expression]]) -> exp.Case:
    """The value at the number ``key``, worked out for no other."""
    case = exp.Case(this=key.copy())
    for number, value in values:
        case = case.when(literal(number), value)
    return case


def _listed(values: list[exp.Expression], key: exp.Expression) -> exp.Expression:
    """The constant at the place ``key``, from 1."""
    return sql("(:l)[:k]", l=list_of(values), k=key)
