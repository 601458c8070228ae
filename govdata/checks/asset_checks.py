"""Dagster's view of the checks: one check per quality dimension of a dataset (GB/T 36344) and one per table check, the
blocking ones.

GX evaluates every rule as an expectation of its own and ``governance.rule_results`` keeps each; here the rules of a
dimension are the lines of a table in that dimension's check. A check per rule would be hundreds of events a night, and
of pages nobody opens.

Of a derived table, which govdata itself makes, few rules are asked: they are one check, and what every table is asked
is another; only what is asked of just this table has checks of its own. Each check of a night is three events, and a
person looks at one line instead of ten.

The checks are not partitioned: Dagster shows the worst partition of a partitioned check, and a person wants the newest
delivery's state. The delivery date stands in the metadata; ``current`` puts the newest state back when an older date
has been judged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    MetadataValue,
    TableColumn,
    TableRecord,
    TableSchema,
)

from govdata.batches import CheckOutcome, Verdict
from govdata.checks.findings import failing_rows
from govdata.publish import table_checks
from govdata.standards.model import DIMENSION_NAMES, SEVERITY_NAMES, Dataset, Registry, Severity

CHECKED, FAILED, RATE, DATE, QUERY = "检查数", "不合格数", "不合格率（%）", "交付日期", "查询"

RULE_TABLE = TableSchema(
    columns=[
        TableColumn("说明", "string"),
        TableColumn(FAILED, "int"),
        TableColumn(CHECKED, "int", description="能够判断的行数"),
        TableColumn(RATE, "float"),
        TableColumn("级别", "string", description="错误：不合格的行隔离；警告：照常发布并提示"),
        TableColumn("规则", "string", description="规则编号，即“查询”里的 rule_id"),
    ]
)
"""What a person looks for stands first: a window 1,024 pixels wide shows no more. The query stands once, beside it."""

WHOLE_TABLE = TableSchema(columns=[TableColumn(name, "string") for name in ("检查", "结果", "说明")])

RULES, WHOLE = "rules", "whole"
"""The two checks of a derived table beside its own ones."""

FIGURES = {
    "columns": "不一致的列",
    "rules": "规则数",
    "differing": "计数不同的规则数",
    "differing_rules": "计数不同的规则",
    "delivered": "交付",
    "rejected": "拒收",
    "duplicates": "重复",
    "quarantined": "隔离",
    "clean": "合格",
    "actual_clean": "文件中的合格行",
    "actual_quarantined": "文件中的隔离行",
    "actual_dropped": "文件中的精确重复行",
    "actual_raw": "文件中的原始行",
    "actual_rejected": "文件中的拒收行",
    "actual_judged": "质量检查读到的行",
    "rows": "发布后的行数",
    "min_rows": "下限",
    "max_rows": "上限",
    "previous_rows": "上一期行数",
    "previous_date": "上一期",
    "unknown_columns": "合同外的列数",
    "mentions": "提及",
    "missing": "没有归到主体的提及",
    "extra": "多出的提及",
    "repeated": "归了不止一次的提及",
    "unlinked": "没有有效标识的提及",
    "masters": "主体",
    "merged": "合并的主体",
    "split": "拆分的主体",
    "moved": "换了主体的提及",
    "gone": "不再出现的主体",
    "unread_sources": "一条也没有读出的文件或工作表",
    "emptied": "变得全空的列",
    "ignored_sheets": "没有读而像有记录的工作表",
    "totals": "文件写明的数目",
    "differing_totals": "与读到的不符的数目",
}
"""Figures of the table checks → what the UI calls them."""

SHARES = {
    "rate": RATE,
    "share": "占比（%）",
    "max_share": "占比上限（%）",
    "change": "变动（%）",
    "max_change": "允许的变动（%）",
}
"""Figures that are shares of one, shown as per cent."""


class DatedResult(AssetCheckResult):
    """A result that names the partition of its run, though its check has none: Dagster plans every check of a
    partitioned run for that partition, and would keep the plan beside a result without one, as "skipped"."""

    def to_asset_check_evaluation(self, step_context: Any) -> AssetCheckEvaluation:
        told = super().to_asset_check_evaluation(step_context)
        return AssetCheckEvaluation(
            asset_key=told.asset_key,
            check_name=told.check_name,
            passed=told.passed,
            metadata=told.metadata,
            target_materialization_data=told.target_materialization_data,
            severity=told.severity,
            description=told.description,
            blocking=told.blocking,
            partition=step_context.partition_key if step_context.has_partition_key else None,
        )


MASTERS = "masters"
"""The room of tables made from published ones."""


def asset_key(dataset: Dataset) -> AssetKey:
    """The asset the checks are of: a derived table is one asset, a delivered one has one per stage."""
    return AssetKey([dataset.name, "standardized"] if dataset.derived is None else [MASTERS, dataset.name])


def check_specs(dataset: Dataset, registry: Registry) -> list[AssetCheckSpec]:
    """One spec per dimension that has rules (not blocking: rows are quarantined or reported) and one per table check
    (blocking); of a derived table one for all rules and one for what every table is asked."""
    key = asset_key(dataset)
    rules = registry.rules(dataset.name)
    counts = [(name, title, sum(rule.dimension == name for rule in rules)) for name, title in DIMENSION_NAMES.items()]
    asked = table_checks(dataset)
    if dataset.derived is not None:
        counts = [(RULES, "规则", len(rules))]
        asked = {WHOLE: "生成的表完整、与重新计数一致、与合同相符"} | dict(dataset.own_checks)
    dimensions = [
        AssetCheckSpec(
            name,
            asset=key,
            description=f"{title}：{count} 条规则逐行检查；不合格的行，错误级隔离，警告级照常发布",
        )
        for name, title, count in counts
        if count
    ]
    tables = [
        AssetCheckSpec(name, asset=key, description=f"{description}。不通过则不发布。", blocking=True)
        for name, description in asked.items()
    ]
    return dimensions + tables


def check_results(verdict: Verdict, dataset: Dataset) -> Iterator[AssetCheckResult]:
    """One result per check, numbers as numbers (Dagster plots them over time) and never a record's value.

    A dimension with failing rows is a WARN: the rows are already held back or flagged. A failed table check is an ERROR
    and stops publishing."""
    for facts in _results(verdict, dataset):
        yield DatedResult(**facts)


def current(verdict: Verdict, dataset: Dataset, registry: Registry) -> Iterator[AssetCheckEvaluation]:
    """A verdict of an earlier run, told again for those checks that the dataset still has. Without a partition: Dagster
    keeps one result of a check, run and partition, what is told outside of a run has no run, and a past date may be
    corrected more than once."""
    known = {spec.name for spec in check_specs(dataset, registry)}
    for facts in _results(verdict, dataset):
        if facts["check_name"] in known:
            yield AssetCheckEvaluation(**facts)


READING = "reading"


def not_read(
    dataset: Dataset, registry: Registry, date: Date, reasons: str, judged: bool
) -> Iterator[AssetCheckEvaluation]:
    """The check "reading" of a delivery of which nothing was read, outside of a run like those of ``current``. Where no
    delivery was ``judged`` before, Dagster would show the other checks as failed without a word: they say why there is
    no result yet. ``reasons`` are Markdown."""
    rest = "其余各项仍是上一次判定的结果" if judged else "其余各项还没有判定过"

    def failed(name: str, severity: AssetCheckSeverity, told: str) -> AssetCheckEvaluation:
        return AssetCheckEvaluation(
            asset_key=asset_key(dataset),
            check_name=name,
            passed=False,
            severity=severity,
            description=told,
            metadata={DATE: date.isoformat()},
        )

    yield failed(READING, AssetCheckSeverity.ERROR, f"{date} 的交付没有读成，{rest}：\n\n{reasons}")
    if not judged:
        for spec in check_specs(dataset, registry):
            if spec.name != READING:
                told = f"还没有判定过：{date} 的交付没有读成，原因见检查 {READING}"
                yield failed(spec.name, AssetCheckSeverity.WARN, told)


def not_made(dataset: Dataset, registry: Registry) -> Iterator[AssetCheckResult]:
    """The checks of a derived table that there was nothing to make of: a step has to tell of each of its checks."""
    told = f"还没有判定过：{'、'.join(registry.inputs(dataset.name))} 中有还没有发布过的，这张表没有做"
    for spec in check_specs(dataset, registry):
        yield DatedResult(
            asset_key=asset_key(dataset),
            check_name=spec.name,
            passed=False,
            severity=AssetCheckSeverity.WARN,
            description=told,
        )


def _results(verdict: Verdict, dataset: Dataset) -> Iterator[dict[str, Any]]:
    rules = [outcome for outcome in verdict.outcomes if outcome.kind == "rule"]
    tables = [outcome for outcome in verdict.outcomes if outcome.kind == "table"]
    if dataset.derived is None:
        for name, title in DIMENSION_NAMES.items():
            if of_it := [rule for rule in rules if rule.dimension == name]:
                yield _dimension(name, title, of_it, verdict, dataset)
    else:
        if rules:
            yield _dimension(RULES, "规则", rules, verdict, dataset)
        common = [outcome for outcome in tables if outcome.name not in dataset.own_checks]
        yield _whole(common, verdict, dataset)
        tables = [outcome for outcome in tables if outcome.name in dataset.own_checks]
    for outcome in tables:
        yield _table(
            outcome.name,
            outcome.passed,
            outcome.description,
            {CHECKED: outcome.checked, FAILED: outcome.failed, **_figures(outcome)},
            verdict,
            dataset,
        )


def _whole(outcomes: Sequence[CheckOutcome], verdict: Verdict, dataset: Dataset) -> dict[str, Any]:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    titles = table_checks(dataset)
    lines = [
        TableRecord(
            {
                "检查": titles.get(outcome.name, outcome.name),
                "结果": "通过" if outcome.passed else "不通过",
                "说明": outcome.description,
            }
        )
        for outcome in sorted(outcomes, key=lambda outcome: outcome.passed)
    ]
    figures = {
        CHECKED: len(outcomes),
        FAILED: len(failed),
        "各项": MetadataValue.table(lines, schema=WHOLE_TABLE),
        **{name: value for outcome in outcomes for name, value in _figures(outcome).items() if name != RATE},
    }
    told = "；".join(outcome.description for outcome in failed) or f"{len(outcomes)} 项检查都通过"
    return _table(WHOLE, not failed, told, figures, verdict, dataset)


def _table(
    name: str, passed: bool, description: str, figures: dict[str, Any], verdict: Verdict, dataset: Dataset
) -> dict[str, Any]:
    return {
        "asset_key": asset_key(dataset),
        "check_name": name,
        "passed": passed,
        "severity": AssetCheckSeverity.ERROR,
        "description": description,
        "metadata": {DATE: verdict.date.isoformat(), **figures},
    }


def _dimension(
    name: str, title: str, rules: Sequence[CheckOutcome], verdict: Verdict, dataset: Dataset
) -> dict[str, Any]:
    checked, failed = sum(rule.checked for rule in rules), sum(rule.failed for rule in rules)
    failing = [rule for rule in rules if rule.failed]
    return {
        "asset_key": asset_key(dataset),
        "check_name": name,
        "passed": not failing,
        "severity": AssetCheckSeverity.WARN,
        "description": (
            f"{title}：{len(rules)} 条规则中 {len(failing)} 条有不合格的行；检查 {checked:,} 项，不合格 {failed:,} 项"
        ),
        "metadata": {
            DATE: verdict.date.isoformat(),
            CHECKED: checked,
            FAILED: failed,
            RATE: per_cent(failed, checked),
            "规则": MetadataValue.table(
                # Most failing rows first: what a person looks for.
                [
                    rule_line(rule.rule_id or "", rule.description, rule.severity, rule.checked, rule.failed)
                    for rule in sorted(rules, key=lambda rule: -rule.failed)
                ],
                schema=RULE_TABLE,
            ),
            **(
                {QUERY: failing_rows(verdict.dataset, verdict.date, [rule.rule_id or "" for rule in failing])}
                if failing
                else {}
            ),
        },
    }


def rule_line(rule_id: str, message: str, severity: Severity, checked: int, failed: int) -> TableRecord:
    """A line of ``RULE_TABLE``."""
    return TableRecord(
        {
            "说明": message,
            FAILED: failed,
            CHECKED: checked,
            RATE: per_cent(failed, checked),
            "级别": SEVERITY_NAMES[severity],
            "规则": rule_id,
        }
    )


def _figures(outcome: CheckOutcome) -> dict[str, Any]:
    shares = {SHARES[name]: round(100 * float(value), 4) for name, value in outcome.figures.items() if name in SHARES}
    return {FIGURES[name]: value for name, value in outcome.figures.items() if name in FIGURES} | shares


def per_cent(part: int, whole: int) -> float:
    return round(100 * part / whole, 4) if whole else 0.0
