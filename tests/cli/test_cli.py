"""The command line, as far as one process and no Dagster run can show it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from govdata import standards
from govdata.deployment import Deployment
from tests.cli.conftest import Call


def test_help_is_chinese_and_imports_little(call: Call, tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, "--help")
    assert code == 0 and "用法：" in out and "命令：" in out and "显示帮助" in out and "Options" not in out
    heavy = (
        "import sys, govdata.cli; print([m for m in ('dagster', 'duckdb', 'pydantic', 'rich', 'pandas') if m in "
        "sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_query_imports_no_standards() -> None:
    """Neither where it is asked nor in the process that answers: each would cost it a second."""
    heavy = "import sys, govdata.access, govdata.access.worker; print('govdata.standards' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("command", [[], ["run"], ["standards"], ["orders"], ["sql"]])
def test_help_is_whole_on_every_terminal(call: Call, tmp_path: Path, width: int, command: list[str]) -> None:
    told, wide = (call(tmp_path, *command, "--help", columns=columns)[1] for columns in (width, 100))
    assert max(cell_len(line) for line in told.splitlines()) <= width
    assert "..." not in told.replace("[ARGS]...", "").replace("]...", "")
    assert "".join(told.split()) == "".join(wide.split())


def test_a_folder_without_standards_is_no_deployment(call: Call, tmp_path: Path) -> None:
    code, _, err = call(tmp_path, "run")
    assert code == 1 and "不是部署目录" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--dataset", "nobody"], "没有数据集 nobody"),
        (["run", "--date", "2026-13-01"], "不是日期"),
        (["run", "--date", "20261120"], "不是日期"),
        (["run", "--date", "2999-01-01"], "晚于今天"),
        (["run", "--date", "1999-01-01"], "早于"),
        (["run"], "没有任何交付"),
        (["sql", "SELECT 1"], "还没有目录"),
    ],
)
def test_what_cannot_be_done_is_said_in_chinese(
    call: Call, deployment: Deployment, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVDATA_FIRST_DATE", "2026-01-01")
    code, _, err = call(deployment.home, *arguments)
    assert code == 1 and said in err and "Traceback" not in err


def test_a_malformed_alert_address_is_told_before_anything_runs(
    call: Call, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVDATA_ALERT_WEBHOOK", "alerts.example:80/x")
    code, _, err = call(deployment.home, "run")
    assert code == 1 and "GOVDATA_ALERT_WEBHOOK" in err and "没有任何交付" not in err


def test_a_date_folder_in_the_future_is_passed_over(call: Call, deployment: Deployment) -> None:
    deployment.landing.joinpath("population", "2999-01-01").mkdir(parents=True)
    code, _, err = call(deployment.home, "run")
    assert code == 1 and "跳过：交付日期 2999-01-01 晚于今天" in err and "没有任何交付" in err


@pytest.mark.slow
def test_standards_check_finds_nothing_in_the_repository(call: Call, deployment: Deployment) -> None:
    code, out, _ = call(deployment.home, "standards", "check")
    assert code == 0 and "没有问题" in out, out
    assert "学籍信息（education）的交付期限 06:00 晚于夜间运行 02:00" in out and "（birth）的交付期限" not in out


@pytest.mark.slow
def test_a_check_is_remembered_before_the_first_night_and_leaves_nothing_beside_mere_standards(
    call: Call, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from govdata.engine import examples, trial

    asked: list[str] = []
    monkeypatch.setattr(trial, "_refused", lambda dataset, *_: asked.append(dataset.name))
    monkeypatch.setattr(examples, "_tried", lambda elements, registry, on: [])
    shutil.rmtree(deployment.data, ignore_errors=True)
    call(deployment.home, "standards", "check")
    assert asked and not deployment.data.exists()
    once = list(asked)
    deployment.landing.mkdir(parents=True)
    for _ in range(2):
        assert call(deployment.home, "standards", "check")[0] == 0
    assert asked == once * 2


def test_standards_check_names_file_line_and_problem(call: Call, deployment: Deployment) -> None:
    page = deployment.standards / "datasets" / "birth.odcs.yaml"
    text = page.read_text(encoding="utf-8")
    page.write_text(
        text.replace("value: sex}", "value: sexx}").replace("value: birth_weight}", "value: weigth}"), encoding="utf-8"
    )
    code, out, _ = call(deployment.home, "standards", "check")
    assert code == 1 and "sexx" in out and "weigth" in out
    lines = page.read_text(encoding="utf-8").splitlines()
    place = next(line for line in out.splitlines() if "weigth" in line).split("：")[0].split(" ")[0]
    number = int(place.rpartition(":")[2])
    assert any("birth_weight" in line or "weigth" in line for line in lines[number - 1 : number + 8])


def test_an_unexpected_error_shows_its_places_and_not_its_text(
    call: Call, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from govdata import standards

    secret = "-".join(["190101", "19900101", "9999"])  # not as one literal: source lines are shown

    def broken(_: Path) -> None:
        raise ValueError(secret)

    monkeypatch.setattr(standards, "load", broken)
    monkeypatch.setattr(sys, "tracebacklimit", 0, raising=False)  # as a stage that failed leaves it
    code, out, err = call(deployment.home, "run")
    assert code == 1 and "程序错误 ValueError" in err and "test_cli.py" in err
    assert secret not in out + err


def test_sample_lays_down_standards_and_deliveries(call: Call, tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, "sample", "--people", "200", "--seed", "3", "--out", str(tmp_path / "city"))
    assert code == 0 and "下一步" in out
    assert (tmp_path / "city" / "standards" / "datasets" / "population.odcs.yaml").is_file()
    assert list((tmp_path / "city" / "data" / "landing" / "population").iterdir())
    kept = tmp_path / "city" / "standards" / "mine.txt"
    kept.write_text("x")
    assert call(tmp_path, "sample", "--people", "200", "--seed", "4", "--out", str(tmp_path / "city"))[0] == 0
    assert kept.exists(), "standards that are there stay as they are"


def test_inspect_shows_how_a_file_is_read_and_writes_clean_csv(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("姓名|性别\n张三丰|男\n李四|女\n坏|行|多\n".encode("gb18030"))
    code, out, _ = call(tmp_path, "inspect", str(file), "--out", str(tmp_path / "clean.csv"))
    assert code == 0 and "GB18030" in out and "姓名" in out and "张三丰" not in out
    with open(tmp_path / "clean.csv", encoding="utf-8", newline="") as clean:
        assert list(csv.reader(clean)) == [["姓名", "性别"], ["张三丰", "男"], ["李四", "女"]]
    code, _, err = call(tmp_path, "inspect", str(file), "--out", str(file))
    assert code == 1 and "交付文件自身" in err
    assert file.read_bytes().decode("gb18030").startswith("姓名|性别")
    code, _, err = call(tmp_path, "inspect", str(tmp_path / "none.csv"))
    assert code != 0


def test_inspect_of_very_many_columns_or_sheets_is_one_screen(call: Call, tmp_path: Path) -> None:
    import openpyxl

    wide = tmp_path / "wide.csv"
    wide.write_text(
        "".join(",".join(f"{name}{n}" for n in range(3000)) + "\n" for name in ("列", "值")), encoding="utf-8"
    )
    made = openpyxl.Workbook()
    for month in range(1, 31):
        sheet = made.create_sheet(f"{month}日")
        for row in (["姓名", "性别"], ["张三丰", "男"], ["李四", "女"]):
            sheet.append(row)
    del made["Sheet"]
    made.save(tmp_path / "month.xlsx")
    for file, told in ((wide, "3,000 列"), (tmp_path / "month.xlsx", "30日：2 条")):
        code, out, _ = call(tmp_path, "inspect", str(file))
        assert code == 0 and told in out and len(out.splitlines()) <= 70


@pytest.mark.slow
def test_inspect_as_a_delivery_says_what_would_become_of_it(call: Call, deployment: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    rows = "".join(f"19010119900101{n:04},张三丰,无,甲路{n}号,备\n" for n in range(9))
    file.write_text("公民身份号码,姓名,民族,户籍详细地址,某备注\n" + rows + "坏行\n", encoding="utf-8")
    code, out, err = call(deployment.home, "inspect", str(file), "--dataset", "population")
    assert code == 1 and "拒绝接收" in out and "缺少必需的列" in out and "户籍详细地址" in out
    assert "（没有）" in out and "有值" not in out, "nothing was counted"
    file.write_bytes(b"%PDF-1.7 ")
    code, out, err = call(deployment.home, "inspect", str(file), "--dataset", "population")
    assert code == 1 and "PDF" in out and "（没有）" not in out, "no table of columns of what is none"

    columns = standards.load(deployment.standards).datasets["population"].columns
    cells = {"citizen_id": "190101199001010011", "name": "张三丰", "phone": "无"}
    line = ",".join(cells.get(column.name, "") for column in columns)
    file.write_text(",".join(column.title for column in columns) + f"\n{line}\n", encoding="utf-8")
    code, out, err = call(deployment.home, "inspect", str(file), "--dataset", "population")
    assert code == 0 and "读入这一步没有阻断的理由" in out and "数18" in out and "汉3" in out, out + err
    assert not any(value in out + err for value in ("190101199001010011", "张三丰"))

    file.write_text(",".join(column.title for column in columns) + "\n坏\n行\n", encoding="utf-8")
    code, out, err = call(deployment.home, "inspect", str(file), "--dataset", "population")
    assert code == 1 and "阻断发布" in out and "字段数不符" in out and "拒收的记录多于读入的" in err

    code, _, err = call(deployment.home, "inspect", str(file), "--dataset", "nothing")
    assert code == 1 and "没有数据集 nothing" in err


@pytest.fixture
def catalogue(tmp_path: Path) -> Deployment:
    """A catalogue with one view over one Parquet file, and a secret file beside the deployment."""
    import duckdb

    home = Deployment(tmp_path / "home")
    home.published.mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with duckdb.connect(str(home.catalogue)) as connection:
        connection.execute("CREATE SCHEMA published")
        connection.execute(f"COPY (SELECT i AS n, '甲[red]' AS t FROM range(100) r(i)) TO '{home.published}/x.parquet'")
        connection.execute(f"CREATE VIEW published.x AS SELECT * FROM read_parquet('{home.published}/x.parquet')")
    return home


@pytest.mark.slow
def test_sql_shows_a_table(call: Call, catalogue: Deployment) -> None:
    code, out, _ = call(catalogue.home, "sql", "SELECT count(*) AS n, max(t) AS t FROM published.x")
    assert code == 0 and "100" in out and "甲[red]" in out
    code, out, _ = call(catalogue.home, "sql", "--rows", "5", "SELECT n FROM published.x")
    assert code == 0 and "只显示前 5 行" in out
    code, out, _ = call(catalogue.home, "sql", "--csv", "SELECT n, t FROM published.x ORDER BY n")
    assert code == 0 and len(out.splitlines()) == 101 and out.splitlines()[:2] == ["n,t", "0,甲[red]"]


@pytest.mark.slow
def test_sql_does_not_fold_what_goes_into_a_pipe(catalogue: Deployment) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {
        "GOVDATA_HOME": str(catalogue.home)
    }
    command = [sys.executable, "-m", "govdata", "sql", "SELECT repeat('宽', 200) AS wide FROM published.x LIMIT 1"]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "宽" * 200 in out and len(out.splitlines()) == 6


@pytest.mark.slow
def test_csv_has_a_bom_in_a_file_and_none_in_a_pipe(catalogue: Deployment, tmp_path: Path) -> None:
    environment = os.environ | {"GOVDATA_HOME": str(catalogue.home)}
    command = [sys.executable, "-m", "govdata", "sql", "SELECT '甲' AS \"名\"", "--csv"]
    with open(tmp_path / "a.csv", "wb") as out:
        told = subprocess.run(command, env=environment, stdout=out, stderr=subprocess.PIPE, check=True).stderr
    piped = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert (tmp_path / "a.csv").read_bytes() == "\ufeff名\r\n甲\r\n".encode() and "--xlsx" in told.decode()
    assert piped.stdout == "名\r\n甲\r\n".encode() and piped.stderr == b""


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE y AS SELECT 1",
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO '{published}/y.parquet'",
        "SELECT * FROM read_csv('{outside}/secret.csv')",
        "SELECT * FROM read_text('{outside}/secret.csv')",
        "ATTACH '{outside}/new.duckdb' AS other",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT nonsense FROM published.x",
        "",
    ],
)
def test_sql_reads_and_nothing_else(call: Call, catalogue: Deployment, tmp_path: Path, statement: str) -> None:
    before = sorted(path.name for path in tmp_path.rglob("*"))
    code, out, err = call(catalogue.home, "sql", statement.format(published=catalogue.published, outside=tmp_path))
    assert code == 1 and err.strip() and out == ""
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_a_moved_deployment_answers_after_a_rebuild(call: Call, tmp_path: Path, finished: object) -> None:
    from tests.conftest import Finished

    assert isinstance(finished, Finished)
    home = tmp_path / "elsewhere"
    shutil.copytree(finished.deployment.home, home, ignore=shutil.ignore_patterns(".dagster"))
    Deployment(home).catalogue.unlink()
    assert call(home, "catalogue", "rebuild")[0] == 0
    code, out, _ = call(home, "sql", "--csv", "SELECT count(*) FROM published.population")
    assert code == 0 and int(out.splitlines()[1]) > 1000
