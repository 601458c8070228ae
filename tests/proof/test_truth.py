"""The night on a simulated city of 20,000 people, held against the truth file the generator wrote and the pipeline
never read."""

import pytest

from govdata.governance.suggestions import WAYS
from tests.proof import suggested
from tests.proof.conftest import Nights
from tests.proof.truth import Measured, measure

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("truth")]  # one worker makes the city, and once


@pytest.fixture(scope="module")
def measured(nights: Nights) -> Measured:
    truth = nights.deployment.data / "truth.parquet"
    result = measure(nights.deployment, nights.registry, truth, list(nights.dates))
    print("\n" + result.table())
    return result


def test_the_truth_has_enough_kinds_of_defects(measured):
    detectable = [row for row in measured.kinds if row[2]]
    assert len(detectable) >= 40
    assert sum(row[3] for row in detectable) >= 1000


def test_defects_are_found_by_a_rule_that_reads_the_struck_column(measured):
    assert measured.found_share() >= 0.99


def test_repairable_defects_are_repaired_to_the_true_value(measured):
    assert measured.repaired_share() >= 0.99


def test_rows_without_a_defect_are_left_in_peace(measured):
    assert measured.false_share() <= 0.001


def test_a_way_of_suggesting_is_trusted_as_it_deserves(nights):
    truth = nights.deployment.data / "truth.parquet"
    counts = suggested.measure(nights.deployment, nights.registry, truth, list(nights.dates))
    print({way: dict(count) for way, count in counts.items()})
    trusted = [way for way, each in WAYS.items() if each.trust == "high"]
    assert {"derived", "slip_agreeing"} <= {way for way in trusted if sum(counts[way].values()) >= 5}
    for way in trusted:
        assert counts[way]["right"] >= 0.995 * sum(counts[way].values())
