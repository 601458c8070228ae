"""JSON records inside of an object that interfaces and export programs put around them: ``{"code":200,"data":[…]}``,
``{"RECORDS":[…]}``, GeoJSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from govdata.ingest.headers import Headers
from govdata.ingest.showable import shown
from govdata.ingest.source import Unreadable

DEEP = 3  # objects one inside of the other
_ALWAYS = {
    "data",
    "datas",
    "records",
    "record",
    "rows",
    "row",
    "list",
    "items",
    "item",
    "result",
    "results",
    "content",
    "value",
    "values",
    "body",
}
_COUNTS = {
    "total",
    "totalcount",
    "totalnum",
    "count",
    "records_total",
    "recordcount",
    "totalelements",
    "totalrecords",
    "totalsize",
}
_PAGES = {"pages", "totalpages", "totalpage", "pagecount", "pagetotal", "total_pages", "page_count"}
_MORE = {"hasnext", "hasnextpage", "hasmore", "has_next", "has_more"}
_NEXT = {
    "next",
    "nextpage",
    "nextlink",
    "nextpagetoken",
    "next_page_token",
    "@odata.nextlink",
    "scrollid",
    "_scroll_id",
}


@dataclass(frozen=True)
class Wrapped:
    """``items``: the records; ``said``: Chinese label → where they lay; ``depth``: objects around their list;
    ``missing``: what the wrapper says beside them of records that are not there."""

    items: list[Any]
    said: dict[str, str]
    depth: int
    missing: str | None = None


def find(document: Any, headers: Headers | None) -> Wrapped | None:
    """The records in a wrapper; None where ``document`` is a record itself or none at all. Raises ``Unreadable`` where
    several lists of records lie in it: none may be dropped."""
    if isinstance(document, dict) and _is_columns(list(document.values())):
        raise Unreadable("JSON按列排列（每个键下是一整列的值），请导出为CSV，或一条记录一个对象的JSON")
    if not isinstance(document, dict) or (headers is not None and headers.score(list(document))[0] > 1):
        return None
    found = list(_lists(document, ()))
    if not found:
        return None
    named = [
        (path, items)
        for path, items in found
        if path[-1].casefold() in _ALWAYS or document.get("type") == "FeatureCollection"
    ]
    if headers is None and not named and any(not isinstance(value, dict | list) for value in document.values()):
        return None  # a record with a list in it
    if len(found) > 1:
        places = "、".join(".".join(shown(key, "某键") for key in path) for path, _ in found)
        raise Unreadable(f"JSON里有不止一个记录列表（{places}），请分开交付")
    ((path, items),) = found
    place = ".".join(shown(key, "某键") for key in path)
    said = {"格式": f"JSON对象，记录在“{place}”中"}
    if document.get("type") == "FeatureCollection" and path == ("features",):
        items, said = [_feature(item) for item in items], {"格式": "GeoJSON，记录是各要素的属性"}
    counts = {
        str(value) for key, value in _scalars(document, DEEP) if key.casefold() in _COUNTS and str(value).isdecimal()
    }
    missing = None
    if counts and str(len(items)) not in counts:
        missing = f"JSON写明总数 {'、'.join(sorted(counts))}，读到 {len(items)} 条（可能只是其中一页），请交付全部各页"
    elif any(_says_more(key.casefold(), value) for key, value in _scalars(document, DEEP)):
        missing = f"JSON写明还有别的页，读到的 {len(items)} 条只是其中一页，请交付全部各页"
    return Wrapped(items, said, len(path), missing)


def _says_more(key: str, value: Any) -> bool:
    """Whether the wrapper of one page says that there are others."""
    if key in _PAGES:
        return str(value).isdecimal() and int(str(value)) > 1
    return (key in _MORE and value is True) or (key in _NEXT and isinstance(value, str) and bool(value))


def _is_columns(values: list[Any]) -> bool:
    """The columns of a table: lists of plain values, all of one length, or objects that number them ({"0":…,"1":…})."""
    if len(values) > 1 and all(isinstance(value, dict) and "0" in value for value in values):
        return len({tuple(value) for value in values}) == 1
    return (
        len(values) > 1
        and all(isinstance(value, list) and value and not isinstance(value[0], dict | list) for value in values)
        and len(set(map(len, values))) == 1
    )


def _lists(value: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    for key, inner in value.items():
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            yield (*path, key), inner
        elif isinstance(inner, dict) and len(path) + 1 < DEEP:
            yield from _lists(inner, (*path, key))


def _scalars(value: dict[str, Any], deep: int) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and deep > 1:
            yield from _scalars(inner, deep - 1)
        elif not isinstance(inner, dict | list):
            yield key, inner


def _feature(item: dict[str, Any]) -> dict[str, Any]:
    """A feature's properties, and its geometry and id beside them where no property has that name."""
    properties = item.get("properties") or {}
    beside = {
        key: value
        for key, value in item.items()
        if key not in ("type", "properties") and key not in properties and value is not None
    }
    return {**properties, **beside} if isinstance(properties, dict) else item
