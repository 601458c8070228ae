"""Returned workbooks: what can be trusted is read, the rest is refused by sheet and row with a reason, and a receipt
says both.

Every row carries its order, its item and a code that only this deployment can make. So rows may be sorted, filtered,
copied into another workbook, saved by another program or as CSV: a row is taken for what it says of itself, never for
where it stands. A reply changes no data and closes no order.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path

from govdata import ingest
from govdata.deployment import Deployment, beijing_today
from govdata.escaping import visible
from govdata.governance import log as journal
from govdata.governance import reviews
from govdata.governance.closing import state_of
from govdata.governance.log import Event, Log
from govdata.governance.orders import STATE_NAMES, WORKED, State
from govdata.governance.people import departments
from govdata.governance.returned import Form
from govdata.governance.returned import text as plain
from govdata.governance.signature import is_ours
from govdata.governance.workbook import (
    CODE,
    COVER,
    DEPARTMENT,
    ITEM,
    NAME,
    NEED_NAMES,
    ORDER,
    REASON,
    REPLY,
    UNTIL,
    folder,
)
from govdata.standards.model import Registry
from govdata.standards.workorder_settings import NEEDS
from govdata.storage import files

MARKS = (ORDER, ITEM, CODE)
FORM = Form("replies", "工单反馈", (*MARKS, REPLY, REASON, UNTIL, DEPARTMENT, NAME))
MOST_REASON = 800
"""Signs of a reason that are kept."""
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]00:00(?::00)?)?")


@dataclass(frozen=True)
class Reply:
    """One row that was read: ``code`` of ``workorders.yaml``."""

    order: str
    item: str
    code: str
    reason: str | None
    until: Date | None
    department: str | None
    name: str | None


@dataclass(frozen=True)
class Refused:
    """``sheet``: None of a file without sheets; ``row``: as the spreadsheet shows it, None for the whole sheet;
    ``reason``: Chinese."""

    sheet: str | None
    row: int | None
    reason: str


@dataclass
class Receipt:
    """``read``: rows with a reply that was taken; ``empty``: rows of ours without a reply; ``again``: the same reply a
    second time; ``decided``: pairs of a returned review of links that were decided, None of another file."""

    file: str
    sha256: str
    read: int = 0
    empty: int = 0
    again: int = 0
    orders: dict[str, int] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    departments: set[str] = field(default_factory=set)
    decided: int | None = None
    path: Path | None = None


def receive(registry: Registry, deployment: Deployment, path: Path, *, on: Date | None = None) -> Receipt:
    """Read a returned workbook (.xlsx, .xls, .ods or CSV), add its replies to the log and write the receipt. The file
    stays as it is.

    A file that cannot be read, or was read before, is a receipt that says so."""
    day = on or beijing_today()
    receipt = Receipt(visible(path.name), hashlib.sha256(path.read_bytes()).hexdigest())
    with journal.writing(deployment) as log:
        if any(event.kind == "RECEIVE" and event.facts["sha256"] == receipt.sha256 for event in log.events):
            receipt.refused.append(Refused(None, None, "这个文件已经收过，没有再登记"))
        else:
            replies: list[Reply] = []
            if not _reviewed(deployment, path, receipt, day):
                reader = _Reader(registry, state_of(deployment, log.events), journal.key(deployment), receipt)
                replies = reader.read(path)
            _add(log, replies, receipt, registry, day)
    receipt.path = _write(receipt, deployment, day)
    return receipt


def _reviewed(deployment: Deployment, path: Path, receipt: Receipt, day: Date) -> bool:
    """Whether the file is a review of links, which is then read."""
    try:
        return reviews.read(deployment, path, receipt, day)
    except ingest.Unreadable:
        return False


def inbox(deployment: Deployment) -> Path:
    return deployment.workorders / "inbox"


QUIET = 300
"""Seconds without a change after which a file in the inbox is taken for whole, where no person says that it is."""


def waiting(deployment: Deployment, quiet: float = 0) -> list[Path]:
    """Files in the inbox that have not changed for ``quiet`` seconds; not those that a spreadsheet keeps beside an open
    workbook. A sender whose clock is ahead keeps nobody waiting."""
    entries = sorted(inbox(deployment).iterdir()) if inbox(deployment).is_dir() else []
    found = [
        path for path in entries if path.is_file() and not path.is_symlink() and not path.name.startswith((".", "~$"))
    ]
    return [path for path in found if not 0 <= time.time() - path.stat().st_mtime < quiet]


def receive_inbox(
    registry: Registry, deployment: Deployment, *, on: Date | None = None, quiet: float = 0
) -> list[Receipt]:
    """Every file that waits in the inbox; each is moved, unchanged, to ``inbox/已收`` once its replies are in the
    log."""
    receipts = []
    for path in waiting(deployment, quiet):
        receipt = receive(registry, deployment, path, on=on)
        target = inbox(deployment) / "已收" / f"{receipt.sha256[:12]}-{path.name}"
        target.parent.mkdir(exist_ok=True)
        os.replace(path, target)
        receipts.append(receipt)
    return receipts


@dataclass
class _Reader:
    registry: Registry
    state: State
    key: str
    receipt: Receipt

    def read(self, path: Path) -> list[Reply]:
        try:
            _, opened = ingest.open_file(path, FORM.headers)
            found: dict[tuple[str, str], list[tuple[str | None, int, Reply]]] = {}
            for part in opened.ignored:
                if part.name != COVER:
                    self._refuse(part.name, None, f"不是工单的工作表：{part.reason}")
            for source in opened.sources:
                for row, reply in self._sheet(source):
                    found.setdefault((reply.order, reply.item), []).append((source.sheet, row, reply))
        except ingest.Unreadable as error:
            self._refuse(error.sheet, None, f"不能读取：{error}")
            return []
        return self._agreed(found)

    def _refuse(self, sheet: str | None, row: int | None, reason: str) -> None:
        self.receipt.refused.append(Refused(None if sheet is None else visible(sheet), row, reason))

    def _sheet(self, source: ingest.Source) -> Iterator[tuple[int, Reply]]:
        checked = False
        for block in source.blocks():
            columns = FORM.cells(block)
            missing = [name for name in (*MARKS, REPLY) if name not in columns]
            if missing:
                if not checked:
                    self._refuse(source.sheet, None, f"不是工单的工作表：缺少“{'”“'.join(missing)}”列")
                checked = True
                continue
            for reject in block.rejects:
                self._refuse(source.sheet, reject.row, f"不能读取：{reject.reason}")
            for number, row in enumerate(block.rows.to_pylist()):
                cells = {name: plain(values[number]) for name, values in columns.items()}
                reply = self._row(source.sheet, row, cells)
                if reply is not None:
                    yield row, reply

    def _row(self, sheet: str | None, row: int, cells: dict[str, str]) -> Reply | None:
        """The row's reply; None where it has none or is refused."""
        order, item = cells[ORDER], cells[ITEM]
        if not any(cells[name] for name in (*MARKS, REPLY)):
            return None
        if not order or not item or not is_ours(cells[CODE], self.key, order, item):
            self._refuse(sheet, row, f"{ORDER}、{ITEM}与{CODE}对不上：不是本系统发出的，或被改动过")
            return None
        known = self.state.orders.get(order)
        if known is None or item not in known.items:
            self._refuse(sheet, row, "没有这张工单或这个条目")
            return None
        self.receipt.departments.add(known.department)
        if not cells[REPLY]:
            self.receipt.empty += 1
            return None
        if known.state not in WORKED:
            self._refuse(sheet, row, f"工单 {order} 现在是“{STATE_NAMES[known.state]}”，不再收反馈")
            return None
        if item not in known.open:
            self._refuse(sheet, row, "这个条目已由后来的交付证实整改，不需要反馈")
            return None
        return self._reply(sheet, row, order, item, cells)

    def _reply(self, sheet: str | None, row: int, order: str, item: str, cells: dict[str, str]) -> Reply | None:
        said = cells[REPLY]
        kinds = self.registry.workorders.replies
        code = next((code for code, kind in kinds.items() if said in (code, plain(kind.name))), None)
        if code is None:
            self._refuse(sheet, row, f"“{REPLY}”不是列表中的一项")
            return None
        until, department = _date(cells.get(UNTIL, "")), cells.get(DEPARTMENT) or None
        if cells.get(UNTIL) and until is None:
            self._refuse(sheet, row, f"“{UNTIL}”不是日期")
            return None
        if department is not None and department not in departments(self.registry):
            self._refuse(sheet, row, f"“{DEPARTMENT}”不是已知的部门")
            return None
        given = {"reason": cells.get(REASON), "until": until, "department": department}
        lacking = [NEED_NAMES[need] for need in NEEDS.get(kinds[code].effect, ()) if not given[need]]
        if lacking:
            self._refuse(sheet, row, f"选了“{kinds[code].name}”，还要填写“{'”“'.join(lacking)}”")
            return None
        reason = (cells.get(REASON) or "")[:MOST_REASON] or None
        return Reply(order, item, code, reason, until, department, cells.get(NAME) or None)

    def _agreed(self, found: dict[tuple[str, str], list[tuple[str | None, int, Reply]]]) -> list[Reply]:
        """Of an item that stands there more than once: one reply where all say the same, none where they differ."""
        replies = []
        for rows in found.values():
            if len({reply for _, _, reply in rows}) > 1:
                for sheet, row, _ in rows:
                    self._refuse(sheet, row, "同一条目有几种不同的反馈，一种也没有登记")
                continue
            self.receipt.again += len(rows) - 1
            replies.append(rows[0][2])
        return replies


def _add(log: Log, replies: Sequence[Reply], receipt: Receipt, registry: Registry, day: Date) -> None:
    """One event per order and reply, and one for the file."""
    grouped: dict[tuple[str, str, str | None, Date | None, str | None, str | None], list[str]] = {}
    for reply in replies:
        key = (reply.order, reply.code, reply.reason, reply.until, reply.department, reply.name)
        grouped.setdefault(key, []).append(reply.item)
        receipt.orders[reply.order] = receipt.orders.get(reply.order, 0) + 1
    receipt.read = len(replies)
    kinds = registry.workorders.replies
    events = [
        Event(
            date=day,
            kind="REPLY",
            actor=name or "部门",
            order=order,
            reason=reason,
            until=until,
            department=department,
            items=tuple(sorted(items)),
            reply=code,
            effect=kinds[code].effect,
            facts={"file": receipt.sha256},
        )
        for (order, code, reason, until, department, name), items in sorted(grouped.items(), key=str)
    ]
    facts = {"sha256": receipt.sha256, "file": receipt.file, "read": receipt.read, "refused": len(receipt.refused)}
    log.append(
        [*events, Event(date=day, kind="RECEIVE", actor="、".join(sorted(receipt.departments)) or "未知", facts=facts)]
    )


def _write(receipt: Receipt, deployment: Deployment, day: Date) -> Path:
    """The receipt as a text beside the department's workbooks; for a file that is nobody's, in the inbox."""
    owner = next(iter(receipt.departments)) if len(receipt.departments) == 1 else None
    place = folder(deployment, owner) if owner else inbox(deployment)
    target = place / "回执" / f"{day.isoformat()} {receipt.sha256[:12]}.txt"
    for number in range(1, 1000):
        if not target.exists():
            break
        target = target.with_name(f"{day.isoformat()} {receipt.sha256[:12]}-{number}.txt")
    written = files.temporary(target)
    written.write_text(text(receipt), encoding="utf-8-sig")
    return files.put(written, target)


def text(receipt: Receipt) -> str:
    """The receipt in words; no value of a record."""
    lines = [
        f"回执：{receipt.file}",
        f"收下反馈 {receipt.read} 条，未填写 {receipt.empty} 条，重复 {receipt.again} 条，未收 "
        f"{len(receipt.refused)} 处。",
        "反馈不改动数据，也不使工单办结；工单只凭后来的交付办结。"
        if receipt.decided is None
        else f"关联复核结论 {receipt.decided} 条已记入；两位复核人一致的，从下一晚起照此关联。",
        *(f"  工单 {order}：{count} 条" for order, count in sorted(receipt.orders.items())),
    ]
    if receipt.refused:
        lines.append("未收的：")
    for refused in receipt.refused:
        sheet = f"工作表“{refused.sheet}”" if refused.sheet else ""
        row = f"第 {refused.row} 行" if refused.row is not None else ""
        place = sheet + row or "整个文件"
        lines.append(f"  {place}：{refused.reason}")
    return "\n".join(lines) + "\n"


def _date(text: str) -> Date | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return Date(*map(int, match.groups()))
    except ValueError:
        return None
