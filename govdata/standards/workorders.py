"""``standards/workorders.yaml`` and ``working_days.csv`` → ``WorkOrders``, or what is wrong with them by file and
line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date as Date
from pathlib import Path

from govdata.deployment import iso_date
from govdata.standards import expressions, validity
from govdata.standards.model import Dataset, Element
from govdata.standards.source import Document, Everything, Findings, read_csv, read_yaml
from govdata.standards.spelling import suggestion
from govdata.standards.validation import validate
from govdata.standards.workorder_settings import LimitsEntry, WorkOrders

FILE, DAYS = "workorders.yaml", "working_days.csv"


def read(
    root: Path,
    datasets: Mapping[str, Dataset],
    elements: Mapping[str, Element],
    declared: Collection[str],
    findings: Findings,
) -> WorkOrders:
    """The settings under ``root``; what is wrong goes to ``findings`` with file and line. ``datasets``: those of the
    ``declared`` ones that were read without a problem."""
    if not (root / FILE).exists():
        return WorkOrders()
    document = read_yaml(root / FILE, FILE, findings)
    if document is None:
        return WorkOrders()
    written = validate(WorkOrders, document.data, document, (), findings)
    if written is None:
        return WorkOrders()
    _check(written, document, datasets, declared, findings)
    _check_suggestions(written, document, datasets, elements, declared, findings)
    return written


def _check_suggestions(
    written: WorkOrders,
    document: Document,
    datasets: Mapping[str, Dataset],
    elements: Mapping[str, Element],
    declared: Collection[str],
    findings: Findings,
) -> None:
    """Each is an expression over the dataset's columns, of the kind of the column it stands for."""

    def add(message: str, *path: str) -> None:
        findings.add(document.file, message, document.line(path), ".".join(path))

    for name, derived in written.suggestions.items():
        if name not in declared:
            add(f"没有名为“{name}”的数据集{suggestion(name, declared)}", "suggestions", name)
        elif (dataset := datasets.get(name)) is not None:
            types = {item.name: elements[item.element].type for item in dataset.columns if item.element in elements}
            for column, text in derived.items():
                if column not in types:
                    add(f"数据集 {name} 没有名为“{column}”的列{suggestion(column, types)}", "suggestions", name, column)
                    continue
                try:
                    expressions.parse(f"({text}) = {column}", columns=types, code_sets=Everything())
                except expressions.ExpressionError as error:
                    add(f"表达式有误：{error}", "suggestions", name, column)


def _check(
    written: WorkOrders,
    document: Document,
    datasets: Mapping[str, Dataset],
    declared: Collection[str],
    findings: Findings,
) -> None:
    def add(message: str, *path: str | int) -> None:
        findings.add(document.file, message, document.line(path), ".".join(map(str, path)))

    for name, columns in written.identity.items():
        if name not in declared:
            add(f"没有名为“{name}”的数据集{suggestion(name, declared)}", "identity", name)
        elif (dataset := datasets.get(name)) is not None:
            known = [column.name for column in dataset.columns]
            for number, column in enumerate(columns):
                if column not in known:
                    add(f"数据集 {name} 没有名为“{column}”的列{suggestion(column, known)}", "identity", name, number)
    for kind in LimitsEntry.model_fields:
        for message, path in validity.faults(getattr(written.limits, kind), "时限"):
            add(message, "limits", kind, *path)
    if len({reply.name for reply in written.replies.values()}) < len(written.replies):
        add("有两种反馈同名", "replies")
    codes = [department.code for department in written.departments.values()]
    for name, department in written.departments.items():
        if codes.count(department.code) > 1:
            add(f"部门代码 {department.code} 用了不止一次", "departments", name, "code")
    if written.priority.urgent > written.priority.very_urgent:
        add("紧急的界限不能高于非常紧急的", "priority", "urgent")


def working_days(root: Path, findings: Findings) -> dict[Date, bool]:
    """Day → whether it is worked, of single days that the officer says so of; it goes before any calendar."""
    if not (root / DAYS).exists():
        return {}
    known: dict[Date, bool] = {}
    for line, row in read_csv(root / DAYS, DAYS, ("date", "working"), findings) or ():
        day = iso_date(row["date"])
        if day is None:
            findings.add(DAYS, "date 应为日期 YYYY-MM-DD", line)
        elif row["working"] not in ("0", "1"):
            findings.add(DAYS, "working 应为 1（上班）或 0（休息）", line)
        elif day in known:
            findings.add(DAYS, "这一天已经写过", line)
        else:
            known[day] = row["working"] == "1"
    return known
