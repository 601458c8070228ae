"""From a contract and its elements to the ordered rules of a dataset, and the hash of all that its result depends
on."""

from __future__ import annotations

from collections.abc import Mapping

from govdata.standards.master_model import Masters
from govdata.standards.model import (
    BoundRule,
    CodeSet,
    Column,
    Dataset,
    Element,
    Required,
    Rule,
    Unique,
)
from govdata.storage.manifest import fingerprint

KEY_RULE = "primary_key_unique"
"""Name of the rule that a primary key gives."""


def column_rules(column: Column, element: Element) -> tuple[Rule, ...]:
    """The rules of one column before the contract's overrides: required, type or code_set, the element's own."""
    if not column.required:
        return element.rules
    required = Rule(
        name="required",
        spec=Required(),
        dimension="completeness",
        severity="error",
        message=f"{column.title}不能为空",
        indicator="0201",
    )
    return (required, *element.rules)


def primary_key_rule(columns: tuple[str, ...], titles: tuple[str, ...]) -> Rule:
    return Rule(
        name=KEY_RULE,
        spec=Unique(columns=columns),
        dimension="uniqueness",
        severity="error",
        message=f"主键（{'、'.join(titles)}）在本次交付中重复",
        indicator="0304",
    )


def bind_column(
    dataset: str, column: Column, element: Element, rules: tuple[Rule, ...], start: int = 0
) -> tuple[BoundRule, ...]:
    """``rules`` of one column, numbered from ``start``. What cannot be read withholds a row only where the column is
    required or a key."""
    optional = not (column.required or column.primary_key)
    return tuple(
        BoundRule(
            id=f"{column.name}.{rule.name}",
            index=start + offset,
            dataset=dataset,
            column=column.name,
            columns=(column.name,),
            spec=rule.spec,
            dimension=rule.dimension,
            severity="warning" if rule.empties and optional else rule.severity,
            message=rule.message,
            indicator=rule.indicator,
            source=rule.source or (None if rule.name == "required" else element.basis),
            empties=rule.empties and optional,
        )
        for offset, rule in enumerate(rules)
    )


def bind_dataset_rule(dataset: str, rule: Rule, columns: tuple[str, ...], index: int) -> BoundRule:
    """A rule of the whole dataset. ``columns``: all it reads, the first being the one a finding is told of."""
    return BoundRule(
        id=rule.name,
        index=index,
        dataset=dataset,
        column=columns[0],
        columns=columns,
        spec=rule.spec,
        dimension=rule.dimension,
        severity=rule.severity,
        message=rule.message,
        indicator=rule.indicator,
        source=rule.source,
    )


def grade_conflict(rule: Rule, code_sets: Mapping[str, CodeSet]) -> str | None:
    """Why ``rule`` must not quarantine a row: it rests on a fact graded C. None where it may."""
    if rule.severity != "error":
        return None
    for name in rule.spec.code_sets():
        if name in code_sets and code_sets[name].grade == "C":
            return f"代码集 {name} 为 C 级（待核），依据它的规则不能是 error，应为 warning"
    return "依据为 C 级（待核）的规则不能是 error，应为 warning" if rule.grade == "C" else None


def digest(value: Element | CodeSet) -> str:
    """A hash of what a result can depend on: not where the value is written, nor its examples."""
    said_only = {"file", "line", "examples", "codes", "authority"}
    written: dict[str, object] = value.model_dump(mode="json", exclude=said_only)
    if isinstance(value, CodeSet):  # rows without their field names: a table of divisions has thousands
        written["codes"] = [tuple(code.__dict__.values()) for code in value.codes]
    return fingerprint(written)


def dataset_hash(
    dataset: Dataset,
    bound: tuple[BoundRule, ...],
    elements: Mapping[str, Element],
    element_digests: Mapping[str, str],
    code_set_digests: Mapping[str, str],
    null_tokens: tuple[str, ...],
    masters: Masters | None = None,
) -> str:
    """12 hex digits that change whenever anything declared that the dataset's result depends on does."""
    used = sorted({column.element for column in dataset.columns})
    sets = {elements[name].code_set for name in used} - {None}
    for rule in bound:
        sets.update(rule.spec.code_sets())
    about = dataset.derived.masters_read() if dataset.derived is not None else ()
    asked = {kind: (masters or {})[kind].model_dump(mode="json", exclude={"screening"}) for kind in about}
    return fingerprint(
        # How an upload is known to be whole says nothing of what becomes of it, nor does a place in the catalogue.
        dataset.model_dump(
            mode="json",
            exclude={
                "file": True,
                "entry": True,
                "delivery": {"settle", "marker"},
                "columns": {"__all__": {"opening", "secret"}},
            },
        ),
        [rule.model_dump(mode="json") for rule in bound],
        {name: element_digests[name] for name in used},
        {name: code_set_digests[name] for name in sorted(name for name in sets if name)},
        list(null_tokens),
        *([asked] if asked else []),
    )
