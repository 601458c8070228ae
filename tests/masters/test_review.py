"""People decide on what likeness leaves open: blind, two of them, by workbooks that come back through the orders' door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from govdata import governance, masters, publish
from govdata.errors import GovdataError
from govdata.governance import reviews
from govdata.masters import decisions
from tests.masters.conftest import Small
from tests.masters.test_likeness import DAY, HEAD, NEXT, RESIDENTS, THIRD, candidates, declared, linked

BIRTHS = HEAD + (
    "B1,,李建国,1990-01-02,190101,\n"  # linked
    "B4,,王芳,1980-03-04,,\n"  # either of two
)


@pytest.fixture
def city(tmp_path: Path) -> Small:
    made = declared(tmp_path)
    made.deliver("people", DAY, RESIDENTS)
    made.deliver("births", DAY, BIRTHS)
    linked(made)
    return made


def asked(city: Small, date: Any = DAY, by: tuple[str, ...] = ("甲", "乙")) -> list[Path]:
    return reviews.write(city.registry, city.deployment, "person", date, by)


def pairs(city: Small) -> dict[str, str]:
    """Number of the birth and of the resident → pair."""
    rows = city.ask(
        "SELECT b.no || p.id, c.mention_id, c.anchor FROM governance.link_candidates AS c "
        "JOIN published.births AS b ON b._row_id = c.row_id "
        "JOIN published.person_link AS l ON l.person_id = c.candidate_id AND l.dataset = 'people' "
        "JOIN published.people AS p ON p._row_id = l.row_id"
    )
    return {name: masters.review.pair_id("person", mention, anchor) for name, mention, anchor in rows}


def answered(path: Path, verdicts: dict[str, str], target: Path) -> Path:
    """The workbook with verdicts filled in by pair, put into the inbox."""
    book = openpyxl.load_workbook(path)
    sheet = book[reviews.SHEET]
    header = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        verdict = verdicts.get(str(row[header.index(reviews.PAIR)].value))
        if verdict:
            row[header.index(reviews.VERDICT)].value = verdict
    target.mkdir(parents=True, exist_ok=True)
    book.save(target / path.name)
    return target / path.name


def returned(city: Small, paths: list[Path], *verdicts: dict[str, str]) -> list[Any]:
    inbox = city.deployment.workorders / "inbox"
    for path, said in zip(paths, verdicts, strict=True):
        answered(path, said, inbox)
    return governance.receive_inbox(city.registry, city.deployment, on=DAY)


@pytest.mark.slow
def test_what_two_reviewers_agree_on_is_obeyed_from_then_on(city: Small) -> None:
    before, known = linked(city), pairs(city)
    first = publish.newest(city.deployment, "person_link", DAY)
    verdicts = {known["B4A4"]: "同一个", known["B4A5"]: "不是同一个", known["B1A1"]: "不是同一个"}

    receipts = returned(city, asked(city), verdicts, verdicts)
    city.deliver("births", NEXT, BIRTHS)
    after = linked(city, NEXT)

    assert [receipt.decided for receipt in receipts] == [3, 3] and not any(r.refused for r in receipts)
    assert before["B4"][1] == "unlinked" and before["B1"][1] == "similar"
    assert after["B4"][:2] == (after["A4"][0], "reviewed")
    assert after["B1"][1] == "unlinked" and after["B1"][0] != after["A1"][0]
    assert ("B1", "A1", "different") in candidates(city)
    # Never again, and whoever was asked once is not asked twice.
    city.deliver("births", THIRD, BIRTHS)
    assert linked(city, THIRD)["B1"][1] == "unlinked"
    again = {str(row[0].value) for path in asked(city, THIRD) for row in openpyxl.load_workbook(path)[reviews.SHEET]}
    assert not again & set(verdicts)
    # The night before the decisions is as it was.
    linked(city, DAY)
    assert publish.newest(city.deployment, "person_link", DAY) == first


@pytest.mark.slow
def test_one_opinion_or_two_that_differ_decide_nothing(city: Small) -> None:
    known = pairs(city)
    returned(city, asked(city), {known["B4A4"]: "同一个", known["B1A1"]: "不是同一个"}, {known["B4A4"]: "不是同一个"})
    city.deliver("births", NEXT, BIRTHS)
    after = linked(city, NEXT)

    assert after["B4"][1] == "unlinked" and after["B1"][1] == "similar"
    # A third one decides, who is told nothing of the first two.
    third = asked(city, NEXT, ("丙",))
    returned(city, third, {known["B4A4"]: "同一个"})
    city.deliver("births", THIRD, BIRTHS)
    assert linked(city, THIRD)["B4"][1] == "reviewed"
    made = masters.estimate(city.deployment, "person", THIRD)
    assert (made.pairs, made.agreed) == (1, 0.0)


@pytest.mark.slow
def test_reviewers_see_neither_values_nor_scores_nor_what_the_machine_thinks(city: Small) -> None:
    first, second = (openpyxl.load_workbook(path)[reviews.SHEET] for path in asked(city))
    cells = {str(cell.value) for sheet in (first, second) for row in sheet.iter_rows() for cell in row}

    assert not cells & {"王芳", "李建国", "1980-03-04", "A4", "similar", "linked", "candidate"}
    assert not any("得分" in cell or "0.9" in cell for cell in cells)
    assert "王*" in cells and "1980年" in cells
    assert {row[0].value for row in first.iter_rows(min_row=2)} == {row[0].value for row in second.iter_rows(min_row=2)}


@pytest.mark.slow
def test_a_copied_row_is_no_second_opinion(city: Small) -> None:
    known = pairs(city)
    mine, other = asked(city)
    book = openpyxl.load_workbook(answered(mine, {known["B4A4"]: "同一个"}, mine.parent / "x"))
    sheet = book[reviews.SHEET]
    for row in sheet.iter_rows(min_row=2):
        row[2].value = "乙"
    inbox = city.deployment.workorders / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    book.save(inbox / other.name)
    (receipt,) = governance.receive_inbox(city.registry, city.deployment, on=DAY)

    assert receipt.decided == 0 and all("对不上" in refused.reason for refused in receipt.refused)
    assert not decisions.settled(decisions.read(city.deployment))


@pytest.mark.slow
def test_a_decision_follows_the_mention_when_its_master_gets_another_id(city: Small) -> None:
    """Two mothers nobody registered: people say they are two; then one of them gets a number."""
    alone = "B8,,陈霞,1970-01-01,190101,C1\nB9,,陈霞,1970-01-01,190101,C1\n"
    city.deliver("births", NEXT, BIRTHS + alone)
    before = linked(city, NEXT)
    (row,) = city.ask(
        "SELECT c.mention_id, c.anchor FROM governance.link_candidates AS c JOIN published.births AS b ON b._row_id = "
        "c.row_id WHERE b.no IN ('B8', 'B9') AND c.state = 'linked'"
    )
    pair = masters.review.pair_id("person", *row)
    returned(city, asked(city, NEXT), {pair: "不是同一个"}, {pair: "不是同一个"})
    founder = "B8" if before["B8"][1] == "unlinked" else "B9"
    city.deliver("births", THIRD, BIRTHS + alone.replace(f"{founder},,", f"{founder},A555,"))
    after = linked(city, THIRD)

    assert before["B8"][0] == before["B9"][0]
    assert after["B8"][0] != after["B9"][0]


@pytest.mark.slow
def test_precision_and_recall_are_estimated_by_strata(city: Small) -> None:
    known = pairs(city)
    verdicts = {known["B4A4"]: "同一个", known["B4A5"]: "不是同一个", known["B1A1"]: "同一个"}
    returned(city, asked(city), verdicts, verdicts)

    made = masters.estimate(city.deployment, "person", DAY)

    assert made.precision == 1.0 and (made.pairs, made.agreed, made.kappa) == (3, 1.0, 1.0)
    assert made.recall == 0.5  # one of the two that are the same was linked
    assert masters.estimate(city.deployment, "person", DAY).strata


@pytest.mark.slow
def test_a_damaged_log_is_not_passed_over(city: Small) -> None:
    asked(city)
    path = city.deployment.link_reviews
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], "{", *lines[1:]]) + "\n", encoding="utf-8")

    with pytest.raises(GovdataError, match=r"关联复核日志损坏：.*第 2 行"):
        city.deliver("births", NEXT, BIRTHS)
        linked(city, NEXT)


@pytest.mark.slow
@pytest.mark.parametrize("by", [("甲", "甲"), ("",), ()])
def test_reviewers_have_names(city: Small, by: tuple[str, ...]) -> None:
    with pytest.raises(GovdataError, match="复核人"):
        asked(city, by=by)
