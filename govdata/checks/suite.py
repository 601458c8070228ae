"""From the registry to a GX suite: one expectation per declared rule, and GX's native ones for the table's shape."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata.engine import rules
from govdata.engine.syntax import text
from govdata.engine.typed import sql_type
from govdata.standards.model import DIMENSION_NAMES, BoundRule, Dataset, Registry, Unique
from govdata.storage import files
from govdata.storage.tables.system_columns import IDENTITY, UNPARSED
from govdata.trees.shared_calls import Shared

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

SYSTEM_COLUMNS = (*IDENTITY, UNPARSED)
"""Columns of a standardised row besides the contract's. The engine's own verdict (``failed_rules``, ``_warnings``) is
not shown to GX."""


def build(dataset: Dataset, registry: Registry, shared: Shared) -> ExpectationSuite:
    """The suite of ``dataset``. The same registry gives the same suite; it names no delivery date and holds no record's
    value.

    ``shared``: the rules' predicates, and the facts they share as columns of the table they are evaluated on."""
    import great_expectations as gx
    from great_expectations.expectations.metadata_types import FailureSeverity

    from govdata.checks.gx import ExpectColumnTypeToBeDeclared, ExpectRuleToHold

    expectations: list[Any] = [
        gx.expectations.ExpectTableColumnsToMatchSet(
            column_set=[*(column.name for column in dataset.columns), *SYSTEM_COLUMNS, *shared.facts, *shared.results],
            exact_match=True,
            notes="标准化表的列与合同一致",
            meta=_meta(kind="schema"),
        ),
        # Cannot fail: it is here for what it observes, the number of rows GX really read, which reconciliation
        # compares.
        gx.expectations.ExpectTableRowCountToBeBetween(
            min_value=0, notes="质量检查读到的行数", meta=_meta(kind="rows")
        ),
    ]
    for column in dataset.columns:
        element = registry.elements[column.element]
        expectations.append(
            ExpectColumnTypeToBeDeclared(
                column=column.name,
                type_list=[sql_type(element).partition("(")[0]],
                notes=f"{column.title}的数据类型与数据元一致",
                meta=_meta(kind="schema", column=column.name, element=element.id, standard=element.standard),
            )
        )
    for rule in registry.rules(dataset.name):
        expectations.append(
            ExpectRuleToHold(
                **_condition(rule, shared),
                rule_id=rule.id,
                severity=FailureSeverity.CRITICAL if rule.severity == "error" else FailureSeverity.WARNING,
                description=rule.message,
                notes=f"{DIMENSION_NAMES[rule.dimension]}：{rule.message}",
                meta=_rule_meta(rule, dataset, registry),
            )
        )
    return gx.ExpectationSuite(
        name=dataset.name,
        expectations=expectations,
        notes=f"{dataset.title}：由数据标准编译，请修改标准而不是本文件",
        meta=_meta(
            dataset=dataset.name, title=dataset.title, owner=dataset.owner, standards_hash=registry.hashes[dataset.name]
        ),
    )


def _condition(rule: BoundRule, shared: Shared) -> dict[str, Any]:
    if isinstance(rule.spec, Unique):
        return {"unique_columns": list(rule.spec.columns)}
    return {
        "violation": text(shared.trees[rules.VIOLATION + rule.id]),
        "applicable": text(shared.trees[rules.APPLICABLE + rule.id]),
    }


def _rule_meta(rule: BoundRule, dataset: Dataset, registry: Registry) -> dict[str, Any]:
    element = registry.element(dataset.name, rule.column) if rule.column else None
    standard = rule.source or (element.basis if element else None)
    return _meta(
        kind="rule",
        rule_id=rule.id,
        rule_kind=rule.spec.kind,
        column=rule.column,
        dimension=rule.dimension,
        dimension_name=DIMENSION_NAMES[rule.dimension],
        severity=rule.severity,
        message=rule.message,
        indicator=rule.indicator,
        standard=standard or None,
    )


def _meta(**facts: Any) -> dict[str, Any]:
    return {"govdata": {name: fact for name, fact in facts.items() if fact is not None}}


@dataclass(frozen=True)
class CompiledSuite:
    """A suite and the GX JSON it is kept as."""

    dataset: Dataset
    standards_hash: str
    suite: ExpectationSuite
    json: str

    def save(self, folder: Path) -> Path:
        """Write the JSON to ``<folder>/<dataset>.json``, in one step."""
        path = folder / f"{self.dataset.name}.json"
        written = files.temporary(path)
        written.write_text(self.json, encoding="utf-8")
        return files.put(written, path)


def compiled(dataset: Dataset, registry: Registry) -> CompiledSuite:
    """The dataset's suite, made once for the registry."""

    def make() -> CompiledSuite:
        shared = rules.shared(dataset.name, registry)
        suite = build(dataset, registry, shared)
        written = json.dumps(suite.to_json_dict(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        return CompiledSuite(dataset, registry.hashes[dataset.name], suite, written)

    if registry.datasets.get(dataset.name) is not dataset:  # somebody's own, for a moment
        return make()
    return registry.keep(("suite", dataset.name), make)
