"""一表预填: cells of a department's form that are bound to elements, filled from the masters.

A cell is bound by what stands in it, ``{{姓名}}``, or by a defined name of the workbook that is an element's. A row
with ``{{序号}}`` is written once for each line of the list; a form without one is copied once for each. Filled is only
what is certain of whom the line means; where sources contradict one another is said on a sheet of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata.access import lists
from govdata.access.comparison import compared
from govdata.access.displayed import masked
from govdata.access.roles import role_of
from govdata.access.screening import UNSURE
from govdata.deployment import Deployment
from govdata.errors import GovdataError, Problem, ProblemsError
from govdata.standards.model import Element, Registry
from govdata.standards.role_settings import Role
from govdata.storage import access_log, files

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from govdata.masters import Masters

NUMBERING, NUMBER = "序号", "identifier"
CHECKS = "核实单"
"""The sheet of what could not be filled, or is contradicted."""
_BOUND = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_HEAD = ("名单行号", "工作表", "单元格", "项", "确定程度", "说明")


@dataclass(frozen=True)
class Binding:
    """What a name in a form stands for: an element's column, in words (the name of a code) or as it is stored."""

    column: str
    title: str
    element: Element
    in_words: bool


@dataclass
class Prefilled:
    """``filled``: cells; ``empty``: bound cells that stay empty; ``checks``: lines of ``CHECKS``."""

    lines: int
    filled: int = 0
    empty: int = 0
    checks: list[tuple[str, ...]] = field(default_factory=list)


def prefill(
    form: Path,
    ids: Path,
    out: Path,
    registry: Registry,
    deployment: Deployment,
    *,
    purpose: str,
    expires: Date,
    date: Date,
    kind: str | None = None,
    headers: Mapping[str, str] | None = None,
    actor: str | None = None,
    role: str | None = None,
    reveal: bool = False,
) -> Prefilled:
    """Write ``form`` filled for every line of the list ``ids`` to ``out``. Logged before anything is written. Raises
    ``GovdataError`` with sheet and cell of every name that stands for nothing, and where ``out`` is there already."""
    files.demand_new(out)
    eyes = role_of(registry, role, "prefill", reveal=reveal, purpose=purpose)
    book = _open(form)
    with compared(ids, registry, deployment, date, kind=kind, headers=headers) as (steps, connection):
        known = steps.known
        cells = bound(book, bindings(known, registry))
        if not cells:
            raise GovdataError(f"{form.name} 没有要填的单元格：在单元格里写 {{{{姓名}}}} 这样的占位，或定义同名的名称")
        rows = connection.sql(
            "SELECT l.row AS listed_row, l.number AS given, w.* EXCLUDE (line) FROM listed AS l "
            "LEFT JOIN whom AS w USING (line) ORDER BY l.file, l.row"
        ).to_arrow_table()
        access_log.record(
            deployment,
            "prefill",
            purpose=purpose,
            subjects=[steps.listed.digest, lists.digest(form)],
            door="prefill",
            rows=steps.listed.lines,
            actor=actor,
            expires=expires,
            revealed=reveal,
            role=role,
        )
    made = Prefilled(len(rows))
    _Filler(book, cells, registry, known, eyes, made, date).fill(rows.to_pylist())
    written = files.temporary(out)
    book.save(written)
    written.replace(out)
    return made


def _open(form: Path) -> Workbook:
    import zipfile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    if not form.is_file():
        raise GovdataError(f"没有文件 {form}")
    try:
        book: Workbook = openpyxl.load_workbook(form)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise GovdataError(f"{form.name} 不是能填写的 Excel 工作簿（.xlsx）：请用 Excel 或 WPS 另存为 .xlsx") from None
    return book


def bindings(known: Masters, registry: Registry) -> dict[str, Binding]:
    """Name in a form → what it stands for: an element by its Chinese name, or by its column."""
    master = known.mentions.master
    named: dict[str, Binding] = {}
    for name, element in master.elements.items():
        declared = registry.element(known.table.name, name)
        named[element.name] = Binding(name, element.name, declared, True)
        named[name] = Binding(name, element.name, declared, False)
    number = registry.element(known.table.name, NUMBER)
    for name in ("证件号码", "号码", NUMBER, next(iter(master.identifiers)), *_short(master.identifiers.values())):
        named[name] = Binding(NUMBER, "号码", number, False)
    return named


def _short(identifiers: Any) -> Iterator[str]:
    """公民身份号码 of 公民身份号码（含…）."""
    yield next(iter(identifiers)).name.partition("（")[0]


@dataclass(frozen=True)
class Bound:
    """A cell to fill: ``text`` with its placeholders, or None where a defined name is the whole of it."""

    sheet: str
    row: int
    column: int
    names: tuple[str, ...]
    text: str | None
    known: Mapping[str, Binding]


def bound(book: Workbook, known: Mapping[str, Binding]) -> list[Bound]:
    """Every bound cell. Raises ``GovdataError`` naming each that stands for nothing."""
    found: list[Bound] = []
    problems: list[Problem] = []
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                names = tuple(_BOUND.findall(cell.value)) if isinstance(cell.value, str) else ()
                problems += [
                    Problem(
                        sheet.title, f"没有“{name}”这一项；可用：{'、'.join(known)}、{NUMBERING}", where=cell.coordinate
                    )
                    for name in names
                    if name not in known and name != NUMBERING
                ]
                if names:
                    found.append(Bound(sheet.title, cell.row, cell.column, names, str(cell.value), known))
    if problems:
        raise ProblemsError("表格里有认不出的项：", problems)
    for name, defined in book.defined_names.items():
        for title, place in defined.destinations if name in known else ():
            cell = book[title][place.replace("$", "")]
            if isinstance(cell, tuple):
                raise GovdataError(f"名称“{name}”应只指一个单元格，却指 {title} 的 {place.replace('$', '')}")
            found.append(Bound(title, cell.row, cell.column, (name,), None, known))
    return found


class _Filler:
    def __init__(
        self,
        book: Workbook,
        cells: Sequence[Bound],
        registry: Registry,
        known: Masters,
        role: Role | None,
        made: Prefilled,
        today: Date,
    ) -> None:
        self.book, self.cells, self.registry, self.known = book, cells, registry, known
        self.role, self.made, self.today = role, made, today

    def fill(self, rows: Sequence[dict[str, Any]]) -> None:
        by_sheet: dict[str, list[Bound]] = {}
        for each in self.cells:
            by_sheet.setdefault(each.sheet, []).append(each)
        for title, cells in by_sheet.items():
            sheet = self.book[title]
            listing = {each.row for each in cells if NUMBERING in each.names}
            repeated = [each for each in cells if each.row in listing]
            single = [each for each in cells if each.row not in listing]
            if repeated:
                self._repeat(sheet, repeated, single, rows)
            else:
                self._copy(sheet, single, rows)
        self._tell()

    def _repeat(
        self, sheet: Worksheet, repeated: Sequence[Bound], single: Sequence[Bound], rows: Sequence[dict[str, Any]]
    ) -> None:
        """A row for each line, downwards from the bound one."""
        (start, *more) = sorted({each.row for each in repeated})
        below = [
            c for c in sheet.iter_rows(min_row=start + 1, max_row=start + len(rows) - 1) if any(x.value for x in c)
        ]
        if more or (below and len(rows) > 1):
            raise GovdataError(
                f"工作表 {sheet.title} 第 {start} 行是逐行填的，下面 {len(rows) - 1} 行应空着，也只能有一行这样的"
            )
        if single and len(rows) > 1:
            raise GovdataError(
                f"工作表 {sheet.title} 既有逐行填的行，又有只填一次的单元格；名单有 {len(rows)} 行，不知填谁"
            )
        for number, row in enumerate(rows):
            for each in repeated:
                source = sheet.cell(each.row, each.column)
                target = sheet.cell(start + number, each.column)
                if number:
                    target._style = copy(source._style)
                self._cell(target, each, row, number + 1)
        for each in single:
            self._cell(sheet.cell(each.row, each.column), each, rows[0], 1)

    def _copy(self, sheet: Worksheet, cells: Sequence[Bound], rows: Sequence[dict[str, Any]]) -> None:
        """A copy of the sheet for each line."""
        sheets = [sheet, *(self.book.copy_worksheet(sheet) for _ in rows[1:])]
        for number, (made, row) in enumerate(zip(sheets, rows, strict=False), 1):
            if len(rows) > 1:
                made.title = f"{sheet.title[:24]}-{number}" if number > 1 else sheet.title
            for each in cells:
                self._cell(made.cell(each.row, each.column), each, row, number)

    def _cell(self, cell: Cell, each: Bound, row: dict[str, Any], number: int) -> None:
        told: list[str] = []
        texts: dict[str, str] = {}
        for name in each.names:
            texts[name] = str(number) if name == NUMBERING else self._value(cell, each.known[name], row, told)
        text = _BOUND.sub(lambda m: texts[m[1]], each.text) if each.text is not None else texts[each.names[0]]
        cell.value = text or None
        cell.data_type = "s"  # a text that begins like a formula is none
        if told:
            from openpyxl.comments import Comment

            cell.comment = Comment("\n".join(told), "govdata", width=260, height=40 + 30 * len(told))

    def _value(self, cell: Cell, binding: Binding, row: dict[str, Any], told: list[str]) -> str:
        """The text of one binding; where it comes from goes to ``told``, what is to be checked to the checks."""
        if not row["sure"]:
            why = "没有找到这个人或单位" if row["master_id"] is None else "没有有效的号码，或姓名与号码不符：不预填"
            return self._missing(cell, binding, row, why)
        value = row[binding.column]
        if value is None:
            return self._missing(cell, binding, row, "各部门数据中没有")
        self.made.filled += 1
        source, said = row.get(f"{binding.column}_source"), row.get(f"{binding.column}_date")
        if source and said:
            table = self.registry.datasets[source]
            told.append(
                f"{binding.title}：来源 {table.title}（{table.owner}），截至 {said}（{(self.today - said).days} 天前）"
            )
        else:
            told.append(f"{binding.title}：来源 主数据，{self.known.snapshot.date} 期")
        if row.get(f"{binding.column}_disagree"):
            count = row[f"{binding.column}_disagree"]
            told.append(f"{binding.title}：另有 {count} 处来源说法不同，请核实")
            self._check(
                cell, binding, row, f"{count} 处来源与所填的不同，见 governance.conflicts，主体编号 {row['master_id']}"
            )
        return masked(self._in_words(binding, value), binding.element, self.role) or ""

    def _in_words(self, binding: Binding, value: Any) -> str:
        text = value.isoformat() if isinstance(value, Date) else str(value)
        code_set = binding.element.code_set
        if not (binding.in_words and code_set):
            return text
        names = {code.code: code.name_zh for code in self.registry.code_sets[code_set].codes}
        return names.get(text, text)

    def _missing(self, cell: Cell, binding: Binding, row: dict[str, Any], why: str) -> str:
        self.made.empty += 1
        self._check(cell, binding, row, why)
        return ""

    def _check(self, cell: Cell, binding: Binding, row: dict[str, Any], why: str) -> None:
        place = (str(row["listed_row"]), cell.parent.title, cell.coordinate)
        self.made.checks.append((*place, binding.title, UNSURE, why))

    def _tell(self) -> None:
        sheet = self.book.create_sheet(CHECKS)
        sheet.append(_HEAD)
        for line in self.made.checks:
            sheet.append(line)
