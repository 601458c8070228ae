"""The reading reports in the catalogue: a line per delivery, whatever became of it, and a line per note."""

from __future__ import annotations

from datetime import date as Date

from govdata.batches import DeliveredFile, Delivery, IngestedFile, RawBatch, ReadingNote
from govdata.errors import DeliveryError, Problem
from govdata.ingest import report
from govdata.publish import rebuild_catalogue
from tests.publish.nights import City

DAY = Date(2026, 3, 1)
NOTES = (
    ReadingNote(kind="header", reason="表头", first_row=1, last_row=1),
    ReadingNote(kind="rejected", reason="引号未闭合", count=2, first_row=4, last_row=9),
    ReadingNote(kind="unknown_column", reason="合同里没有这一列，没有发布", column="备注"),
)


def delivery(content: str) -> Delivery:
    file = DeliveredFile(name="a.csv", size=1, sha256=content)
    return Delivery(dataset="people", date=DAY, files=(file,), fingerprint=content)


def batch(content: str, rows: int) -> RawBatch:
    source = IngestedFile(
        name="a.csv", format="text", physical=rows + 3, delivered=rows + 2, raw=rows, rejected=2, notes=NOTES
    )
    return RawBatch(
        dataset="people",
        date=DAY,
        batch_id=content,
        delivery_fingerprint=content,
        standards_hash="h",
        mode="snapshot",
        files=(),
        rejected_files=(),
        sources=(source,),
        columns=("id",),
        passed_over=("a.csv.tmp",),
    )


def test_a_line_per_delivery_and_a_line_per_note(city: City) -> None:
    error = DeliveryError("不能接收：", [Problem("b.csv", "缺少必需的列", line=1)])
    report.record(report.refused("people", DAY, None, "state", error), city.deployment)
    report.record(report.of(batch("one", 7), delivery("one")), city.deployment)
    report.conclude("people", DAY, "blocked", ("隔离太多",), city.deployment)
    report.record(report.of(batch("two", 8), delivery("two")), city.deployment)
    report.record(report.of(batch("two", 8), delivery("two")), city.deployment)
    report.conclude("people", DAY, "published", (), city.deployment)
    rebuild_catalogue(city.deployment, city.registry)

    lines = city.query(
        "SELECT outcome, reason, files, physical, read, duplicates, rejected, set_aside FROM governance.deliveries "
        "ORDER BY outcome"
    )
    assert lines == [
        ("blocked", "隔离太多", 1, 10, 7, 0, 2, 1),
        ("published", None, 1, 11, 8, 0, 2, 1),
        ("refused", "不能接收：\n  - b.csv:1：缺少必需的列", 0, None, None, None, None, None),
    ]
    notes = city.query(
        "SELECT file, fate, kind, first_row, last_row, column_name, reason, count, unit FROM governance.delivery_notes "
        "WHERE delivery = 'two' ORDER BY kind"
    )
    assert notes == [
        ("a.csv", "set_aside", "header", 1, 1, None, "表头", 1, "行"),
        ("a.csv.tmp", "set_aside", "passed_over", None, None, None, "不是数据文件（隐藏、临时或标记文件）", 1, "个"),
        ("a.csv", "rejected", "rejected", 4, 9, None, "引号未闭合", 2, "条"),
        ("a.csv", "set_aside", "unknown_column", None, None, "备注", "合同里没有这一列，没有发布", 1, "列"),
    ]
    refused = city.query("SELECT file, first_row, reason FROM governance.delivery_notes WHERE kind = 'refused'")
    assert refused == [("b.csv", 1, "缺少必需的列")]


def test_there_is_nothing_to_conclude_without_a_report_and_the_views_are_there(city: City) -> None:
    report.conclude("people", DAY, "published", (), city.deployment)
    rebuild_catalogue(city.deployment, city.registry)
    assert city.query("SELECT * FROM governance.deliveries") == []
    assert city.query("SELECT * FROM governance.delivery_notes") == []
