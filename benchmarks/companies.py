"""What a company register costs as departments really export it: many cells, few values.

    python benchmarks/companies.py [--rows 1000000] [--dir FOLDER]

A public set of three million company records has amounts with their units in the text (5000万元人民币; 3 % of the cells
are distinct), 14,419 dates of establishment, 157 company types and 443 regions; names, codes, addresses and scopes are
nearly all distinct. The rows made here repeat in the same way, in the same ten columns; codes lie in the region block
19xxxx, so none is a real company's. Measured are the stages of one night, each in a process of its own, against the
bare DuckDB copy of the same file.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from night import BARE_COPY, DATE, PRELUDE, STAGE_CODE, measure
from rich.console import Console
from rich.table import Table

from govdata.deployment import Deployment
from govdata.sample import lay_down_standards, lexicon
from govdata.sample.arrow import Column, iso, join, text, words
from govdata.sample.identifiers import organisation_codes, usccs

DATASET = "legal_person"
PIECE = 250_000

AMOUNTS = (0.5, 1, 2, 3, 5, 6, 8, 10, 20, 30, 50, 60, 66, 80, 88, 100, 108, 118, 128, 150, 168, 188, 200, 300, 500, 518,
           600, 666, 800, 888, 1000, 1001, 1008, 1018, 1088, 1500, 2000, 3000, 5000, 10000, 20000, 50000)  # fmt: skip
WRITTEN = ("万元人民币", "万人民币", "万元", "万(元)", "（万元）", "万元整", "万", "万美元", "(万元人民币)", "万港元")
"""How the unit is written behind an amount, the most frequent first."""
TYPES = ("有限责任公司", "有限责任公司(自然人投资或控股)", "有限责任公司（自然人独资）", "个体工商户", "股份有限公司",
         "个人独资企业", "农民专业合作社", "有限合伙企业", "普通合伙企业", "有限责任公司分公司")  # fmt: skip
PROVINCES = ("北京", "江苏省", "广东省", "浙江省", "山东省", "四川省", "湖北省", "河南省", "福建省", "上海市")
LACKING = ("document_no", "market_entity_status")
"""Elements whose columns the sample's contract demands and such exports do not have."""
LENIENT = "          - {property: optional_header, value: true}\n"
DAYS = 14_419
REGIONS = 443


def companies(rows: int, seed: int, first: int = 0) -> pa.Table:
    """``rows`` companies as one delivered piece, all cells text, under the headers of a real export."""
    rng = np.random.default_rng((seed, first))
    serial = np.arange(first, first + rows)
    region = np.full(rows, 190_100) + rng.integers(1, 13, rows)
    _, organisation = organisation_codes(serial, "MA")
    given = [name + end for name in lexicon.TRADE_NAMES for end in ("远", "达", "辰", "拓", "智", "禾", "邦", "亿")]
    trade = join(
        words(list(lexicon.TRADE_NAMES), rng.integers(0, len(lexicon.TRADE_NAMES), rows)),
        words(given, rng.integers(0, len(given), rows)),
    )
    industry = rng.integers(0, len(lexicon.INDUSTRIES), rows)
    kind = join(words([item[1] for item in lexicon.INDUSTRIES], industry))
    streets = rng.integers(0, len(lexicon.STREETS), rows)
    days = np.datetime64("1986-01-01").astype(int) + (DAYS * rng.beta(4, 1.3, rows)).astype(int)
    surnames = [name for name, _ in lexicon.SURNAMES]
    given_name = list(lexicon.MALE_CHARACTERS + lexicon.FEMALE_CHARACTERS)
    return pa.table(
        {
            "企业名称": join("示例市", trade, kind, text(serial % 9973), "号有限公司"),
            "统一社会信用代码": usccs("91", region, organisation),
            "注册日期": iso(days),
            "企业类型": _types(rng, rows),
            "法定代表人": join(
                words(surnames, rng.integers(0, len(surnames), rows)),
                words(given_name, rng.integers(0, len(given_name), rows)),
                words(given_name, rng.integers(0, len(given_name), rows)),
            ),
            "注册资本": _amounts(rng, rows),
            "经营范围": join(kind, "服务；", words(given, rng.integers(0, len(given), rows)), "技术开发、技术咨询（编号", text(rng.integers(0, 2**31, rows)), "）；依法须经批准的项目，经相关部门批准后方可开展经营活动。"),
            "所在省份": words(PROVINCES, rng.integers(0, len(PROVINCES), rows)),
            "登记机关": join("示例市第", text(np.minimum(rng.geometric(0.01, rows), REGIONS)), "市场监督管理局"),
            "注册地址": join("示例市", words(list(lexicon.STREETS), streets), text(rng.integers(1, 2000, rows)), "号", text(rng.integers(100, 3000, rows)), "室"),
        }
    )  # fmt: skip


def _types(rng: np.random.Generator, rows: int) -> Column:
    """157 ways to write ten types, the first by far the most frequent; some are in no list."""
    written = [name + end for end in ("", *(f"(形式{number})" for number in range(15))) for name in TYPES][:157]
    return words(written, np.minimum(rng.geometric(0.15, rows) - 1, len(written) - 1))


def _amounts(rng: np.random.Generator, rows: int) -> Column:
    """Two thirds of the cells round amounts, the others nearly anything: 3 % of three million are distinct."""
    usual = rng.choice(np.array(AMOUNTS), rows, p=_falling(len(AMOUNTS)))
    other = np.round(rng.lognormal(5, 1.5, rows), np.where(rng.random(rows) < 0.7, 0, 1).max())
    other = np.where(rng.random(rows) < 0.8, np.round(other), other)
    number = np.where(rng.random(rows) < 0.67, usual, other)
    shapes = rng.choice(len(WRITTEN), rows, p=_falling(len(WRITTEN)))
    plain = pa.array([f"{value:g}" for value in number])
    return join(plain, words(WRITTEN, shapes))


def _falling(count: int) -> np.ndarray:
    weights = 1 / np.arange(1, count + 1) ** 1.2
    return np.asarray(weights / weights.sum())


def deliver(home: Path, rows: int, seed: int = 1) -> Path:
    """Lay down standards and one delivery of ``rows`` companies; gives the delivered file."""
    deployment = Deployment.from_env(home)
    if not deployment.standards.exists():
        lay_down_standards(deployment.standards)
        contract = deployment.standards / "datasets" / f"{DATASET}.odcs.yaml"
        told = contract.read_text("utf-8")
        for element in LACKING:
            place = f"          - {{property: element, value: {element}}}\n"
            assert place in told, element
            told = told.replace(place, place + LENIENT)
        # An empty status is told and does not hold the row back.
        status = "          - {property: element, value: market_entity_status}\n"
        told = told.replace(
            status, status + "          - {property: overrides, value: {required: {severity: warning}}}\n"
        )
        contract.write_text(told, encoding="utf-8")
    folder = deployment.delivery(DATASET, DATE)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "企业登记信息.csv"
    with pa.OSFile(str(target), "wb") as file:
        for first in range(0, rows, PIECE):
            piece = companies(min(PIECE, rows - first), seed, first)
            options = pa.csv.WriteOptions(include_header=first == 0, quoting_style="needed")
            pa.csv.write_csv(piece, file, options)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dir", type=Path, help="keep the deployment here; default: a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="govdata-bench-") as scratch:
        run(options.rows, options.dir or Path(scratch))


def run(rows: int, home: Path) -> None:
    console = Console()
    with console.status(f"生成 {rows:,} 家企业"):
        file = deliver(home, rows)
    environment = os.environ | {"GOVDATA_HOME": str(home)}
    names = companies(1, 1).column_names
    copy = [sys.executable, "-c", BARE_COPY, str(file), str(home / "bare.parquet"), "\x1f".join(names), str(rows)]
    bare = measure(copy, environment)
    prelude = PRELUDE.replace('"population"', f'"{DATASET}"')
    table = Table(title=f"{rows:,} 家企业，{file.stat().st_size / 1e6:.0f} MB", title_justify="left")
    for column in ("", "CPU 秒", "倍数", "墙钟秒", "峰值 MB"):
        table.add_column(column, justify="left" if column == "" else "right")
    whole = 0.0
    costs = {"裸 COPY csv → parquet": bare}
    for name, code in STAGE_CODE.items():
        with console.status(name):
            costs[name] = measure([sys.executable, "-c", prelude + code, DATE.isoformat()], environment)
        whole += costs[name].cpu
    for name, cost in costs.items():
        table.add_row(name, f"{cost.cpu:.2f}", f"{cost.cpu / bare.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.peak:.0f}")
    table.add_row("四个阶段之和", f"{whole:.2f}", f"{whole / bare.cpu:.2f}", "", "")
    console.print(table)


if __name__ == "__main__":
    main()
