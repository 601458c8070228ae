"""Files that appear whole or not at all, and stay: the few steps on the disk that publishing is made of.

A file is written under a temporary name, brought to the disk (fsync), renamed, and its folder is brought to the disk
too, so that a manifest never outlives a power cut without the files it names.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import permissions
from govdata.storage.manifest import Manifest, fingerprint

if TYPE_CHECKING:
    import pyarrow as pa


def token() -> str:
    """8 hex digits for a file name that was never used before: a published file is never overwritten."""
    return uuid.uuid4().hex[:8]


def demand_new(path: Path | None) -> None:
    """Raises ``GovdataError`` where something is there already: what a person has is never written over. None: nothing
    is to be written."""
    if path is not None and path.exists():
        raise GovdataError(f"{path} 已存在，不覆盖")


def sync(path: Path) -> None:
    """Bring a file's content, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary(target: Path) -> Path:
    """A name beside ``target`` that no reader looks at; ``prune`` removes what a dead run left under such a name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")


def put(written: Path, target: Path) -> Path:
    """Rename a finished temporary file to ``target``, durably and never to be written again."""
    permissions.freeze(written)
    sync(written)
    os.replace(written, target)
    sync(target.parent)
    return target


def put_table(table: pa.Table, target: Path) -> Path:
    """Write an Arrow table as Parquet, whole or not at all."""
    import pyarrow.parquet as pq

    written = temporary(target)
    pq.write_table(table, written, compression="zstd")
    return put(written, target)


def put_manifest(manifest: Manifest, target: Path) -> Path:
    """Write a manifest so that it survives a power cut: it is what makes the files it names count."""
    manifest.write(target)
    sync(target.parent)
    return target


def link(source: Path, target: Path) -> Path:
    """The same file under a second name: costs no space and survives the removal of the first. A copy where the file
    system has no hard links. Raises FileNotFoundError where ``source`` is gone, FileExistsError where ``target`` is
    there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError:
        written = temporary(target)
        shutil.copy2(source, written)
        return put(written, target)
    permissions.freeze(target)
    sync(target)
    sync(target.parent)
    return target


def state(folder: Path) -> tuple[str, float]:
    """What stands for the files in ``folder`` (names, sizes, times of change), and when something in it last changed
    (seconds since the epoch). Files are not read."""
    found, latest = [], folder.stat().st_mtime
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            seen = path.stat()
            latest = max(latest, seen.st_mtime)
            if path.is_file():
                found.append((path.relative_to(folder).as_posix(), seen.st_size, seen.st_mtime_ns))
    return fingerprint(*found), latest


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process (and one thread) at a time; the operating system frees the lock of a process that died."""
    try:
        import fcntl
    except ImportError:  # Windows: the night runs are serial there
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """The lock ``path`` for the block where nobody holds it; yields whether it was got. Never waits."""
    try:
        import fcntl
    except ImportError:
        yield True
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            got = True
        except BlockingIOError:
            got = False
        yield got
    finally:
        os.close(descriptor)


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock ``path``; a lock that was never made is free."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def scratch(deployment: Deployment, purpose: str) -> Iterator[Path]:
    """A folder for spilling, removed at the end; one that a killed run left is removed by ``prune``."""
    folder = deployment.temporary / f"{purpose}-{os.getpid()}-{token()}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_OWNER = re.compile(r"^\..*?\.(?P<file>\d+)(\.\d+)?\.tmp(\.wal)?$|^.*?-(?P<folder>\d{1,7})(-[0-9a-f]{8})?$")
"""The process number in the name of a temporary file or of a scratch folder."""


def is_abandoned(path: Path) -> bool:
    """Whether ``path``, a temporary file or a scratch folder, was left by a process that is gone."""
    match = _OWNER.match(path.name)
    if match is None:
        return False
    process = int(match["file"] or match["folder"])
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


_COLUMN = re.compile(r"_?[a-z][a-z0-9_]*")


def is_sound(path: Path, columns: Iterable[str] = ()) -> bool:
    """Whether a Parquet file is there, its footer can be read, which no truncated file passes, and names ``columns``; a
    name that none of ours can have was hit by a damaged disk. Known files are not read again."""
    try:
        state = path.stat()
    except OSError:
        return False
    names = _footer_names(path, state.st_ino, state.st_mtime_ns, state.st_size)
    return names is not None and names.issuperset(columns) and all(_COLUMN.fullmatch(name) for name in names)


@lru_cache(maxsize=200_000)
def _footer_names(path: Path, *state: int) -> frozenset[str] | None:
    """The columns by the footer; None where it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return frozenset(pq.read_schema(path).names)
    except (OSError, ValueError, pa.ArrowException):  # ValueError: a name is no text any more
        return None


def row_count(path: Path) -> int:
    """Rows by the Parquet footer. Raises ``GovdataError`` (file name only) where the file is missing or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except FileNotFoundError:
        raise GovdataError(f"文件不存在：{path.name}") from None
    except (OSError, pa.ArrowException):
        raise GovdataError(f"文件损坏，不是完整的 Parquet：{path.name}") from None
