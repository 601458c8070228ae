"""A second corpus: small files as real producers write them (R, instruments, statistical yearbooks, ministries'
spending files, Excel, databases, surveys), by kind, each with the reading of a careful person. Where pollution.py
spoils a good file, here nothing is spoilt: the producer means it so. Contents are made up.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from . import statistics_offices
from .pollution import Case, Row, write

CARS: list[Row] = [
    ("Mazda RX4", "21", "6", "160.5"), ("Datsun 710", "22.8", "4", "108"), ("Hornet 4 Drive", "21.4", "6", "258"),
    ("Valiant", "18.1", "6", "225"), ("Merc 240D", "24.4", "4", "146.7"), ("Fiat 128", "32.4", "4", "78.7"),
]  # fmt: skip
CAR_NAMES: Row = ("model", "mpg", "cyl", "disp")
READINGS: list[Row] = [
    (f"2024-03-{1 + n // 24:02} {n % 24:02}:00:00", f"{12.5 + n / 8:.3f}", f"{1013 - n}", f"{n * 0.25:.2f}")
    for n in range(30)
]
SPENDING: list[Row] = [
    ("Department for Example", f"{1 + n % 28:02}/04/2019", ("IT, hardware", "Rent", "Travel & subsistence")[n % 3], f"Supplier {n} Ltd",
     str(50_0001 + n), f"{25_000 + n * 137.5:,.2f}") for n in range(25)
]  # fmt: skip
SPENDING_NAMES: Row = ("Entity", "Date of Payment", "Expense Type", "Supplier", "Transaction Number", "Amount (£)")
YEARS: list[Row] = [
    (region, *(f"{1000 + 37 * n + 11 * year}" for year in range(5)))
    for n, region in enumerate(["全市", "东岭区", "西岭区", "南泽县", "北泽县", "开发区"])
]  # fmt: skip
YEAR_NAMES: Row = ("地区", "2019", "2020", "2021", "2022", "2023")
COMMENTS = ("fine, thanks", 'he said "ok"', "", "line one\nline two")
SURVEY: list[Row] = [
    (str(n), f"2023-05-{1 + n % 30:02}T10:15:00Z", ("Yes", "No", "Don't know")[n % 3], COMMENTS[n % 4],
     str(n % 5)) for n in range(1, 21)
]  # fmt: skip
SURVEY_NAMES: Row = ("id", "submitted", "Do you have access to improved drinking water in your household?",
                     "Any other comments you would like to make",                     "score")  # fmt: skip


def _quoted(rows: Sequence[Row]) -> list[Row]:
    return [tuple(cell if cell.replace(".", "", 1).isdigit() else f'"{cell}"' for cell in row) for row in rows]


def _joined(rows: Sequence[Row], delimiter: str, end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in rows)


class _Corpus:
    def __init__(self) -> None:
        self.cases: list[Case] = []

    def add(
        self,
        name: str,
        text: str | bytes,
        header: Row | None,
        rows: Sequence[Row],
        codec: str = "utf-8",
        rejected: int = 0,
    ) -> None:
        data = text if isinstance(text, bytes) else text.encode(codec)
        self.cases.append(Case(name, data, header, tuple(rows), rejected, (), codec))


def _r(corpus: _Corpus) -> None:
    named, values = ("列1", *CAR_NAMES[1:]), CARS
    for label, delimiter in (("blank", " "), ("tab", "\t"), ("comma", ","), ("semicolon", ";")):
        head = delimiter.join(f'"{name}"' for name in CAR_NAMES[1:]) + "\n"
        corpus.add(f"R/write.table {label}", head + _joined(_quoted(values), delimiter), named, values)
        numbers = [(str(n), *row) for n, row in enumerate(values, 1)]
        head = delimiter.join(f'"{name}"' for name in CAR_NAMES) + "\n"
        body = _joined([(f'"{n}"', *row) for (n, *_), row in zip(numbers, _quoted(values), strict=True)], delimiter)
        corpus.add(f"R/write.table row numbers {label}", head + body, ("列1", *CAR_NAMES), numbers)
    corpus.add("R/write.csv", '"","mpg","cyl","disp"\n' + _joined(_quoted(values), ","), named, values)
    commas: list[Row] = [(row[0], *(cell.replace(".", ",") for cell in row[1:])) for row in values]
    corpus.add(
        "R/write.csv2",
        '"";"mpg";"cyl";"disp"\n' + "".join(f'"{row[0]}";' + ";".join(row[1:]) + "\n" for row in commas),
        named,
        commas,
    )
    plain = [(row[0].replace(" ", "_"), *row[1:]) for row in values]
    corpus.add("R/write.table without quotes", "mpg cyl disp\n" + _joined(plain, " "), named, plain)
    corpus.add("R/write.table without row names", _joined([CAR_NAMES, *plain], " "), CAR_NAMES, plain)
    missing: list[Row] = [(row[0], "NA", *row[2:]) for row in values]
    corpus.add(
        "R/NA",
        _joined(_quoted([CAR_NAMES]), ",") + "".join(f'"{row[0]}",' + ",".join(row[1:]) + "\n" for row in missing),
        CAR_NAMES,
        missing,
    )


def _instruments(corpus: _Corpus) -> None:
    names: Row = ("Timestamp", "Temp (°C)", "Pressure [hPa]", "Rain mm")
    lines = "Logger: X-200\nSerial: 004711\nSite: Example Hill\n\n"
    for label, delimiter in (("comma", ","), ("tab", "\t"), ("semicolon", ";")):
        corpus.add(f"instruments/header block {label}", lines + _joined([names, *READINGS], delimiter), names, READINGS)
        corpus.add(f"instruments/plain {label}", _joined([names, *READINGS], delimiter, "\r\n"), names, READINGS)
    corpus.add(
        "instruments/comment lines",
        "# device X-200\n# firmware 1.2\n" + _joined([names, *READINGS], ","),
        names,
        READINGS,
    )
    corpus.add("instruments/Latin-1", _joined([names, *READINGS], ";"), names, READINGS, "cp1252")
    commas = [(row[0], *(cell.replace(".", ",") for cell in row[1:])) for row in READINGS]
    corpus.add("instruments/decimal comma", _joined([names, *commas], ";"), names, commas)
    corpus.add("instruments/no header", _joined(READINGS, ","), None, READINGS)
    scans: list[Row] = [(f"{200 + n}", f"{0.1 + n / 97:.5f}", f"{-1.5 + n / 50:.5f}") for n in range(40)]
    corpus.add(
        "instruments/spectrum",
        _joined([("wavelength", "absorbance", "baseline"), *scans], "\t"),
        ("wavelength", "absorbance", "baseline"),
        scans,
    )
    corpus.add("instruments/spectrum without header", _joined(scans, "\t"), None, scans)
    corpus.add(
        "instruments/one value a line", "".join(f"{row[1]}\n" for row in scans), None, [(row[1],) for row in scans]
    )
    exponents: list[Row] = [(str(n), f"{n * 1.5:.4E}", f"{n - 20:+.3e}") for n in range(1, 30)]
    corpus.add("instruments/exponents", _joined([("n", "x", "y"), *exponents], ","), ("n", "x", "y"), exponents)


def _yearbooks(corpus: _Corpus) -> None:
    title = "3-1 各区县年末常住人口\n"
    for codec in ("utf-8", "gb18030"):
        corpus.add(f"yearbook/title {codec}", title + _joined([YEAR_NAMES, *YEARS], ","), YEAR_NAMES, YEARS, codec)
        corpus.add(
            f"yearbook/title padded {codec}",
            "3-1 各区县年末常住人口,,,,,\n" + _joined([YEAR_NAMES, *YEARS], ","),
            YEAR_NAMES,
            YEARS,
            codec,
        )
        unit = title + "单位：万人\n" + _joined([YEAR_NAMES, *YEARS], ",") + "注：2020年为普查数。\n"
        corpus.add(f"yearbook/unit and note {codec}", unit, YEAR_NAMES, YEARS, codec)
    spaced = [(row[0], *(cell[:1] + "," + cell[1:] for cell in row[1:])) for row in YEARS]
    corpus.add("yearbook/thousands", write([YEAR_NAMES, *spaced]), YEAR_NAMES, spaced)
    corpus.add("yearbook/thousands tab", _joined([YEAR_NAMES, *spaced], "\t"), YEAR_NAMES, spaced)
    marked: list[Row] = [(row[0], "…", "-", *row[3:]) for row in YEARS]
    corpus.add("yearbook/marks for missing", _joined([YEAR_NAMES, *marked], ","), YEAR_NAMES, marked)
    source = _joined([YEAR_NAMES, *YEARS], ",") + "\n数据来源：示例市统计局\n"
    corpus.add("yearbook/source below", source, YEAR_NAMES, YEARS)


def _spending(corpus: _Corpus) -> None:
    for label, delimiter in (("comma", ","), ("semicolon", ";"), ("tab", "\t")):
        corpus.add(f"spending/plain {label}", write([SPENDING_NAMES, *SPENDING], delimiter), SPENDING_NAMES, SPENDING)
    corpus.add("spending/cp1252", write([SPENDING_NAMES, *SPENDING], end="\r\n"), SPENDING_NAMES, SPENDING, "cp1252")
    pounds = [(*row[:-1], f"£{row[-1]}") for row in SPENDING]
    corpus.add("spending/signs", write([SPENDING_NAMES, *pounds]), SPENDING_NAMES, pounds)
    bare: list[Row] = [
        (*row[:2], row[2].replace(",", ""), row[3], row[4], "$" + row[5].replace(",", "")) for row in SPENDING
    ]
    corpus.add("spending/dollars", _joined([SPENDING_NAMES, *bare], ","), SPENDING_NAMES, bare)
    corpus.add("spending/dollars without header", _joined(bare, ","), None, bare)
    corpus.add("spending/brackets", write([SPENDING_NAMES, *((*row[:-1], f"({row[-1]})") for row in SPENDING)]), SPENDING_NAMES,
               [(*row[:-1], f"({row[-1]})") for row in SPENDING])  # fmt: skip
    title = "Spend over £25,000 April 2019,,,,,\n,,,,,\n"
    corpus.add("spending/title", title + write([SPENDING_NAMES, *SPENDING]), SPENDING_NAMES, SPENDING)
    blank = "".join(",,,,,\n" for _ in range(40))
    corpus.add("spending/blank rows below", write([SPENDING_NAMES, *SPENDING]) + blank, SPENDING_NAMES, SPENDING)
    wide = [SPENDING_NAMES, *SPENDING]
    corpus.add("spending/empty columns right", write([(*row, "", "") for row in wide]), SPENDING_NAMES, SPENDING)
    corpus.add("spending/total", write(wide) + 'Total,,,,,"661,000.00"\n', SPENDING_NAMES, SPENDING)


def _excel(corpus: _Corpus) -> None:
    data = [SURVEY_NAMES, *SURVEY]
    corpus.add("Excel/CSV UTF-8", "\ufeff" + write(data, end="\r\n"), SURVEY_NAMES, SURVEY)
    corpus.add(
        "Excel/Unicode text",
        "\ufeff".encode("utf-16-le") + write(data, "\t", end="\r\n").encode("utf-16-le"),
        SURVEY_NAMES,
        SURVEY,
        "utf-16",
    )
    corpus.add("Excel/semicolon", write(data, ";", end="\r\n"), SURVEY_NAMES, SURVEY)
    corpus.add("Excel/sep=", "sep=;\r\n" + write(data, ";", end="\r\n"), SURVEY_NAMES, SURVEY)
    corpus.add("Excel/Macintosh", write(CARS_TABLE, end="\r"), CAR_NAMES, CARS)
    formulas = [(row[0], f'="{row[1]}"', *row[2:]) for row in CARS]
    corpus.add("Excel/formulas for text", write([CAR_NAMES, *formulas], ";"), CAR_NAMES, formulas)
    corpus.add("Excel/GBK", write([YEAR_NAMES, *YEARS], end="\r\n"), YEAR_NAMES, YEARS, "gb18030")
    errors: list[Row] = [(row[0], "#N/A", *row[2:]) for row in CARS]
    corpus.add("Excel/errors", write([CAR_NAMES, *errors]), CAR_NAMES, errors)


def _databases(corpus: _Corpus) -> None:
    for label, quoting in (("minimal", "minimal"), ("all", "all"), ("text", "text")):
        corpus.add(f"database/COPY quotes {label}", write([CAR_NAMES, *CARS], quoting=quoting), CAR_NAMES, CARS)
    table = _joined([CAR_NAMES, *CARS], "\t")
    corpus.add("database/mysql --batch", table, CAR_NAMES, CARS)
    corpus.add("database/pg COPY text", table + "\\.\n", CAR_NAMES, CARS)
    corpus.add("database/mysql OUTFILE", table.replace("Valiant", "Val\\\tiant") , CAR_NAMES,
               [(row[0].replace("Valiant", "Val\tiant"), *row[1:]) for row in CARS])  # fmt: skip
    corpus.add("database/Oracle", write([CAR_NAMES, *CARS], quoting="all") + "\n已选择6行。\n", CAR_NAMES, CARS)
    corpus.add(
        "database/sqlcmd",
        _joined([CAR_NAMES, ("-----", "---", "---", "----"), *CARS], "|") + "\n(6 rows affected)\n",
        CAR_NAMES,
        CARS,
    )
    corpus.add("database/psql unaligned", _joined([CAR_NAMES, *CARS], "|") + "(6 rows)\n", CAR_NAMES, CARS)
    corpus.add("database/Hive", _joined([tuple(f"t_car.{name}" for name in CAR_NAMES), *CARS], "\t"),
               tuple(f"t_car.{name}" for name in CAR_NAMES), CARS)  # fmt: skip


def _people(corpus: _Corpus) -> None:
    """What people type, and other programs' habits."""
    names: Row = ("prénom", "ville", "âge")
    rows: list[Row] = [
        ("Zoé", "Orléans", "31"),
        ("Anaïs", "Besançon", "27"),
        ("René", "Sète", "54"),
        ("Aline", "Paris", "22"),
    ]
    for codec in ("cp1252", "utf-8"):
        corpus.add(f"people/French {codec}", _joined([names, *rows], ";"), names, rows, codec)
    german: list[Row] = [("Müller", "Köln", "1"), ("Weiß", "Zürich", "2"), ("Jäger", "Graz", "3")]
    corpus.add(
        "people/German cp1252", _joined([("Name", "Ort", "Nr"), *german], ","), ("Name", "Ort", "Nr"), german, "cp1252"
    )
    inches: list[Row] = [("pipe", '5"', '7"'), ("plate", '6"', '12"'), ("rod", '1"', "")]
    corpus.add("people/inches", _joined([("what", "w", "h"), *inches], ","), ("what", "w", "h"), inches)
    long = "Percentage of the population aged 15 and over who can read and write a short statement"
    numbers: list[Row] = [(str(2000 + n), f"{80 + n}.5") for n in range(12)]
    corpus.add("people/long names", _joined([("year", long), *numbers], ","), ("year", long), numbers)
    urls: list[Row] = [(str(n), f"https://example.org/a?b={n}&c=1", f"12:{n:02}") for n in range(10, 30)]
    corpus.add("people/addresses", _joined([("n", "url", "time"), *urls], ","), ("n", "url", "time"), urls)
    lists: list[Row] = [(str(n), "a;b;c", "x|y") for n in range(1, 15)]
    corpus.add("people/lists in cells", _joined([("n", "tags", "kinds"), *lists], ","), ("n", "tags", "kinds"), lists)
    words: list[Row] = [("yes", "no"), ("maybe", "no"), ("no", "yes")]
    corpus.add("people/words only", _joined([("before", "after"), *words], ","), ("before", "after"), words)
    spaced = [tuple(f" {cell}" if n else cell for n, cell in enumerate(row)) for row in [CAR_NAMES, *CARS]]
    corpus.add("people/blank behind comma", _joined(spaced, ","), CAR_NAMES, CARS)
    jsons: list[Row] = [(str(n), '{"a": 1, "b": "x"}') for n in range(1, 12)]
    corpus.add("people/JSON in cells", write([("n", "payload"), *jsons]), ("n", "payload"), jsons)


CARS_TABLE: list[Row] = [CAR_NAMES, *CARS]


@functools.cache
def cases() -> tuple[Case, ...]:
    """All kinds, the same on every machine."""
    corpus = _Corpus()
    for part in (_r, _instruments, _yearbooks, _spending, _excel, _databases, _people):
        part(corpus)
    for more in statistics_offices.PARTS:
        more(corpus.add)
    return tuple(corpus.cases)
