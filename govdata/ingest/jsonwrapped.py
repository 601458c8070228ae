"""JSON records inside of an object that interfaces and export programs put around them: ``{"code":200,"data":[…]}``,
``{"RECORDS":[…]}``, GeoJSON, and of the envelope that some put around each: ``{"_id":1,"_source":{…}}``."""

from __future__ import annotations

import re
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
_TOTALS = {
    "total",
    "totalcount",
    "totalnum",
    "totalrows",
    "totalelements",
    "totalrecords",
    "totalsize",
    "totalhits",
    "totalfeatures",
    "recordstotal",
    "itotalrecords",
    "numfound",
    "nummatched",
    "numbermatched",
    "总数",
    "总条数",
    "总记录数",
}
_COUNTS = {"count", "recordcount", "rowcount", "odatacount", "记录数"}
"""Of what there is, or of what this page holds: compared where nothing says the total."""
_PAGES = {"pages", "totalpages", "totalpage", "pagecount", "pagetotal", "total_pages", "page_count"}
_MORE = {"hasnext", "hasnextpage", "hasmore", "has_next", "has_more", "exceededtransferlimit"}
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
_ENVELOPES = {"_source", "attributes", "properties", "fields"}
"""Keys within each element under which search engines (Elasticsearch), map services (ArcGIS, GeoJSON) and interfaces
(JSON:API, Airtable) put the record itself."""


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
    if isinstance(document, list):
        items, key = _unfolded(document, headers)
        return Wrapped(items, {"格式": f"JSON数组，记录在各元素的“{key}”中"}, 0) if key else None
    if not isinstance(document, dict) or (headers is not None and headers.score(list(document))[0] > 1):
        return None
    _demand_objects(document, headers)
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
    items, key = _unfolded(items, headers)
    said = {"格式": f"JSON对象，记录在“{place}”" + (f"各元素的“{key}”中" if key else "中")}
    if document.get("type") == "FeatureCollection" and key == "properties":
        said = {"格式": "GeoJSON，记录是各要素的属性"}
    return Wrapped(items, said, len(path), _missing(document, len(items)))


def _missing(document: dict[str, Any], read: int) -> str | None:
    """What the wrapper says of records that are not among the ``read`` ones."""
    said = [(re.sub(r"[\W_]", "", key.casefold()), str(value)) for key, value in _scalars(document, DEEP)]
    totals = {int(value) for key, value in said if key in _TOTALS and value.isdecimal()}
    counts = {int(value) for key, value in said if key in _COUNTS and value.isdecimal()}
    if (totals and max(totals) != read) or (not totals and counts and read not in counts):
        told = "、".join(map(str, sorted(totals or counts)))
        return f"JSON写明总数 {told}，读到 {read} 条（可能只是其中一页），请交付全部各页"
    if any(_says_more(key.casefold(), value) for key, value in _scalars(document, DEEP)):
        return f"JSON写明还有别的页，读到的 {read} 条只是其中一页，请交付全部各页"
    return None


def _demand_objects(document: dict[str, Any], headers: Headers | None) -> None:
    """Raises ``Unreadable`` where the records have no names, are one beneath each key, or are text once more."""
    for key, value in document.items():
        if key.casefold() not in _ALWAYS:
            continue
        if isinstance(value, list) and len(value) > 1 and all(isinstance(item, list) for item in value):
            raise Unreadable(
                f"JSON里的记录（“{shown(key, '某键')}”）是数组的数组，没有键名；请导出为一条记录一个对象的JSON"
            )
        if isinstance(value, str) and re.match(r"\s*(\[\s*\{|\{\s*\")", value):
            raise Unreadable(f"JSON的“{shown(key, '某键')}”下是写成文字的JSON（带转义），请直接写成JSON后交付")
    inner = list(document.values())
    alike = len(inner) > 2 and all(
        isinstance(value, dict) and value and value.keys() == inner[0].keys() for value in inner
    )
    if alike and (headers is None or headers.score(list(inner[0]))[0] > 1):
        raise Unreadable("JSON的每个键下是一条记录，请导出为一条记录一个对象的JSON数组")


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
            within = _scalars(inner, deep - 1)
            yield from ((key, number) if name == "value" else (name, number) for name, number in within)
        elif not isinstance(inner, dict | list):
            yield key, inner


def _unfolded(items: list[Any], headers: Headers | None) -> tuple[list[Any], str | None]:
    """The records and the key they lie under in each element, with what lies beside them where no cell has that name;
    the elements and None where they are the records."""
    key = envelope(items, headers)
    return ([_opened(item, key) for item in items], key) if key else (items, None)


def envelope(items: list[Any], headers: Headers | None) -> str | None:
    """The key under which every one of ``items`` has its record."""
    first = items[0] if items and isinstance(items[0], dict) else {}
    for key, inner in first.items():
        if key not in _ENVELOPES or not isinstance(inner, dict):
            continue
        whole = all(isinstance(item, dict) and isinstance(item.get(key) or {}, dict) for item in items)
        if whole and (headers is None or headers.score(list(inner))[0] > headers.score(list(first))[0]):
            return str(key)
    return None


def _opened(item: dict[str, Any], envelope: str) -> dict[str, Any]:
    record = item.get(envelope) or {}
    beside = {
        key: value
        for key, value in item.items()
        if key not in ("type", envelope) and key not in record and value is not None
    }
    return {**record, **beside}
