"""Whether what the standards say is true, held against independent sources: python-stdnum, published counts."""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2, mod_11_10

from govdata.engine import examples
from govdata.engine.plans import source_values
from govdata.standards import Registry, problems
from tests.content.conftest import DELIVERY_DATE

# The standards' own examples; every other number must lie in the sample block.
PUBLISHED = {
    "11010519491231002X",
    "110105194912310021",
    "11010519491331002X",
    "440524188001010014",
    "91110000600037341L",
}


def test_the_standards_have_no_problem(repository: Path) -> None:
    assert problems(repository / "standards") == []


@pytest.mark.slow
def test_every_example_holds(registry: Registry) -> None:
    assert examples.problems(registry, DELIVERY_DATE) == []


def test_every_rule_has_an_example_that_fails_it(registry: Registry) -> None:
    """Implied code-set rules are the engine's own; all that an officer wrote is shown by an example."""
    bare = {
        (element.id, rule.name)
        for element in registry.elements.values()
        for rule in element.rules
        if rule.name not in set(element.examples.invalid.values())
    }
    assert bare == set()


@pytest.mark.parametrize("element", ["citizen_id", "party_id", "student_id"])
def test_check_digits_of_citizen_numbers(registry: Registry, element: str) -> None:
    shown = registry.elements[element].examples
    whole = [value for value in shown.valid if re.fullmatch("[0-9]{17}[0-9X]", value)]
    assert whole
    assert all(mod_11_2.is_valid(value) for value in whole)
    wrong = [value for value, rule in shown.invalid.items() if rule == "check_digit"]
    assert wrong
    assert not any(mod_11_2.is_valid(value) for value in wrong)


def test_check_digits_of_organisations(registry: Registry) -> None:
    for value in registry.elements["uscc"].examples.valid:
        assert uscc.calc_check_digit(value[:-1]) == value[-1]
    for value in registry.elements["registration_no_old"].examples.valid:
        assert len(value) != 15 or mod_11_10.is_valid(value)


def test_no_example_can_be_a_person(repository: Path) -> None:
    """18-digit numbers stand in the region block 19xxxx or in the standard itself; phones start 179."""
    for path in sorted((repository / "standards").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        numbers = set(re.findall(r"(?<![0-9A-Z])[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9X](?![0-9A-Z])", text)) - PUBLISHED
        assert [n for n in numbers if not n.startswith("19")] == [], path.name
        phones = re.findall(r"(?<![0-9A-Z])1[3-9][0-9]{9}(?![0-9A-Z])", text)
        assert [n for n in phones if not n.startswith(("179", "154"))] == [], path.name


def test_published_counts(registry: Registry) -> None:
    sizes = {name: Counter(len(code.code) for code in code_set.codes) for name, code_set in registry.code_sets.items()}
    assert sizes["gbt_4754_2017_industry"] == {1: 20, 2: 97, 3: 473, 4: 1382}
    assert sum(1 for code in registry.code_sets["gbt_3304_ethnic"].codes if "01" <= code.code <= "56") == 56
    assert sum(sizes["gbt_36344_2018_indicators"].values()) == 26
    assert [code.code for code in registry.code_sets["gbt_2261_1_sex"].codes] == ["0", "1", "2", "9"]


def test_divisions_have_their_history(registry: Registry) -> None:
    rows = [code for code in registry.code_sets["gbt_2260_divisions"].codes if code.code == "110103"]
    assert [(code.name_zh, code.valid_to, code.successor) for code in rows] == [("崇文区", "2010", "110101")]
    local = [code for code in registry.code_sets["gbt_2260_divisions"].codes if code.code.startswith("19")]
    assert len(local) == 14
    assert all(code.local for code in local)


def test_validity_of_one_code_never_overlaps(repository: Path) -> None:
    with open(repository / "standards/codes/gbt_2260_divisions.csv", encoding="utf-8", newline="") as file:
        rows = sorted((row["code"], row["valid_from"], row["valid_to"]) for row in csv.DictReader(file))
    for (code, _, ends), (following, starts, _) in pairwise(rows):
        assert code != following or (ends and ends <= starts), code


@pytest.mark.parametrize(
    ("prefix", "named"),
    [("15", True), ("45", True), ("54", True), ("64", True), ("65", True), ("2224", True), ("4228", True), ("5329", True),
     ("110101", False), ("1901", False), ("13", False), ("130321", True), ("469025", True), ("210522", True), ("810000", False)],
)  # fmt: skip
def test_autonomous_areas(registry: Registry, prefix: str, named: bool) -> None:
    assert (prefix in {code.code for code in registry.code_sets["autonomous_areas"].codes}) is named


@pytest.mark.parametrize(
    ("dataset", "column", "source", "code"),
    [
        ("population", "sex", "男", "1"), ("population", "sex", "MALE", "1"), ("population", "sex", "未知", "0"),
        ("population", "ethnicity", "汉", "01"), ("population", "ethnicity", "HA", "01"), ("population", "ethnicity", "9", "09"),
        # 57 for the police, 97 for schools: published with a warning that asks
        ("population", "ethnicity", "其他", "97"),
        ("population", "education", "本科", "20"), ("population", "education", "大学本科毕业", "21"),
        ("population", "education", "硕士", "14"),
        ("population", "marital_status", "离异", "40"), ("population", "marital_status", "单身", None),
        ("population", "household_division", "示例市东湖区", "190101"), ("population", "household_division", "东湖区", "190101"),
        ("legal_person", "registration_division", "朝阳区", None),  # a district of two cities
        ("legal_person", "legal_rep_doc_type", "01", "111"), ("legal_person", "legal_rep_doc_type", "111", "111"),
        ("legal_person", "legal_rep_doc_type", "二代身份证", "111"),
        ("legal_person", "status", "在业", "1"), ("legal_person", "status", "吊销,未注销", "2"),
        # 3500 and 4600
        ("legal_person", "org_type", "有限责任公司", "1100"), ("legal_person", "org_type", "联营", None),
        ("legal_person", "capital_currency", "RMB", "CNY"), ("legal_person", "capital_currency", "156", "CNY"),
        ("legal_person", "industry", "I6513", "6513"), ("legal_person", "industry", "农业", "01"),
        ("marriage", "kind", "补发结婚证", "3"), ("education", "stage", "高中", "3"), ("education", "student_status", "在校", "01"),
        ("birth", "change_kind", "修改", "U"),
    ],
)  # fmt: skip
def test_what_departments_deliver(registry: Registry, dataset: str, column: str, source: str, code: str | None) -> None:
    item = registry.datasets[dataset].column(column)
    assert source_values(item, registry.elements[item.element], registry).get(source) == code


def test_headers_are_told_apart(registry: Registry) -> None:
    for dataset in registry.datasets.values():
        seen = Counter(
            header for column in dataset.columns for header in {h.casefold() for h in (column.name, *column.headers)}
        )
        assert [header for header, count in seen.items() if count > 1] == [], dataset.name


def test_nothing_weakly_confirmed_blocks(registry: Registry) -> None:
    """No error rests on a fact graded C: market-entity types and the codes seen only elsewhere."""
    weak = {name for name, code_set in registry.code_sets.items() if code_set.grade == "C"}
    for name in registry.datasets:
        for rule in registry.rules(name):
            assert rule.severity == "warning" or not any(f"'{code_set}'" in str(rule.spec) for code_set in weak), (
                rule.id
            )


def test_garbled_text_is_read_back_before_it_is_judged(registry: Registry) -> None:
    judged = [
        element for element in registry.elements.values() if any(rule.spec.kind == "garbled" for rule in element.rules)
    ]
    assert len(judged) > 10
    assert [element.id for element in judged if element.normalise[0].name != "garbled_text"] == []
