"""A page on another origin, in a headless Chromium, tries to act through `govdata ui`; the interface's own page may."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from govdata.deployment import Deployment
from tests.browser.chromium import WAIT, chromium
from tests.faults import city
from tests.faults.services import launching
from tests.servers import free_port, program, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ATTEMPTS = """async ([target, mutation, keys]) => {
  const url = key => `${target}/graphql?query=` + encodeURIComponent(mutation.replace("KEY", key));
  const settled = [];
  const attempt = (key, act) => settled.push(new Promise(done => { setTimeout(done, 10000); act(key, done); }));
  attempt(keys[0], (key, done) => { const i = new Image(); i.onload = i.onerror = done; i.src = url(key); });
  attempt(keys[1], (key, done) => fetch(url(key), {mode: "no-cors"}).then(done, done));
  attempt(keys[2], (key, done) => {
    const body = JSON.stringify({query: mutation.replace("KEY", key)});
    fetch(`${target}/graphql`, {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body}).then(done, done);
  });
  attempt(keys[3], (key, done) => {
    const frame = document.createElement("iframe"), form = document.createElement("form"), field = document.createElement("input");
    frame.name = "sink"; frame.onload = done;
    Object.assign(form, {method: "POST", enctype: "text/plain", action: url(key), target: "sink"});
    form.append(field); document.body.append(frame, form); form.submit();
  });
  attempt(keys[4], (key, done) => {
    const socket = new WebSocket(target.replace("http", "ws") + "/graphql", "graphql-ws");
    socket.onopen = () => { window.opened = true; done(); }; socket.onerror = done;
  });
  attempt(keys[5], (key, done) => {
    const frame = document.createElement("iframe");
    frame.onload = done; frame.src = url(key); document.body.append(frame);
  });
  await Promise.all(settled);
  return window.opened === true;
}"""
"""What a page can send anywhere without being asked first: by image, fetch, form, frame and websocket."""

OWN = """query => fetch("/graphql", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({query})})
  .then(answer => answer.json())"""
SUBSCRIBE = """query => new Promise((done, failed) => {
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/graphql", "graphql-ws");
  const send = message => socket.send(JSON.stringify(message));
  socket.onopen = () => { send({type: "connection_init", payload: {}}); send({id: "1", type: "start", payload: {query}}); };
  socket.onmessage = event => { if (JSON.parse(event.data).type === "data") done(event.data); };
  socket.onerror = socket.onclose = () => failed("the websocket was closed");
})"""
EVENTS = """subscription { pipelineRunLogs(runId: "ID") { __typename
  ... on PipelineRunLogsSubscriptionSuccess { messages { __typename } } } }"""
MUTATION = 'mutation { setConcurrencyLimit(concurrencyKey: "KEY", limit: 1) }'
KEYS = ["image", "fetch", "post", "form", "websocket", "frame"]


@contextmanager
def elsewhere() -> Iterator[str]:
    """Another site on this machine, with an empty page."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE html><body></body>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return city.lay_down(tmp_path_factory.mktemp("served"), 1)


@pytest.fixture(scope="module")
def address(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, log = free_port(), tmp_path_factory.mktemp("log") / "log"
    with serving(
        [program("govdata"), "ui", "--port", str(port)], port, deployment.home, deployment.home, log
    ) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # "evil.example" is made to point here, as DNS rebinding does.
    rebound = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    with chromium(rebound) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page.set_default_timeout(WAIT)
    yield page
    page.close()


def concurrency_keys(own: Page) -> list[str]:
    asked = own.evaluate(OWN, "{ instance { concurrencyLimits { concurrencyKey } } }")
    return sorted(entry["concurrencyKey"] for entry in asked["data"]["instance"]["concurrencyLimits"])


def test_a_page_of_another_site_changes_nothing(browser: Browser, page: Page, address: str) -> None:
    own = browser.new_page()
    own.goto(f"{address}/runs")
    with elsewhere() as other:
        page.goto(other)
        opened = page.evaluate(ATTEMPTS, [address, MUTATION, KEYS])
    assert (concurrency_keys(own), opened) == ([], False), "what was changed, and whether the websocket was opened"
    own.evaluate(OWN, MUTATION.replace("KEY", "own"))
    assert concurrency_keys(own) == ["own"], "the same change from the interface's own page"
    own.close()


def test_another_name_for_this_machine_gets_no_answer(page: Page, address: str) -> None:
    answer = page.goto(address.replace("127.0.0.1", "evil.example"))
    assert answer is not None and answer.status == 400


def test_the_interface_works_behind_the_door(page: Page, address: str, deployment: Deployment, tmp_path: Path) -> None:
    """A cold load draws no refusal; the asset graph is there; a run starts from the page; subscriptions reach it."""
    refused: list[str] = []
    page.on(
        "response", lambda answer: refused.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
    )
    page.goto(f"{address}/asset-groups/")
    page.get_by_text("cards", exact=True).first.wait_for()
    launched = page.evaluate(OWN, launching(city.day(0).isoformat()))["data"]["launchRun"]
    run_id = launched["run"]["runId"]
    page.goto(f"{address}/runs/{run_id}")
    page.get_by_text("Success", exact=True).first.wait_for()
    page.screenshot(path=str(tmp_path / "run.png"))
    assert "RunSuccessEvent" in page.evaluate(SUBSCRIBE, EVENTS.replace("ID", run_id)), (
        "the run's events, through the websocket"
    )
    assert refused == []
    deadline = time.monotonic() + 180  # the city follows the datasets' run, by the daemon
    while not deployment.catalogue.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(city.state(deployment)["published.cards"]) == city.CARDS
