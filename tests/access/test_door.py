"""A query reads and nothing else: each of the two layers alone, both together, and what a query may take."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from datetime import date as Date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import govdata
from govdata import access
from govdata.access import Limits, confinement
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import statements
from tests.publish.nights import City, person

DAY = Date(2026, 3, 1)

landlock = pytest.mark.skipif(not confinement.available(), reason="the kernel has no Landlock")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A published night; ``{file}`` is one of its Parquet files."""
    city = City(Deployment(tmp_path_factory.mktemp("door") / "a'b"))
    city.night("people", DAY, [person(1), person(2)], mode="snapshot", quarantined=[person(4)])
    return city.deployment


def _state(deployment: Deployment) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in deployment.home.rglob("*")
    }


def _places(deployment: Deployment) -> dict[str, str]:
    file = next(path for path in deployment.published.glob("people/*/*.parquet"))
    quoted = {
        "catalogue": deployment.catalogue,
        "published": deployment.published,
        "file": file,
        "lake": deployment.data / "lake",
    }
    return {name: str(path).replace("'", "''") for name, path in quoted.items()}


WRITES = (
    "COPY (SELECT 'x' AS x) TO '{catalogue}' (FORMAT csv)",
    "COPY (SELECT 'x' AS x) TO '{catalogue}' (FORMAT csv, USE_TMP_FILE false)",
    "COPY (SELECT 1 AS x) TO '{file}' (FORMAT parquet)",
    "COPY (SELECT 1 AS x, 2 AS y) TO '{published}/parts' (FORMAT parquet, PARTITION_BY (x))",
    "COPY (SELECT 1 AS x, 2 AS y) TO '{published}/people' (FORMAT parquet, PARTITION_BY (x), OVERWRITE true)",
    "COPY (SELECT 1 AS x) TO '{lake}/x.json' (FORMAT json)",
    "INSERT INTO published.people SELECT * FROM published.people",
    "UPDATE published.people SET name = 'x'",
    "DELETE FROM published.people",
)
"""What DuckDB 2.0 lets stand in a CTE."""

STATEMENTS = (
    *WRITES,
    "MERGE INTO published.people USING (SELECT 1 AS a) s ON true WHEN MATCHED THEN DELETE",
    "ATTACH '{published}/new.duckdb'",
    "EXPORT DATABASE '{published}/export'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "CALL enable_logging(storage => 'file', storage_path => '{published}/log')",
    "CREATE TABLE x AS SELECT 1",
    "CREATE OR REPLACE VIEW published.people AS SELECT 1",
    "DROP VIEW published.people",
    "VACUUM",
    "CHECKPOINT",
    "PREPARE x AS SELECT 1",
    "BEGIN",
    "IMPORT DATABASE '{published}'",
    "DETACH govdata",
    "USE memory",
    "COMMENT ON VIEW published.people IS 'x'",
)

WRAPPINGS = (
    "{0}",
    "WITH w AS ({0}) SELECT 1",
    "WITH w AS MATERIALIZED ({0}) SELECT * FROM w",
    "WITH RECURSIVE w AS ({0}) SELECT 1",
    "WITH o AS (WITH w AS ({0}) SELECT 1) SELECT * FROM o",
    "SELECT (WITH w AS ({0}) SELECT 1)",
    "SELECT * FROM (WITH w AS ({0}) SELECT 1)",
    "SELECT 1 WHERE EXISTS (WITH w AS ({0}) SELECT 1)",
    "SELECT 1 UNION ALL (WITH w AS ({0}) SELECT 1)",
    "SELECT [(WITH w AS ({0}) SELECT 1)] ORDER BY (SELECT 1)",
    "SELECT 1 ORDER BY (WITH w AS ({0}) SELECT 1)",
    "SELECT 1 LIMIT (WITH w AS ({0}) SELECT 1)",
    "SELECT * FROM (SELECT 1) a, LATERAL (WITH w AS ({0}) SELECT 1) b",
    "SELECT count(*) FILTER (WHERE EXISTS (WITH w AS ({0}) SELECT 1))",
    "DESCRIBE (WITH w AS ({0}) SELECT 1)",
    "SUMMARIZE (WITH w AS ({0}) SELECT 1)",
    "EXPLAIN {0}",
    "EXPLAIN ANALYZE {0}",
    "EXPLAIN (ANALYZE, FORMAT json) {0}",
    "EXPLAIN ANALYZE (WITH w AS ({0}) SELECT 1)",
    "VALUES ((WITH w AS ({0}) SELECT 1))",
    "SELECT 1; {0}",
    "{0}; SELECT 1",
)


@pytest.mark.slow
def test_a_write_in_a_cte_destroyed_the_catalogue(home: Deployment) -> None:
    """The very statements that got through when the outermost kind of a statement was trusted."""
    places, before = _places(home), _state(home)
    for write in WRITES:
        with pytest.raises(GovdataError):
            access.select(home, f"WITH x AS ({write.format(**places)}) SELECT 1", 5)
    for write in WRITES[:3]:
        with pytest.raises(GovdataError):
            access.select(home, f"EXPLAIN ANALYZE WITH x AS ({write.format(**places)}) SELECT 1", 5)
        with pytest.raises(GovdataError):
            govdata.load("people", where=f"EXISTS (WITH x AS ({write.format(**places)}) SELECT 1)", home=home.home)
    assert _state(home) == before


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_the_tree_of_a_statement_that_writes_is_refused_at_every_depth(home: Deployment, wrapping: str) -> None:
    """The first layer alone: nothing is run."""
    places = _places(home)
    with duckdb.connect() as connection:
        for statement in STATEMENTS:
            with pytest.raises((GovdataError, duckdb.Error)):
                statements.demand_query(connection, wrapping.format(statement.format(**places)))


def test_an_explained_statement_begins_where_it_begins() -> None:
    """A bracket in a string once moved that place behind the part that writes."""
    text = "EXPLAIN ANALYZE (WITH x AS (COPY (SELECT 1) TO '/tmp/x/) SELECT 1 --' ) SELECT 1)"
    with duckdb.connect() as connection, pytest.raises((GovdataError, duckdb.Error)):
        statements.demand_query(connection, text)


@pytest.mark.slow
def test_a_statement_hidden_in_a_text_or_a_tree_is_refused(home: Deployment) -> None:
    write = f"WITH w AS (COPY (SELECT 1 AS x) TO '{_places(home)['file']}') SELECT 1"
    hidden = write.replace("'", "''")
    before = _state(home)
    for text in (
        f"FROM query('{hidden}')",
        f"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('{hidden}'))",
        f"SELECT (SELECT count(*) FROM Query('{hidden}'))",
        f"FROM enable_logging(storage := 'file', storage_path := '{_places(home)['published']}/log')",
    ):
        with duckdb.connect() as connection, pytest.raises(GovdataError, match="不能用函数"):
            statements.demand_query(connection, text)
        with pytest.raises(GovdataError):
            access.select(home, text, 5)
    assert _state(home) == before


CHANGING = (
    "FROM checkpoint()",
    'SELECT * FROM published.people, LATERAL (FROM "Force_Checkpoint"())',
    "WITH x AS (FROM truncate_duckdb_logs()) SELECT 1",
    "SELECT EXISTS (FROM disable_profiling())",
    "FROM system.main.enable_logging()",
    "SELECT count(*) FILTER (WHERE write_log('x') IS NULL) FROM published.people",
    "FROM python_map_function(1)",
    "FROM pandas_scan(1)",
)


@pytest.mark.parametrize("text", CHANGING)
def test_functions_that_do_more_than_read_are_refused_wherever_they_stand(home: Deployment, text: str) -> None:
    with duckdb.connect() as connection, pytest.raises(GovdataError, match=r"不能用函数|不能写入"):
        statements.demand_query(connection, text)
    with pytest.raises(GovdataError):
        access.select(home, text, 5)


def test_every_function_after_from_is_judged_by_name() -> None:
    """One that a later DuckDB brings is refused until somebody has looked at it."""
    with duckdb.connect() as connection:
        known = {
            name
            for (name,) in connection.execute(
                "SELECT function_name FROM duckdb_functions() WHERE function_type = 'table'"
            ).fetchall()
        }
        for name in sorted(known - statements.TABLE_FUNCTIONS):
            with pytest.raises(GovdataError, match=f"不能用函数 {name}"):
                statements.demand_query(connection, f"FROM {name}()")


def test_a_condition_is_judged_before_it_is_bound(home: Deployment) -> None:
    """Binding alone runs what stands after FROM."""
    before = _state(home)
    for where in ("EXISTS (FROM enable_logging())", "1 IN (SELECT 1 FROM truncate_duckdb_logs())"):
        with pytest.raises(GovdataError, match="不能用函数"):
            access.load("people", where=where, home=home.home)
    assert _state(home) == before


def test_a_pivot_says_what_it_needs(home: Deployment) -> None:
    with pytest.raises(GovdataError, match="PIVOT 要写明取哪些值"):
        access.select(home, "PIVOT published.people ON name USING count(*)", 5)


READS = (
    "SELECT count(*) FROM published.people",
    "FROM published.people",
    "DESCRIBE published.people",
    "SUMMARIZE published.people",
    "SHOW ALL TABLES",
    "EXPLAIN SELECT * FROM published.people",
    "EXPLAIN ANALYZE SELECT count(*) FROM published.people",
    "EXPLAIN (FORMAT json) FROM published.people",
    "EXPLAIN(ANALYZE)SELECT count(*) FROM published.people",
    "PIVOT published.people ON name IN ('甲', '乙') USING count(*)",
    "FROM range(3)",
    "FROM query_table('published.people')",
    "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r WHERE a < 3) SELECT * FROM r",
    "SELECT 'COPY t TO x; DELETE' AS told -- INSERT INTO x",
    "SELECT name, row_number() OVER () FROM published.people QUALIFY row_number() OVER () = 1",
    "SELECT * FROM published.people_at(DATE '2026-03-01') WHERE name IN (SELECT name FROM published.people)",
    "VALUES (1), (NULL)",
    "SELECT 1;",
)


@pytest.mark.slow
@pytest.mark.parametrize("text", READS)
def test_what_reads_goes_on_working(home: Deployment, text: str) -> None:
    assert access.select(home, text, 5).rows


def _confined(code: str, spill: Path | None, prepare: str = "") -> str:
    """Run ``code`` in a process that has given up writing; returns what it printed."""
    begun = (
        f"from pathlib import Path\nfrom govdata.access import confinement\n{prepare}\nspill = "
        f"{str(spill) if spill else None!r}\n"
    )
    given_up = "print('spill', confinement.give_up_writing(Path(spill) if spill else None))\n"
    command = [sys.executable, "-c", begun + given_up + textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


TRIES = """
import duckdb, os
for statement in {statements!r}:
    try:
        with duckdb.connect() as connection:
            connection.execute(statement)
        print("WROTE", statement)
    except duckdb.Error:
        pass
"""


@pytest.mark.slow
@landlock
def test_a_confined_process_writes_nothing_whatever_the_parser_allows(home: Deployment, tmp_path: Path) -> None:
    """The second layer alone: DuckDB without any sandbox of its own, as root where the tests run as root."""
    places, before = _places(home), _state(home)
    tried = [text.format(**places) for text in STATEMENTS if text.startswith(("COPY", "ATTACH", "EXPORT"))]
    tried += [f"WITH w AS ({text.format(**places)}) SELECT 1" for text in WRITES if text.startswith("COPY")]
    assert "WROTE" not in _confined(TRIES.format(statements=tried), None)
    assert "WROTE" not in _confined(TRIES.format(statements=tried), tmp_path)
    assert _state(home) == before
    spilled = f"COPY (SELECT 1) TO '{tmp_path}/x.csv'"
    assert "WROTE" in _confined(TRIES.format(statements=[spilled]), tmp_path) and (tmp_path / "x.csv").exists()


@landlock
def test_a_confined_process_changes_no_folder_starts_nothing_and_connects_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").mkdir()
    code = f"""
    import os, socket, subprocess
    home = {str(tmp_path)!r}
    tries = dict(
        unlink=lambda: os.unlink(home + "/a"), rename=lambda: os.rename(home + "/a", home + "/c"), mkdir=lambda: os.mkdir(home + "/d"),
        rmdir=lambda: os.rmdir(home + "/b"), link=lambda: os.symlink("a", home + "/e"), fifo=lambda: os.mkfifo(home + "/f"),
        append=lambda: open(home + "/a", "ab"), update=lambda: open(home + "/a", "r+b"), process=lambda: subprocess.run(["/bin/true"]),
        connect=lambda: socket.create_connection(("127.0.0.1", 9)),
        listen=lambda: socket.create_server(("127.0.0.1", 0)),
    )
    for name, attempt in tries.items():
        try:
            attempt()
            print("DID", name)
        except PermissionError:
            pass
    """
    assert _confined(code, None) == "spill False\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_without_landlock_no_file_grows(tmp_path: Path) -> None:
    """What an older kernel leaves: not a byte is written, and there is no spilling."""
    (tmp_path / "x.csv").write_text("kept")
    tried = [f"COPY (SELECT 1) TO '{tmp_path}/{name}'" for name in ("x.csv", "y.parquet", "z.json")] + [
        f"ATTACH '{tmp_path}/z.duckdb'"
    ]
    said = _confined(TRIES.format(statements=tried), tmp_path, "confinement.available = lambda: 0")
    assert said == "spill False\n"
    assert (tmp_path / "x.csv").read_text() == "kept" and sum(path.stat().st_size for path in tmp_path.iterdir()) == 4


@pytest.mark.slow
@landlock
def test_the_process_that_reads_is_confined_even_if_the_tree_were_not_looked_at(home: Deployment) -> None:
    places, before = _places(home), _state(home)
    for write in WRITES[:6]:
        request = {"text": f"WITH x AS ({write.format(**places)}) SELECT 1", "limit": 5}
        asked = {"home": str(home.home), "kind": "rows", "request": request, "parent": os.getpid(), "spill": None}
        asked |= {"seconds": 60, "memory": "1GB", "spill_size": "1GB"}
        code = "from govdata.access import worker\nworker.statements.demand_query = lambda *_: None\nworker.main()"
        done = subprocess.run(
            [sys.executable, "-c", code], input=json.dumps(asked).encode(), capture_output=True, check=False
        )
        assert done.returncode == 1 and "error" in json.loads(done.stderr.splitlines()[-1])
    assert _state(home) == before


_texts = st.recursive(
    st.sampled_from((*STATEMENTS, "SELECT 1")),
    lambda inner: st.builds(str.replace, st.sampled_from(WRAPPINGS), st.just("{0}"), inner),
)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=_texts)
def test_whatever_is_asked_every_byte_stays(home: Deployment, text: str) -> None:
    before = _state(home)
    asked = text.format(**_places(home))
    with contextlib.suppress(GovdataError):
        access.select(home, asked, 5)
    with pytest.raises(GovdataError):
        govdata.load("people", where=f"EXISTS (WITH z AS ({asked}) SELECT nothing)", home=home.home)
    assert _state(home) == before
    assert access.select(home, "SELECT count(*) FROM published.people", 5).rows == [["2"]]


def test_a_copied_deployment_is_told_to_build_its_catalogue_anew(home: Deployment, tmp_path: Path) -> None:
    copy = Deployment(Path(shutil.copytree(home.home, tmp_path / "copy")))
    with pytest.raises(GovdataError, match="govdata catalogue rebuild"):
        access.select(copy, "FROM published.people", 5)
    with pytest.raises(GovdataError, match="govdata catalogue rebuild"):
        access.load("people", home=copy.home)
    with pytest.raises(GovdataError, match="查询失败"):  # what the query itself asks for is another matter
        access.select(copy, "FROM read_csv('/etc/hostname')", 5)


ENDLESS = "SELECT sum(a.range * b.range % 7) FROM range(100000000) a, range(100000000) b"


def test_a_query_ends_at_its_time_limit(home: Deployment) -> None:
    begun = time.monotonic()
    with pytest.raises(GovdataError, match="查询超过 2 秒"):
        access.select(home, ENDLESS, 5, Limits(seconds=2))
    assert time.monotonic() - begun < 30
    assert not list(home.temporary.glob("query-*"))


LARGE = "SELECT md5(a.range::VARCHAR) || md5((-a.range)::VARCHAR) AS s FROM range(4000000) a ORDER BY s"

HUGE = "SELECT list(md5(a.range::VARCHAR)) FROM range(10000000) a"


@pytest.mark.slow
def test_a_query_that_does_not_fit_spills_beside_the_lake_or_ends(home: Deployment) -> None:
    before = _state(home)
    if confinement.available():
        assert len(access.select(home, LARGE, 3, Limits(memory="300MB", spill="5GB")).rows) == 3
    with pytest.raises(GovdataError, match="内存超过 100MB，已中止（上限由环境变量 GOVDATA_QUERY_MEMORY"):
        access.select(home, HUGE, 3, Limits(memory="100MB"))
    assert _state(home) == before


def test_limits_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVDATA_QUERY_SECONDS", "5")
    monkeypatch.setenv("GOVDATA_QUERY_MEMORY", "1.5GB")
    assert Limits.from_env() == Limits(5, "1.5GB", "20GB")
    for name, value in (("SECONDS", "0"), ("MEMORY", "80%"), ("SPILL", "'; SET x")):
        with monkeypatch.context() as changed:
            changed.setenv(f"GOVDATA_QUERY_{name}", value)
            with pytest.raises(GovdataError, match=f"GOVDATA_QUERY_{name}"):
                Limits.from_env()


def test_nothing_is_installed_or_loaded_by_itself(home: Deployment) -> None:
    settings_ = (
        "SELECT name, value FROM duckdb_settings() WHERE name IN ('autoinstall_known_extensions', "
        "'autoload_known_extensions')"
    )
    assert {row[1] for row in access.select(home, settings_, 5).rows} == {"false"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process whose parent is gone")
def test_the_reading_process_ends_with_the_one_that_asked_and_its_scratch_space_goes_with_the_next_night(
    home: Deployment,
) -> None:
    from govdata.publish.retention import remove_abandoned

    code = "from govdata.access import select; from govdata.deployment import Deployment; from pathlib import Path\n"
    code += f"select(Deployment(Path({str(home.home)!r})), {ENDLESS!r}, 5)"
    asking = subprocess.Popen([sys.executable, "-c", code])
    children = Path(f"/proc/{asking.pid}/task/{asking.pid}/children")
    deadline = time.monotonic() + 30
    while not (children.read_text().split() and list(home.temporary.glob("query-*"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    reading = children.read_text().split()[0]
    time.sleep(1)
    asking.kill()
    asking.wait()
    while Path(f"/proc/{reading}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{reading}").exists()
    assert len(list(home.temporary.glob("query-*"))) == 1
    assert remove_abandoned(home) == 1 and not list(home.temporary.glob("query-*"))
