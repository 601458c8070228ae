"""Deliveries that lie where no night looks are named, with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from govdata.deployment import Deployment, dates_in
from govdata.ingest import misplaced

DATASETS = ("population", "birth")


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("people/2026-11-20/a.csv", ["landing/people 不是任何数据集的名称"]),
        ("populations/2026-11-20/a.csv", ["landing/populations 不是任何数据集的名称，是否为 population"]),
        ("population/20261120/a.csv", ["landing/population/20261120 不是日期，是否为 2026-11-20"]),
        ("population/2026.11.20补报/a.csv", ["landing/population/2026.11.20补报 不是日期，是否为 2026-11-20"]),
        ("population/2026年11月5日/a.csv", ["landing/population/2026年11月5日 不是日期，是否为 2026-11-05"]),
        ("population/2026-W46-7/a.csv", ["landing/population/2026-W46-7 不是日期，是否为 2026-11-15"]),
        ("population/2026-02-30/a.csv", ["landing/population/2026-02-30 不是日期"]),
        ("population/补报/深处/a.csv", ["landing/population/补报 不是日期"]),
        ("population/a.csv", ["landing/population/a.csv 不在日期文件夹里"]),
        ("a.csv", ["landing/a.csv 不在数据集文件夹里"]),
        ("population/2026-11-20/a.csv", []),
        ("population/.tmp/a.csv", []),
    ],
)
def test_what_no_night_reads_is_named(tmp_path: Path, file: str, told: list[str]) -> None:
    deployment = Deployment(tmp_path)
    path = deployment.landing / file
    path.parent.mkdir(parents=True)
    path.write_text("1", encoding="utf-8")

    assert misplaced(deployment, DATASETS) == told


def test_an_empty_folder_is_no_delivery(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    (deployment.landing / "people" / "20261120").mkdir(parents=True)

    assert misplaced(deployment, DATASETS) == []


def test_only_one_way_of_writing_a_date_makes_a_night(tmp_path: Path) -> None:
    for name in ("2026-11-20", "20261121", "2026-W47-6", "2026-11-2", "x"):
        (tmp_path / name).mkdir()
    (tmp_path / "2026-11-23").write_text("", encoding="utf-8")

    assert [str(date) for date in dates_in(tmp_path)] == ["2026-11-20"]
