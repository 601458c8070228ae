"""Rules across tables: what only two published tables together can break, read from ``standards/rules/*.yaml``.

A rule judges every row of one table (``dataset``) against the rows of another (``table``) whose columns are equal
(``on``). Its kind says what must hold there. A finding is a clue for the department that must act, never a correction:
it names the row on both sides.

    references   a row with such values is in the other table
    excludes     no such row is in the other table, or none for which an expression over both sides holds
    agrees       wherever such rows are there, an expression over both sides holds

The other table may be the same one: then a row is held against the other rows of its table (one mother, two births too
close). Of pairs ``last`` keeps those with the newest other row not later than the own one (the marriage before this
one), ``lookup`` says what a third table knows (whether that spouse had died), ``more_than`` how many other rows are
lawful, and ``total`` what they may add up to. A reference may also be found by ``master``: both rows were linked to one
person, whatever their numbers.

Expressions are row expressions (``govdata.standards.expressions``); columns of the other table are written with the
prefix ``other_``, of the third one ``with_``, and ``delivery_date()`` is the day of the night that judges.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from govdata.standards import expressions
from govdata.standards.comparisons import KINDS, NIGHT, OTHER, WITH, Agrees, Excludes, Lookup, References, Total
from govdata.standards.derivations import Links
from govdata.standards.master_model import Masters
from govdata.standards.model import CrossRule, Dataset, Dimension, Element, Grade, LogicalType, Severity
from govdata.standards.source import Document, Findings, read_yaml
from govdata.standards.spelling import suggestion
from govdata.standards.validation import validate
from govdata.standards.written import Indicator, Maybe, Name, Text, Written

FOLDER = "rules"


class CrossRuleEntry(Written):
    """一条跨表规则：dataset 加上 references、excludes、agrees 之一"""

    dataset: Name = Field(description="被判的表，问题归它的责任部门")
    references: Maybe[References] = Field(None, description=References.SUMMARY)
    excludes: Maybe[Excludes] = Field(None, description=Excludes.SUMMARY)
    agrees: Maybe[Agrees] = Field(None, description=Agrees.SUMMARY)
    column: Maybe[Name] = Field(None, description="问题所归的列；默认 on 的第一列")
    dimension: Dimension = Field(description="质量维度（GB/T 36344）")
    severity: Severity = Field("warning", description="error 严重；warning 一般。跨表规则只报告，不隔离已发布的行")
    message: Text = Field(description="给责任部门看的中文说明")
    owner: Maybe[Text] = Field(None, description="应处理的部门；默认 dataset 的责任部门")
    indicator: Maybe[Indicator] = Field(None, description="GB/T 36344 指标编号")
    source: Maybe[Text] = Field(None, description="规则依据")
    catalogue: Maybe[Annotated[str, Field(pattern=r"^XR[0-9]{2}$")]] = Field(
        None, description="跨部门规则目录里的编号（docs/masters.md），如 XR21"
    )
    grade: Grade = Field("A", description="依据的可信程度；C 级只能是 warning")


def read(
    root: Path,
    datasets: Mapping[str, Dataset],
    declared: Collection[str],
    elements: Mapping[str, Element],
    code_sets: Collection[str],
    masters: Masters,
    findings: Findings,
) -> tuple[CrossRule, ...]:
    """Every rule under ``root``/rules, in the order of their ids; what is wrong goes to ``findings`` with file and
    line.

    ``datasets``: those that were read without a problem, of the ``declared`` ones; ``code_sets``: ids that are
    declared."""
    rules: dict[str, CrossRule] = {}
    folder = root / FOLDER
    for path in sorted(folder.glob("*.y*ml")) if folder.is_dir() else ():
        document = read_yaml(path, f"{FOLDER}/{path.name}", findings)
        if document is None:
            continue
        if not isinstance(document.data, dict):
            findings.add(document.file, "应为映射：规则名: 规则", 1)
            continue
        for name, data in document.data.items():
            written = validate(CrossRuleEntry, data, document, (name,), findings, name)
            if written is None:
                continue
            if name in rules:
                findings.add(document.file, f"规则“{name}”重复", document.line((name,)), name)
                continue
            rule = _Reader(document, name, datasets, declared, elements, code_sets, masters, findings).rule(written)
            if rule is not None:
                rules[name] = rule
    return tuple(rules[name] for name in sorted(rules))


class _Reader:
    """Checks one written rule against the datasets it names."""

    def __init__(
        self,
        document: Document,
        name: str,
        datasets: Mapping[str, Dataset],
        declared: Collection[str],
        elements: Mapping[str, Element],
        code_sets: Collection[str],
        masters: Masters,
        findings: Findings,
    ) -> None:
        self.document, self.name, self.findings, self.declared = document, name, findings, declared
        self.datasets, self.elements, self.code_sets, self.masters = datasets, elements, code_sets, masters

    def add(self, message: str, *path: str | int) -> None:
        self.findings.add(self.document.file, message, self.document.line((self.name, *path)), self.name)

    def rule(self, written: CrossRuleEntry) -> CrossRule | None:
        before = len(self.findings.found)
        given = [name for name in KINDS if getattr(written, name) is not None]
        if len(given) != 1:
            self.add(f"应正好写 {'、'.join(KINDS)} 之一")
            return None
        kind = given[0]
        spec: Any = getattr(written, kind)
        own, other = self._dataset(written.dataset, "dataset"), self._dataset(spec.table, kind, "table")
        if own is None or other is None:
            return None
        for left, right in spec.on.items():
            self._column(left, own, kind, "on", left)
            self._column(right, other, kind, "on", left)
        for left, right in (getattr(spec, "held", None) or {}).items():
            self._column(left, own, kind, "held", left)
            self._column(right, other, kind, "held", left)
        column = written.column or next(iter(spec.on))
        if written.column is not None:
            self._column(column, own, "column")
        for left, right in (getattr(spec, "last", None) or {}).items():
            if left != NIGHT:
                self._date(left, own, kind, "last", left)
            self._date(right, other, kind, "last", left)
        lookup: Lookup | None = getattr(spec, "lookup", None)
        third = None if lookup is None else self._third(lookup, kind, own, other)
        if lookup is not None and third is None:
            return None  # its own problem has been told
        self._expressions(kind, spec, own, other, third)
        links = self._links(spec.master, own, other, kind) if isinstance(spec, References) and spec.master else None
        if written.grade == "C" and written.severity == "error":
            self.add("依据为 C 级（待核）的规则不能是 error，应为 warning", "severity")
        if len(self.findings.found) > before:
            return None
        return CrossRule(
            id=self.name,
            kind=kind,
            spec=spec,
            column=column,
            owner=written.owner or own.owner,
            links=links,
            **written.model_dump(
                include={"dataset", "dimension", "severity", "message", "indicator", "source", "catalogue"}
            ),
        )

    def _dataset(self, name: str, *path: str) -> Dataset | None:
        if name not in self.declared:
            self.add(f"没有名为“{name}”的数据集{suggestion(name, self.declared)}", *path)
        return self.datasets.get(name)

    def _column(self, name: str, dataset: Dataset, *path: str) -> None:
        known = [column.name for column in dataset.columns]
        if name not in known:
            self.add(f"数据集 {dataset.name} 没有名为“{name}”的列{suggestion(name, known)}", *path)

    def _date(self, name: str, dataset: Dataset, *path: str) -> None:
        before = len(self.findings.found)
        self._column(name, dataset, *path)
        if len(self.findings.found) == before and self._types(dataset)[name] not in ("date", "datetime"):
            self.add(f"数据集 {dataset.name} 的列 {name} 不是日期", *path)

    def _third(self, lookup: Lookup, kind: str, own: Dataset, other: Dataset) -> Dataset | None:
        """The table looked up; its keys may be columns of either side."""
        third = self._dataset(lookup.table, kind, "lookup", "table")
        if third is None:
            return None
        sides = [*self._types(own), *(OTHER + name for name in self._types(other))]
        for left, right in lookup.on.items():
            if left not in sides:
                self.add(f"两张表都没有名为“{left}”的列{suggestion(left, sides)}", kind, "lookup", "on", left)
            self._column(right, third, kind, "lookup", "on", left)
        return third

    def _links(self, roles: Mapping[str, str], own: Dataset, other: Dataset, kind: str) -> tuple[str, str] | None:
        """The table of links in which both roles stand, and its column of masters."""
        ((left, right),) = roles.items()
        known = {role: name for name, master in self.masters.items() for role in master.mentions}
        for role, dataset in ((left, own), (right, other)):
            if role not in known:
                self.add(f"主数据里没有名为“{role}”的身份{suggestion(role, known)}", kind, "master", left)
                return None
            if (said := self.masters[known[role]].mentions[role].dataset) != dataset.name:
                self.add(f"身份 {role} 在数据集 {said} 里，不在 {dataset.name} 里", kind, "master", left)
                return None
        if known[left] != known[right]:
            self.add(f"身份 {left} 和 {right} 不是同一类主数据", kind, "master", left)
            return None
        for name, dataset in sorted(self.datasets.items()):
            if isinstance(dataset.derived, Links) and dataset.derived.master == known[left]:
                return name, f"{known[left]}_id"
        self.add(f"主数据 {known[left]} 没有关联表", kind, "master", left)
        return None

    def _expressions(self, kind: str, spec: Any, own: Dataset, other: Dataset, third: Dataset | None) -> None:
        mine, theirs = self._types(own), {OTHER + name: type_ for name, type_ in self._types(other).items()}
        looked_up = {WITH + name: type_ for name, type_ in self._types(third).items()} if third else {}
        for name in sorted(mine.keys() & (theirs.keys() | looked_up.keys())):
            self.add(f"数据集 {own.name} 的列 {name} 与另一张表带前缀的列重名，跨表规则不能用", kind)
        for key, columns in (("where", mine), ("other", theirs), ("row", {**mine, **theirs, **looked_up})):
            text = getattr(spec, key, None)
            if text is None:
                continue
            try:
                expressions.parse(text, columns=columns, code_sets=self.code_sets)
            except expressions.ExpressionError as error:
                self.add(f"表达式：{error}", kind, key)
        total: Total | None = getattr(spec, "total", None)
        if total is not None:
            self._number(total.of, theirs, kind, "total", "of")
            self._number(total.above, mine, kind, "total", "above")
            for name in ("more_than", "lookup"):
                if getattr(spec, name):
                    self.add(f"写了 total 就不写 {name}", kind, name)

    def _number(self, text: str, columns: Mapping[str, str], *path: str) -> None:
        try:
            _, given = expressions.parse_value(text, columns=columns, code_sets=self.code_sets)
        except expressions.ExpressionError as error:
            self.add(f"表达式：{error}", *path)
            return
        if given != "number":
            self.add(f"表达式的类型不对，应为{expressions.KIND_NAMES['number']}", *path)

    def _types(self, dataset: Dataset) -> dict[str, LogicalType]:
        return {column.name: self.elements[column.element].type for column in dataset.columns}
