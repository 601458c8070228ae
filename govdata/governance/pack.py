"""送前自检包: one zip with which a department's clerk judges its files before they are sent, offline.

Inside are the standards of the department's own datasets, the program as wheels, and one start script a dataset for
Windows and Linux: a file dropped on it comes back as a workbook (``self_check``). No record of anybody is inside.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from govdata import standards
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.standards.model import Dataset, Registry
from govdata.storage import files

FOLDERS = ("elements", "codes")
"""Of the standards: what every dataset is made of. Rules across tables need other departments' tables and stay out."""

_WHEEL = re.compile(r"(?P<name>[A-Za-z0-9_.]+)-[^-]+(-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_DAY = (1980, 1, 1, 0, 0, 0)
"""Time of every entry, so that the same standards give the same pack."""


@dataclass(frozen=True)
class Packed:
    """``wheels``: how many came along; none: the clerk's machine must have the program."""

    path: Path
    datasets: tuple[Dataset, ...]
    wheels: int


def pack(department: str, registry: Registry, deployment: Deployment, target: Path, wheels: Path | None) -> Packed:
    """Write the department's pack to ``target``. ``wheels``: a folder with the program and all it needs for the
    clerk's platform, as ``pip wheel`` or ``pip download`` fill it. Raises ``GovdataError`` where the department
    delivers nothing, the wheels lack the program, or ``target`` is there."""
    delivered = [registry.datasets[name] for name in registry.delivered]
    datasets = tuple(dataset for dataset in delivered if dataset.owner == department)
    if not datasets:
        owners = sorted({dataset.owner for dataset in delivered})
        raise GovdataError(f"没有部门“{department}”交付的数据集；有：{'、'.join(owners)}")
    files.demand_new(target)
    found = _wheels(wheels) if wheels is not None else []
    written = files.temporary(target)
    try:
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in _entries(datasets, deployment, bool(found)):
                entry = zipfile.ZipInfo(name, _DAY)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
                archive.writestr(entry, content)
            for wheel in found:
                archive.write(wheel, f"wheels/{wheel.name}", zipfile.ZIP_STORED)
        _try(written, datasets, deployment)
        files.put(written, target)
    finally:
        written.unlink(missing_ok=True)
    return Packed(target, datasets, len(found))


def _wheels(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*.whl") if _WHEEL.fullmatch(path.name))
    names = {path.name.split("-")[0].lower() for path in found}
    if "govdata" not in names:
        raise GovdataError(f"{folder} 里没有 govdata 的 wheel 包：先用 pip wheel 把程序和它的依赖放进去")
    return found


def _try(path: Path, datasets: Sequence[Dataset], deployment: Deployment) -> None:
    """The standards inside stand by themselves and are the bureau's, to the letter."""
    with files.scratch(deployment, "pack") as folder, zipfile.ZipFile(path) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith("standards/")])
        read = standards.load(folder / "standards")
        for dataset in datasets:
            if read.datasets.get(dataset.name) != dataset:
                raise GovdataError(f"自检包里的标准与 {dataset.name} 的不一致，没有写出")


def _entries(datasets: Sequence[Dataset], deployment: Deployment, alone: bool) -> Iterator[tuple[str, bytes]]:
    root = deployment.standards
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield f"standards/{path.relative_to(root).as_posix()}", path.read_bytes()
    for dataset in datasets:
        yield f"standards/{dataset.file}", (root / dataset.file).read_bytes()
    for dataset in datasets:
        title = re.sub(r'[\\/:*?"<>|%&^!\s]', "", dataset.title) or dataset.name
        yield f"自检-{title}.bat", _windows(dataset, alone).replace("\n", "\r\n").encode("gb18030")
        yield f"自检-{title}.sh", _linux(dataset, alone).encode()
    yield "说明.txt", ("\ufeff" + _words(datasets, alone)).replace("\n", "\r\n").encode()


def _windows(dataset: Dataset, alone: bool) -> str:
    install = """if not exist "%~dp0program\\Scripts\\govdata.exe" (
  echo 第一次使用，正在安装，约一两分钟……
  py -3 -m venv "%~dp0program" || python -m venv "%~dp0program" || goto failed
  set "PIP_NO_INDEX=1"
  "%~dp0program\\Scripts\\python.exe" -m pip install --quiet --find-links "%~dp0wheels" govdata || goto failed
)
set "PATH=%~dp0program\\Scripts;%PATH%"
"""
    return f"""@echo off
chcp 936 >nul
if "%~1"=="" (
  echo 请把要交付的{dataset.title}文件拖到本文件上。
  pause
  exit /b 2
)
{install if alone else ""}set "GOVDATA_HOME=%~dp0."
set "PYTHONIOENCODING=gbk:replace"
govdata check %* --dataset {dataset.name}
set "result=%errorlevel%"
pause
exit /b %result%
:failed
echo 安装没有成功：需要 Python 3.11 以上，请与数据局联系。
pause
exit /b 1
"""


def _linux(dataset: Dataset, alone: bool) -> str:
    install = """if [ ! -x "$here/program/bin/govdata" ]; then
  echo "第一次使用，正在安装，约一两分钟……"
  python3 -m venv "$here/program"
  "$here/program/bin/python" -m pip install --quiet --no-index --find-links "$here/wheels" govdata
fi
PATH="$here/program/bin:$PATH"
"""
    return f"""#!/bin/sh
set -eu
if [ $# -eq 0 ]; then
  echo "用法：$0 要交付的{dataset.title}文件" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
{install if alone else ""}GOVDATA_HOME="$here" exec govdata check "$@" --dataset {dataset.name}
"""


def _words(datasets: Sequence[Dataset], alone: bool) -> str:
    listed = "\n".join(f"  {dataset.title}：自检-{dataset.title}.bat（Linux：.sh）" for dataset in datasets)
    needs = "需要 Python 3.11 以上，不需要联网。" if alone else "需要已经装好 govdata 的机器，不需要联网。"
    return f"""数据交付送前自检包（{datasets[0].owner}）

把要交付的文件拖到对应的启动文件上：
{listed}

结果：
  “会被接收”或“会被阻断”，以及原因；
  文件旁边多出一本“-核对结果.xlsx”：红色的格所在的行会被隔离，黄色的格照常发布但请核对，批注和最后一列是原因。

{needs}自检不改动您的文件，不上传，不留存任何数据。标准有更新时，请向数据局要新的自检包。
与历次交付相比的检查（数量变动、少了列）只有数据局接收时才能做，这里不做。
"""
