"""The running interface follows the deployment: when a declared standard has changed, or a delivery of an earlier date
than any before has come, Dagster loads its definitions again. Its daemon shares them, so no night is planned by old
standards either."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx

from govdata import standards
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import files

INTERVAL = 10.0
"""Seconds between two looks."""

RELOAD = """mutation { reloadRepositoryLocation(repositoryLocationName: "govdata") { __typename
    ... on WorkspaceLocationEntry { locationOrLoadError { __typename } } } }"""


class Follower:
    """``url``: of Dagster's GraphQL; ``tell`` gets a Chinese line for each change that was followed or cannot be."""

    def __init__(self, deployment: Deployment, url: str, tell: Callable[[str], object]) -> None:
        self._deployment, self._url, self._tell = deployment, url, tell
        self._seen = self._state()

    def look(self) -> None:
        """Load again what has changed since the last look; a server that does not answer is asked again at the next."""
        now = self._state()
        if now == self._seen:
            return
        problems = standards.problems(self._deployment.standards)
        if problems:
            again = self._deployment.command("standards", "check")
            self._tell(
                f"标准已修改，但有 {len(problems)} 个问题，界面仍显示修改前的标准，夜间运行会失败。请运行：{again}"
            )
        elif self._reloaded():
            self._tell("标准或交付的起始日期有变化，界面和定时任务已重新加载")
        else:
            return
        self._seen = now

    def _state(self) -> tuple[str, str]:
        landing = self._deployment.landing
        datasets = [folder.name for folder in landing.iterdir() if folder.is_dir()] if landing.is_dir() else []
        try:
            return files.state(self._deployment.standards)[0], self._deployment.first_date(datasets).isoformat()
        except (OSError, GovdataError):  # being replaced just now: another state than any
            return "", ""

    def _reloaded(self) -> bool:
        try:
            answer = httpx.post(self._url, json={"query": RELOAD}, timeout=120, trust_env=False).json()
            return bool(
                answer["data"]["reloadRepositoryLocation"]["locationOrLoadError"]["__typename"] == "RepositoryLocation"
            )
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return False


def follow(follower: Follower) -> None:
    """Look again and again, in a thread that ends with the process."""

    def watch() -> None:
        while True:
            idle.wait(INTERVAL)
            follower.look()

    idle = threading.Event()
    threading.Thread(target=watch, name="standards", daemon=True).start()
