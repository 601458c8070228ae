"""Stage 3: GX and the table checks judge the standardised batch. A blocking check that fails stops this dataset's
publishing.

The bookkeeping of a blocked dataset (alert, reconciliation without a published count) happens here, inside the step,
which then fails with the Chinese reasons: Dagster, left alone with a failed blocking check, would fail it with an
English one and a stack trace.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date as Date

from dagster import (
    AssetCheckEvaluation,
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetExecutionContext,
    Failure,
    multi_asset_check,
)

from govdata.assets import guard
from govdata.assets.resources import DeploymentResource
from govdata.batches import StandardizedBatch, Verdict
from govdata.checks.asset_checks import check_results, check_specs, current, not_read
from govdata.deployment import Deployment, dates_in
from govdata.errors import GovdataError
from govdata.operations import alerts, outcomes
from govdata.operations.outcomes import title
from govdata.standards.model import Dataset, Registry

STAGE = "checked"


def checked(dataset: Dataset, registry: Registry) -> AssetChecksDefinition:
    """All checks of the asset ``<dataset>/standardized``, made by one validation."""

    @multi_asset_check(name=f"{STAGE}__{dataset.name}", specs=check_specs(dataset, registry))
    def stage(context: AssetCheckExecutionContext, deployment: DeploymentResource) -> Iterator[AssetCheckResult]:
        from govdata import checks, publish

        home = deployment.deployment
        date = Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, dataset, STAGE) as work:
            batch = StandardizedBatch.read(StandardizedBatch.path(home, dataset.name, date))
            if batch is None:
                raise GovdataError(f"{dataset.name} {date} 尚未标准化：请先运行“{title('standardized')}”")
            verdict = checks.validate(batch, dataset, registry, home)
            failing = [outcome for outcome in verdict.outcomes if not outcome.passed]
            work.counts = {"检查": len(verdict.outcomes), "未通过": len(failing)}
            if not verdict.passed:
                publish.record_reconciliation(batch, None, home)
                work.block(tuple(outcome.description for outcome in failing if outcome.blocking))
            newer = list(_newest_state(home, dataset, registry, date))
        yield from check_results(verdict, dataset)
        # An older date was judged again: what a person sees of a check stays the newest delivery's state.
        for evaluation in newer:
            context.op_execution_context.instance.report_runless_asset_event(evaluation)
        work.stop()

    return stage


@contextmanager
def unjudged(
    context: AssetExecutionContext, deployment: Deployment, dataset: Dataset, registry: Registry
) -> Iterator[None]:
    """Work without which the checks of the run's date cannot be made. Where it stops, Dagster would show each of them
    as failed: what a person sees stays the state of the newest delivery."""
    try:
        yield
    except Failure:
        for evaluation in _newest_state(deployment, dataset, registry):
            context.op_execution_context.instance.report_runless_asset_event(evaluation)
        raise


def _newest_state(
    deployment: Deployment, dataset: Dataset, registry: Registry, after: Date = Date.min
) -> Iterator[AssetCheckEvaluation]:
    """The checks of the newest delivery later than ``after`` that was judged; of one as new or newer that could not be
    read, that it was not (a date that was judged may be delivered anew)."""
    from govdata.publish import layers

    newest, judged = after, after > Date.min
    for date in reversed(layers.dates(deployment.lake("standardized", dataset.name, Date.max).parent)):
        if date <= after:
            break
        verdict = layers.read(Verdict, Verdict.path(deployment, dataset.name, date))
        if verdict is not None:
            newest, judged = date, True
            yield from current(verdict, dataset, registry)
            break
    for date in reversed(dates_in(deployment.landing / dataset.name)):
        if date < newest:
            break
        reading = outcomes.read(deployment, dataset.name, date, "raw")
        if reading is not None and reading.is_stopped:
            yield from not_read(dataset, registry, date, alerts.itemised(reading.reasons), judged)
            break
