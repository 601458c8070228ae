"""What of a delivery was left aside, in Chinese sentences for the run's summary and Dagster: no record's value is in
them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from govdata.batches import LINE_KINDS, NOTE_KINDS, IngestedFile, RawBatch, ReadingNote
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
        f"拒收 {raw.rejected} 条，原因见 governance.rejected{_rejects(raw)}" if raw.rejected else "",
        _listed("合同外的列，没有发布：", raw.unknown_columns),
        _listed("没有交付的列：", absent),
        _listed("只有部分文件有的列：", partly),
        _listed("没有读的工作表或文件：", unread),
        _listed("略过的文件：", raw.passed_over),
        _listed("读取时要注意：", remarks),
    ]
    return [text for text in told if text]


def overview(raw: RawBatch, dataset: Dataset) -> str:
    """How a delivery was read and where its lines went, in one sentence."""
    read = [source for source in raw.sources if source.note is None]
    matched = sum(level is not None for level in raw.coverage().values())
    columns = f"列对应 {matched} 个" if raw.delivered else "没有记录"
    counts = f"实物 {raw.physical:,} 行＝读入 {raw.rows:,}＋重复 {raw.duplicates:,}＋拒收 {raw.rejected:,}"
    lines = Counter[str]()
    for source in raw.sources:
        for note in source.notes:
            if note.kind in LINE_KINDS:
                lines[NOTE_KINDS[note.kind].title] += note.count
    kinds = "、".join(f"{title} {count:,}" for title, count in lines.most_common(MOST) if count)
    aside = f"＋不是记录 {raw.set_aside:,}" + (f"（{kinds}）" if kinds else "")
    columns += f"，缺 {len(dataset.columns) - matched} 个，合同外 {len(raw.unknown_columns)} 个"
    return f"{_manners(read)}；{columns}；{counts}{aside}"


def _manners(read: Sequence[IngestedFile]) -> str:
    """How many files and sheets were read as what: ``text UTF-8，表头第1行``."""
    files = len({source.name for source in read})
    sheets = sum(source.sheet is not None for source in read)
    manners = Counter(_manner(source) for source in read)
    told = "；".join(
        f"{manner}{f'（{count} 处）' if count > 1 else ''}" for manner, count in manners.most_common(3)
    ) + ("；等" if len(manners) > 3 else "")
    return f"{files} 个文件" + (f"、{sheets} 个工作表" if sheets else "") + (f"，{told}" if told else "")


def _manner(source: IngestedFile) -> str:
    header = source.header
    place = "" if header is None else "，没有表头" if not header.isdecimal() else f"，表头第 {header} 行"
    return " ".join(filter(None, (source.format, source.encoding))) + place


def _rejects(raw: RawBatch) -> str:
    """Their reasons: how many of each, between which rows."""
    found: dict[str, list[ReadingNote]] = {}
    for note in (note for source in raw.sources for note in source.notes if note.kind == "rejected"):
        found.setdefault(note.reason, []).append(note)
    most = sorted(found.items(), key=lambda item: -sum(note.count for note in item[1]))
    told = [f"{reason} {sum(note.count for note in notes)} 条{_between(notes)}" for reason, notes in most[:3]]
    return ("：" + "、".join(told) + (f" 等 {len(most)} 种" if len(most) > 3 else "")) if told else ""


def _between(notes: Iterable[ReadingNote]) -> str:
    rows = [row for note in notes for row in (note.first_row, note.last_row) if row is not None]
    if not rows:
        return ""
    return f"（第 {min(rows)} 行）" if min(rows) == max(rows) else f"（第 {min(rows)}–{max(rows)} 行）"


def _listed(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    return what + "、".join(names[:MOST]) + (f" 等 {len(names)} 个" if len(names) > MOST else "")
