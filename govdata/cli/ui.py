"""``govdata ui``: Dagster on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import console, load_registry
from govdata.deployment import Deployment


@app.command(cls=Command)
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口")] = 3000,
) -> None:
    """打开 Dagster 界面和定时服务（仅本机 127.0.0.1 可访问），Ctrl-C 结束。"""
    from govdata.assets.instance import prepare
    from govdata.deployment import COCKPIT
    from govdata.web.server import serve

    deployment = Deployment.from_env()
    load_registry(deployment)
    home = prepare(deployment)
    address = f"http://127.0.0.1:{port}"
    told = f"{address}\n驾驶舱：{address}{COCKPIT}"
    serve(deployment, home, port, lambda: console().print(told, highlight=False))
