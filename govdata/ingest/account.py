"""What of a delivery was left aside, in Chinese sentences for the run's summary and Dagster: no record's value is in
them."""

from __future__ import annotations

from collections.abc import Sequence

from govdata.batches import RawBatch
from govdata.standards.model import Dataset

MOST = 8
"""So many names a sentence lists."""


def notes(raw: RawBatch, dataset: Dataset) -> list[str]:
    """Rejected records, columns without a home or that did not come, sheets not read, remarks; empty where there is
    none of it."""
    covered = raw.coverage()
    operation = dataset.delivery.operation if raw.mode == "snapshot" else None
    titles = {column.name: column.title for column in dataset.columns if column.name != operation}
    absent = [title for name, title in titles.items() if raw.delivered and covered.get(name) is None]
    partly = [title for name, title in titles.items() if covered.get(name) == "some"]
    places = {
        f"{source.name}#{source.sheet}" if source.sheet else source.name: source.note
        for source in raw.sources
        if source.note
    }
    unread = [f"{place}（{note}）" for place, note in places.items()]
    remarks = [
        f"{source.name}#{source.sheet}：{remark}" if source.sheet else f"{source.name}：{remark}"
        for source in raw.sources
        for remark in source.remarks
    ]
    told = [
        f"拒收 {raw.rejected} 条，原因见 governance.rejected" if raw.rejected else "",
        _listed("合同外的列，没有发布：", raw.unknown_columns),
        _listed("没有交付的列：", absent),
        _listed("只有部分文件有的列：", partly),
        _listed("没有读的工作表或文件：", unread),
        _listed("读取时要注意：", remarks),
    ]
    return [text for text in told if text]


def _listed(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    return what + "、".join(names[:MOST]) + (f" 等 {len(names)} 个" if len(names) > MOST else "")
