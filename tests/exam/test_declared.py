"""A dataset that no code knows is examined by what is declared of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from govdata import exam, publish, standards
from govdata.exam.damaging import CONFLICT, damage
from govdata.exam.declared import declared
from govdata.sample.defects import DEFECTS
from tests.assets.test_sixth_dataset import CONTRACT, ELEMENTS
from tests.masters.conftest import Small
from tests.scoring.conftest import START
from tests.scoring.conftest import Scored as Scored
from tests.scoring.conftest import city as city  # the fixture

MORE = """\
      - name: due_on
        businessName: 到期日期
        logicalType: date
        customProperties: [{property: element, value: card_date}]
      - name: branch
        businessName: 分馆
        logicalType: string
        customProperties: [{property: element, value: branch}]
    quality:
      - name: due_after_issue
        description: 到期早于办证
        type: custom
        engine: govdata
        dimension: consistency
        severity: warning
        implementation: {row: due_on > issued_on AND issued_on <= delivery_date()}
"""
BRANCH = """
branch:
  name: 分馆
  name_en: Branch
  definition: 办证的分馆
  type: text
  normalise: [strip]
  rules:
    size: {length: {min: 2, max: 20}, dimension: conformity, severity: error, message: 2到20字}
  sensitivity: {level: 1}
  examples: {valid: [城南分馆], invalid: {城: size}, repairs: {' 城南分馆': 城南分馆}}
"""


def examined(city: Small) -> exam.Exam:
    """The examination of sixty cards."""
    city.write("elements/culture.yaml", ELEMENTS + BRANCH)
    city.write("datasets/library_card.odcs.yaml", contract())
    lines = [f"LB{n:08d},{n % 50},2025-0{n % 9 + 1}-11,2027-0{n % 9 + 1}-11,城南分馆" for n in range(60)]
    city.deliver("library_card", START, "card_no,loans,issued_on,due_on,branch\n" + "\n".join(lines) + "\n")
    publish.rebuild_catalogue(city.deployment, city.registry)
    return exam.examine(city.registry, city.deployment, ["library_card"], each=3)


def contract() -> str:
    return CONTRACT[: CONTRACT.index("    quality:")] + MORE


def test_every_rule_of_a_sixth_dataset_is_tried_and_nothing_gets_through(city: Scored) -> None:
    assert not any("library_card" in defect.targets for defect in DEFECTS)
    made = examined(city)
    assert made.sampled == {"library_card": 60} and made.unexamined == []
    assert made.blind_spots == [] and made.false_alarms == [] and made.untried == []
    struck = {(each.kind, each.column): each for each in made.strikes}
    assert struck["date_chinese_units", "issued_on"].restored == 3
    assert struck["contradicts_due_after_issue", "due_on"].found == 3
    assert struck["above_range", "loans"].found == 3
    assert struck[CONFLICT, ""].found == struck[CONFLICT, ""].struck > 0


def test_what_is_not_declared_is_no_damage(city: Scored) -> None:
    text = ELEMENTS + BRANCH
    begin = text.index("  rules:\n    plausible")
    without = text[:begin] + text[text.index("  sensitivity", begin) :].replace(", invalid: {'99': plausible}", "", 1)
    for elements, is_struck in ((text, True), (without, False)):
        city.write("elements/culture.yaml", elements)
        city.write("datasets/library_card.odcs.yaml", contract())
        registry = standards.load(city.deployment.standards)
        kinds = {defect.kind for defect in declared(registry.datasets["library_card"], registry)}
        assert ("above_range" in kinds) == is_struck and "wrong_check_digit" not in kinds


def test_each_copy_differs_in_the_column_that_was_struck_and_there_alone(city: Scored) -> None:
    city.write("elements/culture.yaml", ELEMENTS + BRANCH)
    city.write("datasets/library_card.odcs.yaml", contract())
    dataset = city.registry.datasets["library_card"]
    names = [column.name for column in dataset.columns]
    row = ["LB00000001", "3", "2025-01-11", "2027-01-11", "城南分馆"]
    records = pa.table({name: pa.array([value] * 40) for name, value in zip(names, row, strict=True)})
    made = damage(dataset, city.registry, records, 2, START, np.random.default_rng(3))
    texts = made.texts.to_pylist()
    for strike in made.strikes:
        for place, source in strike.copies.items():
            changed = {name for name in names if texts[place][name] != texts[source][name]}
            assert changed <= ({strike.column} if strike.column else {"branch"}), strike.kind
    kinds = [(defect.kind, *defect.targets["library_card"]) for defect in declared(dataset, city.registry)]
    assert len(kinds) == len(set(kinds))
