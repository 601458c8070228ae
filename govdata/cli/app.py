"""The Typer application every command is added to, its help pages in Chinese."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_HEADINGS = {"Usage:": "用法：", "Options:": "选项：", "Arguments:": "参数：", "Commands:": "命令："}


_WIDEST = 100
"""Columns of a help page at most: longer lines are hard to read."""

_UNFOLDED = 10_000
"""The width that Typer is told. It breaks at spaces, of which Chinese has none, and leaves out what does not fit."""

_NAMES = 32
"""Columns of the names in a list at most: a longer one pushes only its own text aside."""

_PIECES = re.compile(r"[!-~]+ *| +|[（《“]*[^!-~ ][，。；：、）》”]*")
"""What a line is broken between: words, and characters with the punctuation that belongs to them."""

_ORDER = (
    *("sample", "standards", "run", "findings", "explain", "why", "ui", "orders", "report", "rejudge"),
    *("sql", "dictionary", "catalogue", "person", "company", "screen", "prefill", "masters"),
    *("inspect", "check", "pack", "verify", "backup", "restore"),
)
"""Commands as one comes to need them: the night, the analyst, before a delivery is sent, upkeep."""


_WORDS = (
    (r"\[required\]", "[必填]"),
    (r"\[default: ([^;\]]+)(?:; [^\]]*)?\]", r"[默认 \1]"),
    (r"\[x>=(\d+)\]", r"[至少 \1]"),
    (r"<(?:str|list\[str\])>", "<文字>"),
    (r"<int(?: range)?>", "<整数>"),
    (r"<(?:path|file|list\[Path\])>", "<文件>"),
    (r"<dir>", "<目录>"),
    (r"<%Y-%m-%d>", "<年-月-日>"),
    (r"\[OPTIONS\]", "[选项]"),
    (r"COMMAND \[ARGS\]\.\.\.", "命令 …"),
)
"""Typer's words for what an argument may be."""

_ENTRY = re.compile(r"(  \S+(?: \S+)*) {2,}(\S.*)")
"""A line of a list of options or commands: its name and what it is."""


def in_chinese(text: str) -> str:
    """Typer words the headings and the kinds of arguments itself; headings stand at the beginning of a line."""
    for heading, chinese in _HEADINGS.items():
        text = re.sub(rf"^{heading}", chinese, text, flags=re.MULTILINE)
    for words, chinese in _WORDS:
        text = re.sub(words, chinese, text)
    return text


def _help(page: str) -> str:
    """Typer's page in Chinese, its lists aligned and its lines folded to the terminal."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    sections = re.split(r"\n(?=\S)", in_chinese(page))
    return "\n".join(line for section in sections for line in _laid_out(section.split("\n"), width))


def _laid_out(section: list[str], width: int) -> Iterator[str]:
    from rich.cells import cell_len

    entries = [_ENTRY.fullmatch(line) for line in section]
    column = max((cell_len(entry[1]) for entry in entries if entry and cell_len(entry[1]) <= _NAMES), default=0) + 2
    for line, entry in zip(section, entries, strict=True):
        if entry is None:
            yield from _folded(line, width)
        else:
            gap = " " * max(column - cell_len(entry[1]), 2)
            yield from _folded(entry[1] + gap + entry[2], width)


def _folded(line: str, width: int) -> list[str]:
    """``line`` in lines of at most ``width`` cells; the later ones begin below the text of the first."""
    from rich.cells import cell_len

    before = re.match(r"(\s*\S+(?: \S+)*\s{2,}|\s*)", line)
    indent = cell_len(before[0]) if before is not None else 0
    lines = [""]
    for piece in _PIECES.findall(line):
        if cell_len(lines[-1] + piece.rstrip()) > width and lines[-1].strip():
            lines.append(" " * indent)
        lines[-1] += piece
    return [folded.rstrip() for folded in lines]


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
