"""Polluted delimited text with known content: for each kind of pollution the bytes of a file and what a careful person reads in it.

``cases()`` gives them all, the same on every machine. Cells are compared without outer white space: trimming is
standardisation, not reading. Names and numbers are made up: identifiers begin with 19, which is no region.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """``header`` None: the file has none. ``rows``: the records. ``rejected``: damaged lines, which must not be read as records.
    ``alternatives``: other readings of the records that are as good (short lines filled up, say). ``codec``: the encoding."""

    name: str
    data: bytes
    header: Row | None
    rows: tuple[Row, ...]
    rejected: int = 0
    alternatives: tuple[tuple[Row, ...], ...] = ()
    codec: str = "utf-8"

    @property
    def family(self) -> str:
        return self.name.split("/")[0]


def write(
    rows: Iterable[Sequence[str]],
    delimiter: str = ",",
    *,
    quote: str = '"',
    quoting: str = "minimal",
    escape: str = "double",
    end: str = "\n",
    specials: str = "",
) -> str:
    """``quoting``: minimal, all, none, text (all but numbers); ``escape``: double or backslash; ``specials``: more that wants quotes."""

    def cell(text: str) -> str:
        needs = (
            delimiter in text or quote in text or "\n" in text or "\r" in text or any(mark in text for mark in specials)
        )
        number = text.replace(".", "", 1).isdigit()
        if quoting == "none" or (quoting == "minimal" and not needs) or (quoting == "text" and number):
            return text
        inner = (
            text.replace("\\", "\\\\").replace(quote, "\\" + quote)
            if escape == "backslash"
            else text.replace(quote, quote * 2)
        )
        return quote + inner + quote

    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


CN_HEADER: Row = ("编号", "姓名", "出生日期", "住址", "金额", "备注")
EN_HEADER: Row = ("id", "name", "city", "amount", "updated", "note")
_SURNAMES = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳"


@functools.cache
def chinese(count: int = 20) -> tuple[Row, ...]:
    return tuple(
        (
            f"1901{1 + i % 12:02}{1960 + i}{1 + i % 12:02}{1 + i % 28:02}{100 + i}{'X' if i % 7 == 3 else i % 10}",
            _SURNAMES[i % 16] + "某",
            f"{1960 + i}-{1 + i % 12:02}-{1 + i % 28:02}",
            f"示例市幸福路{i + 1}号",
            f"{i * 37.5:.2f}",
            ("", "无", "迁入", "已核对")[i % 4],
        )
        for i in range(count)
    )


@functools.cache
def english(count: int = 20) -> tuple[Row, ...]:
    return tuple(
        (
            str(1001 + 7 * i),
            ("Ada", "Bo Li", "Chen", "Dora May", "Eve")[i % 5],
            ("Northport", "Old Mill", "Riverside")[i % 3],
            f"{i * 12.25:.2f}",
            f"2026-0{1 + i % 9}-1{i % 10}",
            ("ok", "", "to check")[i % 3],
        )
        for i in range(count)
    )


def cn(count: int = 20) -> list[Row]:
    return [CN_HEADER, *chinese(count)]


def en(count: int = 20) -> list[Row]:
    return [EN_HEADER, *english(count)]


def texts(
    filler: Callable[[int], str], rows: Sequence[Row] | None = None, column: int = 3, every: int = 1
) -> list[Row]:
    """The Chinese table with ``filler(i)`` in one column of every n-th row."""
    table = list(rows or cn())
    return [table[0]] + [
        (*row[:column], filler(i), *row[column + 1 :]) if i % every == 0 else tuple(row)
        for i, row in enumerate(table[1:])
    ]


class _Corpus:
    def __init__(self) -> None:
        self.cases: list[Case] = []
        self._names: set[str] = set()

    def add(
        self,
        name: str,
        text: str | bytes,
        table: Sequence[Row],
        *,
        header: bool = True,
        rejected: int = 0,
        alternatives: Iterable[Sequence[Row]] = (),
        codec: str = "utf-8",
    ) -> None:
        assert name not in self._names, name
        self._names.add(name)
        data = text if isinstance(text, bytes) else text.encode(codec)
        rows = tuple(tuple(row) for row in (table[1:] if header else table))
        others = tuple(tuple(tuple(row) for row in other) for other in alternatives)
        self.cases.append(Case(name, data, tuple(table[0]) if header else None, rows, rejected, others, codec))


def _shown(delimiter: str) -> str:
    return "".join(c if c.isprintable() and c != " " else f"x{ord(c):02x}" for c in delimiter)


def _delimiters(add: Callable[..., None]) -> None:
    one = [
        ",",
        ";",
        "\t",
        "|",
        "^",
        "~",
        "#",
        "&",
        "%",
        "$",
        "@",
        "!",
        "*",
        ":",
        "=",
        "+",
        "¦",
        "§",
        "，",
        "、",
        "；",
        "｜",
    ]
    control = ["\x01", "\x02", "\x03", "\x07", "\x1c", "\x1d", "\x1e", "\x1f", "\x7f"]
    many = [
        "||",
        "|!|",
        "|@|",
        "@#@",
        "^^",
        "&&",
        "~~",
        "$$",
        ";;",
        "::",
        "|~|",
        "~|~",
        "#|#",
        "<>",
        "->",
        "##",
        "@@",
        "|^|",
        "!@#",
        "\t|\t",
    ]
    more = ["\x01\x02", "{|}", "[]", "_|_", "%%", "+|+", "\t\t", "，，", "<TAB>", "|||"]
    for delimiter in [*one, *control, *many, *more]:
        add(f"delimiter/cn {_shown(delimiter)}", write(cn(), delimiter), cn())
    for delimiter in [",", ";", "\t", "|", "^", "~", "\x01", "||"]:
        add(f"delimiter/en three rows {_shown(delimiter)}", write(en(3), delimiter), en(3))
        add(f"delimiter/en one row {_shown(delimiter)}", write(en(1), delimiter), en(1))
    solid = [tuple(cell.replace(" ", "_") or "-" for cell in row) for row in en()]
    add("delimiter/space", write(solid, " "), solid)
    add(
        "delimiter/spaces in columns",
        "".join("".join(cell.ljust(14) for cell in row).rstrip() + "\n" for row in solid),
        solid,
    )
    add("delimiter/two spaces", write(solid, "  "), solid)


def _quotes(add: Callable[..., None]) -> None:
    for delimiter in [",", ";", "\t", "|", "||"]:
        shown = _shown(delimiter)
        inner = texts(lambda i, d=delimiter: f"幸福路{i}号{d}甲单元{d}{i}室", every=3)
        add(f"quotes/embedded delimiter {shown}", write(inner, delimiter), inner)
        add(f"quotes/all {shown}", write(inner, delimiter, quoting="all"), inner)
        add(f"quotes/text only {shown}", write(inner, delimiter, quoting="text"), inner)
        add(f"quotes/header only {shown}", write(cn()[:1], delimiter, quoting="all") + write(cn()[1:], delimiter), cn())
        doubled = texts(lambda i: f'号称"{i}号院"', every=2)
        add(f"quotes/doubled {shown}", write(doubled, delimiter), doubled)
        slashed = texts(lambda i, d=delimiter: f'又称"{i}号院"{d}东', every=2)
        add(f"quotes/backslash {shown}", write(slashed, delimiter, quoting="all", escape="backslash"), slashed)
    for delimiter in [",", ";", "\t", "|"]:
        shown = _shown(delimiter)
        inner = texts(lambda i, d=delimiter: f"幸福路{i}号{d}甲单元", every=2)
        add(f"quotes/single embedded {shown}", write(inner, delimiter, quote="'"), inner)
        add(f"quotes/single all {shown}", write(inner, delimiter, quote="'", quoting="all"), inner)
        broken = texts(lambda i: f"幸福路{i}号\n后门", every=4)
        add(f"quotes/line end inside {shown}", write(broken, delimiter), broken)
    own = texts(lambda i: f"it's no. {i}, east", en(), column=2, every=2)
    add("quotes/single doubled", write(own, quote="'", quoting="all"), own)
    add("quotes/single backslash", write(own, quote="'", quoting="all", escape="backslash"), own)
    apostrophes = texts(lambda i: ("O'Neil", "D'Arcy", "rock 'n' roll")[i % 3], en(), column=1)
    add("quotes/apostrophes in words", write(apostrophes), apostrophes)
    add("quotes/apostrophes in words, double quotes", write(apostrophes, quoting="all"), apostrophes)
    leading = texts(lambda i: "'" + chinese()[i][0], column=0)
    add("quotes/leading apostrophe of spreadsheets", write(leading, quoting="none"), leading)
    inches = texts(lambda i: f'{i}" pipe', en(), column=2, every=3)
    add("quotes/inch marks, nothing quoted", write(inches, quoting="none"), inches)
    words = texts(lambda i: f'the "{i}th" mile', en(), column=2, every=2)
    add("quotes/inside unquoted fields", write(words, quoting="none"), words)
    begins = texts(lambda i: f'"{i} east', en(), column=2, every=2)
    add("quotes/never closed, thus plain", write(begins, "\t", quoting="none"), begins)
    add("quotes/curly quotes are text", write(texts(lambda i: f"“{i}号院”,东")), texts(lambda i: f"“{i}号院”,东"))
    paths = texts(lambda i: f"C:\\data\\{i}\\", en(), column=2)
    add("quotes/backslash is text", write(paths, quoting="all"), paths)
    add("quotes/backslash is text, unquoted", write(paths, quoting="none"), paths)
    empty = texts(lambda i: "", every=2)
    add("quotes/empty quoted", write(empty, quoting="all"), empty)
    triple = texts(lambda i: f'"{i}号院"')
    add("quotes/whole field in doubled quotes", write(triple), triple)
    mixed = "".join(write([row], quoting="all" if i % 2 else "minimal") for i, row in enumerate(cn()))
    add("quotes/every second line", mixed, cn())
    add("quotes/some columns", "".join(f'{r[0]},"{r[1]}",{r[2]},"{r[3]}",{r[4]},"{r[5]}"\n' for r in cn()), cn())
    add("quotes/space before quote", "".join(", ".join(f'"{c}"' for c in r) + "\n" for r in cn()), cn())
    spaced = texts(lambda i: f"幸福路{i}号, 甲单元", every=2)
    add("quotes/space before quote, embedded", "".join(", ".join(f'"{c}"' for c in r) + "\n" for r in spaced), spaced)
    add("quotes/space on both sides", "".join(" , ".join(f'"{c}"' for c in r) + "\n" for r in spaced), spaced)
    add("quotes/tab before quote", "".join(",\t".join(f'"{c}"' for c in r) + "\n" for r in spaced), spaced)
    lined = texts(lambda i: f"一楼\r\n\r\n二楼{i}", every=5)
    add("quotes/blank lines inside", write(lined, end="\r\n"), lined)
    listing = texts(lambda i: "\n".join(f"第{k}条" for k in range(40)), every=9)
    add("quotes/forty lines inside", write(listing), listing)
    first = texts(lambda i: "上\n下", every=30)
    add("quotes/line end in the first record", write(first), first)
    last = [*cn()[:-1], (*cn()[-1][:5], "完\n了")]
    add("quotes/line end in the last record", write(last), last)
    add("quotes/line end in the last record, no end", write(last).removesuffix("\n"), last)
    head = [("编\n号", *CN_HEADER[1:]), *chinese()]
    add("quotes/line end in the header", write(head), head)
    comma_head = [("编号,新", "姓名", "出生日期,公历", "住址", "金额", "备注"), *chinese()]
    add("quotes/delimiter in the header", write(comma_head), comma_head)
    lf_in_crlf = texts(lambda i: f"上{i}\n下", every=3)
    add("quotes/LF inside CRLF file", write(lf_in_crlf, end="\r\n"), lf_in_crlf)
    cr_inside = texts(lambda i: f"上{i}\r下", every=3)
    add("quotes/CR inside LF file", write(cr_inside), cr_inside)
    json_text = texts(lambda i: f'{{"a": {i}, "b": ["x", "y"]}}', en(), column=5)
    add("quotes/JSON in a field", write(json_text), json_text)
    add("quotes/JSON in a field, backslashes", write(json_text, quoting="all", escape="backslash"), json_text)
    html = texts(lambda i: f'<a href="/x?i={i}&j=1">x;y</a>', en(), column=5)
    add("quotes/HTML in a field", write(html), html)
    escaped = texts(lambda i: f"幸福路{i}号,东", every=2)
    add(
        "quotes/escaped delimiter, no quotes",
        "".join(",".join(c.replace(",", "\\,") for c in r) + "\n" for r in escaped),
        escaped,
    )
    two = [
        ("word", "sense"),
        *((f'"{w}"', f"means, perhaps, {w}") for w in ("east", "west", "mill", "port", "road", "river")),
    ]
    add("quotes/two columns, quotes doubled", write(two), two)


def _damage(add: Callable[..., None]) -> None:
    table = cn(40)
    lines = write(table).splitlines(keepends=True)

    def one(name: str, at: int, line: str, *, more: Sequence[tuple[int, str]] = ()) -> None:
        changed = list(lines)
        places = {at, *(place for place, _ in more)}
        changed[at] = line
        for place, text in more:
            changed[place] = text
        add(name, "".join(changed), [row for i, row in enumerate(table) if i not in places], rejected=len(places))

    one("damage/unclosed quote at field start", 7, lines[7].replace("示例市", '"示例市'))
    one("damage/unclosed quote at line start", 7, '"' + lines[7])
    one(
        "damage/two unclosed quotes",
        7,
        lines[7].replace("示例市", '"示例市'),
        more=[(21, lines[21].replace("示例市", '"示例市'))],
    )
    one("damage/unclosed quote in the last line", 40, lines[40].replace("示例市", '"示例市'))
    one("damage/unclosed quote in the first record", 1, lines[1].replace("示例市", '"示例市'))
    one("damage/text behind a closing quote", 9, lines[9].replace("示例市幸福路", '"示例市"幸福路'))
    short = lines[5].split(",", 1)[1]
    filled = [row if i != 5 else (*row[1:], "") for i, row in enumerate(table)][1:]
    changed = [*lines[:5], short, *lines[6:]]
    add(
        "damage/one field too few",
        "".join(changed),
        [r for i, r in enumerate(table) if i != 5],
        rejected=1,
        alternatives=[filled],
    )
    one("damage/one field too many", 5, lines[5].replace("市", "市,"))
    one("damage/many fields too many", 5, lines[5].replace("\n", ",x,y,z\n"))
    add(
        "damage/last line cut off", "".join(lines[:-1]) + "19010119600101", table[:-1], rejected=1,
        alternatives=[(*table[1:-1], ("19010119600101", "", "", "", "", ""))],
    )  # fmt: skip
    every = [line if i % 8 or not i else line.replace("市", "市,") for i, line in enumerate(lines)]
    add(
        "damage/every eighth line too long",
        "".join(every),
        [r for i, r in enumerate(table) if i % 8 or not i],
        rejected=5,
    )
    half = [line if i % 8 or not i else "残缺\n" for i, line in enumerate(lines)]
    padded = [r if i % 8 or not i else ("残缺", *[""] * 5) for i, r in enumerate(table)][1:]
    add(
        "damage/pieces of lines",
        "".join(half),
        [r for i, r in enumerate(table) if i % 8 or not i],
        rejected=5,
        alternatives=[padded],
    )
    split = [*lines[:6], lines[6].replace("幸福", "\n幸福"), *lines[7:]]
    first, second = lines[6].replace("幸福", "\n幸福").rstrip("\n").split("\n")
    both = [
        *table[1:6],
        tuple((first.split(",") + [""] * 6)[:6]),
        tuple((second.split(",") + [""] * 6)[:6]),
        *table[7:],
    ]
    add(
        "damage/record broken over two lines",
        "".join(split),
        [r for i, r in enumerate(table) if i != 6],
        rejected=2,
        alternatives=[both],
    )
    quoted = write(table, quoting="all").splitlines(keepends=True)
    quoted[11] = quoted[11].replace('"\n', "\n")
    add(
        "damage/closing quote missing, all quoted",
        "".join(quoted),
        [r for i, r in enumerate(table) if i != 11],
        rejected=1,
    )
    quoted = write(table, quoting="all").splitlines(keepends=True)
    quoted[11] = quoted[11].replace("示例市", '示例"市')
    add(
        "damage/quote not doubled, all quoted", "".join(quoted), [r for i, r in enumerate(table) if i != 11], rejected=1
    )
    ended = [line if i % 10 != 4 else line.replace("\n", ",\n") for i, line in enumerate(lines)]
    add(
        "damage/some lines end in a delimiter", "".join(ended), [r for i, r in enumerate(table) if i % 10 != 4], rejected=4,
        alternatives=[table[1:]],
    )  # fmt: skip
    junk = "".join(lines[:15]) + "Traceback: connection lost, retrying\n" + "".join(lines[15:])
    add("damage/a log line in between", junk, table, rejected=1)


def _line_ends(add: Callable[..., None]) -> None:
    table = cn()
    for name, end in {"CRLF": "\r\n", "CR": "\r", "CR CR LF": "\r\r\n"}.items():
        add(f"line ends/{name}", write(table, end=end), table)
        add(f"line ends/{name}, all quoted, tab", write(table, "\t", quoting="all", end=end), table)
    inner = texts(lambda i: f"幸福路{i}号,东", every=3)
    add("line ends/CR, quoted", write(inner, end="\r"), inner)
    for name, ends in {
        "LF and CRLF": ("\n", "\r\n"),
        "LF and CR": ("\n", "\r"),
        "all three": ("\n", "\r\n", "\r"),
    }.items():
        add(
            f"line ends/mixed {name}",
            "".join(write([row], end=ends[i % len(ends)]) for i, row in enumerate(table)),
            table,
        )
    add("line ends/CRLF, last one LF", write(table, end="\r\n").removesuffix("\r\n") + "\n", table)
    add("line ends/header CRLF, rest LF", write(table[:1], end="\r\n") + write(table[1:]), table)
    add("line ends/none at the end", write(table).removesuffix("\n"), table)
    add("line ends/none at the end, CRLF", write(table, end="\r\n").removesuffix("\r\n"), table)
    add("line ends/many at the end", write(table) + "\n" * 12, table)
    add("line ends/blank line after each record", write(table, end="\n\n"), table)
    add(
        "line ends/blank lines here and there",
        "".join(write([row]) + "\n" * (i % 5 == 2) for i, row in enumerate(table)),
        table,
    )
    add("line ends/blank line behind the header", write(table[:1]) + "\n" + write(table[1:]), table)
    add(
        "line ends/lines of spaces",
        "".join(write([row]) + "   \n" * (i % 5 == 2) for i, row in enumerate(table)),
        table,
    )
    add(
        "line ends/lines of delimiters",
        "".join(write([row]) + ",,,,,\n" * (i % 5 == 2) for i, row in enumerate(table)),
        table,
    )
    add("line ends/lines of delimiters at the end", write(table) + ",,,,,\n" * 30, table)
    add("line ends/Ctrl-Z at the end", write(table, end="\r\n") + "\x1a", table)
    add("line ends/spaces at line ends", write(table, end="   \n"), table)
    add(
        "line ends/line separator U+2028 in text",
        write(texts(lambda i: f"上{i}\u2028下")),
        texts(lambda i: f"上{i}\u2028下"),
    )
    add("line ends/vertical tab in text", write(texts(lambda i: f"上{i}\x0b下")), texts(lambda i: f"上{i}\x0b下"))
    add(
        "line ends/next line U+0085 in text",
        write(texts(lambda i: f"上{i}\u0085下")),
        texts(lambda i: f"上{i}\u0085下"),
    )


def _preambles(add: Callable[..., None]) -> None:
    table = cn()
    plain = write(table)
    before = {
        "title": "某市人口登记表\n",
        "title and blank line": "某市人口登记表\n\n",
        "title, unit and date": "某市人口登记表\n单位：元\n填报日期：2026年11月18日\n",
        "title padded with delimiters": "某市人口登记表,,,,,\n",
        "two titles padded with delimiters": "某市人口登记表,,,,,\n单位：元,,,,制表：人口处,\n",
        "title in quotes": '"某市人口登记表（2026年度，含迁入）"\n',
        "title with delimiters": "某市,人口登记表\n",
        "blank lines": "\n\n\n\n\n",
        "lines of delimiters": ",,,,,\n,,,,,\n",
        "hash comments": "# exported 2026-11-18\n# source: registry, office 3\n",
        "slash comments": "// exported 2026-11-18\n// rows, columns: 20, 6\n",
        "dash comments": "-- exported 2026-11-18\n",
        "percent comments": "% exported\n% by office 3\n",
        "sep line": "sep=,\n",
        "key and value": "报表名称,人口登记表\n填报单位,某市公安局\n期别,202611\n",
        "key: value": "Report: people\nOffice: 3\nDate: 2026-11-18\n",
        "rule": "某市人口登记表\n====================\n",
        "long notice": (
            "说明：本表由各区县上报，经汇总、核对后导出，仅供内部使用；数据截至2026年11月18日，如有疑问，请联系统计处。"
            "\n"
        ),
        "thirty lines": "".join(f"说明第{i}条\n" for i in range(30)),
        "title in English": "Population of the city, by person, 2026\n",
        "lone BOM line": "\ufeff\n",
    }
    for name, text in before.items():
        add(f"preamble/{name}", text + plain, table)
    add("preamble/sep line, semicolon", "sep=;\n" + write(table, ";"), table)
    add("preamble/sep line, tab", "sep=\t\n" + write(table, "\t"), table)
    add("preamble/sep line, CRLF, pipe", "sep=|\r\n" + write(table, "|", end="\r\n"), table)
    add("preamble/sep line in quotes", '"sep=;"\n' + write(table, ";"), table)
    add("preamble/title, tab", "某市人口登记表\n\n" + write(table, "\t"), table)
    add("preamble/title with commas, pipe", "某市人口登记表，按人，2026年度, 第1版\n" + write(table, "|"), table)
    add("preamble/title with commas, semicolon", "City, people, 2026, final\n" + write(en(), ";"), en())
    add("preamble/comments with semicolons", "# a;b;c;d;e;f\n# g;h;i;j;k;l\n" + plain, table)
    add("preamble/hash before the header", "#" + write(en(), "\t"), [("#id", *EN_HEADER[1:]), *english()])
    commented = "".join(write([r]) + "# page\n" * (i % 7 == 6) for i, r in enumerate(en()))
    add("preamble/comments in between", commented, en(), rejected=3)
    add(
        "preamble/rule below the header",
        write(table[:1], "|") + "-----|-----|-----|-----|-----|-----\n" + write(table[1:], "|"),
        table,
    )
    psql = [" " + " | ".join(cell.ljust(12) for cell in row) + "\n" for row in en()]
    psql.insert(1, "-+-".join("-" * 13 for _ in EN_HEADER) + "\n")
    add("preamble/psql", "".join(psql) + "(20 rows)\n", en())
    marked = ["| " + " | ".join(row) + " |\n" for row in en()]
    marked.insert(1, "|" + "---|" * 6 + "\n")
    add("preamble/Markdown table", "".join(marked), en())
    numbered = "".join(f"{n}," + write([row]) for n, row in zip(["序号", *map(str, range(1, 21))], table, strict=True))
    add(
        "preamble/running number",
        numbered,
        [("序号", *CN_HEADER)] + [(str(i), *row) for i, row in enumerate(chinese(), 1)],
    )


def _footers(add: Callable[..., None]) -> None:
    table = cn()
    plain = write(table)
    behind = {
        "total": "合计,,,,7125.00,\n",
        "total with a count": "合计,20,,,7125.00,\n",
        "total in the second cell": ",合计,,,7125.00,\n",
        "total, spaced": "合　计,,,,7125.00,\n",
        "count in words": "共20条\n",
        "count in a sentence": "共计20条记录\n",
        "made by": "制表人：甲某,,审核人：乙某\n",
        "made by and date": "\n制表人：甲某\n制表日期：2026-11-18\n",
        "note": "备注：金额单位为元，含迁入人员。\n",
        "notes": "注：1.金额单位为元\n2.含迁入人员\n",
        "source": "数据来源：人口登记系统\n",
        "English total": "Total,,,,7125.00,\n",
        "Total rows": "Total: 20\n",
        "rows": "(20 rows)\n",
        "rows selected": "\n20 rows selected.\n",
        "rows affected": "\n(20 rows affected)\n",
        "in set": "20 rows in set (0.01 sec)\n",
        "end of file": "-- end of file --\n",
        "EOF": "EOF\n",
        "END": "***END***\n",
        "rule and total": "====================\n合计：20条\n",
        "end of report": "End of report\n",
        "time of export": "导出时间：2026-11-18 02:00:00\n",
        "page": "第1页 共1页\n",
    }
    for name, text in behind.items():
        add(f"footer/{name}", plain + text, table)
    add("footer/trailer record", plain + "TRAILER|20|20261118\n", table, rejected=1)
    add("footer/tab", write(table, "\t") + "合计\t\t\t\t7125.00\t\n", table)
    add("footer/quoted", write(table, quoting="all") + '"合计","","","","7125.00",""\n', table)


def _repeats(add: Callable[..., None]) -> None:
    table = cn()
    lines = write(table).splitlines(keepends=True)
    paged = "".join(line + (lines[0] if i and i % 5 == 0 else "") for i, line in enumerate(lines))
    add("repeated header/every five records", paged, table)
    add("repeated header/with blank lines", paged.replace(lines[0], "\n" + lines[0]).lstrip("\n"), table)
    add("repeated header/twice at the top", lines[0] + "".join(lines), table)
    add("repeated header/files put together", "".join(lines) + "".join(lines), [*table, *table[1:]])
    whole = "\ufeff" + "".join(lines)
    add("repeated header/files put together with BOMs", whole + whole, [*table, *table[1:]])
    add("repeated header/quoted the second time", "".join(lines) + write(table, quoting="all"), [*table, *table[1:]])
    add("repeated header/form feed before it", "".join(lines[:11]) + "\f" + lines[0] + "".join(lines[11:]), table)
    add("repeated header/spaces in it", "".join(lines[:11]) + ", ".join(CN_HEADER) + "\n" + "".join(lines[11:]), table)
    titled = "某市人口登记表\n" + "".join(lines[:11]) + "某市人口登记表\n" + lines[0] + "".join(lines[11:])
    add("repeated header/with its title", titled, table)
    crlf = write(table, end="\r\n")
    add("repeated header/LF file behind CRLF file", crlf + "".join(lines), [*table, *table[1:]])


def _encodings(add: Callable[..., None]) -> None:
    table = cn()
    plain = write(table)
    for codec in ["utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]:
        add(f"encoding/{codec}", plain, table, codec=codec)
        add(f"encoding/{codec}, tab, CRLF", write(table, "\t", end="\r\n"), table, codec=codec)
    inner = texts(lambda i: f'幸福路{i}号,"东"\r\n二楼', every=3)
    for codec in ["utf-8-sig", "gb18030", "utf-16"]:
        add(f"encoding/{codec}, quoted lines", write(inner, end="\r\n"), inner, codec=codec)
    add("encoding/utf-16 with BOM, big end", b"\xfe\xff" + plain.encode("utf-16-be"), table, codec="utf-16")
    add("encoding/utf-16-le, CR", write(table, end="\r"), table, codec="utf-16-le")
    add(
        "encoding/gb18030, four bytes",
        write(texts(lambda i: f"㐀㐁𠮷{i}")),
        texts(lambda i: f"㐀㐁𠮷{i}"),
        codec="gb18030",
    )
    like = texts(lambda i: "亅亊亐亖亗亙亜亝亞亣亪")
    add("encoding/gb18030, bytes like separators", write(like, "|"), like, codec="gb18030")
    bar = texts(lambda i: "寍峾憒梶渱" if i % 2 else "慭抾")
    add("encoding/gb18030, second bytes 7C", write(bar, "|"), bar, codec="gb18030")
    add("encoding/BOM and title", "\ufeff某市人口登记表\n" + plain, table)
    add("encoding/BOM and quotes", "\ufeff" + write(table, quoting="all"), table)
    add("encoding/BOM and sep line", "\ufeffsep=;\n" + write(table, ";"), table)
    add("encoding/BOM twice", "\ufeff\ufeff" + plain, table)
    add("encoding/BOM at a line in the middle", plain.replace("\n" + chinese()[9][0], "\n\ufeff" + chinese()[9][0]),
        [(("\ufeff" if i == 10 else "") + r[0], *r[1:]) for i, r in enumerate(table)], alternatives=[table[1:]])  # fmt: skip
    add("encoding/BOM in a cell", write(texts(lambda i: f"路\ufeff{i}")), texts(lambda i: f"路\ufeff{i}"))
    add(
        "encoding/zero bytes in cells",
        write(texts(lambda i: f"路\x00{i}", every=4)),
        texts(lambda i: f"路\x00{i}", every=4),
    )
    add("encoding/zero bytes at the end", plain + "\x00" * 64, table, rejected=1)
    add("encoding/zero bytes at the end, no line end", plain.removesuffix("\n") + "\x00" * 64, table,
        alternatives=[[*table[1:-1], (*table[-1][:5], table[-1][5] + "\x00" * 64)]])  # fmt: skip
    add("encoding/zero width spaces", write(texts(lambda i: f"路\u200b{i}")), texts(lambda i: f"路\u200b{i}"))
    add(
        "encoding/no-break spaces",
        write(texts(lambda i: f"1\u00a0{i:03}", en(), 3)),
        texts(lambda i: f"1\u00a0{i:03}", en(), 3),
    )
    add("encoding/emoji", write(texts(lambda i: f"🙂路{i}")), texts(lambda i: f"🙂路{i}"))
    lines = plain.splitlines(keepends=True)
    mixed = b"".join(line.encode("gb18030" if i == 8 else "utf-8") for i, line in enumerate(lines))
    add(
        "encoding/one line of GB18030 in UTF-8",
        mixed,
        [r for i, r in enumerate(table) if i != 8],
        rejected=1,
        alternatives=[table[1:]],
    )
    mixed = b"".join(line.encode("utf-8" if i == 8 else "gb18030") for i, line in enumerate(lines))
    add("encoding/one line of UTF-8 in GB18030", mixed, [r for i, r in enumerate(table) if i != 8], rejected=1, alternatives=[table[1:]],
        codec="gb18030")  # fmt: skip
    latin = texts(lambda i: ("Zoë", "José", "Müller")[i % 3], en(), 1)
    add("encoding/accents in UTF-8", write(latin, ";"), latin)
    add("encoding/full width punctuation", write(texts(lambda i: f"（{i}），；｜")), texts(lambda i: f"（{i}），；｜"))


def _shapes(add: Callable[..., None]) -> None:
    table = cn()
    add("shape/trailing delimiter everywhere", write(table, end=",\n"), table)
    add("shape/trailing delimiter, not in the header", write(table[:1]) + write(table[1:], end=",\n"), table)
    add("shape/trailing delimiters, three", write(table, end=",,,\n"), table)
    add("shape/trailing delimiter only in the header", write(table[:1], end=",\n") + write(table[1:]), table)
    add("shape/trailing pipe", write(table, "|", end="|\n"), table)
    add("shape/trailing multi-character delimiter", write(table, "|!|", end="|!|\n"), table)
    framed = [("", *row) for row in table]
    add("shape/delimiter at line start", write(framed), framed, alternatives=[table[1:]])
    add("shape/first column empty", write([(row[0] if not i else "", *row[1:]) for i, row in enumerate(table)]),
        [(row[0] if not i else "", *row[1:]) for i, row in enumerate(table)])  # fmt: skip
    for column in (2, 5):
        hollow = [(*r[:column], r[column] if not i else "", *r[column + 1 :]) for i, r in enumerate(table)]
        add(f"shape/column {column} empty", write(hollow), hollow)
    sparse = [table[0]] + [
        tuple(c if (i + j) % 4 == 0 or j == 0 else "" for j, c in enumerate(r)) for i, r in enumerate(table[1:])
    ]
    add("shape/mostly empty", write(sparse), sparse)
    add("shape/mostly empty, semicolon", write(sparse, ";"), sparse)
    nameless = [(*CN_HEADER[:3], "", *CN_HEADER[4:]), *chinese()]
    add("shape/a column without a name", write(nameless), nameless)
    nameless = [("", *CN_HEADER[1:]), *chinese()]
    add("shape/first column without a name", write(nameless), nameless)
    nameless = [(*CN_HEADER[:5], ""), *chinese()]
    add("shape/last column without a name", write(nameless), nameless)
    twice = [("编号", "姓名", "日期", "住址", "日期", "备注"), *chinese()]
    add("shape/a name twice", write(twice), twice)
    add(
        "shape/names quoted with spaces",
        '" 编号 "," 姓名","出生日期 ","住址","金额","备注"\n' + write(table[1:]),
        table,
    )
    years = [
        ("地区", "2021", "2022", "2023", "2024", "2025"),
        *((f"第{i}区", *(str(1000 + 37 * i + k) for k in range(5))) for i in range(15)),
    ]
    add("shape/years as names", write(years), years)
    one = [("名称",), *((f"幸福路{i}号",) for i in range(20))]
    add("shape/one column", write(one), one)
    add("shape/one column, quoted", write(one, quoting="all"), one)
    add(
        "shape/one column of numbers",
        write([("id",), *((str(1000 + i),) for i in range(20))]),
        [("id",), *((str(1000 + i),) for i in range(20))],
    )
    add(
        "shape/one column, CRLF, title",
        "某表\r\n\r\n" + write(one, end="\r\n"),
        one,
        alternatives=[[("名称",), *one[1:]]],
    )
    words = [("note",), *((("to be checked", "all well", "moved to the mill road")[i % 3],) for i in range(20))]
    add("shape/one column of words", write(words), words)
    for delimiter in [",", ";", "\t", "|", "||", "~"]:
        pairs = [("编码", "名称"), *((f"{100 + i}", f"第{i}街道") for i in range(12))]
        add(f"shape/two columns {_shown(delimiter)}", write(pairs, delimiter), pairs)
    pairs = [("a", "b"), ("1", "2"), ("3", "4")]
    add("shape/tiny", write(pairs), pairs)
    add("shape/tiny, semicolon", write(pairs, ";"), pairs)
    prose = [("title", "text"), *((f"T{i}", f"first, second, and {i}; then | more") for i in range(10))]
    add("shape/two columns, prose quoted", write(prose, quoting="all"), prose)
    add("shape/two columns, prose behind a tab", write(prose, "\t"), prose)
    wide = [tuple(f"列名{k}" for k in range(200)), *(tuple(f"{i}.{k}" for k in range(200)) for i in range(5))]
    add("shape/two hundred columns", write(wide), wide)
    add("shape/two hundred columns, pipe", write(wide, "|"), wide)
    long = texts(lambda i: "长" * 30_000, every=7)
    add("shape/fields of 30,000 characters", write(long), long)
    stuffed = texts(lambda i: '很长,"很长"\n' * 3000, every=9)
    add("shape/long quoted fields with lines", write(stuffed), stuffed)
    add("shape/one record", write(table[:2]), table[:2])
    add("shape/one record, no line end", write(table[:2]).removesuffix("\n"), table[:2])
    add("shape/no header", write(table[1:]), table[1:], header=False)
    add("shape/no header, pipe", write(table[1:], "|"), table[1:], header=False)
    add("shape/no header, quoted", write(table[1:], quoting="all"), table[1:], header=False)
    numbers = [tuple(str((i * 7 + k * 3) % 50) for k in range(5)) for i in range(15)]
    add("shape/no header, numbers", write(numbers), numbers, header=False)
    add("shape/no header, numbers, tab", write(numbers, "\t"), numbers, header=False)
    add("shape/five thousand records", write(cn(5000)), cn(5000))
    rare = [*cn(3000)[:2900], (*cn()[1][:3], "路,东", *cn()[1][4:]), *cn(3000)[2900:]]
    add("shape/first quote at line 2,900", write(rare), rare)
    more = [
        ("id", "完整姓名（含曾用名）", "居住地址（省/市/区）", "金额(元)", "更新时间[年-月-日]", "备注说明;其他"),
        *english(),
    ]
    add("shape/names with punctuation", write(more), more)
    phrases = [
        ("What is your name?", "Where do you live, now?", "How much?"),
        *((f"N{i}", f"Mill Road {i}", str(i * 3)) for i in range(12)),
    ]
    add("shape/questions as names", write(phrases), phrases)


def _spaces(add: Callable[..., None]) -> None:
    table = cn()
    add("spaces/after the delimiter", write(table, ", "), table)
    add("spaces/around the delimiter", write(table, " , "), table)
    add("spaces/after semicolons", write(table, "; "), table)
    add("spaces/around pipes", write(table, " | "), table)
    add("spaces/padded cells", "".join("|".join(c.ljust(20) for c in r) + "\n" for r in table), table)
    add("spaces/padded on the left", "".join(",".join(c.rjust(20) for c in r) + "\n" for r in table), table)
    add("spaces/lines indented", "".join("    " + line for line in write(table).splitlines(keepends=True)), table)
    add("spaces/tabs behind values", "".join(",".join(c + "\t" for c in r) + "\n" for r in table), table)
    add(
        "spaces/tab separated with spaces inside",
        write(texts(lambda i: f"a b  c {i}", en(), 2), "\t"),
        texts(lambda i: f"a b  c {i}", en(), 2),
    )
    add(
        "spaces/tabs inside a comma file",
        write(texts(lambda i: f"a\tb\tc{i}", en(), 2)),
        texts(lambda i: f"a\tb\tc{i}", en(), 2),
    )
    add("spaces/ideographic", "".join(",".join(c + "\u3000" for c in r) + "\n" for r in table), table)
    add(
        "spaces/after the delimiter, some lines",
        "".join(write([r], ", " if i % 2 else ",") for i, r in enumerate(table)),
        table,
    )
    add(
        "spaces/full and half width commas",
        write(texts(lambda i: f"路，{i}，东，西")),
        texts(lambda i: f"路，{i}，东，西"),
    )


def _locales(add: Callable[..., None]) -> None:
    def amounts(form: Callable[[int], str]) -> list[Row]:
        return texts(form, en(), 3)

    decimal = amounts(lambda i: f"{1000 + i},{i % 10}5")
    add("locale/decimal comma, semicolon", write(decimal, ";"), decimal)
    add("locale/decimal comma, tab", write(decimal, "\t"), decimal)
    add("locale/decimal comma, pipe", write(decimal, "|"), decimal)
    add("locale/decimal comma, quoted", write(decimal), decimal)
    two = [tuple(r[k] for k in (0, 3, 4)) for r in texts(lambda i: f"{i},5", decimal, 0)]
    add("locale/two decimal commas, semicolon", write([("a", "b", "c"), *two[1:]], ";"), [("a", "b", "c"), *two[1:]])
    floats = [("x", "y"), *((f"{i},5", f"{i * 2},25") for i in range(15))]
    add("locale/only decimal commas, semicolon", write(floats, ";"), floats)
    add("locale/only decimal commas, tab", write(floats, "\t"), floats)
    thousands = amounts(lambda i: f"{i + 1},234,567.00")
    add("locale/thousands, quoted", write(thousands), thousands)
    add("locale/thousands, tab", write(thousands, "\t"), thousands)
    add("locale/thousands, pipe", write(thousands, "|"), thousands)
    points = amounts(lambda i: f"{i + 1}.234.567,00")
    add("locale/points and a comma, semicolon", write(points, ";"), points)
    for name, form in {
        "currency": lambda i: f"¥{i},000.00",
        "negative in brackets": lambda i: f"({i}.50)",
        "percent": lambda i: f"{i}.5%",
        "scientific": lambda i: f"{i}.405E+17",
        "apostrophes": lambda i: f"{i + 1}'234'567",
        "Chinese units": lambda i: f"{i}万元",
    }.items():
        made = amounts(form)  # type: ignore[arg-type]
        add(f"locale/{name}", write(made), made)
    for name, form in {
        "times": lambda i: f"{i:02}:30:00",
        "slash dates": lambda i: f"2026/1/{i + 1}",
        "date and time": lambda i: f"2026-01-{i + 1:02} 08:30:00",
        "Chinese dates": lambda i: f"2026年1月{i + 1}日",
        "dates with commas": lambda i: f"Jan {i + 1}, 2026",
        "ISO with zone": lambda i: f"2026-01-{i + 1:02}T08:30:00+08:00",
    }.items():
        for delimiter in [",", ";"]:
            made = texts(form, en(), 4)  # type: ignore[arg-type]
            add(f"locale/{name} {delimiter}", write(made, delimiter), made)
    add(
        "locale/coordinates, tab",
        write(texts(lambda i: f"30.{i:04},104.{i:04}", en(), 5), "\t"),
        texts(lambda i: f"30.{i:04},104.{i:04}", en(), 5),
    )
    for name, form in {
        "lists with semicolons": lambda i: "a;b;c;d;e;f;g",
        "lists with pipes": lambda i: "a|b|c|d|e|f|g",
        "mail addresses": lambda i: f"p{i}@example.org",
        "web addresses": lambda i: f"http://example.org/a?b={i}&c=d;e",
        "IP addresses": lambda i: f"10.0.0.{i}:8080",
        "settings": lambda i: f"a={i}&b=2&c=3",
        "tildes and carets": lambda i: f"~{i}^2~x^3",
        "formulas": lambda i: f"=A{i}+B{i}*2",
        "SQL": lambda i: f"select x | y from t where a = '{i}'; drop",
        "hashtags": lambda i: f"#tag{i} #more",
        "only punctuation": lambda i: "-./:",
        "section signs": lambda i: f"§{i} 1 § 2",
    }.items():
        made = texts(form, en(), 5)  # type: ignore[arg-type]
        add(f"values/{name}", write(made), made)
        if name.startswith(("lists", "SQL", "web")):
            add(f"values/{name}, tab", write(made, "\t"), made)
            add(f"values/{name}, quoted", write(made, quoting="all"), made)
    commas = texts(lambda i: "a, b, c, d, e, f, g and h", en(), 5)
    add("values/prose with commas, tab", write(commas, "\t"), commas)
    add("values/prose with commas, pipe", write(commas, "|"), commas)
    add("values/prose with commas, semicolon", write(commas, ";"), commas)
    add("values/prose with commas, quoted", write(commas), commas)


def _combinations(add: Callable[..., None]) -> None:
    table = cn()
    inner = texts(lambda i: f"幸福路{i}号;东\n西", every=3)
    add("combined/gb18030, title, semicolon, lines, total",
        "某市人口登记表\r\n\r\n" + write(inner, ";", end="\r\n") + "合计;;;;7125.00;\r\n", inner, codec="gb18030")  # fmt: skip
    lined = texts(lambda i: f"上{i}\n下", every=2)
    total = "合计\t\t\t\t7125.00\t\r\n"
    add("combined/utf-16, tab, quoted lines, total", write(lined, "\t", end="\r\n") + total, lined, codec="utf-16")
    add("combined/BOM, sep line, trailing delimiter, CRLF", "\ufeffsep=;\r\n" + write(table, ";", end=";\r\n"), table)
    add(
        "combined/title, running header, footer",
        "某表\n" + write(table[:11]) + write(table[:1]) + write(table[11:]) + "制表人：甲某\n",
        table,
    )
    bad = write(texts(lambda i: f"幸福路{i}号,东", every=4)).splitlines(keepends=True)
    bad[6] = bad[6].replace("示例市", '"示例市', 1)
    kept = texts(lambda i: f"幸福路{i}号,东", every=4)
    add(
        "combined/title, quotes, one unclosed, footer",
        "某表\n" + "".join(bad) + "共20条\n",
        [r for i, r in enumerate(kept) if i != 6],
        rejected=1,
    )
    add("combined/gb18030, multi-character, trailing", write(table, "|!|", end="|!|\r\n"), table, codec="gb18030")
    add("combined/utf-16, multi-character", write(table, "@#@"), table, codec="utf-16")
    add("combined/comments, decimal comma, quotes", "# x, y\n" + write(texts(lambda i: f"{i},5", en(), 3), ";", quoting="all"),
        texts(lambda i: f"{i},5", en(), 3))  # fmt: skip
    add("combined/CR, BOM, single quotes", "\ufeff" + write(kept, quote="'", end="\r"), kept)
    add(
        "combined/indented, pipe, spaces, total",
        "".join("  " + " | ".join(r) + "\n" for r in table) + "  合计 | | | | 7125.00 |\n",
        table,
    )
    add("combined/backslashes, tab, gb18030", write(texts(lambda i: f'"{i}"\t东'), "\t", quoting="all", escape="backslash"),
        texts(lambda i: f'"{i}"\t东'), codec="gb18030")  # fmt: skip
    add("combined/blank lines, mixed ends, no last end",
        "".join(write([r], end=("\n", "\r\n\r\n", "\n\n")[i % 3]) for i, r in enumerate(table)).rstrip("\r\n"), table)  # fmt: skip
    add(
        "combined/padded title, total, blank delimiters",
        "某表,,,,,\n,,,,,\n" + write(table) + ",,,,,\n合计,,,,7125.00,\n",
        table,
    )
    add(
        "combined/control separator, quotes as text",
        write(texts(lambda i: f'"{i}号"院'), "\x01", quoting="none"),
        texts(lambda i: f'"{i}号"院'),
    )
    add("combined/two files put together, gb18030", write(table, end="\r\n") * 2, [*table, *table[1:]], codec="gb18030")
    add("combined/ragged, title, quotes", "某表\n" + write(kept, quoting="all") + '"1","2"\n', kept, rejected=1,
        alternatives=[[*kept[1:], ("1", "2", "", "", "", "")]])  # fmt: skip
    add("combined/psql, commas inside", "".join(" " + " | ".join(r) + "\n" for r in texts(lambda i: "a, b, c", en(), 5)) + "(20 rows)\n",
        texts(lambda i: "a, b, c", en(), 5))  # fmt: skip
    add("combined/zero bytes, gb18030, pipe", write(texts(lambda i: f"路\x00{i}", every=4), "|"), texts(lambda i: f"路\x00{i}", every=4),
        codec="gb18030")  # fmt: skip
    add(
        "combined/long preamble, tab, units",
        "".join(f"说明{i}：甲，乙，丙\n" for i in range(12)) + write(table, "\t"),
        table,
    )
    add(
        "combined/quoted, spaces, CRLF, trailing",
        "".join(", ".join(f'"{c}"' for c in r) + ",\r\n" for r in table),
        table,
    )


@functools.cache
def cases() -> tuple[Case, ...]:
    """All cases. Every name is one kind of pollution."""
    corpus = _Corpus()
    for family in (
        _delimiters, _quotes, _damage, _line_ends, _preambles, _footers, _repeats, _encodings, _shapes, _spaces, _locales, _combinations,
    ):  # fmt: skip
        family(corpus.add)
    return tuple(corpus.cases)


Reading = tuple[Sequence[str] | None, Sequence[Sequence[str | None]]]
"""What a reader makes of a file: names (None: it saw no header) and records."""


def same(case: Case, reading: Reading) -> bool:
    """The reading is exactly what a careful person reads. A reader may give its own name to a column without one, and number a name that
    comes twice."""
    names, rows = reading
    if case.header is not None:
        if names is None or len(names) != len(case.header):
            return False
        seen: list[str] = []
        for name, expected in zip(names, map(str.strip, case.header), strict=True):
            found = str(name).strip().strip("\ufeff").strip('"').strip()
            if expected and found != expected and not (expected in seen and found.startswith(expected)):
                return False
            seen.append(expected)
    elif names is not None:
        return False
    plain = [tuple((cell or "").strip() for cell in row) for row in rows]
    return any(
        plain == [tuple(cell.strip() for cell in row) for row in wanted] for wanted in (case.rows, *case.alternatives)
    )
