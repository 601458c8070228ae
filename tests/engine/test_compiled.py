"""Keys are judged over values standardised as the rows are, whatever else the column's steps read."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from typing import Any

import pytest

from govdata.deployment import Deployment
from govdata.engine import standardization, standardize
from govdata.standards.model import BoundRule, Pattern, Registry, Unique
from tests.engine import by_hand

FIFTEEN, EIGHTEEN = "110105491231002", "11010519491231002X"


@pytest.fixture(params=["held", "streamed"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standardization, "HELD_ROWS", 20_000 if request.param == "held" else 0)


def keyed(*key: str, steps: dict[str, Any] | None = None) -> Registry:
    """The small registry with one rule: ``key`` is unique. ``steps``: column → its steps."""
    registry = by_hand.registry(primary_key=False)
    dataset = registry.datasets["people"]
    columns = tuple(
        item.model_copy(
            update={
                "primary_key": item.name in key,
                "normalise": by_hand.steps(*steps[item.name]) if item.name in (steps or {}) else item.normalise,
            }
        )
        for item in dataset.columns
    )
    rule = BoundRule(
        id="same",
        index=0,
        dataset="people",
        column=key[0],
        columns=key,
        spec=Unique(columns=key),
        dimension="uniqueness",
        severity="error",
        message="same",
    )
    return registry.model_copy(
        update={
            "datasets": {"people": dataset.model_copy(update={"columns": columns})},
            "bound": {"people": (rule,)},
            "hashes": {"people": repr((key, steps))},
        }
    )


def conflicts(tmp_path: Path, registry: Registry, rows: list[dict[str, str]]) -> int:
    deployment = Deployment(tmp_path)
    batch = standardize(by_hand.raw_batch(deployment, rows), registry.datasets["people"], registry, deployment)
    return batch.rule_failures["same"]


def test_a_key_whose_step_waits_for_the_kind_of_document(tmp_path: Path) -> None:
    upgrade = ("upgrade_15_to_18", {"document_column": "sex", "documents": ["1"]})
    registry = keyed("citizen_id", steps={"citizen_id": [upgrade]})
    rows = [
        {"citizen_id": FIFTEEN, "sex": "男", "name": "甲"},
        {"citizen_id": EIGHTEEN, "sex": "男", "name": "乙"},
        {"citizen_id": FIFTEEN, "sex": "女", "name": "丙"},
    ]
    assert conflicts(tmp_path, registry, rows) == 2


def test_a_key_of_amounts_reads_the_currency_beside_it(tmp_path: Path) -> None:
    # 50 dollars with yuan beside them are no amount, so they are no key either.
    rows = [
        {"capital": "50万美元", "currency": "人民币", "name": "甲"},
        {"capital": "500000元", "currency": "人民币", "name": "乙"},
    ]
    assert conflicts(tmp_path, keyed("capital"), rows) == 0
    # A currency that is only in the amount's text is read from it: the neighbour's own neighbour.
    rows = [
        {"currency": "美元", "name": "甲"},
        {"capital": "50万美元", "name": "乙"},
    ]
    assert conflicts(tmp_path, keyed("currency"), rows) == 2


def test_what_a_dependent_step_makes_is_judged_too(tmp_path: Path) -> None:
    """A rule asked only of texts in which its pattern is found is asked of what a step makes after the search, too."""
    upgrade = ("upgrade_15_to_18", {"document_column": "sex", "documents": ["1"]})
    registry = keyed("name", steps={"citizen_id": [upgrade]})
    rule = registry.bound["people"][0].model_copy(
        update={
            "id": "citizen_id.old",
            "index": 1,
            "column": "citizen_id",
            "columns": ("citizen_id",),
            "spec": Pattern(pattern="[0-9]{6}19[0-9]{9}[0-9X]", negate=True),
        }
    )
    bound = (*registry.bound["people"], rule)
    registry = registry.model_copy(update={"bound": {"people": bound}, "hashes": {"people": "dependent"}})
    rows = [{"citizen_id": FIFTEEN, "sex": "男", "name": "甲"}, {"citizen_id": FIFTEEN, "sex": "女", "name": "乙"}]
    deployment = Deployment(tmp_path)
    batch = standardize(by_hand.raw_batch(deployment, rows), registry.datasets["people"], registry, deployment)
    assert batch.rule_failures["citizen_id.old"] == 1


def test_a_placeholder_of_the_epoch_s_first_day_is_no_date(tmp_path: Path) -> None:
    placeholder = ("placeholder_dates", {"values": ["1970-01-01"]})
    registry = keyed("name", steps={"birth_date": ["strip", placeholder]})
    rows = [{"birth_date": "1970-01-01", "name": "甲"}, {"birth_date": "19700102", "name": "乙"}]
    deployment = Deployment(tmp_path)
    batch = standardize(by_hand.raw_batch(deployment, rows), registry.datasets["people"], registry, deployment)
    read = by_hand.read(deployment, batch.clean_files)
    assert [row["birth_date"] for row in read] == [None, Date(1970, 1, 2)]
