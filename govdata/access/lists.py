"""A list of people or organisations that a department hands in: read, and brought to the standards, as deliveries are.

It goes through the stages of a night in a scratch deployment, whatever its format and encoding, and nothing of it
stays. Which column is which is told by the headers that the page of master data and the contracts know.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as Date
from hashlib import file_digest
from pathlib import Path

from govdata import engine, ingest
from govdata.batches import IngestedFile, RawBatch, StandardizedBatch
from govdata.deployment import Deployment
from govdata.errors import DeliveryError, GovdataError, Problem
from govdata.standards import screening
from govdata.standards.model import Dataset, Registry
from govdata.storage import files, sql
from govdata.storage.tables.system_columns import (
    FAILED_RULES,
    KEPT_ROW_ID,
    ROW_ID,
    SOURCE_FILE,
    SOURCE_ROW,
    UNPARSED,
    WARNINGS,
)


@dataclass(frozen=True)
class Listed:
    """``query``: SELECT of ``line`` (from 1), ``file``, ``row``, each column of the dataset (text as it was written
    where it could not be read), and ``failed``, the rules its number fails. ``present``: the columns the file has."""

    kind: str
    dataset: Dataset
    present: tuple[str, ...]
    digest: str
    lines: int
    rejected: tuple[IngestedFile, ...]
    query: str

    @property
    def number(self) -> str:
        return self.dataset.columns[0].name


@contextmanager
def read(
    path: Path,
    registry: Registry,
    deployment: Deployment,
    date: Date,
    *,
    kind: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Listed]:
    """The list at ``path``, for the block. ``kind``: of master data, told by the headers where it is None; ``headers``:
    ``number`` or ``name`` → the header it has in the file. Raises ``GovdataError`` in Chinese where the file cannot be
    read or it is not certain what its columns are; no value of a record is told."""
    if not path.is_file():
        raise GovdataError(f"没有文件 {path}")
    given = dict(headers or {})
    chosen = kind or _kind(path, registry, given)
    dataset, alone = _dataset(registry, chosen, given)
    with files.scratch(deployment, "list") as folder:
        batch, raw = _standardized(path, dataset, alone, Deployment(folder), date)
        present = _present(dataset, raw, path, given)
        yield Listed(
            kind=chosen,
            dataset=dataset,
            present=present,
            digest=digest(path),
            lines=raw.rows,
            rejected=tuple(source for source in raw.sources if source.rejected),
            query=_query(dataset, batch, Deployment(folder)),
        )


def _dataset(registry: Registry, kind: str, headers: Mapping[str, str]) -> tuple[Dataset, Registry]:
    master = registry.masters.get(kind)
    if master is None or master.screening is None:
        known = [name for name, each in registry.masters.items() if each.screening is not None]
        raise GovdataError(f"没有声明“{kind}”的名单比对；可用：{'、'.join(known)}")
    named = {master.screening.number if name == "number" else name: header for name, header in headers.items()}
    return screening.as_dataset(registry, kind, named)


def _kind(path: Path, registry: Registry, headers: Mapping[str, str]) -> str:
    """The kind of master data whose columns the file has: the number first, then as many as possible."""
    scores: dict[str, tuple[bool, int]] = {}
    for kind, master in registry.masters.items():
        if master.screening is not None:
            known = ingest.Headers(_dataset(registry, kind, headers)[0])
            mapped = known.map(_columns(path, known))
            scores[kind] = (master.screening.number in mapped.targets, mapped.hits)
    if not scores:
        raise GovdataError("standards/masters 里没有声明名单比对（screening）")
    best = [kind for kind, score in scores.items() if score == max(scores.values())]
    if len(best) != 1 or not scores[best[0]][1]:
        told = "、".join(f"{kind}（{registry.masters[kind].name}）" for kind in scores)
        raise GovdataError(f"{path.name} 的表头看不出是哪一类名单，请用 --kind 指明：{told}")
    return best[0]


def _columns(path: Path, known: ingest.Headers) -> tuple[str, ...]:
    """The file's header by what is known, none where it has none of that kind."""
    try:
        _, opened = ingest.open_file(path, known)
    except ingest.Unreadable:
        try:
            ingest.open_file(path, None)
        except ingest.Unreadable as error:  # whoever looks at it
            raise DeliveryError("名单不能读取：", [Problem(path.name, str(error), where=error.sheet)]) from None
        return ()
    return opened.sources[0].columns if opened.sources else ()


def _standardized(
    path: Path, dataset: Dataset, registry: Registry, scratch: Deployment, date: Date
) -> tuple[StandardizedBatch, RawBatch]:
    landing = scratch.delivery(dataset.name, date)
    landing.mkdir(parents=True)
    shutil.copyfile(path, landing / path.name)
    delivery = ingest.receive(scratch, dataset, date)
    if delivery is None:
        raise GovdataError(f"{path.name} 不是可读的文件（隐藏文件、临时文件不算）")
    try:
        raw = ingest.ingest(delivery, dataset, registry, scratch)
    except DeliveryError as error:
        hint = "认不出表头或有几列都像时，用 --id-column、--name-column 指明"
        raise DeliveryError(f"名单不能读取（{hint}）：", list(error.problems)) from None
    return engine.standardize(raw, dataset, registry, scratch), raw


def _present(dataset: Dataset, raw: RawBatch, path: Path, headers: Mapping[str, str]) -> tuple[str, ...]:
    missing = [set(source.missing_columns) for source in raw.sources if source.delivered]
    present = [column.name for column in dataset.columns if not all(column.name in each for each in missing)]
    number = dataset.columns[0]
    others = "、".join(raw.unknown_columns) or "无"
    options = {number.name: ("--id-column", headers.get("number")), "name": ("--name-column", headers.get("name"))}
    for column, (option, header) in options.items():
        if header and column not in present:
            raise GovdataError(f"{path.name} 没有表头“{header}”（{option}）；认不出的列：{others}")
    if number.name not in present and not {"name", "birth_date"} <= set(present):
        raise GovdataError(
            f"{path.name} 没有认得出的号码列（{number.title}），也没有姓名和出生日期；"
            f"请用 --id-column 指明号码列的表头；认不出的列：{others}"
        )
    return tuple(present)


def _query(dataset: Dataset, batch: StandardizedBatch, scratch: Deployment) -> str:
    """The judged rows, and every exact duplicate with what the row says that was kept in its place."""
    names = [scratch.absolute(name) for name in (*batch.clean_files, *batch.quarantine_files)]
    if not names:
        raise GovdataError("名单里没有记录")
    number = dataset.columns[0].name
    columns = ", ".join(
        f"coalesce(CAST({sql.identifier(column.name)} AS VARCHAR), trim({UNPARSED}[{sql.text(column.name)}])) "
        f"AS {sql.identifier(column.name)}"
        for column in dataset.columns
    )
    failed = (
        f"list_filter(list_concat(coalesce({FAILED_RULES}, []), coalesce({WARNINGS}, [])), "
        f"lambda r: starts_with(r, {sql.text(number + '.')})) AS failed"
    )
    judged = (
        f"SELECT {ROW_ID}, {SOURCE_FILE} AS file, {SOURCE_ROW} AS row, {columns}, {failed} "
        f"FROM {sql.parquet(names, by_name=True)}"
    )
    dropped = [scratch.absolute(name) for name in batch.duplicate_files]
    if dropped:
        judged = (
            f"WITH judged AS ({judged}) SELECT * FROM judged UNION ALL SELECT j.* REPLACE (d.{ROW_ID} AS {ROW_ID}, "
            f"d.{SOURCE_FILE} AS file, d.{SOURCE_ROW} AS row) FROM {sql.parquet(dropped)} AS d "
            f"JOIN judged AS j ON j.{ROW_ID} = d.{KEPT_ROW_ID}"
        )
    return f"SELECT row_number() OVER (ORDER BY file, row) AS line, * EXCLUDE ({ROW_ID}) FROM ({judged})"


def digest(path: Path) -> str:
    """What stands for a file in the log of looks: the SHA-256 of its bytes."""
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()
