"""Kinds of master data, read from ``standards/masters/<kind>.yaml`` (``govdata.standards.master_model``).

Expressions are row expressions (``govdata.standards.expressions``): a mention's over the columns of its table, an
identifier's and an element's over ``value`` (and ``type``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from govdata.standards import expressions
from govdata.standards.expressions import KIND_NAMES, Kind
from govdata.standards.linking import Linking
from govdata.standards.master_model import Master, MasterElement, Mention, NumberAndType
from govdata.standards.model import Dataset, Element
from govdata.standards.screening import Screening
from govdata.standards.source import NAME, Document, Findings, read_yaml
from govdata.standards.spelling import suggestion
from govdata.standards.validation import validate

FOLDER = "masters"
TYPE_OF_KIND: dict[Kind, str] = {"text": "text", "number": "decimal", "date": "date", "boolean": "boolean"}


@dataclass(frozen=True)
class Page:
    """One page as read."""

    master: Master
    document: Document


def read(root: Path, findings: Findings) -> dict[str, Page]:
    """Every page under ``root``/masters by its name, held against its written form alone; what is wrong goes to
    ``findings`` with file and line."""
    pages: dict[str, Page] = {}
    folder = root / FOLDER
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        file = f"{FOLDER}/{path.name}"
        if NAME.fullmatch(path.stem) is None:
            findings.add(file, "主数据的名称（文件名）应以小写字母开头，只含小写字母、数字和下划线")
            continue
        document = read_yaml(path, file, findings)
        written = validate(Master, document.data, document, (), findings) if document is not None else None
        if document is not None and written is not None:
            pages[path.stem] = Page(written, document)
    return pages


def check(
    pages: Mapping[str, Page],
    datasets: Mapping[str, Dataset],
    declared: Collection[str],
    elements: Mapping[str, Element],
    code_sets: Collection[str],
    findings: Findings,
) -> None:
    """What a page names must be there and its expressions must fit. ``datasets``: those of the ``declared`` ones that
    were read without a problem."""
    for page in pages.values():
        _Checker(page, datasets, declared, elements, code_sets, findings).check()


@dataclass
class _Checker:
    page: Page
    datasets: Mapping[str, Dataset]
    declared: Collection[str]
    elements: Mapping[str, Element]
    code_sets: Collection[str]
    findings: Findings

    def check(self) -> None:
        master = self.page.master
        self._identifiers(master)
        kinds: dict[str, dict[Kind, str]] = {}
        for name, mention in master.mentions.items():
            self._mention(name, mention, master, kinds)
        for name, element in master.elements.items():
            self._element(name, element, master, kinds.get(name, {}))
        if master.found_in is not None and master.found_in not in master.mentions:
            self.add(f"没有声明身份“{master.found_in}”{suggestion(master.found_in, master.mentions)}", "found_in")
        if master.linking is not None:
            self._linking(master.linking)
        if master.screening is not None:
            self._screening(master.screening, kinds)

    def add(self, message: str, *path: str | int) -> None:
        document = self.page.document
        self.findings.add(document.file, message, document.line(path), ".".join(map(str, path)))

    def _identifiers(self, master: Master) -> None:
        kinds = list(master.identifiers)
        for name, identifier in master.identifiers.items():
            place = ("identifiers", name)
            known = {"value": "text", **({"type": "text"} if identifier.typed else {})}
            self._expression(identifier.valid, known, *place, "valid", wanted="boolean")
            if identifier.key is not None:
                self._expression(identifier.key, {"value": "text"}, *place, "key", wanted="text")
            for weaker, text in identifier.implies.items():
                if weaker not in kinds[kinds.index(name) + 1 :]:
                    self.add(f"“{weaker}”应是排在 {name} 之后的一种标识", *place, "implies", weaker)
                self._expression(text, {"value": "text"}, *place, "implies", weaker, wanted="text")

    def _mention(self, name: str, mention: Mention, master: Master, kinds: dict[str, dict[Kind, str]]) -> None:
        place = ("mentions", name)
        for kind, given in mention.identifiers.items():
            if kind not in master.identifiers:
                self.add(f"没有声明标识“{kind}”{suggestion(kind, master.identifiers)}", *place, "identifiers", kind)
            elif master.identifiers[kind].typed != isinstance(given, NumberAndType):
                self.add("有证件类型的标识应写 {number, type}，没有的只写号码", *place, "identifiers", kind)
        for element in mention.values:
            if element not in master.elements:
                self.add(f"没有声明属性“{element}”{suggestion(element, master.elements)}", *place, "values", element)
        if mention.dataset not in self.declared:
            text = f"没有名为“{mention.dataset}”的数据集{suggestion(mention.dataset, self.declared)}"
            self.add(text, *place, "dataset")
        dataset = self.datasets.get(mention.dataset)
        if dataset is None:
            return
        columns = {column.name: str(self.elements[column.element].type) for column in dataset.columns}
        if mention.where is not None:
            self._expression(mention.where, columns, *place, "where", wanted="boolean")
        if mention.date is not None:
            self._expression(mention.date, columns, *place, "date", wanted="date")
        for kind, given in mention.identifiers.items():
            inner = (*place, "identifiers", kind)
            if isinstance(given, NumberAndType):
                self._expression(given.number, columns, *inner, "number", wanted="text")
                self._expression(given.type, columns, *inner, "type", wanted="text")
            else:
                self._expression(given, columns, *inner, wanted="text")
        self._evidence(name, mention, master, columns)
        for element, text in mention.values.items():
            found = self._expression(text, columns, *place, "values", element)
            if found is not None:
                kinds.setdefault(element, {}).setdefault(found, name)

    def _evidence(self, name: str, mention: Mention, master: Master, columns: Mapping[str, str]) -> None:
        """Evidence is of fields that are compared; an element's value that stands in for it was checked with it."""
        fields = master.linking.fields if master.linking is not None else {}
        for field, text in mention.evidence.items():
            place = ("mentions", name, "evidence", field)
            if field not in fields:
                self.add(f"没有声明比对的项“{field}”{suggestion(field, fields)}", *place)
            self._expression(text, columns, *place)

    def _linking(self, linking: Linking) -> None:
        for number, block in enumerate([*linking.blocks, linking.demands]):
            place = ("linking", "blocks", number) if number < len(linking.blocks) else ("linking", "demands")
            for field in block:
                if field not in linking.fields:
                    self.add(f"没有声明比对的项“{field}”{suggestion(field, linking.fields)}", *place)
        for name, field_ in linking.fields.items():
            if (field_.compare == "division") != (field_.code_set is not None):
                self.add("compare 为 division 的项要写 code_set，其他的不写", "linking", "fields", name)
            elif field_.code_set is not None and field_.code_set not in self.code_sets:
                self.add(f"没有代码集“{field_.code_set}”", "linking", "fields", name, "code_set")
        if linking.candidate > linking.link:
            self.add("candidate 不应高于 link", "linking", "candidate")

    def _screening(self, screening: Screening, kinds: Mapping[str, dict[Kind, str]]) -> None:
        known = self.page.master.elements
        if screening.number not in screening.columns:
            self.add(f"columns 中没有号码列“{screening.number}”", "screening", "number")
        for name, listed in screening.columns.items():
            place = ("screening", "columns", name)
            if name != screening.number and name not in known:
                self.add(f"没有声明属性“{name}”{suggestion(name, known)}", *place)
            table, _, column = listed.column.partition(".")
            if table not in self.declared:
                self.add(f"没有名为“{table}”的数据集{suggestion(table, self.declared)}", *place, "column")
            elif table in self.datasets and column not in (names := [c.name for c in self.datasets[table].columns]):
                self.add(f"数据集 {table} 没有列“{column}”{suggestion(column, names)}", *place, "column")
        types = {name: TYPE_OF_KIND.get(next(iter(kinds.get(name, ())), "text"), "text") for name in known}
        for name, finding in screening.findings.items():
            self._expression(finding.when, types, "screening", "findings", name, "when", wanted="boolean")

    def _element(self, name: str, element: MasterElement, master: Master, kinds: dict[Kind, str]) -> None:
        place = ("elements", name)
        if len(kinds) > 1:
            told = "、".join(kinds.values())
            self.add(f"各身份给出的类型不同（{told}），不能比对", *place)
        known = {"value": TYPE_OF_KIND.get(next(iter(kinds), "text"), "text")}
        if element.compare is not None:
            self._expression(element.compare, known, *place, "compare")
        seen: dict[str, int] = {}
        for number, source in enumerate(element.sources):
            inner = (*place, "sources", number)
            if source.where is not None:
                self._expression(source.where, known, *inner, "where", wanted="boolean")
            for mention in source.mentions:
                if mention not in master.mentions:
                    unknown = f"没有声明身份“{mention}”{suggestion(mention, master.mentions)}"
                    self.add(unknown, *inner, "mentions")
                elif name not in master.mentions[mention].values:
                    self.add(f"身份“{mention}”没有给出属性 {name} 的值", *inner, "mentions")
                if mention in seen:
                    first = seen[mention] + 1
                    text = f"“{mention}”已在第 {first} 顺位，顺位互相矛盾：更前的一项应有 where"
                    self.add(text, *inner, "mentions")
                elif source.where is None:
                    seen[mention] = number
        if not any(source.fills for source in element.sources):
            self.add("没有可以取值的来源（fills 都是 false）", *place, "sources")

    def _expression(
        self, text: str, columns: Mapping[str, str], *path: str | int, wanted: Kind | None = None
    ) -> Kind | None:
        try:
            _, kind = expressions.parse_value(text, columns=columns, code_sets=self.code_sets)
        except expressions.ExpressionError as error:
            self.add(f"表达式：{error}", *path)
            return None
        if wanted is not None and kind not in (wanted, "any"):
            self.add("表达式的类型不对，应为" + KIND_NAMES[wanted], *path)
        return kind
