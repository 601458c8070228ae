"""The files of a delivery: every record ends in the raw table or the rejects, or there is a problem to tell."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date as Date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute

from govdata.batches import LINE_KINDS, DeliveredFile, Delivery, IngestedFile, ReadingNote
from govdata.errors import Problem
from govdata.ingest import complete, formats, packed
from govdata.ingest.delivery import content_hash, file_state, record_prefixes
from govdata.ingest.headers import Headers
from govdata.ingest.headers import Mapping as HeaderMapping
from govdata.ingest.showable import shown
from govdata.ingest.source import HEADER_LINE, Block, Reject, Source, Unreadable, header_said
from govdata.standards.model import Dataset, Registry
from govdata.storage.sql import connect
from govdata.storage.tables import arrow_types
from govdata.storage.tables.system_columns import RAW, REJECTED_FILE, ROW_ID, SOURCE_FILE, SOURCE_ROW

pc: Any = pyarrow.compute  # its functions are made at import, where type checkers do not see them

_SERIAL = r"^\s*\d{4,5}(\.\d+)?\s*$"
_FILE = pa.dictionary(pa.int32(), pa.string())  # in memory only: in Parquet it is a text like others
REJECTED_SCHEMA = pa.schema(arrow_types(REJECTED_FILE) | {SOURCE_FILE: _FILE})
ENCODINGS: dict[str, str] = {
    ROW_ID: "DELTA_BYTE_ARRAY",
    SOURCE_ROW: "DELTA_BINARY_PACKED",
}  # both count up: almost nothing is left of them


Cells: TypeAlias = pa.Array | pa.ChunkedArray


def raw_schema(dataset: Dataset, arriving: Mapping[str, pa.DataType] = MappingProxyType({})) -> pa.Schema:
    """Columns of the raw table: the contract's, as text unless they arrive typed, then those that did not fit and where
    the record comes from."""
    contracted = {column.name: arriving.get(column.name, pa.string()) for column in dataset.columns}
    return pa.schema(contracted | arrow_types(RAW) | {SOURCE_FILE: _FILE})


class Sink(Protocol):
    """Takes the tables of a reading, all of one ``schema``."""

    schema: pa.Schema

    def write(self, table: pa.Table) -> None: ...


@dataclass
class Reading:
    """The reading of one delivery, whose files lie at ``paths``. ``headers_seen``: (sheet, delivered names, what they
    mean) of every table that was opened. After the first problem files are only opened, so that all problems are told
    at once."""

    delivery: Delivery
    dataset: Dataset
    registry: Registry
    paths: Mapping[str, Path]
    raw: Sink
    rejected: Sink
    arriving: Mapping[str, pa.DataType] = field(default_factory=dict)
    headers_seen: list[tuple[str | None, tuple[str, ...], HeaderMapping]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.headers = Headers(self.dataset, self.arriving)
        self._others: list[Headers] | None = None
        self._opened = ExitStack()

    def read(self) -> list[IngestedFile]:
        """How each file was read; what is told of the whole delivery is counted after."""
        result = self.read_files()
        if not self.problems:
            self.problems += miscounted(self.delivery, result)
        return result

    def read_files(self) -> list[IngestedFile]:
        with self._opened:
            return self._read()

    @cached_property
    def _session(self) -> duckdb.DuckDBPyConnection:
        """One for all files: opening one costs more than a small file's texts."""
        return self._opened.enter_context(connect(threads=1, ordered=True))

    def _read(self) -> list[IngestedFile]:
        paths = self.paths
        done: dict[str, list[IngestedFile]] = {}  # content → how it was read the first time
        result: list[IngestedFile] = []
        for file in self.delivery.files:
            first = done.get(file.sha256)
            if first is not None:
                result += [_duplicate(file, before) for before in first]
                continue
            try:
                done[file.sha256] = list(self._file(file, paths.get(file.name)))
            except Unreadable as error:
                where = packed.full_name(error.member, error.sheet and shown(error.sheet, "其中一个工作表"))
                self.problems.append(Problem(file.name, str(error) + self._hint(paths.get(file.name)), where=where))
            except (
                pa.ArrowException,
                duckdb.Error,
                UnicodeError,
                OverflowError,
            ) as error:  # their texts may hold values of records
                self.problems.append(Problem(file.name, f"读取时出错（{type(error).__name__}），文件未读入"))
            result += done.get(file.sha256, [])
        return result

    def _file(self, file: DeliveredFile, path: Path | None) -> Iterator[IngestedFile]:
        changed = Unreadable("文件在接收后被改动或删除，请重新接收")
        state = None
        try:
            if path is None or path.stat().st_size != file.size or content_hash(path) != file.sha256:
                raise changed
            state = file_state(path)
            format, opened = formats.open_file(path, self.headers)
            mappings = [self.headers.map(source.columns) for source in opened.sources]
            sheets = [_told(source, f"第{n}个有表头的工作表") for n, source in enumerate(opened.sources, 1)]
            for source, mapping, sheet in zip(opened.sources, mappings, sheets, strict=True):
                self.headers_seen.append((sheet, source.columns, mapping))
                self._judge(file.name, sheet, source, mapping)
            if not self.problems:
                prefixes = record_prefixes(path, file.sha256, [source.sheet for source in opened.sources])
                for source, prefix, sheet in zip(opened.sources, prefixes, sheets, strict=True):
                    yield self._source(file, source, prefix).model_copy(update={"sheet": sheet})
            if file_state(path) != state:
                raise changed
        except Unreadable as error:
            raise error if state is None or _is_still(path, state) else changed from None
        except FileNotFoundError:
            raise changed from None
        except PermissionError:
            raise Unreadable("没有读取文件的权限") from None
        for number, part in enumerate(opened.ignored, 1):
            member, _, inside = part.name.partition("#") if format == "zip" else (None, "", part.name)
            sheet = packed.full_name(member, shown(inside, f"第{number}个未读的工作表") if inside else None)
            kind = "ignored_sheet" if self._may_be_ignored(inside) and part.kind == "ignored_records" else part.kind
            yield IngestedFile(
                name=file.name,
                sheet=sheet,
                format=format,
                physical=part.rows if kind in LINE_KINDS else 0,
                delivered=0,
                raw=0,
                rejected=0,
                notes=(ReadingNote(kind=kind, reason=part.reason, count=part.rows),),
            )

    def _may_be_ignored(self, sheet: str) -> bool:
        """The contract says that a sheet of this name is none of ours, whatever is in it."""
        return any(fnmatch.fnmatch(sheet, pattern) for pattern in self.dataset.delivery.ignored_sheets)

    # ------------------------------------------------------------------------------------------------- is it ours?

    def _judge(self, name: str, sheet: str | None, source: Source, mapping: HeaderMapping) -> None:
        """Problems of a source's header; ``sheet``: its sheet's name as it may be told."""
        for column in mapping.twice:
            self._problem(name, sheet, f"有不止一个表头对应列“{self.dataset.column(column).title}”（{column}）")
        if not mapping.missing_required and not mapping.unknown:
            return
        likely = self._likely(source.columns, mapping)
        if likely is not None:
            self._problem(name, sheet, f"像是数据集“{likely.title}”（{likely.name}）的文件，不是“{self.dataset.title}”")
            return
        for missing in mapping.missing_required:
            lacking = self.dataset.column(missing)
            known = "、".join(dict.fromkeys((*lacking.headers, lacking.title, lacking.name)))
            self._problem(name, sheet, f"缺少必需的列“{lacking.title}”（可用的表头：{known}）")

    def _problem(self, name: str, sheet: str | None, message: str) -> None:
        self.problems.append(Problem(name, message, where=sheet))

    def _likely(self, columns: tuple[str, ...], mine: HeaderMapping | None) -> Dataset | None:
        """The other dataset whose contract explains the header completely, and better than ours does."""
        if self._others is None:
            names = [name for name in self.registry.delivered if name != self.dataset.name]
            self._others = [Headers(self.registry.datasets[name]) for name in names]
        best: tuple[int, Dataset] | None = None
        for other in self._others:
            mapping = other.map(columns)
            if mapping.missing_required or mapping.hits < 2:
                continue
            if mine is not None and (mapping.hits <= mine.hits or len(mapping.unknown) >= len(mine.unknown)):
                continue
            if best is None or mapping.hits > best[0]:
                best = mapping.hits, other.dataset
        return best[1] if best else None

    def _hint(self, path: Path | None) -> str:
        """For a file without our header: whose it may be."""
        if path is None:
            return ""
        try:
            _, opened = formats.open_file(path, None)
        except (Unreadable, OSError):
            return ""
        for source in opened.sources:
            likely = self._likely(source.columns, None)
            if likely is not None and self.headers.map(source.columns).missing_required:
                return f"；像是数据集“{likely.title}”（{likely.name}）的文件"
        return ""

    # ------------------------------------------------------------------------------------------------- its records

    def _source(self, file: DeliveredFile, source: Source, prefix: str) -> IngestedFile:
        origin = file.name if source.sheet is None else f"{file.name}#{source.sheet}"
        raw = 0
        rejects = _Rejects()
        seen: dict[tuple[str, ...], HeaderMapping] = {}
        for block in source.blocks():
            mapping = seen.get(block.names)
            if mapping is None:
                mapping = seen[block.names] = self.headers.map(block.names)
                if mapping.twice:
                    titles = "、".join(self.dataset.column(column).title for column in mapping.twice)
                    raise Unreadable(f"有不止一个表头对应同一列（{titles}）", *_place(source))
            if len(block.rows):
                table = self._raw_table(block, mapping, prefix, origin)
                if source.from_1904:
                    self._refuse_serials(table, source)
                self.raw.write(table)
                raw += len(block.rows)
            if block.rejects:
                self.rejected.write(rejected_table(block.rejects, prefix, origin, self.delivery.date))
                rejects.add(block.rejects)
        delivered, rejected = source.tally.records, rejects.count
        if delivered != raw + rejected:
            raise Unreadable(f"记录数核对不符：文件中数得{delivered}条，读入{raw}条，拒收{rejected}条", *_place(source))
        lines, physical = source.tally.lines, source.physical()
        if physical != lines:
            raise Unreadable(f"行数核对不符：另行清点文件得 {physical} 行，读取时见到 {lines} 行", *_place(source))
        known = {target for mapping in seen.values() for target in mapping.targets if target}
        header = self.headers.map(source.columns)
        known |= {target for target in header.targets if target} | {column for column, _ in header.said}
        unknown = tuple(dict.fromkeys(name for names in (source.columns, *seen) for name in self._unknown(names)))
        missing = [column for column in self.dataset.columns if column.name not in known]
        return IngestedFile(
            name=file.name,
            sheet=source.sheet,
            format=source.format,
            encoding=source.encoding,
            header=None if source.header is None else header_said(source.header)[HEADER_LINE],
            columns=len(dict.fromkeys(name for names in (source.columns, *seen) for name in names)),
            physical=physical,
            delivered=delivered,
            raw=raw,
            rejected=rejected,
            unknown_columns=unknown,
            missing_columns=tuple(column.name for column in missing),
            notes=(
                *source.tally.notes,
                *rejects.notes(),
                *(
                    ReadingNote(kind="unknown_column", reason="合同里没有这一列，没有发布", column=name)
                    for name in unknown
                ),
                *(
                    ReadingNote(kind="missing_column", reason="合同有这一列，文件里没有", column=column.title)
                    for column in missing
                ),
            ),
        )

    def _refuse_serials(self, table: pa.Table, source: Source) -> None:
        """Raises ``Unreadable`` for bare numbers of days in a workbook that counts from 1904 on: by the usual count
        they would be dates four years and a day too early."""
        for column in self.dataset.columns:
            element = self.registry.elements.get(column.element)
            dated = element is not None and element.type in ("date", "datetime")
            if dated and pc.any(pc.match_substring_regex(table.column(column.name), _SERIAL)).as_py():
                raise Unreadable(
                    f"工作簿从1904年起计日，“{column.title}”列有没有设日期格式的数字，按通常的算法会差四年；"
                    "请把该列设为日期格式后交付",
                    *_place(source),
                )

    def _unknown(self, names: tuple[str, ...]) -> list[str]:
        """The delivered columns the contract does not know, as they may be told."""
        targets = self.headers.map(names).targets
        return [
            shown(name, f"第{n}列")
            for n, (name, target) in enumerate(zip(names, targets, strict=True), 1)
            if target is None
        ]

    def _raw_table(self, block: Block, mapping: HeaderMapping, prefix: str, origin: str) -> pa.Table:
        rows = len(block.rows)
        by_target = {target: column for target, column in zip(mapping.targets, block.columns, strict=True) if target}
        for column, text in mapping.said:
            by_target[column] = pc.fill_null(by_target[column], text) if column in by_target else pa.repeat(text, rows)
        columns = [
            by_target.get(column.name, pa.nulls(rows, self.raw.schema.field(column.name).type))
            for column in self.dataset.columns
        ]
        unknown = [
            (name, block.columns[i])
            for i, (name, target) in enumerate(zip(block.names, mapping.targets, strict=True))
            if target is None
        ]
        return pa.table(
            [*columns, self._extra(unknown, rows), *provenance(block.rows, prefix, origin, self.delivery.date)],
            schema=self.raw.schema,
        )

    def _extra(self, unknown: list[tuple[str, Cells]], rows: int) -> Cells:
        """Unknown columns as one JSON object text a row; NULL where all of them are empty."""
        filled = Counter(name for name, _ in unknown)
        filled.subtract(filled.keys())  # how often a name has come before: a header that stands twice gets a number
        pairs: list[tuple[str, Cells]] = []
        for name, column in unknown:
            filled[name] += 1
            if column.null_count < rows:
                pairs.append((name if filled[name] == 1 else f"{name}#{filled[name]}", column))
        if not pairs:
            return pa.nulls(rows, pa.string())
        cells = [f"c{number}" for number in range(len(pairs))]
        fields = ", ".join(f"?, {cell}" for cell in cells)
        empty = " AND ".join(f"{cell} IS NULL" for cell in cells)
        query = (
            f"SELECT CASE WHEN {empty} THEN NULL ELSE CAST(json_object({fields}) AS VARCHAR) END FROM unknown_columns"
        )
        self._session.register(
            "unknown_columns", pa.table(dict(zip(cells, (column for _, column in pairs), strict=True)))
        )
        made: pa.Table = self._session.sql(query, params=[name for name, _ in pairs]).to_arrow_table()
        self._session.unregister("unknown_columns")
        return made.column(0).cast(pa.string())


def miscounted(delivery: Delivery, sources: Iterable[IngestedFile]) -> list[Problem]:
    """Where other counts of records were announced than were read."""
    read = {file.name: 0 for file in delivery.files}
    for source in sources:
        read[source.name] += source.delivered
    return complete.count_problems(read, {file.name: file.records for file in delivery.files}, delivery.records)


def _is_still(path: Path | None, state: tuple[str, int, int, int, int]) -> bool:
    try:
        return path is not None and file_state(path) == state
    except FileNotFoundError:
        return False


def _place(source: Source) -> tuple[str | None, str | None]:
    """(sheet, member) for an error."""
    return (source.inner_sheet, source.member) if isinstance(source, packed.Member) else (source.sheet, None)


def _told(source: Source, place: str) -> str | None:
    """The source's sheet as it may be told. A file inside an archive is told by its name, as the archive is."""
    if isinstance(source, packed.Member):
        return packed.full_name(source.member, source.inner_sheet and shown(source.inner_sheet, place))
    return source.sheet and shown(source.sheet, place)


def provenance(rows: Cells, prefix: str, origin: str, date: Date) -> list[Cells]:
    """``IDENTITY`` for record numbers."""
    ids = pc.binary_join_element_wise(prefix, rows.cast(pa.string()), "-")
    always = pa.array(np.zeros(len(rows), np.int32))
    file = pa.DictionaryArray.from_arrays(
        always, pa.array([origin], pa.string())
    )  # a text a row would be a hundred times as much to write
    return [ids, file, rows, pa.repeat(pa.scalar(date, pa.date32()), len(rows))]


def rejected_table(rejects: tuple[Reject, ...], prefix: str, origin: str, date: Date) -> pa.Table:
    rows = pa.array([reject.row for reject in rejects], pa.int64())
    texts = [
        pa.array([reject.reason for reject in rejects], pa.string()),
        pa.array([reject.content for reject in rejects], pa.string()),
    ]
    return pa.table([*provenance(rows, prefix, origin, date), *texts], schema=REJECTED_SCHEMA)


MOST_REASONS = 40
"""So many different reasons of rejects are told of a file; the rest are told together."""


class _Rejects:
    """The rejects of a source by reason: how many, and between which rows."""

    def __init__(self) -> None:
        self.count = 0
        self._found: dict[str, tuple[int, int, int]] = {}

    def add(self, rejects: tuple[Reject, ...]) -> None:
        self.count += len(rejects)
        for reject in rejects:
            reason = reject.reason if reject.reason in self._found or len(self._found) < MOST_REASONS else "其他原因"
            count, first, last = self._found.get(reason, (0, reject.row, reject.row))
            self._found[reason] = count + 1, min(first, reject.row), max(last, reject.row)

    def notes(self) -> tuple[ReadingNote, ...]:
        return tuple(
            ReadingNote(kind="rejected", reason=reason, count=count, first_row=first, last_row=last)
            for reason, (count, first, last) in self._found.items()
        )


def _duplicate(file: DeliveredFile, first: IngestedFile) -> IngestedFile:
    """The same content again: all its records are duplicates."""
    notes = tuple(note for note in first.notes if note.kind != "rejected")
    if first.delivered:
        told = ReadingNote(kind="duplicate", reason=f"与“{first.name}”内容相同", count=first.delivered)
        notes = (*notes, told)
    return first.model_copy(
        update={
            "name": file.name,
            "raw": 0,
            "rejected": 0,
            "duplicates": first.delivered,
            "duplicate_of": first.name,
            "notes": notes,
        }
    )
