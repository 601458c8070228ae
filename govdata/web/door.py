"""The door before Dagster's web server on a developer's machine, by the rules nginx has on a server
(deploy/nginx-govdata.conf).

Dagster's server looks at neither Host nor Origin and runs mutations by GET, so any page that is open in a browser of
the machine could start and delete runs, by an ``<img>`` or under a host name that was made to point here (DNS
rebinding).
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from govdata.web.pages import pages

HOSTS = ("127.0.0.1", "localhost")
GRAPHQL = "/graphql"
FRONT = "/runs"
_OTHER_NAME = "只应答本机地址：请在本机浏览器打开 http://127.0.0.1 加端口号\n"
_STARTING = "界面正在启动或没有回应，请稍候\n"
_HOP_BY_HOP = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    )
)
"""Headers about one connection, not about what passes through it: RFC 9110, section 7.6.1."""


def door(upstream: str, reports: Path) -> Starlette:
    """An ASGI application that hands on to the server at ``upstream`` (``host:port``) what a page of its own asks, but
    for the pages in the folder ``reports`` (``web.pages``).

    The rest is refused: 400 for another host's name, 403 for another site's page.
    """
    # A connection rests for less than the 5 s after which uvicorn closes it, so that none is used in the moment it
    # goes.
    transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None, keepalive_expiry=2))

    async def forward(request: Request) -> Response:
        raw, query = request.scope["raw_path"], request.scope["query_string"]
        url = httpx.URL(f"http://{upstream}").copy_with(raw_path=raw + b"?" + query if query else raw)
        ours = (b"host", b"content-length")
        headers = [(name, value) for name, value in _end_to_end(request.headers.raw) if name not in ours]
        content = None
        if request.method == "POST":  # a body is handed on with a POST only, and whole: a page that was left sends half
            try:
                content = await request.body()
            except ClientDisconnect:
                return Response(status_code=HTTPStatus.BAD_REQUEST)  # to nobody
        asked = httpx.Request(request.method, url, headers=headers, content=content)
        try:
            answer = await transport.handle_async_request(asked)
        except httpx.TransportError:
            return PlainTextResponse(_STARTING, HTTPStatus.SERVICE_UNAVAILABLE, {"Refresh": "2"})
        passed = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
        passed.raw_headers = [*_end_to_end(answer.headers.raw), (b"x-frame-options", b"DENY")]
        return passed

    async def subscribe(socket: WebSocket) -> None:
        wanted = [Subprotocol(name) for name in socket.scope["subprotocols"]]
        address = f"ws://{upstream}{GRAPHQL}"
        try:
            inner = await connect(address, subprotocols=wanted, proxy=None, max_size=None, ping_interval=None)
        except (OSError, WebSocketException):  # not up yet, or going
            await socket.close()
            return
        async with inner:
            await socket.accept(inner.subprotocol)
            await _until_either_ends(socket, inner)

    routes = [
        WebSocketRoute(GRAPHQL, subscribe),
        Route("/", _front, methods=["GET"]),
        pages(reports),
        Route("/{path:path}", forward, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(OwnPages)])


async def _front(_: Request) -> Response:
    """The nights come first. Dagster would open its timeline, on which runs of the command line are not shown."""
    return RedirectResponse(FRONT, HTTPStatus.TEMPORARY_REDIRECT)


class OwnPages:
    """Refuses with 400 what asks under another host's name, with 403 what a page of another site asks.

    Of which site a page is its browser says in ``Origin`` (on whatever changes something) and in ``Sec-Fetch-Site`` (on
    everything).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        ours = Headers(scope=scope).get("host", "").split(":")[0] in HOSTS
        if ours and allowed(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)  # before it is accepted: 403
        elif ours:
            await PlainTextResponse("拒绝访问：请从界面自己的页面操作\n", HTTPStatus.FORBIDDEN)(scope, receive, send)
        else:
            await PlainTextResponse(_OTHER_NAME, HTTPStatus.BAD_REQUEST)(scope, receive, send)


def allowed(scope: Scope) -> bool:
    """Whether a request (ASGI scope of type ``http`` or ``websocket``) comes from a page of our own or opens one."""
    headers = Headers(scope=scope)
    if any(len(headers.getlist(name)) > 1 for name in ("host", "origin", "sec-fetch-site")):
        return False  # no browser says two things, and who reads behind us may go by the other
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "none")  # "none": typed or bookmarked; missing: an old browser, or no browser
    own_page, own_origin = site in ("same-origin", "none"), origin == f"http://{headers.get('host')}"
    if scope["type"] == "websocket" or scope["method"] == "POST":
        return own_page and own_origin
    if scope["method"] not in ("GET", "HEAD") or _normal(scope["path"]) == GRAPHQL:
        return False
    followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    link = followed and site in ("cross-site", "same-site") and origin is None
    return link or (own_page and (own_origin or origin is None))


def _normal(path: str) -> str:
    """The path as the server behind may come to read it: HTTP clients resolve ``//``, ``.`` and ``..``."""
    return posixpath.normpath("/" + path.lstrip("/"))


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


async def _until_either_ends(outer: WebSocket, inner: ClientConnection) -> None:
    async def inwards() -> None:
        async for message in outer.iter_text():
            await inner.send(message)

    async def outwards() -> None:
        async for message in inner:
            await outer.send_text(str(message))
        await outer.close()

    ends = [asyncio.ensure_future(inwards()), asyncio.ensure_future(outwards())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    await asyncio.gather(*ends, return_exceptions=True)  # an end that was cut has nobody left to tell
