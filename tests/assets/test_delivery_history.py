"""What stands in ``governance.deliveries`` after a materialisation of the raw asset, whatever became of it."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from dagster import DagsterInstance, DailyPartitionsDefinition, materialize

from govdata import ingest
from govdata.assets.raw import raw
from govdata.assets.resources import DeploymentResource
from govdata.deployment import Deployment
from govdata.ingest import report
from tests.assets.tiny import tiny_registry

NIGHT = "2026-11-20"
SECRET = "190101199001019999"


@pytest.fixture
def home(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


def deliver(home: Deployment, text: str) -> None:
    folder = home.delivery("alpha", Date.fromisoformat(NIGHT))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.csv").write_text(text, encoding="utf-8")


def night(home: Deployment) -> bool:
    registry = tiny_registry("alpha")
    asset = raw(registry.datasets["alpha"], registry, DailyPartitionsDefinition("2026-11-01"))
    with DagsterInstance.ephemeral() as instance:
        return materialize(
            [asset],
            partition_key=NIGHT,
            instance=instance,
            resources={"deployment": DeploymentResource(deployment=home)},
            raise_on_error=False,
        ).success


def history(home: Deployment) -> list[tuple[int, str, str | None, int | None]]:
    lines = pq.read_table(report.path(home, "alpha", Date.fromisoformat(NIGHT))).to_pylist()
    return [(line["number"], line["outcome"], line["reason"], line["read"]) for line in lines]


def test_a_line_for_what_was_read_refused_and_broken(home: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(home, "别的列\n1\n")
    assert not night(home)
    ((number, outcome, reason, read),) = history(home)
    assert (number, outcome, read) == (1, "refused", None) and reason is not None and "没有找到表头" in reason

    def breaks(*_: object) -> None:
        raise ValueError(f"cannot convert {SECRET}")

    deliver(home, "id\n1\n2\n")
    with monkeypatch.context() as patched:
        patched.setattr(ingest, "ingest", breaks)
        assert not night(home)
    first, (number, outcome, reason, read) = history(home)
    assert first[1] == "refused" and (number, outcome, read) == (2, "error", None)
    assert reason is not None and "ValueError" in reason and SECRET not in reason

    assert night(home)  # the same delivery again: what became of it in the end
    assert [(number, outcome, read) for number, outcome, _, read in history(home)] == [
        (1, "refused", None),
        (2, "read", 2),
    ]
    assert night(home)
    assert len(history(home)) == 2


def test_an_error_before_the_files_are_known(home: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(home, "id\n1\n")
    monkeypatch.setattr(ingest, "receive", lambda *_: 1 / 0)
    assert not night(home)
    ((_, outcome, reason, _),) = history(home)
    assert outcome == "error" and reason is not None and "ZeroDivisionError" in reason


def test_without_a_delivery_there_is_no_line(home: Deployment) -> None:
    assert night(home) and not report.path(home, "alpha", Date.fromisoformat(NIGHT)).exists()
