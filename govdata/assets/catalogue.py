"""The catalogue ``governance/catalogue``: the DuckDB file of views that analysts open.

It is an external asset, told of by the steps that renew it, and has no step of its own. A step that waited for all datasets would be
skipped whenever one of them had no delivery, and never run when one was blocked; but analysts must see what was published, and the
governance tables must show the blocked night. So each publishing (and each blocking) rebuilds the catalogue at its end, which takes a
fraction of a second because it holds views only.
"""

from dagster import AssetKey, AssetMaterialization, AssetSpec

from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.standards.model import Registry

KEY = AssetKey(["governance", "catalogue"])


def catalogue(published: list[AssetKey]) -> AssetSpec:
    return AssetSpec(
        KEY,
        deps=published,
        description="DuckDB 目录：已发布表、隔离区、修复台账、规则结果、对账的视图，带中文注释；每个数据集发布后原子替换。",
        group_name="governance",
        kinds={"duckdb"},
        metadata={"数据目录": "data/published/govdata.duckdb"},
    )


def renewed(deployment: Deployment, registry: Registry) -> AssetMaterialization:
    """Rebuild the catalogue; returns the event that tells Dagster of it."""
    from govdata import publish

    path = publish.rebuild_catalogue(deployment, registry)
    return AssetMaterialization(KEY, description="目录已重建", metadata={"文件": deployment.relative(path), "字节数": path.stat().st_size})


def close_blocked(deployment: Deployment, registry: Registry, batch: StandardizedBatch) -> None:
    """Make a blocked night visible: its reconciliation line with no published count, its quarantine and its rule results."""
    from govdata import publish

    publish.record_reconciliation(batch, None, deployment)
    publish.rebuild_catalogue(deployment, registry)


