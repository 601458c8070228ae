"""What a sound folder becomes: elements, code sets, datasets, bound rules, hashes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from govdata.standards import InCodeSet, Pattern, Required, Row, StandardsError, Typed, Unique, load, problems, report
from tests.standards.conftest import Folder

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_sound_folder_has_no_problem(folder: Folder) -> None:
    assert [str(problem) for problem in folder.problems()] == []


def test_elements_keep_what_was_written(folder: Folder) -> None:
    registry = load(folder.root)
    element = registry.elements["citizen_id"]
    assert (element.type, element.standard, element.clause) == ("text", "GB 11643-1999", "4")
    assert [step.name for step in element.normalise] == ["halfwidth", "strip", "uppercase"]
    assert element.examples.repairs == {"11010519491231002x": "11010519491231002X", "无": None}
    assert (element.file, element.line) == ("elements/person.yaml", 1)
    assert registry.elements["birth_date"].normalise[2].args == {"values": ["1900-01-01"]}
    assert registry.null_tokens == ("", "无", "NULL", "null", "Null")  # also as other systems write it


def test_rules_are_bound_in_the_order_of_their_bits(folder: Folder) -> None:
    registry = load(folder.root)
    rules = registry.rules("person")
    assert [rule.id for rule in rules] == [
        "citizen_id.required",
        "citizen_id.format",
        "citizen_id.check_digit",
        "citizen_id.birth",
        "sex.required",
        "sex.code_set",
        "birth_date.type",
        "primary_key_unique",
        "birth_date_agrees",
    ]
    assert [rule.index for rule in rules] == list(range(len(rules)))
    by_id = {rule.id: rule for rule in rules}
    assert isinstance(by_id["citizen_id.required"].spec, Required)
    assert by_id["citizen_id.required"].message == "身份证号不能为空"
    assert by_id["citizen_id.format"].spec == Pattern(pattern="[1-9][0-9]{16}[0-9X]")
    assert by_id["citizen_id.format"].source == "GB 11643-1999 4"
    assert by_id["sex.required"].severity == "warning", "the contract lowers it"
    assert by_id["sex.code_set"].spec == InCodeSet(code_set="sex")
    assert isinstance(by_id["birth_date.type"].spec, Typed)
    assert by_id["primary_key_unique"].spec == Unique(columns=("citizen_id",))
    agrees = by_id["birth_date_agrees"]
    assert isinstance(agrees.spec, Row)
    assert (agrees.column, agrees.columns, agrees.indicator) == ("birth_date", ("birth_date", "citizen_id"), "0402")
    assert agrees.check_name == "birth_date_agrees"
    assert by_id["citizen_id.birth"].check_name == "citizen_id__birth"


def test_a_finding_is_told_of_the_first_column_read_where_none_is_named(folder: Folder) -> None:
    folder.spoil("datasets/person.odcs.yaml", ", columns: [birth_date], indicator: '0402'", "")
    agrees = load(folder.root).rules("person")[-1]
    assert (agrees.column, agrees.columns) == ("birth_date", ("birth_date", "citizen_id"))


def test_the_key_follows_its_positions(folder: Folder) -> None:
    contract = "datasets/person.odcs.yaml"
    folder.spoil(contract, "primaryKey: true\n", "primaryKey: true\n        primaryKeyPosition: 2\n")
    folder.spoil(
        contract,
        "- name: birth_date\n",
        "- name: birth_date\n        primaryKey: true\n        primaryKeyPosition: 1\n",
    )
    rule = next(rule for rule in load(folder.root).rules("person") if rule.id == "primary_key_unique")
    assert rule.columns == ("birth_date", "citizen_id")


def test_a_contract_changes_rules_of_the_whole_dataset(folder: Folder) -> None:
    """The key's rule and the contract's own, as those of a column."""
    before = load(folder.root)
    contract = "datasets/person.odcs.yaml"
    sharing = "      - {property: sharing, value: conditional}\n"
    changed = "{primary_key_unique: {severity: warning, message: 号码重复}, birth_date_agrees: {disabled: true}}"
    folder.spoil(contract, sharing, f"{sharing}      - {{property: overrides, value: {changed}}}\n")
    assert folder.problems() == []
    after = load(folder.root)
    key = after.rules("person")[-1]
    assert (key.id, key.severity, key.message) == ("primary_key_unique", "warning", "号码重复")
    assert [rule.id for rule in after.rules("person")] == [rule.id for rule in before.rules("person")][:-1]
    assert [rule.index for rule in after.rules("person")] == list(range(len(after.rules("person"))))
    assert after.hashes != before.hashes


def test_a_named_list_is_what_it_stands_for(folder: Folder) -> None:
    before = load(folder.root)
    folder.spoil("elements/_defaults.yaml", "'NULL']\n", "'NULL']\nlists: {no_date: ['1900-01-01']}\n")
    folder.spoil("elements/person.yaml", "values: ['1900-01-01']", "values: no_date")
    after = load(folder.root)
    assert after.elements["birth_date"].normalise == before.elements["birth_date"].normalise
    assert after.hashes == before.hashes, "the result depends on the list, not on where it is written"
    contract = "datasets/person.odcs.yaml"
    folder.spoil(
        contract,
        "value: birth_date}\n",
        "value: birth_date}\n          - {property: normalise, value: [{placeholder_dates: {values: no_date}}]}\n",
    )
    (step,) = load(folder.root).datasets["person"].column("birth_date").normalise or ()
    assert step.args == {"values": ["1900-01-01"]}


def test_a_list_that_cannot_be_read_is_the_only_problem(folder: Folder) -> None:
    folder.spoil("elements/_defaults.yaml", "'NULL']\n", "'NULL']\nlists: {no_date: 1900}\n")
    folder.spoil("elements/person.yaml", "values: ['1900-01-01']", "values: no_date")
    assert [problem.file for problem in folder.problems()] == ["elements/_defaults.yaml"]


def test_an_english_name_is_not_asked_for(folder: Folder) -> None:
    folder.spoil("elements/person.yaml", "  name_en: Note\n", "")
    assert load(folder.root).elements["note"].name_en == ""


def test_datasets_keep_what_was_written(folder: Folder) -> None:
    dataset = load(folder.root).datasets["person"]
    assert (dataset.title, dataset.owner, dataset.domain) == ("人口", "市公安局", "人口")
    assert (dataset.delivery.mode, dataset.delivery.key, dataset.delivery.operation) == (
        "delta",
        ("citizen_id",),
        "note",
    )
    assert (dataset.schedule.every, dataset.schedule.unit, dataset.schedule.deadline) == (1, "d", "01:30")
    assert (dataset.volume.min_rows, dataset.volume.max_rows, dataset.volume.max_quarantine) == (1, 100, 0.2)
    assert dataset.column("sex").synonyms == {"01": "1"}
    assert dataset.column("sex").optional_header is False, "a required column's header must be there"
    assert dataset.column("birth_date").optional_header is True
    assert dataset.column("birth_date").title == "出生日期", "the element's name where the contract gives none"


def test_code_sets_keep_what_was_written(folder: Folder) -> None:
    registry = load(folder.root)
    sex, village = registry.code_sets["sex"], registry.code_sets["village"]
    assert (sex.standard, sex.edition, sex.grade, sex.accept_names, sex.file) == (
        "GB/T 2261.1",
        "2003",
        "A",
        True,
        "sex.csv",
    )
    assert sex.synonyms == {"男": "1", "M": "1"}
    assert [(code.code, code.valid_from, code.valid_to, code.successor) for code in village.codes][:2] == [
        ("190001", "1990", "2000", "190002"),
        ("190001", "2010", "", ""),
    ]


def test_a_code_set_graded_c_only_warns(folder: Folder) -> None:
    folder.spoil("elements/person.yaml", "  code_set: sex", "  code_set: village")
    folder.spoil(
        "elements/person.yaml", "examples: {valid: ['1'], invalid: {'7': code_set}, repairs: {男: '1'}}", "examples: {}"
    )
    folder.spoil("datasets/person.odcs.yaml", "          - {property: synonyms, value: {'01': '1'}}\n", "")
    rule = next(rule for rule in load(folder.root).rules("person") if rule.id == "sex.code_set")
    assert rule.severity == "warning"


def test_local_codes_join_the_set_and_are_known_as_local(folder: Folder) -> None:
    folder.write("codes/sex.local.csv", "code,name_zh,name_en,parent,valid_from,valid_to,note\n190,本地,,,,,\n")
    codes = load(folder.root).code_sets["sex"].codes
    assert [(code.code, code.local) for code in codes][-2:] == [("9", False), ("190", True)]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("elements/person.yaml", "校验码不正确", "校验码不对"),
        ("elements/person.yaml", "normalise: [halfwidth, strip, uppercase]", "normalise: [strip, uppercase]"),
        ("elements/_defaults.yaml", "无", "不详"),
        ("codes/sex.csv", "女性", "女"),
        ("codes/sex.synonyms.csv", "M,1", "MALE,1"),
        ("datasets/person.odcs.yaml", "[XB]", "[XB, 性别]"),
        ("datasets/person.odcs.yaml", "max_rows: 100", "max_rows: 101"),
    ],
)
def test_the_hash_follows_everything_the_result_depends_on(folder: Folder, file: str, old: str, new: str) -> None:
    before = load(folder.root).hashes["person"]
    assert load(folder.root).hashes["person"] == before
    folder.spoil(file, old, new)
    assert load(folder.root).hashes["person"] != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("elements/person.yaml", "citizen_id:\n", "# 说明\ncitizen_id:\n"),
        ("elements/person.yaml", "  definition: 备注", "  definition:   备注"),
        ("elements/person.yaml", "不能为负", "不得为负"),
        ("codes/village.csv", "甲新村", "甲新新村"),
    ],
)
def test_the_hash_does_not_follow_what_the_dataset_does_not_use(folder: Folder, file: str, old: str, new: str) -> None:
    before = load(folder.root).hashes["person"]
    folder.spoil(file, old, new)
    assert load(folder.root).hashes["person"] == before


def test_a_code_set_asked_by_an_expression_counts(folder: Folder) -> None:
    folder.spoil("datasets/person.odcs.yaml", "severity: error\n", "severity: warning\n")
    folder.spoil(
        "datasets/person.odcs.yaml",
        "row: birth_date = id_birth_date(citizen_id)",
        "row: \"in_code_set(id_region(citizen_id), 'village')\"",
    )
    folder.spoil("datasets/person.odcs.yaml", "columns: [birth_date]", "columns: [citizen_id]")
    before = load(folder.root).hashes["person"]
    folder.spoil("codes/village.csv", "甲新村", "甲新新村")
    assert load(folder.root).hashes["person"] != before


def test_load_raises_every_problem_at_once(folder: Folder) -> None:
    folder.spoil("elements/person.yaml", "type: decimal", "type: money")
    folder.spoil("codes/sex.synonyms.csv", "M,1", "M,3")
    folder.spoil("datasets/person.odcs.yaml", "[citizen_id], operation", "[id], operation")
    with pytest.raises(StandardsError) as raised:
        load(folder.root)
    assert {problem.file for problem in raised.value.problems} == {
        "codes/sex.synonyms.csv",
        "datasets/person.odcs.yaml",
        "elements/person.yaml",
    }
    text = report(raised.value.problems)
    assert "共 3 处问题" in text and "第 3 行" in text


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    assert [problem.message for problem in problems(tmp_path / "nowhere")] == ["标准目录不存在"]
    assert [problem.message for problem in problems(tmp_path)] == ["缺少数据元目录 elements/"]


def test_loading_imports_no_engine(folder: Folder) -> None:
    code = (
        "import sys; from pathlib import Path; from govdata.standards import load; load(Path(sys.argv[1]));"
        "print([m for m in ('duckdb', 'dagster', 'great_expectations', 'pandas', 'pyarrow', 'jsonschema') if m in "
        "sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder.root)], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(
    not any((REPOSITORY / "standards/elements").glob("*.yaml")), reason="the repository's standards are not written yet"
)
def test_the_repository_s_own_standards_are_sound() -> None:
    found = problems(REPOSITORY / "standards")
    assert not found, report(found)


def test_what_a_registry_keeps_is_made_once_and_never_for_a_copy(folder: Folder) -> None:
    registry = load(folder.root)
    made = iter(range(10))
    assert [registry.keep("a", lambda: next(made)) for _ in range(2)] == [0, 0]
    assert [registry.keep("a", lambda: next(made), version=v) for v in ("x", "x", "y", "x")] == [1, 1, 2, 3]
    assert registry.keep("b", lambda: next(made)) == 4
    changed = registry.model_copy(update={"null_tokens": ()})
    assert (changed.keep("b", lambda: next(made)), registry.keep("b", lambda: next(made))) == (5, 4)
    assert registry.model_copy() == registry, "what is kept is no part of what is said"
