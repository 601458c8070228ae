"""The catalogue as the workbook that offices import, and the sheet by which public data are registered. Every cell is
text or a number, none a formula; what has a closed list of values is chosen from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from govdata.reports.catalogue.entries import (
    ENTRY_FIELDS,
    ITEM_FIELDS,
    OPENING_NAMES,
    SHARING_NAMES,
    TYPES,
    Catalogue,
    Line,
)
from govdata.reports.catalogue.registration import FIELDS, lines
from govdata.standards.catalogue_entry import FREQUENCIES, STAGES
from govdata.standards.model import Registry
from govdata.storage import files
from govdata.storage import sheets as size

YES_NO = ("是", "否")
LEVELS = ("1", "2", "3", "4")
SPARE = 500
"""Rows below the last one whose cells are chosen from lists too: an office adds entries by hand."""
WIDEST = 40
"""Of a column, in characters of Latin script; longer texts are wrapped."""
OPTIONS = "可选值"


@dataclass(frozen=True)
class Sheet:
    """``fields``: key → heading; ``options``: key → the values a cell may have."""

    fields: Mapping[str, str]
    lines: Sequence[Line]
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)


def write_catalogue(made: Catalogue, registry: Registry, target: Path) -> Path:
    """目录 and 信息项, in the form of the import workbooks."""
    frequencies = [code.name_zh for code in registry.code_sets[FREQUENCIES].codes]
    shared, opened = list(SHARING_NAMES.values()), list(OPENING_NAMES.values())
    entry = {
        "update": frequencies,
        "sync_frequency": frequencies,
        "level": LEVELS,
        "area": ("全市", "市直", "区县"),
        "sharing": shared,
        "opening": opened,
        "sync": ("增量", "全量"),
        "physical_delete": YES_NO,
        "authorised_operation": YES_NO,
        "stage": list(STAGES.values()),
        "format": ("电子文件", "电子表格", "数据库", "图形图像", "流媒体", "自描述", "服务接口"),
    }
    item: dict[str, Sequence[str]] = {
        "type": list(dict.fromkeys([*TYPES.values(), "小数", "时间", "其他"])),
        "sharing": shared,
        "opening": opened,
        "level": LEVELS,
    }
    item |= dict.fromkeys(("sensitive", "secret", "timestamp", "key", "nullable", "produced", "incremental"), YES_NO)
    items = [line for each in made.entries for line in each.items]
    sheets = {
        "目录": Sheet(ENTRY_FIELDS, [each.line for each in made.entries], entry),
        "信息项": Sheet(ITEM_FIELDS, items, item),
    }
    return _write(sheets, target)


def write_registration(made: Catalogue, registry: Registry, target: Path) -> Path:
    """公共数据资源登记."""
    return _write({"登记": Sheet(FIELDS, lines(made, registry), {"kind": ("首次", "变更", "更正", "注销")})}, target)


def _write(sheets: Mapping[str, Sheet], target: Path) -> Path:
    import xlsxwriter

    written = files.temporary(target)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(written), options) as book:
        base = {"font_name": "宋体", "font_size": 11, "valign": "top", "border": 1, "text_wrap": True}
        head = book.add_format(base | {"bold": True, "bg_color": "#DDE6F0", "valign": "vcenter"})
        must = book.add_format(base | {"bold": True, "bg_color": "#F8DCC8", "valign": "vcenter"})
        text = book.add_format(base | {"num_format": "@"})
        number = book.add_format(base)
        made = [(book.add_worksheet(name), sheet) for name, sheet in sheets.items()]
        lists = _Lists(book.add_worksheet(OPTIONS), head, text)
        for page, sheet in made:
            page.freeze_panes(1, 1)
            page.repeat_rows(0)
            last = len(sheet.lines) + SPARE
            widths = {
                key: size.width((title, *(_text(line[key]) for line in sheet.lines)), WIDEST)
                for key, title in sheet.fields.items()
            }
            size.printed(page, page.get_name(), list(widths.values()), range(1))
            for place, (key, title) in enumerate(sheet.fields.items()):
                page.set_column(place, place, widths[key])
                page.write_string(0, place, title, must if title.endswith("*") else head)
                if key in sheet.options:
                    page.data_validation(1, place, last, place, lists.rule(title, sheet.options[key]))
            for row, line in enumerate(sheet.lines, 1):
                page.set_row(row, max(size.height(_text(line[key]), widths[key]) for key in sheet.fields))
                for place, key in enumerate(sheet.fields):
                    _cell(page, row, place, line[key], key, text, number)
            page.autofilter(0, 0, max(len(sheet.lines), 1), len(sheet.fields) - 1)
    return files.put(written, target)


def _cell(page: Any, row: int, place: int, value: Any, key: str, text: Any, number: Any) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool) and key != "level":
        page.write_number(row, place, value, number)
    else:
        page.write_string(row, place, _text(value), text)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


@dataclass
class _Lists:
    """Allowed values on a sheet of their own: a list inside a rule may have 255 characters and no comma."""

    sheet: Any
    head: Any
    text: Any
    known: dict[tuple[str, ...], str] = field(default_factory=dict)

    def rule(self, title: str, values: Sequence[str]) -> dict[str, Any]:
        key = tuple(values)
        if key not in self.known:
            place = len(self.known)
            self.sheet.set_column(place, place, 16)
            self.sheet.write_string(0, place, title.rstrip("*"), self.head)
            for row, value in enumerate(values, 1):
                self.sheet.write_string(row, place, value, self.text)
            letter = chr(ord("A") + place)
            self.known[key] = f"={OPTIONS}!${letter}$2:${letter}${len(values) + 1}"
        told = "请从列表中选择，不要改写"
        return {
            "validate": "list",
            "source": self.known[key],
            "error_title": "不是可选的值",
            "error_message": told,
            "ignore_blank": True,
        }
