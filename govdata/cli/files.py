"""``govdata sample`` and ``govdata inspect``: files that departments deliver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import console
from govdata.deployment import Deployment
from govdata.errors import GovdataError


@app.command(cls=Command)
def sample(
    people: Annotated[int, typer.Option(min=100, help="人数")] = 2000,
    seed: Annotated[int, typer.Option(help="随机种子；相同的种子得到相同的文件")] = 1,
    out: Annotated[Path, typer.Option(help="部署目录；没有 standards/ 时一并放入随附的数据标准")] = Path("sample-city"),
) -> None:
    """生成一座模拟城市的部门交付。

    含已知缺陷和真值表 data/truth.parquet。区划 19xxxx、电话 179 开头，不对应任何真人。
    """
    from govdata.sample import generate, lay_down_standards

    out.mkdir(parents=True, exist_ok=True)
    if not (out / "standards").exists():
        lay_down_standards(out / "standards")
    terminal = console()
    with console(stderr=True).status("正在生成"):
        generate(people, seed, out)
    deployment = Deployment.from_env(out)
    files = [path for path in deployment.landing.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    terminal.print(
        f"已生成 {len(files)} 个交付文件，{size / 1e6:.1f} MB：{deployment.landing}", highlight=False, soft_wrap=True
    )
    terminal.print(f"下一步：{deployment.command('run')}", highlight=False, soft_wrap=True)


@app.command(cls=Command)
def inspect(
    file: Annotated[Path, typer.Argument(help="交付文件", exists=True, dir_okay=False, readable=True)],
    out: Annotated[Path | None, typer.Option(help="把读到的记录另存为 UTF-8 CSV")] = None,
) -> None:
    """看一个文件会被怎样读入，不需要合同。

    显示格式、编码、分隔符、表头行、工作表、列、记录数、拒收的行及原因。
    """
    from govdata import ingest
    from govdata.cli.inspection import show

    if out is not None and out.exists() and out.samefile(file):
        raise GovdataError("不能写到交付文件自身")
    inspection = ingest.inspect(file) if out is None else ingest.write_csv(file, out)
    show(console(), inspection)
    if inspection.misread:
        written = "" if out is None else "，没有写出"
        raise GovdataError(
            f"{file.name}：{inspection.rejected:,} 条记录被拒收，多于读入的 {inspection.records:,} 条{written}；"
            "请按上面的原因改正后再读"
        )
    if out is not None:
        console().print(f"已写入 {out}", highlight=False, soft_wrap=True)
