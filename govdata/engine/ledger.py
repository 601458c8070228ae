"""The repair ledger as a query: flags were stored in the pass, before and after are read back from raw and standardised
rows.

The steps of the night are kept in the batch's manifest, so a later change of a standard does not change what an old
night's ledger says, and another engine can compile them in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce

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
from govdata.storage.tables.system_columns import DELIVERY_DATE, IDENTITY, REPAIR_FLAGS, ROW_ID, SOURCE_ROW, UNPARSED


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


def demand_steps(plans: Sequence[LedgerColumn]) -> None:
    """Raises ``KeyError`` for a step that is no more, ``ValueError`` for arguments it no longer takes."""
    for step in {step.model_dump_json(): step for plan in plans for step in plan.steps}.values():
        normalise.apply(_step(step), column("x"))


_compiled: dict[str, str] = {}
REMEMBERED = 64
"""Texts of some 100 KB: which columns were altered differs from one delivery to the next."""


def _once(key: str, compile: Callable[[], exp.Expression]) -> str:
    """Compiled once for as long as it is remembered: a night renews its catalogue for every date."""
    if key not in _compiled:
        if len(_compiled) >= REMEMBERED:
            _compiled.clear()
        _compiled[key] = text(compile())
    return _compiled[key]


def _key(plans: Sequence[LedgerColumn]) -> str:
    return "".join(plan.model_dump_json() for plan in plans)


def cells_sql(plans: Sequence[LedgerColumn], among: Sequence[LedgerColumn], told: frozenset[str] | None = None) -> str:
    """A SELECT over the relations ``{raw}`` and ``{standardized}``, giving ``UNDECODED``: one row per altered cell,
    ``~kind`` its column's number among the kinds, from 1. ``plans``: all columns of the contract, in its order;
    ``told``: those whose cells are wanted, default all."""
    asked = {place: plan for place, plan in enumerate(plans, start=1) if told is None or plan.name in told}
    return _once(f"{_key(plans)} {sorted(asked)} {_key(among)}", lambda: _paired(_cells(plans, asked), asked, among))


def numbers(plans: Iterable[LedgerColumn], among: Sequence[LedgerColumn]) -> dict[str, int]:
    """Column → ``~kind`` of its cells."""
    known = {_kind(plan): index for index, plan in enumerate(among, start=1)}
    return {plan.name: known[_kind(plan)] for plan in plans}


def decoded_sql(cells: str, among: Sequence[LedgerColumn], carried: Sequence[str] = ()) -> str:
    """A SELECT over the query ``cells``, which gives ``UNDECODED`` and ``carried``: ``carried``, ``CELL`` and ``rule``,
    the names of the steps that changed the cell. Raises ``KeyError`` for a step that is no more.

    However many datasets and nights ``cells`` unites, each step stands in it about once: the steps' literals are most
    of what a ledger costs to plan. DuckDB leaves out what is not asked for, so counting cells works no step out, and a
    step is asked of cells it was meant for and of no others."""
    decoded = _once(f"{' '.join(carried)} {_key(among)}", lambda: _decoded(among, carried))
    return decoded.replace("{cells}", f"({cells})")


def _decoded(among: Sequence[LedgerColumn], carried: Sequence[str]) -> exp.Expression:
    levels = _levels(among)
    source = exp.Select().select(exp.Star(), alias(column("before"), "~0")).from_(_relation("cells"))
    return _named(_stepped(source, levels, len(among)), among, levels, carried)


def ledger_sql(plans: Sequence[LedgerColumn]) -> str:
    """``cells_sql`` decoded: the ledger of one batch."""
    among = kinds([plans])
    return decoded_sql(cells_sql(plans, among), among)


PLACE, KIND, UNREAD = column("~place"), column("~kind"), column("~unread")


def _kind(plan: LedgerColumn) -> str:
    return plan.model_dump_json(exclude={"name", "arrives"})


def _cells(plans: Sequence[LedgerColumn], asked: Mapping[int, LedgerColumn]) -> exp.Expression:
    """One row per altered cell of the columns ``asked``, by place: what was delivered in these (``~raw~c``) and what
    became of it, and the cell's place."""
    flags = [f"{REPAIR_FLAGS}{index}" for index in range(repair_words(len(plans)))]
    of_word = [[place for place in asked if (place - 1) // WORD == word] for word in range(len(flags))]
    whole = len(asked) == len(plans)
    masks = [sum(1 << (place - 1) % WORD for place in places) for places in of_word]
    rows = (
        exp.Select()
        .select(
            *[alias(column(name, "s"), name) for name in (*IDENTITY, *flags)],
            *[alias(_delivered(plan), f"~raw~{plan.name}") for plan in asked.values()],
            *[alias(column(plan.name, "s"), plan.name) for plan in asked.values()],
            column(UNPARSED, "s"),
        )
        .from_(exp.alias_(_relation("standardized"), "s", table=True))
        .join(
            exp.alias_(_relation("raw"), "r", table=True),
            # The same file may come on two dates: its rows have the same ids then. The files' statistics of ids and
            # numbers pass over most of the rows in a search for one.
            on=conjunction(
                sql(":a = :b", a=column(name, "s"), b=column(name, "r")) for name in (ROW_ID, SOURCE_ROW, DELIVERY_DATE)
            ),
            join_type="inner",
        )
        .where(disjunction(_set(flag, mask, whole) for flag, mask in zip(flags, masks, strict=True) if mask))
    )
    altered = [
        sql(
            "list_filter(:places, lambda e: (:w >> CAST(e - :first AS UBIGINT)) & 1 = 1)",
            places=list_of([literal(place) for place in of_word[word]]),
            w=column(flag),
            first=word * WORD + 1,
        )
        for word, flag in enumerate(flags)
    ]
    unnested = sql("unnest(:places)", places=reduce(lambda x, y: sql("list_concat(:x, :y)", x=x, y=y), altered))
    return exp.Select().select(exp.Star(), alias(unnested, PLACE.name)).from_(derived(rows))


def _set(flag: str, mask: int, whole: bool) -> exp.Expression:
    """Whether some flag of the ``mask`` is set; of the ``whole`` word the files' statistics tell it of many rows."""
    word = column(flag, "s")
    return sql(":f <> 0", f=word) if whole else sql(":f & CAST(:m AS UBIGINT) <> 0", f=word, m=mask)


def _delivered(plan: LedgerColumn) -> exp.Expression:
    value = column(plan.name, "r")
    if plan.arrives != TEXT:
        return sql("CAST(:x AS VARCHAR)", x=value)
    return sql("nullif(:x, '')", x=value)


def _paired(cells: exp.Expression, asked: Mapping[int, LedgerColumn], among: Sequence[LedgerColumn]) -> exp.Expression:
    """Identity, column, ``before`` and ``after`` of each cell, whether it could not be read, and its kind."""
    known = numbers(asked.values(), among)
    places = range(1, max(asked, default=0) + 1)
    names = [literal(asked[place].name if place in asked else None) for place in places]
    kind = [literal(known[asked[place].name] if place in asked else None) for place in places]
    delivered = _by(PLACE, ((place, column(f"~raw~{plan.name}")) for place, plan in asked.items()))
    standard = _by(PLACE, ((place, sql("CAST(:x AS VARCHAR)", x=column(plan.name))) for place, plan in asked.items()))
    query = (
        exp.Select()
        .select(
            *[column(field) for field in IDENTITY],
            alias(_listed(names, PLACE), "column_name"),
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


def _levels(among: Sequence[LedgerColumn]) -> list[list[tuple[LedgerStep, list[int]]]]:
    """The steps of all kinds, each kind's in its own order, and the numbers of the kinds that have the step there. What
    many kinds do comes once: most of a ledger's text are the steps' literals. What no kind does after the other stands
    in one level: planning costs by the level."""
    named = {step.model_dump_json(): step for kind in among for step in kind.steps}
    left = [[step.model_dump_json() for step in kind.steps] for kind in among]
    reached = [0 for _ in among]
    levels: list[dict[str, list[int]]] = []
    while any(left):
        first = [steps[0] for steps in left if steps]
        # Best a step that no kind comes to later, then what the most kinds have next.
        step = min(first, key=lambda s: (sum(s in steps[1:] for steps in left), -first.count(s)))
        here = [index for index, steps in enumerate(left) if steps[:1] == [step]]
        level = max(reached[index] for index in here)
        levels += [{}] if level == len(levels) else []
        levels[level].setdefault(step, []).extend(index + 1 for index in here)
        for index in here:
            left[index].pop(0)
            reached[index] = level + 1
    return [[(named[step], here) for step, here in level.items()] for level in levels]


def _stepped(cells: exp.Expression, levels: Sequence[list[tuple[LedgerStep, list[int]]]], kinds: int) -> exp.Expression:
    """``~1``, ``~2`` …: the text after each level, the same where the cell's kind has no step there."""
    for index, level in enumerate(levels):
        value = column(f"~{index}")
        after = exp.Case().else_(value)
        for step, here in level:
            # Not IN: DuckDB would join with a long list.
            asked = _listed([literal(number in here) for number in range(1, kinds + 1)], KIND)
            after = after.when(asked, normalise.apply(_step(step), value))
        cells = exp.Select().select(exp.Star(), alias(after, f"~{index + 1}")).from_(derived(cells))
    return cells


def _named(
    cells: exp.Expression,
    among: Sequence[LedgerColumn],
    levels: Sequence[list[tuple[LedgerStep, list[int]]]],
    carried: Sequence[str],
) -> exp.Expression:
    """The ledger's columns; ``rule`` the names of the steps that changed the cell, in order, as one text."""
    items = [
        sql(
            "CASE WHEN :a IS DISTINCT FROM :b THEN :n END",
            a=column(f"~{index + 1}"),
            b=column(f"~{index}"),
            n=_listed([literal(name) for name in _names(level, len(among))], KIND),
        )
        for index, level in enumerate(levels)
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
        x=column(f"~{len(levels)}"),
        y=column("after"),
        inferred=_listed([literal(kind.inferred) for kind in among], KIND),
        typing=_listed([literal(kind.typing) for kind in among], KIND),
    )
    names_ = sql("array_to_string(list_filter(:items, lambda e: e IS NOT NULL), ', ')", items=list_of([*items, last]))
    told = [column(name) for name in (*carried, *CELL)]
    return exp.Select().select(*told, alias(names_, "rule")).from_(derived(cells))


def _names(level: list[tuple[LedgerStep, list[int]]], kinds: int) -> list[str]:
    """The name of each kind's step; empty where it has none."""
    found = {number: step.name for step, here in level for number in here}
    return [found.get(number, "") for number in range(1, kinds + 1)]


def _by(key: exp.Expression, values: Iterable[tuple[int, exp.Expression]]) -> exp.Case:
    """The value at the number ``key``, worked out for no other."""
    case = exp.Case(this=key.copy())
    for number, value in values:
        case = case.when(literal(number), value)
    return case


def _listed(values: list[exp.Expression], key: exp.Expression) -> exp.Expression:
    """The constant at the place ``key``, from 1."""
    return sql("(:l)[:k]", l=list_of(values), k=key)
