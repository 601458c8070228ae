"""The rule every delivered file must meet, whatever was done to it: each physical record is read or rejected, or the
file is refused with a Chinese reason; nothing else is raised, and no message holds a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from govdata.ingest import formats
from govdata.ingest.headers import Headers
from govdata.ingest.packed import Member
from govdata.ingest.source import Source, Unreadable

from .mutation import values

SECRETS = tuple(cell for row in values(30) for cell in row if len(cell) > 2)


@dataclass(frozen=True)
class Read:
    """``records``: row number → cells. ``rejects``: row numbers."""

    records: dict[int, tuple[str | None, ...]]
    rejects: tuple[int, ...]


def check_message(message: str) -> None:
    assert any("\u4e00" <= char <= "\u9fff" for char in message), f"no Chinese reason: {message!r}"
    assert len(message) < 2000, "a message without measure"
    found = [secret for secret in SECRETS if secret in message]
    assert not found, "a record's value in a message"


def account(path: Path, headers: Headers | None) -> list[Read] | None:
    """What was read of each source in the file; None where it was refused. Raises ``AssertionError`` where the rule is
    not kept."""
    try:
        _, opened = formats.open_file(path, headers)
        return [_source(source, path) for source in opened.sources]
    except Unreadable as error:
        check_message(str(error))
        return None


def _source(source: Source, path: Path) -> Read:
    records: dict[int, tuple[str | None, ...]] = {}
    rejects: list[int] = []
    rows = 0
    for block in source.blocks():
        numbers = block.rows.to_pylist()
        assert len(block.names) == len(block.columns)
        assert all(len(column) == len(numbers) for column in block.columns)
        cells = [column.to_pylist() for column in block.columns]
        records |= dict(zip(numbers, zip(*cells, strict=True), strict=True)) if cells else dict.fromkeys(numbers, ())
        rows += len(numbers)
        for reject in block.rejects:
            check_message(reject.reason)
            rejects.append(reject.row)
    assert rows + len(rejects) == source.tally.records, "records read and rejected are not those counted"
    assert len(records) + len(set(rejects)) == rows + len(rejects) and not records.keys() & set(rejects), (
        "a row number twice"
    )
    assert all(count >= 0 for count in source.tally.not_records.values())
    assert all(1 <= row <= source.tally.lines for row in (*records, *rejects)), "a row number outside of the file"
    if source.format == "text" and not isinstance(source, Member):  # what is packed has its lines elsewhere
        assert source.tally.lines == physical_lines(path.read_bytes(), source.encoding or ""), "lines miscounted"
    for label, text in source.details.items():
        assert not any(secret in f"{label}{text}" for secret in SECRETS), "a record's value in the details"
    return Read(records, tuple(rejects))


def physical_lines(data: bytes, encoding: str) -> int:
    """Lines by a plain count of line ends, apart from the reader's own. CR LF is one; a last line may lack its end."""
    wide = encoding.startswith("UTF-16")
    if "BOM" in encoding:
        data = data[2 if wide else 3 :]
    units = (
        np.frombuffer(data[: len(data) // 2 * 2], ">u2" if "BE" in encoding else "<u2")
        if wide
        else np.frombuffer(data, np.uint8)
    )
    feeds, returns = units == 10, units == 13
    both = int(np.count_nonzero(returns[:-1] & feeds[1:]))
    unfinished = bool(len(units) and units[-1] not in (10, 13)) or (wide and len(data) % 2 == 1)
    return int(np.count_nonzero(feeds)) + int(np.count_nonzero(returns)) - both + unfinished
