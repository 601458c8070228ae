"""``govdata person``, ``company``, ``why``: the file of one person, one organisation, one row on one page; every look
is logged before anything is shown."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import By, Purpose, RoleName, console, load_registry
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage.tables.system_columns import ROW_ID

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from govdata.access.dossier import Dossier
    from govdata.standards.model import Registry
    from govdata.standards.role_settings import Door, Role

_RUN = re.compile(r"[!-~]{8,}")
LONGEST = 24
"""Characters of a master's id."""
STDIN = "-"
MASKED = "查阅（脱敏）"

Asked = Annotated[
    str, typer.Argument(metavar="ID|-", help="主体编号或证件号码；- 从标准输入读一行，号码便不进入命令历史")
]
Row = Annotated[str, typer.Argument(metavar="ROW_ID|-", help=f"行标识：查询结果里的 {ROW_ID}；- 从标准输入读一行")]
Reveal = Annotated[bool, typer.Option("--reveal", help="显示未脱敏的值：角色可看的那些；须写 --role 和 --purpose")]
Html = Annotated[Path | None, typer.Option(metavar="FILE.html", help="另存为可打印的网页，不在终端显示")]


class Found(Protocol):
    """What a command looks up: the page of ``asked``, as ``role`` may see it."""

    __name__: str
    __doc__: str | None

    def __call__(self, deployment: Deployment, registry: Registry, asked: str, role: Role | None) -> Dossier: ...


def _look(door: Door, argument: object) -> Callable[[Found], Found]:
    """Makes a command of what is found, named and told as the function is; all take the same options.

    ``argument``: the annotation of the one argument."""

    def declare(found: Found) -> Found:
        def command(
            asked: str,
            reveal: Reveal = False,
            role: RoleName = None,
            purpose: Purpose = None,
            by: By = None,
            html: Html = None,
        ) -> None:
            look = _Look(door, reveal, role, purpose, by, html)
            look.show(lambda deployment, registry, eyes: found(deployment, registry, _given(asked), eyes))

        command.__annotations__["asked"] = argument
        command.__doc__ = found.__doc__
        app.command(found.__name__, cls=Command)(command)
        return found

    return declare


@_look("person", Asked)
def person(deployment: Deployment, registry: Registry, asked: str, role: Role | None) -> Dossier:
    """一人一档：取用的属性和不一致的来源、各表的提及、经历、关系、工单、标准化改动，在一页上。

    例：echo 190101199003071019 | govdata person -
    """
    from govdata.access.dossier import dossier

    return dossier(deployment, registry, "person", asked, role=role)


@_look("company", Asked)
def company(deployment: Deployment, registry: Registry, asked: str, role: Role | None) -> Dossier:
    """一企一档：同上，ID 为主体编号、统一社会信用代码、组织机构代码、注册号或学校标识码。"""
    from govdata.access.dossier import dossier

    return dossier(deployment, registry, "organisation", asked, role=role)


@_look("why", Row)
def why(deployment: Deployment, registry: Registry, asked: str, role: Role | None) -> Dossier:
    """一行数据的档案：来自哪个文件、为什么隔离或合格、改了什么、归到哪个主体、还有什么问题；逐步的改动见 explain。"""
    from govdata.access.row_dossier import row_dossier

    return row_dossier(deployment, registry, asked, role=role)


def _given(argument: str) -> str:
    """What was asked for; ``-``: the first line of the standard input."""
    text = sys.stdin.readline() if argument == STDIN else argument
    if not text.strip():
        raise GovdataError("没有给出编号：标准输入为空" if argument == STDIN else "没有给出编号")
    return text.strip()


@dataclass(frozen=True)
class _Look:
    """Who looks by which door, and how."""

    door: Door
    reveal: bool
    role: str | None
    purpose: str | None
    by: str | None
    html: Path | None

    def show(self, made: Callable[[Deployment, Registry, Role | None], Dossier]) -> None:
        """Find, log, show: a look that cannot be logged shows nothing."""
        from govdata.access import pages
        from govdata.access.roles import role_of
        from govdata.storage import access_log

        html = self.html
        if html is not None and html.exists():
            raise GovdataError(f"{html} 已经存在，不覆盖")
        if html is not None and not html.absolute().parent.is_dir():
            raise GovdataError(f"文件夹 {html.parent} 不存在")
        deployment = Deployment.from_env()
        registry = load_registry(deployment)
        eyes = role_of(registry, self.role, self.door, reveal=self.reveal, purpose=self.purpose)
        found = made(deployment, registry, eyes)
        reason = (self.purpose or "").strip() or MASKED
        access_log.record(
            deployment,
            "look",
            purpose=reason,
            subjects=[found.subject],
            door=self.door,
            actor=self.by,
            revealed=self.reveal,
            role=self.role,
        )
        if html is None:
            _print(found)
        else:
            printed = pages.Printed(self.by or access_log.account(), reason, datetime.now().astimezone())
            pages.write_page(found, printed, html)
            console().print(f"已写入 {html}", markup=False, highlight=False, soft_wrap=True)


def _print(found: Dossier) -> None:
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    terminal = console()
    terminal.print(Rule(Text(found.title)))
    head = Table.grid(padding=(0, 2))
    for name, text in found.head:
        head.add_row(Text(name, style="bold"), Text(text, overflow="fold"))
    terminal.print(head)
    for section in found.sections:
        terminal.print(Text(f"\n{section.title}", style="bold"))
        if not section.rows:
            terminal.print(Text(f"  {section.empty}", style="dim"))
            continue
        table = Table(box=None, padding=(0, 1), header_style="dim", pad_edge=True)
        widths = [_unbroken(texts) for texts in zip(*section.rows, strict=True)]
        for name, width in zip(section.columns, widths, strict=True):
            table.add_column(Text(name), overflow="fold", no_wrap=width > 0)
        for row in section.rows:
            table.add_row(*(_folded(text, width, terminal) for text, width in zip(row, widths, strict=True)))
        terminal.print(table)
    told = f"按角色“{found.shown_to}”显示，其余已脱敏" if found.shown_to else "已按数据元脱敏"
    more = "" if found.shown_to else "；加 --reveal --role 角色 --purpose 用途 显示角色可看的值"
    terminal.print(Text(f"\n{told}{more}", style="dim"))


def _unbroken(texts: Sequence[str]) -> int:
    """The width of a column in which dates or names of rows and masters stand, which stay whole; 0 of any other."""
    from rich.cells import cell_len

    lines = [line for text in texts for line in text.split("\n") if _RUN.search(line)]
    return min(max(map(cell_len, lines), default=0), LONGEST)


def _folded(text: str, width: int, terminal: Console) -> Text:
    from rich.text import Text

    whole = Text(text, overflow="fold")
    return Text("\n").join(whole.wrap(terminal, width)) if width else whole
