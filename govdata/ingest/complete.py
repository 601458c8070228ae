"""Whether an upload is whole, as the contract says it is known: by marker files the department sends, or by rest.

A file in the landing folder may be half of one: the sender was cut off, or is still writing. A marker
(``delivery.marker``) proves the contrary, and may hold a checksum or the number of records; where no department sends
any, ``delivery.settle`` asks that nothing was written for so many seconds. A delivery that is not whole is refused for
this run; the next one looks again.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path

from govdata.errors import DeliveryError, Problem
from govdata.standards.model import Dataset, Marker
from govdata.storage.sql import connect

MOST_BYTES = 65_536
"""A marker is a line or two: of a larger file only so much is read."""

_LISTED = re.compile(r"[0-9A-Fa-f]{32,} [ *](.+)|\w+ \((.+)\) = [0-9A-Fa-f]{32,}")
"""What ``md5sum`` writes, and with ``--tag``: the name is all that stands there, spaces and brackets included."""

_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sm3": 64}


@dataclass
class Announced:
    """Records the markers speak of: of each data file, and of the whole delivery."""

    of_file: dict[str, int] = field(default_factory=dict)
    of_delivery: int | None = None


def is_marker(name: str, marker: Marker | None) -> bool:
    """Whether a file called ``name`` (without folders) is a marker, not data."""
    if marker is None:
        return False
    pattern = "*".join(_escaped(part) for part in re.split(r"\{file\}|\{stem\}", marker.name))
    return fnmatch.fnmatchcase(name.lower(), pattern.lower())


def _escaped(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def demand_whole(
    data: Mapping[str, Path], markers: Mapping[str, Path], dataset: Dataset, date: Date, again: str
) -> Announced:
    """``data`` and ``markers``: name inside the delivery folder → path; ``again``: the command that takes the delivery
    again. Returns what the markers announce.

    Raises ``DeliveryError`` where a marker is missing, speaks of a file that is not there, or does not fit it, and
    where a file has not rested long enough."""
    marker, announced = dataset.delivery.marker, Announced()
    waiting = _unsettled(data, dataset.delivery.settle)
    wrong: list[Problem] = []
    if marker is not None:
        waiting += _unmarked(data, markers, marker)
        if not waiting:
            wrong = _judge(data, markers, marker, announced)
    what = f"{dataset.title}（{dataset.name}）{date} 的交付"
    if waiting:
        raise DeliveryError(f"{what}还没有传完，这次不处理。传完后的下一次运行会处理，也可以运行 {again}：", waiting)
    if wrong:
        raise DeliveryError(f"{what}与标记文件不符，请部门核对后重新传送，再运行 {again}：", wrong)
    return announced


def count_problems(read: Mapping[str, int], announced: Mapping[str, int | None], whole: int | None) -> list[Problem]:
    """``read``: data file → records found in it. Where they are not as many as announced, the upload is not what was
    sent."""
    found = [
        Problem(name, f"标记文件说有 {records} 条记录，读到 {read.get(name, 0)} 条")
        for name, records in announced.items()
        if records is not None and records != read.get(name, 0)
    ]
    if whole is not None and whole != sum(read.values()):
        found.append(Problem("标记文件", f"说整份交付有 {whole} 条记录，读到 {sum(read.values())} 条"))
    return found


def _unsettled(data: Mapping[str, Path], settle: int) -> list[Problem]:
    if not settle:
        return []
    found, now = [], time.time()
    for name, path in data.items():
        state = path.stat()
        written = state.st_mtime if state.st_mtime <= now else state.st_ctime  # a sender's clock may be ahead
        if now - written < settle:
            found.append(Problem(name, f"最后一次写入在 {max(0, int(now - written))} 秒前，合同要求静置 {settle} 秒"))
    return found


def _marker_of(name: str, marker: Marker) -> str:
    """The name, inside the delivery folder, of the marker that goes with the data file ``name``."""
    path = Path(name)
    if not ("{file}" in marker.name or "{stem}" in marker.name):
        return marker.name
    return path.with_name(marker.name.replace("{file}", path.name).replace("{stem}", path.stem)).as_posix()


def _unmarked(data: Mapping[str, Path], markers: Mapping[str, Path], marker: Marker) -> list[Problem]:
    present = {name.lower() for name in markers}
    needed = {_marker_of(name, marker).lower(): name for name in data}
    found = [
        Problem(name, f"没有标记文件 {_marker_of(name, marker)}") for own, name in needed.items() if own not in present
    ]
    if "{" in marker.name or not data:
        found += [Problem(name, "标记文件所指的数据文件没有到") for name in markers if name.lower() not in needed]
    return sorted(found, key=lambda problem: problem.file)


def _judge(
    data: Mapping[str, Path], markers: Mapping[str, Path], marker: Marker, announced: Announced
) -> list[Problem]:
    by_name = {name.lower(): path for name, path in markers.items()}
    texts = {name: _text(by_name[_marker_of(name, marker).lower()]) for name in data}
    single = "{" not in marker.name
    problems = []
    for name, path in data.items():
        if marker.checksum:
            said = _lines_on(name, data, texts[name], alone=not single)
            if reason := _checksum_problem(path, said, marker.checksum):
                problems.append(Problem(name, reason))
    for name, text in list(texts.items())[: 1 if single else None] if marker.count else ():
        records = _records(text, marker.count or "")
        if records is None:
            problems.append(Problem(_marker_of(name, marker), "标记文件里找不到合同所说的记录数"))
        elif single:
            announced.of_delivery = records
        else:
            announced.of_file[name] = records
    return problems


def _text(path: Path) -> str:
    """Raises ``FileNotFoundError`` where the marker is no plain file: a link must not make us read what its author may
    not."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        content = file.read(MOST_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")


def _lines_on(name: str, data: Iterable[str], text: str, *, alone: bool) -> list[str]:
    """The lines of a marker, as ``md5sum`` writes them, that name the data file ``name`` and none of which it is only a
    part (``a.csv`` in ``ba.csv``): by its path in the delivery where one does, else by its last part. ``alone``: the
    marker speaks of this file only."""
    lines = text.splitlines()
    for wanted, others in ((name, set(data)), (Path(name).name, {Path(other).name for other in data})):
        longer = [other for other in others if wanted in other and other != wanted]
        if found := [
            line for line in lines if _names(line, wanted) and not any(_names(line, other) for other in longer)
        ]:
            return found
    return lines if alone else []


def _names(line: str, name: str) -> bool:
    if listed := _LISTED.fullmatch(line.strip()):
        said = listed[1] or listed[2]
        return said == name or said.endswith(f"/{name}")
    return re.search(rf"(?<![\w.\-]){re.escape(name)}(?![\w.\-])", line) is not None


def _checksum_problem(path: Path, lines: list[str], algorithm: str) -> str | None:
    digits = _DIGITS[algorithm]
    said = re.findall(rf"(?<![0-9a-f])[0-9a-f]{{{digits}}}(?![0-9a-f])", "\n".join(lines).lower())
    if not said:
        return f"标记文件里找不到它的 {algorithm} 校验值"
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
    except ValueError:
        return f"本机的加密库不能计算 {algorithm} 校验值"
    return None if found in said else f"{algorithm} 校验值与标记文件不符（传送中损坏，或没有传完）"


def _records(text: str, pattern: str) -> int | None:
    """By RE2, whose time grows with the text alone: a department writes the marker, and a pattern may be one that
    Python's reader tries for ever. ``^`` and ``$`` are those of a line."""
    with connect(threads=1) as connection:
        found = connection.execute(
            "SELECT regexp_extract(?, ?, 1)", [text.replace("\r\n", "\n"), f"(?m:{pattern})"]
        ).fetchall()[0][0]
    number = found.replace(",", "").strip()
    return int(number) if number.isascii() and number.isdigit() and len(number) < 16 else None
