"""How and when a dataset is delivered, and how large it is."""

from __future__ import annotations

import re

from govdata.standards import markers
from govdata.standards.contracts.context import Context
from govdata.standards.format import (
    DatasetProperties,
    DeliveryEntry,
    SlaEntry,
)
from govdata.standards.model import (
    Column,
    DeliveryMode,
    Schedule,
)
from govdata.standards.source import Loc

_UNITS = {
    "day": "d",
    "days": "d",
    "week": "w",
    "weeks": "w",
    "month": "m",
    "months": "m",
    "yr": "y",
    "year": "y",
    "years": "y",
}
_UNITS |= {unit: unit for unit in "dwmy"}
_DEADLINE = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def delivery_mode(written: DeliveryEntry | None) -> DeliveryMode:
    """A derived table is made whole each time."""
    if written is None:
        return DeliveryMode(mode="snapshot", key=())
    return DeliveryMode(
        mode=written.mode,
        key=tuple(written.key),
        operation=written.operation,
        snapshot_files=tuple(written.snapshot_files),
        settle=written.settle,
        marker=markers.watermark() if written.watermark is not None else markers.marker(written.marker),
        watermark=written.watermark,
        ignored_sheets=tuple(written.ignored_sheets),
        totals=written.totals,
    )


def check_delivery(properties: DatasetProperties, columns: list[Column | None], context: Context) -> None:
    delivery = properties.delivery
    if delivery is None:
        return
    raw = context.document.data["schema"][0].get("customProperties", [])
    index = next((i for i, entry in enumerate(raw) if entry.get("property") == "delivery"), 0)
    place: Loc = ("customProperties", index, "value")
    by_name = {column.name: column for column in columns if column is not None}
    for position, key in enumerate(delivery.key):
        if key not in context.names:
            context.add(f"合并键“{key}”不是本数据集的列", *place, "key", position, where="delivery")
        elif key in delivery.key[:position]:
            context.add(f"合并键“{key}”重复", *place, "key", position, where="delivery")
        elif delivery.mode == "delta" and key in by_name and not by_name[key].required:
            context.add(
                f"合并键“{key}”所在的列应为 required: true，空值无法合并", *place, "key", position, where="delivery"
            )
    if delivery.mode == "delta" and not delivery.key:
        context.add("mode 为 delta 时要写明合并键 key", *place, where="delivery")
    if delivery.operation is not None and delivery.operation not in context.names:
        context.add(f"operation “{delivery.operation}”不是本数据集的列", *place, "operation", where="delivery")
    if delivery.marker is not None and delivery.watermark is not None:
        context.add("写了 watermark 就不写 marker：水位文件就是标记文件", *place, "marker", where="delivery")
    if delivery.marker is not None:
        for key, message in markers.problems(delivery.marker.name, delivery.marker.count):
            context.add(message, *place, "marker", key, where="delivery")
    if delivery.mode == "snapshot" and (delivery.operation or delivery.snapshot_files):
        context.add("operation 和 snapshot_files 只用于 mode: delta", *place, where="delivery")


def check_volume(properties: DatasetProperties, context: Context) -> None:
    volume = properties.volume
    if volume.max_rows is not None and volume.min_rows > volume.max_rows:
        raw = context.document.data["schema"][0].get("customProperties", [])
        index = next((i for i, entry in enumerate(raw) if entry.get("property") == "volume"), 0)
        context.add("min_rows 大于 max_rows", "customProperties", index, "value", where="volume")


def schedule_of(entries: list[SlaEntry], context: Context) -> Schedule:
    every, unit, deadline = 1, "d", None
    seen: set[str] = set()

    def add(message: str, position: int, key: str) -> None:
        context.findings.add(
            context.document.file, message, context.document.line(("slaProperties", position, key)), "slaProperties"
        )

    for position, entry in enumerate(entries):
        if entry.property not in ("frequency", "deliveryDeadline"):
            continue
        if entry.property in seen:
            add(f"{entry.property} 重复", position, "property")
        seen.add(entry.property)
        if entry.property == "frequency":
            if type(entry.value) is not int or entry.value < 1:
                add("frequency 的 value 应为正整数", position, "value")
            else:
                every = entry.value
            if entry.unit not in _UNITS:
                add("frequency 的 unit 应为 d、w、m、y 之一", position, "unit")
            else:
                unit = _UNITS[entry.unit]
        elif not isinstance(entry.value, str) or _DEADLINE.fullmatch(entry.value) is None:
            add("deliveryDeadline 的 value 应为 'HH:MM'，加引号", position, "value")
        else:
            deadline = entry.value
    return Schedule.model_validate({"every": every, "unit": unit, "deadline": deadline})
