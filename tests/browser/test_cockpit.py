"""The cockpit as a browser shows it: nothing is asked of anybody, axe-core finds nothing, it fits a telephone and
a sheet of paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.chromium import chromium
from tests.conftest import Finished

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("finished")]


@pytest.fixture(scope="module")
def reports(finished: Finished) -> Path:
    assert finished.code == 0, finished.output + finished.errors
    return finished.deployment.reports


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")


def some(reports: Path) -> list[Path]:
    """The front page and one of each kind behind it, in both languages."""
    behind = [
        next(iter(sorted((reports / "cockpit" / language).glob(f"{kind}-*"))))
        for language in ("zh", "en")
        for kind in ("department", "dataset", "rule", "district")
    ]
    return [reports / "cockpit.html", reports / "cockpit.en.html", *behind]


def test_axe_finds_nothing(reports: Path, page: Page) -> None:
    for path in some(reports):
        page.goto(path.as_uri())
        for details in page.query_selector_all("details:not([open]) > summary"):
            details.evaluate("element => element.parentElement.open = true")
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found] == [], path.name


def test_the_pages_ask_for_nothing_and_break_no_policy(reports: Path, page: Page) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for path in some(reports):
        page.goto(path.as_uri())
    assert asked == [path.as_uri() for path in some(reports)] and said == []


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_nothing_but_tables_scrolls_sideways(reports: Path, page: Page, width: int) -> None:
    """720 is a screen of 1440 at 200 %."""
    page.set_viewport_size({"width": width, "height": 900})
    for path in some(reports):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name


def test_it_prints_on_a4_and_a3(reports: Path, page: Page) -> None:
    page.goto((reports / "cockpit.html").as_uri())
    for size, most in (("A4", 9), ("A3", 5)):
        printed = page.pdf(format=size)
        assert printed.count(b"/Type /Page\n") <= most and len(printed) > 20_000


def test_the_keyboard_reaches_the_content_first(reports: Path, page: Page) -> None:
    page.goto((reports / "cockpit.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
