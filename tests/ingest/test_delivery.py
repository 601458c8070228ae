"""A delivery as a whole: what belongs to it, what blocks it, what is written and what a second run does."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from govdata.batches import RawBatch
from govdata.deployment import Deployment
from govdata.errors import DeliveryError
from govdata.ingest import Block, ingest, receive, text
from govdata.ingest.headers import Headers
from govdata.standards.model import Column

from .conftest import DATE, PEOPLE, REGISTRY, SCHOOLS, Bureau, dataset

TABLE = "GMSFHM,XM,ZZ,BZ\n1,a,b,c\n2,d,e,f\n"


def blocked(bureau: Bureau) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        bureau.ingest()
    assert not RawBatch.path(bureau.deployment, "people", DATE).exists()
    assert not list(bureau.deployment.home.glob("data/lake/**/*.tmp")) and not list(
        bureau.deployment.home.glob("data/lake/**/*.parquet")
    )
    return caught.value


def test_nothing_delivered(bureau: Bureau) -> None:
    assert receive(bureau.deployment, PEOPLE, DATE) is None
    for name in (".DS_Store", "~$a.xlsx", "Thumbs.db", "a.csv.tmp", "a.part", "a.csv.md5", ".hidden/a.csv"):
        bureau.deliver(name, "x")
    assert receive(bureau.deployment, PEOPLE, DATE) is None


def test_a_delivery_is_known_by_its_content(bureau: Bureau) -> None:
    bureau.deliver("b/二.csv", TABLE)
    bureau.deliver("a.csv", TABLE + "3,x,y,z\n")
    delivery = receive(bureau.deployment, PEOPLE, DATE)
    assert delivery and [file.name for file in delivery.files] == ["a.csv", "b/二.csv"]
    assert delivery.files[1].sha256 == hashlib.sha256(TABLE.encode()).hexdigest() and delivery.files[1].size == len(
        TABLE
    )
    again = receive(bureau.deployment, PEOPLE, DATE)
    assert again == delivery
    os.rename(bureau.landing / "a.csv", bureau.landing / "c.csv")
    renamed = receive(bureau.deployment, PEOPLE, DATE)
    assert renamed and renamed.fingerprint != delivery.fingerprint


def test_row_ids(bureau: Bureau) -> None:
    bureau.deliver("a.csv", TABLE + "short\n")
    batch = bureau.ingest()
    prefix = hashlib.sha256((TABLE + "short\n").encode()).hexdigest()[:12]
    assert [row["_row_id"] for row in bureau.raw(batch)] == [f"{prefix}-2", f"{prefix}-3"]
    assert bureau.rejected(batch)[0]["_row_id"] == f"{prefix}-4"
    assert {row["_delivery_date"] for row in bureau.raw(batch) + bureau.rejected(batch)} == {DATE}


def test_the_same_file_twice_counts_once(bureau: Bureau) -> None:
    bureau.deliver("a.csv", TABLE + "short\n")
    bureau.deliver("copy.csv", TABLE + "short\n")
    batch = bureau.ingest()
    assert (batch.delivered, batch.rows, batch.rejected, batch.duplicates) == (6, 2, 1, 3)
    assert batch.sources[1].duplicate_of == "a.csv"
    assert {row["_source_file"] for row in bureau.raw(batch)} == {"a.csv"}


def test_all_problems_of_all_files_are_told_at_once(bureau: Bureau) -> None:
    bureau.deliver("0_good.csv", TABLE)
    bureau.deliver("1_empty.csv", b"")
    bureau.deliver("2_blank.csv", b"\n \n\n")
    bureau.deliver("3_missing.csv", "姓名,住址,备注信息\n张某某,b,c\n")
    bureau.deliver("4_twice.csv", "GMSFHM,身份证号,XM\n1,2,3\n")
    bureau.deliver("5_school.csv", "XXBSM,XXMC\n3619000001,某校\n")
    bureau.deliver("6_school.csv", "XXBSM|XXMC|住址\n3619000001|某校|路\n")
    bureau.deliver("7_packed.7z", b"7z\xbc\xaf\x27\x1c" + gzip.compress(TABLE.encode()))
    bureau.deliver("8_noise.csv", os.urandom(5000))
    error = blocked(bureau)
    told = {problem.file: problem.message for problem in error.problems}
    assert list(told) == sorted(path.name for path in bureau.landing.iterdir())[1:]
    assert told["1_empty.csv"] == "空文件（0字节）" and "没有内容" in told["2_blank.csv"]
    assert (
        told["3_missing.csv"] == "缺少必需的列“公民身份号码”（可用的表头：GMSFHM、身份证号、公民身份号码、id_number）"
    )
    assert "不止一个表头对应列“公民身份号码”" in told["4_twice.csv"]
    assert "“学校”（schools）" in told["5_school.csv"] and "“学校”（schools）" in told["6_school.csv"]
    assert "解压" in told["7_packed.7z"]
    assert "张某某" not in str(error) and "某校" not in str(error)


def test_header_only(bureau: Bureau) -> None:
    bureau.deliver("a.csv", "GMSFHM,XM,ZZ,BZ\n")
    batch = bureau.ingest()
    assert batch.delivered == batch.rows == 0 and len(batch.files) == 1
    assert bureau.raw(batch) == []


def test_a_blocked_delivery_leaves_the_batch_before(bureau: Bureau) -> None:
    bureau.deliver("a.csv", TABLE)
    before = bureau.ingest()
    bureau.deliver("b.csv", b"")
    with pytest.raises(DeliveryError):
        bureau.ingest()
    assert RawBatch.read(RawBatch.path(bureau.deployment, "people", DATE)) == before
    assert len(bureau.raw(before)) == 2


def test_again_gives_the_same_batch_and_removes_what_is_stale(bureau: Bureau) -> None:
    bureau.deliver("a.csv", TABLE + "short\n")
    first = bureau.ingest()
    folder = bureau.deployment.lake("raw", "people", DATE)
    (folder / ".half-0000.1.tmp").write_bytes(b"x")
    content = [bureau.deployment.absolute(file).read_bytes() for file in first.files]
    assert bureau.ingest() == first
    assert [bureau.deployment.absolute(file).read_bytes() for file in first.files] == content
    bureau.deliver("a.csv", TABLE)
    second = bureau.ingest()
    assert second.batch_id != first.batch_id and second.rejected_files == ()
    assert {path.name for path in folder.iterdir()} == {"batch.json", *(Path(file).name for file in second.files)}
    assert not list(bureau.deployment.lake("rejected", "people", DATE).iterdir())


def test_snapshot_or_delta(bureau: Bureau) -> None:
    bureau.deliver("a.csv", TABLE)
    assert bureau.ingest().mode == "delta"
    os.rename(bureau.landing / "a.csv", bureau.landing / "a_full.csv")
    assert bureau.ingest().mode == "snapshot"
    folder = bureau.deployment.delivery("schools", DATE)
    folder.mkdir(parents=True)
    (folder / "s.csv").write_text("XXBSM,XXMC\n1,a\n", encoding="utf-8")
    delivery = receive(bureau.deployment, SCHOOLS, DATE)
    assert delivery and ingest(delivery, SCHOOLS, REGISTRY, bureau.deployment).mode == "snapshot"


def test_a_file_that_changes_after_it_was_received(bureau: Bureau) -> None:
    path = bureau.deliver("a.csv", TABLE)
    delivery = receive(bureau.deployment, PEOPLE, DATE)
    assert delivery
    for change in (
        lambda: path.write_text(TABLE.replace("a", "x")),
        lambda: path.write_text(TABLE + "more"),
        path.unlink,
    ):
        change()
        with pytest.raises(DeliveryError, match="改动或删除"):
            ingest(delivery, PEOPLE, REGISTRY, bureau.deployment)


def test_a_file_that_changes_while_it_is_read(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bureau.deliver("a.csv", TABLE)
    original = text.TextSource.blocks

    def blocks(source: text.TextSource):  # type: ignore[no-untyped-def]
        yield from original(source)
        with open(path, "ab") as file:
            file.write(b"9,x,y,z\n")

    monkeypatch.setattr(text.TextSource, "blocks", blocks)
    assert "改动" in str(blocked(bureau))


def test_a_count_that_does_not_agree_blocks(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the parser to lose a record, the count of the physical file would tell."""
    bureau.deliver("a.csv", TABLE)
    original = text.TextSource.blocks

    def blocks(source: text.TextSource):  # type: ignore[no-untyped-def]
        for block in original(source):
            yield Block(block.names, tuple(column.slice(1) for column in block.columns), block.rows.slice(1))

    monkeypatch.setattr(text.TextSource, "blocks", blocks)
    assert "记录数核对不符" in str(blocked(bureau))


def test_hundreds_of_small_files_make_a_few(bureau: Bureau) -> None:
    for number in range(300):
        bureau.deliver(f"{number:04}.csv", f"GMSFHM,XM\n{number},a\n{number},b\n")
    batch = bureau.ingest()
    assert batch.rows == 600 and len(batch.files) <= 5 and len(batch.sources) == 300
    assert {(row["_source_file"], row["id_number"]) for row in bureau.raw(batch)} == {
        (f"{n:04}.csv", str(n)) for n in range(300)
    }


def test_large_output_is_cut_into_files(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govdata.ingest.write.MAX_FILE", 1000)
    monkeypatch.setattr("govdata.ingest.write.ROW_GROUP", 1000)
    bureau.deliver("a.csv", "GMSFHM,XM\n" + "".join(f"{n},{n * 7919 % 10007}\n" for n in range(5500)))
    batch = bureau.ingest()
    assert len(batch.files) == 6 and [record[1] for record in bureau.records(batch)] == [str(n) for n in range(5500)]


def test_names_that_are_not_utf8(bureau: Bureau) -> None:
    bureau.landing.mkdir(parents=True)
    with open(os.path.join(os.fsencode(bureau.landing), "人口.csv".encode("gbk")), "wb") as file:
        file.write(TABLE.encode())
    batch = bureau.ingest()
    assert batch.sources[0].name == "人口.csv" and batch.rows == 2


def test_a_full_disk_is_an_error_and_leaves_nothing(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau.deliver("a.csv", TABLE)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    with pytest.raises(OSError, match="No space"):
        bureau.ingest()
    assert not list(Deployment(bureau.deployment.home).home.glob("data/lake/**/*.*"))


@pytest.mark.parametrize(
    "header",
    [
        "*公民身份号码",
        "公民身份号码（必填）",
        "※ 公民身份号码",
        "公民\n身份号码",
        "公民身份号码*",
        "公民身份号码【非空】",
        "*ＧＭＳＦＨＭ(必填项)",
    ],
)
def test_the_marks_of_a_form_do_not_hide_a_header(bureau: Bureau, header: str) -> None:
    table = f'"{header}",*姓名(选填),住址（可为空）\n1,甲,乙\n'
    records, rejects = bureau.one(table)
    assert [record[1:] for record in records] == [("1", "甲", "乙", None)] and not rejects


def test_a_mark_is_no_name() -> None:
    headers = Headers(PEOPLE)
    assert [headers.column(name) for name in ("姓名(曾用)", "*", "(必填)", "姓名*2", "住址(户籍)")] == [None] * 5
    assert headers.map(["姓名", "*姓名"]).twice == ("name",)


def test_a_line_of_text_is_no_name_and_is_told_so_at_once() -> None:
    """What a header might mean took the square of its length: of such a line, minutes."""
    headers = Headers(PEOPLE)
    assert headers.column("姓名(name)") == "name"
    for line in ("姓名(name" * 40_000, "姓" + "name_" * 80_000 + "!", "(" * 300_000):
        assert headers.column(line) is None


def test_a_unit_in_the_header_is_the_unit_of_every_record() -> None:
    columns = [
        Column(name="number", title="号", element="e"),
        Column(name="capital", title="注册资本", element="e", headers=("ZCZB",)),
        Column(name="unit", title="单位", element="e", headers=("DW", "注册资本（{元|万元}）", "ZCZB_{元|万元}")),
    ]
    headers = Headers(dataset("firms", "企业", columns))
    assert headers.map(["号", "注册资本(万元)"]).said == (("unit", "万元"),)
    assert headers.map(["号", "*ZCZB_元"]).targets == ("number", "capital")
    assert headers.map(["号", "注册资本（亿元）"]).unknown == ("注册资本（亿元）",), (
        "a unit that is not declared must not be guessed"
    )
    assert headers.map(["注册资本（元）", "注册资本（万元）"]).twice == ("capital",)
    assert headers.map(["号", "注册资本"]).said == ()


def test_the_unit_of_a_header_fills_the_column_of_units(bureau: Bureau) -> None:
    unit = Column(name="unit", title="单位", element="e", headers=("注册资本（{元|万元}）",))
    capital = Column(name="capital", title="注册资本", element="e")
    bureau.people = bureau.people.model_copy(update={"columns": (bureau.people.columns[0], capital, unit)})
    bureau.deliver("a.csv", "GMSFHM,注册资本（万元）\n1,30\n2,5\n")
    bureau.deliver("b.csv", "GMSFHM,注册资本（万元）,单位\n3,30,元\n4,7,\n")
    batch = bureau.ingest()
    assert [(row["capital"], row["unit"]) for row in bureau.raw(batch)] == [
        ("30", "万元"),
        ("5", "万元"),
        ("30", "元"),
        ("7", "万元"),
    ]
    assert batch.sources[0].missing_columns == () and batch.sources[0].unknown_columns == ()
