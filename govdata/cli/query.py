"""``govdata sql``: one SELECT over the catalogue."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import console
from govdata.deployment import Deployment


@app.command(cls=Command)
def sql(
    query: Annotated[str | None, typer.Argument(help="一条 SELECT；不写则从标准输入读取")] = None,
    rows: Annotated[int, typer.Option(min=1, help="最多显示的行数")] = 40,
    csv: Annotated[bool, typer.Option("--csv", help="输出 CSV（全部行），便于转存")] = False,
    seconds: Annotated[int | None, typer.Option(min=1, help="最多运行的秒数；默认 600，或环境变量 GOVDATA_QUERY_SECONDS")] = None,
) -> None:
    """在目录上查询（只读，不能访问部署之外的文件）。

    例：govdata sql "SELECT * FROM governance.reconciliation"
    """
    from dataclasses import replace

    from govdata import access as door

    text = query if query is not None else sys.stdin.read()
    limits = door.Limits.from_env()
    if seconds is not None:
        limits = replace(limits, seconds=seconds)
    result = door.select(Deployment.from_env(), text, None if csv else rows, limits)
    if csv:
        door.write_csv(result, sys.stdout)
    else:
        terminal = console()
        if not terminal.is_terminal and not os.environ.get("COLUMNS"):
            terminal.width = 10_000  # in a file or a pipe there is no margin to fold the columns at
        terminal.print(door.as_table(result))
        terminal.print(f"只显示前 {rows} 行" if result.more else f"{len(result.rows)} 行", highlight=False)
