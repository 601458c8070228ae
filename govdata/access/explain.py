"""One row followed from the delivered file to what analysts read: what each step made of a cell, which rules it passed
and failed, what became of the row since. The engineer's debugger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Literal

from govdata import publish
from govdata.batches import LedgerColumn, RawBatch, Snapshot, StandardizedBatch
from govdata.deployment import Deployment, dates_in
from govdata.engine import ledger, rules, session
from govdata.engine.syntax import text as written
from govdata.errors import GovdataError
from govdata.standards.model import BoundRule, Dataset, Registry, Unique
from govdata.storage import sql
from govdata.storage.tables.system_columns import (
    DELIVERY_DATE,
    FAILED_RULES,
    KEPT_ROW_ID,
    ROW_ID,
    SOURCE_FILE,
    SOURCE_ROW,
    UNPARSED,
    WARNINGS,
)

if TYPE_CHECKING:
    import duckdb

Fate = Literal["clean", "quarantined", "duplicate", "rejected", "unjudged"]


@dataclass(frozen=True)
class Judged:
    """What a rule says of the row; ``outcome`` ``unasked``: nothing to judge (an empty cell), ``unknown``:
    the standards have changed since, so only what was kept of the night can be told."""

    rule: BoundRule
    outcome: Literal["passed", "failed", "unasked", "unknown"]


@dataclass(frozen=True)
class Cell:
    """``steps``: name of each text step and the text after it; ``stored``: the standardised value as text, None where
    there is none; ``unread``: the delivered text could not be read; ``altered``: the repair ledger has the cell;
    ``by``: what is told of a change after the steps."""

    column: str
    delivered: str | None
    steps: tuple[tuple[str, str | None], ...]
    stored: str | None
    unread: bool
    altered: bool
    by: str
    judged: tuple[Judged, ...]


@dataclass(frozen=True)
class Explained:
    """``shown``: dates of the snapshots that show the row; ``hidden``: the first that no longer does, None where the
    newest does or none ever did; ``kept``: the row that stands for this duplicate; ``reason``: why it was rejected."""

    dataset: Dataset
    date: Date
    row_id: str
    file: str
    line: int
    fate: Fate
    reason: str | None
    kept: str | None
    same_standards: bool
    cells: tuple[Cell, ...]
    rules: tuple[Judged, ...]
    shown: tuple[Date, ...]
    hidden: Date | None


def explain(
    deployment: Deployment,
    registry: Registry,
    row_id: str,
    *,
    dataset: str | None = None,
    date: Date | None = None,
    briefly: bool = False,
) -> Explained:
    """The row with that ``_row_id``; of a file delivered on several dates the newest, unless ``date`` says otherwise.
    ``briefly``: without the steps of its cells, and of the rules only those it fails, which takes a tenth of the time.
    Raises ``GovdataError`` where no night that is kept has it."""
    with closing(sql.connect(threads=1)) as connection:
        for raw in _raw_batches(deployment, registry, dataset, date):
            found = _row(connection, deployment, raw.files, row_id, typed=raw.arrives)
            if found is not None:
                with closing(session(registry, threads=1, as_of=raw.date, code_sets=() if briefly else None)) as asked:
                    return _followed(asked, deployment, registry, raw, row_id, found, briefly)
            refused = _row(connection, deployment, raw.rejected_files, row_id)
            if refused is not None:
                return _rejected(registry, raw, row_id, refused)
    where = f"数据集 {dataset} " if dataset else ""
    when = f"{date.isoformat()} " if date else ""
    raise GovdataError(
        f"{where}{when}保留的各夜数据中没有这一行：行标识是查询结果里的 {ROW_ID}；"
        "早于保留期的夜间数据已按保留策略清理，重新运行那一日的交付后即可查看"
    )


def _raw_batches(
    deployment: Deployment, registry: Registry, dataset: str | None, date: Date | None
) -> Iterator[RawBatch]:
    """Newest first."""
    nights = {
        (day, name)
        for name in ([dataset] if dataset else registry.datasets)
        for day in dates_in(deployment.lake("raw", name, date or Date.max).parent)
        if date is None or day == date
    }
    for day, name in sorted(nights, reverse=True):
        batch = RawBatch.read(RawBatch.path(deployment, name, day))
        if batch is not None:
            yield batch


def _row(
    connection: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    files: Sequence[str],
    row_id: str,
    name: str = "row",
    typed: Iterable[str] = (),
) -> dict[str, object] | None:
    """The row of that id, which stays in the connection as table ``name``; columns ``typed`` as text."""
    paths = [path for path in map(deployment.absolute, files) if path.exists()]
    if not paths:
        return None
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {sql.identifier(name)} AS SELECT * FROM {sql.texts(paths, typed)} "
        f"WHERE {ROW_ID} = ? LIMIT 1",
        [row_id],
    )
    table = connection.sql(f"FROM {sql.identifier(name)}").to_arrow_table().to_pylist()
    return table[0] if table else None


def _rejected(registry: Registry, raw: RawBatch, row_id: str, row: dict[str, object]) -> Explained:
    return Explained(
        dataset=registry.datasets[raw.dataset],
        date=raw.date,
        row_id=row_id,
        file=str(row[SOURCE_FILE]),
        line=int(str(row[SOURCE_ROW])),
        fate="rejected",
        reason=str(row["reason"]),
        kept=None,
        same_standards=raw.standards_hash == registry.hashes[raw.dataset],
        cells=(),
        rules=(),
        shown=(),
        hidden=None,
    )


def _followed(
    connection: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    registry: Registry,
    raw: RawBatch,
    row_id: str,
    delivered: dict[str, object],
    briefly: bool,
) -> Explained:
    dataset = registry.datasets[raw.dataset]
    batch = StandardizedBatch.read(StandardizedBatch.path(deployment, raw.dataset, raw.date))
    if batch is not None and batch.raw_batch_id != raw.batch_id:
        batch = None  # of a delivery that has been corrected since
    fate, row, kept = _fate(connection, deployment, batch, row_id)
    same = batch is not None and batch.standards_hash == registry.hashes[raw.dataset]
    judged = _judged(connection, registry, dataset, row, same and not briefly)
    plans = _ledger(connection, deployment, batch, row_id)
    shown, hidden = _life(connection, deployment, raw, row_id)
    return Explained(
        dataset=dataset,
        date=raw.date,
        row_id=row_id,
        file=str(delivered[SOURCE_FILE]),
        line=int(str(delivered[SOURCE_ROW])),
        fate=fate,
        reason=None,
        kept=kept,
        same_standards=same,
        cells=tuple(_cells(None if briefly else connection, plans, delivered, row, judged)),
        rules=judged,
        shown=shown,
        hidden=hidden,
    )


def _ledger(
    connection: duckdb.DuckDBPyConnection, deployment: Deployment, batch: StandardizedBatch | None, row_id: str
) -> tuple[LedgerColumn, ...]:
    """How the row was standardised: one that was judged again later, as it was then."""
    if batch is None:
        return ()
    for part in batch.rejudged:
        if _row(connection, deployment, part.files, row_id, "again") is not None:
            return part.ledger
    return batch.ledger


def _fate(
    connection: duckdb.DuckDBPyConnection, deployment: Deployment, batch: StandardizedBatch | None, row_id: str
) -> tuple[Fate, dict[str, object] | None, str | None]:
    """What standardising made of the row, the standardised row, the row that stands for it where it was a duplicate."""
    if batch is None:
        return "unjudged", None, None
    row = _row(connection, deployment, batch.clean_files, row_id, "judged")
    if row is not None:
        return "clean", row, None
    row = _row(connection, deployment, batch.quarantine_files, row_id, "judged")
    if row is not None:
        return "quarantined", row, None
    dropped = _row(connection, deployment, batch.duplicate_files, row_id, "dropped")
    return ("duplicate", None, str(dropped[KEPT_ROW_ID])) if dropped else ("unjudged", None, None)


def _judged(
    connection: duckdb.DuckDBPyConnection,
    registry: Registry,
    dataset: Dataset,
    stored: dict[str, object] | None,
    same: bool,
) -> tuple[Judged, ...]:
    """Failures are those the night wrote down; whether a rule that did not fail had anything to judge is asked anew."""
    if stored is None:
        return ()
    failed = {*_listed(stored.get(FAILED_RULES)), *_listed(stored.get(WARNINGS))}
    bound = registry.rules(dataset.name)
    if not same:
        return tuple(Judged(rule, "failed" if rule.id in failed else "unknown") for rule in bound)
    asked = [rule for rule in bound if not isinstance(rule.spec, Unique)]
    query = ", ".join(written(rules.applicable(rule, registry)) for rule in asked)
    answers = connection.execute(f"SELECT {query} FROM judged").fetchone() or ()
    had = {rule.id: bool(answer) for rule, answer in zip(asked, answers, strict=True)}
    return tuple(
        Judged(rule, "failed" if rule.id in failed else "passed" if had.get(rule.id, True) else "unasked")
        for rule in bound
    )


def _listed(value: object) -> Sequence[str]:
    return value if isinstance(value, list) else ()


def _cells(
    connection: duckdb.DuckDBPyConnection | None,
    plans: Sequence[LedgerColumn],
    delivered: dict[str, object],
    stored: dict[str, object] | None,
    judged: Sequence[Judged],
) -> Iterator[Cell]:
    if stored is None:
        for name in (name for name in delivered if name[0] != "_"):
            yield Cell(name, _text(delivered[name]), (), None, False, False, "", ())
        return
    unread = dict(stored.get(UNPARSED) or ())  # type: ignore[call-overload]
    for position, plan in enumerate(plans):
        cell = _text(delivered.get(plan.name))
        yield Cell(
            column=plan.name,
            delivered=cell,
            steps=ledger.walk(plan, cell, connection) if cell is not None and connection is not None else (),
            stored=_text(stored.get(plan.name)),
            unread=plan.name in unread,
            altered=ledger.flagged(position, stored),
            by=plan.typing,
            judged=tuple(each for each in judged if plan.name in each.rule.columns),
        )


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _life(
    connection: duckdb.DuckDBPyConnection, deployment: Deployment, raw: RawBatch, row_id: str
) -> tuple[tuple[Date, ...], Date | None]:
    """The dates of the snapshots that show the row as it was delivered then, and the first after them that does not."""
    shown: list[Date] = []
    for day in dates_in(deployment.published / raw.dataset):
        snapshot = Snapshot.read(Snapshot.path(deployment, raw.dataset, day)) if day >= raw.date else None
        if snapshot is None or not snapshot.files:
            continue
        query = publish.visible(snapshot, deployment, f"b.{ROW_ID}, b.{DELIVERY_DATE}")
        here = f"SELECT count(*) FROM ({query}) WHERE {ROW_ID} = ? AND {DELIVERY_DATE} = ?"
        (count,) = connection.execute(here, [row_id, raw.date]).fetchone() or (0,)
        if count:
            shown.append(day)
        elif shown:
            return tuple(shown), day
    return tuple(shown), None
