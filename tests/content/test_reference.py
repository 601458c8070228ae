"""Every contract's rules judged by the reference, row by row, against the engine's failed rules."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from govdata.standards import Registry
from tests.content.conftest import DELIVERY_DATE, Row, Standardise, failures
from tests.content.reference import Reference
from tests.content.test_rules import CASES, SOUND

SEED = 20261120
MUTATED = 400


def deliveries(dataset: str, registry: Registry) -> list[Row]:
    """The sound record; each case of the contract's rules; each example of each column's element; then seeded mixtures
    of those with single characters damaged."""
    changes: list[Row] = [{}, *(change for name, change, _ in CASES if name == dataset), *_examples(dataset, registry)]
    rows = [SOUND[dataset] | change for change in changes]
    seeded = random.Random(SEED)
    for _ in range(MUTATED):
        row = dict(SOUND[dataset])
        for change in seeded.sample(changes, 3):
            row |= change
        for column in seeded.sample(sorted(row), 2):
            row[column] = _damaged(row[column] or "", seeded)
        rows.append(row)
    return rows


def _examples(dataset: str, registry: Registry) -> Iterator[Row]:
    for column in registry.datasets[dataset].columns:
        examples = registry.elements[column.element].examples
        yield from ({column.name: text} for text in (*examples.valid, *examples.invalid, *examples.repairs))


def _damaged(text: str, seeded: random.Random) -> str:
    place = seeded.randrange(len(text) + 1)
    match seeded.randrange(5):
        case 0:
            return ""
        case 1:
            return text[:place] + text[place + 1 :]
        case 2:
            return text[:place] + seeded.choice("0123456789XAZ甲？·-") + text[place + 1 :]
        case 3:
            return text[:place] + seeded.choice("0123456789 某") + text[place:]
    return text[::-1]


@pytest.mark.slow
@pytest.mark.parametrize("dataset", SOUND)
def test_the_engine_and_the_reference_agree_on_every_rule_of_every_row(
    dataset: str, registry: Registry, standardise: Standardise
) -> None:
    rows = standardise(dataset, deliveries(dataset, registry))
    assert len(rows) > MUTATED
    judged = Reference(dataset, registry, DELIVERY_DATE).failed(rows)
    told = [failures(row) for row in rows]
    differing = [(row["_source_row"], a ^ b) for row, a, b in zip(rows, judged, told, strict=True) if a != b]
    assert differing == []
    # A rule that fails nowhere, or everywhere, would be agreed on by anybody.
    assert set().union(*judged) == {rule.id for rule in registry.rules(dataset)}
    assert not set.intersection(*judged)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > 1 OR b = 'x'", None),
        ("a > 1 OR b IS NULL", True),
        ("NOT (a > 1) AND FALSE", False),
        ("c IN ('1', '2') AND c NOT IN ('3')", True),
        ("c BETWEEN '0' AND '2' AND c LIKE '_'", True),
        ("CASE c WHEN '1' THEN length('甲乙') ELSE 0 END = 2", True),
        ("coalesce(a, 3) - 1 * 2 = 1", True),
        ("years_between(DATE '2000-02-29', DATE '2026-02-28') = 25", True),
        ("left('abcd', -1) = 'abc' AND right('abcd', 2) = 'cd' AND substr('abcd', 2, 2) = 'bc'", True),
        ("to_number('x') = 1", None),
    ],
)
def test_the_reference_reads_expressions_as_sql_does(text: str, expected: bool | None) -> None:
    from tests.content.expression import Reader

    assert Reader(text, None, DELIVERY_DATE, {}).read()({"a": None, "b": None, "c": "1"}) is expected


def test_the_reference_shares_no_code_with_what_it_judges() -> None:
    folder = Path(__file__).parent
    for name in ("reference.py", "expression.py", "numbers.py", "places.py"):
        text = (folder / name).read_text(encoding="utf-8")
        imported = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
        assert not [
            line
            for line in imported
            if any(word in line for word in ("sqlglot", "duckdb", "govdata.engine", "govdata.checks"))
        ]
