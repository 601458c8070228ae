"""Packed deliveries: a .gz is read as the file it holds, a .zip as its members, each as a file of its own
(``<file>#<member>``).

What is packed is unpacked into a file that has no name: a member's name is never a path, nothing is left behind when
the process dies, and the sizes an archive claims are not believed.
"""

from __future__ import annotations

import gzip
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import IO

from govdata.escaping import visible
from govdata.ingest.delivery import is_delivered
from govdata.ingest.headers import Headers
from govdata.ingest.source import Block, Ignored, Opened, Source, Tally, Unreadable

MAX_UNPACKED = 8 << 30  # bytes one archive may unpack to
MAX_RATIO = 200  # unpacked to packed, above 64 MB: text of records packs 5 to 30 times, a bomb 1,000 times
MAX_MEMBERS = 10_000
HELD = 64  # members kept unpacked between the look at their headers and the reading; the others are unpacked again
_PIECE = 1 << 20
_SURE = 64 << 20

FOLDER: ContextVar[Path | None] = ContextVar("unpack_folder", default=None)
"""Where files are unpacked; None: the system's folder for temporary files (only ``inspect`` leaves it so)."""

Open = Callable[[Path, Headers | None], tuple[str, Opened]]

_BOMB = "解压后过大（疑为压缩炸弹），拒绝读取"
_DAMAGED = "压缩文件损坏或被截断，不能读取"


class Unpacked:
    """A nameless file, which lives as long as somebody has this."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.path = Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")

    def __del__(self) -> None:
        self._file.close()


def unpacked(content: IO[bytes], size: int) -> Unpacked:
    """``content``, which was made of ``size`` bytes, in a file without a name."""
    return _unpack(content, size, MAX_UNPACKED)


def _unpack(packed: IO[bytes] | gzip.GzipFile, size: int, budget: int) -> Unpacked:
    """The content of ``packed`` (which takes ``size`` bytes) in a nameless file. Raises ``Unreadable`` above ``budget``
    bytes."""
    folder = FOLDER.get()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    target = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (lives as long as the source that reads it)
    done = 0
    while piece := _read(packed):
        done += len(piece)
        if done > budget or (done > _SURE and done > MAX_RATIO * max(1, size)):
            raise Unreadable(_BOMB)
        target.write(piece)
    target.flush()
    return Unpacked(target)


class Member:
    """A source inside an archive (shape of ``source.Source``). ``member``: its file's name there, None in a .gz.
    ``reopen`` unpacks and opens it again where it was not kept."""

    def __init__(
        self, inner: Source, member: str | None, kept: Unpacked | None, reopen: Callable[[], tuple[Unpacked, Source]]
    ) -> None:
        self.member, self.inner_sheet = member, inner.sheet
        self.sheet = full_name(member, inner.sheet)
        self.format, self.encoding, self.columns, self.details = (
            inner.format,
            inner.encoding,
            inner.columns,
            inner.details,
        )
        self.header, self.from_1904 = inner.header, inner.from_1904
        self.tally = Tally()
        self._reopen, self._physical = reopen, 0
        self._opened = (kept, inner) if kept is not None else None

    def blocks(self) -> Iterator[Block]:
        try:
            opened, self._opened = self._opened or self._reopen(), None
            self.tally = opened[1].tally
            yield from opened[1].blocks()
            self._physical = opened[1].physical()  # while it is unpacked
        except Unreadable as error:
            raise Unreadable(str(error), self.inner_sheet, self.member) from None

    def physical(self) -> int:
        return self._physical


def full_name(member: str | None, sheet: str | None) -> str | None:
    return sheet if member is None else member if sheet is None else f"{member}#{sheet}"


def open_gzip(path: Path, headers: Headers | None, open_file: Open) -> Opened:
    """The file that ``path`` holds; it goes by the name of ``path``. Raises ``Unreadable``."""

    def unpack() -> Unpacked:
        with gzip.open(path) as packed:
            return _unpack(packed, path.stat().st_size, MAX_UNPACKED)

    return _members(unpack, None, headers, open_file, keep=True)


def open_zip(path: Path, headers: Headers | None, open_file: Open) -> Opened:
    """The members of ``path``, each as ``open_file`` reads it. Raises ``Unreadable`` where any of them cannot be
    read."""
    sources: list[Source] = []
    # Names of members are told as names of files are; those of sheets are the caller's to judge.
    ignored: list[Ignored] = []
    budget = MAX_UNPACKED
    with _archive(path) as archive:
        entries = [(name_of(entry), entry) for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_MEMBERS:
        raise Unreadable(f"压缩包内的文件超过{MAX_MEMBERS}个，请分开交付")
    wanted: dict[str, zipfile.ZipInfo] = {}
    for name, entry in sorted(entries, key=lambda item: item[0]):
        if not all(
            is_delivered(part) and part != "__MACOSX" for part in name.split("/") if part not in ("", ".", "..")
        ):
            ignored.append(Ignored(name, "不是数据文件（隐藏文件、临时文件或标记文件）", 1, "passed_over"))
        elif name in wanted:
            raise Unreadable("压缩包内有同名的文件", member=name)
        else:
            wanted[name] = entry
    if not wanted:
        raise Unreadable("压缩包内没有数据文件")
    if any(entry.flag_bits & 1 for entry in wanted.values()):
        raise Unreadable("压缩包有密码保护，请去除密码后交付")
    for number, (name, entry) in enumerate(wanted.items()):

        def unpack(entry: zipfile.ZipInfo = entry, budget: int = budget) -> Unpacked:
            with _archive(path) as archive, _entry(archive, entry) as packed:
                return _unpack(packed, entry.compress_size, budget)

        try:
            opened = _members(unpack, name, headers, open_file, keep=number < HELD)
        except Unreadable as error:
            raise Unreadable(str(error), error.sheet, name) from None
        sources += opened.sources
        ignored += opened.ignored
        budget -= entry.file_size
        if budget <= 0:
            raise Unreadable(_BOMB)
    return Opened(tuple(sources), tuple(ignored))


def _members(
    unpack: Callable[[], Unpacked], name: str | None, headers: Headers | None, open_file: Open, keep: bool
) -> Opened:
    """The sources of one packed file."""

    def opened() -> tuple[Unpacked, Opened]:
        file = unpack()
        return file, open_file(file.path, headers)[1]

    def again(number: int) -> Callable[[], tuple[Unpacked, Source]]:
        def reopen() -> tuple[Unpacked, Source]:
            file, inside = opened()
            return file, inside.sources[number]

        return reopen

    file, inside = opened()
    sources = tuple(
        Member(each, name, file if keep else None, again(number)) for number, each in enumerate(inside.sources)
    )
    return Opened(sources, tuple(replace(part, name=full_name(name, part.name) or "") for part in inside.ignored))


def _read(packed: IO[bytes] | gzip.GzipFile) -> bytes:
    try:
        return packed.read(_PIECE)
    except (
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
    ):  # OSError: what gzip and bzip2 raise
        raise Unreadable(_DAMAGED) from None


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(entry)
    except NotImplementedError:
        raise Unreadable("压缩包使用了不支持的压缩方式，请用普通zip方式压缩") from None
    except (
        OSError,
        RuntimeError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
    ):  # OSError: a place that is not in the file
        raise Unreadable(_DAMAGED) from None


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
        raise Unreadable(_DAMAGED) from None


def name_of(entry: zipfile.ZipInfo) -> str:
    """A member's name as its author wrote it: without the mark for UTF-8 a Chinese Windows has written GBK."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return visible(name.replace("\\", "/"))
