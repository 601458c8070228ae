from datetime import date as Date
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import dictionaries, standardization, standardize
from govdata.engine.ledger import ledger_sql
from govdata.storage.sql import Session
from tests.engine import by_hand


def number(body: str) -> str:
    return body + mod_11_2.calc_check_digit(body)


FIRST, SECOND, THIRD = (number(f"1901011990010100{n}") for n in (1, 2, 3))


@pytest.fixture(params=["held", "streamed", "looked up"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Small deliveries are held in memory between the queries of a pass, large ones are not; columns whose texts repeat
    are looked up: all must do the same."""
    monkeypatch.setattr(standardization, "HELD_ROWS", 20_000 if request.param == "held" else 0)
    monkeypatch.setattr(dictionaries, "REPEATS", 0 if request.param == "looked up" else 1_000_000)
    return request.param


def run(tmp_path: Path, rows: list[dict[str, str]], *, files: int = 1, **facts):
    deployment = Deployment(tmp_path)
    registry = by_hand.registry(**facts)
    raw = by_hand.raw_batch(deployment, rows, files=files, mode=facts.get("mode", "snapshot"))
    batch = standardize(raw, registry.datasets["people"], registry, deployment)
    return (
        deployment,
        batch,
        by_hand.read(deployment, batch.clean_files),
        by_hand.read(deployment, batch.quarantine_files),
    )


def person(**cells: str) -> dict[str, str]:
    return {"citizen_id": FIRST, "name": "张三", "sex": "1", "birth_date": "1990-01-01"} | cells


def test_values_are_typed_and_alterations_flagged(tmp_path):
    rows = [
        person(sex="男", birth_date="1990年1月1日", capital="300", unit="万元"),
        person(citizen_id=SECOND, name=" 李 四\t", currency="无"),
    ]
    _, batch, clean, quarantine = run(tmp_path, rows)
    assert not quarantine
    assert [(row["sex"], row["birth_date"], row["name"], row["capital"]) for row in clean] == [
        ("1", Date(1990, 1, 1), "张三", Decimal("3000000.00")),
        ("1", Date(1990, 1, 1), "李四", None),
    ]
    assert batch.repaired_cells == {
        "citizen_id": 0, "name": 1, "sex": 1, "birth_date": 1, "capital": 1, "unit": 0, "currency": 1, "change_kind": 0,
    }  # fmt: skip


def test_what_one_row_needs_changes_nothing_of_the_others(tmp_path):
    """A small delivery plans the steps of those columns alone of which some cell has something to be done."""
    plain, altered = (
        person(),
        person(citizen_id=SECOND, name=" 李 四", sex="男", birth_date="1990年1月1日", capital="3万"),
    )
    _, alone, without, _ = run(tmp_path / "one", [plain])
    _, beside, among, _ = run(tmp_path / "two", [plain, altered])
    values = ("citizen_id", "name", "sex", "birth_date", "capital", "_unparsed", "_warnings")
    assert [without[0][name] for name in values] == [
        row[name] for row in among if row["citizen_id"] == FIRST for name in values
    ]
    assert not any(alone.repaired_cells.values()) and beside.repaired_cells["name"] == 1


def test_a_row_that_fails_an_error_rule_is_quarantined_with_all_its_rules(tmp_path):
    wrong = FIRST[:-1] + ("0" if FIRST[-1] != "0" else "1")
    rows = [person(citizen_id=wrong, sex="3", name="无"), person(citizen_id=SECOND, name="王", capital="-5元")]
    _, batch, clean, quarantine = run(tmp_path, rows)
    assert [row["failed_rules"] for row in quarantine] == [["citizen_id.check_digit", "name.required", "sex.code_set"]]
    assert [row["_warnings"] for row in clean] == [["name.length", "capital.range"]]
    assert all(row["failed_rules"] is None for row in clean)
    failures = {rule: count for rule, count in batch.rule_failures.items() if count}
    assert failures == {
        "citizen_id.check_digit": 1,
        "name.required": 1,
        "sex.code_set": 1,
        "name.length": 1,
        "capital.range": 1,
    }
    assert set(batch.rule_failures) == {rule.id for rule in by_hand.registry().rules("people")}


def test_text_that_cannot_be_typed_is_kept_as_evidence_and_in_the_ledger(tmp_path):
    _, batch, clean, quarantine = run(tmp_path, [person(birth_date="19900231", capital="三百")])
    assert not clean
    assert quarantine[0]["birth_date"] is None
    assert dict(quarantine[0]["_unparsed"]) == {"birth_date": "19900231", "capital": "三百"}
    assert quarantine[0]["failed_rules"] == ["birth_date.type", "capital.type"]
    assert batch.repaired_cells["birth_date"] == 1


def test_exact_duplicates_are_dropped_across_files_and_conflicting_keys_quarantined(tmp_path):
    rows = [
        person(),
        person(citizen_id=SECOND, name="李四"),
        person(citizen_id=THIRD, name="王五"),
        person(sex="男", birth_date="19900101"),  # the first again, written differently
        person(citizen_id=SECOND, name="李四四"),  # same key, another content
        person(citizen_id=THIRD, name="王五", birth_date="19900231"),  # what cannot be read is compared as text
    ]
    deployment, batch, clean, quarantine = run(tmp_path, rows, files=2)
    assert (batch.delivered, batch.duplicates, batch.clean, batch.quarantined) == (6, 1, 1, 4)
    dropped = by_hand.read(deployment, batch.duplicate_files)
    assert [(row["_row_id"], row["kept_row_id"]) for row in dropped] == [("f1-2", "f0-2")]
    (file,) = batch.duplicate_files
    group = pq.read_metadata(deployment.absolute(file)).row_group(0)
    told = {group.column(n).path_in_schema for n in range(group.num_columns) if group.column(n).statistics is not None}
    assert told == {"_source_row"}  # no file's name in a footer
    assert [row["_row_id"] for row in clean] == ["f0-2"]
    assert all("primary_key_unique" in row["failed_rules"] for row in quarantine)
    assert batch.rule_failures["primary_key_unique"] == 4


def test_rows_without_a_key_are_dropped_only_when_all_else_is_equal(tmp_path):
    rows = [person(citizen_id="", name="张三"), person(citizen_id="", name="张三"), person(citizen_id="", name="李四")]
    _, batch, clean, quarantine = run(tmp_path, rows)
    assert (batch.duplicates, len(clean) + len(quarantine)) == (1, 2)
    assert batch.rule_failures["primary_key_unique"] == 0


def test_without_a_primary_key_equal_rows_are_duplicates(tmp_path):
    _, batch, clean, _ = run(tmp_path, [person(), person(), person(name="李四")], primary_key=False)
    assert (batch.duplicates, len(clean)) == (1, 2)


def test_a_removal_in_a_delta_needs_no_more_than_its_key(tmp_path):
    rows = [
        {"citizen_id": FIRST, "change_kind": "注销"},
        {"citizen_id": SECOND, "change_kind": "变更"},
        {"citizen_id": "19", "change_kind": "D"},
    ]
    _, _, clean, quarantine = run(tmp_path, rows, mode="delta")
    assert [row["change_kind"] for row in clean] == ["D"]
    assert [row["failed_rules"] for row in quarantine] == [
        ["name.required"],
        ["citizen_id.format", "citizen_id.check_digit"],
    ]


def test_currency_is_inferred_from_the_amount_where_none_is_given(tmp_path):
    rows = [person(capital="50万美元"), person(citizen_id=SECOND, capital="50万美元", currency="人民币")]
    _, _, clean, _ = run(tmp_path, rows)
    # The second says dollars in the amount and yuan beside it: which is right is not ours to say, so the amount is not
    # read.
    assert [(row["capital"], row["currency"]) for row in clean] == [(Decimal("500000.00"), "USD")]


def test_an_empty_delivery_gives_an_empty_batch(tmp_path):
    _, batch, clean, quarantine = run(tmp_path, [])
    assert (batch.delivered, batch.clean, batch.quarantined, clean, quarantine) == (0, 0, 0, [], [])


def test_the_ledger_replays_every_altered_cell(tmp_path):
    rows = [
        person(
            citizen_id="１９０１０１" + FIRST[6:],
            name="张 三",
            sex="男",
            birth_date="00000000",
            capital="1,000",
            currency="",
        )
    ]
    rows[0]["capital"] = "¥1,000.00元"
    deployment, batch, _, _ = run(tmp_path, rows)
    raw = f"read_parquet('{deployment.lake('raw', 'people', by_hand.DATE)}/*.parquet')"
    rows_now = ", ".join(f"'{deployment.absolute(path)}'" for path in (*batch.clean_files, *batch.quarantine_files))
    ledger = ledger_sql(batch.ledger).replace("{raw}", raw).replace("{standardized}", f"read_parquet([{rows_now}])")
    found = duckdb.execute(f"SELECT column_name, before, after, rule FROM ({ledger}) ORDER BY column_name").fetchall()
    assert found == [
        ("birth_date", "00000000", None, "placeholder_dates"),
        ("capital", "¥1,000.00元", "1000.00", "money"),
        ("citizen_id", "１９０１０１" + FIRST[6:], FIRST, "halfwidth"),
        ("currency", None, "CNY", "currency_of"),
        ("name", "张 三", "张三", "name_spaces"),
        ("sex", "男", "1", "code_set"),
    ]
    assert sum(batch.repaired_cells.values()) == len(found)


def test_running_again_gives_the_same_batch_and_leaves_no_other_file(tmp_path):
    deployment, first, _, _ = run(tmp_path, [person(), person(citizen_id=SECOND, sex="x")])
    (deployment.lake("standardized", "people", by_hand.DATE) / "stale-0.parquet").touch()
    _, second, _, _ = run(tmp_path, [person(), person(citizen_id=SECOND, sex="x")])
    assert first == second == StandardizedBatch.read(StandardizedBatch.path(deployment, "people", by_hand.DATE))
    files = {path.name for path in deployment.data.rglob("*.parquet")}
    assert files == {Path(path).name for path in (*second.clean_files, *second.quarantine_files)} | {
        "raw-0.parquet",
        f"{second.batch_id}.parquet",
    }
    assert not list(deployment.temporary.glob("*"))


def test_a_damaged_raw_file_is_an_error_and_keeps_the_last_batch(tmp_path):
    deployment, batch, _, _ = run(tmp_path, [person()])
    registry = by_hand.registry()
    raw = by_hand.raw_batch(deployment, [person(), person(citizen_id=SECOND)])
    path = deployment.absolute(raw.files[0])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(duckdb.Error):
        standardize(raw, registry.datasets["people"], registry, deployment)
    assert StandardizedBatch.read(StandardizedBatch.path(deployment, "people", by_hand.DATE)) == batch
    assert all(deployment.absolute(name).exists() for name in batch.clean_files)


TEXT = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), max_size=12)
CELL = st.one_of(
    st.none(),
    TEXT,
    st.sampled_from(
        [FIRST, SECOND, "男", "19900101", "1990-02-30", "300万元", "D", "NULL", "'; DROP TABLE raw_rows; --"]
    ),
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(by_hand.COLUMNS, CELL)), max_size=12), st.booleans())
def test_no_record_is_lost_whatever_it_holds(tmp_path, rows, delta):
    _, batch, clean, quarantine = run(tmp_path, rows, mode="delta" if delta else "snapshot")
    assert batch.delivered == batch.clean + batch.quarantined + batch.duplicates
    assert (batch.clean, batch.quarantined) == (len(clean), len(quarantine))
    assert len({row["_row_id"] for row in (*clean, *quarantine)}) == len(clean) + len(quarantine)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_delivery(tmp_path, monkeypatch, way):
    """Rows whose text is several times the memory limit, in one file and nearly all of them clean."""
    if way == "held":
        pytest.skip("a large delivery is never held")
    monkeypatch.setattr(import_module("govdata.storage.sql"), "MEMORY_LIMIT", "150MB")
    opened = standardization.session  # each thread has buffers of its own, whatever the rows
    monkeypatch.setattr(standardization, "session", lambda *args, **facts: opened(*args, **facts, threads=1))
    monkeypatch.setattr(standardization, "HELD_ROWS", 20_000)
    deployment, registry = Deployment(tmp_path), by_hand.registry(primary_key=False)
    raw = by_hand.raw_batch(deployment, [person()])
    path = deployment.absolute(raw.files[0])
    rows = 450_000
    texts = ", ".join(
        f"repeat(md5(CAST({seed} * i AS VARCHAR)), 4) AS {name}" for seed, name in ((1, "unit"), (2, "_extra"))
    )
    duckdb.execute(
        f"COPY (SELECT t.* REPLACE ({texts}, 'f0-' || i AS _row_id, i AS _source_row) FROM read_parquet('{path}') t, "
        f"(SELECT unnest(range({rows})) AS i)) TO '{path}.new' (FORMAT parquet)"
    )
    path.with_name(path.name + ".new").replace(path)
    source = raw.sources[0].model_copy(update={"delivered": rows, "raw": rows})
    batch = standardize(
        raw.model_copy(update={"sources": (source,)}), registry.datasets["people"], registry, deployment
    )
    assert batch.clean == rows


class Narrow:
    """A database of which nothing is known but what the engine says it needs."""

    def __init__(self, opened: duckdb.DuckDBPyConnection) -> None:
        self._opened = opened

    def __getattr__(self, name: str):
        assert name in METHODS, f"the pass asks the session for {name}"
        return getattr(self._opened, name)


METHODS = {name for name in vars(Session) if not name.startswith("_")}


def test_the_pass_needs_no_more_of_a_database_than_a_session_has(tmp_path, monkeypatch):
    opened = standardization.session
    monkeypatch.setattr(standardization, "session", lambda *args, **facts: Narrow(opened(*args, **facts)))
    rows = [person(), person(), person(citizen_id=SECOND, sex="男"), person(citizen_id=SECOND, sex="女")]
    _, batch, clean, quarantine = run(tmp_path, rows)
    assert {"execute", "sql", "register", "unregister", "close"} == METHODS
    assert (batch.duplicates, len(clean), len(quarantine)) == (1, 1, 2)
