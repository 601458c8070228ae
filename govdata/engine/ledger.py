"""The repair ledger as a query: flags were stored in the pass, before and after are read back from raw and standardised
rows.

The steps of the night are kept in the batch's manifest, so a later change of a standard does not change what an old
night's ledger says, and another engine can compile them in its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from govdata.batches import LedgerColumn, LedgerStep
from govdata.engine import normalise
from govdata.engine.pipeline import WORD, repair_words
from govdata.engine.plans import ColumnPlan
from govdata.engine.syntax import alias, column, conjunction, derived, disjunction, list_of, literal, sql, text
from govdata.standards.model import Normaliser
from govdata.standards.normalisers import Stage
from govdata.standards.types import TYPES
from govdata.storage.sql import Session
from govdata.storage.tables.rows import DELIVERY_DATE, IDENTITY, REPAIR_FLAGS, ROW_ID, UNPARSED


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


def _rule_names(plan: LedgerColumn) -> exp.Expression:
    """Names of the steps that changed the cell, in order, as one text."""
    value = column(f"~0~{plan.name}")
    items = []
    for index, step in enumerate(plan.steps):
        after = column(f"~{index + 1}~{plan.name}")
        items.append(sql("CASE WHEN :a IS DISTINCT FROM :b THEN :n END", a=after, b=value, n=step.name))
        value = after
    last = sql(
        """CASE
            WHEN :u IS NOT NULL AND map_contains(:u, :n) THEN 'unreadable'
            WHEN :y IS NOT DISTINCT FROM nullif(:x, '') THEN NULL
            WHEN :y IS NULL THEN 'null_tokens'
            WHEN nullif(:x, '') IS NULL THEN :inferred
            ELSE :typing
        END""",
        x=value,
        u=column(UNPARSED, "s"),
        n=plan.name,
        y=sql("CAST(:s AS VARCHAR)", s=column(plan.name, "s")),
        inferred=plan.inferred,
        typing=plan.typing,
    )
    return sql("array_to_string(list_filter(:items, lambda e: e IS NOT NULL), ', ')", items=list_of([*items, last]))


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
    flags = [f"{REPAIR_FLAGS}{index}" for index in range(repair_words(len(plans)))]
    query: exp.Expression = (
        exp.Select()
        .select(
            *[alias(column(name, "s"), name) for name in (*IDENTITY, *flags)],
            *[alias(sql("nullif(:x, '')", x=column(plan.name, "r")), f"~0~{plan.name}") for plan in plans],
            *[alias(column(plan.name, "s"), plan.name) for plan in plans],
            column(UNPARSED, "s"),
        )
        .from_(exp.alias_(_relation("standardized"), "s", table=True))
        .join(
            exp.alias_(_relation("raw"), "r", table=True),
            # The same file may come on two dates: its rows have the same ids then.
            on=conjunction(
                sql(":a = :b", a=column(name, "s"), b=column(name, "r")) for name in (ROW_ID, DELIVERY_DATE)
            ),
            join_type="inner",
        )
        .where(disjunction(sql(":f <> 0", f=column(flag, "s")) for flag in flags))
    )
    for index in range(max((len(plan.steps) for plan in plans), default=0)):
        added = [
            alias(
                normalise.apply(_step(plan.steps[index]), column(f"~{index}~{plan.name}")), f"~{index + 1}~{plan.name}"
            )
            for plan in plans
            if index < len(plan.steps)
        ]
        query = exp.Select().select(exp.Star(), *added).from_(derived(query))
    cells = []
    for position, plan in enumerate(plans):
        word, bit = divmod(position, WORD)
        cells.append(
            sql(
                "CASE WHEN (:w & CAST(:b AS UBIGINT)) <> 0 "
                "THEN {'column_name': :n, 'before': :before, 'after': CAST(:after AS VARCHAR), 'rule': :rule} END",
                w=column(flags[word], "s"),
                b=1 << bit,
                n=plan.name,
                before=column(f"~0~{plan.name}"),
                after=column(plan.name, "s"),
                rule=_rule_names(plan),
            )
        )
    unnested = sql("unnest(list_filter(:c, lambda e: e IS NOT NULL))", c=list_of(cells))
    query = exp.Select().select(*[column(name) for name in IDENTITY], alias(unnested, "cell")).from_(derived(query))
    fields = [
        alias(sql("struct_extract(:c, :f)", c=column("cell"), f=literal(field)), field)
        for field in ("column_name", "before", "after", "rule")
    ]
    return text(exp.Select().select(*[column(name) for name in IDENTITY], *fields).from_(derived(query)))
