"""From text rows to typed, judged rows: one query, built in layers.

Each layer is one SELECT over the one before, so that a column's expression refers to the earlier result by name instead
of repeating it
(nested guards would otherwise double the tree at every step). DuckDB runs the layers as one streaming pipeline.

Working columns start with ``~`` and never leave the query: ``~raw~c`` the delivered text, ``~touch~c`` whether a text
step may change it,
``~unread~c`` delivered text that could not be typed, ``~fix~c`` whether the cell was altered, ``~v<i>`` whether rule i
fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from functools import partial
from types import MappingProxyType
from typing import Literal

from sqlglot import exp

from govdata.engine import money, normalise, rules, typed
from govdata.engine.syntax import alias, column, conjunction, derived, disjunction, list_of, one_of, sql
from govdata.standards.model import (
    BoundRule,
    CodeSet,
    Column,
    Dataset,
    Element,
    InCodeSet,
    Normaliser,
    Pattern,
    Registry,
    Unique,
)
from govdata.standards.types import TYPES
from govdata.storage.tables.rows import FAILED_RULES, IDENTITY, REPAIR_FLAGS, UNPARSED, WARNINGS

Gates = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Column → rule id → patterns, see ``govdata.engine.gates``."""

NO_GATES: Gates = MappingProxyType({})

WORD = 60
"""Flags per UBIGINT word; below 63 so that every word also fits a signed 64-bit integer of another engine."""

CROSS_COLUMN = frozenset({"money", "currency_of"})
BY_DOCUMENT = "document_column"
"""An argument that makes a step wait for another column's code."""
LABEL_STEP = "prefix_code"


@dataclass(frozen=True)
class ColumnPlan:
    """How one column of a dataset is standardised. ``steps``: text steps; ``money``, ``currency``, ``by_document``: the
    step that reads
    another column beside it."""

    column: Column
    element: Element
    position: int
    steps: tuple[Normaliser, ...]
    money: Normaliser | None
    currency: Normaliser | None
    by_document: Normaliser | None
    null_tokens: tuple[str, ...]
    labelled: bool = False
    """A code column that may name its code beside it (01-汉族): both parts are read, see ``label_layer``."""
    hierarchical: bool = False
    empties: BoundRule | None = None
    """The rule whose refusal makes a text or code unreadable: NULL, with the delivered text in ``_unparsed``."""

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def fast(self) -> bool:
        """Whether most cells can be read as a date or time as they were delivered, without running the text steps."""
        return TYPES[self.element.type].quick and all(step.name in FAST_STEPS for step in self.steps)

    @property
    def textual(self) -> bool:
        """Whether the value is the text itself."""
        return TYPES[self.element.type].unreadable is None

    @property
    def hard(self) -> bool:
        """Whether a text can be unreadable."""
        return not self.textual or self.empties is not None

    @property
    def coded(self) -> bool:
        """Whether source values are mapped through a table ``maps.<column>``."""
        return self.element.code_set is not None


FAST_STEPS = frozenset(
    {
        "halfwidth",
        "strip",
        "collapse_spaces",
        "remove_spaces",
        "excel_text",
        "placeholder_dates",
        "uppercase",
        "time_required",
    }
)
"""Steps that leave a date in its usual shapes as it is (``placeholder_dates``: see ``_fast_value``)."""


def plan_columns(dataset: Dataset, registry: Registry) -> tuple[ColumnPlan, ...]:
    plans = []
    emptying = [rule for rule in registry.rules(dataset.name) if rule.empties]
    for position, item in enumerate(dataset.columns):
        element = registry.elements[item.element]
        steps = item.normalise if item.normalise is not None else element.normalise
        cross = {step.name: step for step in steps if step.name in CROSS_COLUMN}
        by_document = next((step for step in steps if BY_DOCUMENT in step.args), None)
        labelled = element.code_set is not None and any(step.name == LABEL_STEP for step in steps)
        apart = CROSS_COLUMN | {LABEL_STEP} if labelled else CROSS_COLUMN
        plans.append(
            ColumnPlan(
                column=item,
                element=element,
                position=position,
                steps=tuple(step for step in steps if step.name not in apart and step is not by_document),
                money=cross.get("money"),
                currency=cross.get("currency_of"),
                by_document=by_document,
                null_tokens=element.null_tokens if element.null_tokens is not None else registry.null_tokens,
                labelled=labelled,
                hierarchical=labelled and registry.code_sets[element.code_set or ""].hierarchical,
                empties=next((rule for rule in emptying if rule.column == item.name), None),
            )
        )
    return tuple(plans)


def source_values(item: Column, element: Element, registry: Registry) -> dict[str, str]:
    """Source value → standard code. What the department declares for itself wins, then the codes themselves, the set's
    synonyms, unambiguous names. A text that means "no value" for the element is none of them."""
    assert element.code_set is not None
    code_set = registry.code_sets[element.code_set]
    names: dict[str, set[str]] = {}
    for code in code_set.codes:
        names.setdefault(code.name_zh, set()).add(code.code)
    mapping = (
        {name: next(iter(codes)) for name, codes in names.items() if len(codes) == 1} if code_set.accept_names else {}
    )
    mapping |= code_set.synonyms
    mapping |= {code.code: code.code for code in code_set.codes}
    mapping |= item.synonyms
    for source, padded in _with_more_zeros(code_set).items():
        mapping.setdefault(source, padded)
    tokens = element.null_tokens if element.null_tokens is not None else registry.null_tokens
    return {source: code for source, code in mapping.items() if source not in tokens}


def _with_more_zeros(code_set: CodeSet) -> dict[str, str]:
    """Codes as a system writes them that keeps more digits than the standard has (001, 020). Where shorter codes stand
    for wider terms a
    zero has a meaning of its own, and long codes are rarely padded."""
    codes = {code.code for code in code_set.codes if code.code.isdecimal()}
    widths = {len(code) for code in codes}
    if (
        not widths
        or max(widths) > 3
        or (code_set.hierarchical and len(widths) > 1)
        or len({int(code) for code in codes}) < len(codes)
    ):
        return {}
    return {zeros + code: code for code in codes for zeros in ("0", "00")}


def replace_layer(
    inner: exp.Expression, replaced: Sequence[exp.Alias], added: Sequence[exp.Expression] = ()
) -> exp.Select:
    """``SELECT * REPLACE (replaced), added FROM (inner)``."""
    star = exp.Star(replace=list(replaced)) if replaced else exp.Star()
    return exp.Select().select(star, *added, copy=False).from_(derived(inner), copy=False)


def source_layer(
    plans: Sequence[ColumnPlan], relation: str, condition: exp.Expression | None = None, extra: Sequence[str] = ()
) -> exp.Select:
    """Delivered text of the planned columns; an empty text is no value. ``extra`` columns are carried along."""
    columns = [alias(sql("nullif(:x, '')", x=column(plan.name)), plan.name) for plan in plans]
    query = exp.select(*columns, *[column(name) for name in (*IDENTITY, *extra)]).from_(exp.to_table(relation))
    return query.where(condition) if condition is not None else query


def text_layers(query: exp.Expression, plans: Sequence[ColumnPlan], gated: Gates) -> exp.Expression:
    """Run the text steps, then null tokens, then columns inferred from another."""
    touched = {}
    for plan in plans:
        also = {pattern: None for patterns in gated.get(plan.name, {}).values() for pattern in patterns}
        if plan.labelled:
            also |= dict.fromkeys(LABELS)
        touch = normalise.touched(plan.steps, column(plan.name), plan.null_tokens, also)
        if touch is not None:
            touched[plan.name] = alias(sql("coalesce(:t, FALSE)", t=touch), f"~touch~{plan.name}")
    query = replace_layer(query, [], list(touched.values()))
    chains = {plan.name: _nested_steps(plan) for plan in plans if plan.name in touched}
    for depth in range(max(map(len, chains.values()), default=0)):
        changed = [
            alias(
                sql("CASE WHEN :t THEN :n ELSE :x END", t=column(f"~touch~{name}"), n=chain[depth], x=column(name)),
                name,
            )
            for name, chain in chains.items()
            if depth < len(chain)
        ]
        query = replace_layer(query, changed)
    names = {plan.name for plan in plans}
    inferred = [
        alias(
            sql(
                "CASE WHEN :known THEN NULL ELSE coalesce(:x, :c) END",
                known=sql(":k IS NOT NULL", k=column(f"~code~{plan.name}")) if plan.coded else exp.false(),
                x=column(plan.name),
                c=money.currency_in(column(f"~raw~{plan.currency.args['column']}")),
            ),
            plan.name,
        )
        for plan in plans
        if plan.currency is not None and plan.currency.args["column"] in names
    ]
    return replace_layer(query, inferred) if inferred else query


def _nested_steps(plan: ColumnPlan) -> list[exp.Expression]:
    """The column's steps and null tokens, each expression over the result of the one before; a step that names its text
    once takes the
    steps before it inside, so that few layers are needed and nothing is written twice."""
    value = column(plan.name)
    nested: list[exp.Expression] = [value]
    for step in [
        *(partial(normalise.apply, step) for step in plan.steps),
        partial(without_null_tokens, plan.null_tokens),
    ]:
        named = sum(1 for node in step(value).find_all(exp.Column) if node == value)
        if nested[-1] == value or named == 1:
            nested[-1] = step(nested[-1])
        else:
            nested.append(step(value))
    return nested


def without_null_tokens(null_tokens: Sequence[str], value: exp.Expression) -> exp.Expression:
    """The text, NULL where it means "no value". A token is either delivered as such or left by a step, so only touched
    cells can be one."""
    return sql("CASE WHEN :hit THEN NULL ELSE :x END", hit=one_of(value, ["", *filter(None, null_tokens)]), x=value)


def known_code_layer(query: exp.Expression, plans: Sequence[ColumnPlan]) -> exp.Expression:
    """Look delivered texts up as they are: nearly every code cell ends here. ``~code~c`` gets the code, and the column
    keeps only a text
    that is still unknown, so the text steps pass over the rest."""
    coded = [plan for plan in plans if plan.coded]
    dated = [plan for plan in plans if plan.fast]
    raw = [alias(column(plan.name, "s"), f"~raw~{plan.name}") for plan in plans]
    found = [alias(column("code", f"~m~{plan.name}"), f"~code~{plan.name}") for plan in coded]
    pending = [
        alias(
            sql("CASE WHEN :m IS NULL THEN :x END", m=column("code", f"~m~{plan.name}"), x=column(plan.name, "s")),
            plan.name,
        )
        for plan in coded
    ]
    read = [alias(_fast_value(plan, column(plan.name, "s")), f"~fast~{plan.name}") for plan in dated]
    result = _joined(query, coded, pending, [*raw, *found, *read])
    if not dated:
        return result
    left = [
        alias(sql("CASE WHEN :f IS NULL THEN :x END", f=column(f"~fast~{plan.name}"), x=column(plan.name)), plan.name)
        for plan in dated
    ]
    return replace_layer(result, left)


def _fast_value(plan: ColumnPlan, value: exp.Expression) -> exp.Expression:
    """The date of a text in one of the two usual shapes, else NULL. A date that a placeholder could mean takes the slow
    way, where the
    text itself is compared."""
    fast = TYPES[plan.element.type].fast(value)
    assert fast is not None
    suspects = {
        day for step in plan.steps if step.name == "placeholder_dates" for day in map(_day, step.args["values"]) if day
    }
    earlier = max((day for day in suspects if day < USUAL), default=None)
    later = min((day for day in suspects if day > USUAL), default=None)
    bounds = [sql(f":f {sign} CAST(:d AS DATE)", f=fast, d=day) for sign, day in ((">", earlier), ("<", later)) if day]
    # Not one NULLIF in another: each doubles the expression inside.
    return sql("CASE WHEN :usual THEN :f END", usual=conjunction(bounds), f=fast) if bounds else fast


USUAL = "1970-01-01"
"""Placeholders lie before or behind the dates of living people and things; what lies between the nearest ones is read
at once."""


def _day(text_: object) -> str | None:
    """ISO day of a placeholder, None where it is no date at all."""
    digits = str(text_).replace("-", "").replace("/", "")[:8]
    try:
        return Date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).isoformat()
    except ValueError:
        return None


def label_layer(query: exp.Expression, plans: Sequence[ColumnPlan]) -> exp.Expression:
    """Part a code from the label beside it: the column keeps the code, ``~label~c`` gets the label, ``~whole~c`` the
    text of both."""
    labelled = [plan for plan in plans if plan.labelled]
    if not labelled:
        return query
    codes, parts = [], []
    for plan in labelled:
        touch, value = column(f"~touch~{plan.name}"), column(plan.name)
        code, label = (_first_part(value, group) for group in ("code", "label"))
        codes.append(alias(sql("CASE WHEN :t THEN coalesce(:c, :x) ELSE :x END", t=touch, c=code, x=value), plan.name))
        parts.append(alias(sql("CASE WHEN :t THEN :l END", t=touch, l=label), f"~label~{plan.name}"))
        # Without a mark between them only the label shows that the digits are a code.
        bare = sql(":t AND NOT regexp_matches(:x, :p)", t=touch, x=value, p=normalise.PREFIX_CODE)
        parts.append(alias(bare, f"~bare~{plan.name}"))
        parts.append(alias(value, f"~whole~{plan.name}"))
    return replace_layer(query, codes, parts)


LABELS = {normalise.PREFIX_CODE: (1, 2), normalise.CODE_BEHIND: (2, 1), normalise.ATTACHED_CODE: (1, 2)}
"""Pattern of a code with a label beside it → groups of the code and of the label."""


def _first_part(value: exp.Expression, part: Literal["code", "label"]) -> exp.Expression:
    """The code or the label by the first pattern that the text has, NULL where it has none."""
    at = 0 if part == "code" else 1
    found = [
        sql("nullif(regexp_extract(:x, :p, :g), '')", x=value, p=pattern, g=groups[at])
        for pattern, groups in LABELS.items()
    ]
    return exp.Coalesce(this=found[0], expressions=found[1:])


def _contradicted(plan: ColumnPlan) -> exp.Expression:
    """TRUE where the label beside the code is known and stands for another one, or is not known and nothing else shows
    that there is a
    code. In a hierarchical code set a label may be narrower or wider than its code (20-初婚, 21-已婚)."""
    if not plan.labelled:
        return exp.false()
    names = {
        "m": column("code", f"~m~{plan.name}"),
        "l": column("code", f"~l~{plan.name}"),
        "given": column(f"~label~{plan.name}", "s"),
        "bare": column(f"~bare~{plan.name}", "s"),
    }
    agrees = ":m = :l"
    if plan.hierarchical:
        agrees += " OR starts_with(:m, rtrim(:l, '0')) OR starts_with(:l, rtrim(:m, '0'))"
    unproven = "coalesce(:bare, FALSE) AND :given IS NOT NULL AND :l IS NULL"
    return sql(f"(:l IS NOT NULL AND NOT coalesce({agrees}, FALSE)) OR ({unproven})", **names)


def code_layer(query: exp.Expression, plans: Sequence[ColumnPlan]) -> exp.Expression:
    """Look the standardised text of the remaining cells up again; an unknown value stays as it is, for its rule to
    find, and so does a
    code whose label contradicts it."""
    coded = [plan for plan in plans if plan.coded]
    if not coded:
        return query
    final, known = [], []
    for plan in coded:
        names: dict[str, exp.Expression] = {
            "k": column(f"~code~{plan.name}", "s"),
            "m": column("code", f"~m~{plan.name}"),
            "x": column(plan.name, "s"),
        }
        found, settled = "coalesce(:k, :m, :x)", ":k IS NOT NULL OR :m IS NOT NULL"
        if plan.labelled:
            names |= {"c": _contradicted(plan), "w": column(f"~whole~{plan.name}", "s")}
            found, settled = (
                "CASE WHEN :c THEN :w ELSE coalesce(:k, :m, :x) END",
                "(:k IS NOT NULL OR :m IS NOT NULL) AND NOT (:c)",
            )
        final.append(alias(sql(found, **names), plan.name))
        known.append(
            alias(sql(settled, **{name: names[name] for name in names if f":{name}" in settled}), f"~known~{plan.name}")
        )
    return _joined(label_layer(query, plans), coded, final, known, labels=True)


def _joined(
    query: exp.Expression,
    coded: Sequence[ColumnPlan],
    replaced: list[exp.Alias],
    added: Sequence[exp.Expression],
    *,
    labels: bool = False,
) -> exp.Expression:
    """``SELECT s.* REPLACE (replaced), added FROM (query) s`` left-joined with ``maps.<column>`` as ``~m~<column>`` for
    every
    code column, and with ``labels`` as ``~l~<column>`` for the label beside the code."""
    star = exp.Column(this=exp.Star(replace=replaced) if replaced else exp.Star(), table=exp.to_identifier("s"))
    result = exp.Select().select(star, *added, copy=False).from_(derived(query), copy=False)
    joins = [(plan.name, f"~m~{plan.name}", plan.name) for plan in coded]
    if labels:
        joins += [(plan.name, f"~l~{plan.name}", f"~label~{plan.name}") for plan in coded if plan.labelled]
    for source, name, key in joins:
        table = exp.Table(this=exp.to_identifier(source, quoted=True), db=exp.to_identifier("maps", quoted=True))
        result = result.join(
            exp.alias_(table, exp.to_identifier(name, quoted=True), table=True),
            on=sql(":a = :b", a=column("source", name), b=column(key, "s")),
            join_type="left",
            copy=False,
        )
    return result


def document_layer(query: exp.Expression, plans: Sequence[ColumnPlan]) -> exp.Expression:
    """Steps that are right for some documents only, by the code in the column of the document's type."""
    names = {plan.name for plan in plans}
    changed = []
    for plan in plans:
        if plan.by_document is None or plan.by_document.args[BY_DOCUMENT] not in names:
            continue
        listed = one_of(column(plan.by_document.args[BY_DOCUMENT]), plan.by_document.args["documents"])
        done = normalise.apply(plan.by_document, column(plan.name))
        changed.append(alias(sql("CASE WHEN :l THEN :d ELSE :x END", l=listed, d=done, x=column(plan.name)), plan.name))
    return replace_layer(query, changed) if changed else query


def typed_value(plan: ColumnPlan, plans_by_name: dict[str, ColumnPlan]) -> exp.Expression:
    value = column(plan.name)
    if plan.money is not None:
        beside = plan.money.args.get("unit_column")
        unit = column(f"~raw~{beside}") if beside in plans_by_name else None
        named = next(
            (
                other
                for other in plans_by_name.values()
                if other.currency and other.currency.args["column"] == plan.name
            ),
            None,
        )
        currency = column(named.name) if named is not None else None
        return money.amount_of(value, unit, plan.element.scale if plan.element.scale is not None else 2, currency)
    if plan.textual and plan.empties is not None:
        return sql("CASE WHEN :p THEN :x END", x=value, p=_readable(plan, plan.empties))
    return typed.value_of(plan.element, value)


def _readable(plan: ColumnPlan, rule: BoundRule) -> exp.Expression:
    if plan.coded:
        return column(f"~known~{plan.name}")
    assert isinstance(rule.spec, Pattern)
    return rule.spec.predicate(column(plan.name))


def altered(plan: ColumnPlan) -> exp.Expression:
    """TRUE where the standardised cell is not what was delivered, a cell that could not be read among them."""
    raw, value = column(f"~raw~{plan.name}"), column(plan.name)
    changed = TYPES[plan.element.type].altered(raw, value)
    if plan.textual:
        # Comparing long texts with themselves is dear; a code is new even where no step touched the text.
        only_steps = plan.steps and not plan.coded and plan.currency is None and plan.by_document is None
        changed = (
            sql("CASE WHEN :t THEN :c ELSE FALSE END", t=column(f"~touch~{plan.name}"), c=changed)
            if only_steps
            else changed
        )
    return (
        sql("coalesce(:c, FALSE) OR :u IS NOT NULL", c=changed, u=column(f"~unread~{plan.name}"))
        if plan.hard
        else changed
    )


def typed_layers(query: exp.Expression, plans: Sequence[ColumnPlan]) -> exp.Expression:
    """Type the values, keep what could not be read in ``_unparsed``, flag altered cells in ``~fix~c``."""
    by_name = {plan.name: plan for plan in plans}
    hard = [plan for plan in plans if plan.hard]
    if hard:
        # The text goes under another name first, so that the typed value can take the column's.
        texts = [alias(column(plan.name), f"~text~{plan.name}") for plan in hard]
        values = [
            sql("coalesce(:f, :v)", f=column(f"~fast~{plan.name}"), v=typed_value(plan, by_name))
            if plan.fast
            else typed_value(plan, by_name)
            for plan in hard
        ]
        query = replace_layer(query, [alias(value, plan.name) for plan, value in zip(hard, values, strict=True)], texts)
        unread = [
            alias(
                sql(
                    "CASE WHEN :x IS NULL AND :t IS NOT NULL THEN :r END",
                    x=column(plan.name),
                    t=column(f"~text~{plan.name}"),
                    r=column(f"~raw~{plan.name}"),
                ),
                f"~unread~{plan.name}",
            )
            for plan in hard
        ]
        query = replace_layer(query, [], unread)
    fixes = [alias(altered(plan), f"~fix~{plan.name}") for plan in plans]
    return replace_layer(query, [], [*fixes, alias(_unparsed(hard), UNPARSED)])


def _unparsed(plans: Sequence[ColumnPlan]) -> exp.Expression:
    empty = sql("CAST(NULL AS MAP(VARCHAR, VARCHAR))")
    if not plans:
        return empty
    any_unread = disjunction(sql(":u IS NOT NULL", u=column(f"~unread~{plan.name}")) for plan in plans)
    entries = list_of(sql("{'key': :n, 'value': :u}", n=plan.name, u=column(f"~unread~{plan.name}")) for plan in plans)
    return sql(
        "CASE WHEN :any THEN map_from_entries(list_filter(:entries, lambda e: e.value IS NOT NULL)) ELSE :empty END",
        any=any_unread,
        entries=entries,
        empty=empty,
    )


def words(flags: Sequence[exp.Expression]) -> list[exp.Expression]:
    """Pack booleans into UBIGINT words of ``WORD`` flags. The sum is only built where some flag is set, which is rare
    for violations."""
    result = []
    for start in range(0, len(flags), WORD):
        chunk = flags[start : start + WORD]
        terms: exp.Expression | None = None
        for bit, flag in enumerate(chunk):
            term = sql("CASE WHEN :f THEN CAST(:w AS UBIGINT) ELSE CAST(0 AS UBIGINT) END", f=flag, w=1 << bit)
            terms = term if terms is None else exp.Add(this=terms, expression=term)
        result.append(
            sql(
                "CASE WHEN :any THEN :sum ELSE CAST(0 AS UBIGINT) END",
                any=disjunction(chunk),
                sum=exp.Paren(this=terms),
            )
        )
    return result


def failed_list(bound: Sequence[BoundRule], flags: Mapping[str, exp.Expression]) -> exp.Expression:
    """Ids of the failed rules as a list, NULL where none failed; names are only decoded for rows that fail."""
    empty = sql("CAST(NULL AS VARCHAR[])")
    if not bound:
        return empty
    items = list_of(sql("CASE WHEN :f THEN :i END", f=flags[rule.id], i=rule.id) for rule in bound)
    return sql(
        "CASE WHEN :any THEN list_filter(:items, lambda e: e IS NOT NULL) ELSE :empty END",
        any=disjunction(flags[rule.id] for rule in bound),
        items=items,
        empty=empty,
    )


def standardized_query(
    plans: Sequence[ColumnPlan],
    relation: str,
    condition: exp.Expression | None = None,
    extra: Sequence[str] = (),
    gated: Gates = NO_GATES,
) -> exp.Expression:
    """Typed rows with ``_unparsed`` and the ``~fix~`` flags, not yet judged. ``gated``: what makes a cell worth judging
    by those rules."""
    query = known_code_layer(source_layer(plans, relation, condition, extra), plans)
    return typed_layers(document_layer(code_layer(text_layers(query, plans, gated), plans), plans), plans)


def judged_query(
    query: exp.Expression, dataset: Dataset, registry: Registry, conflicts: dict[str, exp.Expression], gated: Gates
) -> exp.Expression:
    """Add one boolean ``~v<i>`` per rule. ``conflicts``: rule id of kind unique → predicate that says the row is in
    conflict; ``gated``:
    rules that are asked only where ``~touch~`` says so, as they were given to ``standardized_query``."""
    gate = {rule: column(f"~touch~{name}") for name, ids in gated.items() for rule in ids}
    shared = rules.shared(dataset.name, registry, frozenset(gate))
    query = (
        replace_layer(query, [], [alias(tree, name) for name, tree in shared.facts.items()]) if shared.facts else query
    )
    flags = []
    for rule in registry.rules(dataset.name):
        if isinstance(rule.spec, Unique):
            failed = conflicts.get(rule.id, exp.false())
        elif _looked_up(rule, dataset, registry):
            # The look-up of the code already says it; the GX suite asks the code table again when it re-counts.
            failed = sql(":x IS NOT NULL AND NOT :k", x=column(rule.column or ""), k=column(f"~known~{rule.column}"))
            failed = rules.unless_removed(rule, registry, failed)
        else:
            failed = shared.trees[rules.VIOLATION + rule.id]
            if rule.id in gate:
                failed = sql("CASE WHEN :touch THEN :f ELSE FALSE END", touch=gate[rule.id], f=failed)
        flags.append(alias(failed, f"~v{rule.index}"))
    return replace_layer(query, [], flags)


def _looked_up(rule: BoundRule, dataset: Dataset, registry: Registry) -> bool:
    """Whether the rule asks just what mapping the column's source values to its own code set has answered."""
    if not isinstance(rule.spec, InCodeSet) or rule.column is None or rule.spec.current or rule.empties:
        return False
    return registry.element(dataset.name, rule.column).code_set == rule.spec.code_set


def result_query(
    query: exp.Expression, plans: Sequence[ColumnPlan], dataset: Dataset, registry: Registry
) -> exp.Expression:
    """The row as it is written: contract columns, identity, ``_unparsed``, ``_warnings``, ``_repairs_<n>``,
    ``failed_rules``."""
    bound = registry.rules(dataset.name)
    flags = {rule.id: column(f"~v{rule.index}") for rule in bound}
    repairs = [
        alias(word, f"{REPAIR_FLAGS}{index}")
        for index, word in enumerate(words([column(f"~fix~{plan.name}") for plan in plans]))
    ]
    columns = [
        *[column(plan.name) for plan in plans],
        *[column(name) for name in IDENTITY],
        column(UNPARSED),
        alias(failed_list([rule for rule in bound if rule.severity == "warning"], flags), WARNINGS),
        *repairs,
        alias(failed_list([rule for rule in bound if rule.severity == "error"], flags), FAILED_RULES),
    ]
    return exp.Select().select(*columns, copy=False).from_(derived(query), copy=False)


def repair_words(count: int) -> int:
    return (count + WORD - 1) // WORD
