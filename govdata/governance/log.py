"""The append-only log of work orders under ``data/workorders/_events``: the one thing that cannot be made again.

    events.jsonl         one line per event: its number, the night it belongs to, who, what, why
    suggested/, proved/  which values were suggested, and whether a mended record came with them (``acceptance``)
    evidence/*.parquet   what one judged delivery says of records and rules; a line of kind EVIDENCE names it
    key                  the secret under which records are known here; without it no record is recognised again

Lines are only ever added, one process at a time. A line that a power cut left unfinished was never said. No value of a
record is in the log: records are known by a keyed digest of their key. What a department writes into a reply is kept in
its words.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import date as Date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import files
from govdata.storage.secret import secret

Kind = Literal[
    "EVIDENCE",
    "ISSUE",
    "ADD",
    "SIGN",
    "REPLY",
    "ACCEPT",
    "RETURN",
    "REFUSE",
    "TRANSFER",
    "REMIND",
    "ESCALATE",
    "EXTEND",
    "OVERDUE",
    "SUSPEND",
    "RESUME",
    "VERIFY",
    "FAILAGAIN",
    "REOPEN",
    "WAIVE",
    "EXPIRE",
    "VOID",
    "RECEIVE",
    "SUGGEST",
]

KIND_NAMES: dict[str, str] = {
    "EVIDENCE": "检测结果",
    "ISSUE": "派发",
    "ADD": "新增条目",
    "SIGN": "签收",
    "REPLY": "反馈",
    "ACCEPT": "复核通过",
    "RETURN": "退回",
    "REFUSE": "驳回",
    "TRANSFER": "转派",
    "REMIND": "催办",
    "ESCALATE": "督办",
    "EXTEND": "延期",
    "OVERDUE": "超期",
    "SUSPEND": "挂起",
    "RESUME": "恢复",
    "VERIFY": "验证通过",
    "FAILAGAIN": "验证未过",
    "REOPEN": "重开",
    "WAIVE": "豁免",
    "EXPIRE": "豁免到期",
    "VOID": "作废",
    "RECEIVE": "收到回执",
    "SUGGEST": "给出建议值",
}

ENGINE = "govdata"
"""The actor of what follows from data or from the clock."""


class Event(BaseModel):
    """One line. ``seq`` counts from 1 without gaps; ``date``: the night, or the day on which a person acted; ``order``:
    its number; ``items``: those it is about, empty for all; ``until``: the date an event sets (due date, end of a
    waiver, plan); ``reply``: a code of ``workorders.yaml``; ``effect``: what that code meant then; ``facts``: what else
    is fixed by the event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: int = 0
    at: str = ""
    date: Date
    kind: Kind
    actor: str
    order: str | None = None
    reason: str | None = None
    department: str | None = None
    items: tuple[str, ...] = ()
    until: Date | None = None
    reply: str | None = None
    effect: str | None = None
    facts: Mapping[str, Any] = {}


def folder(deployment: Deployment) -> Path:
    return deployment.workorders / "_events"


def evidence(deployment: Deployment, event: Event) -> Path:
    """The Parquet file an EVIDENCE line names."""
    return folder(deployment) / "evidence" / str(event.facts["file"])


@contextmanager
def writing(deployment: Deployment) -> Iterator[Log]:
    """The log for adding to it; nobody else adds meanwhile."""
    with files.locked(folder(deployment) / ".lock"):
        yield Log(deployment, read(deployment))


def read(deployment: Deployment) -> list[Event]:
    """Every event in order. Raises ``GovdataError`` where a line within the file is damaged: from there on nothing
    could be trusted."""
    try:
        content = (folder(deployment) / "events.jsonl").read_bytes()
    except FileNotFoundError:
        return []
    events: list[Event] = []
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), 1):
        try:
            event = Event.model_validate_json(line)
        except ValidationError:
            event = None
        if event is None or event.seq != number:
            raise GovdataError(
                f"工单事件日志损坏：data/workorders/_events/events.jsonl 第 {number} 行；请从备份恢复这个文件"
            )
        events.append(event)
    return events


class Log:
    """Held only inside ``writing``."""

    def __init__(self, deployment: Deployment, events: list[Event]) -> None:
        self.deployment, self.events = deployment, events

    @property
    def next(self) -> int:
        return len(self.events) + 1

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Add events, numbered and with the time, durably; returns them as they stand in the log."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        added = [
            event.model_copy(update={"seq": self.next + n, "at": event.at or now}) for n, event in enumerate(events)
        ]
        if not added:
            return []
        path = folder(self.deployment) / "events.jsonl"
        new = not path.exists()
        with open(path, "r+b" if not new else "w+b") as file:
            self._drop_unfinished(file)
            file.write("".join(event.model_dump_json(exclude_defaults=True) + "\n" for event in added).encode())
            file.flush()
            os.fsync(file.fileno())
        if new:
            files.sync(path.parent)
        self.events.extend(added)
        return added

    @staticmethod
    def _drop_unfinished(file: Any) -> None:
        content = file.read()
        end = content.rfind(b"\n") + 1
        file.seek(end)
        file.truncate()


def key(deployment: Deployment) -> str:
    """The deployment's secret, made at the first use: 64 hex digits. Raises ``GovdataError`` where the log is there and
    the key is not."""
    return secret(deployment)
