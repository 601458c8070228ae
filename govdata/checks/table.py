"""The table checks: what must hold of a batch as a whole before it may be published. Each is one blocking outcome of
figures only."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

from govdata.batches import TABLE_CHECKS, CheckOutcome, RawBatch, Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.publish import newest
from govdata.standards.model import Dataset, Volume

Figures = dict[str, float | int | str]


def outcome(
    name: str, *, checked: int, failed: int, reason: str | None, figures: Figures, title: str | None = None
) -> CheckOutcome:
    """``reason``: Chinese, why the check failed; None where it passed or does not apply. ``title``: what it checks,
    where it is none of every table's."""
    title = title or TABLE_CHECKS[name]
    return CheckOutcome(
        name=name,
        kind="table",
        description=title if reason is None else f"{title}——未通过：{reason}",
        severity="error",
        blocking=True,
        passed=reason is None,
        checked=checked,
        failed=failed,
        figures={**figures, "rate": failed / checked if checked else 0.0},
    )


def schema(checked: int, failures: tuple[str, ...]) -> CheckOutcome:
    """``failures``: names of columns whose type is not the declared one, or the type of a failed table-wide
    expectation."""
    reason = "不一致：" + "、".join(failures) if failures else None
    return outcome(
        "schema",
        checked=checked,
        failed=len(failures),
        reason=reason,
        figures={"columns": ", ".join(failures)} if failures else {},
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
    """``actual``: rows really found: in Parquet files ``clean, quarantined, dropped`` (exact duplicates), ``raw,
    rejected``; ``judged`` by GX. ``raw``: the raw batch's manifest as it stands now."""
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
    """``rows``: of the snapshot that would be published. The change is not judged where there is no earlier snapshot,
    or an empty one."""
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
                f"{rows} 行，比 {previous.date.isoformat()} 的 {previous.rows} 行变动 {change:+.1%}，超过允许的 "
                f"{bounds.max_change:.1%}"
            )
    return outcome("volume", checked=checked, failed=len(reasons), reason="；".join(reasons) or None, figures=figures)


def quarantine_share(batch: StandardizedBatch, bounds: Volume) -> CheckOutcome:
    """Not applicable (checked 0, passed) where nothing was delivered."""
    share = batch.quarantined / batch.delivered if batch.delivered else 0.0
    reason = None
    if share > bounds.max_quarantine:
        reason = (
            f"交付 {batch.delivered} 行，隔离 {batch.quarantined} 行，占 {share:.1%}，超过上限 "
            f"{bounds.max_quarantine:.1%}"
        )
    figures: Figures = {"share": share, "max_share": bounds.max_quarantine}
    return outcome(
        "quarantine_share", checked=batch.delivered, failed=batch.quarantined, reason=reason, figures=figures
    )


FEW = 5
"""So many unreadable records of a delivery are told of and not weighed, as long as half of it could be read: one torn
line among ten would block a department's small delta otherwise. Not where the contract's bound is 0."""


def rejected_share(batch: StandardizedBatch | RawBatch, raw: RawBatch | None, bounds: Volume) -> CheckOutcome:
    """What could not be read at all: too large a share of the delivery, or any file or sheet of which no record could
    be read."""
    rejected, delivered, limit = batch.rejected, batch.delivered, bounds.max_rejected
    share = rejected / delivered if delivered else 0.0
    reasons = []
    if share > limit and (rejected > FEW or 2 * rejected >= delivered or not limit):
        reasons.append(
            f"交付 {delivered} 条，拒收 {rejected} 条，占 {share:.1%}，超过上限 {limit:.1%}；原因见 governance.rejected"
        )
    unread = [
        source for source in (raw.sources if raw else ()) if source.delivered and source.rejected == source.delivered
    ]
    if unread and not reasons and limit < 1:
        places = "、".join(
            f"“{source.name}”" + (f"的“{source.sheet}”" if source.sheet else "") for source in unread[:5]
        )
        more = "等" if len(unread) > 5 else ""
        reasons.append(f"{places}{more} {len(unread)} 个文件或工作表的记录全部拒收")
    figures: Figures = {"share": share, "max_share": limit, "unread_sources": len(unread)}
    return outcome(
        "rejected_share", checked=delivered, failed=rejected, reason="；".join(reasons) or None, figures=figures
    )


def reading(raw: RawBatch | None, dataset: Dataset) -> CheckOutcome:
    """What a reading report must not hold: a sheet that was not read though records seem to be in it, and a number of
    records that a file gives (共 12 条, a group's 92所) and that is not what was read. The contract says which sheets
    are none of ours (``ignored_sheets``) and whether numbers are only told (``totals``)."""
    noted = [(source, note) for source in (raw.sources if raw else ()) for note in source.notes]
    totals = [each for each in noted if each[1].kind in ("total_agrees", "total_differs")]
    differing = (
        [each for each in totals if each[1].kind == "total_differs"] if dataset.delivery.totals == "match" else []
    )
    ignored = [each for each in noted if each[1].kind == "ignored_records"]
    reasons = [
        f"“{source.name}”的工作表“{source.sheet}”没有读（{note.count} 行）：{note.reason}" for source, note in ignored
    ]
    if ignored:
        reasons.append("请部门补上或改正表头；不属于本数据集的，写进合同 delivery 的 ignored_sheets")
    reasons += [
        f"“{source.name}”" + (f"的“{source.sheet}”" if source.sheet else "") + f"：{note.reason}"
        for source, note in differing[:5]
    ]
    if differing:
        more = f"（共 {len(differing)} 处）" if len(differing) > 5 else ""
        reasons.append(
            f"文件可能不全{more}，请部门核对后重新交付；写明的数目本不可信的，在合同 delivery 写 totals: told"
        )
    figures: Figures = {"ignored_sheets": len(ignored), "totals": len(totals), "differing_totals": len(differing)}
    return outcome(
        "reading",
        checked=len(totals) + len(ignored),
        failed=len(ignored) + len(differing),
        reason="；".join(reasons) or None,
        figures=figures,
    )


def previous_snapshot(deployment: Deployment, dataset: Dataset, date: Date) -> Snapshot | None:
    """The newest snapshot of the dataset's table before ``date`` whose files are all there."""
    return newest(deployment, dataset.name, date - timedelta(days=1))
