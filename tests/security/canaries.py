"""A thousand values that must never leave the data tables, deliveries full of them, and the search for them in every
byte of a folder.

Names and addresses carry two rare characters that stand nowhere else, id numbers the region and birth year below,
phones their first eight digits: so a value that was cut, padded or reshaped is found as surely as a whole one. None can
be a real person's.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date as Date
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import openpyxl.comments

from govdata.deployment import Deployment
from govdata.sample.identifiers import citizen_ids, yyyymmdd

NAMES, IDS, PHONES, ADDRESSES = 300, 300, 200, 200
MARK = "龘龗"
"""Stands in every canary name and address and nowhere else."""
ID_MARK = "1901991955"
"""Region and birth year of every canary id; neither the sample city nor a standard has it."""
PHONE_MARK = "17977312"
"""Eight digits: shorter ones turn up by themselves in the fractions of Dagster's times."""
_DIVISION = 190199
_GIVEN = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩"


@dataclass(frozen=True)
class Canaries:
    names: tuple[str, ...]
    ids: tuple[str, ...]
    phones: tuple[str, ...]
    addresses: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return self.names + self.ids + self.phones + self.addresses


@cache
def canaries() -> Canaries:
    days = np.arange(IDS) + (np.datetime64("1955-01-01") - np.datetime64("1970-01-01")).astype(int)
    ids = citizen_ids(np.full(IDS, _DIVISION), yyyymmdd(days), 100 + np.arange(IDS) * 2).to_pylist()  # even: female
    return Canaries(
        names=tuple(f"{_SURNAMES[n // len(_GIVEN)]}{MARK}{_GIVEN[n % len(_GIVEN)]}" for n in range(NAMES)),
        ids=tuple(ids),
        phones=tuple(f"{PHONE_MARK}{n:03d}" for n in range(PHONES)),
        addresses=tuple(
            f"示例市东湖区{MARK}园路{n + 1}号{n % 9 + 1}栋{n % 4 + 1}单元{301 + n}室" for n in range(ADDRESSES)
        ),
    )


# ----------------------------------------------------------------------------------------------------------- the search


def _written(mark: str) -> set[bytes]:
    """The bytes ``mark`` may be written as."""
    escaped = json.dumps(mark)[1:-1]
    forms = {mark.encode("utf-8"), mark.encode("utf-16-le"), mark.encode("utf-16-be"), mark.encode("gb18030")}
    forms |= {escaped.encode(), escaped.upper().replace("\\U", "\\u").encode(), escaped.replace("\\", "\\\\").encode()}
    forms.add("".join(f"%{byte:02X}" for byte in mark.encode()).encode())  # in a URL
    forms.add(ascii(mark.encode())[2:-1].encode())  # Python's own spelling of bytes
    forms.add("".join(f"&#{ord(char)};" for char in mark).encode())  # in a page
    return forms


_FORMS = re.compile(
    b"|".join(re.escape(form) for mark in (MARK, ID_MARK, PHONE_MARK) for form in sorted(_written(mark)))
)


def found_in(content: bytes) -> list[int]:
    """The positions of canaries in ``content``."""
    return [match.start() for match in _FORMS.finditer(content)]


def leaks(folder: Path, is_table: Callable[[Path], bool]) -> dict[str, int]:
    """Relative path → canaries in its content or its name, of every file and folder below ``folder`` that is no data
    table."""
    hits: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if is_table(inside):
            continue
        count = len(found_in(str(inside).encode("utf-8", "surrogateescape")))
        if path.is_file() and not path.is_symlink():
            count += len(found_in(_content(path)))
        if count:
            hits[str(inside)] = count
    return hits


def _content(path: Path) -> bytes:
    """What a file holds; of a Word document what its packed parts hold."""
    if path.suffix != ".docx":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def is_table(path: Path) -> bool:
    """What may hold records: the deliveries themselves, Parquet files of the lake and of the snapshots, and the
    workbooks that tell a department of its own rows (``in_workbooks`` looks into them)."""
    if path.parts[:2] == ("data", "landing"):
        return True
    if path.parts[:2] == ("data", "workorders") and "_events" not in path.parts:
        return path.suffix in (".xlsx", ".csv")
    return path.suffix == ".parquet" and path.parts[:2] in (("data", "lake"), ("data", "published"))


# ------------------------------------------------------------------------------------------------------- the deliveries


def plant(deployment: Deployment, date: Date) -> None:
    """Put canaries into the committed deliveries of ``date``: in cells good and bad, malformed lines, unknown columns
    and their headers, sheet names. Each dataset stays publishable."""
    take = _Take(canaries())
    _csv(_file(deployment, "population", date, "*190101*"), "gb18030", ",", _person, take)
    _csv(_file(deployment, "legal_person", date, "*"), "utf-8-sig", ",", _company, take)
    _csv(_file(deployment, "education", date, "中小学*"), "utf-8", "|", _pupil, take)
    _workbook(_file(deployment, "marriage", date, "*.xlsx"), take)
    _lines(_file(deployment, "birth", date, "*.jsonl"), take)
    _csv(_file(deployment, "house", date, "*"), "gb18030", ",", _owner, take)


def plant_refused(deployment: Deployment, date: Date) -> None:
    """Deliveries of ``date`` that must be refused or blocked, each in its own way, with canaries where the reason is
    found."""
    take = _Take(canaries())
    people = _only(deployment, "population", date, "人口.csv")  # no header: the first record stands where it should be
    rows = [
        [take.id(), take.name(), "2", "01", "19550101", "190101", take.address(), take.address(), take.phone()]
        for _ in range(60)
    ]
    people.write_text("".join(",".join(row) + "\n" for row in rows), encoding="gb18030")
    firms = _only(deployment, "legal_person", date, "法人.csv")  # the same column twice, and a canary for a header
    firms.write_text(
        f"企业名称,企业名称,{take.name()},{take.id()}\n{take.name()},x,{take.id()},{take.phone()}\n", encoding="utf-8"
    )
    pupils = _only(
        deployment, "education", date, "学籍.txt"
    )  # lines that end in a NUL, an unclosed quote and no known header
    pupils.write_bytes(
        f'{take.name()}|"{take.id()}|{take.address()}\n{take.phone()}\x00|{take.name()}\n'.encode("gb18030")
    )
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = take.name()
    sheet.append(["证书字号", "男方姓名", "女方姓名", take.id(), take.address()])
    sheet.append(["J190101-2026-000001", take.name(), take.name(), take.phone(), take.address()])
    sheet["C3"] = f'=CONCATENATE("{take.name()}","{take.id()}")'  # a formula without a stored result
    book.save(_only(deployment, "marriage", date, "婚姻.xlsx"))
    births = _only(deployment, "birth", date, "出生.jsonl")  # every row is bad: the quarantine check blocks
    names = ("CSYXZMBH", "XSEXM", "XB", "CSSJ", "CSTZ")
    records = [
        dict(zip(names, (take.name(), take.id(), take.phone(), take.address(), take.name()), strict=True))
        for _ in range(40)
    ]
    needed = {
        "MQXM": take.phone(),
        "MQSFZH": take.name(),
        "QFRQ": take.id(),
        "CSDXZQH": take.address(),
        "CZLX": take.name(),
    }
    optional = dict.fromkeys(("CSYZ", "MQNL", "FQXM", "FQSFZH", "FQNL", "CSDD", "JSJGMC", "JSJGDM"), take.address())
    births.write_text(
        "".join(json.dumps(record | needed | optional, ensure_ascii=False) + "\n" for record in records),
        encoding="utf-8",
    )


@dataclass
class _Take:
    """Hands out the canaries one after another, from the first again when they are used up."""

    pool: Canaries
    _taken: int = 0

    def _next(self, values: tuple[str, ...]) -> str:
        self._taken += 1
        return values[self._taken % len(values)]

    def name(self) -> str:
        return self._next(self.pool.names)

    def id(self) -> str:
        return self._next(self.pool.ids)

    def phone(self) -> str:
        return self._next(self.pool.phones)

    def address(self) -> str:
        return self._next(self.pool.addresses)


Row = dict[str, str]


def _person(row: Row, take: _Take, good: bool) -> None:
    row |= {"GMSFHM": take.id(), "XM": take.name(), "HJDZ": take.address(), "XZZ": take.address(), "LXDH": take.phone()}
    if good:  # the id agrees with the row: it is published; otherwise it is quarantined
        row |= {"XB": "2", "CSRQ": row["GMSFHM"][6:14], "HYZK": "21", "DJRQ": "19560601", "MZ": "01"}
    else:
        row |= {"CSRQ": row["XM"], "XB": take.name()}


def _company(row: Row, take: _Take, good: bool) -> None:
    row |= {
        "法定代表人": take.name(),
        "证件类型": "居民身份证",
        "证件号码": take.id(),
        "住所": take.address(),
        "联系电话": take.phone(),
    }
    if not good:
        row |= {"注册资本": take.phone(), "成立日期": take.name(), "币种": take.id()}


def _pupil(row: Row, take: _Take, good: bool) -> None:
    row |= {"XM": take.name()}
    if not good:
        row |= {"SFZJH": take.id(), "RXRQ": take.address(), "XDM": take.phone()}


def _owner(row: Row, take: _Take, good: bool) -> None:
    row |= {"QLRMC": take.name(), "ZJH": take.id(), "ZL": take.address()}
    if not good:
        row |= {"JZMJ": take.phone(), "DJSJ": take.name(), "QLBL": take.id()}


def _csv(path: Path, encoding: str, delimiter: str, change: Callable[[Row, _Take, bool], None], take: _Take) -> None:
    with open(path, encoding=encoding, newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        header = list(reader.fieldnames or ())
        rows = [{name: row.get(name) or "" for name in header} for row in reader]
    for number, row in enumerate(rows):
        if number % 5 < 2:
            change(row, take, number % 5 == 0)
    unknown = [take.name(), take.id(), take.address()]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*header, *unknown])
    for row in rows:
        writer.writerow([*row.values(), take.name(), take.id(), take.phone()])
    malformed = [delimiter.join([take.id(), take.name()]), delimiter.join([take.name()] * (len(header) + 9))]
    malformed += [
        f'{take.id()}{delimiter}"{take.name()}{delimiter}{take.address()}',
        f"{take.phone()}\x00{take.name()}",
    ]
    path.write_text(out.getvalue() + "".join(line + "\n" for line in malformed), encoding=encoding, newline="")


def _workbook(path: Path, take: _Take) -> None:
    book = openpyxl.load_workbook(path)
    for sheet in book:
        for number, cells in enumerate(sheet.iter_rows(min_row=5)):
            if number % 10 < 2 and cells[0].value and len(cells) > 12:
                cells[5].value, cells[6].value, cells[10].value = take.name(), take.id(), take.name()
                if number % 10 == 1:
                    cells[2].value, cells[7].value, cells[12].value = take.address(), take.name(), take.phone()
    copied = book.copy_worksheet(book.worksheets[-1])
    copied.title = take.name()  # a sheet that is read
    other = book.create_sheet(take.name() + take.phone())  # and one that is not
    other.append([take.name(), take.id(), take.address()])
    other["B3"] = take.id()
    other["B3"].comment = openpyxl.comments.Comment(take.name(), take.name())
    book.properties.creator = take.name()
    book.save(path)


def _lines(path: Path, take: _Take) -> None:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    changed: list[str] = []
    for number, line in enumerate(lines):
        if number % 5 < 2:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            record |= {
                "MQXM": take.name(),
                "MQSFZH": take.id(),
                take.name(): take.address(),
                take.id(): {take.phone(): [take.name()]},
            }
            if number % 5 == 1:
                record |= {"CSTZ": take.phone(), "CSSJ": take.name(), "XB": take.id()}
            line = json.dumps(record, ensure_ascii=number % 10 == 1)
        changed.append(line)
    changed += [
        f'{{"MQXM": "{take.name()}", "MQSFZH": {take.id()}',
        f"{take.address()} {take.phone()}",
        f'["{take.name()}"]',
    ]
    path.write_text("".join(line + "\n" for line in changed), encoding="utf-8")


def _file(deployment: Deployment, dataset: str, date: Date, pattern: str) -> Path:
    (path,) = deployment.delivery(dataset, date).glob(pattern)
    return path


def _only(deployment: Deployment, dataset: str, date: Date, name: str) -> Path:
    """The one file of an otherwise emptied delivery folder."""
    folder = deployment.delivery(dataset, date)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    return folder / name


def in_workbooks(deployment: Deployment) -> dict[str, set[str]]:
    """Department → the canaries in the cells of its workbooks."""
    found: dict[str, set[str]] = {}
    pool = set(canaries().all)
    for path in sorted(deployment.workorders.glob("*/*.xlsx")):
        cells = {
            str(cell.value)
            for sheet in openpyxl.load_workbook(path)
            for row in sheet.iter_rows()
            for cell in row
            if cell.value
        }
        text = "\n".join(cells)
        found.setdefault(path.parent.name, set()).update(value for value in pool if value in text)
    return found


def in_tables(deployment: Deployment, datasets: str = "*") -> Iterator[str]:
    """Every canary that stands in some table of the lake: that they went through the whole house is what makes the
    search worth it."""
    import duckdb

    lake = deployment.data / "lake"
    files = [str(path) for stage in ("raw", "rejected") for path in lake.glob(f"{stage}/{datasets}/**/*.parquet")]
    pool = set(canaries().all)
    with duckdb.connect() as connection:
        for file in files:
            table = connection.sql("SELECT * FROM read_parquet(?)", params=[file]).to_arrow_table()
            text = "\n".join(json.dumps(row, ensure_ascii=False, default=str) for row in table.to_pylist())
            yield from {value for value in pool if value in text}
