"""More of what real producers write, for ``producers``: statistics offices, banks and payment services, survey tools,
scientific programs. Each kind is laid out as its producer lays it out; contents are made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .pollution import Row, write

Add = Callable[..., None]

YEARS: Row = ("2019", "2020", "2021", "2022")
PLACES = ("Arland", "Borland", "Corland", "Dorland", "Erland", "Forland")
FIGURES: list[Row] = [
    (name, f"{name[0]}RL", *(f"{10 + place + year / 4:.2f}" for year in range(4))) for place, name in enumerate(PLACES)
]
PAYMENTS: list[Row] = [
    (f"2026-03-{day:02} 12:0{day % 10}:00", "商户消费", f"某商店{day}", "支出", f"{day * 7.5:.2f}", "支付成功")
    for day in range(1, 13)
]
PAYMENT_NAMES: Row = ("交易时间", "交易类型", "交易对方", "收/支", "金额(元)", "当前状态")
ANSWERS: list[Row] = [
    (
        f"3/{day}/2026 9:15:00",
        ("Yes", "No")[day % 2],
        "line one\nline two" if day % 4 == 0 else "fine, thanks",
        str(day),
    )
    for day in range(1, 15)
]
QUESTIONS: Row = ("Timestamp", "Do you agree?", "What could we do better, in your own words?", "Age")
SAMPLES: list[Row] = [(f"{n * 0.001:.3f}", f"{n * n / 7:.4f}", f"{-n / 3:.4f}") for n in range(30)]
SITES: list[Row] = [("USGS", f"0912{n:04}", f"2026-02-{n:02}", f"{n * 3.5:.1f}", "A") for n in range(1, 20)]
MONTHS: list[Row] = [
    (f"2025年{month}月", f"{100 + month / 10:.1f}", f"{99 + month / 5:.1f}", f"{98 + month / 4:.1f}")
    for month in range(1, 13)
]
VISITS: list[Row] = [
    (minister, date, place, purpose, "Scheduled", "£250")
    for minister in ("Rt Hon A Example", "B Sample MP")
    for date, place, purpose in (("03-Jul", "Paris", "Summit"), ("14-Aug", "Oslo", "Bilateral, trade"), ("Nil", "", ""))
]
VISIT_NAMES: Row = ("Minister", "Date of trip", "Destination", "Purpose of trip", "Mode of transport", "Cost")


def _lines(rows: Sequence[Row], mark: str = ",", end: str = "\n") -> str:
    return "".join(mark.join(row) + end for row in rows)


def statistics(add: Add) -> None:
    names: Row = ("Country Name", "Country Code", *YEARS)
    quoted = [(*(f'"{cell}"' for cell in row), "") for row in [names, *FIGURES]]
    above = '"Data Source","Example Development Indicators",\n\n"Last Updated Date","2026-03-01",\n\n'
    add("statistics/bank of figures", "\ufeff" + above + _lines(quoted, end="\r\n"), names, FIGURES)
    missing: list[Row] = [(f"{row[1]},TOT", ": ", *row[3:]) for row in FIGURES]
    europe: Row = ("unit,geo\\time", *YEARS)
    add("statistics/tab and comma", _lines([europe, *missing], "\t"), europe, missing)
    title = "表1 居民消费价格指数\n数据库：月度数据\n时间：最近12个月\n"
    index: Row = ("指标", "全国", "城市", "农村")
    for codec in ("utf-8", "gb18030"):
        below = "数据来源：某统计局\n"
        add(f"statistics/monthly {codec}", title + _lines([index, *MONTHS]) + below, index, MONTHS, codec)
    semicolons = [tuple(cell.replace(".", ",") for cell in row) for row in FIGURES]
    add("statistics/decimal comma", _lines([names, *semicolons], ";"), names, semicolons)
    guarded: list[Row] = [(row[0], f'="{row[1]}"', *row[2:]) for row in FIGURES]
    add("statistics/codes guarded", write([names, *guarded]), names, guarded)
    two = "Table 2.1,,,,,\nPersons by country (thousand),,,,,\n,,,,,\n"
    note = ",,,,,\nNote: figures are rounded.,,,,,\nSource: Example Office,,,,,\n"
    add("statistics/title, note, source", two + _lines([names, *FIGURES]) + note, names, FIGURES)
    stars: list[Row] = [(row[0], row[1], "..", "-", *row[4:]) for row in FIGURES]
    add("statistics/marks", _lines([names, *stars], "\t"), names, stars)


def payments(add: Add) -> None:
    dashes = "-" * 24
    above = (
        f"账单明细,,,,,\n起始时间：[2026-03-01],,,,,\n导出时间：[2026-04-01],,,,,\n,,,,,\n{dashes}列表{dashes},,,,,\n"
    )
    for codec in ("utf-8", "gb18030"):
        text = above + _lines([PAYMENT_NAMES, *PAYMENTS], end="\r\n")
        add(f"payments/account {codec}", text, PAYMENT_NAMES, PAYMENTS, codec)
    tabs = [tuple(f"{cell}\t" for cell in row) for row in PAYMENTS]
    add("payments/tabs behind cells", _lines([PAYMENT_NAMES, *tabs]), PAYMENT_NAMES, PAYMENTS)
    ended = _lines([(*row, "") for row in [PAYMENT_NAMES, *PAYMENTS]])
    add("payments/comma behind lines", ended, PAYMENT_NAMES, PAYMENTS)
    foot = "合计,,,,585.00,\n共12笔记录\n"
    add("payments/total and count", _lines([PAYMENT_NAMES, *PAYMENTS]) + foot, PAYMENT_NAMES, PAYMENTS)
    bank: Row = ("Buchungstag", "Wertstellung", "Umsatzart", "Betrag")
    booked: list[Row] = [
        (f"{day:02}.03.2026", f"{day:02}.03.2026", "Überweisung", f"-{day},50") for day in range(1, 15)
    ]
    above = '"Konto:";"00471100"\n"Zeitraum:";"01.03.2026 - 31.03.2026"\n\n'
    add("payments/German bank", above + _lines([bank, *booked], ";"), bank, booked, "cp1252")


def surveys(add: Add) -> None:
    add("surveys/form", write([QUESTIONS, *ANSWERS], quoting="all"), QUESTIONS, ANSWERS)
    add("surveys/form, Windows", write([QUESTIONS, *ANSWERS], end="\r\n"), QUESTIONS, ANSWERS)
    chosen: list[Row] = [(str(n), "A;B" if n % 2 else "C", "√" if n % 3 else "", f"意见{n}") for n in range(1, 15)]
    asked: Row = ("序号", "1.您使用过哪些服务？（多选）", "2.是否满意", "3.其他意见和建议")
    for codec in ("utf-8", "gb18030"):
        add(f"surveys/questionnaire {codec}", _lines([asked, *chosen]), asked, chosen, codec)
    scales: list[Row] = [tuple(str((n * k) % 5 + 1) for k in range(1, 9)) for n in range(1, 20)]
    items: Row = tuple(f"Q{n}_{n % 3}" for n in range(1, 9))
    add("surveys/scales", _lines([items, *scales]), items, scales)


def science(add: Add) -> None:
    add("science/matrix", _lines(SAMPLES), None, SAMPLES)
    add("science/savetxt", "# t x y\n" + _lines(SAMPLES, " "), ("t", "x", "y"), SAMPLES)
    frame: list[Row] = [(str(n), *row) for n, row in enumerate(SAMPLES)]
    add("science/data frame", _lines([("", "t", "x", "y"), *frame]), ("列1", "t", "x", "y"), frame)
    scope = "Model,X-4000\nFirmware,1.2\nSample Interval,0.001,s\n\n"
    add("science/oscilloscope", scope + _lines([("Time", "CH1", "CH2"), *SAMPLES]), ("Time", "CH1", "CH2"), SAMPLES)
    river: Row = ("agency_cd", "site_no", "datetime", "discharge", "quality")
    comments = "# retrieved: 2026-03-01\n#\n# Data provided for site\n#\n"
    add("science/comments and tabs", comments + _lines([river, *SITES], "\t"), river, SITES)
    spaced = [tuple(f"{cell:>12}" for cell in row) for row in [("t", "x", "y"), *SAMPLES]]
    add("science/padded and comma", _lines(spaced), ("t", "x", "y"), SAMPLES)
    names: Row = ("Wavelength (nm)", "Abs. [a.u.]", "Std. dev. (±)")
    add("science/units in names", _lines([names, *SAMPLES], ";"), names, SAMPLES)


def ministries(add: Add) -> None:
    add("ministries/visits", write([VISIT_NAMES, *VISITS]), VISIT_NAMES, VISITS)
    title = "Department for Example - overseas travel July to September,,,,,\n"
    add("ministries/visits, title", title + write([VISIT_NAMES, *VISITS]), VISIT_NAMES, VISITS)
    hanging: list[Row] = [(row[0] if n % 3 == 0 else "", *row[1:]) for n, row in enumerate(VISITS)]
    add("ministries/name once", write([VISIT_NAMES, *hanging]), VISIT_NAMES, hanging)
    blank = write([VISIT_NAMES, *VISITS]) + ",,,,,\n" * 12
    add("ministries/blank rows", blank, VISIT_NAMES, VISITS)
    signs = write([VISIT_NAMES, *VISITS], end="\r\n")
    add("ministries/pounds, Windows", signs, VISIT_NAMES, VISITS, "cp1252")
    names: Row = ("采购项目名称", "采购单位", "预算金额（元）", "公告日期")
    bids: list[Row] = [(f"某项目（第{n}批）", "示例市某局", f"{n * 1250000}.00", f"2026/3/{n}") for n in range(1, 12)]
    above = "示例市政府采购意向公开表,,,\n填报单位：示例市某局,,,单位：元\n"
    for codec in ("utf-8", "gb18030"):
        add(f"ministries/procurement {codec}", above + _lines([names, *bids]), names, bids, codec)


PARTS = (statistics, payments, surveys, science, ministries)
