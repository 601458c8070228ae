"""The Typer application every command is added to, its help pages in Chinese."""

from __future__ import annotations

import re
import shutil
import unicodedata
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_HEADINGS = {"Usage:": "用法：", "Options:": "选项：", "Arguments:": "参数：", "Commands:": "命令："}


_WIDEST = 100
"""Columns of a help page at most: longer lines are hard to read."""

_UNFOLDED = 10_000
"""The width that Typer is told. It breaks at spaces, of which Chinese has none, and leaves out what does not fit."""

_PIECES = re.compile(r"[!-~]+ *| +|[（《“]*[^!-~ ][，。；：、）》”]*")
"""What a line is broken between: words, and characters with the punctuation that belongs to them."""

_ORDER = (
    *("sample", "standards", "run", "findings", "explain", "why", "ui", "orders", "report", "rejudge"),
    *("sql", "dictionary", "catalogue", "person", "company", "screen", "prefill", "masters"),
    *("inspect", "check", "pack", "verify", "backup", "restore"),
)
"""Commands as one comes to need them: the night, the analyst, before a delivery is sent, upkeep."""


def _help(page: str) -> str:
    """Typer's page with its headings in Chinese and its lines folded to the terminal."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    lines = []
    for line in page.split("\n"):
        for heading, chinese in _HEADINGS.items():
            if line.startswith(heading):
                line = chinese + line[len(heading) :]
        lines += _folded(line, width)
    return "\n".join(lines)


def _folded(line: str, width: int) -> list[str]:
    """``line`` in lines of at most ``width`` cells; the later ones begin below the text of the first."""
    before = re.match(r"(\s*\S+(?: \S+)*\s{2,}|\s*)", line)
    indent = _cells(before[0]) if before is not None else 0
    lines = [""]
    for piece in _PIECES.findall(line):
        if _cells(lines[-1] + piece.rstrip()) > width and lines[-1].strip():
            lines.append(" " * indent)
        lines[-1] += piece
    return [folded.rstrip() for folded in lines]


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


class Command(TyperCommand):
    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示帮助"
        return option

    def get_help(self, ctx: Any) -> str:
        ctx.terminal_width = _UNFOLDED
        return _help(super().get_help(ctx))


class Group(TyperGroup):
    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示帮助"
        return option

    def get_help(self, ctx: Any) -> str:
        ctx.terminal_width = _UNFOLDED
        return _help(super().get_help(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        known = super().list_commands(ctx)
        return sorted(known, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))


app = typer.Typer(
    cls=Group,
    help="把各部门交付的数据变成可信的表。部署目录由环境变量 GOVDATA_HOME 指定，默认为当前目录。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its help pages cost half a second of imports
)
standards_app = typer.Typer(
    cls=Group, help="数据标准：数据元、代码集、数据集合同", no_args_is_help=True, rich_markup_mode=None
)
catalogue_app = typer.Typer(cls=Group, invoke_without_command=True, rich_markup_mode=None)
app.add_typer(standards_app, name="standards")
app.add_typer(catalogue_app, name="catalogue")
