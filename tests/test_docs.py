"""The pages of the documentation lead to one another: no link goes nowhere, no page is left out of the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[1]
PAGES = sorted(
    page.relative_to(HOUSE).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "standards/*.md", "deploy/**/*.md", "benchmarks/**/*.md")
    for page in HOUSE.glob(pattern)
)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Ids that GitHub and GitLab give the headings: lower case, blanks as hyphens, punctuation gone."""
    headings = re.findall(r"^#+ +(.+?) *$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", (HOUSE / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    lost = []
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (HOUSE / page).parent / name if name else HOUSE / page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("index", ["docs/README.md", "docs/decisions/README.md"])
def test_the_index_names_every_page(index: str) -> None:
    folder = (HOUSE / index).parent
    linked = {(folder / link.partition("#")[0]).resolve() for link in LINK.findall((HOUSE / index).read_text("utf-8"))}
    assert [page.name for page in sorted(folder.glob("*.md")) if page.name != "README.md" and page not in linked] == []
