"""The Typer application every command is added to, its help pages in Chinese."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_HEADINGS = {"Usage:": "用法：", "Options:": "选项：", "Arguments:": "参数：", "Commands:": "命令："}


def _in_chinese(page: str) -> str:
    """Typer words the headings of a help page itself; they stand at the beginning of a line."""
    lines = page.split("\n")
    for number, line in enumerate(lines):
        for heading, chinese in _HEADINGS.items():
            if line.startswith(heading):
                lines[number] = chinese + line[len(heading) :]
    return "\n".join(lines)


class Command(TyperCommand):
    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示帮助"
        return option

    def get_help(self, ctx: Any) -> str:
        return _in_chinese(super().get_help(ctx))


class Group(TyperGroup):
    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示帮助"
        return option

    def get_help(self, ctx: Any) -> str:
        return _in_chinese(super().get_help(ctx))


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
