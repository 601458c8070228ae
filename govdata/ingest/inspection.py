"""``govdata inspect``: how a delivered file is read, without a contract."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from govdata.errors import DeliveryError, Problem
from govdata.ingest import formats
from govdata.ingest.packed import full_name
from govdata.ingest.source import Source, Unreadable


@dataclass(frozen=True)
class InspectedTable:
    """One table of a file (a sheet, or the file itself). ``headed``: its columns have names of their own; ``rejects``:
    reason → records; ``rejected_rows``: the first lines they stand on; ``not_records``: kind → lines; ``details``:
    Chinese label → text (encoding, dialect, header row)."""

    sheet: str | None
    columns: tuple[str, ...]
    headed: bool
    details: dict[str, str]
    lines: int
    records: int
    rejected: int
    rejects: dict[str, int]
    rejected_rows: tuple[int, ...]
    not_records: dict[str, int]


@dataclass(frozen=True)
class Inspection:
    """How a file is read. No value of a record is in it, only the headers."""

    path: Path
    format: str
    size: int
    tables: tuple[InspectedTable, ...]
    ignored: dict[str, str] = field(default_factory=dict)

    @property
    def records(self) -> int:
        return sum(table.records for table in self.tables)

    @property
    def rejected(self) -> int:
        return sum(table.rejected for table in self.tables)

    @property
    def headed(self) -> bool:
        """The first table has a header of its own; else its columns are called 列1, 列2 here."""
        return not self.tables or self.tables[0].headed

    @property
    def misread(self) -> bool:
        """Most records were rejected: whatever the file is, it was not read as what it is."""
        return self.rejected > self.records


def inspect(path: Path) -> Inspection:
    """Read ``path`` to its end and say how. Raises ``DeliveryError`` with the reason where it cannot be read."""
    return _walk(Path(path), None)


def write_csv(path: Path, out: Path, *, names: bool = False) -> Inspection:
    """As ``inspect``, writing the records as UTF-8 CSV with the file's header; where it has none there is none, unless
    ``names`` asks for names of ours (列1, 列2). Of several sheets all are written one below the
    other when their columns are the same; otherwise only those like the first sheet, and the others are said to be left
    out (``ignored``). Nothing is written where most records were rejected (``misread``) or the file cannot be read."""
    out = Path(out)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        inspection = _walk(Path(path), unfinished, names)
        if not inspection.misread:
            os.replace(unfinished, out)
    finally:
        unfinished.unlink(missing_ok=True)
    return inspection


def _walk(path: Path, out: Path | None, names: bool = False) -> Inspection:
    try:
        format, opened = formats.open_file(path, None)
        ignored = {part.name: part.reason for part in opened.ignored}
        sink = _CsvSink(out, opened.sources[0], names) if out is not None else None
        tables = []
        try:
            for source in opened.sources:
                if sink is not None and source.columns != sink.columns and source.sheet is not None:
                    ignored[source.sheet] = "列与第一个工作表不同，没有写出"
                    tables.append(_table(source, None))
                else:
                    tables.append(_table(source, sink))
        finally:
            if sink is not None:
                sink.close()
    except Unreadable as error:
        raise DeliveryError(
            "文件不能读取：", [Problem(path.name, str(error), where=full_name(error.member, error.sheet))]
        ) from None
    except (pa.ArrowException, UnicodeError) as error:
        raise DeliveryError("文件不能读取：", [Problem(path.name, f"读取时出错（{type(error).__name__}）")]) from None
    told = tuple(_with_doubts(table, tables) for table in tables)
    return Inspection(path=path, format=format, size=path.stat().st_size, tables=told, ignored=ignored)


class _CsvSink:
    """Writes blocks as CSV; their columns are put in the order of those of ``first``; a key that comes later (JSON
    lines) is an error."""

    def __init__(self, path: Path, first: Source, names: bool) -> None:
        self.columns = first.columns
        self._file = open(path, "wb")  # noqa: SIM115  (closed by close)
        if names or first.header != 0:
            header = _Text()
            csv.writer(header, lineterminator="\n").writerow(self.columns)
            self._file.write("".join(header.parts).encode())

    def write(self, names: tuple[str, ...], columns: tuple[pa.Array | pa.ChunkedArray, ...], rows: int) -> None:
        late = [name for name in names if name not in self.columns]
        if late:
            raise Unreadable(f"键“{late[0]}”在文件开头没有出现过，无法写成列固定的CSV")
        by_name = dict(zip(names, columns, strict=True)) if names != self.columns else {}
        made = (
            list(columns)
            if names == self.columns
            else [by_name.get(name, pa.nulls(rows, pa.string())) for name in self.columns]
        )
        table = pa.table(made, names=[str(number) for number in range(len(made))])
        pa.csv.write_csv(table, self._file, pa.csv.WriteOptions(include_header=False, quoting_style="needed"))

    def close(self) -> None:
        self._file.close()


def _attention(source: Source) -> dict[str, str]:
    said = [note.reason for note in source.tally.told if note.reason not in source.details.values()]
    return {"注意": "；".join(said)} if said else {}


def _with_doubts(table: InspectedTable, all_tables: Sequence[InspectedTable]) -> InspectedTable:
    """What a person should look at before believing the table; a contract would decide it."""
    doubts = []
    alone = len(table.columns) == 1 < max(len(other.columns) for other in all_tables)
    empty = not table.records + table.rejected and any(other.records for other in all_tables)
    if alone or empty:
        what = "没有记录" if empty else "只有一列"
        doubts.append(f"{what}，像是说明而不是数据；按合同读时，没有合同表头的工作表不读入，文件不接收")
    twice = [name for name, count in Counter(table.columns).items() if count > 1]
    if twice:
        doubts.append(f"列名出现不止一次：{'、'.join(twice)}；按合同读时不接收")
    if not doubts:
        return table
    said = "；".join([*filter(None, [table.details.get("注意")]), *doubts])
    return replace(table, details=table.details | {"注意": said})


class _Text:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        self.parts.append(text)


def _table(source: Source, sink: _CsvSink | None) -> InspectedTable:
    records = 0
    reasons: Counter[str] = Counter()
    rows: list[int] = []
    names: dict[str, None] = dict.fromkeys(source.columns)
    for block in source.blocks():
        records += len(block.rows)
        names |= dict.fromkeys(block.names)
        for reject in block.rejects:
            reasons[reject.reason] += 1
            if len(rows) < 20:
                rows.append(reject.row)
        if sink is not None and len(block.rows):
            sink.write(block.names, block.columns, len(block.rows))
    if records + reasons.total() != source.tally.records:
        raise Unreadable(
            f"记录数核对不符：文件中数得{source.tally.records}条，读入{records}条，拒收{reasons.total()}条",
            source.sheet,
        )
    if (counted := source.physical()) != source.tally.lines:
        raise Unreadable(f"行数核对不符：另行清点得{counted}行，读取时见到{source.tally.lines}行", source.sheet)
    return InspectedTable(
        sheet=source.sheet,
        columns=tuple(names) if len(names) > len(source.columns) else source.columns,
        headed=source.header != 0,
        details=source.details | ({"日期系统": "1904"} if source.from_1904 else {}) | _attention(source),
        lines=source.tally.lines,
        records=records,
        rejected=reasons.total(),
        rejects=dict(reasons.most_common()),
        rejected_rows=tuple(rows),
        not_records={kind: count for kind, count in source.tally.not_records.items() if count},
    )
