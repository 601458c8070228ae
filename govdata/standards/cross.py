"""Rules across tables: what only two published tables together can break, read from ``standards/rules/*.yaml``.

A rule judges every row of one table (``dataset``) against the rows of another (``table``) whose columns are equal
(``on``). Its kind says what must hold there. A finding is a clue for the department that must act, never a correction:
it names the row on both sides.

    references   a row with such values is in the other table
    excludes     no such row is in the other table, or none for which an expression over both sides holds
    agrees       wherever such rows are there, an expression over both sides holds

The other table may be the same one: then a row is held against the other rows of its table (one mother, two births too
close). Expressions are row expressions (``govdata.standards.expressions``); columns of the other table are written with
the prefix ``other_``, and ``delivery_date()`` is the day of the night that judges.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from govdata.standards import expressions
from govdata.standards.comparisons import KINDS, OTHER, Agrees, Excludes, References
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
    grade: Grade = Field("A", description="依据的可信程度；C 级只能是 warning")


def read(
    root: Path,
    datasets: Mapping[str, Dataset],
    declared: Collection[str],
    elements: Mapping[str, Element],
    code_sets: Collection[str],
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
            rule = _Reader(document, name, datasets, declared, elements, code_sets, findings).rule(written)
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
        findings: Findings,
    ) -> None:
        self.document, self.name, self.findings, self.declared = document, name, findings, declared
        self.datasets, self.elements, self.code_sets = datasets, elements, code_sets

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
        column = written.column or next(iter(spec.on))
        if written.column is not None:
            self._column(column, own, "column")
        self._expressions(kind, spec, own, other)
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
            **written.model_dump(include={"dataset", "dimension", "severity", "message", "indicator", "source"}),
        )

    def _dataset(self, name: str, *path: str) -> Dataset | None:
        if name not in self.declared:
            self.add(f"没有名为“{name}”的数据集{suggestion(name, self.declared)}", *path)
        return self.datasets.get(name)

    def _column(self, name: str, dataset: Dataset, *path: str) -> None:
        known = [column.name for column in dataset.columns]
        if name not in known:
            self.add(f"数据集 {dataset.name} 没有名为“{name}”的列{suggestion(name, known)}", *path)

    def _expressions(self, kind: str, spec: Any, own: Dataset, other: Dataset) -> None:
        mine, theirs = self._types(own), {OTHER + name: type_ for name, type_ in self._types(other).items()}
        for name in sorted(mine.keys() & theirs.keys()):
            self.add(f"数据集 {own.name} 的列 {name} 与另一张表带前缀的列重名，跨表规则不能用", kind)
        for key, columns in (("where", mine), ("other", theirs), ("row", {**mine, **theirs})):
            text = getattr(spec, key, None)
            if text is None:
                continue
            try:
                expressions.parse(text, columns=columns, code_sets=self.code_sets)
            except expressions.ExpressionError as error:
                self.add(f"表达式：{error}", kind, key)

    def _types(self, dataset: Dataset) -> dict[str, LogicalType]:
        return {column.name: self.elements[column.element].type for column in dataset.columns}
