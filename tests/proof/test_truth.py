"""The night on a simulated city of 20,000 people, held against the truth file the generator wrote and the pipeline
never read."""

from datetime import date as Date

import pytest

from govdata import ingest
from govdata.deployment import Deployment
from govdata.engine import standardize
from govdata.governance.suggestions import WAYS
from govdata.sample import generate
from govdata.standards import load
from govdata.standards.model import Registry
from tests.proof import suggested
from tests.proof.truth import Measured, measure

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("truth")]  # one worker makes the city, and once


@pytest.fixture(scope="module")
def city(tmp_path_factory, repository) -> tuple[Deployment, Registry, list[Date]]:
    """A city whose deliveries are read and standardised."""
    deployment = Deployment(tmp_path_factory.mktemp("city"))
    registry = load(repository / "standards")
    report = generate(20_000, 20260, deployment.home)
    dates = sorted({date for dataset in registry.datasets for date in _dates(deployment, dataset)})
    for dataset in registry.datasets.values():
        for date in _dates(deployment, dataset.name):
            delivery = ingest.receive(deployment, dataset, date)
            assert delivery is not None
            batch = standardize(ingest.ingest(delivery, dataset, registry, deployment), dataset, registry, deployment)
            assert batch.delivered == batch.rejected + batch.duplicates + batch.quarantined + batch.clean
    assert report
    return deployment, registry, dates


@pytest.fixture(scope="module")
def measured(city) -> Measured:
    deployment, registry, dates = city
    result = measure(deployment, registry, deployment.data / "truth.parquet", dates)
    print("\n" + result.table())
    return result


def _dates(deployment: Deployment, dataset: str):
    folder = deployment.landing / dataset  # a derived table is not delivered
    return sorted(Date.fromisoformat(path.name) for path in folder.iterdir()) if folder.is_dir() else []


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


def test_a_way_of_suggesting_is_trusted_as_it_deserves(city):
    deployment, registry, dates = city
    counts = suggested.measure(deployment, registry, deployment.data / "truth.parquet", dates)
    print({way: dict(count) for way, count in counts.items()})
    trusted = [way for way, each in WAYS.items() if each.trust == "high"]
    assert {"derived", "slip_agreeing"} <= {way for way in trusted if sum(counts[way].values()) >= 5}
    for way in trusted:
        assert counts[way]["right"] >= 0.995 * sum(counts[way].values())
