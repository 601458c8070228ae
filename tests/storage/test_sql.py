"""The one DuckDB and the one Parquet relation, through the stages that use them."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from govdata import checks, engine, ingest, publish
from govdata.deployment import Deployment
from govdata.standards import load
from tests.faults.city import FIRST, lay_down


def test_a_folder_that_looks_like_a_partition_is_no_column(tmp_path: Path) -> None:
    """DuckDB takes ``name=value`` of a path for a column: the folder's 9 stood where the delivered number was, or the
    types clashed."""
    plain, tricky = tmp_path / "plain", tmp_path / "night=9" / "card_no=LB99999999"
    lay_down(plain, nights=1)
    tricky.parent.mkdir(parents=True)
    shutil.copytree(plain, tricky)
    rows = []
    for home in (plain, tricky):
        deployment = Deployment(home)
        registry = load(deployment.standards)
        dataset = registry.datasets["cards"]
        delivery = ingest.receive(deployment, dataset, FIRST)
        assert delivery is not None
        raw = ingest.ingest(delivery, dataset, registry, deployment)
        batch = engine.standardize(raw, dataset, registry, deployment)
        assert checks.validate(batch, dataset, registry, deployment).passed
        publish.publish(batch, dataset, registry, deployment)
        publish.rebuild_catalogue(deployment, registry)
        with duckdb.connect(str(deployment.catalogue), read_only=True) as connection:
            rows.append(connection.execute("SELECT card_no, night FROM published.cards ORDER BY ALL").fetchall())
    assert rows[0] == rows[1]
    assert {night for _, night in rows[1]} == {0}
