"""``govdata orders …``: work orders for the engineer and the officer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govdata.cli.app import Command, Group, app
from govdata.cli.common import ROOM_FOR_A_TABLE, console, load_registry, show_items
from govdata.deployment import Deployment, beijing_today
from govdata.errors import GovdataError

if TYPE_CHECKING:
    from rich.table import Table

    from govdata.governance import Order
    from govdata.governance.log import Event, Kind

orders_app = typer.Typer(
    cls=Group, help="问题数据工单：派发、反馈、豁免；办结只凭后来的交付", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(orders_app, name="orders")

Number = Annotated[str, typer.Argument(help="工单编号")]
By = Annotated[str, typer.Option("--by", help="办理人")]
Items = Annotated[list[str] | None, typer.Option("--item", help="只对这个条目（可重复）；默认整张工单")]

_KINDS: dict[str, Kind] = {
    "签收": "SIGN",
    "复核通过": "ACCEPT",
    "退回": "RETURN",
    "驳回": "REFUSE",
    "延期": "EXTEND",
    "挂起": "SUSPEND",
    "恢复": "RESUME",
    "督办": "ESCALATE",
    "作废": "VOID",
}
"""What ``mark`` may be given, as people call it."""


@orders_app.command("list", cls=Command)
def list_orders(
    department: Annotated[str | None, typer.Option(help="只看这个部门的")] = None,
    every: Annotated[bool, typer.Option("--all", help="也列出办结和作废的")] = False,
) -> None:
    """列出工单：先超期的，再按截止日期和优先级。"""
    from govdata.governance import PRIORITY_NAMES, STATE_NAMES, state_of

    today = beijing_today()
    known = [
        order
        for order in state_of(Deployment.from_env()).orders.values()
        if (every or order.is_open) and department in (None, order.department)
    ]
    lines = [
        (
            order.number,
            order.department,
            order.dataset,
            _problem(order),
            f"{len(order.to_mend(today)):,}",
            STATE_NAMES[order.state],
            PRIORITY_NAMES[order.facts["priority"]],
            order.due.isoformat() + ("（超期）" if order.is_open and order.due < today else ""),
        )
        for order in sorted(
            known, key=lambda order: (not order.is_open, order.due, -order.facts["score"], order.number)
        )
    ]
    terminal = console()
    if not lines:
        terminal.print("没有工单")
    elif terminal.width < ROOM_FOR_A_TABLE:
        show_items(
            terminal,
            (
                (f"{number}  {state}  {priority}  {due}", f"{owner}（{dataset}）待整改{count}条：{problem}")
                for number, owner, dataset, problem, count, state, priority, due in lines
            ),
        )
    else:
        terminal.print(_table(lines), markup=False)


def _table(lines: Iterable[tuple[str, ...]]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for title in ("编号", "部门", "数据集", "问题", "待整改", "状态", "优先级", "截止"):
        table.add_column(title, no_wrap=title in ("编号", "截止"), overflow="fold")
    for line in lines:
        table.add_row(*line)
    return table


def _problem(order: Order) -> str:
    said = order.facts["said"]
    return str(order.facts["message"]) + (f"（{said}）" if said else "")


@orders_app.command("show", cls=Command)
def show(number: Number) -> None:
    """一张工单的来历：规则、时限、条目数和全部事件。"""
    from govdata.governance import PRIORITY_NAMES, STATE_NAMES, state_of
    from govdata.governance.log import KIND_NAMES, read

    deployment = Deployment.from_env()
    events = read(deployment)
    order, today = state_of(deployment, events).find(number), beijing_today()
    replies = {code: reply.name for code, reply in load_registry(deployment).workorders.replies.items()}
    facts = order.facts
    waived = len(order.open) - len(order.to_mend(today))
    lines = [
        f"{order.number}  {STATE_NAMES[order.state]}  {PRIORITY_NAMES[facts['priority']]}",
        f"部门：{order.department}" + (f"（派发给 {order.owner}）" if order.owner != order.department else ""),
        f"数据集：{order.dataset}  规则：{order.rule_id}",
        f"问题：{_problem(order)}",
        f"依据：{facts['source'] or '数据集合同'}",
        f"派发：{order.issued}  截止：{order.due}（{facts['limit_source']}，{facts['limit_days']} 个工作日，"
        f"{facts['limit_grade']} 级）",
        f"条目：{len(order.items)} 条；待整改 {len(order.to_mend(today))}，已修正 {len(order.mended)}，"
        f"已消失 {len(order.vanished)}，复审放行 {len(order.released)}，豁免 {waived}；重开 {order.reopened} 次",
        "",
    ]
    for event in events:
        if event.order == number:
            said = "  ".join(filter(None, _parts(event, replies)))
            lines.append(f"{event.date}  {KIND_NAMES[event.kind]}  {event.actor}  {said}".rstrip())
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _parts(event: Event, replies: Mapping[str, str]) -> Iterator[str | None]:
    """What an event says beside its day, kind and actor; ``replies``: code → name."""
    yield replies.get(event.reply, event.reply) if event.reply else None
    yield f"{len(event.items)} 条" if event.items else None
    if event.department:
        yield event.department if event.kind == "ISSUE" else f"转给 {event.department}"
    yield event.reason
    yield f"至 {event.until}" if event.until else None


@orders_app.command("remind", cls=Command)
def remind(number: Number, by: By, reason: Annotated[str | None, typer.Option(help="说明")] = None) -> None:
    """催办：记一次，不改变状态。"""
    _act(number, "REMIND", by, reason=reason)


@orders_app.command("assign", cls=Command)
def assign(
    number: Number,
    department: Annotated[str, typer.Argument(help="转给哪个部门")],
    by: By,
    reason: Annotated[str | None, typer.Option(help="理由")] = None,
) -> None:
    """转派：工单重新待签收，时限重新起算。"""
    _act(number, "TRANSFER", by, department=department, reason=reason)


@orders_app.command("waive", cls=Command)
def waive(
    number: Number,
    reason: Annotated[str, typer.Option(help="理由或依据")],
    by: By,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="到哪一天；默认按 workorders.yaml 的期限")
    ] = None,
    item: Items = None,
) -> None:
    """豁免：确认无误或不再维护的条目不再催办；到期后仍不合格的，工单重开。"""
    _act(number, "WAIVE", by, reason=reason, until=until.date() if until else None, items=item or ())


@orders_app.command("mark", cls=Command)
def mark(
    number: Number,
    what: Annotated[str, typer.Argument(help="、".join(_KINDS))],
    by: By,
    reason: Annotated[str | None, typer.Option(help="理由；退回、驳回、延期、挂起、作废必填")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="延期或挂起到哪一天")] = None,
) -> None:
    """登记其他事件：签收、复核、退回、延期、挂起、作废等。没有一种能使工单办结。"""
    if what not in _KINDS:
        raise GovdataError(f"没有“{what}”；可用：{'、'.join(_KINDS)}")
    _act(number, _KINDS[what], by, reason=reason, until=until.date() if until else None)


@orders_app.command("receive", cls=Command)
def receive(
    file: Annotated[
        Path | None, typer.Argument(help="部门交回的文件；不写则收 data/workorders/inbox/ 里的", exists=True)
    ] = None,
) -> None:
    """收部门交回的工作簿：读能信的行，其余逐行说明原因，写回执。"""
    from govdata import governance
    from govdata.governance.replies import text

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    receipts = (
        [governance.receive(registry, deployment, file)] if file else governance.receive_inbox(registry, deployment)
    )
    if receipts:
        governance.write_tables(deployment, registry)
    terminal = console()
    for receipt in receipts:
        terminal.print(text(receipt), markup=False, highlight=False, soft_wrap=True)
        terminal.print(f"回执：{receipt.path}", markup=False, highlight=False, soft_wrap=True)
    if not receipts:
        terminal.print(
            f"没有要收的文件：{deployment.workorders / 'inbox'}", markup=False, highlight=False, soft_wrap=True
        )


def _act(
    number: str,
    kind: Kind,
    by: str,
    *,
    reason: str | None = None,
    until: Date | None = None,
    department: str | None = None,
    items: list[str] | tuple[str, ...] = (),
) -> Event:
    from govdata import governance
    from govdata.governance.log import KIND_NAMES

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    event = governance.act(
        registry, deployment, number, kind, by, reason=reason, until=until, department=department, items=items
    )
    governance.write_tables(deployment, registry)
    until_text = f"，至 {event.until}" if event.until else ""
    console().print(
        f"已登记：{number} {KIND_NAMES[event.kind]}{until_text}", markup=False, highlight=False, soft_wrap=True
    )
    return event
