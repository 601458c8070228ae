"""Stage 3: GX and the table checks judge the standardised batch. A blocking check that fails stops this dataset's
publishing.

The bookkeeping of a blocked dataset (alert, reconciliation without a published count) happens here, inside the step,
which then fails with the Chinese reasons: Dagster, left alone with a failed blocking check, would fail it with an
English one and a stack trace.
"""

from collections.abc import Iterator
from datetime import date as Date

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, multi_asset_check

from govdata.assets import guard
from govdata.assets.resources import DeploymentResource
from govdata.batches import StandardizedBatch, Verdict
from govdata.checks.asset_checks import check_results, check_specs, current
from govdata.deployment import Deployment
from govdata.errors import GovdataError
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
            newest = _newest_verdict(home, dataset, date)
        yield from check_results(verdict, dataset)
        # An older date was judged again: what a person sees of a check stays the newest delivery's state.
        for evaluation in current(newest, dataset, registry) if newest is not None else ():
            context.op_execution_context.instance.report_runless_asset_event(evaluation)
        work.stop()

    return stage


def _newest_verdict(deployment: Deployment, dataset: Dataset, after: Date) -> Verdict | None:
    """That of the newest delivery later than ``after``; None where ``after`` is the newest that was judged."""
    from govdata.publish import layers

    for date in reversed(layers.dates(deployment.lake("standardized", dataset.name, after).parent)):
        if date <= after:
            return None
        verdict = layers.read(Verdict, Verdict.path(deployment, dataset.name, date))
        if verdict is not None:
            return verdict
    return None
