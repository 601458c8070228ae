"""Standards of the same content are read and compiled once in a process of the suite, not once in each of a thousand
tests. What is kept with a registry (``Registry.keep``) is made of what it says and of the version it is asked with, so
two of the same content may share it; only the folder it was read from is each one's own."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from pathlib import Path

from govdata import standards
from govdata.standards.loader import load as read
from govdata.standards.model import Registry

KEPT = 16
"""Registries; those of the repository hold some megabytes of SQL each."""

_known: OrderedDict[str, Registry] = OrderedDict()


def load(standards_dir: Path) -> Registry:
    """As ``standards.load``; what is kept with a registry is shared by all of the same content."""
    content = _content(Path(standards_dir))
    if content is None:
        return read(standards_dir)
    known = _known.pop(content, None) or read(standards_dir)  # what is wrong is told anew each time
    _known[content] = known
    if len(_known) > KEPT:
        _known.popitem(last=False)
    same = known.model_copy(update={"folder": Path(standards_dir)})
    same._kept = known._kept
    return same


def _content(folder: Path) -> str | None:
    """A digest of every file's name and bytes; None where a link leads elsewhere, or there is nothing."""
    digest = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files) + folders:
            path = os.path.join(place, name)
            if os.path.islink(path):
                return None
            digest.update(os.fsencode(os.path.relpath(path, folder)) + b"\0")
            if name in files:
                with open(path, "rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def install() -> None:
    """For every module that is imported from now on."""
    standards.load = load
