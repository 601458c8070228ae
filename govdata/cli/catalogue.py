"""``govdata catalogue``: the catalogue of government data as files and pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govdata.cli.app import catalogue_app
from govdata.cli.common import console, load_registry
from govdata.deployment import Deployment


@catalogue_app.callback()
def catalogue(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(metavar="目录", help="写到哪个文件夹；默认 data/reports/catalogue")
    ] = None,
) -> None:
    """政务数据目录：由数据标准和最近一夜的结果生成，可以离线浏览，不含任何一条记录的值。

    写出网页（index.html，可查找）、目录工作簿（目录、信息项）、公共数据资源登记表、JSON、DCAT 3（JSON-LD）和数据字典。
    目录与实际不一致的逐条列出。rebuild 重建的是 DuckDB 目录。
    """
    if context.invoked_subcommand is not None:
        return
    from govdata import reports
    from govdata.access import dictionary

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    target = (out or deployment.reports / "catalogue").absolute()
    made = reports.write_catalogue(registry, deployment, target)
    dictionary.write_dictionary(dictionary.dictionary(registry), target / reports.DICTIONARY)
    lines = [f"已写入 {made.folder}：{made.entries} 个目录条目，{made.pages} 个网页。打开 {made.folder / 'index.html'}"]
    if made.unregistered:
        lines.append(f"没有登记的表：{'、'.join(made.unregistered)}")
    lines += [f"{name}：{remark}" for name, remarks in made.remarks.items() for remark in remarks]
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
