"""What was delivered: the files of a delivery folder, each with the hash of its content."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from datetime import date as Date
from pathlib import Path

from govdata.batches import DeliveredFile, Delivery
from govdata.deployment import Deployment
from govdata.errors import DeliveryError, Problem
from govdata.escaping import visible
from govdata.ingest import complete, watermark
from govdata.standards.model import Dataset, Marker
from govdata.storage.manifest import fingerprint

_UNFINISHED = (
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".download",
    ".downloading",  # Baidu's disk
    ".opdownload",
    ".xltd",  # Thunder, and its older versions
    ".td",
    ".td.cfg",
    ".aria2",
    ".!ut",
    ".!qb",
    ".bc!",
    ".swp",
    ".swx",
    ".lock",
    ".bak",
    "~",
)
_MARKERS = (".ok", ".done", ".md5", ".sha1", ".sha256", ".sm3")
_SYSTEM = ("thumbs.db", "desktop.ini", "_success")

_hashes: dict[tuple[str, int, int, int, int], str] = {}


def is_delivered(name: str) -> bool:
    """Neither a hidden file, a lock or temporary file of a program, nor a marker that goes with a delivery."""
    plain = name.lower()
    return not (plain.startswith((".", "~$")) or plain.endswith(_UNFINISHED + _MARKERS) or plain in _SYSTEM)


def delivered_files(folder: Path, marker: Marker | None = None) -> dict[str, Path]:
    """Name → path of the delivered files, sorted by name. A name that is not UTF-8 is shown as GB18030 reads it."""
    return _files(folder, lambda name: is_delivered(name) and not complete.is_marker(name, marker))


def marker_files(folder: Path, marker: Marker | None) -> dict[str, Path]:
    """Name → path of the markers the contract declares, where it does."""
    return _files(folder, lambda name: complete.is_marker(name, marker)) if marker else {}


def passed_over(folder: Path, marker: Marker | None) -> tuple[str, ...]:
    """Names of the files in a delivery folder that are no data: hidden and temporary files, locks, markers."""
    return tuple(_files(folder, lambda name: not is_delivered(name) or complete.is_marker(name, marker)))


def _files(folder: Path, wanted: Callable[[str], bool]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for parent, folders, names in os.walk(os.fsencode(folder)):
        folders[:] = sorted(name for name in folders if not name.startswith(b"."))
        for name in sorted(names):
            shown = _shown(name)
            if not wanted(shown):
                continue
            path = os.path.join(parent, name)
            inside = _shown(os.path.relpath(path, os.fsencode(folder)))
            while inside in found:
                inside += "_"
            found[inside] = Path(os.fsdecode(path))
    return dict(sorted(found.items()))


def _shown(name: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return visible(name.decode(encoding))
        except UnicodeDecodeError:
            continue
    return visible(name.decode("utf-8", "surrogateescape"))


def file_state(path: Path) -> tuple[str, int, int, int, int]:
    """What changes when a file is replaced or written to: path, inode, size, times of change."""
    stat = path.stat()
    return str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def content_hash(path: Path) -> str:
    """sha256 of a file's bytes, in hex. A file that has not been touched since is not read again in the same
    process."""
    state = file_state(path)
    known = _hashes.get(state)
    if known is None:
        with open(path, "rb") as file:
            known = hashlib.file_digest(file, "sha256").hexdigest()
        if file_state(path) == state:
            if len(_hashes) > 100_000:
                _hashes.clear()
            _hashes[state] = known
    return known


def record_prefixes(path: Path, sha256: str, sheets: list[str | None]) -> list[str]:
    """The first part of ``_row_id`` for each sheet (None: the file itself): 12 hex digits of the
    hash of the bytes, '#' and the sheet's name."""
    if not any(sheets):
        return [sha256[:12]] * len(sheets)
    with open(path, "rb") as file:
        whole = hashlib.file_digest(file, "sha256")
    prefixes = []
    for sheet in sheets:
        digest = whole.copy()
        if sheet is not None:
            digest.update(f"#{sheet}".encode())
        prefixes.append(digest.hexdigest()[:12])
    return prefixes


def _not_plain(folder: Path, dataset_folder: Path, marker: Marker | None) -> list[Problem]:
    """Links, pipes and devices in a delivery folder. ``landing/<dataset>`` itself may be a link: that is the bureau's
    own doing."""
    if not folder.resolve().is_relative_to(dataset_folder):
        return [Problem(folder.name, "交付文件夹是指向别处的符号链接，请放入文件本身")]
    problems = []
    for parent, folders, names in os.walk(os.fsencode(folder)):
        for name in [entry for entry in folders if os.path.islink(os.path.join(parent, entry))] + names:
            shown = _shown(name)
            if not is_delivered(shown) and not complete.is_marker(shown, marker):
                continue
            mode = os.lstat(os.path.join(parent, name)).st_mode
            if stat.S_ISLNK(mode):
                problems.append(Problem(shown, "是符号链接，请交付文件本身"))
            elif not stat.S_ISREG(mode):
                problems.append(Problem(shown, "不是普通文件（管道或设备）"))
    return sorted(problems, key=lambda problem: problem.file)


def has_delivery(deployment: Deployment, dataset: Dataset, date: Date) -> bool:
    """Whether ``receive`` would find something there, be it good or bad."""
    folder, marker = deployment.delivery(dataset.name, date), dataset.delivery.marker
    if not folder.is_dir():
        return False
    found = delivered_files(folder, marker) or marker_files(folder, marker)
    return bool(found or _not_plain(folder, (deployment.landing / dataset.name).resolve(), marker))


def receive(deployment: Deployment, dataset: Dataset, date: Date) -> Delivery | None:
    """What lies in the delivery folder of ``dataset`` for ``date``; None when the folder is missing or holds no
    delivered file.

    Raises ``DeliveryError`` where something in the folder is no plain file: a link would make us read what its author
    may not, and a pipe would hold the night up; and where the upload is not whole, by what the contract says of that
    (``ingest.complete``), or a pull leaves a gap after the one before it (``ingest.watermark``).
    """
    folder = deployment.delivery(dataset.name, date)
    if not folder.is_dir():
        return None
    marker = dataset.delivery.marker
    if problems := _not_plain(folder, (deployment.landing / dataset.name).resolve(), marker):
        raise DeliveryError(f"{dataset.title}（{dataset.name}）{date} 的交付不能接收：", problems)
    data, markers = delivered_files(folder, marker), marker_files(folder, marker)
    if not data and not markers:
        return None
    again = deployment.command("run", "--date", date.isoformat(), "--dataset", dataset.name)
    announced = complete.demand_whole(data, markers, dataset, date, again)
    pulled = watermark.demand(markers, dataset, date, deployment)
    files = tuple(
        DeliveredFile(
            name=name, size=path.stat().st_size, sha256=content_hash(path), records=announced.of_file.get(name)
        )
        for name, path in data.items()
    )
    return Delivery(
        dataset=dataset.name,
        date=date,
        files=files,
        fingerprint=fingerprint([[file.name, file.size, file.sha256] for file in files]),
        records=announced.of_delivery,
        watermark=pulled,
    )
