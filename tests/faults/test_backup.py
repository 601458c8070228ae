"""Backup, restore elsewhere, and the next night there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from govdata import standards
from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.operations.backup import backup, restore
from govdata.publish import layers
from govdata.standards.model import Registry
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
    deployment = place.deployment
    for rubbish in (
        "published/govdata.duckdb.tmp/spill",
        "published/.spill/x",
        "lake/.tmp/spill-1/x",
        "lake/.new/x",
        "lake/other/x",
    ):
        path = deployment.data / rubbish
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    backup(place.deployment, standards.load(place.deployment.standards), file)
    return file


def test_drill(prepared: Prepared, tar: Path, tmp_path: Path) -> None:
    """Restored elsewhere by the command: same contents, and the next night goes on as if nothing had happened."""
    moved = Place(Deployment(tmp_path / "别处"), prepared.zygote, tmp_path / "log")
    assert (
        moved.zygote.run(Path("/nonexistent"), "restore", str(tar), "--to", str(moved.deployment.home), log=moved.log)
        == 0
    )
    assert moved.state() == prepared.good
    assert moved.run(2) == 0
    assert moved.state() == prepared.next
    assert not city.leftovers(moved.deployment)


def test_what_it_holds(prepared: Prepared, tar: Path) -> None:
    assert os.stat(tar).st_mode & 0o077 == 0
    with tarfile.open(tar) as opened:
        names = opened.getnames()
        links = [member for member in opened.getmembers() if member.islnk()]
    assert not [
        name
        for name in names
        if ".tmp" in name or ".pinned" in name or name.endswith((".duckdb", ".lock")) or ".dagster" in name
    ]
    assert not [name for name in names if "spill" in name or "/.new" in name or "/other" in name]
    assert any("/landing/cards/" in f"/{name}" for name in names) and any(
        name.startswith("standards/codes/") for name in names
    )
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
        ("data/landing/cards/link", tarfile.SYMTYPE, "/etc/passwd"),
        ("data/landing/cards/name", tarfile.LNKTYPE, "../../etc/passwd"),
        ("data/landing/cards/name", tarfile.LNKTYPE, "/etc/passwd"),
        ("data/landing/cards/name", tarfile.LNKTYPE, "data/landing/nothing"),
        ("data/landing/cards/pipe", tarfile.FIFOTYPE, ""),
        ("data/landing/" + "x" * 300, tarfile.REGTYPE, ""),
        # no part of a backup
        ("README.md", tarfile.REGTYPE, ""),
        (".bashrc", tarfile.REGTYPE, ""),
        (".dagster/dagster.yaml", tarfile.REGTYPE, ""),
        ("govdata/__init__.py", tarfile.REGTYPE, ""),
        ("data/lake/.pinned/raw/x.parquet", tarfile.REGTYPE, ""),
        ("data/lake/.locks/cards.lock", tarfile.REGTYPE, ""),
        ("data/lake/other/x.parquet", tarfile.REGTYPE, ""),
        ("data/published/govdata.duckdb", tarfile.REGTYPE, ""),
        ("data/published/govdata.duckdb.wal", tarfile.REGTYPE, ""),
        ("data/published/cards/.x.parquet.1.tmp", tarfile.REGTYPE, ""),
        ("backup.json", tarfile.DIRTYPE, ""),
        ("standards", tarfile.REGTYPE, ""),
        ("standards/x", tarfile.LNKTYPE, "standards/x"),
    ],
)
def test_members_that_do_not_belong_are_refused(name: str, kind: bytes, link: str, tmp_path: Path) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as opened:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        opened.addfile(info)
    with pytest.raises(GovdataError, match="不是完整的备份"):
        restore(file, tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.tar"] and not Path("/tmp/govdata-outside").exists()


def _rewritten(source: Path, target: Path, change: dict[str, bytes]) -> Path:
    """The backup with other contents of some members, and a listing that agrees with them."""
    with tarfile.open(source) as old, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            content = old.extractfile(member).read() if member.isreg() else None  # type: ignore[union-attr]
            if member.name == "backup.json":
                listing = json.loads(content or b"")
                listing["files"] |= {name: hashlib.sha256(changed).hexdigest() for name, changed in change.items()}
                content = json.dumps(listing).encode()
            elif member.name in change:
                member.type, content = tarfile.REGTYPE, change[member.name]
            member.size = len(content or b"")
            new.addfile(member, io.BytesIO(content) if content is not None else None)
    return target


@pytest.mark.parametrize("outside", ["../../../secret.parquet", "/secret.parquet", "data/lake/../../../secret.parquet"])
@pytest.mark.parametrize(
    ("manifest", "key"),
    [
        ("snapshot.json", "files"),
        ("snapshot.json", "hidden_file"),
        ("layer.json", "files"),
        ("batch.json", "clean_files"),
    ],
)
def test_a_manifest_that_leads_outside_is_refused(
    tar: Path, tmp_path: Path, manifest: str, key: str, outside: str
) -> None:
    with tarfile.open(tar) as opened:
        member = next(m for m in opened.getmembers() if m.name.endswith(f"/{manifest}") and "/raw/" not in m.name)
        content = json.loads(opened.extractfile(member).read())  # type: ignore[union-attr]
    content[key] = outside if key == "hidden_file" else [outside]
    evil = _rewritten(tar, tmp_path / "evil.tar", {member.name: json.dumps(content).encode()})
    with pytest.raises(GovdataError, match=r"不可信：清单 data/.* 指向部署之外"):
        restore(evil, tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.tar"]


def test_a_manifest_that_leads_outside_is_followed_by_nobody(tmp_path: Path) -> None:
    """However it got there: it counts as damaged."""
    deployment = Deployment(tmp_path / "home")
    path = Snapshot.path(deployment, "cards", city.FIRST)
    snapshot = Snapshot(
        table="cards",
        date=city.FIRST,
        snapshot_id="a",
        batch_id="b",
        base_snapshot_id=None,
        standards_hash="c",
        files=("data/x",),
        rows=1,
    )
    snapshot.write(path)
    assert layers.read(Snapshot, path) == snapshot
    path.write_text(path.read_text().replace("data/x", "../x"))
    assert layers.read(Snapshot, path) is None


@pytest.mark.parametrize(
    "listing", [b"[]", b'{"format": 1, "files": []}', b"[" * 100_000, b'{"format": 1}', b"\xff", b"{}"]
)
def test_a_listing_that_is_none_is_refused(tmp_path: Path, listing: bytes) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as opened:
        for name, content in (("standards/x", b"x"), ("backup.json", listing)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    with pytest.raises(GovdataError, match=r"不是完整的备份|已损坏"):
        restore(file, tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.tar"]


def test_a_member_that_would_fill_the_disk_or_comes_twice_is_refused(tmp_path: Path) -> None:
    sparse = tarfile.TarInfo("data/landing/cards/big")
    sparse.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": str(1 << 50),
        "GNU.sparse.name": "x",
    }
    twice = tarfile.TarInfo("standards/x")
    for number, members in enumerate(([sparse], [twice, twice])):
        file = tmp_path / f"{number}.tar"
        with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as opened:
            for member in members:
                opened.addfile(member)
        with pytest.raises(GovdataError, match="不是完整的备份"):
            restore(file, tmp_path / "to")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.tar", "1.tar"]


def test_a_link_is_no_place_to_restore_to(tar: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "to").symlink_to(tmp_path / "real")
    with pytest.raises(GovdataError, match="是链接"):
        restore(tar, tmp_path / "to")
    assert not list((tmp_path / "real").iterdir())


def test_a_delivered_name_in_no_encoding_is_kept(tmp_path: Path) -> None:
    """A zip made on Windows unpacks to such names; no backup could be made while one lay in landing."""
    deployment = Deployment(tmp_path / "home")
    delivery = deployment.delivery("cards", city.FIRST)
    delivery.mkdir(parents=True)
    deployment.standards.mkdir()
    name = os.fsdecode(b"\xd6\xd0.csv")
    (delivery / name).write_bytes(b"x")
    nothing = Registry(elements={}, code_sets={}, datasets={}, null_tokens=(), bound={}, hashes={})
    assert backup(deployment, nothing, tmp_path / "b.tar").files == 1
    assert restore(tmp_path / "b.tar", tmp_path / "to").files == 1
    assert (Deployment(tmp_path / "to").delivery("cards", city.FIRST) / name).read_bytes() == b"x"


def test_names_are_told_without_control_characters(tmp_path: Path) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as opened:
        listing = json.dumps({"format": 1, "files": {"standards/\x1b[31m\n\udcd6": "0"}}).encode()
        info = tarfile.TarInfo("backup.json")
        info.size = len(listing)
        opened.addfile(info, io.BytesIO(listing))
    with pytest.raises(GovdataError, match="已损坏") as raised:
        restore(file, tmp_path / "to")
    assert str(raised.value).isprintable()


def _claiming(name: str, kind: bytes, size: int) -> bytes:
    """The header of a member that claims ``size`` bytes, of which none follow."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


HEADERS = {
    "a long name of an exabyte": _claiming("././@LongLink", tarfile.GNUTYPE_LONGNAME, 1 << 60),
    "pax headers of an exabyte": _claiming("x", tarfile.XHDTYPE, 1 << 60),
    "a file of an exabyte": _claiming("standards/x", tarfile.REGTYPE, 1 << 60),
    "a negative size": _claiming("standards/x", tarfile.REGTYPE, -1024),
    "old sparse": _claiming("standards/x", tarfile.GNUTYPE_SPARSE, 1 << 40),
    "a kind there is not": _claiming("standards/x", b"Z", 0),
    "no header": b"\xff" * 512,
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=list(HEADERS))
def test_headers_that_claim_what_is_not_there_are_refused(header: bytes, tmp_path: Path) -> None:
    file = tmp_path / "evil.tar"
    file.write_bytes(header + b"\0" * 1024)
    with pytest.raises(GovdataError):
        restore(file, tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.tar"]


@pytest.mark.parametrize(
    "headers",
    [
        {"path": "../outside"},
        {"path": "data/published/govdata.duckdb"},
        {"path": "standards/\0x"},
        {"linkpath": "/etc/passwd"},
        {"size": "-5"},
        {"size": str(1 << 70)},
        {"mtime": "1e400"},
        {"mtime": "nan"},
    ],
)
def test_pax_headers_that_say_other_things_than_the_member_are_refused_or_harmless(
    headers: dict[str, str], tmp_path: Path
) -> None:
    """They are what counts: the member's own name is only for readers that know no pax."""
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as opened:
        member = tarfile.TarInfo("standards/x")
        member.pax_headers = headers
        opened.addfile(member)
    with pytest.raises(GovdataError):  # at the latest because it has no listing
        restore(file, tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.tar"]
