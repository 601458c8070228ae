"""The workbook a department gets: a cover, and one sheet per open order with the rows to mend and columns for the
reply.

Written row by row in constant memory. A value that a spreadsheet could take for a formula is text and stays text. What
does not fit on a sheet (``rows_per_sheet``) lies beside the workbook as CSV with the same columns, and is read back
like it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from govdata.deployment import Deployment
from govdata.engine import session
from govdata.governance import acceptance, items
from govdata.governance import log as journal
from govdata.governance.acceptance import Shown
from govdata.governance.evidence import REJECTED
from govdata.governance.listing import Line, Listing, key_titles, may_see
from govdata.governance.orders import PRIORITY_NAMES, STATE_NAMES, Order, fold
from govdata.governance.signature import order_code, row_code
from govdata.governance.suggestions import Suggester
from govdata.standards.model import DIMENSION_NAMES, Registry
from govdata.standards.workorder_settings import NEEDS
from govdata.storage import files, sql
from govdata.storage.sheets import height, printed

ORDER, ITEM, CODE = "工单编号", "条目号", "校验码"
REPLY, REASON, UNTIL, DEPARTMENT, NAME = "处理结果", "说明或依据", "计划日期", "转给部门", "办理人"
PLACE = ("来源文件", "行号")
SUGGESTED = ("建议的值", "建议的依据")
ANSWERS = (REPLY, REASON, UNTIL, DEPARTMENT, NAME)
COVER = "封面"
ORDER_WIDTH, ITEM_WIDTH, CODE_WIDTH, BASIS_WIDTH = 30, 16, 14, 34
PROBLEM_WIDTH = 60
HEAD_ROWS = 5
"""Rows above the header of an order's sheet."""
NEED_NAMES = {"reason": REASON, "until": UNTIL, "department": DEPARTMENT}

_UNSAFE = re.compile(r'[\[\]:*?/\\<>|"\'\x00-\x1f]')
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def file_name(department: str) -> str:
    """The department's name with ``_`` for signs that no file may be named with."""
    return _UNSAFE.sub("_", department).strip(". ")


def folder(deployment: Deployment, department: str) -> Path:
    """``data/workorders/<department>``; signs that no folder may have become ``_``, and none is taken for the log's or
    the inbox."""
    name = file_name(department)
    return deployment.workorders / (f"{name}_" if name in ("", "_events", "inbox") else name)


def write_all(registry: Registry, deployment: Deployment, date: Date) -> list[Path]:
    """One workbook per department with open orders, and the CSV files beside it, as of ``date``; returns the workbooks'
    paths."""
    events = journal.read(deployment)
    runs = items.runs(deployment, events)
    state = fold(events, runs)
    by_department: dict[str, list[Order]] = {}
    for order in state.orders.values():
        if order.is_open and order.to_mend(date):
            by_department.setdefault(order.department, []).append(order)
    made: list[Path] = []
    shown: list[Shown] = []
    with (
        files.scratch(deployment, "suggest") as scratch,
        closing(session(registry, as_of=date, temp=scratch)) as engine,
    ):
        suggester = Suggester(engine, registry, deployment)
        for department, found in sorted(by_department.items()):
            orders = sorted(
                found, key=lambda order: (order.due >= date, order.due, -order.facts["score"], order.number)
            )
            with sql.connection(deployment, "workorders") as connection:
                listing = Listing(connection, orders, state, runs, registry, deployment, date, suggester)
                made.append(_Book(department, orders, listing, registry, deployment, date).write())
                shown += listing.shown
    acceptance.remember(shown, registry, deployment, date)
    return made


@dataclass
class _Book:
    department: str
    orders: Sequence[Order]
    listing: Listing
    registry: Registry
    deployment: Deployment
    date: Date

    def write(self) -> Path:
        with files.scratch(self.deployment, "workbook") as scratch:
            return self._write(scratch)

    def _write(self, scratch: Path) -> Path:
        import xlsxwriter

        self.key = journal.key(self.deployment)
        target = folder(self.deployment, self.department) / f"{self.date.isoformat()}-问题数据工单.xlsx"
        written = files.temporary(target)
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": str(scratch),
        }
        with xlsxwriter.Workbook(str(written), options) as book:
            book.set_properties({"title": "问题数据工单", "created": datetime.combine(self.date, datetime.min.time())})
            self.formats = formats(book)
            names = _sheet_names(self.orders)
            self._cover(book.add_worksheet(COVER), names)
            for order, name in zip(self.orders, names, strict=True):
                self._sheet(book.add_worksheet(name), order)
        return files.put(written, target)

    # ------------------------------------------------------------------------------------------------------- cover

    def _cover(self, sheet: Any, names: Sequence[str]) -> None:
        plain, bold, title = self.formats["plain"], self.formats["bold"], self.formats["title"]
        settings = self.registry.workorders
        self.replies = list(settings.replies.values())
        rows = sum(len(order.to_mend(self.date)) for order in self.orders)
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 26)
        sheet.set_column(2, 2, 18)
        sheet.set_column(3, 3, PROBLEM_WIDTH)
        sheet.set_column(4, 7, 13)
        sheet.set_column(8, 8, 44)
        printed(sheet, f"{self.department} 问题数据工单")
        lines = [
            (f"{self.department} 问题数据工单（{self.date.isoformat()}）", title),
            (
                f"共 {len(self.orders)} 张工单，{rows} 条待整改。最早的截止日期："
                f"{min(order.due for order in self.orders).isoformat()}。",
                plain,
            ),
            ("怎样办理：", bold),
            ("1. 在源头系统里改正数据，下一次交付带上改正后的记录。工单只凭后来的交付办结，填写本表不能办结。", plain),
            ("   “建议的值”只供参考：由本行其他数据和标准推出，请核对原始材料后再改，系统不会自动采用。", plain),
            (f"2. 在各工作表的“{REPLY}”列选一项，按需填写后面几列；没有结论的行留空。", plain),
            (f"3. 不要改动“{ORDER}”“{ITEM}”“{CODE}”三列。可以排序、筛选、加列、删去已处理的行。", plain),
            ("4. 把本文件放进 data/workorders/inbox/，或交给数据管理单位。每一行是否收下，见回执。", plain),
            (f"有疑问请联系：{self._contact()}", plain),
        ]
        row = 0
        for text, format in lines:
            sheet.write_string(row, 0, text, format)
            row += 1
        row += 1
        sheet.write_row(row, 0, ["处理结果可选", "须填写"], self.formats["header"])
        self.reply_range = f"='{COVER}'!$A${row + 2}:$A${row + 1 + len(self.replies)}"
        for reply in self.replies:
            row += 1
            sheet.write_string(row, 0, reply.name, plain)
            sheet.write_string(row, 1, "、".join(NEED_NAMES[need] for need in NEEDS.get(reply.effect, ())), plain)
        row += 2
        titles = ["工单", "工作表", "数据集", "问题", "待整改条数", "优先级", "状态", "截止日期", "时限依据"]
        sheet.write_row(row, 0, titles, self.formats["header"])
        for order, name in zip(self.orders, names, strict=True):
            row += 1
            self._cover_line(sheet, row, order, name)

    def _cover_line(self, sheet: Any, row: int, order: Order, name: str) -> None:
        facts, plain = order.facts, self.formats["plain"]
        dataset = self.registry.datasets.get(order.dataset)
        late = self.formats["late"] if order.due < self.date else plain
        habit = "（惯例）" if facts["limit_grade"] == "C" else ""
        years = (
            f"；{'、'.join(map(str, facts['unknown_years']))} 年的调休安排尚未公布，按周末推算"
            if facts["unknown_years"]
            else ""
        )
        sheet.set_row(row, height(_problem(order), PROBLEM_WIDTH))
        sheet.write_string(row, 0, order.number, plain)
        sheet.write_url(row, 1, f"internal:'{name}'!A1", self.formats["link"], name)
        sheet.write_string(row, 2, dataset.title if dataset else order.dataset, plain)
        sheet.write_string(row, 3, _problem(order), self.formats["wrapped"])
        sheet.write_number(row, 4, len(order.to_mend(self.date)), plain)
        sheet.write_string(row, 5, PRIORITY_NAMES[facts["priority"]], plain)
        sheet.write_string(row, 6, STATE_NAMES[order.state], plain)
        sheet.write_string(row, 7, order.due.isoformat(), late)
        sheet.write_string(row, 8, f"{facts['limit_source']}{habit}{years}", plain)

    def _contact(self) -> str:
        settings = self.registry.workorders
        known = settings.departments.get(self.department)
        own = f"；本部门联系人：{known.contact}" if known and known.contact else ""
        return (settings.contact or "数据管理单位") + own

    # ------------------------------------------------------------------------------------------------------ orders

    def _sheet(self, sheet: Any, order: Order) -> None:
        header = self._header(order)
        # Whose row it is, the key or else file and line, stands on every page.
        whose = range(3, 3 + (len(key_titles(order, self.registry)) or len(PLACE)))
        printed(sheet, order.number, [width for _, width in header], whose)
        sheet.repeat_rows(HEAD_ROWS)
        for number, (_, width) in enumerate(header):
            sheet.set_column(number, number, width)
        self._head(sheet, order)
        names = [name for name, _ in header]
        for number, name in enumerate(names):
            sheet.write_string(HEAD_ROWS, number, name, self.formats["answer" if name in ANSWERS else "header"])
        sheet.freeze_panes(HEAD_ROWS + 1, 3)
        lines = self.listing.lines(order)
        most = self.registry.workorders.rows_per_sheet
        row = HEAD_ROWS
        for line in islice(lines, most):
            row += 1
            self._line(sheet, row, order, line, names)
        last = max(row, HEAD_ROWS + 1)
        sheet.autofilter(HEAD_ROWS, 0, last, len(names) - 1)
        self._validate(sheet, names, last)
        self._leftover(order, names, lines)

    def _header(self, order: Order) -> list[tuple[str, int]]:
        """Column title and width."""
        keys = [(f"主键：{title}", 22) for title in key_titles(order, self.registry)]
        value = ("交付的值", 26) if may_see(order, self.registry) else ("交付值的写法", 26)
        titles = [
            (ORDER, ORDER_WIDTH),
            (ITEM, ITEM_WIDTH),
            (CODE, CODE_WIDTH),
            *keys,
            (PLACE[0], 40),
            (PLACE[1], 8),
            value,
        ]
        if may_see(order, self.registry):
            titles += [(SUGGESTED[0], 26), (SUGGESTED[1], BASIS_WIDTH)]
        return [*titles, (REPLY, 22), (REASON, 30), (UNTIL, 13), (DEPARTMENT, 18), (NAME, 12)]

    def _head(self, sheet: Any, order: Order) -> None:
        facts = order.facts
        dataset = self.registry.datasets.get(order.dataset)
        place = f"{dataset.title if dataset else order.dataset}" + (f"，{facts['title']}" if facts["title"] else "")
        basis = facts["source"] or "数据集合同"
        kind = "错误（该行已隔离，没有发布）" if facts["severity"] == "error" else "提示（照常发布）"
        dimension = DIMENSION_NAMES.get(facts["dimension"], facts["dimension"])
        due = f"截止日期：{order.due.isoformat()}（{facts['limit_source']}，{facts['limit_days']} 个工作日）"
        more = len(order.to_mend(self.date)) - self.registry.workorders.rows_per_sheet
        code = order_code(self.key, order.number, self.date.isoformat())
        lines = [
            (f"{place}：{_problem(order)}", "heading"),
            (f"依据：{basis}；维度：{dimension}；性质：{kind}", "wrapped"),
            (f"{due}；优先级：{PRIORITY_NAMES[facts['priority']]}；状态：{STATE_NAMES[order.state]}", "wrapped"),
            (f"另有 {more} 条在旁边的 CSV 文件里" if more > 0 else "", "wrapped"),
            (f"签名：{order.number} {self.date.isoformat()} {code}", "faint"),
        ]
        # Folded within the columns that stay when one scrolls, and off those that are repeated in print.
        width = ORDER_WIDTH + ITEM_WIDTH + CODE_WIDTH
        for row, (text, format) in enumerate(lines):
            sheet.set_row(row, height(text, width * 11 // 14) * 14 / 11 if format == "heading" else height(text, width))
            sheet.merge_range(row, 0, row, 2, text, self.formats[format])

    def _cells(self, order: Order, line: Line) -> list[str | int]:
        found = line.value if line.value is not None else "（空）"
        return [
            order.number,
            line.item,
            row_code(self.key, order.number, line.item),
            *(key or "" for key in line.key),
            line.file,
            line.row,
            found,
            *(self._suggested(order, line) if may_see(order, self.registry) else ()),
        ]

    def _suggested(self, order: Order, line: Line) -> tuple[str, str]:
        """A value of another column than the order's is told with the column's title."""
        if line.suggestion is None:
            return "", ""
        title = self.registry.datasets[order.dataset].column(line.suggestion.column).title
        place = "" if line.suggestion.column == order.facts["column"] else f"{title}："
        return f"{place}{line.suggestion.value}", line.suggestion.told

    def _line(self, sheet: Any, row: int, order: Order, line: Line, names: Sequence[str]) -> None:
        cells = self._cells(order, line)
        basis = line.suggestion.told if line.suggestion is not None else ""
        sheet.set_row(row, height(basis, BASIS_WIDTH))
        for number, (name, cell) in enumerate(zip(names, cells, strict=False)):  # the rest is left to the clerk
            if isinstance(cell, int):
                sheet.write_number(row, number, cell, self.formats["number"])
            elif name == SUGGESTED[1]:
                sheet.write_string(row, number, cell, self.formats["basis"])
            else:
                quoted = self.formats["quoted" if cell.startswith(_FORMULA) else "text"]
                sheet.write_string(row, number, cell[:32_767], quoted)
        for number in range(len(cells), len(cells) + len(ANSWERS)):
            sheet.write_blank(row, number, None, self.formats["input"])

    def _validate(self, sheet: Any, names: Sequence[str], last: int) -> None:
        first = HEAD_ROWS + 1
        column = names.index(REPLY)
        sheet.data_validation(
            first,
            column,
            last,
            column,
            {
                "validate": "list",
                "source": self.reply_range,
                "error_title": REPLY,
                "error_message": "请从列表中选一项，或留空",
            },
        )
        column = names.index(UNTIL)
        sheet.data_validation(
            first,
            column,
            last,
            column,
            {
                "validate": "date",
                "criteria": ">=",
                "value": datetime.combine(self.date, datetime.min.time()),
                "error_type": "warning",
                "error_title": UNTIL,
                "error_message": "请填写今天以后的日期",
            },
        )

    def _leftover(self, order: Order, names: Sequence[str], lines: Iterator[Line]) -> None:
        """The lines that did not fit, as CSV beside the workbook."""
        line = next(lines, None)
        if line is None:
            return
        target = folder(self.deployment, self.department) / f"{self.date.isoformat()}-{order.number}-其余条目.csv"
        written = files.temporary(target)
        with open(written, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            while line is not None:
                writer.writerow([*map(_harmless, self._cells(order, line)), *[""] * len(ANSWERS)])
                line = next(lines, None)
        files.put(written, target)


def _harmless(cell: str | int) -> str | int:
    """A text that a spreadsheet would take for a formula gets an apostrophe, as people write it."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _problem(order: Order) -> str:
    facts = order.facts
    return f"{facts['message']}（{facts['said']}）" if facts["said"] else str(facts["message"])


def _sheet_names(orders: Iterable[Order]) -> list[str]:
    """At most 31 signs, each once: a number and what it is about."""
    told = (order.facts["title"] or ("无法读取" if order.rule_id == REJECTED else order.rule_id) for order in orders)
    return [f"{number:02d} {_UNSAFE.sub('', text)}"[:31].strip() for number, text in enumerate(told, 1)]


def formats(book: Any) -> dict[str, Any]:
    base = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
    shade = {"bold": True, "border": 1, "text_wrap": True, "align": "center"}
    return {
        "plain": book.add_format(base),
        "bold": book.add_format(base | {"bold": True}),
        "title": book.add_format(base | {"bold": True, "font_size": 14}),
        "heading": book.add_format(base | {"bold": True, "font_size": 14, "text_wrap": True}),
        "header": book.add_format(base | shade | {"bg_color": "#DDE6F0"}),
        "answer": book.add_format(base | shade | {"bg_color": "#FFF2CC"}),
        "wrapped": book.add_format(base | {"text_wrap": True}),
        "late": book.add_format(base | {"font_color": "#C00000", "bold": True}),
        "link": book.add_format(base | {"font_color": "#0563C1", "underline": 1}),
        "faint": book.add_format(base | {"font_color": "#808080", "font_size": 9}),
        "text": book.add_format(base | {"num_format": "@", "border": 1}),
        "number": book.add_format(base | {"border": 1}),
        "basis": book.add_format(base | {"num_format": "@", "border": 1, "text_wrap": True}),
        "quoted": book.add_format(base | {"num_format": "@", "border": 1, "quote_prefix": True}),
        "input": book.add_format(base | {"border": 1, "bg_color": "#FFFBEB"}),
    }
