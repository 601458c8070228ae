"""The pages that govdata writes for people, beside Dagster's: the cockpit and the catalogue of government data. They
hold no record's value; nothing else under ``data/reports`` is served."""

from __future__ import annotations

import posixpath
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

PREFIX = "/reports"
SERVED = {
    "cockpit.html": "govdata report cockpit",
    "cockpit.en.html": "govdata report cockpit",
    "cockpit": "govdata report cockpit",
    "catalogue": "govdata catalogue",
}
"""Name in the folder of reports → what writes it."""


def pages(reports: Path) -> Route:
    """The route of the files that are served of the folder ``reports``."""
    files = StaticFiles(directory=reports, check_dir=False)

    async def page(request: Request) -> Response:
        path = posixpath.normpath(request.path_params["path"])
        command = SERVED.get(path.split("/")[0])
        if command is None:
            return PlainTextResponse("没有这一页\n", HTTPStatus.NOT_FOUND)
        try:
            found = await files.get_response(path, request.scope)
        except HTTPException:
            return PlainTextResponse(f"还没有这一页：运行 {command} 即可写出\n", HTTPStatus.NOT_FOUND)
        found.headers.update(
            {"x-frame-options": "DENY", "x-content-type-options": "nosniff", "cache-control": "no-cache"}
        )
        return found

    return Route(f"{PREFIX}/{{path:path}}", page, methods=["GET"])
