"""Packed deliveries: .gz and .zip are read as the files they hold, and what an archive may try is refused with its
reason."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from govdata.errors import DeliveryError
from govdata.ingest import inspect, packed

from .conftest import Bureau, jsonl
from .test_workbook import plain

HEADER = "GMSFHM,XM,ZZ,BZ\n"
TABLE = HEADER + "1,甲,乙,丙\n2,丁,戊,己,庚\n3,辛,,\n"


def zipped(members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def refused(bureau: Bureau, content: bytes, name: str = "a.zip") -> str:
    bureau.deliver(name, content)
    with pytest.raises(DeliveryError) as caught:
        bureau.ingest()
    assert not list(bureau.deployment.temporary.glob("**/*"))
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_gz_is_the_file_it_holds(bureau: Bureau, encoding: str) -> None:
    records, rejects = bureau.one(gzip.compress(TABLE.encode(encoding)), "人口.csv.gz")
    assert [record[:3] for record in records] == [(2, "1", "甲"), (4, "3", "辛")] and [
        reject[0] for reject in rejects
    ] == [3]
    assert {row["_source_file"] for row in bureau.raw(bureau.ingest())} == {"人口.csv.gz"}
    assert not list(bureau.deployment.temporary.glob("**/*"))


def test_the_members_of_a_zip_are_files_of_their_own(bureau: Bureau) -> None:
    members: dict[str, bytes | str] = {
        "城东/一.csv": TABLE,
        "二.csv": TABLE.encode("gb18030"),
        "三.jsonl": jsonl({"GMSFHM": "9", "XM": "壬"}),
        "四.xlsx": plain([["GMSFHM", "XM"], ["8", "癸"]], "名单"),
        "__MACOSX/._一.csv": b"\x00\x05",
        ".DS_Store": b"x",
        "城东/": b"",
        "完成.ok": b"",
    }
    bureau.deliver("市区.zip", zipped(members))
    batch = bureau.ingest()
    assert batch.delivered == batch.rows + batch.rejected == 8 and batch.rejected == 2
    found = {(row["_source_file"], row["_source_row"]) for row in bureau.raw(batch)}
    assert found == {
        ("市区.zip#城东/一.csv", 2), ("市区.zip#城东/一.csv", 4), ("市区.zip#二.csv", 2), ("市区.zip#二.csv", 4),
        ("市区.zip#三.jsonl", 1), ("市区.zip#四.xlsx#名单", 2),
    }  # fmt: skip
    assert len({row["_row_id"] for row in bureau.raw(batch) + bureau.rejected(batch)}) == 8
    read = {source.sheet: source.delivered for source in batch.sources if source.note is None}
    assert read == {"城东/一.csv": 3, "二.csv": 3, "三.jsonl": 1, "四.xlsx#名单": 1}
    assert {source.sheet for source in batch.sources if source.note} == {"__MACOSX/._一.csv", ".DS_Store", "完成.ok"}
    assert not list(bureau.deployment.temporary.glob("**/*"))


def test_many_members_are_not_all_kept_open(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "HELD", 2)
    bureau.deliver("a.zip", zipped({f"{number:03}.csv": HEADER + f"{number},a,b,c\n" for number in range(150)}))
    before = len(os.listdir("/proc/self/fd"))
    batch = bureau.ingest()
    assert {row["id_number"] for row in bureau.raw(batch)} == {str(number) for number in range(150)}
    assert len(os.listdir("/proc/self/fd")) <= before + 2


def test_names_written_by_a_chinese_windows(bureau: Bureau) -> None:
    content = zipped({"XXXX.csv": TABLE}).replace(b"XXXX", "人口".encode("gbk"))
    bureau.deliver("a.zip", content)
    assert bureau.ingest().sources[0].sheet == "人口.csv"


@pytest.mark.parametrize("name", ["../../../escaped.csv", "/escaped.csv", "..\\escaped.csv", "C:\\escaped.csv"])
def test_a_name_is_never_a_path(bureau: Bureau, name: str) -> None:
    bureau.deliver("a.zip", zipped({name: TABLE}))
    assert bureau.ingest().rows == 2
    assert not list(bureau.deployment.home.parent.rglob("*escaped*")) and not Path("/escaped.csv").exists()


def test_a_password_is_refused(bureau: Bureau) -> None:
    content = bytearray(zipped({"a.csv": TABLE}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "密码" in refused(bureau, bytes(content))


@pytest.mark.parametrize("packer", ["gz", "zip"])
def test_a_bomb_is_refused(bureau: Bureau, packer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_SURE", 1 << 20)
    blank = HEADER + "1,a,b,c\n" * 500_000
    content = gzip.compress(blank.encode()) if packer == "gz" else zipped({"a.csv": blank})
    assert "炸弹" in refused(bureau, content, f"a.{packer}")


def test_members_together_are_bounded(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_UNPACKED", 100)
    assert "炸弹" in refused(bureau, zipped({f"{number}.csv": HEADER + "1,a,b,c\n" * 3 for number in range(5)}))


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.97])
@pytest.mark.parametrize("packer", ["gz", "zip"])
def test_cut_off(bureau: Bureau, packer: str, keep: float) -> None:
    table = (HEADER + "".join(f"{os.urandom(8).hex()},a,b,c\n" for _ in range(500))).encode()
    content = gzip.compress(table) if packer == "gz" else zipped({"a.csv": table})
    message = refused(bureau, content[: int(len(content) * keep)], f"a.{packer}")
    assert "截断" in message


def test_a_wrong_check_sum(bureau: Bureau) -> None:
    content = bytearray(gzip.compress(TABLE.encode()))
    content[-6] ^= 1
    assert "损坏" in refused(bureau, bytes(content), "a.gz")


def test_what_else_an_archive_may_hold(bureau: Bureau) -> None:
    assert "只压缩一层" in refused(bureau, zipped({"b.zip": zipped({"a.csv": TABLE})}))
    assert "只压缩一层" in refused(bureau, gzip.compress(gzip.compress(TABLE.encode())))
    assert "没有数据文件" in refused(bureau, zipped({".hidden": "x"}))
    message = refused(bureau, zipped({"好.csv": TABLE, "坏.csv": "XXBSM,XXMC\n3619000001,某校\n"}))
    assert "坏.csv" in message and "某校" not in message
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO(b""))
    assert "tar" in refused(bureau, out.getvalue(), "a.zip")
    with pytest.warns(UserWarning):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as twice:
            twice.writestr("a.csv", TABLE)
            twice.writestr("a.csv", TABLE)
    assert "同名" in refused(bureau, out.getvalue())


def test_inspect_shows_the_members(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"一.csv": TABLE, "二.csv": TABLE}))
    found = inspect(path)
    assert found.format == "zip" and [(table.sheet, table.records, table.rejected) for table in found.tables] == [
        ("一.csv", 2, 1),
        ("二.csv", 2, 1),
    ]
    path.write_bytes(gzip.compress(TABLE.encode()))
    assert (inspect(path).format, inspect(path).records) == ("gzip", 2)
