"""StandardizedBatch → Verdict: GX counts every rule on its own, then the table checks weigh the batch as a whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from govdata import engine
from govdata.batches import CheckOutcome, RawBatch, StandardizedBatch, Verdict
from govdata.checks import batch_rows, columns, results, suite, table
from govdata.checks.errors import ChecksError
from govdata.checks.findings import figures
from govdata.deployment import Deployment
from govdata.publish import filled_cells, layers
from govdata.standards.model import BoundRule, Dataset, Registry
from govdata.storage import pace

if TYPE_CHECKING:
    from govdata.checks.gx import Counted, SuiteResult


def validate(
    batch: StandardizedBatch,
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
    own: Sequence[CheckOutcome] = (),
) -> Verdict:
    """Judge the batch, with the outcomes of its ``own_checks`` where it has some; write the suite
    (``reports/expectations``), the rule results (``governance``) and, last, the verdict's manifest.

    A failed rule is a result. Raises ``ChecksError`` where the judgement itself could not be made: a rule that does not
    run, files that are gone, or a batch made under other standards than ``registry``; an earlier verdict then stands,
    for its own batch id only."""
    from govdata.checks import gx

    if batch.standards_hash != registry.hashes[dataset.name]:
        raise ChecksError(f"{dataset.name} {batch.date} 标准化之后标准已修改，请先重新运行标准化")
    if batch.rejudged:
        raise ChecksError(f"{dataset.name} {batch.date} 的隔离行复审过，不能单独重做检查：请从标准化开始重新运行这一天")
    expectations = suite.compiled(dataset, registry)
    expectations.save(deployment.expectations)
    asked = {name for rule in registry.rules(dataset.name) for name in rule.spec.code_sets()}
    scratch = deployment.temporary / f"checks-{dataset.name}-{batch.date}-{os.getpid()}"
    try:
        # "current" codes are judged at the delivery's date, as the engine judged them.
        opened = engine.session(registry, temp=scratch, as_of=batch.date, code_sets=asked)
        with closing(opened) as connection, pace.statement(connection):
            view = batch_rows.create_view(connection, batch, dataset, registry, deployment)
            result = gx.run(expectations.suite, connection, view)
            _refuse_broken(result, batch, registry)
            raw = RawBatch.read(RawBatch.path(deployment, dataset.name, batch.date))
            actual = {
                "clean": batch_rows.count(connection, deployment, batch.clean_files),
                "quarantined": batch_rows.count(connection, deployment, batch.quarantine_files),
                "dropped": batch_rows.count(connection, deployment, batch.duplicate_files),
                "raw": batch_rows.count(connection, deployment, raw.files) if raw else 0,
                "rejected": batch_rows.count(connection, deployment, raw.rejected_files) if raw else 0,
                "judged": result.rows,
            }
            previous = table.previous_snapshot(deployment, dataset, batch.date)
            published = batch_rows.published_rows(connection, batch, dataset, deployment, previous)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    outcomes = [
        *(_rule_outcome(rule, result.rules[rule.id], batch) for rule in registry.rules(dataset.name)),
        table.schema(result.schema_checked, result.schema_failures),
        table.parity(batch.rule_failures, {rule: counted.failed for rule, counted in result.rules.items()}),
        table.reconciliation(batch, raw, actual),
        *_of_delivery(raw, batch, dataset, deployment),
        table.volume(published, previous, dataset.volume),
        table.quarantine_share(batch, dataset.volume),
        *own,
    ]
    results.write(outcomes, batch, dataset, registry, deployment)
    verdict = Verdict(
        dataset=dataset.name,
        date=batch.date,
        batch_id=batch.batch_id,
        standards_hash=batch.standards_hash,
        outcomes=tuple(outcomes),
    )
    verdict.write(Verdict.path(deployment, dataset.name, batch.date))
    return verdict


def _of_delivery(
    raw: RawBatch | None, batch: StandardizedBatch, dataset: Dataset, deployment: Deployment
) -> list[CheckOutcome]:
    """How the files were read; nothing to ask of a derived table."""
    if dataset.derived is not None:
        return []
    cells = filled_cells((*batch.clean_files, *batch.quarantine_files), deployment)
    before = layers.before(deployment, dataset.name, batch.date)
    return [
        columns.delivered_columns(raw, before, dataset, cells, batch.rows),
        table.reading(raw, dataset),
        table.rejected_share(batch, raw, dataset.volume),
    ]


def _refuse_broken(result: SuiteResult, batch: StandardizedBatch, registry: Registry) -> None:
    """An expectation that could not be evaluated, or that is missing, is a failed run. The error's text may quote a
    value: only its class is told."""
    missing = [
        rule.id
        for rule in registry.rules(batch.dataset)
        if rule.id not in result.rules and rule.id not in result.broken
    ]
    parts = [f"{name}（{error}）" for name, error in result.broken.items()] + [
        f"{name}（没有结果）" for name in missing
    ]
    if not parts:
        return
    shape = "；标准化表的结构与合同不符：" + "、".join(result.schema_failures) if result.schema_failures else ""
    raise ChecksError(f"{batch.dataset} {batch.date} 的检查未能执行：" + "、".join(parts) + shape)


def _rule_outcome(rule: BoundRule, counted: Counted, batch: StandardizedBatch) -> CheckOutcome:
    return CheckOutcome(
        name=rule.check_name,
        kind="rule",
        description=rule.message,
        rule_id=rule.id,
        column=rule.column,
        dimension=rule.dimension,
        severity=rule.severity,
        blocking=False,
        passed=counted.failed == 0,
        checked=counted.checked,
        failed=counted.failed,
        figures=figures(rule.dataset, batch.date, rule.id, counted.checked, counted.failed),
    )
