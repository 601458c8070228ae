"""``govdata backup``, ``restore``, ``verify`` and ``catalogue rebuild``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govdata.cli.app import Command, app, catalogue_app
from govdata.cli.common import console, load_registry
from govdata.deployment import Deployment


@app.command(cls=Command)
def backup(file: Annotated[Path, typer.Argument(help="要写的 tar 文件，不能已存在")]) -> None:
    """备份部署：标准、交付、数据湖、已发布的快照、报告。运行中的环节先等它做完，读者不受影响。"""
    from govdata.operations.backup import backup as write

    deployment = Deployment.from_env()
    made = write(deployment, load_registry(deployment), file)
    console().print(
        f"已备份 {made.files} 个文件，{made.bytes / 1e6:.1f} MB：{made.path}", highlight=False, soft_wrap=True
    )


@app.command(cls=Command)
def restore(
    file: Annotated[Path, typer.Argument(help="govdata backup 写的 tar 文件", exists=True, dir_okay=False)],
    to: Annotated[Path, typer.Option("--to", help="恢复到哪个文件夹：不存在或为空")],
) -> None:
    """从备份恢复部署并重建目录；文件逐个核对，损坏的备份不予恢复。"""
    from govdata import publish
    from govdata.operations.backup import restore as read

    made = read(file, to)
    deployment = Deployment.from_env(to)
    publish.rebuild_catalogue(deployment, load_registry(deployment))
    console().print(
        f"已恢复 {made.files} 个文件，{made.bytes / 1e6:.1f} MB：{deployment.home}", highlight=False, soft_wrap=True
    )
    console().print(f"下一步：{deployment.command('run')}", highlight=False, soft_wrap=True)


@catalogue_app.command("rebuild", cls=Command)
def catalogue_rebuild() -> None:
    """仅凭已发布的快照重建目录（部署搬家之后也用它）。"""
    from govdata import publish
    from govdata.operations import run_health

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    run_health.keep(registry, deployment)
    path = publish.rebuild_catalogue(deployment, registry)
    console().print(f"已重建 {path}", highlight=False, soft_wrap=True)


@app.command(cls=Command)
def verify() -> None:
    """逐字节核对已发布的文件与发布时的记录（sha256）。

    内容被改动的文件移开，目录改用未受影响的各期，写告警并给出重做的命令。全部相符返回 0，否则返回 1。
    """
    from govdata.operations import verification

    deployment = Deployment.from_env()
    found = verification.verify(deployment, load_registry(deployment))
    terminal = console()
    for name in found.changed:
        terminal.print(f"内容被改动，已移开：{name}", style="red", markup=False, highlight=False, soft_wrap=True)
    for command in found.commands:
        terminal.print(f"请重新运行：{command}", markup=False, highlight=False, soft_wrap=True)
    terminal.print(f"已核对 {found.files} 个文件（另有 {found.unsealed} 个由旧版本发布，没有记录）", highlight=False)
    if found.commands:
        raise typer.Exit(1)
