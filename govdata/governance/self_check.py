"""送前自检: a department's files judged as the night would judge them, before they are sent.

The files go through the stages of a night in a scratch deployment: the same readers, rules, checks and bounds, so the
verdict is the night's. Where the deployment has published the dataset before, its last tables stand beside it, for what
is judged against them (change of volume, vanished columns). Nothing of it stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata import checks, engine, ingest
from govdata.batches import RawBatch, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.errors import DeliveryError, GovdataError
from govdata.standards.model import BoundRule, Dataset, Registry
from govdata.storage import files, sql
from govdata.storage.sheets import height, printed
from govdata.storage.tables.system_columns import FAILED_RULES, ROW_ID, SOURCE_FILE, SOURCE_ROW, WARNINGS

if TYPE_CHECKING:
    import duckdb

MOST_ROWS = 100_000
"""Records a workbook shows; of more only those with something to say, and of these the first so many."""
MOST_COMMENTS = 20_000
"""Comments in a workbook; further cells are coloured all the same and told in the last column."""
WIDE = 60
SUMMARY, RECORDS, REJECTED = "结论", "记录", "读不出的记录"
LINE, FATE, REASONS = "文件和行号", "结果", "原因"
FATES = {"clean": "合格", "quarantined": "会被隔离", "duplicate": "重复，只留一条"}

Row = dict[str, Any]


@dataclass
class Checked:
    """``reasons``: why the delivery would be blocked, none where it would be accepted. ``rules``: rule and rows failing
    it, most first."""

    dataset: Dataset
    reasons: tuple[str, ...]
    delivered: int = 0
    rejected: int = 0
    duplicates: int = 0
    quarantined: int = 0
    clean: int = 0
    rules: tuple[tuple[BoundRule, int], ...] = ()
    remarks: tuple[str, ...] = field(default_factory=tuple)

    @property
    def accepted(self) -> bool:
        return not self.reasons


def check(
    delivered: Sequence[Path],
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
    date: Date,
    out: Path | None,
) -> Checked:
    """What a night of ``date`` would say of the files; ``out``: where the coloured workbook goes, if the files could be
    read at all. Raises ``GovdataError`` where a file is not there or ``out`` is."""
    files.demand_new(out)
    with files.scratch(deployment, "selfcheck") as folder:
        trial = Deployment(folder)
        landing = trial.delivery(dataset.name, date)
        landing.mkdir(parents=True)
        for file in delivered:
            if not file.is_file():
                raise GovdataError(f"没有文件 {file}")
            shutil.copyfile(file, landing / file.name)
        known = deployment.published / dataset.name
        if known.is_dir():
            trial.published.mkdir(parents=True)
            os.symlink(known.resolve(), trial.published / dataset.name)
        # A marker or a time of rest says that an upload is whole, which a file at hand is.
        whole = dataset.model_copy(
            update={"delivery": dataset.delivery.model_copy(update={"settle": 0, "marker": None})}
        )
        try:
            delivery = ingest.receive(trial, whole, date)
            if delivery is None:
                raise GovdataError("没有可读的交付文件（隐藏文件、临时文件不算）")
            raw = ingest.ingest(delivery, whole, registry, trial)
        except DeliveryError as error:
            return Checked(dataset, tuple(str(problem) for problem in error.problems))
        # What is compiled of the registry's own dataset is kept; of a copy it would be compiled for every file.
        batch = engine.standardize(raw, dataset, registry, trial)
        verdict = checks.validate(batch, dataset, registry, trial)
        result = _result(dataset, raw, batch, verdict, registry)
        if out is not None:
            _Book(result, raw, batch, registry, trial).write(out)
        return result


def _result(dataset: Dataset, raw: RawBatch, batch: StandardizedBatch, verdict: Verdict, registry: Registry) -> Checked:
    failing = [(rule, batch.rule_failures.get(rule.id, 0)) for rule in registry.rules(dataset.name)]
    blocked = [each.description for each in verdict.outcomes if each.blocking and not each.passed]
    unknown = [f"合同外的列，不会发布：{'、'.join(raw.unknown_columns)}"] if raw.unknown_columns else []
    remarks = [
        remark for source in raw.sources for remark in (*source.remarks, *([source.note] if source.note else []))
    ]
    return Checked(
        dataset=dataset,
        reasons=tuple(blocked),
        delivered=batch.delivered,
        rejected=batch.rejected,
        duplicates=batch.duplicates,
        quarantined=batch.quarantined,
        clean=batch.clean,
        rules=tuple(sorted((each for each in failing if each[1]), key=lambda each: -each[1])),
        remarks=tuple(dict.fromkeys([*unknown, *remarks])),
    )


@dataclass
class _Book:
    result: Checked
    raw: RawBatch
    batch: StandardizedBatch
    registry: Registry
    trial: Deployment

    def write(self, target: Path) -> None:
        import xlsxwriter

        written = files.temporary(target)
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        with xlsxwriter.Workbook(str(written), {"constant_memory": True, **options}) as book:
            base = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
            self.formats = {
                "plain": book.add_format(base),
                "title": book.add_format(base | {"bold": True, "font_size": 14}),
                "wrapped": book.add_format(base | {"text_wrap": True}),
                "header": book.add_format(base | {"bold": True, "border": 1, "bg_color": "#DDE6F0"}),
                "error": book.add_format(base | {"num_format": "@", "border": 1, "bg_color": "#F8CBAD"}),
                "warning": book.add_format(base | {"num_format": "@", "border": 1, "bg_color": "#FFE699"}),
                "": book.add_format(base | {"num_format": "@", "border": 1}),
            }
            self.footer = f"{self.result.dataset.title} 送前自检 {self.raw.date.isoformat()}"
            with sql.connection(self.trial, "workbook") as connection:
                self._summary(book.add_worksheet(SUMMARY))
                self._records(book.add_worksheet(RECORDS), connection)
                if self.batch.rejected:
                    self._rejected(book.add_worksheet(REJECTED), connection)
        os.replace(written, target)  # the clerk's own file, to be worked on

    def _summary(self, sheet: Any) -> None:
        result, plain = self.result, self.formats["plain"]
        printed(sheet, self.footer)
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, WIDE)
        sheet.set_column(2, 3, 14)
        lines = [
            *summary(result),
            "",
            "红色的格：这一行会被隔离，不发布；黄色的格：照常发布，但请核对。批注和最后一列是原因。",
        ]
        if result.delivered > MOST_ROWS:
            lines.append(f"记录超过 {MOST_ROWS:,} 条，“{RECORDS}”里只列有问题的。")
        for row, line in enumerate(lines):
            sheet.write_string(row, 0, line, self.formats["title" if row == 0 else "plain"])
        first = len(lines) + 1
        sheet.write_row(first, 0, ["列", "问题", "行数", "性质"], self.formats["header"])
        for row, (rule, count) in enumerate(result.rules, first + 1):
            title = result.dataset.column(rule.column).title if rule.column else "整行"
            sheet.set_row(row, height(rule.message, WIDE))
            sheet.write_string(row, 0, title, plain)
            sheet.write_string(row, 1, rule.message, self.formats["wrapped"])
            sheet.write_number(row, 2, count, plain)
            sheet.write_string(row, 3, "隔离" if rule.severity == "error" else "提示", plain)

    def _records(self, sheet: Any, connection: duckdb.DuckDBPyConnection) -> None:
        came = self.raw.coverage()
        columns = [item for item in self.result.dataset.columns if item.name in came]
        rules = {rule.id: rule for rule in self.registry.rules(self.result.dataset.name)}
        widths = [34, *(18 for _ in columns), 14, WIDE]
        printed(sheet, self.footer, widths, range(1))
        sheet.repeat_rows(0)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.freeze_panes(1, 1)
        sheet.write_row(0, 0, [LINE, *(item.title for item in columns), FATE, REASONS], self.formats["header"])
        comments, last = MOST_COMMENTS, 0
        for number, row in enumerate(self._rows(connection, [item.name for item in columns]), 1):
            last = number
            failed = [rules[name] for name in row["failed"] if name in rules]
            sheet.write_string(number, 0, f"{row[SOURCE_FILE]} 第 {row[SOURCE_ROW]} 行", self.formats[""])
            for place, item in enumerate(columns, 1):
                about = [rule for rule in failed if item.name in (rule.columns or (rule.column,))]
                severity = "error" if any(rule.severity == "error" for rule in about) else "warning" if about else ""
                sheet.write_string(number, place, (row[item.name] or "")[:32_767], self.formats[severity])
                if about and comments:
                    comments -= 1
                    sheet.write_comment(number, place, "\n".join(rule.message for rule in about), {"author": "govdata"})
            sheet.write_string(number, len(columns) + 1, FATES[row["fate"]], self.formats[""])
            told = "；".join(dict.fromkeys(rule.message for rule in failed))
            sheet.write_string(number, len(columns) + 2, told, self.formats[""])
        sheet.autofilter(0, 0, max(last, 1), len(columns) + 2)

    def _rows(self, connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> Iterator[Row]:
        """The delivered texts with what was said of them, in the order of the files."""
        parts = [
            f"SELECT {ROW_ID}, coalesce({FAILED_RULES}, []) || coalesce({WARNINGS}, []) AS failed, '{fate}' AS fate "
            "FROM " + sql.parquet([self.trial.absolute(name) for name in names], by_name=True)
            for fate, names in (("clean", self.batch.clean_files), ("quarantined", self.batch.quarantine_files))
            if names
        ]
        if self.batch.duplicate_files:
            dropped = sql.parquet([self.trial.absolute(name) for name in self.batch.duplicate_files])
            parts.append(f"SELECT {ROW_ID}, CAST([] AS VARCHAR[]) AS failed, 'duplicate' AS fate FROM {dropped}")
        if not parts or not self.raw.files:
            return
        raw = sql.texts([self.trial.absolute(name) for name in self.raw.files], self.raw.arrives)
        few = "" if self.result.delivered <= MOST_ROWS else "WHERE len(failed) > 0 OR fate <> 'clean'"
        names = [*columns, SOURCE_FILE, SOURCE_ROW, "failed", "fate"]
        cursor = connection.execute(
            f"WITH said AS ({' UNION ALL '.join(parts)}) SELECT {sql.identifiers(names)} FROM {raw} AS w "
            f"JOIN said USING ({ROW_ID}) {few} ORDER BY {SOURCE_FILE}, {SOURCE_ROW} LIMIT {MOST_ROWS}"
        )
        while batch := cursor.fetchmany(5_000):
            yield from (dict(zip(names, row, strict=True)) for row in batch)

    def _rejected(self, sheet: Any, connection: duckdb.DuckDBPyConnection) -> None:
        printed(sheet, self.footer)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 40)
        sheet.set_column(2, 2, 100)
        sheet.write_row(0, 0, [LINE, REASONS, "内容"], self.formats["header"])
        found = sql.parquet([self.trial.absolute(name) for name in self.raw.rejected_files])
        cursor = connection.execute(
            f"SELECT {SOURCE_FILE}, {SOURCE_ROW}, reason, content FROM {found} ORDER BY ALL LIMIT {MOST_ROWS}"
        )
        for number, (file, line, reason, content) in enumerate(cursor.fetchall(), 1):
            for place, text in enumerate((f"{file} 第 {line} 行", reason, (content or "")[:32_767])):
                sheet.write_string(number, place, text, self.formats[""])


def summary(result: Checked) -> list[str]:
    """The verdict in a few lines, without a record's value."""
    lines = [f"{result.dataset.title}（{result.dataset.name}）：{'会被接收' if result.accepted else '会被阻断'}"]
    lines += [f"原因：{reason}" for reason in result.reasons]
    if result.delivered:
        lines.append(
            f"交付 {result.delivered:,} 条：合格 {result.clean:,}，会被隔离 {result.quarantined:,}，"
            f"重复 {result.duplicates:,}，读不出 {result.rejected:,}"
        )
    return [*lines, *(f"注意：{remark}" for remark in result.remarks)]
