"""Every count of a verdict against the same count made without SQL; the manifests and files that validate leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from govdata.batches import Verdict
from govdata.checks import TABLE_CHECKS, ChecksError, suite
from tests.checks.by_hand import CANARY, CANARY_ID, DATE, SCHEMA, Night, independent_counts, small_people, write_rows


def by_name(verdict: Verdict) -> dict:
    return {outcome.name: outcome for outcome in verdict.outcomes}


def test_counts_equal_an_independent_count(night: Night) -> None:
    verdict = night.validate()
    expected = independent_counts(night.frame)
    assert all(failed > 0 for _, failed in expected.values()), "the sample must break every rule"
    counted = {
        outcome.rule_id: (outcome.checked, outcome.failed) for outcome in verdict.outcomes if outcome.kind == "rule"
    }
    assert counted == expected


def test_good_batch_passes_its_gate_and_names_every_check(night: Night) -> None:
    verdict = night.validate()
    outcomes = by_name(verdict)
    assert verdict.passed
    assert list(outcomes) == [rule.check_name for rule in night.registry.rules("people")] + list(TABLE_CHECKS)
    assert all(outcomes[name].blocking and outcomes[name].passed for name in TABLE_CHECKS)
    digit = outcomes["citizen_id__check_digit"]
    assert (digit.passed, digit.blocking, digit.severity, digit.column) == (False, False, "error", "citizen_id")
    assert digit.figures["rate"] == pytest.approx(digit.failed / digit.checked)
    assert "rule_id IN ('citizen_id.check_digit')" in str(digit.figures["query"])
    assert outcomes["reconciliation"].figures["actual_judged"] == len(night.frame)
    assert Verdict.read(Verdict.path(night.deployment, "people", DATE)) == verdict


def test_the_query_of_a_failing_rule_finds_its_rows(night: Night) -> None:
    query = by_name(night.validate())["citizen_id__format"].figures["query"]
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA governance")
    connection.execute("CREATE TABLE governance.findings (dataset VARCHAR, date DATE, rule_id VARCHAR)")
    rows = [
        ("people", DATE, "citizen_id.format"),
        ("people", DATE, "other"),
        ("people", "2020-01-01", "citizen_id.format"),
        ("others", DATE, "citizen_id.format"),
    ]
    connection.executemany("INSERT INTO governance.findings VALUES (?, ?, ?)", rows)
    assert len(connection.execute(query).fetchall()) == 1


def test_rule_results_hold_one_row_per_rule(night: Night) -> None:
    verdict = night.validate()
    path = night.deployment.governance / "rule_results" / "people" / f"{DATE}.parquet"
    frame = pd.read_parquet(path)
    assert dict(zip(frame.rule_id, zip(frame.checked, frame.failed, strict=True), strict=True)) == independent_counts(
        night.frame
    )
    assert set(frame.dataset) == {"people"} and set(frame.date) == {DATE}
    assert frame.set_index("rule_id").loc["height.plausible", ["dimension", "severity", "column_name"]].tolist() == [
        "accuracy",
        "warning",
        "height",
    ]
    before = path.read_bytes()
    assert night.validate() == verdict
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_unknown_predicate_fails_and_never_passes(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlglot import parse_one

    from govdata.engine import rules

    # What a careless compiler could emit: NULL for every malformed number.
    careless = parse_one("CASE WHEN length(citizen_id) = 18 THEN FALSE END", dialect="duckdb")
    real = rules.violation
    monkeypatch.setattr(
        rules, "violation", lambda rule, registry: careless if rule.id == "citizen_id.format" else real(rule, registry)
    )
    outcomes = by_name(night.validate())
    malformed = int((night.frame.citizen_id.fillna("").str.len() != 18).sum())
    assert outcomes["citizen_id__format"].failed == malformed > 0
    assert not outcomes["parity"].passed


def test_a_rule_that_cannot_run_is_a_failed_run_without_a_value(
    night: Night, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlglot import parse_one

    from govdata.engine import rules

    # A cast of names to numbers: DuckDB's message quotes the name.
    careless = parse_one("CAST(name AS INT) > 0", dialect="duckdb")
    real = rules.violation
    with monkeypatch.context() as patch:
        patch.setattr(
            rules,
            "violation",
            lambda rule, registry: careless if rule.id == "birth_date_of_id" else real(rule, registry),
        )
        with pytest.raises(ChecksError) as caught:
            night.validate()
    message = str(caught.value)
    assert "birth_date_of_id（ConversionException）" in message and "citizen_id" not in message
    written = capfd.readouterr()
    names = set(night.frame.name.dropna())
    assert not any(
        name in text for name in names for text in (message, repr(caught.value), caplog.text, written.out, written.err)
    )
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert Verdict.read(Verdict.path(night.deployment, "people", DATE)) is None
    # the connection and the context survive it
    assert replace(night, registry=night.registry.model_copy()).validate().outcomes


def test_an_expectation_that_raises_by_itself_is_a_failed_run(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    from govdata.checks import gx

    def broken(self, metrics, runtime_configuration=None, execution_engine=None):  # type: ignore[no-untyped-def]
        raise ValueError(CANARY)

    monkeypatch.setattr(gx.ExpectRuleToHold, "_validate", broken)
    with pytest.raises(ChecksError, match=r"citizen_id\.required（ValueError）") as caught:
        night.validate()
    assert CANARY not in str(caught.value)


def test_no_value_leaves_the_tables(night: Night, caplog: pytest.LogCaptureFixture, capfd) -> None:
    caplog.set_level("DEBUG")
    verdict = night.validate()
    frame = night.frame
    values = {CANARY, CANARY_ID[:-2], *frame.citizen_id.dropna(), *frame.name.dropna()}
    written = capfd.readouterr()
    texts = [verdict.model_dump_json(), caplog.text, written.out, written.err]
    lake = night.deployment.data / "lake"
    texts += [
        p.read_bytes().decode("utf-8", "replace")
        for p in night.deployment.home.rglob("*")
        if p.is_file() and p.suffix != ".parquet"
    ]
    results = night.deployment.governance / "rule_results" / "people" / f"{DATE}.parquet"
    texts.append(pd.read_parquet(results).to_csv())
    assert lake.exists() and len(texts) > 6
    leaked = [value for value in values for text in texts if value in text]
    assert leaked == []


def test_gx_result_object_holds_no_value(night: Night) -> None:
    from govdata import engine
    from govdata.checks import batch_rows, gx

    connection = engine.session(night.registry, as_of=DATE)
    view = batch_rows.create_view(connection, night.batch, night.dataset, night.registry, night.deployment)
    result = gx.validate_suite(suite.compiled(night.dataset, night.registry).suite, connection, view)
    text = json.dumps(result.to_json_dict(), ensure_ascii=False, default=str) + str(result) + repr(result)
    assert len(result.results) == len(night.registry.rules("people")) + len(night.dataset.columns) + 2
    assert all(outcome.result for outcome in result.results), "an empty result is GX's way of losing a connection"
    assert not any(outcome.exception_info["raised_exception"] for outcome in result.results)
    values = {CANARY, *night.frame.citizen_id.dropna(), *night.frame.name.dropna()}
    assert [value for value in values if value in text] == []


def test_all_rules_are_counted_in_one_statement(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    from govdata.checks import gx

    statements: list[str] = []
    real = gx.DuckDBExecutionEngine.execute_query

    def spy(self, query):  # type: ignore[no-untyped-def]
        statements.append(str(query))
        return real(self, query)

    monkeypatch.setattr(gx.DuckDBExecutionEngine, "execute_query", spy)
    night.validate()
    counting = [statement for statement in statements if "count(" in statement.lower()]
    assert len(counting) == 1
    assert "GROUP BY" in counting[0] and "regexp_full_match" in counting[0].lower()


def test_saved_suite_is_stable_and_chinese(night: Night) -> None:
    night.validate()
    path = night.deployment.expectations / "people.json"
    first = path.read_text(encoding="utf-8")
    night.validate()
    assert path.read_text(encoding="utf-8") == first
    saved = json.loads(first)
    rules = {e["kwargs"]["rule_id"]: e for e in saved["expectations"] if e["type"] == "expect_rule_to_hold"}
    assert set(rules) == {rule.id for rule in night.registry.rules("people")}
    meta = rules["division.current"]["meta"]["govdata"]
    assert (meta["dimension_name"], meta["severity"], meta["standard"]) == ("时效性", "warning", "GB/T 0-2026")
    assert rules["division.current"]["severity"] == "warning" and "规则6不满足" in first
    assert "FROM" in rules["division.code_set"]["kwargs"]["violation"], "a code set is a table, not a list of thousands"
    assert len(first) < 60_000


def test_saved_suite_can_be_loaded_by_gx(night: Night) -> None:
    night.validate()
    import great_expectations

    saved = json.loads((night.deployment.expectations / "people.json").read_text(encoding="utf-8"))
    loaded = great_expectations.ExpectationSuite(**saved)
    assert len(loaded.expectations) == len(saved["expectations"])


def test_regex_expectations_of_gx_itself_run_on_duckdb(night: Night) -> None:
    import great_expectations

    from govdata import engine
    from govdata.checks import batch_rows, gx

    connection = engine.session(night.registry, as_of=DATE)
    view = batch_rows.create_view(connection, night.batch, night.dataset, night.registry, night.deployment)
    expectation = great_expectations.expectations.ExpectColumnValuesToMatchRegex(
        column="citizen_id", regex="^[1-9][0-9]{16}[0-9X]$"
    )
    result = gx.validate_suite(
        great_expectations.ExpectationSuite(name="one", expectations=[expectation]), connection, view
    )
    assert result.results[0].result["unexpected_count"] == independent_counts(night.frame)["citizen_id.format"][1]
    assert CANARY_ID[:-2] not in str(result)


def test_wrong_type_fails_the_schema_check(night: Night) -> None:
    import pyarrow as pa

    index = SCHEMA.get_field_index("height")
    for path, part in (
        (night.batch.clean_files[0], night.frame[night.frame.citizen_id.notna()]),
        (night.batch.quarantine_files[0], night.frame[night.frame.citizen_id.isna()]),
    ):
        write_rows(part, night.deployment.absolute(path), SCHEMA.set(index, pa.field("height", pa.float64())))
    outcome = by_name(night.validate())["schema"]
    assert (outcome.passed, outcome.failed, outcome.figures["columns"]) == (False, 1, "height")


def test_missing_column_is_a_failed_run_that_names_the_shape(night: Night) -> None:
    import pyarrow.parquet as pq

    for file in (*night.batch.clean_files, *night.batch.quarantine_files):
        path = night.deployment.absolute(file)
        pq.write_table(pq.read_table(path).drop_columns(["height"]), path)
    with pytest.raises(ChecksError, match=r"height\.plausible（.*结构与合同不符"):
        night.validate()


def test_other_standards_are_refused(night: Night) -> None:
    with pytest.raises(ChecksError, match="标准已修改"):
        night.validate(night.batch.model_copy(update={"standards_hash": "other"}))


def test_batch_of_no_rows(nights) -> None:  # type: ignore[no-untyped-def]
    night = nights(small_people().head(0))
    for file in (*night.batch.clean_files, *night.batch.quarantine_files):
        night.deployment.absolute(file).unlink()
    verdict = night.validate(night.batch.model_copy(update={"clean_files": (), "quarantine_files": ()}))
    outcomes = by_name(verdict)
    assert all(o.passed and o.checked == o.failed == 0 for o in verdict.outcomes if o.kind == "rule")
    assert outcomes["schema"].passed and outcomes["parity"].passed and outcomes["reconciliation"].passed
    assert not outcomes["volume"].passed, "no rows is fewer than min_rows"


def test_gx_is_not_imported_with_the_room() -> None:
    code = (
        "import sys, govdata.checks, govdata.checks.suite; sys.exit('great_expectations' in sys.modules or 'dagster' "
        "in "
        "sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
