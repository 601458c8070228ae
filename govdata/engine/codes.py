"""Codes: looked up as they were delivered, parted from a label beside them, looked up again once standardised."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal

from sqlglot import exp

from govdata.engine.labels import unlike
from govdata.engine.plans import SEVERAL, ColumnPlan, cell
from govdata.engine.syntax import alias, column, conjunction, derived, disjunction, replace_layer, sql
from govdata.standards.normalisers import MARKED, Stage, code_part, label_part
from govdata.standards.types import TYPES


def known_code_layer(query: exp.Expression, plans: Sequence[ColumnPlan]) -> exp.Expression:
    """Look delivered texts up as they are: nearly every code cell ends here. ``~code~c`` gets the code, and the column
    keeps only a text that is still unknown, so the text steps pass over the rest."""
    coded = [plan for plan in plans if plan.coded]
    fast = [plan for plan in plans if plan.fast]
    texts = {plan.name: _text(plan, column(plan.name, "s")) for plan in plans}
    raw = [alias(texts[plan.name], f"~raw~{plan.name}") for plan in plans]
    found = [alias(column("code", f"~m~{plan.name}"), f"~code~{plan.name}") for plan in coded]
    pending = [
        alias(
            sql("CASE WHEN :m IS NULL THEN :x END", m=column("code", f"~m~{plan.name}"), x=column(plan.name, "s")),
            plan.name,
        )
        for plan in coded
    ]
    read = [alias(_fast_value(plan, column(plan.name, "s")), f"~fast~{plan.name}") for plan in fast]
    result = _joined(query, coded, pending, [*raw, *found, *read])
    if not fast:
        return result
    left = [
        alias(
            sql(
                "CASE WHEN :f IS NULL THEN :x END",
                f=column(f"~fast~{plan.name}"),
                x=_text(plan, column(plan.name)),
            ),
            plan.name,
        )
        for plan in fast
    ]
    return replace_layer(result, left)


def _text(plan: ColumnPlan, value: exp.Expression) -> exp.Expression:
    return sql("CAST(:x AS VARCHAR)", x=value) if plan.typed else value


def _fast_value(plan: ColumnPlan, value: exp.Expression) -> exp.Expression:
    """The value of a cell that says it plainly, else NULL. A date or number that could stand for "no value" takes the
    slow way, where the text itself is compared."""
    fast = plan.read(value)
    blanks = [*(text for step in plan.steps for text in step.kind.blanks(step.args)), *plan.null_tokens]
    if TYPES[plan.element.type].row_kind == "number":
        numbers = sorted({Decimal(text) for text in blanks if re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text)})
        suspect = disjunction(sql(f":f = {number:f}", f=fast) for number in numbers)
        return sql("CASE WHEN NOT (:s) THEN :f END", s=suspect, f=fast) if numbers else fast
    suspects = {day for day in map(_day, blanks) if day}
    earlier = max((day for day in suspects if day <= USUAL), default=None)
    later = min((day for day in suspects if day > USUAL), default=None)
    bounds = [
        sql(f":f {sign} CAST(:d AS DATE)", f=fast, d=day) for sign, day in ((">=", _next(earlier)), ("<", later)) if day
    ]
    # Not one NULLIF in another: each doubles the expression inside.
    return sql("CASE WHEN :usual THEN :f END", usual=conjunction(bounds), f=fast) if bounds else fast


USUAL = "1970-01-01"
"""Placeholders lie before or behind the dates of living people and things; what lies between the nearest ones is read
at once."""


def _next(day: str | None) -> str | None:
    """The day after: any hour of a placeholder's day stands for "no value"."""
    return (Date.fromisoformat(day) + timedelta(1)).isoformat() if day else None


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
        code = sql("CASE WHEN :t THEN coalesce(:c, :x) ELSE :x END", t=touch, c=code_part(value), x=value)
        codes.append(alias(code, plan.name))
        parts.append(alias(sql("CASE WHEN :t THEN :l END", t=touch, l=label_part(value)), f"~label~{plan.name}"))
        # Without a mark between them only the label shows that the digits are a code.
        bare = sql(":t AND NOT regexp_matches(:x, :p)", t=touch, x=value, p=MARKED)
        parts.append(alias(bare, f"~bare~{plan.name}"))
        parts.append(alias(value, f"~whole~{plan.name}"))
    return replace_layer(query, codes, parts)


def _contradicted(plan: ColumnPlan) -> exp.Expression:
    """TRUE where the label beside the code is known and stands for another one or for several others, or is not known
    and nothing else shows that there is a code, or is nothing like what the code is called. In a hierarchical code set
    a label may be narrower or wider than its code (20-初婚, 21-已婚)."""
    if not plan.labelled:
        return exp.false()
    names = {
        "m": column("code", f"~m~{plan.name}"),
        "l": column("code", f"~l~{plan.name}"),
        "given": column(f"~label~{plan.name}", "s"),
        "bare": column(f"~bare~{plan.name}", "s"),
    }
    agrees = ":m = :l OR contains('|' || :l || '|', '|' || :m || '|')"
    if plan.hierarchical:
        agrees += " OR starts_with(:m, rtrim(:l, '0')) OR starts_with(:l, rtrim(:m, '0'))"
    unknown = ":given IS NOT NULL AND :l IS NULL"
    unproven = "coalesce(:bare, FALSE) OR (:w IS NOT NULL AND :unlike)"
    return sql(
        f"(:l IS NOT NULL AND NOT coalesce({agrees}, FALSE)) OR (CASE WHEN {unknown} THEN {unproven} ELSE FALSE END)",
        **names,
        w=column("words", f"~m~{plan.name}"),
        unlike=unlike(names["given"], column("words", f"~m~{plan.name}")),
    )


def code_layer(query: exp.Expression, plans: Sequence[ColumnPlan]) -> exp.Expression:
    """Look the standardised text of the remaining cells up again; an unknown value stays as it is, for its rule to
    find, and so does a code whose label contradicts it."""
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
    every code column, and with ``labels`` as ``~l~<column>`` for the label beside the code."""
    star = exp.Column(this=exp.Star(replace=replaced) if replaced else exp.Star(), table=exp.to_identifier("s"))
    result = exp.Select().select(star, *added, copy=False).from_(derived(query), copy=False)
    one = ":a = :b AND strpos(:c, :several) = 0"
    joins = [(plan.name, f"~m~{plan.name}", plan.name, one if plan.labelled else ":a = :b") for plan in coded]
    if labels:
        joins += [(plan.name, f"~l~{plan.name}", f"~label~{plan.name}", ":a = :b") for plan in coded if plan.labelled]
    for source, name, key, on in joins:
        table = exp.Table(this=exp.to_identifier(source, quoted=True), db=exp.to_identifier("maps", quoted=True))
        result = result.join(
            exp.alias_(table, exp.to_identifier(name, quoted=True), table=True),
            on=sql(on, a=column("source", name), b=column(key, "s"), c=column("code", name), several=SEVERAL),
            join_type="left",
            copy=False,
        )
    return result


def dependent_layer(
    query: exp.Expression, plans: Sequence[ColumnPlan], by_name: Mapping[str, ColumnPlan]
) -> exp.Expression:
    """Steps that depend on the code in another column."""
    changed = []
    for plan in plans:
        subject = cell(plan, by_name)
        done = subject
        for step in plan.at(Stage.CODES):
            done = replace(done, value=step.kind.tree(done, step.args))
        if done.value is not subject.value:
            changed.append(alias(done.value, plan.name))
    return replace_layer(query, changed) if changed else query
