"""Every committed rule across tables on a city of a few rows: what breaks it, and what stands beside it and is
lawful."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from govdata import standards
from govdata.engine.typed import sql_type
from govdata.masters.cross_query import Query
from govdata.standards.comparisons import References
from govdata.standards.model import CrossRule, Registry
from govdata.storage import sql

NIGHT = Date(2026, 11, 20)

Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """``tables``: table → row id → columns. ``failing``: rows of the judged table → the other row that is named."""

    rule: str
    tables: Mapping[str, Rows]
    failing: Mapping[str, str | None]
    held: tuple[str, ...] = ()  # numbers that the other table holds back
    alike: tuple[str, ...] = ()  # and names, where a damaged number tells nothing


def person(number: str, name: str, **more: Any) -> dict[str, Any]:
    return {"citizen_id": number, "name": name, "person_status": "1", "updated_at": "2026-01-01"} | more


def wedding(kind: str, day: str, man: str, woman: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "registration_date": day, "male_id": man, "female_id": woman} | more


def pupil(number: str, stage: str, **more: Any) -> dict[str, Any]:
    return {"citizen_id": number, "stage": stage, "student_status": "01", "student_no": "G" + number} | more


def company(representative: str, **more: Any) -> dict[str, Any]:
    told = {"legal_rep_id": representative, "legal_rep_name": "张伟", "legal_rep_doc_type": "111", "status": "1"}
    return told | more


DEAD = {"person_status": "2", "status_date": "2026-03-01"}
MOTHER = "190101199003072364"
FATHER = "190101198803072355"
PEOPLE = {
    "p1": person("M", "张伟"),
    "p2": person("F", "王芳"),
    "p3": person("D", "李强", **DEAD),
}
BY_EITHER = [("male", "M", "female"), ("female", "F", "male")]


def cases() -> Iterator[Case]:
    yield from of_births()
    yield from of_marriages()
    yield from of_people()
    yield from of_schools()
    yield from of_companies()
    yield from of_houses()


def of_births() -> Iterator[Case]:
    for side in ("mother", "father"):
        known = {"b1": {f"{side}_id": "M"}, "b2": {f"{side}_id": "X"}, "b3": {}, "b4": {f"{side}_id": "H"}}
        yield Case(f"{side}_is_registered", {"birth": known, "population": PEOPLE}, {"b2": None}, held=("H",))
        named = {
            "b1": {f"{side}_id": "M", f"{side}_name": "张偉"},  # unsimplified
            "b2": {f"{side}_id": "M", f"{side}_name": "张玮"},
            "b3": {f"{side}_id": "M"},
        }
        yield Case(f"{side}_name_agrees", {"birth": named, "population": PEOPLE}, {"b2": "p1"})
    born = {
        "b1": {"mother_id": "D", "father_id": "D", "birth_time": "2026-03-02 01:00:00"},
        "b2": {"mother_id": "D", "father_id": "D", "birth_time": "2026-03-01 23:00:00"},
        "b3": {"mother_id": "F", "father_id": "D", "birth_time": "2027-02-01 01:00:00"},
    }
    yield Case("mother_alive_at_birth", {"birth": born, "population": PEOPLE}, {"b1": "p3"})
    yield Case("father_alive_before_birth", {"birth": born, "population": PEOPLE}, {"b3": "p3"})
    issued = {
        "b1": {"child_id": "M", "issue_date": "2026-01-01"},
        "b2": {"child_id": "X", "issue_date": "2026-01-01"},
        "b3": {"child_id": "X", "issue_date": "2026-11-01"},  # not yet due
        "b4": {"_child": "m1", "issue_date": "2026-01-01"},  # without a number, found by who it is
        "b5": {"_child": "m9", "issue_date": "2026-01-01"},
        "asked": {"_child": "m8", "issue_date": "2026-01-01"},  # people are asked who it is
    }
    people = PEOPLE | {"p4": person("C", "张小", _resident="m1")}
    yield Case("child_is_registered", {"birth": issued, "population": people}, {"b2": None, "b5": None})
    births = {
        "b1": {"child_id": "C", "birth_time": "2026-01-01 01:00:00"},
        "b2": {"child_id": "F", "birth_time": "2026-01-01 01:00:00"},
    }
    people = {
        "p1": person("C", "张小", birth_date="2026-01-01"),
        "p2": person("F", "张大", birth_date="2026-01-02"),
    }
    yield Case("child_birth_date_agrees", {"birth": births, "population": people}, {"b2": "p2"})
    births = {"b1": {"child_id": "C"}, "b2": {"child_id": "C"}, "b3": {"child_id": "F"}, "b4": {}, "b5": {}}
    yield Case("child_has_one_certificate", {"birth": births}, {"b1": "b2", "b2": "b1"})
    births = {
        "b1": {"mother_id": "F", "birth_time": "2026-01-01 01:00:00"},
        "b2": {"mother_id": "F", "birth_time": "2026-01-02 01:00:00"},  # a twin
        "b3": {"mother_id": "F", "birth_time": "2026-05-01 01:00:00"},
        "b4": {"mother_id": "F", "birth_time": "2027-05-01 01:00:00"},
    }
    yield Case("births_far_enough_apart", {"birth": births}, {"b1": "b3", "b2": "b3", "b3": "b1"})
    one = {"mother_id": "F", "child_name": "张小", "birth_time": "2026-01-01 01:00:00"}
    births = {
        "b1": one | {"child_id": "C"},
        "b2": one | {"child_id": "E"},
        "b3": one | {"child_id": "T", "child_name": "张大"},  # a twin
        "b4": one | {"child_id": "L", "birth_time": "2024-01-01 01:00:00"},
    }
    yield Case("one_child_two_numbers", {"birth": births}, {"b1": "b2", "b2": "b1"})
    births = {
        "b1": one | {"certificate_no": "U1"},
        "b2": one | {"certificate_no": "U2", "child_id": "C"},
        "b3": one | {"certificate_no": "U3", "child_name": "张大"},  # a twin
        "b4": one | {"certificate_no": "U4", "mother_id": "H"},
        "b5": one | {"certificate_no": "U5", "child_name": None},
        "b6": one | {"certificate_no": "U6", "child_name": None},  # twins without names yet
    }
    yield Case("birth_has_one_certificate", {"birth": births}, {"b1": "b2", "b2": "b1"})
    for side in ("mother", "father"):
        births = {
            "b1": {f"{side}_id": "F", f"{side}_name": "王芳"},
            "b2": {f"{side}_id": "F", f"{side}_name": "王方"},
            "b3": {f"{side}_id": "E", f"{side}_name": "张偉"},
            "b4": {f"{side}_id": "E", f"{side}_name": "张伟"},  # unsimplified
            "b5": {f"{side}_name": "王方"},
        }
        yield Case(f"{side}_one_name", {"birth": births}, {"b1": "b2", "b2": "b1"})


def of_marriages() -> Iterator[Case]:
    weddings = {
        "w1": wedding("1", "2010-01-01", "A", "B", certificate_no="1"),
        "w2": wedding("2", "2012-01-01", "A", "B", certificate_no="2"),
        "w3": wedding("1", "2012-01-01", "A", "B", certificate_no="3"),  # again on the day of the divorce
        "w4": wedding("3", "2013-01-01", "A", "B", certificate_no="4"),
        "w5": wedding("1", "2014-01-01", "A", "B", certificate_no="5"),  # registered twice
        "w6": wedding("2", "2016-01-01", "A", "B", certificate_no="6"),
        "w7": wedding("4", "2017-01-01", "A", "B", certificate_no="7"),
        "w8": wedding("2", "2018-01-01", "A", "B", certificate_no="8"),  # divorced twice
        "w9": wedding("1", "2019-01-01", "A", "C", certificate_no="9"),
    }
    yield Case("married_again_without_divorce", {"marriage": weddings}, {"w5": "w3"})
    yield Case("divorced_again_without_marriage", {"marriage": weddings}, {"w8": "w6"})
    for me, own, spouse in BY_EITHER:
        mine = {
            "w1": {f"{me}_id": own},
            "w2": {f"{me}_id": "X"},
            "w3": {f"{me}_id": "H"},
        }
        yield Case(f"{me}_is_registered", {"marriage": mine, "population": PEOPLE}, {"w2": None}, held=("H",))
        mine = {
            "w1": {f"{me}_id": "M", f"{me}_name": "张偉"},
            "w2": {f"{me}_id": "M", f"{me}_name": "张勇"},
        }
        yield Case(f"{me}_name_agrees", {"marriage": mine, "population": PEOPLE}, {"w2": "p1"})
        yield Case(f"{me}_one_name", {"marriage": mine}, {"w1": "w2", "w2": "w1"})
        mine = {
            "w1": {f"{me}_id": "D", "kind": "1", "registration_date": "2026-03-02"},
            "w2": {f"{me}_id": "D", "kind": "1", "registration_date": "2026-03-01"},
            "w3": {f"{me}_id": "D", "kind": "3", "registration_date": "2026-03-02"},
        }
        yield Case(f"{me}_alive_at_registration", {"marriage": mine, "population": PEOPLE}, {"w1": "p3"})

        def mine_to(kind: str, day: str, to: str, me: str = me, own: str = own, spouse: str = spouse) -> dict[str, Any]:
            return {"kind": kind, "registration_date": day, f"{me}_id": own, f"{spouse}_id": to}

        weddings = {
            "w1": mine_to("1", "2010-01-01", "A"),
            "w2": mine_to("2", "2012-01-01", "A"),
            "w3": mine_to("1", "2012-01-01", "B"),  # on the day of the divorce
            "w4": mine_to("1", "2014-01-01", "C"),  # still married to B
            "w5": mine_to("3", "2015-01-01", "C"),
            "w6": mine_to("1", "2016-01-01", "E"),  # C had died
            "w7": mine_to("1", "2017-01-01", "E"),  # the same two once more
        }
        people = {
            "p1": person("C", "丙", person_status="2", status_date="2015-06-01"),
            "p2": person("B", "乙", person_status="2", status_date="2019-06-01"),
        }
        yield Case(f"{me}_marriages_overlap", {"marriage": weddings, "population": people}, {"w4": "w3"})
        weddings = {
            "w1": mine_to("1", "2010-01-01", "A"),
            "w2": mine_to("1", "2010-09-01", "B"),
            "w3": mine_to("1", "2011-05-01", "C"),
            "w4": mine_to("1", "2012-12-01", "E"),
        }
        failing = {"w1": "w2", "w2": "w1", "w3": "w1"}
        yield Case(f"{me}_married_often", {"marriage": weddings}, failing)
        weddings = {
            "w1": mine_to("1", "2010-01-01", "A"),
            "w2": mine_to("1", "2014-01-01", "B") | {f"{me}_prior_status": "30"},
            "w3": mine_to("1", "2018-01-01", "C") | {f"{me}_prior_status": "30"},
        }
        people = {"p1": person("A", "甲"), "p2": person("B", "乙", **DEAD)}
        yield Case(f"{me}_widowed_by_the_living", {"marriage": weddings, "population": people}, {"w2": "w1"})
        parent = "mother" if me == "male" else "father"
        births = {"b1": {"child_id": own, f"{parent}_id": "P"}}
        weddings = {"w1": mine_to("1", "2010-01-01", "P"), "w2": mine_to("1", "2010-01-01", "Q")}
        yield Case(f"{me}_is_child_of_the_other", {"marriage": weddings, "birth": births}, {"w1": "b1"})
    births = {
        "b1": {"child_id": "M", "mother_id": "P", "father_id": "Q"},
        "b2": {"child_id": "F", "mother_id": "P", "father_id": "R"},
        "b3": {"child_id": "G", "mother_id": "S", "father_id": None},
    }
    weddings = {"w1": wedding("1", "2010-01-01", "M", "F"), "w2": wedding("1", "2010-01-01", "M", "G")}
    yield Case("parties_are_siblings", {"marriage": weddings, "birth": births}, {"w1": "b1"})
    weddings = {
        "w1": wedding("2", "2015-01-01", FATHER, MOTHER),
        "w2": wedding("2", "2015-01-01", FATHER, "190101197003072364"),  # he was no more of age in 2004
        "w3": wedding("2", "2015-01-01", "190101197003072355", "190101197003072364"),  # married before 2004
        "w4": wedding("2", "2015-01-01", "190101198803072398", MOTHER),
        "w5": wedding("1", "2012-01-01", "190101198803072398", MOTHER),
    }
    yield Case("divorce_has_marriage", {"marriage": weddings}, {"w1": None, "w2": None})


def of_people() -> Iterator[Case]:
    for me, own, spouse in BY_EITHER:
        weddings = {
            "w1": {"kind": "1", "registration_date": "2020-01-01", f"{me}_id": own, f"{spouse}_id": "A"},
            "w2": {"kind": "2", "registration_date": "2022-01-01", f"{me}_id": own, f"{spouse}_id": "A"},
        }
        people = {
            "p1": person(own, "甲", marital_status="10"),
            "p2": person(own, "甲", marital_status="10", updated_at="2019-12-31"),  # the register was older
            "p3": person(own, "甲", marital_status="21"),  # divorced since
            "p4": person(own, "甲", marital_status="40"),
            "p5": person(own, "甲", marital_status="21", updated_at="2021-01-01"),
            "p6": person(own, "甲", marital_status="40", updated_at="2021-01-01"),  # the divorce is known already
            "p7": person(own, "甲", marital_status="30"),  # only the police know
            "p8": person("X", "乙", marital_status="21"),
        }
        tables = {"population": people, "marriage": weddings}
        yield Case(f"{me}_status_says_married", tables, {"p1": "w1"})
        yield Case(f"{me}_status_agrees_with_registration", tables, {"p3": "w2"})
        tables = {"population": {"p1": person(own, "甲", marital_status="40")}, "marriage": {"w1": weddings["w1"]}}
        yield Case(f"{me}_status_agrees_with_registration", tables, {"p1": "w1"})
    pupils = {"e1": pupil("M", "1", student_status="11"), "e2": pupil("D", "1", student_status="11")}
    yield Case("dead_in_school_records", {"population": PEOPLE, "education": pupils}, {"p1": "e1"})
    one = {"sex": "1", "birth_date": "1990-03-07", "household_address": "东湖区某路1号"}
    people = {
        "p1": person("M", "张伟", **one),
        "p2": person("N", "张伟", **one),
        "p3": person("T", "张强", **one),  # a twin
        "p4": person("S", "张伟", **one | {"household_address": "西岭区某路1号"}),  # a namesake
        "p5": person("O", "张伟", **one) | DEAD,
    }
    yield Case("one_person_two_numbers", {"population": people}, {"p1": "p2", "p2": "p1"})
    people = {
        "p1": person("190101202003072364", "甲", birth_date="2020-03-07"),
        "p2": person("190101202003072380", "乙", birth_date="2020-03-07"),
        "p3": person("190101202003072401", "丙", birth_date="2020-03-07", _resident="m1"),
        "p4": person("190201202003072364", "丁", birth_date="2020-03-07"),  # born elsewhere
        "p5": person("190101200003072364", "戊", birth_date="2000-03-07"),  # before the register began
        "p6": person("190101202003072428", "己", birth_date="2020-03-07", _resident="asked"),
    }
    births = {"b1": {"child_id": "190101202003072364"}, "b2": {"_child": "m1"}}
    yield Case("born_here_has_certificate", {"population": people, "birth": births}, {"p2": None})
    people = {
        "p1": person("A", "甲", birth_date="2016-03-07"),
        "p2": person("B", "乙", birth_date="2016-03-07"),
        "p3": person("C", "丙", birth_date="2016-03-07", _resident="m1"),  # the school has no number
        "p4": person("E", "丁", birth_date="2020-10-01"),
        "p5": person("F", "戊", birth_date="2016-03-07") | DEAD,
        "p6": person("H", "己", birth_date="2016-03-07"),
        "p7": person("I", "庚", birth_date="2016-03-07", sex="1"),  # the school wrote a number that is none
        "p8": person("J", "庚", birth_date="2016-03-07", sex="2"),
    }
    pupils = {"e1": pupil("A", "1"), "e2": {"_pupil": "m1"}}
    tables = {"population": people, "education": pupils}
    yield Case("school_age_has_record", tables, {"p2": None, "p8": None}, held=("H",), alike=("庚",))
    graduate = {"student_status": "07", "education_level": "21", "graduation_date": "2025-06-30"}
    people = {
        "p1": person("A", "甲", education="61"),
        "p2": person("B", "乙", education="21"),
        "p3": person("A", "甲", education="61", updated_at="2025-07-01"),  # not yet due
        "p4": person("A", "甲", education="14"),
        "p5": person("A", "甲", education="90"),
        "p6": person("C", "丙", education="41"),  # of one level with the other
    }
    pupils = {
        "e1": pupil("A", "6", **graduate),
        "e2": pupil("B", "6", **graduate),
        "e3": pupil("C", "3", **graduate | {"education_level": "61"}),
    }
    yield Case("education_below_diploma", {"population": people, "education": pupils}, {"p1": "e1"})


def of_schools() -> Iterator[Case]:
    pupils = {"e1": pupil("M", "1"), "e2": pupil("X", "1"), "e3": pupil("H", "1")}
    yield Case("pupil_is_registered", {"education": pupils, "population": PEOPLE}, {"e2": None}, held=("H",))
    pupils = {"e1": pupil("M", "1", name="张偉"), "e2": pupil("M", "1", name="张强")}
    yield Case("pupil_name_agrees", {"education": pupils, "population": PEOPLE}, {"e2": "p1"})
    yield Case("pupil_one_name", {"education": pupils}, {"e1": "e2", "e2": "e1"})
    people = PEOPLE | {"p4": person("N", "王五", person_status="2", status_date="2026-11-01")}
    pupils = {
        "e1": pupil("D", "1"),
        "e2": pupil("D", "1", student_status="11"),
        "e3": pupil("N", "1"),  # dead for less than a month
    }
    yield Case("pupil_is_alive", {"education": pupils, "population": people}, {"e1": "p3"})
    pupils = {
        "e1": pupil("A", "6", student_no="1001"),
        "e2": pupil("A", "6", student_no="1002"),
        "e3": pupil("A", "6", student_no="1003", student_status="03"),
        "e4": pupil("B", "6", student_no="1004"),
    }
    yield Case("one_school_at_a_time", {"education": pupils}, {"e1": "e2", "e2": "e1"})
    pupils = {
        "e1": pupil("A", "1", student_no="G1"),
        "e2": pupil("A", "1", student_no="G2"),
        "e3": pupil("B", "1", student_no="G3"),
        "e4": pupil("B", "1", student_no="J3"),
    }
    pupils |= {
        "e5": pupil("C", "6", student_no="2022190101"),
        "e6": pupil("C", "7", student_no="2026190105"),  # bachelor and master, each university numbers its own
        "e7": pupil("E", "1", student_no="G5"),
        "e8": pupil("E", "2", student_no="G5"),  # went on to the next stage, or to another school
    }
    yield Case("pupil_one_number", {"education": pupils}, {"e1": "e2", "e2": "e1"})
    pupils = {
        "e1": pupil("A", "6", diploma_no="1"),
        "e2": pupil("B", "6", diploma_no="1"),
        "e3": pupil("C", "6", diploma_no="2"),
        "e4": pupil("C", "7", diploma_no="2"),
        "e5": pupil("E", "6"),
        "e6": pupil("F", "6"),
    }
    yield Case("one_diploma_two_pupils", {"education": pupils}, {"e1": "e2", "e2": "e1"})
    people = {"p1": person("A", "甲", birth_date="2019-03-07"), "p2": person("B", "乙", birth_date="2008-03-07")}
    pupils = {
        "e1": pupil("A", "1", enrolment_date="2025-09-01"),
        "e2": pupil("A", "6", enrolment_date="2025-09-01"),
        "e3": pupil("B", "6", enrolment_date="2025-09-01"),
        "e4": pupil("B", "1", enrolment_date="2025-09-01"),
        "e5": pupil("A", "10", enrolment_date="2025-09-01"),  # a special school has no age
    }
    yield Case("stage_fits_age", {"education": pupils, "population": people}, {"e2": "p1", "e4": "p2"})
    pupils = {
        "e1": pupil("A", "3", enrolment_date="2018-09-01", graduation_date="2021-06-30"),
        "e2": pupil("A", "6", enrolment_date="2021-09-01"),
        "e3": pupil("B", "3", enrolment_date="2018-09-01", graduation_date="2023-06-30"),
        "e4": pupil("B", "6", enrolment_date="2021-09-01"),
        "e5": pupil("C", "3", enrolment_date="2022-09-01"),
        "e6": pupil("C", "6", enrolment_date="2021-09-01"),
        "e7": pupil("D", "3", enrolment_date="2022-09-01"),  # two schools of one level
        "e8": pupil("D", "4", enrolment_date="2021-09-01"),
        "e9": pupil("E", "10", enrolment_date="2022-09-01"),
        "e0": pupil("E", "2", enrolment_date="2021-09-01"),
    }
    yield Case("stages_in_order", {"education": pupils}, {"e3": "e4", "e5": "e6"})


def of_companies() -> Iterator[Case]:
    companies = {
        "c1": company("M"),
        "c2": company("X"),
        "c3": company("Y", legal_rep_doc_type="414"),  # a foreigner
        "c4": company("Y", status="4"),
        "c5": company("H"),
    }
    tables = {"legal_person": companies, "population": PEOPLE}
    yield Case("representative_is_registered", tables, {"c2": None}, held=("H",))
    companies = {"c1": company("M", legal_rep_name="张偉"), "c2": company("M", legal_rep_name="张三")}
    yield Case("representative_name_agrees", {"legal_person": companies, "population": PEOPLE}, {"c2": "p1"})
    yield Case("representative_one_name", {"legal_person": companies}, {"c1": "c2", "c2": "c1"})
    people = PEOPLE | {"p4": person("N", "王五", person_status="2", status_date="2026-11-01")}
    companies = {"c1": company("D"), "c2": company("D", status="4"), "c3": company("N"), "c4": company("M")}
    yield Case("representative_is_alive", {"legal_person": companies, "population": people}, {"c1": "p3"})
    companies = {"c1": {"org_code": "1"}, "c2": {"org_code": "1"}, "c3": {"org_code": "2"}, "c4": {}, "c5": {}}
    yield Case("one_code_two_bodies", {"legal_person": companies}, {"c1": "c2", "c2": "c1"})
    companies = {row: {"old_registration_no": told.get("org_code")} for row, told in companies.items()}
    yield Case("one_old_number_two_bodies", {"legal_person": companies}, {"c1": "c2", "c2": "c1"})
    companies = {
        "c1": company("M", name="甲公司", address="一路1号"),
        "c2": company("F", name="甲公司", address="一路1号"),
        "c3": company("F", name="甲公司", address="二路1号"),
        "c4": company("F", name="甲公司", address="一路1号", status="4"),  # registered anew
        "c5": company("F", address="一路1号"),
        "c6": company("F", address="一路1号"),
    }
    yield Case("one_body_two_codes", {"legal_person": companies}, {"c1": "c2", "c2": "c1"})
    companies = {
        "c1": company("M", status="2", cancel_date="2025-06-01"),
        "c2": company("M", established_date="2026-01-01"),
        "c3": company("M", established_date="2020-01-01"),  # was there before
        "c4": company("F", status="2", cancel_date="2022-06-01"),
        "c5": company("F", established_date="2023-01-01"),  # more than three years ago
        "c6": company("D", status="4", cancel_date="2025-06-01"),  # closed, not revoked
        "c7": company("D", established_date="2026-01-01"),
    }
    yield Case("representative_of_revoked_company", {"legal_person": companies}, {"c2": "c1"})
    many = {f"c{place:02d}": company("M") for place in range(20)}
    few = {f"d{place:02d}": company("F") for place in range(19)}
    closed = {"e1": company("F", status="4")}
    failing = {row: "c00" if row != "c00" else "c19" for row in many}
    yield Case("representative_of_many", {"legal_person": many | few | closed}, failing)
    many = {f"c{place:02d}": company("M", address="一路1号") for place in range(50)}
    few = {f"d{place:02d}": company("F", address="二路1号") for place in range(49)}
    failing = {row: "c00" if row != "c00" else "c49" for row in many}
    yield Case("many_at_one_address", {"legal_person": many | few}, failing)


def house(unit: str, owner: str, **more: Any) -> dict[str, Any]:
    told = {"unit_code": unit, "owner_id": owner, "owner_type": "1", "owner_doc_type": "1", "ownership": "0"}
    return told | {"status": "1", "house_use": "11", "owner_name": "张伟"} | more


def of_houses() -> Iterator[Case]:
    past = {"status": "2"}
    body = {"owner_type": "2", "owner_doc_type": "7"}
    people = PEOPLE | {"p4": person("C", "张小", _resident="m1")}
    houses = {
        "h1": house("1", "M"),
        "h2": house("2", "X"),
        "h3": house("3", "X", owner_doc_type="3"),  # a passport is in no register of ours
        "h4": house("4", "X", **past),
        "h5": house("5", "X", **body),
        "h6": house("6", "H"),
        "h7": house("7", "Y", _house_owner="m1"),
        "h8": house("8", "Y", owner_name="赵写坏"),
    }
    tables = {"house": houses, "population": people}
    yield Case("house_owner_is_registered", tables, {"h2": None}, held=("H",), alike=("赵写坏",))
    houses = {"h1": house("1", "M", owner_name="张偉"), "h2": house("2", "M", owner_name="张三"),
              "h3": house("3", "M", owner_name="张三", **past)}  # fmt: skip
    yield Case("house_owner_name_agrees", {"house": houses, "population": PEOPLE}, {"h2": "p1"})
    houses = {"h1": house("1", "D"), "h2": house("2", "D", **past), "h3": house("3", "M"), "h4": house("4", "X")}
    yield Case("house_owner_is_alive", {"house": houses, "population": PEOPLE}, {"h1": "p3"})
    companies = {
        "c1": company("M", uscc="U", name="甲公司"),
        "c2": company("M", uscc="V", name="乙公司", status="4"),
        "c3": company("M", uscc="W", name="丙公司", status="2"),
    }
    houses = {
        "h1": house("1", "U", owner_name="甲公司", **body),
        "h2": house("2", "V", owner_name="甲公司", **body),
        "h3": house("3", "Z", **body),
        "h4": house("4", "W", owner_name="丙公司", **body),  # a revoked licence leaves the body
        "h5": house("5", "V", **body | past),
        "h6": house("6", "Z", owner_type="4"),  # an office of state stands in another register
    }
    tables = {"house": houses, "legal_person": companies}
    yield Case("house_owner_organisation_name_agrees", tables, {"h2": "c2"})
    yield Case("house_owner_organisation_exists", tables, {"h2": "c2"})
    houses = houses | {"h7": house("7", "Z", _house_owner_organisation="o1", **body)}
    tables = {"house": houses, "legal_person": companies | {"c4": company("M", uscc="Q", _company="o1")}}
    yield Case("house_owner_organisation_is_registered", tables, {"h3": None})
    houses = {
        "h1": house("1", "M"),
        "h2": house("1", "F"),  # sold twice
        "h3": house("2", "M"),
        "h4": house("2", "F", **past),
        "h5": house("3", "M", ownership="1"),
        "h6": house("3", "F", ownership="1"),  # a couple
    }
    yield Case("one_unit_two_sole_owners", {"house": houses}, {"h1": "h2", "h2": "h1"})
    shared = {"ownership": "2"}
    houses = {
        "h1": house("1", "A", share=60, **shared),
        "h2": house("1", "B", share=50, **shared),
        "h3": house("2", "A", share="33.34", **shared),
        "h4": house("2", "B", share="33.33", **shared),
        "h5": house("2", "C", share="33.34", **shared),  # thirds
        "h6": house("3", "A", share=50, **shared),
        "h7": house("3", "B", **shared),  # how much is not told
        "h8": house("4", "A", share=60, **shared),
        "h9": house("4", "B", share=50, **shared | past),
        "i1": house("5", "A", share=40, **shared),
        "i2": house("5", "B", share=40, **shared),
        "i3": house("5", "C", share=40, **shared),
    }
    failing = {"h1": "h2", "h2": "h1", "i1": "i2", "i2": "i1", "i3": "i1"}
    yield Case("house_shares_add_up", {"house": houses}, failing)
    houses = {
        "h1": house("1", "A", house_nature="6"),
        "h2": house("2", "A", house_nature="0"),
        "h3": house("3", "B", house_nature="6"),
        "h4": house("3", "B", house_nature="6", certificate_no="换证"),  # one home, two certificates
        "h5": house("4", "C", house_nature="6"),
        "h6": house("5", "C", house_use="60"),
        "h7": house("6", "C", **past),
    }
    yield Case("subsidised_owner_has_another_home", {"house": houses}, {"h1": "h2"})


CASES = list(cases())


@pytest.fixture(scope="module")
def registry(repository: Path) -> Registry:
    return standards.load(repository / "standards")


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def judged(case: Case, rule: CrossRule, registry: Registry, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    for table in rule.tables:
        if registry.datasets[table].derived is None:
            _fill(connection, registry, table, case.tables[table], rule)
    if isinstance(rule.spec, References):
        numbers, names = list(rule.spec.on.values()), list((rule.spec.held or {}).values())
        keys = [*numbers, *names]
        connection.execute(
            f'CREATE OR REPLACE TABLE "held {rule.spec.table}" AS SELECT {sql.identifiers(keys)} FROM '
            f'"rows {rule.spec.table}" LIMIT 0'
        )
        lines = [[value] * len(numbers) + [None] * len(names) for value in case.held]
        lines += [[None] * len(numbers) + [name, "1"][: len(names)] for name in case.alike]
        for line in lines:
            marks = ", ".join("?" for _ in line)
            connection.execute(f'INSERT INTO "held {rule.spec.table}" VALUES ({marks})', line)
    if rule.links:
        for kind in ("person", "organisation"):
            connection.execute(
                f'CREATE OR REPLACE TABLE "asked {kind}" (row_id VARCHAR, role VARCHAR, candidate_id VARCHAR)'
            )
        connection.execute("INSERT INTO \"asked person\" VALUES ('asked', 'child', 'asked')")
    asked = f"SELECT row_id, other_row FROM ({Query(rule, NIGHT).text()}) WHERE fails"
    return dict(connection.execute(asked).fetchall())


def _fill(connection: duckdb.DuckDBPyConnection, registry: Registry, table: str, rows: Rows, rule: CrossRule) -> None:
    kinds = {column.name: sql_type(registry.elements[column.element]) for column in registry.datasets[table].columns}
    roles = {f"_{role}" for master in registry.masters.values() for role in master.mentions} if rule.links else set()
    kinds |= {"_row": "VARCHAR", "_file": "VARCHAR", "_line": "BIGINT", "_day": "DATE"} | dict.fromkeys(
        roles, "VARCHAR"
    )
    listed = ", ".join(f"{sql.identifier(name)} {kind}" for name, kind in kinds.items())
    connection.execute(f'CREATE OR REPLACE TABLE "rows {table}" ({listed})')
    for row, told in rows.items():
        known = {"_row": row, "_file": "交付.csv", "_line": 1, "_day": NIGHT} | told
        marks = ", ".join("?" for _ in known)
        connection.execute(
            f'INSERT INTO "rows {table}" ({sql.identifiers(known)}) VALUES ({marks})', list(known.values())
        )


@pytest.mark.parametrize("case", CASES, ids=[case.rule for case in CASES])
def test_a_rule_finds_what_breaks_it_and_nothing_beside(
    case: Case, registry: Registry, connection: duckdb.DuckDBPyConnection
) -> None:
    rule = next(rule for rule in registry.cross if rule.id == case.rule)

    assert judged(case, rule, registry, connection) == case.failing


def test_the_catalogue_says_of_every_rule_between_departments_who_decides_it(
    registry: Registry, repository: Path
) -> None:
    """docs/masters.md has a line for each of the 53, and the rules that bear its number stand in it."""
    page = (repository / "docs/masters.md").read_text(encoding="utf-8")
    lines = {line[2:6]: line for line in page.splitlines() if line.startswith("| XR")}
    assert list(lines) == [f"XR{number:02d}" for number in range(1, 54)]
    beyond = page.split("## Rules beyond the catalogue", 1)[1]
    for rule in registry.cross:
        assert f"`{rule.id}`" in (lines[rule.catalogue] if rule.catalogue else beyond), rule.id
    for number, line in lines.items():
        decided = "not decidable" in line or line.count("`") or "statistic" in line
        assert decided, number


def test_every_committed_rule_has_its_case(registry: Registry) -> None:
    assert sorted({case.rule for case in CASES}) == [rule.id for rule in registry.cross]
