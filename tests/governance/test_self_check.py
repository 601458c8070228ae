"""送前自检: the verdict and the rules are the night's, the workbook shows where and why, and nothing stays."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from govdata import checks, engine, governance, ingest
from govdata.batches import StandardizedBatch, Verdict
from govdata.errors import GovdataError
from govdata.governance import Checked
from tests.governance import fuzzed
from tests.governance.conftest import City

HEADER = "id,name,born,place\n"
GOOD = "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,190102\n"


def checked(city: City, tmp_path: Path, text: str, name: str = "people.csv") -> tuple[Checked, Path]:
    file, out = tmp_path / name, tmp_path / "核对.xlsx"
    file.write_text(text, encoding="utf-8")
    registry = city.registry
    return governance.check([file], registry.datasets["people"], registry, city.deployment, city.day(1), out), out


def test_good_files_are_accepted(city: City, tmp_path: Path) -> None:
    result, out = checked(city, tmp_path, HEADER + GOOD)
    assert result.accepted and (result.delivered, result.clean, result.rules) == (2, 2, ())
    rows = list(openpyxl.load_workbook(out)["记录"].iter_rows(values_only=True))
    assert rows[0] == ("文件和行号", "编号", "文字", "日期", "区划", "结果", "原因")
    assert rows[1] == ("people.csv 第 2 行", "A1", "甲", "1990-01-01", "190101", "合格", "")


def test_bad_cells_are_coloured_and_say_why(city: City, tmp_path: Path) -> None:
    result, out = checked(city, tmp_path, HEADER + GOOD + "错,=1+2,1992-01-01,999999\n" + GOOD.splitlines()[0] + "\n")
    assert result.accepted and (result.clean, result.quarantined, result.duplicates) == (2, 1, 1)
    book = openpyxl.load_workbook(out)
    bad = next(row for row in book["记录"].iter_rows() if row[1].value == "错")
    key, name, _, place, fate, why = bad[1:7]
    assert key.fill.fgColor.rgb == "FFF8CBAD" and place.fill.fgColor.rgb == "FFFFE699"
    assert "编号写法不对" in key.comment.text and "区划不在代码集中" in place.comment.text
    assert fate.value == "会被隔离" and "编号写法不对" in why.value
    assert (name.value, name.data_type) == ("=1+2", "s") and name.comment is None
    fates = [row[5] for row in book["记录"].iter_rows(min_row=2, values_only=True)]
    assert sorted(fates) == ["会被隔离", "合格", "合格", "重复，只留一条"]
    told = [[cell for cell in row if cell] for row in book["结论"].iter_rows(values_only=True)]
    assert told[0] == ["表people（people）：会被接收"] and ["编号", "编号写法不对", 1, "隔离"] in told


def test_records_that_cannot_be_read_are_listed(city: City, tmp_path: Path) -> None:
    text = HEADER + "".join(f"B{n},丁{n},1990-01-01,190101\n" for n in range(40)) + "C1,戊,1990-01-01,190101,多,余\n"
    result, out = checked(city, tmp_path, text)
    assert result.accepted and result.rejected == 1
    (row,) = openpyxl.load_workbook(out)["读不出的记录"].iter_rows(min_row=2, values_only=True)
    assert row[0] == "people.csv 第 42 行" and "字段数" in row[1] and row[2].startswith("C1,戊")


def test_files_that_cannot_be_read_at_all_are_blocked(city: City, tmp_path: Path) -> None:
    result, out = checked(city, tmp_path, "甲,乙\n1,2\n")
    assert not result.accepted and "没有找到表头" in result.reasons[0] and not out.exists()
    result, _ = checked(city, tmp_path, "%PDF-1.7\n", "people.pdf")
    assert not result.accepted


def test_it_is_judged_against_what_was_published(city: City, tmp_path: Path) -> None:
    """A column that came last time is missing now: the night would block it, and so does this."""
    city.deliver("people", city.day(0), HEADER + GOOD)
    published = sorted(city.deployment.published.rglob("*"))
    result, _ = checked(city, tmp_path, "id,name,born\nA1,甲,1990-01-01\n")
    assert not result.accepted and any("place" in reason for reason in result.reasons)
    assert sorted(city.deployment.published.rglob("*")) == published


def test_nothing_stays_in_the_deployment(city: City, tmp_path: Path) -> None:
    before = sorted(city.deployment.home.rglob("*"))
    checked(city, tmp_path / "..", HEADER + "错,甲,1990-01-01,999999\n", "nothing.csv")
    left = set(city.deployment.home.rglob("*")) - set(before)
    assert {path.name for path in left if path.is_file()} <= {"people.csv", "核对.xlsx"}


def test_the_verdict_is_the_night_s(city: City, tmp_path: Path) -> None:
    text = HEADER + GOOD + "错,丙,昨天,999999\n,丁,1992-01-01,190101\nA1,己,1993-01-01,190101\n"
    result, _ = checked(city, tmp_path, text)
    registry, date = city.registry, city.day(1)
    folder = city.deployment.delivery("people", date)
    folder.mkdir(parents=True)
    (folder / "people.csv").write_text(text, encoding="utf-8")
    known = registry.datasets["people"]
    delivery = ingest.receive(city.deployment, known, date)
    assert delivery is not None
    raw = ingest.ingest(delivery, known, registry, city.deployment)
    checks.validate(engine.standardize(raw, known, registry, city.deployment), known, registry, city.deployment)
    batch = StandardizedBatch.read(StandardizedBatch.path(city.deployment, "people", date))
    verdict = Verdict.read(Verdict.path(city.deployment, "people", date))
    assert batch is not None and verdict is not None
    assert {rule.id: count for rule, count in result.rules} == {k: v for k, v in batch.rule_failures.items() if v}
    assert result.accepted == verdict.passed
    assert (result.delivered, result.quarantined, result.clean) == (batch.delivered, batch.quarantined, batch.clean)


def test_the_verdict_on_spoilt_files_is_the_night_s(city: City) -> None:
    """Whatever was done to them: accepted or not, why, which rules, how many. Thousands: tests/governance/fuzzed.py."""
    held = fuzzed.Held(city.deployment)
    for delivered in fuzzed.deliveries(range(20), held):
        assert fuzzed.at_the_desk(held, delivered) == fuzzed.by_night(held, delivered), list(delivered)


def test_nothing_is_overwritten(city: City, tmp_path: Path) -> None:
    checked(city, tmp_path, HEADER + GOOD)
    with pytest.raises(GovdataError, match="已存在"):
        checked(city, tmp_path, HEADER + GOOD)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_converts_the_coloured_workbook(city: City, tmp_path: Path) -> None:
    _, out = checked(city, tmp_path, HEADER + GOOD + "错,丙,昨天,999999\n")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    assert (tmp_path / "核对.pdf").stat().st_size > 5_000
