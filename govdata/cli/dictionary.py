"""``govdata dictionary``: what tables, columns and codes there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import console, load_registry
from govdata.deployment import Deployment


@app.command(cls=Command)
def dictionary(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.xlsx|FILE.json", help="写入的文件；不写则只列出各表")
    ] = None,
) -> None:
    """数据字典：已发布的表、治理记录和代码集的表、列、类型、标准、敏感级别和代码，由数据标准生成。"""
    from govdata import access
    from govdata.access import dictionary as door
    from govdata.storage import files

    made = door.dictionary(load_registry(Deployment.from_env()))
    if out is None:
        shown = ("table", "title", "columns")
        rows = [[str(value) if (value := line[name]) is not None else "" for name in shown] for line in made.tables]
        console().print(access.as_table(access.Result(("表", "名称", "列数"), rows, more=False)))
        return
    files.demand_new(out)
    door.write_dictionary(made, out)
    counted = f"{len(made.tables)} 张表，{len(made.columns)} 列，{len(made.codes):,} 个代码"
    console().print(f"已写入 {out}：{counted}", highlight=False, soft_wrap=True, markup=False)
