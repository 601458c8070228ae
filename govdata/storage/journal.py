"""A log that is only ever added to, one JSON object a line: what cannot be made again, so it is never rewritten.

Lines are added by one process at a time and durably. A line that a power cut left unfinished was never said.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from govdata.errors import GovdataError
from govdata.storage import files

Line = TypeVar("Line", bound=BaseModel)


def read(path: Path, kind: type[Line], name: str) -> list[Line]:
    """Every line in order; none where the file is not there. ``name``: what people call the log, Chinese. Raises
    ``GovdataError`` where a line is damaged: from there on nothing could be trusted."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    lines = []
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), 1):
        try:
            lines.append(kind.model_validate_json(line))
        except ValidationError:
            raise GovdataError(f"{name}损坏：{path.name} 第 {number} 行；请从备份恢复这个文件") from None
    return lines


def append(path: Path, lines: Iterable[BaseModel]) -> None:
    """Add ``lines``, on the disk when this returns."""
    written = "".join(line.model_dump_json(exclude_defaults=True) + "\n" for line in lines).encode()
    with files.locked(path.with_name(f".{path.stem}.lock")):
        new = not path.exists()
        with open(path, "w+b" if new else "r+b", opener=_private) as file:
            file.seek(_finished(path))
            file.truncate()
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        if new:
            files.sync(path.parent)


def _private(path: str, flags: int) -> int:
    """For nobody but owner and group: an analyst's own program, which counts its reads too, has a mask of its own."""
    return os.open(path, flags, 0o640)


def _finished(path: Path) -> int:
    """Bytes up to the end of the last finished line."""
    return path.read_bytes().rfind(b"\n") + 1
