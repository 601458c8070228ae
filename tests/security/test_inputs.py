"""What a hostile department, file or query may try: links out of the delivery folder, pipes, queries that write or look
elsewhere."""

from __future__ import annotations

import os
from datetime import date as Date
from pathlib import Path

import pytest

from govdata import access, load, standards
from govdata.deployment import Deployment
from govdata.errors import DeliveryError, GovdataError
from govdata.ingest import receive
from tests.conftest import Finished

NIGHT = Date(2026, 11, 20)


@pytest.fixture
def folder(deployment: Deployment) -> Path:
    made = deployment.delivery("birth", NIGHT)
    made.mkdir(parents=True)
    (made / "ours.jsonl").write_text("{}\n")
    return made


def _refused(deployment: Deployment) -> str:
    dataset = standards.load(deployment.standards).datasets["birth"]
    with pytest.raises(DeliveryError) as caught:
        receive(deployment, dataset, NIGHT)
    return str(caught.value)


def test_a_link_in_a_delivery_is_refused_and_not_read(deployment: Deployment, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("机密")
    secret.chmod(0)  # reading it would fail where the test is not run by root
    (folder / "linked.jsonl").symlink_to(secret)
    (folder / "dangling.jsonl").symlink_to(tmp_path / "nowhere")
    (folder / "sub").symlink_to(tmp_path, target_is_directory=True)
    said = _refused(deployment)
    assert (
        all(f"{name}：是符号链接" in said for name in ("linked.jsonl", "dangling.jsonl", "sub"))
        and "ours.jsonl" not in said
    )


def test_a_pipe_is_refused_and_does_not_hold_the_night_up(deployment: Deployment, folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    assert "pipe.csv：不是普通文件" in _refused(deployment)


def test_a_delivery_folder_that_points_elsewhere_is_refused(deployment: Deployment, folder: Path) -> None:
    other = deployment.delivery("population", NIGHT)
    other.parent.mkdir(parents=True)
    folder.rename(other)
    folder.symlink_to(other, target_is_directory=True)
    assert "指向别处的符号链接" in _refused(deployment)


def test_the_bureau_may_lead_a_datasets_folder_elsewhere(deployment: Deployment, folder: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    folder.parent.rename(shelf)
    folder.parent.symlink_to(shelf, target_is_directory=True)
    delivery = receive(deployment, standards.load(deployment.standards).datasets["birth"], NIGHT)
    assert delivery is not None and [file.name for file in delivery.files] == ["ours.jsonl"]


WRITES = (
    "COPY (SELECT 1) TO '{published}/x.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{published}/x.csv'",
    "EXPLAIN (ANALYZE) COPY (SELECT 1) TO '{published}/x.csv'",
    "explain /* */ analyze copy (select 1) to '{published}/x.csv'",
    "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
    "ATTACH '{published}/x.duckdb'",
    "CREATE TABLE x AS SELECT 1",
    "SELECT 1; COPY (SELECT 1) TO '{published}/x.csv'",
    "SET enable_external_access = true",
    "INSTALL httpfs",
    "EXPORT DATABASE '{published}/x'",
)
LOOKS = (
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM glob('{landing}/**')",
    "SELECT * FROM read_text('{lake}/../../standards/elements/person.yaml')",
    "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
    "SELECT getenv('HOME')",
)


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_a_query_can_neither_write_nor_look_outside(finished: Finished) -> None:
    deployment = finished.deployment
    places = {"published": deployment.published, "landing": deployment.landing, "lake": deployment.data / "lake"}
    before = sorted(deployment.home.rglob("*"))
    for text in WRITES + LOOKS:
        with pytest.raises(GovdataError):
            access.select(deployment, text.format(**places), 5)
    for where in ("EXISTS (SELECT * FROM read_text('/etc/hostname'))", "1 = 1) ; COPY (SELECT 1) TO '/tmp/x.csv' --"):
        with pytest.raises(GovdataError):
            load("population", where=where, home=deployment.home)
    assert sorted(deployment.home.rglob("*")) == before
    assert access.select(deployment, "EXPLAIN ANALYZE SELECT count(*) FROM published.population", 5).rows
    assert access.select(deployment, "DESCRIBE published.population", 5).rows
