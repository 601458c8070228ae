"""A deployment in one tar file, and back: what the next night needs, and nothing that can be made again.

Taken along: ``standards``, ``data/landing``, ``data/lake``, ``data/published``, reports and work orders. Left out: the
catalogue (it names files by absolute path and is built anew), scratch and temporary files, the second names of the
lake's files (``.pinned``) and Dagster's folder (run history only; the next night starts a new one). Files that share
their content (hard links) are stored once. The last member lists every file with its sha256, so that a tar that was cut
short or damaged is refused before anything is put in place.

What a backup holds is decided in one place (``_belongs``), for what is written and for what is accepted alike.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.escaping import visible
from govdata.standards.model import Registry
from govdata.storage import files
from govdata.storage.manifest import is_inside

LISTING = "backup.json"
FORMAT = 1
LAKE = ("raw", "standardized", "quarantine", "repairs", "rejected")
DELIVERED = ("standards", "data/landing")
"""Folders of other people's files: they may be named in any way."""

OURS = (*(f"data/lake/{stage}" for stage in LAKE), "data/published", "data/reports", "data/workorders")
MANIFEST_PATHS = {"files", "rejected_files", "clean_files", "quarantine_files", "duplicate_files", "hidden_file"}
"""Keys of manifests that name files of the deployment."""

_NO_BACKUP = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.ENAMETOOLONG, errno.EINVAL, errno.EPERM)
"""What the disk says to members that contradict one another or have impossible names; a full disk is another matter."""


def _belongs(name: str) -> bool:
    """Whether a file or folder of that name, relative to the deployment, is part of a backup: nothing hidden of ours
    (temporary and spilled files, locks, second names), no catalogue and nothing beside it of DuckDB's own."""
    path = PurePosixPath(name)
    if not is_inside(name):
        return False
    if any(path.is_relative_to(root) for root in DELIVERED):
        return True
    catalogue = path.is_relative_to("data/published") and path.parts[2:3] and path.parts[2].startswith("govdata.duckdb")
    hidden = any(part.startswith(".") for part in path.parts)
    return not catalogue and not hidden and any(path.is_relative_to(root) for root in OURS)


@dataclass(frozen=True)
class Backup:
    """``files`` and their ``bytes``, hard links counted once."""

    path: Path
    files: int
    bytes: int


def backup(deployment: Deployment, registry: Registry, target: Path) -> Backup:
    """Write the deployment to ``target``, which must not exist; whole or not at all, readable by its owner only.

    Waits for stages at work and holds the others up meanwhile, so that no half of a stage is kept. Readers are not
    disturbed."""
    target = target.absolute()
    if target.exists():
        raise GovdataError(f"{target.name} 已经存在，备份不覆盖任何文件")
    if not target.parent.is_dir():
        raise GovdataError(f"文件夹 {target.parent} 不存在")
    for part in (deployment.standards, deployment.landing, deployment.data / "lake", deployment.published):
        if target.is_relative_to(part.resolve()):
            raise GovdataError("备份文件不能放在部署目录的数据之中")
    written = files.temporary(target)
    try:
        with ExitStack() as stack:
            for dataset in sorted(registry.datasets):
                stack.enter_context(files.locked(deployment.stage_lock(dataset)))
            for dataset in sorted(registry.datasets):
                stack.enter_context(files.locked(deployment.published / dataset / ".lock"))
            stack.enter_context(files.locked(deployment.published / ".catalogue.lock"))
            descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with (
                os.fdopen(descriptor, "wb") as out,
                tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar,
            ):
                listing, size = _add_all(tar, deployment)
                _add_listing(tar, listing)
        files.put(written, target)
    finally:
        written.unlink(missing_ok=True)
    return Backup(target, len(listing), size)


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """One folder, file or second name of a file; a backup holds nothing else. (``extractall`` can refuse links, devices
    and places outside only from Python 3.11.4 on.) Raises ``ValueError`` for anything else."""
    if member.name != LISTING and not _belongs(member.name):
        raise ValueError("no part of a backup")
    if member.name in (*DELIVERED, *OURS) and not member.isdir():
        raise ValueError("no folder")
    path = folder / member.name
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.islnk():
        if not _belongs(member.linkname):
            raise ValueError("outside")
        os.link(folder / member.linkname, path, follow_symlinks=False)
        return
    # A sparse file of a few bytes here would fill the disk there.
    content = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if content is None:
        raise ValueError("neither a folder nor a file")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode & 0o640 | 0o400)
    with content, os.fdopen(descriptor, "wb") as out:
        shutil.copyfileobj(content, out, 1 << 20)
    os.utime(path, (member.mtime, member.mtime))


def restore(source: Path, target: Path) -> Backup:
    """Put the deployment in ``source`` at ``target``, a folder that does not exist yet or is empty. Raises
    ``GovdataError`` for a file that is no whole backup; then nothing is left at ``target``. The catalogue is to be
    rebuilt there."""
    target = target.absolute()
    if target.is_symlink():
        raise GovdataError(f"{target} 是链接，恢复只写入真实的文件夹")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise GovdataError(f"{target} 已有内容，恢复只写入空文件夹")
    if not target.parent.is_dir():
        raise GovdataError(f"文件夹 {target.parent} 不存在")
    unpacked = target.with_name(f".{target.name}.{os.getpid()}.restoring")
    try:
        unpacked.mkdir(mode=0o750)
        try:
            with tarfile.open(source, "r:") as tar:
                for member in tar:
                    _unpack(tar, member, unpacked)
            count, size = _verified(unpacked)
        except (
            tarfile.TarError,
            ValueError,
            KeyError,
            TypeError,
            EOFError,
            OverflowError,
            RecursionError,
            MemoryError,
        ):
            raise GovdataError(f"{source.name} 不是完整的备份文件，或含有不属于备份的内容") from None
        except OSError as error:
            if error.errno not in _NO_BACKUP:
                raise
            raise GovdataError(f"{source.name} 不是完整的备份文件，或含有不属于备份的内容") from None
        if target.exists():
            target.rmdir()
        unpacked.rename(target)
        files.sync(target.parent)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return Backup(source, count, size)


def _members(deployment: Deployment) -> Iterator[Path]:
    # A department's folder under landing may be a link to elsewhere: what it holds belongs to the backup.
    landing = (
        sorted(path for path in deployment.landing.iterdir() if path.is_dir()) if deployment.landing.is_dir() else []
    )
    roots = [
        deployment.standards,
        *landing,
        *(deployment.data / "lake" / stage for stage in LAKE),
        deployment.published,
        deployment.reports,
        deployment.workorders,
    ]
    for root in roots:
        for parent, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if _belongs(deployment.relative(Path(parent, name))))
            if not Path(parent).is_symlink():
                yield Path(parent)
            for name in sorted(names):
                path = Path(parent, name)
                if _belongs(deployment.relative(path)) and path.is_file() and not path.is_symlink():
                    yield path


def _add_all(tar: tarfile.TarFile, deployment: Deployment) -> tuple[dict[str, str], int]:
    listing: dict[str, str] = {}
    size = 0
    for path in _members(deployment):
        name = deployment.relative(path)
        info = tar.gettarinfo(path, name)
        if info.islnk():  # a second name of a file that is in already
            tar.addfile(info)
            listing[name] = listing[info.linkname]
        elif info.isreg():
            with open(path, "rb") as file:
                reader = _Hashing(file)
                try:
                    tar.addfile(info, reader)
                except OSError as error:
                    if error.errno is not None:
                        raise
                    raise GovdataError(f"{name} 在备份期间被截短，请重新备份") from None
            listing[name] = reader.digest.hexdigest()
            size += info.size
        else:
            tar.addfile(info)
    return listing, size


class _Hashing:
    """Hashes the very bytes that go into the tar: a delivery may be growing while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _add_listing(tar: tarfile.TarFile, listing: dict[str, str]) -> None:
    content = json.dumps({"format": FORMAT, "files": listing}, indent=0).encode(
        "ascii"
    )  # a delivered name may be in no encoding
    info = tarfile.TarInfo(LISTING)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def _verified(folder: Path) -> tuple[int, int]:
    """Files and bytes, where all that the listing names is there as it was. Raises ``GovdataError`` or
    ``ValueError``."""
    try:
        listing = json.loads((folder / LISTING).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GovdataError("备份文件不完整：没有文件清单") from None
    if (
        not isinstance(listing, dict)
        or not isinstance(listing.get("files"), dict)
        or not isinstance(listing.get("format"), int)
    ):
        raise ValueError("no listing")
    if listing["format"] != FORMAT:
        raise GovdataError(f"备份文件的格式版本为 {listing['format']}，本程序只认识 {FORMAT}")
    (folder / LISTING).unlink()
    present = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    damaged = sorted(set(listing["files"]) ^ set(present))
    known: dict[int, tuple[str, int]] = {}
    for name, expected in listing["files"].items():
        if name in present:
            state = present[name].stat()
            if state.st_ino not in known:
                known[state.st_ino] = _sha256(present[name]), state.st_size
            if known[state.st_ino][0] != expected:
                damaged.append(name)
    if not damaged and (strayed := sorted(name for name, path in present.items() if _leads_outside(name, path))):
        raise GovdataError(f"备份文件不可信：清单 {visible(strayed[0])} 指向部署之外的文件")
    if damaged:
        raise GovdataError(f"备份文件已损坏：{len(damaged)} 个文件缺失或与清单不符，首个是 {visible(damaged[0])}")
    return len(listing["files"]), sum(size for _, size in known.values())


def _leads_outside(name: str, path: Path) -> bool:
    """Whether ``path`` is a manifest of ours that names a file outside the deployment. One that cannot be read leads
    nowhere."""
    if path.suffix != ".json" or not name.startswith(("data/lake/", "data/published/")):
        return False
    try:
        manifest = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and any(
        not is_inside(name) for key in MANIFEST_PATHS for name in _listed(manifest.get(key))
    )


def _listed(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
