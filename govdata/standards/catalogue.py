"""Whether the entries of the catalogue of government data agree with themselves, with each other and with what the
contracts and elements say. What only a delivery can show (frequency kept, columns of the newest snapshot) is told where
the catalogue is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from govdata.deployment import iso_date
from govdata.standards.catalogue_entry import BASES, CLASSES, FREQUENCIES, STAGES, WIDTH, CatalogueEntry, of_items
from govdata.standards.model import CodeSet, Dataset, Element, Schedule
from govdata.standards.source import Document, Findings, Loc
from govdata.standards.spelling import suggestion
from govdata.standards.workorder_settings import DepartmentEntry
from govdata.trees.check_digits import GB32100_ALPHABET, GB32100_WEIGHTS

EACH = "each"
"""Instead of a 数源部门: every department makes its own values."""

CLASS_NAMES = {"unconditional": "无条件", "conditional": "有条件", "none": "不予"}
_TITLE = re.compile(r"[\w-]{1,128}")
_MOST_TEXT = 255
_UNKNOWN_OWNER = "workorders.yaml 的 departments 里没有提供方“{owner}”"

Told = Iterator[tuple[str, Loc]]
"""Chinese message, path from the schema object."""


def check(
    documents: Sequence[Document],
    datasets: Mapping[str, Dataset],
    elements: Mapping[str, Element],
    code_sets: Mapping[str, CodeSet],
    departments: Mapping[str, DepartmentEntry],
    findings: Findings,
) -> None:
    """Every contradiction to ``findings``, with the contract's file and line. ``datasets``: those that were read
    without a problem."""
    by_file = {document.file: document for document in documents}
    entered = [dataset for dataset in datasets.values() if dataset.entry is not None]
    for dataset in entered:
        document = by_file[dataset.file]
        for message, path in _of(dataset, document, elements, code_sets, departments):
            findings.add(document.file, message, document.line(("schema", 0, *path)), _where(path))
    _unlike(entered, by_file, findings)
    _authorities(entered, elements, departments, findings)


def title_of(dataset: Dataset) -> str:
    """Its name in the catalogue."""
    return (dataset.entry.title if dataset.entry else None) or dataset.title


def summary_of(dataset: Dataset) -> str:
    """摘要."""
    return "；".join(part for part in (dataset.purpose, dataset.limitations) if part)


def frequency_of(dataset: Dataset) -> str:
    """The code of its 更新周期."""
    return (dataset.entry.update if dataset.entry else None) or _by_schedule(dataset.schedule)


def usable_uscc(code: str) -> bool:
    """Whether the check digit of GB 32100-2015 holds."""
    total = sum(GB32100_ALPHABET.index(each) * weight for each, weight in zip(code, GB32100_WEIGHTS, strict=False))
    return GB32100_ALPHABET[(31 - total % 31) % 31] == code[17]


def _of(
    dataset: Dataset,
    document: Document,
    elements: Mapping[str, Element],
    code_sets: Mapping[str, CodeSet],
    departments: Mapping[str, DepartmentEntry],
) -> Told:
    entry = dataset.entry
    assert entry is not None
    own = _place(document, "catalogue")
    yield from _text(dataset, own)
    yield from _sharing(dataset, entry, own, _place(document, "sharing") or own)
    yield from _opening(dataset, entry, own)
    yield from _items(dataset, entry, document, elements, own)
    yield from _frequency(dataset, entry, code_sets, own)
    yield from _provider(dataset, departments, own)
    yield from _life(entry, str(document.data.get("status")), own)


def _place(document: Document, name: str) -> Loc:
    """Where a custom property's value stands; () where it is not written."""
    written = document.data["schema"][0].get("customProperties", [])
    place = next((i for i, item in enumerate(written) if item.get("property") == name), None)
    return () if place is None else ("customProperties", place, "value")


def _where(path: Loc) -> str:
    inner = path[3:] if path[:1] == ("customProperties",) else ()
    return ".".join(["catalogue", *map(str, inner)])


def _text(dataset: Dataset, own: Loc) -> Told:
    entry = dataset.entry
    assert entry is not None
    if _TITLE.fullmatch(title_of(dataset)) is None:
        yield f"目录名称“{title_of(dataset)}”至多128字，只含文字、数字、-、_；请写 title", (*own, "title")
    if not summary_of(dataset):
        yield "没有摘要：请写合同的 description", own
    elif len(summary_of(dataset)) > _MOST_TEXT:
        yield f"摘要（合同的 purpose 和 limitations）有 {len(summary_of(dataset))} 字，至多 {_MOST_TEXT} 字", own
    if not entry.code.startswith(CLASSES[entry.classified.kind]):
        told = f"{entry.classified.kind}类的代码以 {CLASSES[entry.classified.kind]} 开头"
        yield f"信息资源代码 {entry.code} 与分类不一致：{told}", (*own, "code")
    if entry.classified.kind == "基础" and entry.classified.item not in BASES:
        yield f"基础类的项应为 {'、'.join(BASES)} 之一", (*own, "classified", "item")
    if not dataset.key:
        yield "结构化的数据资源要有主键：请在列上写 primaryKey: true", own
    dates = (("period", "since"), ("period", "until"), ("assessed",), *(("life", stage) for stage in STAGES))
    for path in dates:
        value = _at(entry, path)
        if value is not None and iso_date(value) is None:
            yield "不是真实的日期", (*own, *path)
    if entry.period.until is not None and entry.period.until < entry.period.since:
        yield "时间范围的止早于起", (*own, "period", "until")


def _at(entry: CatalogueEntry, path: tuple[str, ...]) -> str | None:
    value: object = entry
    for name in path:
        value = getattr(value, name)
    return None if value is None else str(value)


def _sharing(dataset: Dataset, entry: CatalogueEntry, own: Loc, said: Loc) -> Told:
    if dataset.sharing == "conditional" and entry.condition is None:
        yield "有条件共享的要写明共享条件 condition", own
    if dataset.sharing != "conditional" and entry.condition is not None:
        yield f"共享属性为{CLASS_NAMES[dataset.sharing]}，不应附加共享条件", (*own, "condition")
    if dataset.sharing == "none" and entry.refusal is None:
        yield "不予共享的要写明法律、行政法规或者国务院规定的依据 refusal", said
    if dataset.sharing != "none" and entry.refusal is not None:
        yield "共享的数据资源不写不予共享的依据", (*own, "refusal")
    if dataset.sharing == "none" and entry.modes:
        yield "不予共享的没有共享方式", (*own, "modes")
    if dataset.sharing != "none" and not entry.modes:
        yield "要写明共享方式 modes", own


def _opening(dataset: Dataset, entry: CatalogueEntry, own: Loc) -> Told:
    if WIDTH[entry.opening] > WIDTH[dataset.sharing]:
        told = f"开放属性（{CLASS_NAMES[entry.opening]}）宽于共享属性（{CLASS_NAMES[dataset.sharing]}）"
        yield told, (*own, "opening")
    if entry.opening == "conditional" and entry.opening_condition is None:
        yield "有条件开放的要写明开放条件 opening_condition", (*own, "opening")
    if entry.opening != "conditional" and entry.opening_condition is not None:
        yield f"开放属性为{CLASS_NAMES[entry.opening]}，不应附加开放条件", (*own, "opening_condition")


def _items(
    dataset: Dataset, entry: CatalogueEntry, document: Document, elements: Mapping[str, Element], own: Loc
) -> Told:
    sharing, opening = [], []
    for position, column in enumerate(dataset.columns):
        element = elements[column.element]
        shared, opened = dataset.item_sharing(column, element), dataset.item_opening(column, element)
        sharing.append(shared)
        opening.append(opened)
        if column.secret:
            yield f"信息项“{column.title}”涉密，不得进入本目录", ("properties", position)
        if shared == "unconditional" and element.sensitivity.personal == "sensitive":
            yield f"信息项“{column.title}”是敏感个人信息，不能无条件共享", ("properties", position)
        if WIDTH[opened] > WIDTH[shared]:
            told = f"开放属性（{CLASS_NAMES[opened]}）宽于共享属性（{CLASS_NAMES[shared]}）"
            yield f"信息项“{column.title}”的{told}", ("properties", position)
    for name, classes, said in (("共享", sharing, dataset.sharing), ("开放", opening, entry.opening)):
        due = of_items(classes)
        if due != said:
            counted = "、".join(f"{CLASS_NAMES[each]} {classes.count(each)} 项" for each in sorted(set(classes)))
            place = (*own, "opening") if name == "开放" else _place(document, "sharing") or own
            yield f"信息项的{name}属性为{counted}，条目应为{CLASS_NAMES[due]}{name}", place
    highest = max(elements[column.element].sensitivity.level for column in dataset.columns)
    if highest != entry.level:
        yield f"数据分级应等于信息项中最高的一级 {highest}", (*own, "level")


def _by_schedule(schedule: Schedule) -> str:
    known = {(1, "d"): "D", (1, "w"): "W", (1, "m"): "M", (3, "m"): "Q", (6, "m"): "H", (1, "y"): "Y"}
    return known.get((schedule.every, schedule.unit), "O")


def _frequency(dataset: Dataset, entry: CatalogueEntry, code_sets: Mapping[str, CodeSet], own: Loc) -> Told:
    if FREQUENCIES not in code_sets:
        yield f"没有更新周期的代码集 {FREQUENCIES}", own
        return
    known = {code.code: code.name_zh for code in code_sets[FREQUENCIES].codes}
    due = _by_schedule(dataset.schedule)
    if entry.update is None:
        return
    if entry.update not in known:
        told = f"更新周期“{entry.update}”不在代码集 {FREQUENCIES} 中{suggestion(entry.update, known)}"
        yield told, (*own, "update")
    elif entry.update in known and entry.update not in (due, "RT", "I") and due != "O":
        told = f"更新周期（{known[entry.update]}）与合同的 frequency（{known.get(due, due)}）不一致"
        yield told, (*own, "update")


def _provider(dataset: Dataset, departments: Mapping[str, DepartmentEntry], own: Loc) -> Told:
    """Where no department is declared at all, as in the self-check pack of one, there is nobody to compare with."""
    provider = departments.get(dataset.owner)
    if not departments:
        return
    if provider is None:
        yield _UNKNOWN_OWNER.format(owner=dataset.owner) + suggestion(dataset.owner, departments), own
    elif provider.uscc is None:
        yield f"提供方“{dataset.owner}”没有统一社会信用代码：请在 workorders.yaml 的 departments 里写 uscc", own
    elif not usable_uscc(provider.uscc):
        yield f"提供方“{dataset.owner}”的统一社会信用代码校验码不正确（workorders.yaml）", own
    elif provider.until is not None:
        yield f"提供方“{dataset.owner}”已于 {provider.until} 撤销或并入别的部门，请改为承接的部门", own


def _life(entry: CatalogueEntry, status: str, own: Loc) -> Told:
    dates = entry.life.dates()
    stages = list(STAGES)
    for (earlier, first), (later, then) in pairwise(dates.items()):
        if then < first:
            told = f"{STAGES[later]}（{then}）早于{STAGES[earlier]}（{first}）"
            yield f"生命周期的次序不对：{told}", (*own, "life", later)
        missing = [STAGES[name] for name in stages[stages.index(earlier) + 1 : stages.index(later)]]
        if missing and later != "retired":
            yield f"写了{STAGES[later]}的日期，缺少{'、'.join(missing)}的日期", (*own, "life", later)
    if entry.life.retired is not None and status != "retired":
        yield f"已退役的合同 status 应为 retired，现为 {status}", (*own, "life", "retired")
    if entry.life.retired is None and status == "retired":
        yield "合同的 status 为 retired，要写退役的日期", (*own, "life")


def _unlike(entered: Sequence[Dataset], by_file: Mapping[str, Document], findings: Findings) -> None:
    """Codes and titles are those of one entry."""
    told: tuple[tuple[str, str, Callable[[Dataset], str]], ...] = (
        ("信息资源代码", "code", lambda dataset: dataset.entry.code if dataset.entry else ""),
        ("目录名称", "title", title_of),
    )
    for name, key, of in told:
        owners: dict[str, str] = {}
        for dataset in entered:
            owner = owners.setdefault(of(dataset), dataset.name)
            if owner != dataset.name:
                document = by_file[dataset.file]
                line = document.line(("schema", 0, *_place(document, "catalogue"), key))
                findings.add(dataset.file, f"{name}“{of(dataset)}”已是 {owner} 的", line, f"catalogue.{key}")


def _authorities(
    entered: Sequence[Dataset],
    elements: Mapping[str, Element],
    departments: Mapping[str, DepartmentEntry],
    findings: Findings,
) -> None:
    """An element in the entries of several departments has one 数源部门 (国令第809号第十九条)."""
    holders: dict[str, dict[str, str]] = {}
    for dataset in entered:
        for column in dataset.columns if dataset.derived is None else ():
            holders.setdefault(column.element, {}).setdefault(dataset.owner, f"{dataset.name}.{column.name}")
    for identifier, element in elements.items():
        held = holders.get(identifier, {})
        if len(held) > 1 and element.authority is None:
            told = "、".join(f"{owner}（{place}）" for owner, place in sorted(held.items()))
            said = f"数据元在几个部门的目录里：{told}，要写明数源部门 authority（各部门各自产生的写 {EACH}）"
            findings.add(element.file, said, element.line, identifier)
        elif element.authority not in (None, EACH) and departments and element.authority not in departments:
            said = f"没有名为“{element.authority}”的部门{suggestion(element.authority or '', departments)}"
            findings.add(element.file, said, element.line, identifier)
