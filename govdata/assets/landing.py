"""Stage 0: what a department puts into its delivery folder. Nothing is made here; the raw stage reports what it
found."""

from dagster import AssetKey, AssetSpec, DailyPartitionsDefinition

from govdata.assets import describe
from govdata.standards.model import Dataset, Registry


def key(dataset: Dataset) -> AssetKey:
    return AssetKey([dataset.name, "landing"])


def landing(dataset: Dataset, registry: Registry, dates: DailyPartitionsDefinition) -> AssetSpec:
    """The delivery folder as an external asset: in the graph, with a materialization for every delivery that was found,
    never executed."""
    schedule = dataset.schedule
    rhythm = {"d": "日", "w": "周", "m": "月", "y": "年"}[schedule.unit]
    due = f"每{schedule.every if schedule.every > 1 else ''}{rhythm}交付" + (
        f"，{schedule.deadline}前" if schedule.deadline else ""
    )
    mode = "全量" if dataset.delivery.mode == "snapshot" else "增量"
    return AssetSpec(
        key(dataset),
        description=f"{dataset.owner}交付的{dataset.title}原始文件（{mode}，{due}）。只读，从不改动。",
        kinds={"file"},
        partitions_def=dates,
        metadata={"数据目录": f"data/landing/{dataset.name}"},
        **describe.common(dataset, registry),
    )
