"""``published.<dataset>_zh``: the same rows under Chinese titles, with the names of codes beside them."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

from govdata.publish.chinese_views import columns
from tests.publish.nights import City, person

DAY = Date(2026, 3, 1)


def test_the_same_rows_in_chinese(city: City) -> None:
    city.night("people", DAY, [person(1), person(2), person(3)], mode="snapshot", warned=[1])
    view = city.query("DESCRIBE published.people_zh")
    titles = [row[0] for row in view]
    assert titles[:4] == ["公民身份号码", "姓名", "性别", "性别名称"]
    assert titles[-6:] == ["行标识", "来源文件", "来源行号", "交付日期", "提示", "读不出的原文"]
    # Column by column the same values, the name of the code beside it.
    kept = [row[0] for row in city.query("DESCRIBE published.people")]
    labels = ("性别名称", "变更类型名称")
    assert len(titles) == len(kept) + len(labels), titles
    same = ", ".join(f'"{title}"' for title in titles if title not in labels)
    assert city.query(f"SELECT {same} FROM published.people_zh ORDER BY 1") == city.query(
        f"SELECT {', '.join(kept)} FROM published.people ORDER BY 1"
    )
    assert city.query('SELECT DISTINCT "性别", "性别名称" FROM published.people_zh') == [("1", "男性")]


def test_as_of_a_date_in_chinese(city: City) -> None:
    """The rows of ``people_at`` with the names of their codes."""
    city.night("people", DAY, [person(1), person(2)], mode="snapshot")
    city.night("people", DAY + timedelta(days=1), [person(3)], mode="snapshot")
    for date in (DAY, DAY + timedelta(days=1)):
        kept = city.query(f"SELECT citizen_id, sex, '男性' FROM published.people_at(DATE '{date}') ORDER BY 1")
        shown = f"""SELECT "公民身份号码", "性别", "性别名称" FROM published.people_zh_at('{date}') ORDER BY 1"""
        assert kept and city.query(shown) == kept
    before = f"SELECT count(*) FROM published.people_zh_at(DATE '{DAY - timedelta(days=1)}')"
    assert city.query(before) == [(0,)]
    now, then = (
        [row[0] for row in city.query(f"DESCRIBE FROM published.people_zh{of}")] for of in ("", f"_at('{DAY}')")
    )
    assert now == then


def test_it_tells_what_it_shows(city: City) -> None:
    city.night("people", DAY, [person(1)], mode="snapshot")
    told = dict(city.query("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'people_zh'"))
    assert all(told.values()) and told["姓名"].startswith("name：")
    assert told["性别名称"] == "性别的代码名称（codes.sex）；代码集里没有的为空"
    (comment,) = city.query("SELECT comment FROM duckdb_views() WHERE view_name = 'people_zh'")[0]
    assert "1 行" in comment and "published.people" in comment


def test_before_the_first_publication_it_is_there_and_empty(city: City) -> None:
    city.rebuild()
    assert city.query("SELECT count(*) FROM published.people_zh") == [(0,)]


def test_a_code_of_several_periods_does_not_multiply_rows(city: City) -> None:
    """A code set may list a code once per period: the name in force is shown, once."""
    city.night("people", DAY, [person(1), person(2)], mode="snapshot")
    codes = city.registry.code_sets["sex"]
    twice = codes.codes[0].model_copy(update={"name_zh": "旧名", "valid_to": "2000"})
    changed = codes.model_copy(update={"codes": (twice, *codes.codes)})
    city.registry = city.registry.model_copy(update={"code_sets": city.registry.code_sets | {"sex": changed}})
    city.rebuild()
    assert city.query('SELECT "性别名称", count(*) FROM published.people_zh GROUP BY 1') == [("男性", 2)]


def test_two_columns_of_one_title_are_both_shown(city: City) -> None:
    people = city.dataset("people")
    name = people.column("name").model_copy(update={"title": "性别名称"})
    dataset = people.model_copy(update={"columns": tuple(name if c.name == "name" else c for c in people.columns)})
    shown = columns(dataset, city.registry, [column.name for column in dataset.columns])
    titles = [column.title for column in shown]
    assert len(set(titles)) == len(titles) and "性别名称" in titles and "性别名称（sex的名称）" in titles
