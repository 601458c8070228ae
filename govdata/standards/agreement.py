"""What a contract agrees with a department on its deliveries: how they come, how much, how often (ODCS: quality and
service level of the contract)."""

from __future__ import annotations

from datetime import date as Date
from typing import Literal

from govdata.standards.kinds import Frozen


class Marker(Frozen):
    """The file by which a department says that an upload is whole. ``name``: with ``{file}`` (the data file's name) or
    ``{stem}`` (without its last ending) one for each file, else one for the delivery. ``checksum``: what its text holds
    of the file; ``count``: a regular expression whose one group is the number of records."""

    name: str
    checksum: Literal["md5", "sha1", "sha256", "sm3"] | None = None
    count: str | None = None


WATERMARK_FILE = "_watermark.json"
"""Beside pulled data: from where to where the table was read (``ingest.watermark``)."""


class DeliveryMode(Frozen):
    """``snapshot``: each delivery is the whole; ``delta``: changed rows merged by ``key``. ``operation`` names the
    column that holds I, U or D (absent or NULL: upsert). ``snapshot_files`` (glob patterns): a delta dataset's delivery
    with such a file is a whole. ``settle``: seconds a file must have rested before it is read (0: not asked);
    ``marker``: what says that an upload is whole. ``ignored_sheets`` (patterns): sheets that are none of ours though
    they hold records. ``totals``: whether a number of records that a file gives must ``match`` what was read, or is
    only ``told``. ``watermark``: the column of a department's own table by which it is pulled into the landing folder;
    the file that says how far is the delivery's marker then."""

    mode: Literal["snapshot", "delta"]
    key: tuple[str, ...]
    operation: str | None = None
    snapshot_files: tuple[str, ...] = ()
    settle: int = 0
    marker: Marker | None = None
    watermark: str | None = None
    ignored_sheets: tuple[str, ...] = ()
    totals: Literal["match", "told"] = "match"


class Volume(Frozen):
    """``min_rows``, ``max_rows``: bounds of the published snapshot; ``max_change``: share by which the row count may
    differ from the snapshot before; ``max_quarantine``: share of delivered rows that may be quarantined;
    ``max_rejected``: share of delivered records that may be unreadable."""

    min_rows: int = 1
    max_rows: int | None = None
    max_change: float | None = None
    max_quarantine: float = 0.2
    max_rejected: float = 0.05


class Schedule(Frozen):
    """How often a delivery is due: ``every`` count of ``unit`` (d, w, m, y), by ``deadline`` HH:MM Asia/Shanghai."""

    every: int = 1
    unit: Literal["d", "w", "m", "y"] = "d"
    deadline: str | None = None

    @property
    def days(self) -> int:
        """Days of the period, at most."""
        return self.every * {"d": 1, "w": 7, "m": 31, "y": 366}[self.unit]

    def is_overdue(self, newest: Date | None, begun: Date, date: Date) -> bool:
        """Whether the period has run out on ``date``. ``newest``: the last delivery not later than it; ``begun``: from
        where the first period counts while there was none."""
        waited = (date - (newest or begun)).days + (newest is None)
        return waited >= self.days
