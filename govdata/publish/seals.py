"""What published files held when they were published, so that a change of their content is noticed.

A published file never changes, so its sha256 stands in the manifest that names it, with size and time of its last
change. Every rebuild of the catalogue looks at size and time and reads a file again only where they moved; ``govdata
verify`` reads every byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date as Date
from pathlib import Path

from govdata.batches import Seal, Snapshot
from govdata.deployment import Deployment
from govdata.publish import damaged_files, layers
from govdata.publish.layers import Layer

MOVED_NS = 1_000_000
"""Times that differ by less are the same: a tar keeps them less finely."""


def of(names: Iterable[str], deployment: Deployment, known: Mapping[str, Seal] | None = None) -> tuple[Seal, ...]:
    """The seal of each file; those in ``known`` as they are there, the others are read."""
    return tuple(known[name] if known and name in known else _seal(name, deployment) for name in names)


def named(deployment: Deployment, table: str) -> dict[str, Seal | None]:
    """Every file that the table's manifests name, and its seal where the manifest has one (older ones have none)."""
    found: dict[str, Seal | None] = {}
    for date in layers.dates(deployment.published / table):
        layer = layers.read(Layer, Layer.path(deployment, table, date))
        snapshot = layers.read(Snapshot, Snapshot.path(deployment, table, date))
        for manifest in (layer, snapshot):
            if manifest is not None:
                found = dict.fromkeys(manifest.every_file) | found | {seal.file: seal for seal in manifest.seals}
    return found


def changed(seals: Mapping[str, Seal | None], deployment: Deployment, *, full: bool) -> list[Path]:
    """Files whose content is not what it was. ``full``: all are read, else only those whose size or time moved. One
    that is missing is no matter of this function."""
    return [
        path
        for name, seal in seals.items()
        if seal and (path := deployment.absolute(name)).is_file() and _differs(path, seal, full)
    ]


def set_aside_changed(deployment: Deployment, tables: Iterable[str], *, full: bool = False) -> list[str]:
    """Move changed files out of the way, so that readers get the newest night without them; returns their names. Needs
    no lock: names are never used twice, so a file that is not what its manifest says is wrong whoever is at work."""
    every = {name: seal for table in tables for name, seal in named(deployment, table).items()}
    return damaged_files.set_aside(changed(every, deployment, full=full), deployment)


def night_of(name: str) -> Date:
    """The night that made a published file, and makes it again: the folder it lies in."""
    return Date.fromisoformat(Path(name).parent.name)


def _seal(name: str, deployment: Deployment) -> Seal:
    path = deployment.absolute(name)
    state = path.stat()
    return Seal(file=name, sha256=_sha256(path), size=state.st_size, mtime_ns=state.st_mtime_ns)


def _differs(path: Path, seal: Seal, full: bool) -> bool:
    state = path.stat()
    if state.st_size != seal.size:
        return True
    moved = abs(state.st_mtime_ns - seal.mtime_ns) >= MOVED_NS
    return (full or moved) and _sha256(path) != seal.sha256


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
