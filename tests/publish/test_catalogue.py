"""What analysts find in the catalogue, from anywhere, while it is being replaced, and after the deployment was
moved."""

from __future__ import annotations

import shutil
import threading
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from govdata.batches import LedgerColumn, LedgerStep, Snapshot
from govdata.deployment import Deployment
from govdata.publish import merge
from govdata.storage import sql
from tests.publish.nights import City, person, registry, shop

DAY = [Date(2026, 3, 1) + timedelta(days=day) for day in range(10)]
TRACE = ["_row_id", "_source_file", "_source_row", "_delivery_date"]
CONTRACT = ["citizen_id", "name", "sex", "birth_date", "amount", "change_kind"]


@pytest.fixture(autouse=True)
def _never_compacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tables are so small that any change would have them compacted: the views are to be tried with hidden
    rows."""
    monkeypatch.setattr(merge, "MAX_HIDDEN", 1.1)


def describe(city: City, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in city.query(f"DESCRIBE {table}")}


@pytest.fixture
def two_nights(city: City) -> City:
    city.night(
        "people", DAY[0], [person(1), person(2)], mode="snapshot", quarantined=[person(3), person(4)], warned=[1]
    )
    city.night(
        "people",
        DAY[1],
        [person(2, "李四", "U"), person(5)],
        quarantined=[person(6)],
        repaired={0: " 李四"},
        warned=[0],
    )
    return city


def test_published(two_nights: City) -> None:
    columns = describe(two_nights, "published.people")
    assert list(columns) == [*CONTRACT, *TRACE, "_warnings", "_unparsed"]
    assert (
        columns["birth_date"] == "DATE" and columns["amount"] == "DECIMAL(24,2)" and columns["_warnings"] == "VARCHAR[]"
    )
    assert two_nights.query(
        "SELECT right(citizen_id, 1), name, _delivery_date, _warnings FROM published.people ORDER BY 1"
    ) == [
        ("1", "张三", DAY[0], None),
        ("2", "李四", DAY[1], ["name.form"]),
        ("5", "张三", DAY[1], None),
    ]


def test_comments(two_nights: City) -> None:
    tables = dict(
        two_nights.query("SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal")
    )
    assert tables["published.people"].startswith("人员（市公安局；测试）") and "3 行" in tables["published.people"]
    assert tables["codes.sex"] == "性别（GB/T 2261.1 2003）"
    columns = two_nights.query(
        "SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = 'published' AND table_name = 'people'"
    )
    comments = dict(columns)
    assert comments["citizen_id"] == "公民身份号码；标准：GB 11643-1999 4；敏感级别：3级，敏感个人信息"
    assert comments["sex"] == "性别；代码集：codes.sex；敏感级别：2级，个人信息"
    assert "单位：元" in comments["amount"] and all(comments.values())


def test_a_file_that_calls_a_column_by_its_former_name_is_read(two_nights: City) -> None:
    kept = two_nights.deployment.governance / "rule_results" / "people"
    older, newer = (pq.read_table(kept / f"{day.isoformat()}.parquet") for day in DAY[:2])
    assert "column" in older.column_names  # as versions before wrote it
    names = ["column_name" if name == "column" else name for name in newer.column_names]
    pq.write_table(newer.rename_columns(names), kept / f"{DAY[1].isoformat()}.parquet")
    two_nights.rebuild()
    columns = two_nights.query(
        "SELECT date, list(DISTINCT column_name ORDER BY column_name) FROM "
        "governance.rule_results GROUP BY 1 ORDER BY 1"
    )
    assert [date for date, _ in columns] == DAY[:2] and columns[0][1] == columns[1][1] and "name" in columns[0][1]


def test_files_of_a_version_that_did_not_keep_a_column_yet_are_read(two_nights: City) -> None:
    kept = two_nights.deployment.governance / "rule_results" / "people"
    for path in kept.glob("*.parquet"):
        pq.write_table(pq.read_table(path).drop_columns(["indicator"]), path)
    two_nights.rebuild()
    counts = two_nights.query("SELECT count(*) > 0, count(indicator) FROM governance.rule_results")
    assert counts == [(True, 0)]


def test_quarantine_holds_all_nights(two_nights: City) -> None:
    assert list(describe(two_nights, "quarantine.people")) == [
        *CONTRACT,
        *TRACE,
        "failed_rules",
        "_warnings",
        "_unparsed",
    ]
    assert two_nights.query(
        "SELECT _delivery_date, count(*), any_value(failed_rules) FROM quarantine.people GROUP BY 1 ORDER BY 1"
    ) == [
        (DAY[0], 2, ["citizen_id.format", "primary_key_unique"]),
        (DAY[1], 1, ["citizen_id.format", "primary_key_unique"]),
    ]


def test_governance(two_nights: City) -> None:
    places = "_delivery_date, _source_file, _source_row"
    query = two_nights.query
    assert query(f"SELECT dataset, column_name, before, after, rule, {places} FROM governance.repairs") == [
        ("people", "name", " 李四", "李四", "strip", DAY[1], "people.csv", 2)
    ]
    row = query("SELECT _row_id FROM governance.repairs")[0][0]
    assert query(f"SELECT * FROM governance.people_repairs('{row}')") == query("SELECT * FROM governance.repairs")
    assert (
        query(f"SELECT * FROM governance.people_repairs('{row}0')") == query("FROM governance.shops_repairs('')") == []
    )
    assert query("SELECT * FROM governance.repair_counts") == [(DAY[1], "people", "name", 1)]
    assert query("SELECT * FROM governance.repair_steps") == [(DAY[1], "people", "name", "strip", 1)]
    assert query("SELECT * FROM governance.reconciliation ORDER BY date") == [
        (DAY[0], "people", 6, 1, 1, 2, 2, 2, None),
        (DAY[1], "people", 5, 1, 1, 1, 2, 3, None),
    ]
    assert list(describe(two_nights, "governance.rule_results"))[:7] == [
        "date",
        "dataset",
        "rule_id",
        "dimension",
        "severity",
        "checked",
        "failed",
    ]
    assert query("SELECT count(*), count(DISTINCT date) FROM governance.rule_results") == [(6, 2)]
    assert query("SELECT dataset, _delivery_date, reason, content FROM governance.rejected ORDER BY 2") == [
        ("people", DAY[0], "列数不符", "x"),
        ("people", DAY[1], "列数不符", "x"),
    ]
    assert query("SELECT count(*) FROM governance.duplicates WHERE kept_row_id <> _row_id") == [(2,)]
    assert query("SELECT date, rows, current, complete, hidden_rows FROM governance.snapshots ORDER BY date") == [
        (DAY[0], 2, False, True, 0),
        (DAY[1], 3, True, True, 1),
    ]


def test_findings(two_nights: City) -> None:
    found = two_nights.query(
        "SELECT date, rule_id, severity, column_name, message, count(*) FROM governance.findings GROUP BY ALL ORDER "
        "BY ALL"
    )
    form, format_ = "name.form 不合规", "citizen_id.format 不合规"
    assert found == [
        (DAY[0], "citizen_id.format", "error", "citizen_id", format_, 2),
        (DAY[0], "name.form", "warning", "name", form, 1),
        (DAY[0], "primary_key_unique", "error", None, "primary_key_unique 不合规", 2),
        (DAY[1], "citizen_id.format", "error", "citizen_id", format_, 1),
        (DAY[1], "name.form", "warning", "name", form, 1),
        (DAY[1], "primary_key_unique", "error", None, "primary_key_unique 不合规", 1),
    ]


def test_same_file_delivered_on_two_days(city: City) -> None:
    """Row ids are then the same on both days: the ledger must not mix them."""
    for day in DAY[:2]:
        city.night("shops", day, [shop(1, "甲店")], repaired={0: "甲店 "})
    assert city.query("SELECT _delivery_date, before FROM governance.repairs ORDER BY 1") == [
        (DAY[0], "甲店 "),
        (DAY[1], "甲店 "),
    ]


def test_broken_ledger_takes_nothing_else_down(city: City, caplog: pytest.LogCaptureFixture) -> None:
    batch = city.deliver("shops", DAY[0], [shop(1)], repaired={0: "x"})
    batch.model_copy(update={"ledger_sql": "SELECT nothing FROM {raw} AS r, {standardized} AS s"}).write(
        batch.path(city.deployment, "shops", DAY[0])
    )
    city.night("people", DAY[0], [person(1)], mode="snapshot", repaired={0: " 张三"})
    assert city.query("SELECT dataset FROM governance.repairs") == [("people",)]
    assert "1 组修复台账查询无法编译，目录中不列它们：shops 2026-03-01" in caplog.text


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM {raw} AS r, {standardized} AS s, read_csv('/etc/passwd') AS p",
        "SELECT * FROM {raw} AS r, '/etc/passwd.csv' AS p",
        "SELECT * FROM {raw} AS r WHERE EXISTS (FROM enable_logging())",
        "WITH x AS (COPY (SELECT 1) TO '/tmp/x.csv') SELECT * FROM {raw} AS r",
        "SELECT 1; DROP TABLE x",
    ],
)
def test_a_ledger_of_an_older_version_reads_its_own_rows_and_nothing_else(
    city: City, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It stands in the manifest as a query; a manifest may come out of somebody's backup."""
    batch = city.deliver("shops", DAY[0], [shop(1)], repaired={0: "x"})
    batch.model_copy(update={"ledger_sql": query}).write(batch.path(city.deployment, "shops", DAY[0]))
    city.night("people", DAY[0], [person(1)], mode="snapshot", repaired={0: " 张三"})
    assert city.query("SELECT dataset FROM governance.repairs") == [("people",)]
    assert "shops 2026-03-01 的修复台账无法编译" in caplog.text


def test_a_ledger_with_a_step_there_is_no_more_takes_nothing_else_down(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    batch = city.deliver("shops", DAY[0], [shop(1)], repaired={0: "x"})
    gone = LedgerColumn(
        name="name", steps=(LedgerStep(name="no_such_step"),), typing="null_tokens", inferred="null_tokens"
    )
    batch.model_copy(update={"ledger": (gone,), "ledger_sql": ""}).write(batch.path(city.deployment, "shops", DAY[0]))
    city.night("people", DAY[0], [person(1)], mode="snapshot", repaired={0: " 张三"})
    assert city.query("SELECT dataset FROM governance.repairs") == [("people",)]
    assert "shops 2026-03-01 的修复台账无法编译（KeyError）" in caplog.text


def test_codes(city: City) -> None:
    city.rebuild()
    assert city.query("SELECT code, name_zh, current FROM codes.sex ORDER BY code") == [
        ("1", "男性", True),
        ("2", "女性", True),
        ("9", "旧码", False),
    ]


def test_empty_deployment_is_typed(city: City) -> None:
    city.rebuild()
    assert describe(city, "published.people")["amount"] == "DECIMAL(24,2)"
    for table in ("published.people", "quarantine.people", "published.shops"):
        assert city.query(f"SELECT count(*) FROM {table}") == [(0,)]
    for table in ("repairs", "rule_results", "reconciliation", "rejected", "duplicates", "snapshots", "findings"):
        assert city.query(f"SELECT count(*) FROM governance.{table}") == [(0,)]
    assert describe(city, "governance.reconciliation")["published"] == "BIGINT"


@pytest.mark.slow
def test_at_a_date(city: City) -> None:
    for day in (0, 3, 6):
        city.night("shops", DAY[day], [shop(n) for n in range(day + 1)])
    counts = [city.query(f"SELECT count(*) FROM published.shops_at('{DAY[day]}')")[0][0] for day in range(8)]
    assert counts == [1, 1, 1, 4, 4, 4, 7, 7]
    assert city.query("SELECT count(*) FROM published.shops_at(DATE '2020-01-01')") == [(0,)]


def test_older_standards_in_quarantine(city: City) -> None:
    """A column that is new is NULL in old nights, one that is gone keeps what old nights have in it."""
    city.registry = registry(people_columns=("citizen_id", "name", "change_kind"))
    city.night("people", DAY[0], [person(1)], mode="snapshot", quarantined=[person(2)])
    city.registry = registry(people_columns=("citizen_id", "birth_date", "change_kind"))
    city.night("people", DAY[1], [person(3)], mode="snapshot", quarantined=[person(4)])
    assert city.query("SELECT birth_date IS NULL FROM quarantine.people ORDER BY _delivery_date") == [(True,), (False,)]
    assert city.query("SELECT name IS NULL FROM quarantine.people ORDER BY _delivery_date") == [(False,), (True,)]


def test_any_working_directory_and_moved(two_nights: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir("/")
    before = {
        table: two_nights.query(f"SELECT * FROM {table} ORDER BY ALL")
        for table in ("published.people", "governance.findings")
    }
    moved = City(Deployment(tmp_path / "moved"), two_nights.registry)
    shutil.move(two_nights.deployment.home, moved.deployment.home)
    moved.deployment.catalogue.unlink()
    moved.rebuild()
    assert {table: moved.query(f"SELECT * FROM {table} ORDER BY ALL") for table in before} == before


def test_from_snapshots_alone(two_nights: City) -> None:
    """Without lake and without the old catalogue the published tables and the history of quality are there."""
    before = two_nights.query("SELECT * FROM published.people ORDER BY ALL")
    shutil.rmtree(two_nights.deployment.data / "lake")
    two_nights.deployment.catalogue.unlink()
    two_nights.rebuild()
    assert two_nights.query("SELECT * FROM published.people ORDER BY ALL") == before
    assert two_nights.query("SELECT count(*) FROM governance.reconciliation") == [(2,)]
    assert two_nights.query("SELECT count(*) FROM quarantine.people") == [(0,)]


def test_damaged_snapshot_is_passed_over(two_nights: City, caplog: pytest.LogCaptureFixture) -> None:
    snapshot = Snapshot.read(Snapshot.path(two_nights.deployment, "people", DAY[1]))
    assert snapshot is not None
    two_nights.deployment.absolute(snapshot.files[-1]).unlink()
    two_nights.rebuild()
    assert two_nights.query("SELECT count(*) FROM published.people") == [(2,)]
    assert two_nights.query("SELECT date FROM governance.snapshots WHERE NOT complete") == [(DAY[1],)]
    assert "文件不全" in caplog.text


def test_stage_that_runs_again_does_not_break_readers(two_nights: City) -> None:
    """A query on the catalogue of the night before works while the lake's files are being replaced."""
    with duckdb.connect(":memory:") as reader:
        reader.execute(f"ATTACH {sql.text(str(two_nights.deployment.catalogue))} AS c (READ_ONLY)")
        two_nights.deliver("people", DAY[1], [person(7)], quarantined=[person(8), person(9)])
        assert reader.execute("SELECT count(*) FROM c.quarantine.people").fetchall() == [(3,)]
        assert reader.execute("SELECT count(*) FROM c.governance.repairs").fetchall() == [(1,)]
        two_nights.rebuild()
        assert reader.execute("SELECT count(*) FROM c.quarantine.people").fetchall() == [(3,)]
    assert two_nights.query("SELECT count(*) FROM quarantine.people") == [(4,)]


@pytest.mark.slow
def test_readers_see_whole_nights(city: City) -> None:
    """Night n publishes rows all named n, in both tables of one query; readers that connect anew all the time never see
    a mixture."""
    total = 30
    city.night("people", DAY[0], [person(n, "0") for n in range(total)], mode="snapshot")
    failures: list[object] = []
    refused: list[object] = []
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                rows = city.query("SELECT name, count(*) FROM published.people GROUP BY 1")
            except duckdb.IOException as error:  # DuckDB looks at the file more than once while it opens it
                refused.append(error)
                continue
            except Exception as error:
                failures.append(error)
                return
            seen.add(rows[0][0])
            if len(rows) != 1 or rows[0][1] != total:
                failures.append(rows)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for day in range(1, 6):
        city.night(
            "people",
            DAY[day],
            [person(n, str(day), "U") for n in range(total)],
            mode="delta" if day % 2 else "snapshot",
        )
    done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert len(refused) <= 5  # at the very moment of a swap; whoever connects again is served
    assert len(seen) > 1


@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_a_view_that_lost_a_file_is_told(city: City, damage: str) -> None:
    """The check after each rebuild opens every view, and the files behind it."""
    from govdata.assets.catalogue import unreadable

    snapshot = city.night("people", Date(2026, 3, 1), [person(1)], mode="snapshot")
    views, broken = unreadable(city.deployment)
    assert views > 5 and broken == []
    path = city.deployment.absolute(snapshot.files[0])
    content = path.read_bytes()
    path.unlink()
    if damage == "cut short":
        path.write_bytes(content[:-6])
    assert unreadable(city.deployment) == (views, ["published.people", "published.people_zh"])


def test_code_tables_are_made_again_where_they_are_gone(city: City) -> None:
    city.rebuild()
    [path] = city.deployment.code_tables.glob("sex-*.parquet")
    path.unlink()
    city.rebuild()
    assert path.exists() and city.query("SELECT count(*) FROM codes.sex") == [(3,)]
