"""The five nouns that carry a delivery through the house: Delivery → RawBatch → StandardizedBatch → Verdict → Snapshot.

Each is an immutable value made by one function from the one before, and each is kept as a small JSON manifest beside
the files it describes. The manifest is what a reader goes by: data files are complete before their manifest names them,
so a run that dies leaves the previous manifest, and the files it did not finish are never seen. Paths are relative to
the deployment.
"""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from govdata.deployment import Deployment
from govdata.storage.manifest import Inside, Manifest


class DeliveredFile(Manifest):
    """One file as received. ``name`` is its path inside the delivery folder; ``records``: how many its marker
    announces."""

    name: str
    size: int
    sha256: str
    records: int | None = None


class Watermark(Manifest):
    """From where (excluded; None: the beginning) to where (included) ``table`` was read, as the pull wrote it."""

    table: str
    start: str | None
    end: str


class Delivery(Manifest):
    """What a department put into one delivery folder. ``fingerprint`` changes when any file's content or name does.
    ``records``: how many a marker announces of all files together; ``watermark``: of pulled data alone."""

    dataset: str
    date: Date
    files: tuple[DeliveredFile, ...]
    fingerprint: str
    records: int | None = None
    watermark: Watermark | None = None


Fate = Literal["read", "duplicate", "rejected", "set_aside"]


class NoteKind(NamedTuple):
    """``title`` and ``unit`` are Chinese. ``fate``: where what is noted ended."""

    title: str
    unit: str
    fate: Fate


NOTE_KINDS: dict[str, NoteKind] = {
    "header": NoteKind("表头", "行", "set_aside"),
    "repeated_header": NoteKind("重复的表头", "行", "set_aside"),
    "preamble": NoteKind("表头之前的行", "行", "set_aside"),
    "blank": NoteKind("空行", "行", "set_aside"),
    "frame": NoteKind("表格框线", "行", "set_aside"),
    "band": NoteKind("通栏的分组行", "行", "set_aside"),
    "footer": NoteKind("表尾（合计、制表人等）", "行", "set_aside"),
    "deleted": NoteKind("已作删除标记的记录", "行", "set_aside"),
    "continuation": NoteKind("跨行记录的后续行", "行", "set_aside"),
    "ignored_sheet": NoteKind("没有读的工作表", "行", "set_aside"),
    "ignored_records": NoteKind("没有读的工作表，其中像是有记录", "行", "set_aside"),
    "passed_over": NoteKind("略过的文件", "个", "set_aside"),
    "unknown_column": NoteKind("合同外的列", "列", "set_aside"),
    "missing_column": NoteKind("没有交付的列", "列", "set_aside"),
    "refused": NoteKind("不能接收", "处", "set_aside"),
    "rejected": NoteKind("拒收的记录", "条", "rejected"),
    "duplicate": NoteKind("重复交付的记录", "条", "duplicate"),
    "hidden_sheet": NoteKind("隐藏工作表中的记录", "条", "read"),
    "merged": NoteKind("合并单元格的值补入记录", "格", "read"),
    "beside": NoteKind("表格右侧的内容", "列", "read"),
    "total_agrees": NoteKind("与读到的相符的数目", "处", "read"),
    "total_differs": NoteKind("与读到的不符的数目", "处", "read"),
    "sum_differs": NoteKind("与读到的记录之和不符的合计", "处", "read"),
    "remark": NoteKind("读取时要注意", "处", "read"),
}
"""Everything a reading report tells of; ``fate`` is that of the lines, records or columns themselves."""

LINE_KINDS = tuple(code for code, kind in NOTE_KINDS.items() if kind.unit == "行")
"""What takes up lines of a file without being a record of its own."""


class ReadingNote(Manifest):
    """Something in a file or sheet that is not simply a record that was read. ``count`` is in
    ``NOTE_KINDS[kind].unit``; ``first_row`` and ``last_row``: between which lines (rows of the sheet) it lies;
    ``column``: as it may be told. ``reason`` is Chinese and holds no record's value."""

    kind: str
    reason: str
    count: int = 1
    first_row: int | None = None
    last_row: int | None = None
    column: str | None = None

    @property
    def fate(self) -> Fate:
        return NOTE_KINDS[self.kind].fate


class IngestedFile(Manifest):
    """How one delivered file (or one sheet of a workbook) was read and where its records went.

    ``physical``: its lines, sheet rows or elements, counted by a second pass that shares nothing with the reader.
    physical = delivered + the lines that ``notes`` set aside, and delivered = raw + rejected + duplicates always hold.
    ``duplicate_of`` names an earlier file of the delivery with the same content: its records all count as duplicates.
    """

    name: str
    sheet: str | None = None
    format: str
    encoding: str | None = None
    header: str | None = None  # where its header stands, in Chinese or as a number
    columns: int = 0  # delivered ones
    physical: int = 0
    delivered: int
    raw: int
    rejected: int
    duplicates: int = 0
    duplicate_of: str | None = None
    unknown_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    notes: tuple[ReadingNote, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_older_versions(cls, values: Any) -> Any:
        """Manifests of older versions have free texts instead of notes; what they tell is in that version's words."""
        if not isinstance(values, dict):
            return values
        kept = {name: value for name, value in values.items() if name not in ("not_records", "note", "remarks")}
        codes = {kind.title: code for code, kind in NOTE_KINDS.items()}
        older = [
            {"kind": codes.get(title, "remark"), "reason": title, "count": count}
            for title, count in (values.get("not_records") or {}).items()
        ]
        older += [{"kind": "ignored_sheet", "reason": values["note"], "count": 0}] if values.get("note") else []
        older += [{"kind": "remark", "reason": remark} for remark in values.get("remarks") or ()]
        return {**kept, "notes": [*(values.get("notes") or ()), *older]} if older else kept

    @property
    def not_records(self) -> dict[str, int]:
        """Lines that are no records of their own, by kind (Chinese)."""
        return {
            NOTE_KINDS[note.kind].title: note.count
            for note in self.notes
            if note.kind in LINE_KINDS and not note.kind.startswith("ignored")
        }

    @property
    def note(self) -> str | None:
        """Why it was not read; None where it was."""
        skipped = ("ignored_sheet", "ignored_records", "passed_over")
        return next((note.reason for note in self.notes if note.kind in skipped), None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person must know of the reading: a hidden sheet, merged cells, totals that do not fit."""
        told = ("hidden_sheet", "merged", "beside", "total_agrees", "total_differs", "sum_differs", "remark")
        return tuple(note.reason for note in self.notes if note.kind in told)

    @property
    def set_aside(self) -> int:
        """Lines that are no records of their own."""
        return sum(note.count for note in self.notes if note.kind in LINE_KINDS)


class Input(Manifest):
    """A snapshot that a derived table was made of."""

    table: str
    date: Date
    snapshot_id: str


class RawBatch(Manifest):
    """Rows of one delivery as they came. ``files`` are Parquet: the contract's columns (named as in the contract; text,
    but for those in ``arrives``, whose text is what DuckDB's CAST to VARCHAR makes of them),
    ``_extra`` (JSON object text of unknown columns, or NULL), ``_row_id``, ``_source_file``, ``_source_row``,
    ``_delivery_date``. ``rejected_files`` are Parquet: ``_row_id, _source_file, _source_row, _delivery_date, reason,
    content``. Of a derived table: ``files`` also have the columns of standardised rows, of which nothing is told;
    ``made_of``: the snapshots it was made of; ``recipe``: a hash of what else it follows from; ``base``: the id of the
    snapshot of the table itself that the rows lie on (None: they are all), ``gone_files`` are Parquet with the
    ``_row_id`` of those of its rows that no longer hold; rows that came anew under the same ``_row_id`` are not among
    them; ``beside_files``: Parquet by which this and the next night's differences are told, no rows of the table."""

    dataset: str
    date: Date
    batch_id: str
    delivery_fingerprint: str
    standards_hash: str
    mode: Literal["snapshot", "delta"]
    files: tuple[Inside, ...]
    rejected_files: tuple[Inside, ...]
    sources: tuple[IngestedFile, ...]
    columns: tuple[str, ...] = ()  # the contract's, as it was then
    arrives: dict[str, str] = Field(default_factory=dict)  # column → DuckDB type, of those that came typed
    passed_over: tuple[str, ...] = ()  # files of the delivery folder that are no data: temporary, hidden, markers
    watermark: Watermark | None = None
    made_of: tuple[Input, ...] = ()
    recipe: str = ""
    base: str | None = None
    gone_files: tuple[Inside, ...] = ()
    beside_files: tuple[Inside, ...] = ()

    @property
    def every_file(self) -> tuple[str, ...]:
        return (*self.files, *self.rejected_files, *self.gone_files, *self.beside_files)

    @property
    def physical(self) -> int:
        """Lines, sheet rows and elements of all files, by the second count."""
        return sum(source.physical for source in self.sources)

    @property
    def set_aside(self) -> int:
        return sum(source.set_aside for source in self.sources)

    @property
    def delivered(self) -> int:
        return sum(source.delivered for source in self.sources)

    def coverage(self) -> dict[str, Literal["all", "some"]]:
        """Contract column → whether all files and sheets with records had it, or some; one that none had is not there.
        Empty where no record was delivered. Needs ``columns``."""
        sources = [source for source in self.sources if source.delivered]
        lacking = [sum(name in source.missing_columns for source in sources) for name in self.columns]
        return {
            name: "some" if missing else "all"
            for name, missing in zip(self.columns, lacking, strict=True)
            if missing < len(sources)
        }

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Delivered columns the contract does not know, as they may be told."""
        return tuple(
            dict.fromkeys(name for source in self.sources if source.delivered for name in source.unknown_columns)
        )

    @property
    def rows(self) -> int:
        return sum(source.raw for source in self.sources)

    @property
    def rejected(self) -> int:
        return sum(source.rejected for source in self.sources)

    @property
    def duplicates(self) -> int:
        """Records of files that were delivered twice."""
        return sum(source.duplicates for source in self.sources)

    @staticmethod
    def path(deployment: Deployment, dataset: str, date: Date) -> Path:
        return deployment.lake("raw", dataset, date) / "batch.json"


class DeliveryNote(ReadingNote):
    """A note with its place: the delivered file, and the sheet as it may be told."""

    file: str | None = None
    sheet: str | None = None


class DeliveryReport(BaseModel):
    """What became of one delivery of a dataset and date: every line of it is read, duplicate, rejected or set aside.

    ``outcome`` and ``reason`` (Chinese) go on from reading to publishing. Of a delivery that was refused at reading the
    counts are None: nothing of it was taken. ``delivery``: the same for the same files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    date: Date
    delivery: str
    outcome: Literal["read", "refused", "blocked", "error", "published"]
    reason: str | None = None
    files: int = 0
    physical: int | None = None
    read: int | None = None
    duplicates: int | None = None
    rejected: int | None = None
    set_aside: int | None = None
    notes: tuple[DeliveryNote, ...] = ()


class LedgerStep(Manifest):
    """One step of a column's standardisation, by its name in the vocabulary."""

    name: str
    args: dict[str, Any] = Field(default_factory=dict)


class LedgerColumn(Manifest):
    """How one column was standardised. ``typing``: what is told of a cell that only typing changed; ``inferred``: of
    one whose value came from another column; ``arrives``: the raw column's SQL type."""

    name: str
    arrives: str = "VARCHAR"
    steps: tuple[LedgerStep, ...] = ()
    typing: str
    inferred: str


class Rejudged(Manifest):
    """Rows of a batch that were held back and judged again later. ``files``: those of the batch's files that hold them;
    ``ledger``: how they were standardised then."""

    on: Date
    standards_hash: str
    files: tuple[Inside, ...]
    ledger: tuple[LedgerColumn, ...] = ()


class StandardizedBatch(Manifest):
    """Typed rows, split into clean and quarantine, with the flags and counts of the same pass.

    ``clean_files`` and ``quarantine_files`` are Parquet with the contract's columns typed, then ``_row_id,
    _source_file, _source_row, _delivery_date``, ``_unparsed`` (MAP column → delivered text that could not be typed, or
    NULL), ``_warnings`` (list of rule ids of severity warning that the row fails, or NULL) and ``_repairs_<n>``
    (UBIGINT words: bit i of word n is set when the column at position 60·n+i of the contract was altered) and
    ``failed_rules`` (list of rule ids of severity error; NULL in clean rows). ``duplicate_files`` list exact duplicates
    dropped: ``_row_id, _source_file, _source_row, _delivery_date, kept_row_id``. ``rule_failures``: rule id → rows
    failing it (all rules, zeros included), counted by the engine. ``repaired_cells``: column → cells altered;
    ``repaired_steps``: column → the steps that altered a cell, as the ledger tells them → cells (none kept by older
    versions). ``ledger``: how each column was standardised, in the contract's order, by which flags become before and
    after again (see engine.ledger); batches of older versions have ``ledger_sql`` instead, a query in DuckDB's words.
    ``rejudged``: which files are the work of a later judgement; ``former_batch_id``: the batch before it, whose clean
    files are the first of these. ``base`` and ``gone_files``: as in the raw batch.
    """

    dataset: str
    date: Date
    batch_id: str
    raw_batch_id: str
    standards_hash: str
    mode: Literal["snapshot", "delta"]
    clean_files: tuple[Inside, ...]
    quarantine_files: tuple[Inside, ...]
    duplicate_files: tuple[Inside, ...]
    delivered: int
    rejected: int
    duplicates: int
    quarantined: int
    clean: int
    rule_failures: dict[str, int]
    repaired_cells: dict[str, int]
    repaired_steps: dict[str, dict[str, int]] = Field(default_factory=dict)
    ledger: tuple[LedgerColumn, ...] = ()
    ledger_sql: str = ""
    rejudged: tuple[Rejudged, ...] = ()
    former_batch_id: str = ""
    base: str | None = None
    gone_files: tuple[Inside, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that were standardised and judged."""
        return self.clean + self.quarantined

    @staticmethod
    def path(deployment: Deployment, dataset: str, date: Date) -> Path:
        return deployment.lake("standardized", dataset, date) / "batch.json"


class Looked(Manifest):
    """The rows that a batch holds back were judged again by other standards, and nothing changed."""

    batch_id: str
    standards_hash: str

    @staticmethod
    def path(deployment: Deployment, dataset: str, date: Date) -> Path:
        return StandardizedBatch.path(deployment, dataset, date).with_name("rejudged.json")


TABLE_CHECKS: dict[str, str] = {
    "schema": "标准化表的列和数据类型与合同一致",
    "parity": "逐条规则重新计数一致：质量检查（GX）重读写出的文件，每条规则的不合格行数与标准化时所记相同",
    "reconciliation": "记录数平衡：交付数＝拒收＋重复＋隔离＋合格，清单与文件中的实际行数相符",
    "delivered_columns": "上次交付有的列这次都有、也都有值，没有像是改了名的列",
    "reading": "没有读的工作表里没有记录，文件写明的记录数与读到的相符",
    "rejected_share": "拒收（读不出的）记录占交付记录的比例不超过合同上限",
    "volume": "记录数在合同规定的上下限和变动幅度之内",
    "quarantine_share": "隔离行占交付行的比例不超过合同上限",
}
"""Name → description of every table check, in their order."""


class CheckOutcome(Manifest):
    """One check's figures; numbers and Chinese text only, never a record's value.

    ``checked`` is B of GB/T 36344 (elements assessed) and ``failed`` is B − A; ``checked == 0`` means not applicable.
    ``blocking``: a failed outcome keeps the snapshot from being published.
    """

    name: str
    kind: Literal["rule", "table"]
    description: str
    rule_id: str | None = None
    column: str | None = None
    dimension: str | None = None
    severity: Literal["error", "warning"]
    blocking: bool
    passed: bool
    checked: int
    failed: int
    figures: dict[str, float | int | str] = {}


class Verdict(Manifest):
    """What GX and the table checks say of exactly one standardised batch."""

    dataset: str
    date: Date
    batch_id: str
    standards_hash: str
    outcomes: tuple[CheckOutcome, ...]

    @property
    def passed(self) -> bool:
        return all(outcome.passed for outcome in self.outcomes if outcome.blocking)

    @staticmethod
    def path(deployment: Deployment, dataset: str, date: Date) -> Path:
        return deployment.lake("standardized", dataset, date) / "verdict.json"


class Seal(Manifest):
    """What a published file was when it was published: its content, and size in bytes and time of change in ns, which
    are quick to see."""

    file: str
    sha256: str
    size: int
    mtime_ns: int


class Snapshot(Manifest):
    """One published table on one date. ``files`` are immutable Parquet files, perhaps shared with the date before.

    A row of ``files`` counts unless ``hidden_file`` names its place: Parquet ``file`` (position in ``files``, from 0)
    and ``position`` (row in that file, from 0). ``rows`` are those that count, ``hidden`` those that do not.
    ``base_files``: how many of ``files``, from the first on, are a whole or a compacted part; the others are deltas on
    it. ``lineage``: the delivery dates whose batches the snapshot is merged from, oldest first. ``seals``: what each
    file (``hidden_file`` included) was; manifests of older versions have none.
    """

    table: str
    date: Date
    snapshot_id: str
    batch_id: str
    base_snapshot_id: str | None
    standards_hash: str
    files: tuple[Inside, ...]
    rows: int
    hidden_file: Inside | None = None
    hidden: int = 0
    base_files: int = 0
    lineage: tuple[Date, ...] = ()
    seals: tuple[Seal, ...] = ()

    @property
    def every_file(self) -> tuple[str, ...]:
        return (*self.files, *([self.hidden_file] if self.hidden_file else []))

    @staticmethod
    def path(deployment: Deployment, table: str, date: Date) -> Path:
        return deployment.snapshot(table, date) / "snapshot.json"
