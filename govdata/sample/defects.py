"""What goes wrong in deliveries: one table of defect kinds, each with where it strikes, how often, and whether its form
can be repaired.

``damage`` gets the standard values of the chosen cells and returns what is delivered instead. Only the chosen cells (a
few in a hundred)
pass through these functions; everything else stays in Arrow columns. A *repairable* defect is one of form:
standardisation must restore
exactly the standard value. An unrepairable one is wrong in substance or beyond recovery: it must be found, never mended
by guessing.
Kinds that begin with ``cross_`` need other rows or other datasets to be seen and are not row-detectable. A row bears at
most one defect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta

import numpy as np
import pyarrow as pa

from govdata.sample.arrow import NO_DAY
from govdata.sample.city import DEAD, MALE, NORMAL, YEAR, City

Values = Sequence[str | None]


@dataclass(frozen=True)
class Chosen:
    """Cells picked for one kind of defect: standard values of the struck ``column`` and, through ``of``, of the others
    in the same rows."""

    dataset: str
    column: str
    records: pa.Table
    rng: np.random.Generator
    city: City
    date: Date
    workbook: bool

    @property
    def values(self) -> list[str]:
        return list(self.records[self.column].to_pylist())

    def of(self, column: str) -> list[str]:
        return list(self.records[column].to_pylist())

    def __len__(self) -> int:
        return int(self.records.num_rows)


Damage = Callable[[Chosen], Values | Mapping[str, Values]]
Targets = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Defect:
    """``targets``: dataset → columns it may strike. ``matching``: RE2 the standard value must contain (None: the cell
    must be NULL);
    ``when``: the same for other columns of the row. ``rate``: share of the dataset's delivered rows. ``spelled``:
    damage returns standard
    text, which is then written in the department's usual spelling. ``number``: a workbook holds the damaged cell as a
    number."""

    kind: str
    targets: Targets
    rate: float
    repairable: bool
    damage: Damage
    matching: str | None = "."
    when: Mapping[str, str | None] = field(default_factory=dict)
    spelled: bool = False
    number: bool = False
    first_delivery: int = 0
    true_null: bool = False

    @property
    def row_detectable(self) -> bool:
        return not self.kind.startswith("cross_")


def each(change: Callable[[str], str | None]) -> Damage:
    return lambda chosen: [change(value) for value in chosen.values]


def drawn(change: Callable[[str, int], str | None], choices: int) -> Damage:
    """``change`` gets the value and a random number below ``choices``."""
    return lambda chosen: [
        change(value, int(draw))
        for value, draw in zip(chosen.values, chosen.rng.integers(0, choices, len(chosen)), strict=True)
    ]


def one_of(*texts: str | None) -> Damage:
    return lambda chosen: [texts[draw] for draw in chosen.rng.integers(0, len(texts), len(chosen))]


def mapped(words: Mapping[str, Sequence[str]]) -> Damage:
    """Another word for the code, where there is one."""
    return lambda chosen: [
        words[value][int(draw) % len(words[value])]
        for value, draw in zip(chosen.values, chosen.rng.integers(0, 60, len(chosen)), strict=True)
    ]


def _codes(words: Mapping[str, Sequence[str]]) -> str:
    return "^(" + "|".join(re.escape(code) for code in words) + ")$"


# --------------------------------------------------------------------------------------------------------- where it
# strikes

PERSON_IDS: Targets = {
    "population": ("citizen_id",), "education": ("citizen_id",), "marriage": ("male_id", "female_id"), "birth": ("mother_id", "father_id"),
    "legal_person": ("legal_rep_id",),
}  # fmt: skip
PERSON_NAMES: Targets = {
    "population": ("name",), "education": ("name",), "marriage": ("male_name", "female_name"), "birth": ("mother_name", "father_name"),
    "legal_person": ("legal_rep_name",),
}  # fmt: skip
PHONES: Targets = {"population": ("phone",), "legal_person": ("phone",)}
DASHED_DATES: Targets = {
    "legal_person": ("established_date", "approved_date"),
    "marriage": ("male_birth_date", "female_birth_date"),
    "birth": ("issue_date",),
}
COMPACT_DATES: Targets = {"population": ("birth_date", "registered_date"), "education": ("enrolment_date",)}
DATES: Targets = {**DASHED_DATES, **COMPACT_DATES}
ADDRESSES: Targets = {"population": ("household_address", "residence_address"), "legal_person": ("address",)}

# ------------------------------------------------------------------------------------------------------------------
# words

SEX_WORDS = {"1": ("男性", "M", "先生"), "2": ("女性", "F", "女士")}
ETHNIC_WORDS = {
    "01": ("汉族", "汉", "HA", "1", "Han"), "02": ("蒙古族", "蒙古", "MG", "2"), "03": ("回族", "回", "HU", "3"), "04": ("藏族", "藏",
        "ZA"),
    "05": ("维吾尔族", "维吾尔", "UG"), "06": ("苗族", "苗"), "07": ("彝族", "彝"), "11": ("满族", "满", "MA"), "12": ("侗族", "侗"),
        "15": ("土家族", "土家"),
}  # fmt: skip
MARITAL_WORDS = {
    "10": ("未婚", "未结婚"),
    "21": ("初婚", "初婚有配偶"),
    "22": ("再婚",),
    "30": ("丧偶",),
    "40": ("离婚", "离异"),
}
EDUCATION_WORDS = {
    "81": ("小学毕业",), "71": ("初中毕业", "初级中学毕业"), "61": ("高中毕业", "普通高中毕业"), "41": ("中专毕业",), "31": ("大专毕业",
        "专科毕业"),
    "21": ("本科毕业", "大学本科毕业"), "14": ("硕士毕业", "硕士研究生毕业", "硕士"), "11": ("博士毕业", "博士研究生毕业"),
}  # fmt: skip
STAGE_WORDS = {
    "1": ("小学教育", "01"), "2": ("初级中学", "02"), "3": ("高中", "普高"), "4": ("职高", "中等职业教育"), "5": ("大专", "高职"),
        "6": ("大学本科", "06"),
    "7": ("硕士研究生",), "8": ("博士研究生",),
}  # fmt: skip
STUDENT_STATUS_WORDS = {"01": ("在读", "在校", "1"), "02": ("休学",), "07": ("毕业", "已毕业", "7")}
HOUSEHOLD_WORDS = {"1": ("非农业家庭户口", "非农业家庭户"), "2": ("农业家庭户口", "农业家庭户")}
DOCUMENT_WORDS = {"111": ("身份证", "第二代居民身份证", "01", "10")}
MARKET_STATUS_WORDS = {"1": ("在业", "存续", "开业"), "2": ("吊销未注销",), "4": ("已注销",), "6": ("已迁出",)}
BUSINESS_WORDS = {"1": ("结婚登记", "01"), "2": ("离婚登记", "02"), "3": ("补办结婚证",), "4": ("补发离婚证",)}
CURRENCY_WORDS = {"CNY": ("156", "RMB"), "USD": ("美金", "840")}
NULL_WORDS = ("无", "-", "NULL", "N/A", "\\N", "不详", "/", "null")

# -------------------------------------------------------------------------------------------------------------------
# text

_FULLWIDTH = str.maketrans(
    "".join(chr(code) for code in range(33, 127)), "".join(chr(code + 0xFEE0) for code in range(33, 127))
)
_HAN = "〇一二三四五六七八九"


def fullwidth(value: str) -> str:
    return value.translate(_FULLWIDTH)


def _han_number(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else _HAN[tens] + "十") + ("" if ones == 0 and tens else _HAN[ones])


def han_date(value: str) -> str:
    """一九九〇年一月一日"""
    year, month, day = value.split("-")
    return "".join(_HAN[int(digit)] for digit in year) + f"年{_han_number(int(month))}月{_han_number(int(day))}日"


def _short(value: str, pattern: str) -> str:
    year, month, day = (int(part) for part in value.split("-"))
    return pattern.format(year=year, month=month, day=day)


def excel_serial(value: str) -> str:
    return str((Date.fromisoformat(value) - Date(1899, 12, 30)).days)


def _shift(value: str, days: int) -> str:
    return (Date.fromisoformat(value[:10]) + timedelta(days=days)).isoformat()


def _inside(value: str, piece: str) -> str:
    return value[: len(value) // 2] + piece + value[len(value) // 2 :]


# ----------------------------------------------------------------------------------------------------------------
# numbers

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_with_check(body: str) -> str:
    """17 digits with their GB 11643 check digit."""
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def _wrong_check(value: str, draw: int) -> str:
    checks = "0123456789X".replace(value[-1], "")
    return value[:-1] + checks[draw % len(checks)]


def _transposed(value: str) -> str:
    """Two unequal neighbours swapped, behind the region: the check digit finds every such slip."""
    for place in range(13, 6, -1):
        if value[place] != value[place + 1]:
            return value[:place] + value[place + 1] + value[place] + value[place + 2 :]
    return _wrong_check(value, 1)


def _excel_zeros(value: str) -> str:
    """What a spreadsheet keeps of 18 digits: fifteen, then zeros. Should that pass the check by accident, one more
    digit went."""
    lost = value[:15] + "000"
    return lost if id_with_check(lost[:17]) != lost else value[:14] + ("1" if value[14] != "1" else "2") + "000"


def _scientific(chosen: Chosen) -> Values:
    # A workbook keeps fifteen digits in the cell; a text export writes what the screen showed.
    return [f"{float(v[:17] + '0'):.14E}" if chosen.workbook else f"{float(v[:17] + '0'):.5E}" for v in chosen.values]


def _impossible_birth(value: str, draw: int) -> str:
    return id_with_check(value[:10] + ("0231", "1301", "0431", "0010")[draw] + value[14:17])


def _another_year(value: str, draw: int) -> str:
    """The same day of another year (a leap day's neighbour), never later than the true date."""
    year = int(value[:4]) - 1 - draw % 3
    return f"{year}{value[4:]}" if value[5:] != "02-29" else f"{year}-02-28"


def _other_uscc_check(value: str, draw: int) -> str:
    checks = "0123456789ABCDEFGHJKLMNPQRTUWXY".replace(value[-1], "")
    return value[:-1] + checks[draw % len(checks)]


def _other_digit(value: str, place: int, draw: int) -> str:
    digit = str((int(value[place]) + 1 + draw % 9) % 10)
    return value[:place] + digit + (value[place + 1 :] if place != -1 else "")


def _other_org_check(value: str, draw: int) -> str:
    checks = "0123456789X".replace(value[-1], "")
    return value[:-1] + checks[draw % len(checks)]


# ------------------------------------------------------------------------------------------------------------------
# money


def _wan(value: str) -> int:
    return int(value[:-7])


def _in_yuan(chosen: Chosen) -> Mapping[str, Values]:
    return {"registered_capital": [value[:-3] for value in chosen.values], "capital_unit": ["元"] * len(chosen)}


# ------------------------------------------------------------------------------------------------------- people and
# events


def _under_age(chosen: Chosen) -> Mapping[str, Values]:
    """A party below the legal age (22 and 20) on the day of registration, with an id number to match."""
    side = chosen.column.split("_")[0]
    low, high = (17, 21) if side == "male" else (15, 19)
    births, ids = [], []
    for registered, number in zip(chosen.of("registration_date"), chosen.of(f"{side}_id"), strict=True):
        birth = _shift(registered, -int(chosen.rng.integers(round(low * YEAR), round(high * YEAR))))
        births.append(birth)
        ids.append(id_with_check(number[:6] + birth.replace("-", "") + number[14:17]))
    return {f"{side}_birth_date": births, f"{side}_id": ids}


def _certificate_of_another_year(value: str) -> str:
    prefix, year, serial = value.split("-")
    return f"{prefix}-{int(year) - 1}-9{serial[1:]}"


def _male_party(chosen: Chosen, pool: np.ndarray) -> Mapping[str, Values]:
    """The groom replaced by one of ``pool`` who was of age on the day; the row stays consistent in itself."""
    city, people = chosen.city, chosen.city.people
    names, ids, births = [], [], []
    for registered in chosen.of("registration_date"):
        on = (Date.fromisoformat(registered) - Date(1970, 1, 1)).days
        fit = pool[(people.birth[pool] < on - 23 * YEAR) & (people.birth[pool] > on - 70 * YEAR)]
        place = int(chosen.rng.choice(fit if len(fit) else pool))
        names.append(city.names[place].as_py())
        ids.append(city.ids[place].as_py())
        births.append((Date(1970, 1, 1) + timedelta(days=int(people.birth[place]))).isoformat())
    return {"male_id": ids, "male_name": names, "male_birth_date": births}


def _marries_dead(chosen: Chosen) -> Mapping[str, Values]:
    """A man who died before every registration that ``when`` admits."""
    people = chosen.city.people
    dead = np.flatnonzero((people.status == DEAD) & (people.sex == MALE) & (people.entry == 0))
    earliest = min((Date.fromisoformat(day) - Date(1970, 1, 1)).days for day in chosen.of("registration_date"))
    before = dead[people.status_day[dead] < earliest]
    return _male_party(chosen, before if len(before) else dead)


def _marries_married(chosen: Chosen) -> Mapping[str, Values]:
    city = chosen.city
    couples = city.couples
    earliest = min((Date.fromisoformat(day) - Date(1970, 1, 1)).days for day in chosen.of("registration_date"))
    lasting = (
        (couples.divorced == NO_DAY) & (couples.married < earliest) & (city.people.status[couples.husband] == NORMAL)
    )
    lasting &= city.people.status[couples.wife] == NORMAL
    return _male_party(chosen, couples.husband[lasting])


def _unknown_child(chosen: Chosen) -> Values:
    """A number like a real one that nobody bears: sequences from 991 on are never given out."""
    return [id_with_check(v[:14] + ("991" if int(v[16]) % 2 else "992")) for v in chosen.values]


def _deleted_representative(chosen: Chosen) -> Mapping[str, Values]:
    city = chosen.city
    gone = np.concatenate([changes["left"] for changes in city.changes.values()])
    places = chosen.rng.choice(gone, len(chosen))
    return {
        "legal_rep_id": city.ids.take(pa.array(places)).to_pylist(),
        "legal_rep_name": city.names.take(pa.array(places)).to_pylist(),
    }


def _other_name(value: str, draw: int) -> str:
    """The same person under another given name."""
    return value[:-1] + "明丽华春"[draw % 4 if "明丽华春"[draw % 4] != value[-1] else (draw + 1) % 4]


def _with_date(change: Callable[[str], str], column: str) -> Damage:
    return lambda chosen: [change(value) for value in chosen.of(column)]


# ---------------------------------------------------------------------------------------------------------------- the
# table

R = 0.0010  # usual rate of a repairable kind
U = 0.0007  # usual rate of an unrepairable kind
S = 0.0004  # rate of the rarest


def _repair(
    kind: str, targets: Targets, damage: Damage, matching: str | None = ".", rate: float = R, **more: object
) -> Defect:
    return Defect(kind, targets, rate, True, damage, matching, **more)  # type: ignore[arg-type]


def _fault(
    kind: str, targets: Targets, damage: Damage, matching: str | None = ".", rate: float = U, **more: object
) -> Defect:
    return Defect(kind, targets, rate, False, damage, matching, **more)  # type: ignore[arg-type]


DEFECTS: tuple[Defect, ...] = (
    # ids: form
    _repair("id_fullwidth", PERSON_IDS, each(fullwidth)),
    _repair("id_trailing_tab", PERSON_IDS, each(lambda v: v + "\t")),
    _repair("id_leading_apostrophe", PERSON_IDS, each(lambda v: "'" + v)),
    _repair("id_inner_spaces", PERSON_IDS, each(lambda v: f"{v[:6]} {v[6:14]} {v[14:]}")),
    _repair("id_outer_spaces", PERSON_IDS, each(lambda v: f" {v}　")),
    _repair("id_lowercase_x", PERSON_IDS, each(str.lower), "X$"),
    _repair("id_cyrillic_x", PERSON_IDS, drawn(lambda v, n: v[:-1] + "ХхΧ"[n], 3), "X$", S),
    _repair("id_15_digits", PERSON_IDS, each(lambda v: v[:6] + v[8:17]), "^.{6}19"),
    _repair("id_zero_width", PERSON_IDS, drawn(lambda v, n: _inside(v, "\u200b\ufeff\u2060"[n]), 3), rate=S),
    _repair("id_excel_formula_text", {k: v for k, v in PERSON_IDS.items() if k != "birth"}, each(lambda v: f'="{v}"'), rate=S),
    # dates: shapes the department does not usually write
    _repair("date_compact", DASHED_DATES, each(lambda v: v.replace("-", ""))),
    _repair("date_unpadded", DATES, each(lambda v: _short(v, "{year}-{month}-{day}")), "-0"),
    _repair("date_slashes", DATES, each(lambda v: _short(v, "{year}/{month:02}/{day:02}"))),
    _repair("date_dots", DATES, each(lambda v: _short(v, "{year}.{month}.{day}"))),
    _repair("date_chinese_units", DATES, each(lambda v: _short(v, "{year}年{month}月{day}日"))),
    _repair("date_chinese_numerals", DATES, each(han_date)),
    _repair("date_excel_serial", DATES, each(excel_serial), "^(19[3-9]|20)", number=True),
    _repair("date_timestamp", DATES, drawn(lambda v, n: v + (" 00:00:00", "T00:00:00", " 00:00:00.0")[n], 3)),
    _repair("date_fullwidth", DATES, each(fullwidth), rate=S),
    _repair("datetime_slashes", {"birth": ("birth_time",), "population": ("updated_at",)}, each(lambda v: v.replace("-", "/"))),
    _repair("datetime_chinese", {"birth": ("birth_time",)},
        each(lambda v:
        f"{_short(v[:10], '{year}年{month}月{day}日')}{v[11:13]}时{v[14:16]}分"), ":00$"),
    # codes: words and other code systems
    _repair("sex_word", {"population": ("sex",), "birth": ("sex",), "education": ("sex",), "marriage": ("male_sex", "female_sex")},
        mapped(SEX_WORDS)),
    _repair("ethnicity_word", {"population": ("ethnicity",)}, mapped(ETHNIC_WORDS), _codes(ETHNIC_WORDS)),
    _repair("marital_word", {"population": ("marital_status",)}, mapped(MARITAL_WORDS), _codes(MARITAL_WORDS)),
    _repair("education_word", {"population": ("education",)}, mapped(EDUCATION_WORDS), _codes(EDUCATION_WORDS)),
    _repair("household_type_word", {"population": ("household_type",)}, mapped(HOUSEHOLD_WORDS), rate=S),
    _repair("person_status_code", {"population": ("person_status",)}, each(lambda v: "0" + v), rate=S),
    _repair("stage_word", {"education": ("stage",)}, mapped(STAGE_WORDS)),
    _repair("student_status_word", {"education": ("student_status",)}, mapped(STUDENT_STATUS_WORDS), _codes(STUDENT_STATUS_WORDS)),
    _repair("document_type_word", {"legal_person": ("legal_rep_doc_type",)}, mapped(DOCUMENT_WORDS)),
    _repair("market_status_word", {"legal_person": ("status",)}, mapped(MARKET_STATUS_WORDS)),
    _repair("business_word", {"marriage": ("kind",)}, mapped(BUSINESS_WORDS)),
    _repair("currency_word", {"legal_person": ("capital_currency",)}, mapped(CURRENCY_WORDS), rate=S),
    _repair("code_fullwidth", {"population": ("marital_status", "education"), "birth": ("sex",)}, each(fullwidth), rate=S),
    _repair("division_name", {"population": ("household_division",), "marriage": ("office_division",)},
            lambda chosen: [_division(value) for value in chosen.values], rate=S),
    # money
    _repair("capital_text_unit", {"legal_person": ("registered_capital",)}, each(lambda v: f"{_wan(v)}万元人民币"),
        when={"capital_currency": "CNY"}),
    _repair("capital_brackets", {"legal_person": ("registered_capital",)}, each(lambda v: f"{_wan(v)}(万元人民币)"),
        when={"capital_currency": "CNY"}),
    _repair("capital_currency_sign", {"legal_person": ("registered_capital",)}, each(lambda v: f"¥{_wan(v) * 10_000:,}.00元"),
            when={"capital_currency": "CNY"}),
    _repair("capital_thousands", {"legal_person": ("registered_capital",)}, each(lambda v: f"{_wan(v):,}"), r"^\d{8,}\."),
    _repair("capital_in_yuan", {"legal_person": ("registered_capital",)}, _in_yuan),
    _repair("capital_fullwidth", {"legal_person": ("registered_capital",)}, each(lambda v: fullwidth(str(_wan(v)))), rate=S),
    # phones
    _repair("phone_country_code", PHONES, drawn(lambda v, n: ("+86", "+86 ", "0086-", "86-")[n] + v, 4)),
    _repair("phone_hyphens", PHONES, each(lambda v: f"{v[:3]}-{v[3:7]}-{v[7:]}")),
    _repair("phone_spaces", PHONES, each(lambda v: f"{v[:3]} {v[3:7]} {v[7:]}")),
    _repair("phone_decimal", PHONES, each(lambda v: v + ".0"), rate=S),
    # names
    _repair("name_inner_space", PERSON_NAMES, drawn(lambda v, n: v[0] + " \u3000\u00a0"[n] + v[1:], 3), "^[^·]+$"),
    _repair("name_outer_space", PERSON_NAMES, each(lambda v: f"{v} ")),
    _repair("name_wrong_dot", PERSON_NAMES, drawn(lambda v, n: v.replace("·", "•・．."[n]), 4), "·"),
    _repair("name_zero_width", PERSON_NAMES, drawn(lambda v, n: v[:1] + "\u200b\u200d\ufeff"[n] + v[1:], 3), rate=S),
    _repair("company_halfwidth_brackets", {"legal_person": ("name",)}, each(lambda v: v.replace("（", "(").replace("）", ")")), "（"),
    # numbers of organisations and certificates
    _repair("uscc_lowercase", {"legal_person": ("uscc",), "birth": ("institution_code",)}, each(str.lower), "[A-Z]"),
    _repair("uscc_letter_o", {"legal_person": ("uscc",)}, each(lambda v: v[:10] + v[10:].replace("0", "O", 1)), "^.{10}.*0"),
    _repair("uscc_inner_space", {"legal_person": ("uscc",), "birth": ("institution_code",)}, each(lambda v: f"{v[:8]} {v[8:]}")),
    _repair("uscc_fullwidth", {"legal_person": ("uscc",)}, each(fullwidth)),
    _repair("uscc_trailing_tab", {"legal_person": ("uscc",)}, each(lambda v: v + "\t")),
    _repair("org_code_no_hyphen", {"legal_person": ("org_code",)}, each(lambda v: v.replace("-", ""))),
    _repair("certificate_no_hyphens", {"marriage": ("certificate_no",)}, each(lambda v: v.replace("-", ""))),
    _repair("certificate_lowercase", {"marriage": ("certificate_no",), "birth": ("certificate_no",)}, each(str.lower)),
    _repair("certificate_fullwidth", {"marriage": ("certificate_no",), "birth": ("certificate_no",)}, each(fullwidth), rate=S),
    _repair("certificate_long_dash", {"marriage": ("certificate_no",)}, each(lambda v: v.replace("-", "—"))),
    # measures
    _repair("weight_with_unit", {"birth": ("birth_weight",)}, drawn(lambda v, n: v + ("克", "g", " 克")[n], 3)),
    _repair("weeks_with_unit", {"birth": ("gestation_weeks",)}, each(lambda v: v + "周")),
    _repair("integer_decimal", {"birth": ("birth_weight", "mother_age")}, each(lambda v: v + ".0")),
    # no value, in other words
    _repair("null_word", {"population": ("phone", "education"), "legal_person": ("old_registration_no",), "birth": ("child_id",),
                          "education": ("diploma_no", "degree")}, one_of(*NULL_WORDS), None, true_null=True),
    _repair("placeholder_date_optional", {"population": ("status_date",), "education": ("graduation_date",)}, one_of("00000000",
        "19000101"), None,
            true_null=True),
    _repair("placeholder_open_end", {"legal_person": ("term_to",)}, one_of("9999-12-31", "99991231"), None, true_null=True),
    # addresses
    _repair("address_outer_space", ADDRESSES, each(lambda v: f" {v} ")),
    _repair("address_fullwidth_digits", ADDRESSES, each(lambda v: re.sub(r"[0-9]+", lambda m: fullwidth(m.group()), v))),
    _repair("address_inner_space", ADDRESSES, each(lambda v: v.replace("号", "号 ", 1)), "号.+"),
    # ids: substance
    _fault("id_wrong_check_digit", PERSON_IDS, drawn(_wrong_check, 10)),
    _fault("id_transposed", PERSON_IDS, each(_transposed)),
    _fault("id_excel_scientific", PERSON_IDS, _scientific, number=True),
    _fault("id_excel_zeros", PERSON_IDS, each(_excel_zeros)),
    _fault("id_impossible_birth", PERSON_IDS, drawn(_impossible_birth, 4)),
    _fault("id_too_short", PERSON_IDS, each(lambda v: v[:16]), rate=S),
    _fault("birth_differs_from_id", {"population": ("birth_date",), "marriage": ("male_birth_date", "female_birth_date")},
        drawn(_another_year, 3),
           spelled=True),
    _fault("sex_differs_from_id", {"population": ("sex",), "education": ("sex",), "marriage": ("male_sex", "female_sex")},
           each(lambda v: "2" if v == "1" else "1"), spelled=True),
    # codes, required values, dates
    _fault("unknown_code", {"population": ("sex", "ethnicity", "marital_status", "education"), "education": ("stage", "student_status"),
                            "birth": ("sex",), "legal_person": ("status", "industry"), "marriage": ("kind", "male_prior_status")},
                                one_of("Q9", "待定码")),
    _fault("missing_required", {"population": ("name", "birth_date", "citizen_id", "sex"), "education": ("name", "student_no", "stage"),
                                "birth": ("mother_name", "mother_id", "birth_time", "certificate_no"), "legal_person": ("uscc", "name",
                                    "established_date"),
                                "marriage": ("male_name", "female_id", "certificate_no", "registration_date")}, one_of(None, "")),
    _fault("missing_advised", {"population": ("household_division", "ethnicity"), "education": ("school_code", "citizen_id"),
                               "legal_person": ("legal_rep_id",), "birth": ("issue_date",), "marriage": ("male_birth_date",)},
                                   one_of(None)),
    _fault("future_date", {"population": ("registered_date",), "legal_person": ("approved_date",), "birth": ("issue_date",),
        "marriage": ("registration_date",)},
           lambda chosen: [_shift(chosen.date.isoformat(), int(days)) for days in chosen.rng.integers(40, 4000, len(chosen))],
               spelled=True),
    _fault("impossible_date", {"population": ("birth_date",), "education": ("enrolment_date",), "legal_person": ("established_date",),
                               "marriage": ("male_birth_date",), "birth": ("issue_date",)},
           drawn(lambda v, n: v[:4] + ("-02-31", "-13-05", "-04-31", "-00-00")[n], 4), spelled=True),
    _fault("placeholder_date_required", {"population": ("birth_date",), "legal_person": ("established_date",)}, one_of("00000000",
        "1900-01-01")),
    # rows that contradict themselves
    _fault("under_age_marriage", {"marriage": ("male_birth_date", "female_birth_date")}, _under_age, when={"kind": "1"}, spelled=True),
    _fault("certificate_year_differs", {"marriage": ("certificate_no",)}, each(_certificate_of_another_year), when={"kind": "1|2"}),
    _fault("party_repeated", {"marriage": ("female_id",)}, _with_date(lambda v: v, "male_id"), rate=S),
    _fault("cancelled_before_established", {"legal_person": ("cancel_date",)}, _with_date(lambda v: _shift(v, -100), "established_date"),
        spelled=True),
    _fault("term_reversed", {"legal_person": ("term_to",)}, _with_date(lambda v: _shift(v, -400), "term_from"), spelled=True),
    _fault("cancelled_without_date", {"legal_person": ("cancel_date",)}, one_of(None)),
    _fault("status_without_date", {"population": ("status_date",)}, one_of(None)),
    _fault("negative_capital", {"legal_person": ("registered_capital",)}, each(lambda v: f"-{_wan(v)}")),
    _fault("uscc_wrong_check_digit", {"legal_person": ("uscc",), "birth": ("institution_code",)}, drawn(_other_uscc_check, 30)),
    _fault("org_code_wrong_check_digit", {"legal_person": ("org_code",)}, drawn(_other_org_check, 10)),
    _fault("registration_no_wrong_check_digit", {"legal_person": ("old_registration_no",)}, drawn(lambda v, n: _other_digit(v, -1, n), 9)),
    _fault("weight_out_of_range", {"birth": ("birth_weight",)}, drawn(lambda v, n: (v + "0", v[:2])[n], 2)),
    _fault("weeks_out_of_range", {"birth": ("gestation_weeks",)}, one_of("99", "4", "390")),
    _fault("mother_too_young", {"birth": ("mother_age",)}, one_of("8", "2", "5")),
    _fault("issued_before_birth", {"birth": ("issue_date",)}, _with_date(lambda v: _shift(v, -40), "birth_time"), spelled=True),
    _fault("graduation_before_enrolment", {"education": ("graduation_date",)}, _with_date(lambda v: _shift(v, -365), "enrolment_date"),
        spelled=True),
    _fault("minor_married", {"population": ("marital_status",)}, one_of("21"), when={"birth_date": "^20(1[3-9]|2)"}),
    _fault("phone_too_short", {"population": ("phone",)}, each(lambda v: v[:9])),
    _fault("name_with_digit", PERSON_NAMES, drawn(lambda v, n: v[:1] + str(n) + v[1:], 10)),
    _fault("name_garbled", PERSON_NAMES, each(lambda v: v[:1] + "??"), rate=S),
    # only other rows or datasets can tell
    _fault("cross_name_differs", {"education": ("name",), "marriage": ("male_name",), "legal_person": ("legal_rep_name",)},
        drawn(_other_name, 4), "^[^·]{3}$"),
    _fault("cross_marriage_of_dead", {"marriage": ("male_id",)}, _marries_dead, when={"kind": "1", "registration_date": "^202[56]"},
        rate=S),
    _fault("cross_overlapping_marriage", {"marriage": ("male_id",)}, _marries_married, when={"kind": "1", "registration_date": "^202"},
        rate=S),
    _fault("cross_child_unknown", {"birth": ("child_id",)}, _unknown_child),
    _fault("cross_deleted_person_used", {"legal_person": ("legal_rep_id",)}, _deleted_representative, first_delivery=1,
           when={"established_date": "^20(1|20)"}, rate=S),
)  # fmt: skip
"""Defects of a cell. Defects of a line and of a row follow."""


def _division(code: str) -> str:
    from govdata.sample.city import COUNTY_CODES, COUNTY_NAMES

    return COUNTY_NAMES[list(COUNTY_CODES).index(int(code))]


@dataclass(frozen=True)
class RowDefect:
    """A record delivered twice. ``changed``: dataset → column whose content differs in the second copy; empty: both are
    the same."""

    kind: str
    rate: float
    repairable: bool
    changed: Mapping[str, str] = field(default_factory=dict)


ROW_DEFECTS = (
    RowDefect("exact_duplicate_row", R, True),
    RowDefect("duplicate_key", S, False, {"population": "residence_address", "legal_person": "address", "marriage": "office_name",
        "education": "school_name",
                                          "birth": "birth_place"}),
)  # fmt: skip


@dataclass(frozen=True)
class LineDefect:
    """Physical damage to a line of a text file: it cannot be read and must be rejected."""

    kind: str
    rate: float
    datasets: tuple[str, ...]


LINE_DEFECTS = (
    LineDefect("line_missing_field", S, ("population", "legal_person", "education")),
    LineDefect("line_extra_field", S, ("population", "legal_person", "education")),
    LineDefect("line_unclosed_quote", S, ("population", "legal_person")),
)

FILE_DELIVERED_TWICE = "file_delivered_twice"
