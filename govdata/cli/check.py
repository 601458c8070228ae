"""``govdata check``: what the night would say of a department's files, before they are sent; ``govdata pack``: the same
for a clerk without network."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import console, known_datasets, load_registry, read_date
from govdata.deployment import Deployment, beijing_today

BLOCKED = 3
MOST = 20
"""Rules that the terminal lists; the workbook has all."""


@app.command(cls=Command)
def check(
    files: Annotated[list[Path], typer.Argument(help="要交付的文件，可以不止一个")],
    dataset: Annotated[str, typer.Option(help="数据集")],
    out: Annotated[Path | None, typer.Option(help="核对结果工作簿；默认写在第一个文件旁边，名称加“-核对结果”")] = None,
    date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="交付日期；默认今天")] = None,
) -> None:
    """送前自检：这些文件今夜会被接收还是阻断，哪些行会被隔离、为什么。

    写一本工作簿：不合格的格标出颜色，批注是原因。不改动文件，不留下任何数据。退出码 0 会被接收，3 会被阻断。
    """
    from govdata import governance

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    known_datasets([dataset], registry)
    target = out or _beside(files[0])
    day = read_date(date) if date else beijing_today()
    with console(stderr=True).status("正在核对"):
        result = governance.check(files, registry.datasets[dataset], registry, deployment, day, target)
    lines = governance.summary(result)
    for rule, rows in result.rules[:MOST]:
        place = result.dataset.column(rule.column).title if rule.column else "整行"
        kind = "隔离" if rule.severity == "error" else "提示"
        lines.append(f"  {rows:>8,} 行  {kind}  {place}：{rule.message}")
    if len(result.rules) > MOST:
        lines.append(f"  还有 {len(result.rules) - MOST} 条规则，见工作簿")
    if target.exists():
        lines.append(f"核对结果：{target}")
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    if not result.accepted:
        raise typer.Exit(BLOCKED)


def _beside(file: Path) -> Path:
    """A name that is free: the clerk mends the file and checks again."""
    names = (f"{file.stem}-核对结果{f'({number})' if number > 1 else ''}.xlsx" for number in count(1))
    return next(path for path in map(file.with_name, names) if not path.exists())


@app.command(cls=Command)
def pack(
    department: Annotated[str, typer.Option(help="部门名称，与合同里的责任部门相同")],
    out: Annotated[Path | None, typer.Option(help="写到哪里；默认 data/reports/自检包-部门.zip")] = None,
    wheels: Annotated[
        Path | None,
        typer.Option(help="放有程序和依赖的 wheel 包的文件夹（pip wheel 生成）", exists=True, file_okay=False),
    ] = None,
) -> None:
    """送前自检包：部门的经办人离线核对自己的文件。里面是该部门的标准、程序和启动文件，没有任何人的数据。"""
    from govdata import governance

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    target = out or deployment.reports / f"自检包-{governance.file_name(department)}.zip"
    made = governance.pack(department, registry, deployment, target, wheels)
    lines = [f"已写入 {made.path}：{'、'.join(dataset.title for dataset in made.datasets)}"]
    if not made.wheels:
        lines.append("没有放进程序（--wheels）：部门的机器上要先装好 govdata")
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
