"""The door of `govdata ui`, served by uvicorn as it is in use, before a small server that tells what reached it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from govdata.web.door import door
from tests.servers import free_port

EVERY = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

LINKED = {name.replace("-", "_"): value for name, value in LINK.items()}


class Behind:
    """The server behind the door: remembers every request, answers with what it was asked."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.go_on = threading.Event()
        routes = [
            Route("/slow", self.slow),
            Route("/{path:path}", self.tell, methods=EVERY),
            WebSocketRoute("/graphql", self.echo),
        ]
        self.app = Starlette(routes=routes)

    async def tell(self, request: Request) -> Response:
        self.reached.append(f"{request.method} {request.scope['raw_path'].decode()}")
        told = {
            "path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "body": (await request.body()).decode(),
        }
        return JSONResponse(told | {"cookie": request.headers.get("cookie")}, 201, {"X-Told": "yes"})

    async def slow(self, request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            while not self.go_on.is_set():
                await asyncio.sleep(0.01)
            yield b"second"

        return StreamingResponse(parts())

    async def echo(self, socket: WebSocket) -> None:
        self.reached.append("websocket")
        await socket.accept(socket.scope["subprotocols"][0])
        async for message in socket.iter_text():
            if message == "end":
                await socket.close()
                return
            await socket.send_text(message * 2)


@contextmanager
def served(app: ASGIApp, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Behind, int]]:
    behind, inner, outer = Behind(), free_port(), free_port()
    reports = tmp_path_factory.mktemp("data") / "reports"
    for name in ("cockpit.html", "cockpit/zh/rule-a.b.html", "alerts/a.html", "2026-11-20/市公安局/报告.html"):
        (reports / name).parent.mkdir(parents=True, exist_ok=True)
        (reports / name).write_text("<!doctype html><title>页</title>", encoding="utf-8")
    (reports.parent / "secret.html").write_text("nobody's", encoding="utf-8")
    (reports / "cockpit" / "link.html").symlink_to(reports.parent / "secret.html")
    with served(behind.app, inner), served(door(f"127.0.0.1:{inner}", reports), outer):
        yield behind, outer


@pytest.fixture
def behind(places: tuple[Behind, int]) -> Behind:
    places[0].reached.clear()
    return places[0]


@pytest.fixture
def port(places: tuple[Behind, int]) -> int:
    return places[1]


def ask(port: int, method: str, path: str, body: str | None = None, **headers: str) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def test_what_the_own_page_asks_passes_unchanged(behind: Behind, port: int) -> None:
    answer = ask(port, "GET", "/assets/a%2Fb%20c?q=1%262&q=%E4%B8%AD", Cookie="a=b")
    assert (answer.status, answer.headers["X-Told"], answer.headers["X-Frame-Options"]) == (201, "yes", "DENY")
    assert (
        answer.read().decode() == '{"path":"/assets/a%2Fb%20c","query":"q=1%262&q=%E4%B8%AD","body":"","cookie":"a=b"}'
    )
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        sent = ask(
            port, "POST", "/graphql", "{}" * 100_000, Origin=f"http://{host}", Host=host, Sec_Fetch_Site="same-origin"
        )
        assert sent.status == 201 and b"{}{}" in sent.read()
    assert behind.reached == ["GET /assets/a%2Fb%20c", "POST /graphql", "POST /graphql"]


def test_an_answer_passes_as_it_comes(behind: Behind, port: int) -> None:
    answer = ask(port, "GET", "/slow")
    assert answer.read(5) == b"first"
    behind.go_on.set()
    assert answer.read() == b"second"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "127.0.0.2", "", "localhost.", "a@localhost"],
)
def test_another_hosts_name_is_refused(behind: Behind, port: int, host: str) -> None:
    """DNS rebinding: the page's own site, by its name, at our address."""
    for method, origin in (("GET", ""), ("POST", f"http://{host}")):
        assert ask(port, method, "/graphql", "", Host=host, **({"Origin": origin} if origin else {})).status in (
            400,
            403,
        )
    assert "请在本机浏览器打开" in ask(port, "GET", "/", Host=host).read().decode()
    assert behind.reached == []


def test_the_front_page_is_that_of_the_runs(behind: Behind, port: int) -> None:
    answer = ask(port, "GET", "/")
    assert (answer.status, answer.headers["Location"], behind.reached) == (307, "/runs", [])
    assert ask(port, "GET", "/", Origin="http://evil.example").status == 403


def test_the_cockpit_is_served_and_nothing_else_of_the_reports(behind: Behind, port: int) -> None:
    for path in ("/reports/cockpit.html", "/reports/cockpit/zh/rule-a.b.html"):
        answer = ask(port, "GET", path, **LINKED)
        assert (answer.status, answer.headers["X-Frame-Options"]) == (200, "DENY")
        assert answer.headers["Content-Type"].startswith("text/html") and "页" in answer.read().decode()
    absent = ask(port, "GET", "/reports/catalogue/index.html")
    assert absent.status == 404 and "govdata catalogue" in absent.read().decode()
    for path in (
        "alerts/a.html",
        "cockpit/../alerts/a.html",
        "cockpit/%2e%2e/alerts/a.html",
        "cockpit/../../secret.html",
        "cockpit%2f..%2f..%2fsecret.html",
        "cockpit/link.html",
        "2026-11-20/%E5%B8%82%E5%85%AC%E5%AE%89%E5%B1%80/%E6%8A%A5%E5%91%8A.html",
        "",
    ):
        answer = ask(port, "GET", f"/reports/{path}")
        assert answer.status == 404 and "页" in answer.read().decode(), path
    assert ask(port, "GET", "/reports/cockpit.html", Origin="http://evil.example").status == 403
    assert ask(port, "GET", "/reports/cockpit.html", Host="evil.example").status == 400
    assert behind.reached == []


@pytest.mark.parametrize(
    "path", ["/graphql", "/graphql/", "/%67raphql", "//graphql", "/./graphql", "/x/../graphql", "/x/%2e%2e/graphql"]
)
def test_nothing_but_a_post_reaches_graphql(behind: Behind, port: int, path: str) -> None:
    own = f"http://127.0.0.1:{port}"
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert ask(port, method, f"{path}?query=mutation", Origin=own).status == 403
        assert ask(port, method, f"{path}?query=mutation").status == 403
    assert behind.reached == []


def test_a_foreign_page_is_refused(behind: Behind, port: int) -> None:
    own = f"http://127.0.0.1:{port}"
    for origin in (
        "http://evil.example",
        "null",
        f"https://127.0.0.1:{port}",
        f"http://localhost:{port}",
        f"http://127.0.0.1:{port + 1}",
    ):
        for method, path in (("POST", "/graphql"), ("POST", "/upload"), ("GET", "/assets")):
            assert ask(port, method, path, "", Origin=origin).status == 403, (origin, method, path)
    assert ask(port, "POST", "/graphql", "{}").status == 403, "without Origin"
    for site in ("cross-site", "same-site", "unheard-of"):
        assert ask(port, "POST", "/graphql", "{}", Origin=own, Sec_Fetch_Site=site).status == 403
        assert (
            ask(port, "GET", "/assets", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image").status
            == 403
        )
        assert (
            ask(port, "GET", "/assets", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe").status
            == 403
        )
    assert behind.reached == []


@pytest.mark.parametrize("twice", ["Host", "Origin", "Sec-Fetch-Site"])
def test_a_header_that_says_two_things_is_refused(behind: Behind, port: int, twice: str) -> None:
    said = {
        "Host": f"127.0.0.1:{port}",
        "Origin": f"http://127.0.0.1:{port}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Length": "0",
    }
    other = {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", "/graphql", skip_host=True)
    for name, value in [*said.items(), (twice, other[twice])]:
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    assert behind.reached == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_without_a_post_goes_nowhere(behind: Behind, port: int, method: str) -> None:
    """It once left a request behind that announced a body and had none, and a traceback on the terminal."""
    hidden = "GET /graphql?query=mutation HTTP/1.1\r\nHost: x\r\n\r\n"
    assert ask(port, method, "/assets", hidden).status == 201
    assert behind.reached == [f"{method} /assets"]


def test_a_link_opens_a_page_and_nothing_else(behind: Behind, port: int) -> None:
    sent = LINKED
    assert ask(port, "GET", "/runs", **sent).status == 201
    assert ask(port, "POST", "/runs", "", **sent).status == 403
    assert ask(port, "GET", "/graphql?query=mutation", **sent).status == 403
    assert behind.reached == ["GET /runs"]


def test_a_subscription_passes_both_ways_for_the_own_page_only(behind: Behind, port: int) -> None:
    address, protocols = f"ws://127.0.0.1:{port}/graphql", [Subprotocol("graphql-ws")]
    for origin in (None, Origin("http://evil.example"), Origin("null")):
        with pytest.raises(InvalidStatus) as refused:
            connect(address, origin=origin, subprotocols=protocols)
        assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus):
        connect(
            address,
            origin=Origin("http://evil.example"),
            additional_headers={"Host": "evil.example"},
            subprotocols=protocols,
        )
    assert behind.reached == []
    with connect(address, origin=Origin(f"http://127.0.0.1:{port}"), subprotocols=protocols, max_size=None) as socket:
        assert socket.subprotocol == "graphql-ws"
        for message in ("中", "x" * 2_000_000):
            socket.send(message)
            assert socket.recv(timeout=30) == message * 2
        socket.send("end")
        assert list(socket) == []


def test_before_the_server_is_up_the_door_asks_for_patience(caplog: pytest.LogCaptureFixture) -> None:
    outer = free_port()
    with served(door(f"127.0.0.1:{free_port()}", Path()), outer):
        answer = ask(outer, "GET", "/runs")
        assert (answer.status, answer.headers["Refresh"]) == (503, "2") and "正在启动" in answer.read().decode()
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{outer}/graphql", origin=Origin(f"http://127.0.0.1:{outer}"))
    assert not [record for record in caplog.records if record.exc_info]


def test_a_page_that_is_left_in_the_middle_of_a_question_is_no_error(
    behind: Behind, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as left:
        lines = ("POST /graphql HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}")
        left.sendall("\r\n".join((*lines, "Content-Length: 100", "", "half")).encode())
        time.sleep(0.2)
    assert ask(port, "GET", "/runs").status == 201
    assert behind.reached == ["GET /runs"]
    assert not [record for record in caplog.records if record.exc_info]
