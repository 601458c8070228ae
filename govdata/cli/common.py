"""What the commands share: the standards of the deployment, the names of its datasets, a console that shows controls as
text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from govdata.deployment import Deployment, iso_date
from govdata.errors import GovdataError

if TYPE_CHECKING:
    from rich.console import Console

    from govdata.standards.model import Registry

RoleName = Annotated[
    str | None, typer.Option("--role", metavar="角色", help="以哪种角色看（standards/roles.yaml），记入查阅台账")
]
Purpose = Annotated[str | None, typer.Option(metavar="用途", help="为什么查阅，记入查阅台账；不要写号码和姓名")]
By = Annotated[str | None, typer.Option(metavar="姓名", help="谁查阅；不写为系统账户")]


def load_registry(deployment: Deployment) -> Registry:
    from govdata import standards

    if not deployment.standards.is_dir():
        raise GovdataError(
            f"{deployment.home} 不是部署目录：没有 standards/。用 GOVDATA_HOME 指定，或先运行 govdata sample --out 目录"
        )
    return standards.load(deployment.standards)


def known_datasets(names: list[str] | None, registry: Registry) -> list[str]:
    for name in names or ():
        if name not in registry.datasets:
            raise GovdataError(f"没有数据集 {name}；已声明的有：{'、'.join(sorted(registry.datasets))}")
    return sorted(set(names)) if names else list(registry.delivered)


def read_date(text: str) -> Date:
    """Raises ``GovdataError`` where ``text`` is no date."""
    date = iso_date(text)
    if date is None:
        raise GovdataError(f"{text} 不是日期，应为 YYYY-MM-DD")
    return date


ROOM_FOR_A_TABLE = 120
"""Columns of a terminal from which on a table with a column of sentences can be read."""


def show_items(terminal: Console, items: Iterable[tuple[str, str]]) -> None:
    """(heading, sentence) each: what is a line of a table on a wide terminal, on a narrow one."""
    from rich.padding import Padding
    from rich.text import Text

    for heading, sentence in items:
        terminal.print(Text(heading, style="bold"))
        terminal.print(Padding(Text(sentence), (0, 0, 0, 2)))


def console(stderr: bool = False, file: TextIO | None = None) -> Console:
    from rich.console import Console

    from govdata.cli.terminal import Quiet

    made = Console(stderr=stderr, file=file)
    made.push_render_hook(Quiet())
    return made
