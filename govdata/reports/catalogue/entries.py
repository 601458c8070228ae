"""The catalogue of government data as values: every registered table with its items, from the standards and from what
the deployment has. Workbook, JSON, DCAT, registration and pages are written from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from govdata.deployment import Deployment
from govdata.reports.catalogue.holdings import NOTHING, Holding, holdings
from govdata.standards.catalogue import CLASS_NAMES, frequency_of, summary_of, title_of
from govdata.standards.catalogue_entry import FREQUENCIES, STAGES, SUBJECTS, CatalogueEntry
from govdata.standards.kinds import DateRange, Length, Range
from govdata.standards.model import Column, Dataset, Element, Registry
from govdata.storage.tables import system_columns

SHARING_NAMES = {name: f"{text}共享" for name, text in CLASS_NAMES.items()}
OPENING_NAMES = {name: f"{text}开放" for name, text in CLASS_NAMES.items()}
TYPES = {
    "integer": "整数",
    "decimal": "高精度",
    "text": "字符",
    "code": "字符",
    "date": "日期",
    "datetime": "日期时间",
    "boolean": "布尔",
}
"""Type of an element → 数据类型 of an item; any other is 其他."""

ENTRY_FIELDS: dict[str, str] = {
    "title": "名称*",
    "code": "信息资源代码*",
    "class": "信息资源分类*",
    "provider": "提供方*",
    "provider_code": "提供方代码*",
    "system": "信息系统",
    "objects": "业务对象*",
    "matters": "所属事项*",
    "resource": "挂接资源",
    "scenes": "应用场景*",
    "area": "空间范围*",
    "period": "时间范围*",
    "update": "更新周期*",
    "level": "数据分级*",
    "summary": "摘要*",
    "subjects": "基础信息分类*",
    "subjects_sum": "基础信息分类码*",
    "format": "信息资源格式*",
    "sharing": "共享属性*",
    "sharing_condition": "共享条件",
    "sharing_basis": "不予共享依据",
    "sharing_modes": "共享方式",
    "opening": "开放属性*",
    "opening_condition": "开放条件",
    "sync": "同步机制",
    "sync_frequency": "同步频率",
    "physical_delete": "是否物理删除",
    "authorised_operation": "可授权运营",
    "stage": "生命周期*",
    "stage_dates": "生命周期日期",
    "issued": "发布日期",
    "modified": "更新日期",
    "rows": "数据量",
    "related": "关联资源代码",
}
"""Field of an entry → its heading; ``*``: the import asks for it."""

ITEM_FIELDS: dict[str, str] = {
    "entry_code": "信息资源代码*",
    "entry": "所属目录*",
    "position": "序号*",
    "title": "业务名称*",
    "name": "技术名称*",
    "standard": "数据标准",
    "element": "数据元",
    "code_set": "码表",
    "type": "数据类型*",
    "length": "长度",
    "range": "值域",
    "sharing": "共享属性*",
    "opening": "开放属性*",
    "sensitive": "是否敏感*",
    "secret": "是否涉密*",
    "level": "数据分级*",
    "timestamp": "是否时间戳",
    "key": "是否主键",
    "nullable": "是否可空",
    "system": "来源系统",
    "produced": "本部门产生",
    "incremental": "是否增量字段",
}
"""Field of an item → its heading."""

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One registered table. ``line``: keys of ``ENTRY_FIELDS``; ``items``: of ``ITEM_FIELDS``. ``remarks``: what its
    declaration and what there is of it disagree on."""

    dataset: Dataset
    declared: CatalogueEntry
    holding: Holding
    provider_code: str
    frequency: str
    line: Line
    items: tuple[Line, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """``unregistered``: tables without an entry."""

    entries: tuple[Entry, ...]
    holdings: Mapping[str, Holding]
    unregistered: tuple[str, ...]


def catalogue(registry: Registry, deployment: Deployment) -> Catalogue:
    """Every registered table, by code."""
    held = holdings(deployment)
    codes = {name: dataset.entry.code for name, dataset in registry.datasets.items() if dataset.entry is not None}
    entries = [_entry(registry, registry.datasets[name], held.get(name, NOTHING), codes) for name in codes]
    return Catalogue(
        entries=tuple(sorted(entries, key=lambda entry: entry.declared.code)),
        holdings=held,
        unregistered=tuple(sorted(set(registry.datasets) - set(codes))),
    )


def level(registry: Registry, dataset: Dataset) -> int:
    """数据分级: that of its highest item."""
    return max(registry.elements[column.element].sensitivity.level for column in dataset.columns)


def _entry(registry: Registry, dataset: Dataset, holding: Holding, codes: Mapping[str, str]) -> Entry:
    declared = dataset.entry
    assert declared is not None
    provider = registry.workorders.departments[dataset.owner].uscc or ""
    known = {code.code: code.name_zh for code in registry.code_sets[FREQUENCIES].codes}
    frequency = frequency_of(dataset)
    related = sorted(codes[name] for name in registry.inputs(dataset.name) if name in codes)
    dates = declared.life.dates()
    line = {
        "title": title_of(dataset),
        "code": declared.code,
        "class": f"{declared.classified.kind}/{declared.classified.item}",
        "provider": dataset.owner,
        "provider_code": provider,
        "system": declared.system,
        "objects": declared.objects,
        "matters": "、".join(declared.matters),
        "resource": f"{dataset.schema_name}.{dataset.name}",
        "scenes": "、".join(declared.scenes),
        "area": declared.area,
        "period": f"{declared.period.since} 至 {declared.period.until or '今'}",
        "update": known[frequency],
        "level": declared.level,
        "summary": summary_of(dataset),
        "subjects": "、".join(declared.subjects),
        "subjects_sum": sum(SUBJECTS[subject] for subject in set(declared.subjects)),
        "format": "数据库",
        "sharing": SHARING_NAMES[dataset.sharing],
        "sharing_condition": declared.condition,
        "sharing_basis": declared.refusal and f"{declared.refusal.kind}：{declared.refusal.text}",
        "sharing_modes": "、".join(declared.modes),
        "opening": OPENING_NAMES[declared.opening],
        "opening_condition": declared.opening_condition,
        "sync": "增量" if dataset.delivery.mode == "delta" else "全量",
        "sync_frequency": known[frequency],
        "physical_delete": _yes(False),
        "authorised_operation": _yes(declared.authorised_operation),
        "stage": STAGES[declared.life.stage],
        "stage_dates": "；".join(f"{STAGES[stage]} {date}" for stage, date in dates.items()),
        "issued": dates.get("governed", dates["registered"]),
        "modified": holding.snapshot and holding.snapshot.isoformat(),
        "rows": holding.rows,
        "related": "、".join(related),
    }
    items = tuple(_item(registry, dataset, column, position) for position, column in enumerate(dataset.columns, 1))
    remarks = tuple(_remarks(dataset, declared, holding))
    return Entry(dataset, declared, holding, provider, frequency, line, items, remarks)


def _item(registry: Registry, dataset: Dataset, column: Column, position: int) -> Line:
    declared, element = dataset.entry, registry.elements[column.element]
    assert declared is not None
    return {
        "entry_code": declared.code,
        "entry": title_of(dataset),
        "position": position,
        "title": column.title,
        "name": column.name,
        "standard": element.standard,
        "element": element.id,
        "code_set": element.code_set,
        "type": TYPES.get(element.type, "其他"),
        "length": _length(registry, element),
        "range": _range(element),
        "sharing": SHARING_NAMES[dataset.item_sharing(column, element)],
        "opening": OPENING_NAMES[dataset.item_opening(column, element)],
        "sensitive": _yes(element.sensitivity.personal == "sensitive"),
        "secret": _yes(column.secret),
        "level": element.sensitivity.level,
        "timestamp": _yes(element.type == "datetime"),
        "key": _yes(column.name in dataset.key),
        "nullable": _yes(not column.required),
        "system": declared.system,
        "produced": _yes(dataset.derived is None and element.authority in (None, "each", dataset.owner)),
        "incremental": _yes(column.name == dataset.delivery.operation),
    }


def _yes(value: bool) -> str:
    return "是" if value else "否"


def _length(registry: Registry, element: Element) -> int | None:
    """The most characters, where the standard says so."""
    if element.code_set is not None:
        return max((len(code.code) for code in registry.code_sets[element.code_set].codes), default=None)
    bounds = [rule.spec.max for rule in element.rules if isinstance(rule.spec, Length) and rule.spec.max is not None]
    return min(bounds, default=None)


def _range(element: Element) -> str | None:
    for rule in element.rules:
        if isinstance(rule.spec, Range | DateRange):
            low, high = rule.spec.min, rule.spec.max
            shown = ["" if bound is None else _bound(bound) for bound in (low, high)]
            return f"{shown[0]}～{shown[1]}" + (element.unit or "")
    return None


def _bound(bound: float | str) -> str:
    return "交付日期" if bound == "delivery_date" else f"{bound:g}" if isinstance(bound, float) else str(bound)


def _remarks(dataset: Dataset, declared: CatalogueEntry, holding: Holding) -> Sequence[str]:
    """Consistency that only what is there can show: facts and declaration, frequency, items (§5.3, 8 and 9)."""
    found = []
    life = declared.life
    seen = {"gathered": holding.first_delivery if dataset.derived is None else holding.first_snapshot}
    seen["governed"] = holding.first_snapshot
    for stage, date in seen.items():
        said = getattr(life, stage)
        if date is not None and (said is None or said > date.isoformat()):
            found.append(f"最早在 {date} 就有{STAGES[stage]}的数据，目录写的{STAGES[stage]}日期是 {said or '无'}")
    if life.governed is not None and holding.snapshot is None:
        found.append(f"目录写着 {life.governed} 起已治理，还没有发布过")
    if holding.due and holding.on_time < holding.due:
        late = holding.due - holding.on_time
        found.append(f"更新周期没有做到：近 30 期应有 {holding.due} 次按周期的交付，{late} 次没有或迟到")
    if holding.columns:
        known = {column.name: {column.name, *column.former_names} for column in dataset.columns}
        named = set().union(*known.values())
        missing = [name for name, names in known.items() if not names & set(holding.columns)]
        extra = [name for name in holding.columns if name not in named and name not in system_columns.QUARANTINE]
        if missing:
            found.append(f"最新一期还没有信息项：{'、'.join(missing)}")
        if extra:
            found.append(f"最新一期有目录里没有的列：{'、'.join(extra)}")
    return found
