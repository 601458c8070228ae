"""The rules are examined with rows that are known to be clean and damage that is known: nothing gets through, nothing is
accused, and a rule that is gone is missed."""

from __future__ import annotations

import shutil
from datetime import date as Date
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pytest

from govdata import exam, standards
from govdata.deployment import Deployment
from govdata.exam.damaging import CONFLICT, DUPLICATE, damage
from govdata.standards import Registry
from govdata.storage.tables.scoring import RULE_EXAM
from tests.conftest import REPOSITORY, Finished, govdata
from tests.zygote import Zygote

pytestmark = pytest.mark.xdist_group("finished")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return standards.load(REPOSITORY / "standards")


@pytest.fixture(scope="module")
def examined(finished: Finished, registry: Registry) -> exam.Exam:
    assert finished.code == 0, finished.output + finished.errors
    return exam.examine(registry, finished.deployment, ["birth"])


def files(deployment: Deployment) -> set[Path]:
    return {path for path in deployment.data.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_nothing_gets_through_and_nothing_clean_is_accused(examined: exam.Exam) -> None:
    assert examined.sampled["birth"] > 200 and not examined.unexamined
    assert examined.blind_spots == [] and examined.false_alarms == []
    struck = {(each.kind, each.column): each for each in examined.strikes}
    wrong = struck["id_wrong_check_digit", "mother_id"]
    assert (wrong.struck, wrong.found, wrong.restored) == (12, 12, 0)
    wide = struck["id_fullwidth", "mother_id"]
    assert (wide.struck, wide.found, wide.restored) == (12, 0, 12)


def test_a_repeated_row_is_dropped_and_a_repeated_key_is_told(examined: exam.Exam) -> None:
    struck = {each.kind: each for each in examined.strikes if not each.column}
    assert struck[DUPLICATE].restored == struck[DUPLICATE].struck > 0
    assert struck[CONFLICT].found == struck[CONFLICT].struck > 0
    (key,) = [each for each in examined.rules if each.rule.id == "primary_key_unique"]
    assert key.hits == key.due == struck[CONFLICT].struck and key.false_alarms == 0


def test_a_rule_s_recall_is_of_the_damage_it_was_hit_by(examined: exam.Exam) -> None:
    rules = {each.rule.id: each for each in examined.rules}
    digit = rules["institution_code.check_digit"]
    assert (digit.hits, digit.due, digit.alone, digit.recall) == (12, 12, 12, 1.0)
    assert all(each.alone <= each.hits <= each.due for each in examined.rules)
    assert not {each.rule.id for each in examined.redundant} & {each.rule.id for each in examined.untried}


@pytest.mark.slow
def test_the_deployment_stays_as_it_is_and_the_same_seed_gives_the_same(finished: Finished, registry: Registry) -> None:
    before = files(finished.deployment)
    first, again = (exam.examine(registry, finished.deployment, ["birth"], each=2) for _ in range(2))
    assert first == again
    other = exam.examine(registry, finished.deployment, ["birth"], each=2, seed=7)
    assert other.sampled == first.sampled
    assert files(finished.deployment) == before


RULE = "      - name: issued_after_birth\n"


def without_a_rule(target: Path) -> Registry:
    """The standards without the rule that a certificate is issued after the birth."""
    shutil.copytree(REPOSITORY / "standards", target)
    path = target / "datasets" / "birth.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index(RULE)
    end = text.index("      - name: ", start + len(RULE))
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    return standards.load(target)


def test_a_rule_that_is_gone_is_missed(finished: Finished, tmp_path: Path, examined: exam.Exam) -> None:
    assert next(each for each in examined.rules if each.rule.id == "issued_after_birth").alone == 12
    made = exam.examine(without_a_rule(tmp_path / "standards"), finished.deployment, ["birth"])
    assert [(each.kind, each.column, each.survived) for each in made.blind_spots] == [
        ("issued_before_birth", "issue_date", 12)
    ]


def test_a_rule_that_accuses_clean_rows_is_a_false_alarm(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "standards", tmp_path / "standards")
    path = tmp_path / "standards" / "datasets" / "birth.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    rule = RULE.replace("issued_after_birth", "boys_only") + (
        "        description: 只收男婴\n        type: custom\n        engine: govdata\n        dimension: consistency\n"
        "        severity: warning\n        implementation: {row: sex = '1', columns: [sex]}\n"
    )
    path.write_text(text.replace(RULE, rule + RULE), encoding="utf-8")
    made = exam.examine(standards.load(tmp_path / "standards"), finished.deployment, ["birth"])
    (accused,) = made.false_alarms
    assert accused.rule.id == "boys_only" and 0 < accused.false_alarms < made.sampled["birth"]


@pytest.mark.slow
def test_the_command_tells_and_keeps_and_its_exit_code_says_whether_all_is_well(
    finished: Finished, zygote: Zygote, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(finished.deployment.home, home, symlinks=True)
    deployment = Deployment(home)
    book = tmp_path / "exam.xlsx"
    run = govdata(zygote, deployment, "standards", "exam", "--dataset", "birth", "--xlsx", str(book), outside=tmp_path)
    assert run.code == 0, run.output + run.errors
    assert "漏网 0" in run.output and "从不单独查出的规则" in run.output
    head, *lines = openpyxl.load_workbook(book)["规则"].iter_rows(values_only=True)
    assert head[:2] == ("数据集", "规则") and len(lines) == len(standards.load(deployment.standards).rules("birth"))
    query = f"SELECT count(*), sum(hits) > 0 FROM {RULE_EXAM} WHERE dataset = 'birth'"
    asked = govdata(zygote, deployment, "sql", query, "--csv", outside=tmp_path)
    assert asked.output.splitlines()[1].lower() == f"{len(lines)},true"
    shutil.rmtree(deployment.standards)
    without_a_rule(deployment.standards)
    run = govdata(zygote, deployment, "standards", "exam", "--dataset", "birth", outside=tmp_path)
    assert run.code == 1 and "issued_before_birth" in run.output


def test_each_copy_bears_one_defect(registry: Registry) -> None:
    """Whatever the rows: a copy differs from its row where it was struck, and nowhere else."""
    dataset = registry.datasets["education"]
    row = {
        "student_no": "J190101201009011230", "name": "张三丰", "citizen_id": "190101201009011234", "sex": "1",
        "school_code": "2119000001", "school_name": "甲校", "stage": "1", "school_year": "2026", "enrolment_date": "2020-09-01",
        "education_level": "81", "student_status": "01",
    }  # fmt: skip
    names = [column.name for column in dataset.columns]
    records = pa.table({name: pa.array([row.get(name)] * 40, pa.string()) for name in names})
    made = damage(dataset, registry, records, 3, Date(2026, 11, 20), np.random.default_rng(5))
    texts = made.texts.to_pylist()
    for strike in made.strikes:
        for place, source in strike.copies.items():
            changed = {name for name in names if texts[place][name] != texts[source][name]}
            allowed = {strike.column, *strike.beside} if strike.column else {"school_name"}
            assert changed <= allowed, strike.kind
    places = [place for strike in made.strikes for place in strike.copies]
    assert len(places) == len(set(places)) == len(texts) - 40
