"""Which column a delivered header means, and which lines of a table are no records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as TypeMapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from govdata.standards.header import normalise_header, unmarked

if TYPE_CHECKING:
    import pyarrow as pa

    from govdata.standards.model import Dataset

_OF_ALL = r"(本页|本表|本月|本年|本区|本组)?([合总小共累](计|和)|汇总)"
_OF_SOME = r"\D{1,20}(小计|合计|总计|共计)"
_IN_ITSELF = r"\s*[:：]?\s*[\d,，]+\s*[所个户人条家名项件例笔行辆处宗套]?"  # 小计：6人, the number in the same cell
_TOTAL = re.compile(rf"{_OF_ALL}([:：]|{_IN_ITSELF})?")
_CLOSING = re.compile(
    r"(合\s*计|总\s*计|小\s*计|共\s*计|(本页|[总一])?共\s*[\d,]+\s*[条人户行笔件个家名项例]|记录(总|条)?数\s*[:：]|"
    r"(制表|填表|填报|审核|复核|负责|经办|统计|打印|导出|联系|报送)(人|员|人员|时间|日期|单位|部门|机构)\s*[:：]|"
    r"((完成|生成|导出|打印)时间|completion time)\s*[:：]|"
    r"(备注|说明|注\d*|数据来源|单位负责人|负责人|日期|联系电话|截止日期|复核|审核|审批|制表|制单|填表|填报|经办|会计|出纳|主管)\s*[:：]|"
    r"[(（【]?以下(空白|无正文|无内容|空)[)）】]?$|\S{0,12}([(（](盖章|公章|签章|签字|签名)[)）]|(盖章|签章|签字|签名)\s*[:：])\s*[:：]?$|"
    r"(foot)?notes?\s*\d*\s*[:：]|(data )?sources?\s*[:：]|(prepared|compiled|contact)( by)?\s*[:：]|"
    r"[(（]?(仅|只)(显示|导出|展示|列出)|[(（]?更多(数据|记录|信息)|"
    r"total\s*[:：]?\s*\d*\s*$|end of (file|data|report)|-- *end|"
    r"\(?\d+ rows?( affected| selected| in set)?\b|已选择\s*[\d,]+\s*行|\d+ record\(s\) selected|fetched:?\s*\d+ row|"
    r"(time( taken)?|elapsed|used time|已用时间|用时|耗时|时间)\s*[:：]\s*[\d.:]+\s*(m?s\b|sec|毫秒|秒|[(（]毫?秒|$)|"
    r"\(?\s*[\d,]+\s*行(记录)?(受影响|被选择)?\s*\)?[。.]?$|"
    r"\\\.$|query ok\b|sql>|eof$|\W{2,}end\W*$|[-=*_─━═]{4,}$|[+|├└┌][-=+|─━═┼┴┬┤┘┐]{3,}$|\x1a$|第\s*\d+\s*页)",
    re.IGNORECASE,
)
MAY_TOTAL = re.compile(r"计|汇\s*总|[合总小共累]\s*和")
"""What a cell holds that begins a line of totals, and few others do."""
_ORDINAL = re.compile(r"序\s*号|行号|№|no\.?", re.IGNORECASE)
_PART = re.compile(rf"{_OF_SOME}([:：]|{_IN_ITSELF})?")
_NUMBER = re.compile(r"-?[\d,，]+(\.\d+)?%?")
_PAGE = re.compile(r"(?=.*页)[-—(（]?\s*(第\s*\d+\s*页)?[\s,，/]*((共|总)\s*\d+\s*页)?\s*[)）—-]?")
_DAY = re.compile(r"(19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(\s+\d{1,2}:\d\d(:\d\d)?)?")
_IN_UNITS = re.compile(r"\{([^{}]+)\}")


# The ways systems write a column's name beside something else, in the form of ``normalise_header``.
_NUMBERED = re.compile(  # 1.姓名, (1)姓名, 1 姓名, 一、姓名, (一)姓名
    r"^(?:\((?:\d{1,3}|[一二三四五六七八九十]{1,3})\)|\d{1,3}[.、．_)-]?|[一二三四五六七八九十]{1,3}[.、．])(?=\D)"
)
_ENCLOSED = re.compile(r"^[(\[【<《](.+)[)\]】>》]$")  # 【姓名】
_OWNED = re.compile(r"[^\W\d][\w$#]*(?:\.[\w$#]+)+")  # t_rk.xm
_BOTH = (
    re.compile(r"^(.+?)[(\[【<](.+?)[)\]】>]$"),  # 姓名(xm)
    re.compile(r"^[(\[【<](.+?)[)\]】>](.+)$"),  # [xm]姓名
    re.compile(r"^([a-z][a-z0-9_]*)[_:/-]?([^\x00-\x7f].*)$"),  # xm_姓名
    re.compile(r"^([^\x00-\x7f].*?)[_:/-]?([a-z][a-z0-9_]*)$"),  # 姓名_xm
)


# Headings over several columns: what they say of whom (母亲信息), and those that say of nobody else.
_OF_GROUP = re.compile(r"(?:的)?(?:信息|情况|资料|数据|项目|内容)$")
_NOBODYS = re.compile(
    r"(?:基本|基础|个人|本人|人员|居民|公民|人口|身份|证件|登记|户籍|户口|居住|住址|地址|联系|通讯|通信|状态|"
    r"企业|单位|机构|公司|主体|学生|学籍|就读|主要|详细|附加|其他|其它|交付|业务)?"
)


def _without_owner(plain: str) -> str:
    """``gmsfhm`` of ``t_rk.gmsfhm``, ``"rk"."t_rk"."gmsfhm"``, ``[dbo].[t_rk].[gmsfhm]``; else ``plain``."""
    bare = re.sub(r"[\"'`\[\]]", "", plain) if "." in plain else plain
    return bare.rsplit(".", 1)[1] if _OWNED.fullmatch(bare) else plain


def _plain_name(text: str, units: re.Match[str]) -> str:
    """The header without its unit and what encloses it: 注册资本 of ``注册资本({元|万元})``, ``注册资本:{元}``,
    ``注册资本_{元}``."""
    return re.sub(r"[(（\[【:：_\-/,，]\s*$", "", text[: units.start()]) + re.sub(
        r"^\s*[)）\]】]", "", text[units.end() :]
    )


@dataclass(frozen=True)
class Mapping:
    """``targets[i]`` is the contract column the i-th delivered column means, None for an unknown one."""

    targets: tuple[str | None, ...]
    unknown: tuple[str, ...]
    missing_required: tuple[str, ...]
    missing_optional: tuple[str, ...]
    twice: tuple[str, ...]
    said: tuple[tuple[str, str], ...] = ()  # (column, text) that a header says for every record: a unit

    @property
    def hits(self) -> int:
        return len({target for target in self.targets if target})

    @property
    def plausible(self) -> bool:
        """The delivered columns look like a header of this dataset: all that is required is there, or half of the cells
        are known."""
        return self.hits > 0 and (not self.missing_required or 2 * self.hits >= len(self.targets))


class Headers:
    """The headers a dataset's columns may arrive under.

    A header of a column of units may be written ``注册资本({元|万元})``: then a file may say the unit in the header of
    the amounts. It is as if every record had that unit (unless it brings one of its own).
    """

    def __init__(self, dataset: Dataset, arriving: TypeMapping[str, pa.DataType] = MappingProxyType({})) -> None:
        """``arriving``: columns whose values are taken as the source types them, not as text."""
        self.dataset, self.arriving = dataset, arriving
        self._columns: dict[str, str] = {}
        self._units: dict[str, tuple[str, str]] = {}  # header → (column of units, unit)
        for texts in (
            lambda c: (c.name,),
            lambda c: c.headers,
            lambda c: (c.title,),
        ):  # a name wins over an alias, an alias over a title
            for column in dataset.columns:
                for text in texts(column):
                    self._columns.setdefault(normalise_header(text), column.name)
        for column in dataset.columns:
            for text in column.headers:
                if (units := _IN_UNITS.search(text)) and (
                    about := self._columns.get(normalise_header(_plain_name(text, units)))
                ):
                    for unit in units[1].split("|"):
                        header = normalise_header(text[: units.start()] + unit + text[units.end() :])
                        if self._columns.setdefault(header, about) == about:
                            self._units.setdefault(header, (column.name, unit))
        self._longest = max(map(len, self._columns), default=0)

    def column(self, header: str) -> str | None:
        plain = unmarked(header).rstrip(":")
        known = self._columns.get(normalise_header(header)) or self._columns.get(plain)
        if known is None:
            less = _ENCLOSED.sub(r"\1", _without_owner(_NUMBERED.sub("", plain)))
            known = self._columns.get(less) or self._both(less)
        if known is None and "-" in plain:
            known = self._under_heading(*plain.rsplit("-", 1))
        return known

    def _under_heading(self, headings: str, under: str) -> str | None:
        """Of a header of several lines: 地址-户籍地址, 基本信息-姓名; 母亲-姓名 is the mother's name."""
        for heading in headings.split("-"):
            whose = _OF_GROUP.sub("", heading)
            if (theirs := self._columns.get(whose + under)) is not None and whose:
                return theirs
            same_thing = heading in under or (len(heading) == 2 and heading[-1] == under[-1:])  # 地址-现住址
            if not (heading and (same_thing or _NOBODYS.fullmatch(whose))):
                return None
        return self._columns.get(under)

    def _both(self, plain: str) -> str | None:
        """A header that gives a column's name and its code, where both mean the same column: one alone proves nothing
        (姓名(曾用))."""
        if len(plain) > 2 * self._longest + 8:  # no two of our names; the forms would take the square of its length
            return None
        for form in _BOTH:
            parts = form.match(plain)
            meant = {self._columns.get(part.rstrip("_:/-")) for part in parts.groups()} if parts else set()
            if len(meant) == 1 and (only := meant.pop()):
                return only
        return None

    @property
    def looked_for(self) -> str:
        """The required columns (all where none is) with a header of each, for a message."""
        required = [column for column in self.dataset.columns if not column.optional_header] or list(
            self.dataset.columns
        )
        headers = [next(iter(column.headers), None) for column in required[:8]]
        named = [
            f"{column.title}（{header}）" if header else column.title
            for column, header in zip(required, headers, strict=False)
        ]
        return "、".join(named) + ("等" if len(required) > 8 else "")

    def _said(self, header: str) -> tuple[str, str] | None:
        return self._units.get(normalise_header(header)) or self._units.get(unmarked(header))

    def map(self, names: Sequence[str]) -> Mapping:
        targets = tuple(self.column(name) for name in names)
        found = [target for target in targets if target]
        missing = [column for column in self.dataset.columns if column.name not in set(found)]
        return Mapping(
            targets=targets,
            unknown=tuple(name for name, target in zip(names, targets, strict=True) if target is None),
            missing_required=tuple(column.name for column in missing if not column.optional_header),
            missing_optional=tuple(column.name for column in missing if column.optional_header),
            twice=tuple(sorted({target for target in found if found.count(target) > 1})),
            said=tuple(said for said in map(self._said, names) if said),
        )

    def score(self, cells: Sequence[str], least: int = 0) -> tuple[int, int]:
        """How well a row serves as header, comparable: columns it names, then (negative) non-empty cells it does not
        explain. A row that cannot name ``least`` columns any more is not read to its end and names none."""
        filled = [cell for cell in cells if cell and cell.strip()]
        hits: set[str] = set()
        for place, cell in enumerate(filled):
            if len(hits) + len(filled) - place < least:
                return 0, -len(filled)
            if target := self.column(cell):
                hits.add(target)
        return len(hits), len(hits) - len(filled)

    def is_header(self, cells: Sequence[str | None]) -> bool:
        """A row that repeats the header, perhaps in the other language: most of its cells are headers, where a record
        has at most a few such cells."""
        filled = [cell for cell in cells if cell and cell.strip()]
        hits = {target for target in map(self.column, filled) if target}
        return (len(hits) >= 2 and 2 * len(hits) > len(filled)) or (len(filled) == len(hits) == 1 and len(cells) == 1)

    def another_order(self, columns: Sequence[str], cells: Sequence[str | None]) -> bool:
        """A repeated header whose columns are not where the first header has them: the records below mean something
        else."""
        return [self.column(name) for name in named(cells)] != [self.column(name) for name in columns]

    def texts(self) -> tuple[str, ...]:
        """All texts that may head a contract column, as declared (a cheap test for a repeated header)."""
        return tuple(text for item in self.dataset.columns for text in (*item.headers, item.name, item.title))


OTHER_ORDER = "第{row}行又是一个表头，其列与第一个表头不同，下面的记录要按它理解；请把两部分分成两个文件交付"


def ordinals(names: Sequence[str], headers: Headers | None) -> set[int]:
    """The columns that only number the rows of a form (序号), whether a record stands there or not."""
    if len(names) < 2:
        return set()
    return {
        place
        for place, name in enumerate(names)
        if _ORDINAL.fullmatch(name.strip()) and (headers is None or headers.column(name) is None)
    }


FOOTER_LINES = 20  # how far from the end footers may stand


def is_footer(cells: Sequence[str | None], *, at_end: bool = True) -> bool:
    """Totals, record counts, who made the table: the first filled cell says so and hardly any other cell is filled (a
    total may carry sums). Only totals are believed away from the end of a table, where other words may be a piece of a
    broken record."""
    texts = [cell.strip() for cell in cells if cell and cell.strip()]
    total, filled = is_total(cells), len(texts)
    if filled == 1 and len(cells) > 1 and _PAGE.fullmatch(texts[0]):
        return True
    if not total and not (at_end and texts and _CLOSING.match(texts[0])):
        return False
    if total:
        return filled < max(2, len(cells))
    return filled <= max(1, (len(cells) + 1) // 2) or all(
        _CLOSING.match(text) or _DAY.fullmatch(text) for text in texts
    )


def is_title(cells: Sequence[str | None]) -> bool:
    """Words in the first cell alone, as a title has them that stands above a header (东岭区)."""
    first, *others = cells or [""]
    return bool(first and re.search("[一-鿿]", first)) and is_blank(others)


def is_total(cells: Sequence[str | None]) -> bool:
    """The first filled cell says that a total follows, of all or of what it names (城东派出所小计) where nothing but
    numbers does follow."""
    first, *others = [cell for cell in cells if cell and cell.strip()] or [""]
    if MAY_TOTAL.search(first) is None:
        return False
    first = re.sub(r"\s", "", first)
    return bool(
        _TOTAL.fullmatch(first) or (_PART.fullmatch(first) and all(map(_NUMBER.fullmatch, map(str.strip, others))))
    )


def shape(cell: str) -> str:
    """What a cell is made of, for a message that may not show it: ``汉2``, ``数18``, ``字母3-数4``."""
    runs = re.findall(r"([一-鿿]+)|([^\W\d_一-鿿]+)|(\d+)|(\s+)|(.)", cell.strip()[:60], re.DOTALL)
    return "".join(
        f"汉{len(h)}" if h else f"字母{len(a)}" if a else f"数{len(d)}" if d else " " if b else o
        for h, a, d, b, o in runs
    )


def is_blank(cells: Iterable[str | None]) -> bool:
    return not any(cell and cell.strip() for cell in cells)


def named(cells: Sequence[str | None]) -> tuple[str, ...]:
    """Column names from a header row: trailing empty cells dropped, an empty cell in between called 列N, trimmed."""
    texts = [(cell or "").strip().strip("\ufeff") for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(text or f"列{number}" for number, text in enumerate(texts, 1))


def no_header(text: str, headers: Headers | None) -> str:
    """Of a delimited text without a header, Chinese: what was seen, masked by shape since it may be a record, and what
    was looked for."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    cells = re.split(r"[,\t|;]", first)
    seen = "、".join(map(shape, cells[:8])) + ("等" if len(cells) > 8 else "")
    wanted = f"；要找的列：{headers.looked_for}" if headers else ""
    return f"没有找到表头：前60行中没有一行与合同的列对应。首行有{len(cells)}格，形如 {seen}{wanted}"
