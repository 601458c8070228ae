"""Ways to damage delivered cells: each gets the standard values of the chosen cells and returns what is delivered
instead. Only the chosen cells (a few in a hundred) pass through these functions; everything else stays in Arrow
columns."""

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
    must be NULL); ``when``: the same for other columns of the row. ``rate``: share of the dataset's delivered rows.
    ``spelled``: damage returns standard text, which is then written in the department's usual spelling. ``number``: a
    workbook holds the damaged cell as a number. ``fit``: which of the rows it may strike by what the city knows."""

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
    fit: Callable[[City, pa.Table], np.ndarray] | None = None

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


def codes(words: Mapping[str, Sequence[str]]) -> str:
    return "^(" + "|".join(re.escape(code) for code in words) + ")$"


# ----------------------------------------------------------------------------------------------------- where it strikes

PERSON_IDS: Targets = {
    "population": ("citizen_id",), "education": ("citizen_id",), "marriage": ("male_id", "female_id"), "birth": ("mother_id", "father_id"),
    "legal_person": ("legal_rep_id",), "house": ("owner_id",),
}  # fmt: skip
PERSON_NAMES: Targets = {
    "population": ("name",), "education": ("name",), "marriage": ("male_name", "female_name"), "birth": ("mother_name", "father_name"),
    "legal_person": ("legal_rep_name",), "house": ("owner_name",),
}  # fmt: skip
CITIZEN = "^[0-9]{17}[0-9X]$"
"""A person's number, where the column holds those of companies too."""
SHORT_NAME, NAME = "^[^·]{2,4}$", "^[^·]{2,4}$|·"
"""A person's name, where the column holds those of companies too."""
PHONES: Targets = {"population": ("phone",), "legal_person": ("phone",)}
DASHED_DATES: Targets = {
    "legal_person": ("established_date", "approved_date"),
    "marriage": ("male_birth_date", "female_birth_date"),
    "birth": ("issue_date",),
    "house": ("registration_date",),
}
COMPACT_DATES: Targets = {"population": ("birth_date", "registered_date"), "education": ("enrolment_date",)}
DATES: Targets = {**DASHED_DATES, **COMPACT_DATES}
ADDRESSES: Targets = {
    "population": ("household_address", "residence_address"),
    "legal_person": ("address",),
    "house": ("address",),
}

# ---------------------------------------------------------------------------------------------------------------- words

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
OWNERSHIP_WORDS = {"0": ("单独占有", "单独"), "1": ("共同所有", "夫妻共有"), "2": ("按份所有", "按份")}
HOUSE_USE_WORDS = {
    "11": ("普通住宅",),
    "10": ("住宅用房",),
    "60": ("办公用房", "写字楼"),
    "31": ("商业用房",),
    "21": ("厂房",),
}
RIGHT_WORDS = {"1": ("现状", "有效"), "2": ("已注销", "失效")}
NULL_WORDS = ("无", "-", "NULL", "N/A", "\\N", "不详", "/", "null")

# ----------------------------------------------------------------------------------------------------------------- text

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


def short(value: str, pattern: str) -> str:
    year, month, day = (int(part) for part in value.split("-"))
    return pattern.format(year=year, month=month, day=day)


def excel_serial(value: str) -> str:
    return str((Date.fromisoformat(value) - Date(1899, 12, 30)).days)


def shift(value: str, days: int) -> str:
    return (Date.fromisoformat(value[:10]) + timedelta(days=days)).isoformat()


def inside(value: str, piece: str) -> str:
    return value[: len(value) // 2] + piece + value[len(value) // 2 :]


# -------------------------------------------------------------------------------------------------------------- numbers

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_with_check(body: str) -> str:
    """17 digits with their GB 11643 check digit."""
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def wrong_check(value: str, draw: int) -> str:
    checks = "0123456789X".replace(value[-1], "")
    return value[:-1] + checks[draw % len(checks)]


def transposed(value: str) -> str:
    """Two unequal neighbours swapped, behind the region: the check digit finds every such slip."""
    for place in range(13, 6, -1):
        if value[place] != value[place + 1]:
            return value[:place] + value[place + 1] + value[place] + value[place + 2 :]
    return wrong_check(value, 1)


def excel_zeros(value: str) -> str:
    """What a spreadsheet keeps of 18 digits: fifteen, then zeros. Should that pass the check by accident, one more
    digit went."""
    lost = value[:15] + "000"
    return lost if id_with_check(lost[:17]) != lost else value[:14] + ("1" if value[14] != "1" else "2") + "000"


def scientific(chosen: Chosen) -> Values:
    # A workbook keeps fifteen digits in the cell; a text export writes what the screen showed.
    return [f"{float(v[:17] + '0'):.14E}" if chosen.workbook else f"{float(v[:17] + '0'):.5E}" for v in chosen.values]


def impossible_birth(value: str, draw: int) -> str:
    return id_with_check(value[:10] + ("0231", "1301", "0431", "0010")[draw] + value[14:17])


def another_year(value: str, draw: int) -> str:
    """The same day of another year (a leap day's neighbour), never later than the true date."""
    year = int(value[:4]) - 1 - draw % 3
    return f"{year}{value[4:]}" if value[5:] != "02-29" else f"{year}-02-28"


def other_uscc_check(value: str, draw: int) -> str:
    checks = "0123456789ABCDEFGHJKLMNPQRTUWXY".replace(value[-1], "")
    return value[:-1] + checks[draw % len(checks)]


def other_digit(value: str, place: int, draw: int) -> str:
    digit = str((int(value[place]) + 1 + draw % 9) % 10)
    return value[:place] + digit + (value[place + 1 :] if place != -1 else "")


def other_org_check(value: str, draw: int) -> str:
    checks = "0123456789X".replace(value[-1], "")
    return value[:-1] + checks[draw % len(checks)]


# ---------------------------------------------------------------------------------------------------------------- money


def wan(value: str) -> int:
    return int(value[:-7])


def in_yuan(chosen: Chosen) -> Mapping[str, Values]:
    return {"registered_capital": [value[:-3] for value in chosen.values], "capital_unit": ["元"] * len(chosen)}


# ---------------------------------------------------------------------------------------------------- people and events


def under_age(chosen: Chosen) -> Mapping[str, Values]:
    """A party below the legal age (22 and 20) on the day of registration, with an id number to match."""
    side = chosen.column.split("_")[0]
    low, high = (17, 21) if side == "male" else (15, 19)
    births, ids = [], []
    for registered, number in zip(chosen.of("registration_date"), chosen.of(f"{side}_id"), strict=True):
        birth = shift(registered, -int(chosen.rng.integers(round(low * YEAR), round(high * YEAR))))
        births.append(birth)
        ids.append(id_with_check(number[:6] + birth.replace("-", "") + number[14:17]))
    return {f"{side}_birth_date": births, f"{side}_id": ids}


def certificate_of_another_year(value: str) -> str:
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


def marries_dead(chosen: Chosen) -> Mapping[str, Values]:
    """A man who died before every registration that ``when`` admits."""
    people = chosen.city.people
    dead = np.flatnonzero((people.status == DEAD) & (people.sex == MALE) & (people.entry == 0))
    earliest = min((Date.fromisoformat(day) - Date(1970, 1, 1)).days for day in chosen.of("registration_date"))
    before = dead[people.status_day[dead] < earliest]
    return _male_party(chosen, before if len(before) else dead)


def marries_married(chosen: Chosen) -> Mapping[str, Values]:
    city = chosen.city
    couples = city.couples
    earliest = min((Date.fromisoformat(day) - Date(1970, 1, 1)).days for day in chosen.of("registration_date"))
    lasting = (
        (couples.divorced == NO_DAY) & (couples.married < earliest) & (city.people.status[couples.husband] == NORMAL)
    )
    lasting &= city.people.status[couples.wife] == NORMAL
    return _male_party(chosen, couples.husband[lasting])


def unknown_child(chosen: Chosen) -> Values:
    """A number like a real one that nobody bears: sequences from 991 on are never given out."""
    return [id_with_check(v[:14] + ("991" if int(v[16]) % 2 else "992")) for v in chosen.values]


def deleted_representative(chosen: Chosen) -> Mapping[str, Values]:
    city = chosen.city
    gone = np.concatenate([changes["left"] for changes in city.changes.values()])
    places = chosen.rng.choice(gone, len(chosen))
    return {
        "legal_rep_id": city.ids.take(pa.array(places)).to_pylist(),
        "legal_rep_name": city.names.take(pa.array(places)).to_pylist(),
    }


def other_name(value: str, draw: int) -> str:
    """The same person under another given name."""
    return value[:-1] + "明丽华春"[draw % 4 if "明丽华春"[draw % 4] != value[-1] else (draw + 1) % 4]


def with_date(change: Callable[[str], str], column: str) -> Damage:
    return lambda chosen: [change(value) for value in chosen.of(column)]
