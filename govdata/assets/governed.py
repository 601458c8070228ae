"""What the assets ``governance/<stage>`` have in common: one of each for the city and a date, after the datasets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dagster import AssetCheckSpec, AssetKey, AssetsDefinition, AssetSpec, DailyPartitionsDefinition, multi_asset

from govdata.operations.outcomes import GOVERNANCE


def governed(
    key: AssetKey,
    dates: DailyPartitionsDefinition,
    upstream: Iterable[AssetKey],
    description: str,
    *,
    kinds: set[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    priority: int = 0,
    checks: Sequence[AssetCheckSpec] = (),
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """The decorator of the asset's function. ``priority``: of those that are due the one process of a night takes the
    highest; so an asset can come after what it does not wait for."""
    spec = AssetSpec(
        key,
        deps=upstream,
        description=description,
        group_name=GOVERNANCE,
        kinds=kinds,
        partitions_def=dates,
        metadata=metadata,
    )
    return multi_asset(
        name=f"{key.path[-1]}__{GOVERNANCE}",
        specs=[spec],
        check_specs=checks,
        op_tags={"dagster/priority": str(priority)} if priority else None,
    )
