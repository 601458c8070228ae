"""What the running interface makes of changes below it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date as Date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from govdata.deployment import Deployment
from govdata.web.follower import Follower
from tests.faults import city


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return city.lay_down(tmp_path / "home", 1)


class Dagster:
    """Stands in for the web server: ``up`` whether it answers, ``asked`` the queries it was sent."""

    def __init__(self) -> None:
        self.up, self.asked = True, list[str]()
        dagster = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                dagster.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["query"])
                entry = {"locationOrLoadError": {"__typename": "RepositoryLocation"}}
                body = json.dumps(
                    {"data": {"reloadRepositoryLocation": entry}} if dagster.up else {"data": None}
                ).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def dagster() -> Iterator[Dagster]:
    started = Dagster()
    yield started
    started.server.shutdown()
    started.server.server_close()


def test_a_changed_standard_is_loaded_once_it_holds_together(deployment: Deployment, dagster: Dagster) -> None:
    told: list[str] = []
    follower = Follower(deployment, f"http://127.0.0.1:{dagster.server.server_port}/graphql", told.append)
    follower.look()
    assert not told and not dagster.asked
    contract = deployment.standards / "datasets" / "rooms.odcs.yaml"
    good = contract.read_text(encoding="utf-8")
    contract.write_text(good.replace("element, value: night_no", "element, value: nowhere"), encoding="utf-8")
    follower.look(), follower.look()
    assert len(told) == 1 and "仍显示修改前的标准" in told[0] and "standards check" in told[0] and not dagster.asked
    contract.write_text(good.replace("期次", "登记期次"), encoding="utf-8")
    dagster.up = False
    follower.look()
    assert len(told) == 1 and len(dagster.asked) == 1
    dagster.up = True
    follower.look(), follower.look()
    assert len(told) == 2 and "已重新加载" in told[1] and len(dagster.asked) == 2


def test_a_delivery_of_an_earlier_date_than_any_before_is_followed(deployment: Deployment, dagster: Dagster) -> None:
    """The first partition is the first delivery's, and the definitions were loaded before it came."""
    told: list[str] = []
    follower = Follower(deployment, f"http://127.0.0.1:{dagster.server.server_port}/graphql", told.append)
    deployment.delivery("rooms", city.day(1)).mkdir(parents=True)
    follower.look()
    assert not told
    deployment.delivery("rooms", Date(2026, 11, 1)).mkdir(parents=True)
    follower.look()
    assert len(told) == len(dagster.asked) == 1
