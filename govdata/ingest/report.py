"""The reading report: what became of each delivery and of everything in it, kept as one small Parquet file per dataset
and date under ``governance/deliveries``, from which the catalogue makes ``deliveries`` and ``delivery_notes``.

A date that is delivered again has a line per delivery; reading the same delivery again replaces its line. A delivery
that was refused has one too. No record's value is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from govdata.batches import NOTE_KINDS, Delivery, DeliveryNote, DeliveryReport, IngestedFile, RawBatch, ReadingNote
from govdata.deployment import Deployment
from govdata.errors import DeliveryError
from govdata.storage import files
from govdata.storage.manifest import fingerprint
from govdata.storage.tables import arrow_types
from govdata.storage.tables.deliveries import DELIVERIES, NOTE, NOTES

if TYPE_CHECKING:
    import pyarrow as pa


def schema() -> pa.Schema:
    """Of the small files: a line per delivery, its notes within."""
    import pyarrow as pa

    notes = pa.list_(pa.struct(list(arrow_types(NOTE).items())))
    return pa.schema([*arrow_types(DELIVERIES.columns).items(), (NOTES, notes)])


def of(batch: RawBatch, delivery: Delivery) -> DeliveryReport:
    """The report of a delivery that was read. Every line counted is in exactly one of the four sums."""
    passed = [
        DeliveryNote(kind="passed_over", reason="不是数据文件（隐藏、临时或标记文件）", file=name)
        for name in batch.passed_over
    ]
    return DeliveryReport(
        dataset=batch.dataset,
        date=batch.date,
        delivery=delivery.fingerprint,
        outcome="read",
        files=len(delivery.files),
        physical=batch.physical,
        read=batch.rows,
        duplicates=batch.duplicates,
        rejected=batch.rejected,
        set_aside=batch.set_aside,
        notes=(*_notes(batch.sources), *passed),
    )


def refused(dataset: str, date: Date, delivery: Delivery | None, state: str, error: DeliveryError) -> DeliveryReport:
    """The report of a delivery that was refused: each problem is a note. ``state`` stands for what lay in the folder,
    where not even the files could be taken stock of."""
    problems = [
        DeliveryNote(
            kind="refused",
            reason=problem.message,
            file=problem.file,
            sheet=problem.where,
            first_row=problem.line,
            last_row=problem.line,
        )
        for problem in error.problems
    ]
    return DeliveryReport(
        dataset=dataset,
        date=date,
        delivery=_known_as(dataset, date, delivery, state),
        outcome="refused",
        reason=str(error),
        files=len(delivery.files) if delivery is not None else 0,
        notes=(*problems, *_notes([source for source in error.read if isinstance(source, IngestedFile)])),
    )


def failed(dataset: str, date: Date, delivery: Delivery | None, state: str, reason: str) -> DeliveryReport:
    """The report of a delivery whose reading ended in an error of the program or the machine."""
    return DeliveryReport(
        dataset=dataset,
        date=date,
        delivery=_known_as(dataset, date, delivery, state),
        outcome="error",
        reason=reason,
        files=len(delivery.files) if delivery is not None else 0,
    )


def _known_as(dataset: str, date: Date, delivery: Delivery | None, state: str) -> str:
    return delivery.fingerprint if delivery is not None else fingerprint(dataset, date.isoformat(), state)


def _notes(sources: Sequence[IngestedFile]) -> list[DeliveryNote]:
    return [
        DeliveryNote(file=source.name, sheet=source.sheet, **note.model_dump())
        for source in sources
        for note in source.notes
    ]


def path(deployment: Deployment, dataset: str, date: Date) -> Path:
    return deployment.governance / DELIVERIES.name / dataset / f"{date.isoformat()}.parquet"


def record(report: DeliveryReport, deployment: Deployment) -> None:
    """Keep the report beside those of other deliveries of the same dataset and date, as the newest."""
    target = path(deployment, report.dataset, report.date)
    kept = [line for line in _kept(target) if line["delivery"] != report.delivery]
    line = report.model_dump(exclude={"notes"}) | {"notes": [_line(note) for note in report.notes]}
    _write([*kept, line], target)


def conclude(
    dataset: str,
    date: Date,
    outcome: Literal["blocked", "error", "published"],
    reasons: Sequence[str],
    deployment: Deployment,
) -> None:
    """What became of the delivery that was read last. Where none was there is nothing to say it of."""
    target = path(deployment, dataset, date)
    kept = _kept(target)
    if kept:
        kept[-1] |= {"outcome": outcome, "reason": "；".join(reasons) or None}
        _write(kept, target)


def _write(lines: Sequence[Mapping[str, object]], target: Path) -> None:
    """No time of day is among them: a night done again changes nothing."""
    import pyarrow as pa

    numbered = [{**line, "number": number} for number, line in enumerate(lines, 1)]
    files.put_table(pa.Table.from_pylist(numbered, schema()), target)


def _line(note: ReadingNote) -> dict[str, object]:
    kind = NOTE_KINDS[note.kind]
    told = note.model_dump(exclude={"column"})
    return told | {"fate": kind.fate, "unit": kind.unit, "column_name": note.column}


def _kept(target: Path) -> list[dict[str, object]]:
    """A damaged file counts as none: its delivery is read again to make it anew."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        lines: list[dict[str, object]] = pq.read_table(target).to_pylist()
    except (OSError, pa.ArrowException):
        return []
    return lines
