"""The simulated city of 20,000 people, standardised once for all proofs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date as Date

import duckdb
import pytest

from govdata import checks, ingest, masters, publish
from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import standardize
from govdata.sample import generate
from govdata.standards import load
from govdata.standards.model import Registry

PEOPLE, SEED = 20_000, 20260


@dataclass(frozen=True)
class Nights:
    """``batches``: in the order of dates, then of datasets."""

    deployment: Deployment
    registry: Registry
    dates: tuple[Date, ...]
    batches: tuple[StandardizedBatch, ...]


def publish_day(deployment: Deployment, registry: Registry, day: Date) -> None:
    """Everything that was delivered on ``day``, which is every dataset, through all stages to the tables of
    links."""
    for dataset in (registry.datasets[name] for name in registry.delivered):
        delivery = ingest.receive(deployment, dataset, day)
        assert delivery is not None
        batch = standardize(ingest.ingest(delivery, dataset, registry, deployment), dataset, registry, deployment)
        checks.validate(batch, dataset, registry, deployment)
        publish.publish(batch, dataset, registry, deployment)
    for links in ("person_link", "organisation_link"):
        masters.publish_derived(registry.datasets[links], registry, deployment, day)


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory, repository) -> Nights:
    deployment = Deployment(tmp_path_factory.mktemp("city"))
    registry = load(repository / "standards")
    report = generate(PEOPLE, SEED, deployment.home)
    batches = []
    for date in report.dates:
        for dataset in (registry.datasets[name] for name in registry.delivered):
            delivery = ingest.receive(deployment, dataset, date)
            if delivery is None:
                continue
            batch = standardize(ingest.ingest(delivery, dataset, registry, deployment), dataset, registry, deployment)
            assert batch.delivered == batch.rejected + batch.duplicates + batch.quarantined + batch.clean
            batches.append(batch)
    return Nights(deployment, registry, report.dates, tuple(batches))


@pytest.fixture(scope="session")
def derived_in(nights: Nights) -> float:
    """Everything published, masters and conflicts among it; the seconds these took."""
    for batch in nights.batches:
        dataset = nights.registry.datasets[batch.dataset]
        checks.validate(batch, dataset, nights.registry, nights.deployment)
        publish.publish(batch, dataset, nights.registry, nights.deployment)
    began = time.perf_counter()
    for name in nights.registry.derived:
        masters.publish_derived(nights.registry.datasets[name], nights.registry, nights.deployment, nights.dates[-1])
    seconds = time.perf_counter() - began
    publish.rebuild_catalogue(nights.deployment, nights.registry)
    return seconds


@pytest.fixture(scope="session")
def published(nights: Nights, derived_in: float) -> duckdb.DuckDBPyConnection:
    """The catalogue of the city, with its derived tables as of the last date."""
    return duckdb.connect(str(nights.deployment.catalogue), read_only=True)
