"""Backup, restore elsewhere, and the next night there."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from govdata import standards
from govdata.backup import backup, restore
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from tests.faults import city
from tests.faults.conftest import Place
from tests.faults.drill import Prepared

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.fixture(scope="module")
def tar(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    prepared.reset()
    place = prepared
    file = tmp_path_factory.mktemp("backup") / "备份.tar"
    left = place.deployment.published / "cards" / ".x.parquet.1.tmp"
    left.write_bytes(b"x")
    backup(place.deployment, standards.load(place.deployment.standards), file)
    return file


def test_drill(prepared: Prepared, tar: Path, tmp_path: Path) -> None:
    """Restored elsewhere by the command: same contents, and the next night goes on as if nothing had happened."""
    moved = Place(Deployment(tmp_path / "别处"), prepared.zygote, tmp_path / "log")
    assert moved.zygote.run(Path("/nonexistent"), "restore", str(tar), "--to", str(moved.deployment.home), log=moved.log) == 0
    assert moved.state() == prepared.good
    assert moved.run(2) == 0
    assert moved.state() == prepared.next
    assert not city.leftovers(moved.deployment)


def test_what_it_holds(prepared: Prepared, tar: Path) -> None:
    assert os.stat(tar).st_mode & 0o077 == 0
    with tarfile.open(tar) as opened:
        names = opened.getnames()
        links = [member for member in opened.getmembers() if member.islnk()]
    assert not [name for name in names if ".tmp" in name or ".pinned" in name or name.endswith((".duckdb", ".lock")) or ".dagster" in name]
    assert any("/landing/cards/" in f"/{name}" for name in names) and any(name.startswith("standards/codes/") for name in names)
    assert links  # published files share their content with the lake's


def test_damaged_backups_are_refused(tar: Path, tmp_path: Path) -> None:
    content = tar.read_bytes()
    flipped = bytearray(content)
    with tarfile.open(tar) as opened:
        member = next(m for m in opened.getmembers() if m.isreg() and m.name.endswith(".parquet"))
    flipped[member.offset_data + member.size // 2] ^= 0x10
    for number, damaged in enumerate((content[: len(content) // 2], content[:700], b"", b"x" * 4096, bytes(flipped))):
        file = tmp_path / f"{number}.tar"
        file.write_bytes(damaged)
        with pytest.raises(GovdataError, match=r"不完整|不是完整的备份|已损坏"):
            restore(file, tmp_path / "to")
        assert not (tmp_path / "to").exists() and not list(tmp_path.glob(".to*"))


def test_nothing_is_overwritten(place: Place, tar: Path, tmp_path: Path) -> None:
    registry = standards.load(place.deployment.standards)
    with pytest.raises(GovdataError, match="已经存在"):
        backup(place.deployment, registry, tar)
    with pytest.raises(GovdataError, match="部署目录的数据之中"):
        backup(place.deployment, registry, place.deployment.published / "b.tar")
    with pytest.raises(GovdataError, match="已有内容"):
        restore(tar, place.deployment.home)


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("../outside", tarfile.REGTYPE, ""),
        ("data/../../outside", tarfile.DIRTYPE, ""),
        ("/tmp/govdata-outside", tarfile.REGTYPE, ""),
        ("data/link", tarfile.SYMTYPE, "/etc/passwd"),
        ("data/name", tarfile.LNKTYPE, "../../etc/passwd"),
        ("data/device", tarfile.CHRTYPE, ""),
    ],
)
def test_members_that_lead_outside_are_refused(name: str, kind: bytes, link: str, tmp_path: Path) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as opened:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        opened.addfile(info)
    with pytest.raises(GovdataError, match="不是完整的备份"):
        restore(file, tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.tar"] and not Path("/tmp/govdata-outside").exists()
