"""Stage 3: GX and the table checks judge the standardised batch. A blocking check that fails stops this dataset's publishing.

The bookkeeping of a blocked dataset (alert, reconciliation without a published count) happens here, inside the step: Dagster stops the
steps downstream as soon as the step has ended with a failed blocking check.
"""

from collections.abc import Iterator
from datetime import date as Date

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, multi_asset_check

from govdata.assets import guard, standardized
from govdata.assets.catalogue import renew_unless_nightly
from govdata.assets.guard import guarded
from govdata.assets.resources import DeploymentResource
from govdata.batches import StandardizedBatch, Verdict
from govdata.checks.asset_checks import check_results, check_specs, current
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.standards.model import Dataset, Registry

STAGE = "checked"
TITLE = "发布前检查"


def checked(dataset: Dataset, registry: Registry) -> AssetChecksDefinition:
    """All checks of the asset ``<dataset>/standardized``, made by one validation."""

    @multi_asset_check(name=f"{STAGE}__{dataset.name}", specs=check_specs(dataset, registry))
    def stage(context: AssetCheckExecutionContext, deployment: DeploymentResource) -> Iterator[AssetCheckResult]:
        from govdata import checks, publish

        home = deployment.deployment
        date = Date.fromisoformat(context.partition_key)
        with guarded(home, dataset, date, TITLE, context.run.run_id):
            batch = StandardizedBatch.read(StandardizedBatch.path(home, dataset.name, date))
            if batch is None:
                raise GovdataError(f"{dataset.name} {date} 尚未标准化：请先运行“{standardized.TITLE}”")
            verdict = checks.validate(batch, dataset, registry, home)
            if not verdict.passed:
                reasons = tuple(outcome.description for outcome in verdict.outcomes if outcome.blocking and not outcome.passed)
                guard.alert(home, dataset, date, TITLE, context.run.run_id, "check_failed", reasons)
                publish.record_reconciliation(batch, None, home)
                renew_unless_nightly(context, home, registry)
            newest = _newest_verdict(home, dataset, date)
        yield from check_results(verdict, dataset)
        # An older date was judged again: what a person sees of a check stays the newest delivery's state.
        if newest is not None:
            with guarded(home, dataset, date, TITLE, context.run.run_id):
                for evaluation in current(newest, dataset, registry):
                    context.op_execution_context.instance.report_runless_asset_event(evaluation)

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
