"""What says from where to where a table of a department's database was read: the file ``_watermark.json`` beside the
pulled data, for datasets whose contract declares ``delivery.watermark``.

    {"table": "RK.T_RKJBXX", "column": "GXSJ", "from": "2026-11-18 02:00:00", "to": "2026-11-19 02:00:00", "rows": 1204}

``from`` is excluded and ``to`` included, both a moment, a date or a whole number, ``from`` null where the table was
read from its beginning. Presence and ``rows`` are asked as of every marker (``complete``); here, that nothing lies
between two pulls: what was changed in such a gap would be missing for ever, and no later delta would say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import Any

from govdata.batches import RawBatch, Watermark
from govdata.deployment import Deployment, dates_in
from govdata.errors import DeliveryError, Problem
from govdata.standards.model import WATERMARK_FILE, Dataset

MOST_BYTES = 65_536
NEEDED = ("table", "column", "from", "to", "rows")


def demand(markers: Mapping[str, Path], dataset: Dataset, date: Date, deployment: Deployment) -> Watermark | None:
    """The watermark among ``markers`` (name inside the delivery folder → path); None where the contract asks none.

    Raises ``DeliveryError`` where it cannot be read, names another column than the contract, or leaves a gap after the
    pull before it."""
    if dataset.delivery.watermark is None:
        return None
    what = f"{dataset.title}（{dataset.name}）{date} 的水位"
    path = next(path for name, path in markers.items() if name.lower() == WATERMARK_FILE)
    pulled, reason = _read(path, dataset.delivery.watermark)
    if pulled is None:
        raise DeliveryError(f"{what}文件有误，请重新抽取：", [Problem(WATERMARK_FILE, reason)])
    before = _before(dataset.name, date, deployment)
    if pulled.start is not None and before is not None and (told := _gap(*before, pulled)):
        raise DeliveryError(f"{what}与上一次抽取不相接，其间的变化没有读到：", [Problem(WATERMARK_FILE, told)])
    return pulled


def _read(path: Path, column: str) -> tuple[Watermark | None, str]:
    try:
        with open(path, "rb") as file:
            said: Any = json.loads(file.read(MOST_BYTES))
    except ValueError:
        return None, "不是 JSON"
    if not isinstance(said, dict) or (missing := [name for name in NEEDED if name not in said]):
        return None, f"应是一个对象，写明 {'、'.join(NEEDED)}" + (f"；没有 {'、'.join(missing)}" if said else "")
    if str(said["column"]).casefold() != column.casefold():
        return None, f"column 应为合同所写的 {column}"
    start, end = said["from"], said["to"]
    if _place(end) is None or (start is not None and _place(start) is None):
        return None, "from 和 to 应为日期、日期时间（2026-11-18 02:00:00）或整数；from 可以为 null（从头抽取）"
    if start is not None and (type(_place(start)) is not type(_place(end)) or _place(start) > _place(end)):
        return None, "from 在 to 之后，或两者不是同一种值"
    return Watermark(table=str(said["table"]), start=None if start is None else str(start), end=str(end)), ""


def _place(value: object) -> Any:
    """Where a watermark lies: a moment or a number, None where it is neither."""
    if isinstance(value, bool):
        return None
    text = str(value)
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _before(dataset: str, date: Date, deployment: Deployment) -> tuple[Date, Watermark] | None:
    """The newest pull of an earlier date that was read."""
    for earlier in reversed(dates_in(deployment.lake_of("raw", dataset))):
        raw = RawBatch.read(RawBatch.path(deployment, dataset, earlier)) if earlier < date else None
        if raw is not None and raw.watermark is not None:
            return earlier, raw.watermark
    return None


def _gap(earlier: Date, before: Watermark, pulled: Watermark) -> str | None:
    """An overlap is none: a record that comes twice is merged by its key."""
    last, start = _place(before.end), _place(pulled.start)
    if type(last) is not type(start):
        return f"上一次（{earlier}）到 {before.end}，这次从 {pulled.start} 起：两者不是同一种值"
    if start > last:
        again = f"请从 {before.end} 起重新抽取，或从头抽取"
        return f"上一次（{earlier}）到 {before.end} 为止，这次从 {pulled.start} 起。{again}"
    return None
