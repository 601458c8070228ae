"""The gate: what must be true of a batch, judged anew at the moment of publishing, whatever ran before."""

from __future__ import annotations

from pydantic import ValidationError

from govdata.batches import TABLE_CHECKS, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.errors import GateBlocked, GovdataError
from govdata.standards.model import Dataset, Registry
from govdata.storage import files

OF_DELIVERIES = ("delivered_columns", "reading", "rejected_share")
"""Those that ask how files were read, which a derived table has none of."""


def table_checks(dataset: Dataset) -> dict[str, str]:
    """Name → description of the dataset's table checks, its own ones last: the checks make an outcome of each, and the
    gate lets no verdict without one of them pass."""
    left_out = () if dataset.derived is None else OF_DELIVERIES
    return {name: title for name, title in TABLE_CHECKS.items() if name not in left_out} | dict(dataset.own_checks)


def verify(batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment) -> Verdict:
    """The verdict of exactly this batch. Raises ``GateBlocked`` with every reason there is."""
    verdict, reasons = _verdict(batch, deployment)
    if verdict is not None:
        reasons += _judged(verdict, batch, dataset, registry)
    if batch.standards_hash != registry.hashes[dataset.name]:
        reasons.append("标准化之后标准已修改，请重新标准化并检查")
    reasons += _rows(batch, deployment)
    if reasons or verdict is None:
        raise GateBlocked(batch.dataset, batch.date.isoformat(), reasons)
    return verdict


def _verdict(batch: StandardizedBatch, deployment: Deployment) -> tuple[Verdict | None, list[str]]:
    try:
        current = StandardizedBatch.read(StandardizedBatch.path(deployment, batch.dataset, batch.date))
        verdict = Verdict.read(Verdict.path(deployment, batch.dataset, batch.date))
    except ValidationError:
        return None, ["标准化清单或检查结论的文件已损坏，请重新标准化并检查"]
    reasons = []
    if current is None or current.batch_id != batch.batch_id:
        reasons.append("标准化批次已被新的批次取代，请重新检查")
    if verdict is None:
        reasons.append("没有检查结论：质量检查没有运行")
    return verdict, reasons


def _judged(verdict: Verdict, batch: StandardizedBatch, dataset: Dataset, registry: Registry) -> list[str]:
    if (verdict.dataset, verdict.date, verdict.batch_id) != (batch.dataset, batch.date, batch.batch_id):
        return ["检查结论属于另一个批次，本批次没有检查"]
    reasons = []
    if verdict.standards_hash != batch.standards_hash:
        reasons.append("检查所依据的标准与标准化所依据的不同，请重新检查")
    for outcome in verdict.outcomes:
        if outcome.blocking and not outcome.passed:
            reasons.append(f"检查“{outcome.name}”未通过：{outcome.description}")
    names = {outcome.name for outcome in verdict.outcomes if outcome.kind == "table"}
    for name, title in table_checks(dataset).items():
        if name not in names:
            reasons.append(f"检查“{name}”（{title}）没有运行")
    judged = {outcome.rule_id for outcome in verdict.outcomes if outcome.kind == "rule"}
    missing = [rule.id for rule in registry.rules(dataset.name) if rule.id not in judged]
    if missing:
        reasons.append(f"{len(missing)} 条规则没有检查：" + "、".join(missing[:5]) + ("……" if len(missing) > 5 else ""))
    return reasons


def _rows(batch: StandardizedBatch, deployment: Deployment) -> list[str]:
    """The files are there, whole, and hold as many rows as the manifest says."""
    reasons = []
    for title, listed, expected in (
        ("合格", batch.clean_files, batch.clean),
        ("隔离", batch.quarantine_files, batch.quarantined),
    ):
        try:
            found = sum(files.row_count(deployment.absolute(path)) for path in listed)
        except GovdataError as error:
            reasons.append(f"{title}行的{error}")
            continue
        if found != expected:
            reasons.append(f"{title}行的文件有 {found} 行，清单记 {expected} 行")
    if batch.delivered != batch.rejected + batch.duplicates + batch.quarantined + batch.clean:
        reasons.append("交付数不等于拒收、重复、隔离、合格之和")
    return reasons
