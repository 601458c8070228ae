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
    nights: Annotated[
        int | None,
        typer.Option(
            min=1, help="模拟连续若干夜：三个数据集逐夜交付，部门改好大部分问题，有的又出错；真相在 quarter.parquet"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="部署目录；没有 standards/ 时一并放入随附的数据标准")] = Path("sample-city"),
) -> None:
    """生成一座模拟城市的部门交付。

    含已知缺陷和真值表 data/truth.parquet。区划 19xxxx、电话 179 开头，不对应任何真人。
    """
    from govdata.sample import generate, lay_down_standards, quarter

    out.mkdir(parents=True, exist_ok=True)
    if not (out / "standards").exists():
        lay_down_standards(out / "standards")
    terminal = console()
    with console(stderr=True).status("正在生成"):
        if nights is None:
            generate(people, seed, out)
        else:
            quarter(people, seed, out, nights)
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
    names: Annotated[bool, typer.Option("--names", help="文件没有表头时，另存的 CSV 写上列1、列2…")] = False,
    dataset: Annotated[str | None, typer.Option(help="当作这个数据集的交付来看：表头对应哪一列，今晚会怎样")] = None,
) -> None:
    """看一个文件会被怎样读入。

    不给 --dataset 时不需要合同：显示格式、编码、分隔符、表头行、工作表、列、记录数、拒收的行及原因。
    给了则按合同来读：表头对应的列、合同外的列、缺的列、空值词、值的样子（遮盖）、拒收和留在一边的原因，以及今晚会怎样。
    """
    from govdata import ingest
    from govdata.cli.inspection import show

    if dataset is not None:
        if out is not None:
            raise GovdataError("--out 和 --dataset 不能一起用：按合同读的记录由每晚的运行写出")
        _inspect_as(file, dataset)
        return
    if out is not None and out.exists() and out.samefile(file):
        raise GovdataError("不能写到交付文件自身")
    inspection = ingest.inspect(file) if out is None else ingest.write_csv(file, out, names=names)
    show(console(), inspection)
    if inspection.misread:
        written = "" if out is None else "，没有写出"
        raise GovdataError(
            f"{file.name}：{inspection.rejected:,} 条记录被拒收，多于读入的 {inspection.records:,} 条{written}；"
            "请按上面的原因改正后再读"
        )
    if out is not None:
        bare = (
            ""
            if inspection.headed or names
            else "（文件没有表头，写出的第一行就是记录；要写上列1、列2…，请加 --names）"
        )
        console().print(f"已写入 {out}{bare}", highlight=False, soft_wrap=True)


def _inspect_as(file: Path, name: str) -> None:
    """Raises ``GovdataError`` (exit 1) where the file cannot be read as a delivery, or most of it was rejected."""
    from govdata import ingest
    from govdata.checks import tonight
    from govdata.cli.common import known_datasets, load_registry
    from govdata.cli.inspection import show_trial
    from govdata.deployment import beijing_today

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    dataset = registry.datasets[known_datasets([name], registry)[0]]
    found = ingest.trial(file, dataset, registry, beijing_today())
    outcomes = () if found.problems else tonight.of_reading(found.raw, dataset, deployment, found.filled)
    show_trial(console(), found, dataset, outcomes)
    if found.problems:
        raise GovdataError(f"{file.name} 不能作为“{dataset.title}”接收，原因见上")
    if found.misread:
        raise GovdataError(f"{file.name}：拒收的记录多于读入的，请按上面的原因改正后再读")
