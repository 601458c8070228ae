"""What lies beside the Parquet files: true, and in nobody's way."""

from __future__ import annotations

import re
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from govdata import publish
from govdata.deployment import Deployment
from govdata.operations.backup import backup, restore
from govdata.publish import merge, prune, readme
from tests.publish.nights import City, person

DAYS = (Date(2026, 3, 1), Date(2026, 3, 2))


@pytest.fixture
def superseded(city: City, monkeypatch: pytest.MonkeyPatch) -> City:
    """Three people of whom one came again: four rows lie in the files."""
    monkeypatch.setattr(merge, "MAX_HIDDEN", 1.1)
    city.night("people", DAYS[0], [person(1), person(2), person(3)], mode="snapshot")
    city.night("people", DAYS[1], [person(2, "李四", "U")])
    return city


def beside(city: City) -> Path:
    return city.deployment.published / "people" / readme.NAME


def test_its_query_counts_what_the_view_counts(superseded: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(superseded.deployment.home)
    text = beside(superseded).read_text("utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    with duckdb.connect() as connection:
        found = connection.execute(query.replace("<日期>", DAYS[1].isoformat())).fetchall()
        every = connection.execute("SELECT count(*) FROM 'data/published/people/*/[0-9a-f]*.parquet'").fetchall()
    assert sorted(row[1] for row in found) == ["张三", "张三", "李四"] and every == [(4,)]
    assert superseded.query("SELECT count(*) FROM published.people") == [(3,)]


def test_it_is_written_once_and_again_where_it_was_changed(superseded: City) -> None:
    path = beside(superseded)
    content, written = path.read_bytes(), path.stat().st_mtime_ns
    superseded.rebuild()
    assert path.stat().st_mtime_ns == written
    path.unlink()
    path.write_text("x")
    superseded.rebuild()
    assert path.read_bytes() == content
    assert not (superseded.deployment.published / "shops").exists()  # nothing published, nothing to explain


def test_verify_finds_nothing_wrong_with_it(superseded: City) -> None:
    assert publish.set_aside_changed(superseded.deployment, ["people"], full=True) == []
    assert publish.lost_nights(superseded.deployment, ["people"]) == {}


def test_pruning_and_a_restored_backup_keep_it(superseded: City, tmp_path: Path) -> None:
    prune(superseded.deployment, superseded.registry, keep_days=0, keep_month_ends=0, grace=timedelta(0))
    assert beside(superseded).exists()
    content = beside(superseded).read_bytes()
    saved = tmp_path / "saved.tar.gz"
    backup(superseded.deployment, superseded.registry, saved)
    restored = tmp_path / "restored"
    restore(saved, restored)
    assert (Deployment(restored).published / "people" / readme.NAME).read_bytes() == content
