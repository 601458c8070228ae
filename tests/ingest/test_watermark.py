"""A table pulled from a department's database says from where to where it was read, and no change falls in between."""

from __future__ import annotations

import json
from datetime import date as Date
from pathlib import Path

import pytest

from govdata.errors import DeliveryError
from govdata.ingest import ingest, receive
from govdata.standards import markers, problems
from govdata.standards.model import WATERMARK_FILE
from tests.ingest.conftest import PEOPLE, REGISTRY, Bureau

NIGHT, NEXT, LATER = (Date(2026, 11, day) for day in (18, 19, 20))
MORNINGS = [f"2026-11-{day} 02:00:00" for day in (17, 18, 19, 20)]

PULLED = PEOPLE.model_copy(
    update={"delivery": PEOPLE.delivery.model_copy(update={"watermark": "GXSJ", "marker": markers.watermark()})}
)


def pull(bureau: Bureau, date: Date, start: object, end: object, *, rows: int = 3, said: object = 3, **more: object):  # type: ignore[no-untyped-def]
    folder = bureau.deployment.delivery("people", date)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "people.csv").write_text("GMSFHM,XM\n" + "".join(f"{n},甲\n" for n in range(rows)), encoding="utf-8")
    watermark = {"table": "RK.T_RKJBXX", "column": "GXSJ", "from": start, "to": end, "rows": said} | more
    (folder / WATERMARK_FILE).write_text(json.dumps(watermark), encoding="utf-8")


def read(bureau: Bureau, date: Date):  # type: ignore[no-untyped-def]
    delivery = receive(bureau.deployment, PULLED, date)
    assert delivery is not None and [file.name for file in delivery.files] == ["people.csv"]
    return ingest(delivery, PULLED, REGISTRY, bureau.deployment)


def refusal(bureau: Bureau, date: Date) -> str:
    with pytest.raises(DeliveryError) as error:
        read(bureau, date)
    return str(error.value)


def test_pulls_that_meet_are_read_and_remembered(bureau: Bureau) -> None:
    assert PULLED.origin == "source" and PEOPLE.origin == "landing"
    pull(bureau, NIGHT, None, MORNINGS[1])
    assert read(bureau, NIGHT).watermark.end == MORNINGS[1]
    pull(bureau, NEXT, MORNINGS[1], MORNINGS[2])
    assert read(bureau, NEXT).delivered == 3
    pull(bureau, LATER, MORNINGS[0], MORNINGS[3])  # an overlap: merged by key
    assert read(bureau, LATER).watermark.start == MORNINGS[0]


def test_a_gap_between_two_pulls_is_refused_until_it_is_closed(bureau: Bureau) -> None:
    pull(bureau, NIGHT, None, MORNINGS[1])
    read(bureau, NIGHT)
    pull(bureau, LATER, MORNINGS[2], MORNINGS[3])
    said = refusal(bureau, LATER)
    assert f"到 {MORNINGS[1]} 为止，这次从 {MORNINGS[2]} 起" in said and str(NIGHT) in said
    pull(bureau, LATER, "2026-11-18T02:00:00+08:00", MORNINGS[3])  # the same moment, written otherwise
    assert read(bureau, LATER).delivered == 3
    pull(bureau, NEXT, MORNINGS[2], MORNINGS[2])  # a date before is held against those before it alone
    assert "不相接" in refusal(bureau, NEXT)


def test_numbers_are_held_against_numbers(bureau: Bureau) -> None:
    pull(bureau, NIGHT, 0, 999)
    read(bureau, NIGHT)
    pull(bureau, NEXT, 1000, 1200)
    assert "到 999 为止，这次从 1000 起" in refusal(bureau, NEXT)
    pull(bureau, NEXT, MORNINGS[1], MORNINGS[2])
    assert "不是同一种值" in refusal(bureau, NEXT)
    pull(bureau, NEXT, 999, 1200)
    assert read(bureau, NEXT).delivered == 3


def test_the_number_of_records_must_be_that_of_the_pull(bureau: Bureau) -> None:
    pull(bureau, NIGHT, None, MORNINGS[1], rows=2)
    assert "有 3 条记录，读到 2 条" in refusal(bureau, NIGHT)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"column": "ID"}, "column 应为合同所写的 GXSJ"),
        ({"to": "昨天"}, "from 和 to 应为日期"),
        ({"to": True}, "from 和 to 应为日期"),
        ({"from": MORNINGS[2], "to": MORNINGS[1]}, "from 在 to 之后"),
        ({"from": 5}, "不是同一种值"),
    ],
)
def test_a_watermark_that_says_nothing_sound_is_refused(bureau: Bureau, change: dict[str, object], told: str) -> None:
    pull(bureau, NIGHT, None, MORNINGS[1], **change)
    assert told in refusal(bureau, NIGHT)


def test_without_its_watermark_a_pull_is_not_whole(bureau: Bureau) -> None:
    pull(bureau, NIGHT, None, MORNINGS[1])
    (bureau.deployment.delivery("people", NIGHT) / WATERMARK_FILE).unlink()
    assert f"没有标记文件 {WATERMARK_FILE}" in refusal(bureau, NIGHT)


@pytest.mark.parametrize("text", ["", "[]", '"rows": 3', '{"rows": 3}'])
def test_a_damaged_watermark_is_refused(bureau: Bureau, text: str) -> None:
    pull(bureau, NIGHT, None, MORNINGS[1])
    (bureau.deployment.delivery("people", NIGHT) / WATERMARK_FILE).write_text(text, encoding="utf-8")
    assert WATERMARK_FILE in refusal(bureau, NIGHT)


@pytest.mark.slow
def test_a_contract_declares_it_and_no_marker_beside_it(deployment) -> None:  # type: ignore[no-untyped-def]
    contract: Path = deployment.standards / "datasets" / "population.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    declared = "property: delivery, value: {mode: delta, "
    assert declared in text
    contract.write_text(text.replace(declared, declared + "watermark: GXSJ, "), encoding="utf-8")
    assert problems(deployment.standards) == []
    contract.write_text(text.replace(declared, declared + "watermark: GXSJ, marker: {name: a.ok}, "), encoding="utf-8")
    (problem,) = problems(deployment.standards)
    assert "写了 watermark 就不写 marker" in problem.message and problem.line
