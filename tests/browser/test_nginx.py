"""The interface behind our nginx site, in a headless Chromium: a cold page works, and a page of another site changes
nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.chromium import WAIT, chromium
from tests.browser.test_foreign_page import ATTEMPTS, KEYS, MUTATION, OWN, SUBSCRIBE, elsewhere
from tests.security.test_deploy import NAME, Site, concurrency_keys, site

__all__ = ["site"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("nginx")]


@pytest.fixture
def person(site: Site) -> Iterator[BrowserContext]:
    """Somebody who is logged in; our certificate is one of the test's own."""
    with chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as browser:
        login = {"username": "officer", "password": "right"}
        context = browser.new_context(ignore_https_errors=True, http_credentials=login, locale="zh-CN")
        context.set_default_timeout(WAIT)
        yield context


def test_a_cold_page_draws_no_refusal_and_its_subscriptions_work(person: BrowserContext, site: Site) -> None:
    page, refused = person.new_page(), list[str]()
    page.on(
        "response", lambda answer: refused.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
    )
    page.goto(f"https://{site.host}/asset-groups/")
    page.get_by_text("cards", exact=True).first.wait_for()
    page.goto(f"https://{site.host}/runs")
    page.get_by_text("Runs", exact=True).first.wait_for()
    assert [
        told for told in refused if not told.startswith("401 ")
    ] == []  # 401: how a browser learns that it is to log in
    listening = "subscription { locationStateChangeEvents { event { message } } }"
    opened = page.evaluate(
        SUBSCRIBE.replace('if (JSON.parse(event.data).type === "data")', "if (event.data)"), listening
    )
    assert "connection_ack" in opened


def test_a_page_of_another_site_changes_nothing_by_the_login(person: BrowserContext, site: Site) -> None:
    own = person.new_page()
    own.goto(f"https://{site.host}/runs")
    page = person.new_page()
    with elsewhere() as other:
        page.goto(other)
        opened = page.evaluate(ATTEMPTS, [f"https://{site.host}", MUTATION, KEYS])
    assert (concurrency_keys(site), opened) == ([], False), "what was changed, and whether the websocket was opened"
    own.evaluate(OWN, MUTATION.replace("KEY", "own"))
    assert concurrency_keys(site) == ["own"], "the same change from the interface's own page"
