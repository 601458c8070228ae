"""A half-uploaded file is not read as if it were whole, where the contract says how a whole one is known."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from govdata.errors import DeliveryError
from govdata.ingest import receive
from govdata.standards.model import Marker
from tests.ingest.conftest import DATE, PEOPLE, Bureau

CONTENT = "GMSFHM,XM\n" + "".join(f"{n},甲\n" for n in range(200))
HALF = "".join(CONTENT.splitlines(keepends=True)[:133])


def declare(bureau: Bureau, name: str | None = None, settle: int = 0, **more: str) -> None:
    marker = Marker(name=name, **more) if name else None  # type: ignore[arg-type]
    bureau.people = PEOPLE.model_copy(
        update={"delivery": PEOPLE.delivery.model_copy(update={"marker": marker, "settle": settle})}
    )


def refusal(bureau: Bureau) -> str:
    with pytest.raises(DeliveryError) as error:
        bureau.ingest()
    return str(error.value)


@pytest.mark.parametrize(
    ("marker", "file"),
    [("{file}.ok", "a.csv.ok"), ("{stem}.done", "a.done"), ("_SUCCESS", "_SUCCESS"), ("{stem}.ctl", "A.CTL")],
)
def test_nothing_is_read_before_the_marker_is_there(bureau: Bureau, marker: str, file: str) -> None:
    declare(bureau, marker)
    bureau.deliver("a.csv", HALF)
    said = refusal(bureau)
    assert "还没有传完" in said and "没有标记文件" in said and f"--date {DATE} --dataset people" in said
    bureau.deliver("a.csv", CONTENT)
    bureau.deliver(file, "")
    assert bureau.ingest().delivered == 200
    assert len(receive(bureau.deployment, bureau.people, DATE).files) == 1  # type: ignore[union-attr]


def test_one_of_several_files_is_not_there_yet(bureau: Bureau) -> None:
    declare(bureau, "{file}.ok")
    bureau.deliver("东/a.csv", CONTENT)
    bureau.deliver("东/a.csv.ok", "")
    bureau.deliver("西/b.csv", HALF)
    assert "西/b.csv：没有标记文件 西/b.csv.ok" in refusal(bureau)
    (bureau.landing / "西/b.csv").unlink()
    bureau.deliver("西/b.csv.ok", "")
    assert "西/b.csv.ok：标记文件所指的数据文件没有到" in refusal(bureau)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("form", ["{digest}", "{digest}  a.csv\n", "MD5 (a.csv) = {upper}", "\ufeff文件校验：{digest}"])
def test_the_checksum_is_verified(bureau: Bureau, algorithm: str, form: str) -> None:
    declare(bureau, "{file}." + algorithm, checksum=algorithm)
    digest = hashlib.new(algorithm, CONTENT.encode()).hexdigest()
    bureau.deliver(f"a.csv.{algorithm}", form.format(digest=digest, upper=digest.upper()))
    bureau.deliver("a.csv", HALF)
    assert f"{algorithm} 校验值与标记文件不符" in refusal(bureau)
    bureau.deliver("a.csv", CONTENT)
    assert bureau.ingest().delivered == 200
    bureau.deliver(f"a.csv.{algorithm}", "完成")
    assert "找不到它的" in refusal(bureau)


def test_one_list_of_checksums_for_the_delivery(bureau: Bureau) -> None:
    declare(bureau, "SHA256SUMS", checksum="sha256")
    bureau.deliver("a.csv", CONTENT)
    other = CONTENT.replace("甲", "乙")
    bureau.deliver("b.csv", other)
    first = f"{hashlib.sha256(CONTENT.encode()).hexdigest()}  a.csv\n"
    bureau.deliver("SHA256SUMS", first)
    assert "b.csv：标记文件里找不到它的 sha256 校验值" in refusal(bureau)
    bureau.deliver("SHA256SUMS", first + f"{hashlib.sha256(other.encode()).hexdigest()}  b.csv\n")
    assert bureau.ingest().delivered == 400


@pytest.mark.parametrize(
    "names",
    [
        ("a.csv", "ba.csv"),
        ("a.csv", "b a.csv"),
        ("东/a.csv", "西/a.csv"),
        ("a.csv", "a.csv.csv"),
        ("册.csv", "名册.csv"),
    ],
)
def test_a_checksum_of_another_file_proves_nothing(bureau: Bureau, names: tuple[str, str]) -> None:
    """A name that is part of the other's: each file once passed with the other's content."""
    declare(bureau, "SHA256SUMS", checksum="sha256")
    contents = (CONTENT, CONTENT.replace("甲", "乙"))
    lines = [
        f"{hashlib.sha256(content.encode()).hexdigest()}  {name}" for name, content in zip(names, contents, strict=True)
    ]
    bureau.deliver("SHA256SUMS", "\n".join(lines))
    for name, content in zip(names, contents, strict=True):
        bureau.deliver(name, content)
    assert bureau.ingest().delivered == 400
    for name in names:
        bureau.deliver(name, contents[1])
    assert "校验值与标记文件不符" in refusal(bureau)
    for name in names:
        bureau.deliver(name, contents[0])
    assert "校验值与标记文件不符" in refusal(bureau)
    (bureau.landing / names[1]).unlink()
    bureau.deliver(names[0], contents[1])
    assert "校验值" in refusal(bureau)


def test_the_count_is_held_against_what_was_read(bureau: Bureau) -> None:
    declare(bureau, "{stem}.ctl", count=r"^COUNT\s*=\s*([0-9,]+)")
    bureau.deliver("a.csv", HALF)
    bureau.deliver("a.ctl", "DATE=20240506\r\nCOUNT = 200\r\n")
    assert "a.csv：标记文件说有 200 条记录，读到 132 条" in refusal(bureau)
    bureau.deliver("a.csv", CONTENT)
    assert bureau.ingest().delivered == 200
    bureau.deliver("a.ctl", "DATE=20240506")
    assert "找不到合同所说的记录数" in refusal(bureau)


def test_the_count_of_the_whole_delivery(bureau: Bureau) -> None:
    declare(bureau, "done.txt", count=r"共([0-9]+)条")
    bureau.deliver("a.csv", CONTENT)
    bureau.deliver("b.csv", CONTENT)  # the same content again counts as delivered
    bureau.deliver("done.txt", "共399条")
    assert "整份交付有 399 条记录，读到 400 条" in refusal(bureau)
    bureau.deliver("done.txt", "共400条".encode("gb18030"))
    assert bureau.ingest().delivered == 400


def test_a_marker_that_is_a_link_is_refused(bureau: Bureau, tmp_path: Path) -> None:
    declare(bureau, "{file}.ok")
    bureau.deliver("a.csv", CONTENT)
    (tmp_path / "elsewhere").write_text("x")
    (bureau.landing / "a.csv.ok").symlink_to(tmp_path / "elsewhere")
    assert "是符号链接" in refusal(bureau)


def test_a_file_must_have_rested(bureau: Bureau) -> None:
    declare(bureau, settle=600)
    path = bureau.deliver("a.csv", HALF)
    assert "合同要求静置 600 秒" in refusal(bureau)
    os.utime(path, (time.time() - 590,) * 2)
    assert "还没有传完" in refusal(bureau)
    os.utime(path, (time.time() - 610,) * 2)
    assert bureau.ingest().delivered == 132
    os.utime(path, (time.time() + 86_400,) * 2)  # a sender whose clock is ahead: when it came here counts
    assert "合同要求静置" in refusal(bureau)


def test_without_a_declaration_nothing_waits(bureau: Bureau) -> None:
    bureau.deliver("a.csv", CONTENT)
    assert bureau.ingest().delivered == 200


def test_a_marker_no_reader_gets_to_the_end_of_costs_no_night(bureau: Bureau) -> None:
    """A pattern of nested repetitions, and a text on which Python's own reader tries them all."""
    bureau.people = PEOPLE.model_copy(
        update={
            "delivery": PEOPLE.delivery.model_copy(
                update={"marker": Marker(name="{file}.ok", count=r"(?:记录)?((?:[0-9]+,?)+)条")}
            )
        }
    )
    bureau.deliver("a.csv", CONTENT)
    (bureau.landing / "a.csv.ok").write_text("1" * 60_000 + "x", encoding="utf-8")
    begun = time.monotonic()
    assert "找不到合同所说的记录数" in refusal(bureau)
    assert time.monotonic() - begun < 10
    (bureau.landing / "a.csv.ok").write_text("数据\r\n记录200条\r\n", encoding="utf-8")
    assert bureau.ingest().delivered == 200
