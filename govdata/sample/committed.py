"""The standards that come with the package, for a deployment that has none of its own yet."""

from __future__ import annotations

import shutil
from pathlib import Path

from govdata.errors import GovdataError


def lay_down_standards(target: Path) -> None:
    """Copy the standards that come with the package to ``target``. Raises ``GovdataError`` where the package has
    none."""
    package = Path(__file__).parent.parent
    for source in (package / "_standards", package.parent / "standards"):  # installed wheel, then a checkout
        if source.is_dir():
            shutil.copytree(source, target)
            return
    raise GovdataError("安装包中没有随附的数据标准，请把 standards/ 复制到部署目录")
