"""``govdata dictionary``: says what the catalogue shows, as a workbook and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import openpyxl
import pytest
from typer.testing import CliRunner

from govdata.access.dictionary import CODE_FIELDS, COLUMN_FIELDS, TABLE_FIELDS, Dictionary, dictionary
from govdata.cli import app
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.publish import rebuild_catalogue
from govdata.standards import load
from govdata.standards.model import Registry


@pytest.fixture(scope="module")
def committed(repository: Path) -> Registry:
    return load(repository / "standards")


@pytest.fixture(scope="module")
def made(committed: Registry) -> Dictionary:
    return dictionary(committed)


def test_it_has_every_table_and_column_of_the_catalogue(made: Dictionary, committed: Registry, tmp_path: Path) -> None:
    built = rebuild_catalogue(Deployment(tmp_path), committed)
    with duckdb.connect(str(built), read_only=True) as connection:
        views = connection.execute(
            "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal AND schema_name <> 'quarantine'"
        ).fetchall()
        listed = [line["table"] for line in made.tables]
        chinese = [line["chinese_view"] for line in made.tables if line["chinese_view"]]
        assert sorted([*listed, *chinese]) == sorted(name for (name,) in views)
        for line in made.tables:
            table = "codes.*" if line["table"].startswith("codes.") else line["table"]
            columns = [(column["name"], column["type"]) for column in made.columns if column["table"] == table]
            shown = connection.execute(f"DESCRIBE {line['table']}").fetchall()
            assert columns == [(row[0], row[1]) for row in shown], table
            assert line["columns"] == len(columns)
    assert all(column["description"] for column in made.columns)


def test_a_column_tells_its_standard_and_its_codes(made: Dictionary, committed: Registry) -> None:
    (sex,) = [line for line in made.columns if (line["table"], line["name"]) == ("published.population", "sex")]
    assert (sex["title"], sex["code_set"], sex["personal"]) == ("性别", "gbt_2261_1_sex", "个人信息")
    names = {line["code"]: line["name_zh"] for line in made.codes if line["code_set"] == sex["code_set"]}
    assert names["1"] == "男性" and names["2"] == "女性"
    assert len(made.codes) == sum(len(code_set.codes) for code_set in committed.code_sets.values())


def run(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, BaseException | None]:
    monkeypatch.setenv("GOVDATA_HOME", str(home))
    result = CliRunner().invoke(app, ["dictionary", *arguments])
    return result.exit_code, result.output, result.exception


@pytest.mark.slow
def test_the_workbook_says_what_the_json_says(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ending in ("xlsx", "json"):
        code, told, _ = run(repository, monkeypatch, "--out", str(tmp_path / f"字典.{ending}"))
        assert code == 0 and "张表" in told
    kept = json.loads((tmp_path / "字典.json").read_text("utf-8"))
    book = openpyxl.load_workbook(tmp_path / "字典.xlsx", read_only=True)
    assert book.sheetnames == ["表", "列", "代码集", "代码"]
    for sheet, key, fields in (
        ("表", "tables", TABLE_FIELDS),
        ("列", "columns", COLUMN_FIELDS),
        ("代码", "codes", CODE_FIELDS),
    ):
        head, *lines = book[sheet].iter_rows(values_only=True)
        assert list(head) == list(fields.values()) and len(lines) == len(kept[key])
        for line, known in zip(lines, kept[key], strict=True):
            expected = [
                "是" if value is True else None if value in (None, False) else str(value) for value in known.values()
            ]
            assert [value or None for value in line] == [value or None for value in expected]


def test_a_wrong_ending_and_a_file_that_is_there(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, error = run(repository, monkeypatch, "--out", str(tmp_path / "字典.csv"))
    assert code == 1 and isinstance(error, GovdataError) and ".xlsx 或 .json" in str(error)
    (tmp_path / "字典.json").write_text("我的")
    code, _, error = run(repository, monkeypatch, "--out", str(tmp_path / "字典.json"))
    assert code == 1 and isinstance(error, GovdataError) and "不覆盖" in str(error)
    assert (tmp_path / "字典.json").read_text() == "我的"


def test_without_a_file_it_lists_the_tables(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    code, told, _ = run(repository, monkeypatch)
    assert code == 0 and "published.population" in told and "governance.findings" in told
