"""The catalogue's pages in a headless Chromium, opened from a folder: they search, they fit, they ask for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from govdata import reports, standards
from tests.browser.chromium import chromium
from tests.conftest import copy_deployment

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue of the repository's standards, before the first night."""
    deployment = copy_deployment(tmp_path_factory.mktemp("pages") / "home")
    registry = standards.load(deployment.standards)
    return reports.write_catalogue(registry, deployment, deployment.reports / "catalogue").folder


@pytest.fixture
def page(folder: Path) -> Iterator[Page]:
    """The index; a page that asks for anything but files of its folder, or complains, fails the test."""
    said: list[str] = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1024, "height": 800}, locale="zh-CN")
        page.set_default_timeout(120_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: said.append(asked.url) if not asked.url.startswith(folder.as_uri()) else None)
        page.goto((folder / "index.html").as_uri())
        yield page
    assert said == []


def rows(page: Page) -> list[str]:
    return page.locator("tr[data-find]:visible th").all_inner_texts()


def test_a_word_finds_what_holds_it_and_the_keyboard_gets_there(page: Page) -> None:
    every = len(rows(page))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Tab")
    page.keyboard.type("ＨＪＤＺ 公安")  # a header, in full width
    assert rows(page) == ["人口基本信息"] and page.inner_text("#found") == "1 项"
    assert page.locator("section:visible h2").all_inner_texts() == ["数据集", "下载"]
    page.reload()
    assert rows(page) == ["人口基本信息"]  # the address holds the question
    page.fill("#find", "没有这样的词")
    assert rows(page) == [] and "没有找到" in page.inner_text("#found")
    page.fill("#find", "")
    assert len(rows(page)) == every


def test_from_a_table_to_an_element_to_its_codes_and_back(page: Page) -> None:
    page.click("text=人口基本信息")
    page.locator("#items + .scroll a", has_text="性别代码").first.click()
    assert page.inner_text("h1").startswith("性别代码")
    page.locator("dd a").first.click()
    assert "男性" in page.inner_text("table:last-of-type >> nth=-1")
    page.locator("header a").first.click()
    assert page.inner_text("h1") == "政务数据目录"


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_page_is_wider_than_its_window(page: Page, folder: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("index", "dataset/legal_person", "dataset/person", "element/citizen_id", "codes/gbt_2261_1_sex"):
        page.goto((folder / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        assert page.evaluate(
            "[...document.querySelectorAll('.scroll')].every((box) => box.tabIndex === 0 && box.ariaLabel)"
        )


def test_without_scripts_everything_is_there(folder: Path) -> None:
    with chromium() as browser:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto((folder / "index.html").as_uri())
        assert not page.is_visible("#find") and page.is_visible("text=人口基本信息")
