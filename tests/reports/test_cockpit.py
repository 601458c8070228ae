"""The cockpit: every figure counted again by other ways, queries that give what they stand beside, links that lead
somewhere, pages that ask for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import date as Date
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import html5lib
import pytest
from lxml import html

from govdata import publish, reports, standards
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.reports.cockpit import city as front
from govdata.reports.cockpit import drill
from govdata.reports.cockpit.charts import trend
from govdata.reports.cockpit.figures import Column, Figure
from govdata.reports.cockpit.tables import Names
from govdata.standards.model import Registry
from tests.conftest import Finished
from tests.masters.conftest import PEOPLE, contract
from tests.reports.recounted import RECOUNTED, Catalogue
from tests.reports.validator import invalid, needs_java
from tests.scoring.conftest import BIRTHS_1, PEOPLE_1, Scored
from tests.scoring.conftest import city as city  # the fixture

FIGURES = {figure.id: figure for figure in (*front.FIGURES, *drill.FIGURES)}
NEWEST = Date(2026, 11, 20)
VALUES = ("甲", "乙", "丁", "错", "888888", "A1", "A9", "B1", "丙", "壬")


def page(path: Path) -> html.HtmlElement:
    return html.fromstring(path.read_text(encoding="utf-8"))


def tables(path: Path) -> Iterator[tuple[str, str, list[list[str]]]]:
    """Figure, scope and texts of every figure's table."""
    for table in page(path).iterfind(".//table[@data-figure]"):
        rows = [[cell.text_content() for cell in row] for row in table.iterfind("tbody/tr")]
        is_empty = len(rows) == 1 and len(rows[0]) == 1 < len(table.findall("thead/tr/th"))
        yield table.get("data-figure"), table.get("data-scope"), [] if is_empty else rows


def pages(deployment: Deployment, language: str = "zh") -> list[Path]:
    behind = sorted((deployment.reports / "cockpit" / language).iterdir())
    return [deployment.reports / ("cockpit.html" if language == "zh" else "cockpit.en.html"), *behind]


# ------------------------------------------------------------------------------------------ the committed city's pages


@pytest.fixture(scope="module")
def made(finished: Finished) -> Deployment:
    assert finished.code == 0, finished.output + finished.errors
    return finished.deployment


@pytest.fixture(scope="module")
def registry(made: Deployment) -> Registry:
    return standards.load(made.standards)


@pytest.fixture(scope="module")
def catalogue(made: Deployment) -> Iterator[Catalogue]:
    with duckdb.connect(str(made.catalogue), read_only=True) as connection:
        yield Catalogue(connection, NEWEST)


def marked(test: Any) -> Any:
    """Of the tests that read the whole committed city."""
    return pytest.mark.slow(pytest.mark.xdist_group("finished")(test))


def cut(value: float) -> str:
    """Two digits, cut and not rounded."""
    return str(Decimal(round(value, 9)).quantize(Decimal("0.01"), ROUND_DOWN))


def written(column: Column, row: dict[str, Any], names: Names) -> str:
    """A value as it should stand on a page: numbers by rules of the test's own."""
    value = row[column.name]
    if value is None:
        return "—"
    if column.kind == "count":
        return f"{value:,}"
    if column.kind in ("score", "share"):
        return cut(value * (100 if column.kind == "share" else 1)) + ("%" if column.kind == "share" else "")
    if column.kind == "change":
        size = cut(abs(value))
        return "±0" if size == "0.00" else ("▲" if value > 0 else "▼") + size
    return names.text(column, row)


def expected(figure: Figure, rows: list[dict[str, Any]], names: Names) -> list[list[str]]:
    return [[written(column, row, names) for column in figure.columns] for row in rows]


@marked
def test_every_figure_is_as_counted_again(made: Deployment, registry: Registry, catalogue: Catalogue) -> None:
    districts = {row["scope"]: row["scope_name"] for row in catalogue.total("division")}
    names = Names("zh", registry, districts, frozenset(), "")
    seen = set()
    for path in pages(made):
        for name, scope, rows in tables(path):
            again = expected(FIGURES[name], RECOUNTED[name](catalogue, scope), names)
            assert rows == again, (name, scope)
            seen.add(name)
    # Of the sample no division was abolished, and no conflicts or waivers are a fault of the page.
    assert seen >= set(RECOUNTED) - {"district_codes"}


def test_every_figure_is_counted_again() -> None:
    assert set(RECOUNTED) == set(FIGURES)


@marked
def test_the_printed_queries_give_what_they_stand_beside(made: Deployment, registry: Registry) -> None:
    """Of the front page all, of each kind of page behind it one."""
    kinds = {path.name.partition("-")[0]: path for path in pages(made)}
    asked = 0
    with duckdb.connect(str(made.catalogue), read_only=True) as connection:
        for path in kinds.values():
            whole = page(path)
            queries = [pre.text_content() for pre in whole.iterfind(".//details[@class='query']/pre")]
            shown = list(tables(path))
            assert len(queries) == len(shown) > 0
            for query, (name, _, rows) in zip(queries, shown, strict=True):
                relation = connection.sql(query)
                found = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
                names = Names("zh", registry, districts(connection), frozenset(), "")
                assert [[names.text(column, row) for column in FIGURES[name].columns] for row in found] == rows, name
                asked += 1
    assert asked > 35


@marked
def test_a_rule_leads_to_its_rows(made: Deployment) -> None:
    """As many as its page says fail, each with its file and line."""
    rules = [path for path in pages(made) if path.name.startswith("rule-")]
    with duckdb.connect(str(made.catalogue), read_only=True) as connection:
        for path in rules:
            (query,) = page(path).iterfind(".//pre[@class='query']")
            rows = connection.execute(query.text_content()).fetchall()
            told = next(rows for name, _, rows in tables(path) if name == "rule_now")[0]
            named = [column.name for column in FIGURES["rule_now"].columns]
            assert len(rows) == int(told[named.index("failed")].replace(",", "")), path.name
            assert all(None not in row for row in rows)
    assert len(rules) > 100


def districts(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    query = "SELECT DISTINCT scope, scope_name FROM governance.scorecard WHERE kind = 'division'"
    return dict(connection.execute(query).fetchall())


@marked
def test_both_languages_say_the_same_numbers(made: Deployment) -> None:
    for chinese, english in zip(pages(made), pages(made, "en"), strict=True):
        for one, other in zip(tables(chinese), tables(english), strict=True):
            assert one[:2] == other[:2]
            for row, row_too in zip(one[2], other[2], strict=True):
                numbers = [(a, b) for a, b in zip(row, row_too, strict=True) if re.fullmatch(r"[\d,.%▲▼±—-]+", a)]
                assert all(a == b for a, b in numbers)


@marked
def test_every_link_leads_to_a_page(made: Deployment) -> None:
    linked, count = set(), 0
    for path in (*pages(made), *pages(made, "en")):
        whole = page(path)
        ids = {element.get("id") for element in whole.iterfind(".//*[@id]")}
        for link in whole.iterfind(".//a"):
            count += 1
            target, _, part = link.get("href").partition("#")
            assert not target or (path.parent / unquote(target)).resolve().is_file(), (path, target)
            assert target or part in ids
            if target:
                linked.add((path.parent / unquote(target)).resolve())
    assert linked == {path.resolve() for path in (*pages(made), *pages(made, "en"))} and count > 1000


@marked
def test_the_pages_are_self_contained_valid_and_small(made: Deployment) -> None:
    for path in (*pages(made), *pages(made, "en")):
        text = path.read_text(encoding="utf-8")
        html5lib.HTMLParser(strict=True).parse(text)
        self_contained(path)
        assert len(text.encode()) < 1_500_000


@needs_java
@marked
def test_the_validator_of_the_w3c_finds_nothing(made: Deployment, tmp_path: Path) -> None:
    of_each_kind = {(path.parent, path.name.partition("-")[0]): path for path in (*pages(made), *pages(made, "en"))}
    assert len(of_each_kind) == 10 and invalid(of_each_kind.values()) == []
    wrong = tmp_path / "wrong.html"
    text = (made.reports / "cockpit.html").read_text(encoding="utf-8")
    wrong.write_text(text.replace("<main ", "<main color=red ").replace("margin: 0", "margin: zero"), encoding="utf-8")
    assert any("color" in line for line in invalid([wrong])) and any("margin" in line for line in invalid([wrong]))


def self_contained(path: Path) -> None:
    text, whole = path.read_text(encoding="utf-8"), page(path)
    policy = whole.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    (style,) = whole.iterfind(".//style")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    outside = re.sub(r"<pre.*?</pre>", "", text, flags=re.DOTALL)
    assert not re.search(r"https?://|<script|<link|<img|\ssrc=|\sstyle=|\son\w+=|url\([^#]|@import", outside)


@marked
def test_the_numbers_reconcile(made: Deployment) -> None:
    told = {name: rows for name, _, rows in tables(made.reports / "cockpit.html")}
    delivered, published, held, duplicates, quarantined, rejected, blocked, _ = (
        int(cell.replace(",", "")) for cell in told["tonight"][0]
    )
    assert delivered == published + held + duplicates and held == quarantined + rejected + blocked
    assert sum(int(row[1]) for row in told["ageing"]) == int(told["orders"][0][0])


# --------------------------------------------------------------------------------------------------- two small registers


def night(city: Scored, number: int = 0, births: str | None = BIRTHS_1) -> None:
    city.deliver("people", city.day(number), PEOPLE_1)
    if births is not None:
        city.deliver("births", city.day(number), births)
    city.score(number)
    publish.rebuild_catalogue(city.deployment, city.registry)


def write(city: Scored, number: int = 0, made: datetime | None = None) -> reports.Cockpit:
    moment = made or datetime.combine(city.day(number + 1), datetime.min.time())
    return reports.write_cockpit(city.registry, city.deployment, None, moment)


def state(path: Path) -> tuple[bool, str]:
    """Whether the page is red, and what it says of itself."""
    found = page(path).find(".//section[@aria-labelledby='state']")
    return "bad" in found.get("class"), found.text_content()


@pytest.mark.slow
def test_a_complete_page_is_not_red_and_without_a_record_s_value(city: Scored) -> None:
    night(city)
    told = page(write(city).page)
    is_red, said = state(city.deployment.reports / "cockpit.html")
    assert not is_red and "完整" in said
    for section in ("masters", "rules"):
        assert "未启用" in told.find(f".//section[@aria-labelledby='{section}']").text_content()
    for path in (*pages(city.deployment), *pages(city.deployment, "en")):
        self_contained(path)
        whole = page(path)
        for style in whole.iterfind(".//style"):
            style.drop_tree()
        words = set(re.findall(r"[0-9A-Za-z]+|[\u4e00-\u9fff]+", whole.text_content() + path.name))
        assert words.isdisjoint(VALUES)
    is_red, said = state(write(city, made=datetime(2026, 3, 9)).page)
    assert is_red and "已过 7 天" in said
    assert "2026-03-04 08:00" in page(city.deployment.reports / "cockpit.html").text_content()


@pytest.mark.slow
def test_a_missing_delivery_turns_it_red_and_says_which(city: Scored) -> None:
    night(city, births=None)
    is_red, told = state(write(city).page)
    assert is_red and "表births：缺应有的交付" in told and "表births：从未发布" in told and "people" not in told
    night(city, 1)
    newest = write(city, 1)
    assert not state(newest.page)[0]
    older = reports.write_cockpit(city.registry, city.deployment, city.day(0))
    assert newest.page == city.deployment.reports / "cockpit.html"
    assert older.page == city.deployment.reports / "2026-03-02" / "cockpit.html"
    assert "2026-03-03" in page(newest.page).text_content() and "2026-03-02" in page(older.page).text_content()


@pytest.mark.slow
def test_names_that_mean_something_elsewhere_do_nothing(city: Scored) -> None:
    name = "公<b>安</b>/../&{{ title }}"
    city.write("datasets/people.odcs.yaml", contract("people", f"'{name}'", PEOPLE, "id"))
    night(city)
    write(city)
    found = [path for path in pages(city.deployment) if name in page(path).findtext(".//h1")]
    assert len(found) == 1 and found[0].parent == city.deployment.reports / "cockpit" / "zh"
    assert not [path for path in pages(city.deployment) if page(path).find(".//b") is not None]


@pytest.mark.slow
def test_pages_of_what_is_no_more_go(city: Scored) -> None:
    night(city)
    write(city)
    gone = {path.name for path in pages(city.deployment) if path.name.startswith("rule-people.place.code_set")}
    city.deliver("people", city.day(1), PEOPLE_1.replace("888888", "190102"))
    city.deliver("births", city.day(1), BIRTHS_1)
    city.score(1)
    publish.rebuild_catalogue(city.deployment, city.registry)
    write(city, 1)
    assert gone and gone.isdisjoint(path.name for path in pages(city.deployment))
    with pytest.raises(GovdataError, match="2026-03-05 没有评分"):
        reports.write_cockpit(city.registry, city.deployment, city.day(3))
    assert {path.name for path in city.deployment.reports.glob("*cockpit*")} == {
        "cockpit",
        "cockpit.html",
        "cockpit.en.html",
    }


def test_what_was_not_scored_is_told(city: Scored) -> None:
    with pytest.raises(GovdataError, match="还没有目录"):
        reports.write_cockpit(city.registry, city.deployment)


def test_a_changed_standard_is_marked_in_the_trend() -> None:
    rows = [{"date": Date(2026, 3, day), "score": 99.0 + day / 10, "moved": day == 3} for day in range(1, 6)]
    drawn = trend(rows)
    assert drawn is not None and [point.is_marked for point in drawn.points] == [False, False, True, False, False]
    assert [point.y for point in drawn.points] == sorted((point.y for point in drawn.points), reverse=True)
    assert trend(rows[:1]) is None


@pytest.mark.parametrize(
    ("scores", "levels"),
    [
        ((99.934, 99.935), ("99.93", "99.94", "99.95")),
        ((97.1, 98.98), ("97.00", "98.00", "99.00")),
        ((100.0, 100.0), ("99.98", "99.99", "100.00")),
        ((0.0, 100.0), ("0.00", "50.00", "100.00")),
    ],
)
def test_the_trend_s_levels_lie_where_their_numbers_say(scores: tuple[float, float], levels: tuple[str, ...]) -> None:
    drawn = trend([{"date": Date(2026, 3, day), "score": score, "moved": False} for day, score in enumerate(scores, 1)])
    assert drawn is not None and tuple(label for _, label in drawn.levels) == levels
    (bottom, low), _, (top, high) = ((y, float(label)) for y, label in drawn.levels)
    for point, score in zip(drawn.points, scores, strict=True):
        assert point.y == pytest.approx(bottom - (score - low) / (high - low) * (bottom - top), abs=0.1)
