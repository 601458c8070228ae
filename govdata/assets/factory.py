"""One factory for all datasets: a contract under ``standards/datasets`` is all it takes for a dataset to be in the
graph."""

from dataclasses import dataclass

from dagster import AssetChecksDefinition, AssetsDefinition, AssetSpec, DailyPartitionsDefinition

from govdata.assets.checked import checked
from govdata.assets.landing import landing
from govdata.assets.published import published
from govdata.assets.raw import raw
from govdata.assets.standardized import standardized
from govdata.standards.model import Dataset, Registry


@dataclass(frozen=True)
class DatasetAssets:
    """What one dataset brings into Dagster, in the order of the stages."""

    assets: tuple[AssetsDefinition | AssetSpec, ...]
    checks: tuple[AssetChecksDefinition, ...]


def dataset_assets(dataset: Dataset, registry: Registry, dates: DailyPartitionsDefinition) -> DatasetAssets:
    return DatasetAssets(
        assets=(
            landing(dataset, registry, dates),
            raw(dataset, registry, dates),
            standardized(dataset, registry, dates),
            published(dataset, registry, dates),
        ),
        checks=(checked(dataset, registry),),
    )
