"""The table checks: what must hold of a batch as a whole before it may be published. Each is one blocking outcome of figures only."""

from __future__ import annotations

from datetime import date as Date

from govdata.batches import CheckOutcome, RawBatch, Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.publish import layers
from govdata.publish.snapshots import complete
from govdata.standards.model import Dataset, Volume

TABLE_CHECKS: dict[str, str] = {
    "schema": "标准化表的列和数据类型与合同一致",
    "parity": "逐条规则重新计数一致：质量检查（GX）重读写出的文件，每条规则的不合格行数与标准化时所记相同",
    "reconciliation": "记录数平衡：交付数＝拒收＋重复＋隔离＋合格，清单与文件中的实际行数相符",
    "volume": "记录数在合同规定的上下限和变动幅度之内",
    "quarantine_share": "隔离行占交付行的比例不超过合同上限",
}
"""Name → description of every table check; a verdict without one of them is not complete."""

Figures = dict[str, float | int | str]


def outcome(name: str, *, checked: int, failed: int, reason: str | None, figures: Figures) -> CheckOutcome:
    """``reason``: Chinese, why the check failed; None where it passed or does not apply."""
    return CheckOutcome(
        name=name,
        kind="table",
        description=TABLE_CHECKS[name] if reason is None else f"{TABLE_CHECKS[name]}——未通过：{reason}",
        severity="error",
        blocking=True,
        passed=reason is None,
        checked=checked,
        failed=failed,
        figures={**figures, "rate": failed / checked if checked else 0.0},
    )


def schema(checked: int, failures: tuple[str, ...]) -> CheckOutcome:
    """``failures``: names of columns whose type is not the declared one, or the type of a failed table-wide expectation."""
    reason = "不一致：" + "、".join(failures) if failures else None
    return outcome(
        "schema", checked=checked, failed=len(failures), reason=reason, figures={"columns": ", ".join(failures)} if failures else {}
    )


def parity(engine: dict[str, int], counted: dict[str, int]) -> CheckOutcome:
    """The engine's and GX's failed rows per rule; a rule that only one of them knows differs too."""
    rules = list(dict.fromkeys([*counted, *engine]))
    differing = [rule for rule in rules if engine.get(rule) != counted.get(rule)]
    figures: Figures = {"rules": len(rules), "differing": len(differing)}
    if differing:
        figures["differing_rules"] = ", ".join(differing)
    reason = f"{len(differing)} 条规则计数不同（" + "、".join(differing) + "）" if differing else None
    return outcome("parity", checked=len(rules), failed=len(differing), reason=reason, figures=figures)


def reconciliation(batch: StandardizedBatch, raw: RawBatch | None, actual: dict[str, int]) -> CheckOutcome:
    """``actual``: rows really found: in Parquet files ``clean, quarantined, dropped`` (exact duplicates), ``raw, rejected``;
    ``judged`` by GX. ``raw``: the raw batch's manifest as it stands now."""
    equations: list[tuple[str, int, int]] = [
        ("交付数与各去向之和", batch.delivered, batch.rejected + batch.duplicates + batch.quarantined + batch.clean),
        ("合格行的清单数与文件行数", batch.clean, actual["clean"]),
        ("隔离行的清单数与文件行数", batch.quarantined, actual["quarantined"]),
        ("标准化行数与质量检查读到的行数", batch.rows, actual["judged"]),
    ]
    if raw is None or raw.batch_id != batch.raw_batch_id:
        equations.append(("原始批次与标准化批次所依据的批次（不是同一批）", 1, 0))
    else:
        equations += [
            ("交付数（标准化清单与原始清单）", batch.delivered, raw.delivered),
            ("拒收数（标准化清单与原始清单）", batch.rejected, raw.rejected),
            ("原始行的清单数与文件行数", raw.rows, actual["raw"]),
            ("拒收行的清单数与文件行数", raw.rejected, actual["rejected"]),
            ("重复数与重复文件加精确重复行", batch.duplicates, raw.duplicates + actual["dropped"]),
            ("原始行与精确重复、隔离、合格之和", raw.rows, actual["dropped"] + batch.quarantined + batch.clean),
        ]
    broken = [(name, left, right) for name, left, right in equations if left != right]
    figures: Figures = {
        "delivered": batch.delivered,
        "rejected": batch.rejected,
        "duplicates": batch.duplicates,
        "quarantined": batch.quarantined,
        "clean": batch.clean,
        **{f"actual_{name}": value for name, value in actual.items()},
    }
    reason = "；".join(f"{name}不符（{left} 与 {right}）" for name, left, right in broken) or None
    return outcome("reconciliation", checked=len(equations), failed=len(broken), reason=reason, figures=figures)


def volume(rows: int, previous: Snapshot | None, bounds: Volume) -> CheckOutcome:
    """``rows``: of the snapshot that would be published. The change is not judged where there is no earlier snapshot, or an empty one."""
    figures: Figures = {"rows": rows, "min_rows": bounds.min_rows}
    checked, reasons = 1, []
    if rows < bounds.min_rows:
        reasons.append(f"{rows} 行，少于下限 {bounds.min_rows} 行")
    if bounds.max_rows is not None:
        checked += 1
        figures["max_rows"] = bounds.max_rows
        if rows > bounds.max_rows:
            reasons.append(f"{rows} 行，多于上限 {bounds.max_rows} 行")
    if previous is not None:
        figures["previous_rows"] = previous.rows
        figures["previous_date"] = previous.date.isoformat()
    if previous is not None and previous.rows and bounds.max_change is not None:
        checked += 1
        change = (rows - previous.rows) / previous.rows
        figures |= {"change": change, "max_change": bounds.max_change}
        if abs(change) > bounds.max_change:
            reasons.append(
                f"{rows} 行，比 {previous.date.isoformat()} 的 {previous.rows} 行变动 {change:+.1%}，超过允许的 {bounds.max_change:.1%}"
            )
    return outcome("volume", checked=checked, failed=len(reasons), reason="；".join(reasons) or None, figures=figures)


def quarantine_share(batch: StandardizedBatch, bounds: Volume) -> CheckOutcome:
    """Not applicable (checked 0, passed) where nothing was delivered."""
    share = batch.quarantined / batch.delivered if batch.delivered else 0.0
    reason = None
    if share > bounds.max_quarantine:
        reason = f"交付 {batch.delivered} 行，隔离 {batch.quarantined} 行，占 {share:.1%}，超过上限 {bounds.max_quarantine:.1%}"
    figures: Figures = {"share": share, "max_share": bounds.max_quarantine}
    return outcome("quarantine_share", checked=batch.delivered, failed=batch.quarantined, reason=reason, figures=figures)


def previous_snapshot(deployment: Deployment, dataset: Dataset, date: Date) -> Snapshot | None:
    """The newest snapshot of the dataset's table before ``date`` whose files are all there."""
    for earlier in reversed(layers.dates(deployment.published / dataset.name)):
        if earlier < date:
            snapshot = layers.read(Snapshot, Snapshot.path(deployment, dataset.name, earlier))
            if snapshot is not None and complete(snapshot, deployment):
                return snapshot
    return None
