"""Which tables were read, when and by which door: the append-only log behind ``governance.table_reads``.

It counts use, so that what nobody reads can be found; it guards nothing. So a reader who may not write here reads all
the same and is not counted, as one who opens the catalogue without govdata is. No value is in it, and no query. A file
a month, so that adding a line stays cheap.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import date as Date

from pydantic import BaseModel, ConfigDict

from govdata.deployment import Deployment, beijing_today
from govdata.errors import GovdataError
from govdata.storage import journal
from govdata.storage.access_log import account

log = logging.getLogger(__name__)


class Read(BaseModel):
    """One line. ``date``: in Beijing; ``table``: ``schema.name``; ``door``: the command, or ``load``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: Date
    account: str
    door: str
    table: str


def record(deployment: Deployment, door: str, tables: Iterable[str]) -> None:
    """Add a line for each of ``tables``."""
    day, named = beijing_today(), sorted(set(tables))
    if not named:
        return
    with suppress(OSError):
        lines = [Read(date=day, account=account(), door=door, table=table) for table in named]
        deployment.usage.mkdir(0o750, parents=True, exist_ok=True)
        journal.append(deployment.usage / f"{day:%Y-%m}.jsonl", lines)


def read(deployment: Deployment) -> list[Read]:
    """Every line, month by month. A month with a damaged line is passed over, with an error in the log: what counts use
    must not keep a night from its catalogue."""
    lines: list[Read] = []
    for path in sorted(deployment.usage.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl")):
        try:
            lines += journal.read(path, Read, "使用记录")
        except GovdataError as error:
            log.error("%s", error)
    return lines
