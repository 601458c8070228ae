"""Stage 3: GX and the table checks judge the standardised batch. A blocking check that fails stops this dataset's publishing.

The bookkeeping of a blocked dataset (alert, reconciliation without a published count) happens here, inside the step: Dagster stops the
steps downstream as soon as the failed result is yielded.
"""

import warnings
from collections.abc import Iterator
from datetime import date as Date

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, PreviewWarning, multi_asset_check

from govdata.assets import guard, standardized
from govdata.assets.catalogue import renew_unless_nightly
from govdata.assets.guard import guarded
from govdata.assets.partitions import delivery_dates
from govdata.assets.resources import DeploymentResource
from govdata.batches import StandardizedBatch
from govdata.checks.asset_checks import check_results, check_specs
from govdata.errors import GovdataError
from govdata.standards.model import Dataset, Registry

STAGE = "checked"
TITLE = "发布前检查"


def checked(dataset: Dataset, registry: Registry) -> AssetChecksDefinition:
    """All checks of the asset ``standardized/<dataset>``, made by one validation."""
    with warnings.catch_warnings():
        # Partitioned checks are a preview in Dagster 1.13; without them the UI cannot say which date a result is of.
        warnings.simplefilter("ignore", PreviewWarning)
        specs = check_specs(dataset, registry, delivery_dates())

    @multi_asset_check(name=f"{STAGE}__{dataset.name}", specs=specs)
    def stage(context: AssetCheckExecutionContext, deployment: DeploymentResource) -> Iterator[AssetCheckResult]:
        from govdata import checks, publish

        home = deployment.deployment
        date = Date.fromisoformat(context.partition_key)
        with guarded(home, dataset, date, TITLE, context.run.run_id):
            batch = StandardizedBatch.read(StandardizedBatch.path(home, dataset.name, date))
            if batch is None:
                raise GovdataError(f"{dataset.name} {date} 尚未标准化：请先运行“{standardized.TITLE}”")
            verdict = checks.validate(batch, dataset, registry, home)
            results = list(check_results(verdict, dataset, registry))
            if not verdict.passed:
                reasons = tuple(outcome.description for outcome in verdict.outcomes if outcome.blocking and not outcome.passed)
                guard.alert(home, dataset, date, TITLE, context.run.run_id, "check_failed", reasons)
                publish.record_reconciliation(batch, None, home)
                renew_unless_nightly(context, home, registry)
        yield from results

    return stage
