"""What goes wrong in deliveries: one table of defect kinds, each with where it strikes, how often, and whether its form
can be repaired.

A *repairable* defect is one of form: standardisation must restore exactly the standard value. An unrepairable one is
wrong in substance or beyond recovery: it must be found, never mended by guessing. Kinds that begin with ``cross_`` need
other rows or other datasets to be seen and are not row-detectable. A row bears at most one defect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from govdata.sample.city import COUNTY_CODES, COUNTY_NAMES
from govdata.sample.corruption import (
    ADDRESSES,
    BUSINESS_WORDS,
    CITIZEN,
    CURRENCY_WORDS,
    DASHED_DATES,
    DATES,
    DOCUMENT_WORDS,
    EDUCATION_WORDS,
    ETHNIC_WORDS,
    HOUSE_USE_WORDS,
    HOUSEHOLD_WORDS,
    MARITAL_WORDS,
    MARKET_STATUS_WORDS,
    NAME,
    NULL_WORDS,
    OWNERSHIP_WORDS,
    PERSON_IDS,
    PERSON_NAMES,
    PHONES,
    RIGHT_WORDS,
    SEX_WORDS,
    SHORT_NAME,
    STAGE_WORDS,
    STUDENT_STATUS_WORDS,
    Damage,
    Defect,
    Targets,
    another_year,
    certificate_of_another_year,
    codes,
    deleted_representative,
    drawn,
    each,
    excel_serial,
    excel_zeros,
    fullwidth,
    han_date,
    impossible_birth,
    in_yuan,
    inside,
    mapped,
    marries_dead,
    marries_married,
    one_of,
    other_digit,
    other_name,
    other_org_check,
    other_uscc_check,
    scientific,
    shift,
    short,
    transposed,
    under_age,
    unknown_child,
    wan,
    with_date,
    wrong_check,
)

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
    _repair("id_fullwidth", PERSON_IDS, each(fullwidth), CITIZEN),
    _repair("id_trailing_tab", PERSON_IDS, each(lambda v: v + "\t"), CITIZEN),
    _repair("id_leading_apostrophe", PERSON_IDS, each(lambda v: "'" + v), CITIZEN),
    _repair("id_inner_spaces", PERSON_IDS, each(lambda v: f"{v[:6]} {v[6:14]} {v[14:]}"), CITIZEN),
    _repair("id_outer_spaces", PERSON_IDS, each(lambda v: f" {v}　"), CITIZEN),
    _repair("id_lowercase_x", PERSON_IDS, each(str.lower), "^[0-9]{17}X$"),
    _repair("id_cyrillic_x", PERSON_IDS, drawn(lambda v, n: v[:-1] + "ХхΧ"[n], 3), "^[0-9]{17}X$", S),
    _repair("id_15_digits", PERSON_IDS, each(lambda v: v[:6] + v[8:17]), "^.{6}19"),
    _repair("id_zero_width", PERSON_IDS, drawn(lambda v, n: inside(v, "\u200b\ufeff\u2060"[n]), 3), CITIZEN, rate=S),
    _repair("id_excel_formula_text", {k: v for k, v in PERSON_IDS.items() if k != "birth"}, each(lambda v: f'="{v}"'), CITIZEN,
        rate=S),
    # dates: shapes the department does not usually write
    _repair("date_compact", DASHED_DATES, each(lambda v: v.replace("-", ""))),
    _repair("date_unpadded", DATES, each(lambda v: short(v, "{year}-{month}-{day}")), "-0"),
    _repair("date_slashes", DATES, each(lambda v: short(v, "{year}/{month:02}/{day:02}"))),
    _repair("date_dots", DATES, each(lambda v: short(v, "{year}.{month}.{day}"))),
    _repair("date_chinese_units", DATES, each(lambda v: short(v, "{year}年{month}月{day}日"))),
    _repair("date_chinese_numerals", DATES, each(han_date)),
    _repair("date_excel_serial", DATES, each(excel_serial), "^(19[3-9]|20)", number=True),
    _repair("date_timestamp", DATES, drawn(lambda v, n: v + (" 00:00:00", "T00:00:00", " 00:00:00.0")[n], 3)),
    _repair("date_fullwidth", DATES, each(fullwidth), rate=S),
    _repair("datetime_slashes", {"birth": ("birth_time",), "population": ("updated_at",)}, each(lambda v: v.replace("-", "/"))),
    _repair("datetime_chinese", {"birth": ("birth_time",)},
        each(lambda v:
        f"{short(v[:10], '{year}年{month}月{day}日')}{v[11:13]}时{v[14:16]}分"), ":00$"),
    # codes: words and other code systems
    _repair("sex_word", {"population": ("sex",), "birth": ("sex",), "education": ("sex",), "marriage": ("male_sex", "female_sex")},
        mapped(SEX_WORDS)),
    _repair("ethnicity_word", {"population": ("ethnicity",)}, mapped(ETHNIC_WORDS), codes(ETHNIC_WORDS)),
    _repair("marital_word", {"population": ("marital_status",)}, mapped(MARITAL_WORDS), codes(MARITAL_WORDS)),
    _repair("education_word", {"population": ("education",)}, mapped(EDUCATION_WORDS), codes(EDUCATION_WORDS)),
    _repair("household_type_word", {"population": ("household_type",)}, mapped(HOUSEHOLD_WORDS), rate=S),
    _repair("person_status_code", {"population": ("person_status",)}, each(lambda v: "0" + v), rate=S),
    _repair("stage_word", {"education": ("stage",)}, mapped(STAGE_WORDS)),
    _repair("student_status_word", {"education": ("student_status",)}, mapped(STUDENT_STATUS_WORDS), codes(STUDENT_STATUS_WORDS)),
    _repair("document_type_word", {"legal_person": ("legal_rep_doc_type",)}, mapped(DOCUMENT_WORDS)),
    _repair("market_status_word", {"legal_person": ("status",)}, mapped(MARKET_STATUS_WORDS)),
    _repair("business_word", {"marriage": ("kind",)}, mapped(BUSINESS_WORDS)),
    _repair("currency_word", {"legal_person": ("capital_currency",)}, mapped(CURRENCY_WORDS), rate=S),
    _repair("code_fullwidth", {"population": ("marital_status", "education"), "birth": ("sex",)}, each(fullwidth), rate=S),
    _repair("division_name", {"population": ("household_division",), "marriage": ("office_division",)},
            lambda chosen: [_division(value) for value in chosen.values], rate=S),
    # money
    _repair("capital_text_unit", {"legal_person": ("registered_capital",)}, each(lambda v: f"{wan(v)}万元人民币"),
        when={"capital_currency": "CNY"}),
    _repair("capital_brackets", {"legal_person": ("registered_capital",)}, each(lambda v: f"{wan(v)}(万元人民币)"),
        when={"capital_currency": "CNY"}),
    _repair("capital_currency_sign", {"legal_person": ("registered_capital",)}, each(lambda v: f"¥{wan(v) * 10_000:,}.00元"),
            when={"capital_currency": "CNY"}),
    _repair("capital_thousands", {"legal_person": ("registered_capital",)}, each(lambda v: f"{wan(v):,}"), r"^\d{8,}\."),
    _repair("capital_in_yuan", {"legal_person": ("registered_capital",)}, in_yuan),
    _repair("capital_fullwidth", {"legal_person": ("registered_capital",)}, each(lambda v: fullwidth(str(wan(v)))), rate=S),
    # phones
    _repair("phone_country_code", PHONES, drawn(lambda v, n: ("+86", "+86 ", "0086-", "86-")[n] + v, 4)),
    _repair("phone_hyphens", PHONES, each(lambda v: f"{v[:3]}-{v[3:7]}-{v[7:]}")),
    _repair("phone_spaces", PHONES, each(lambda v: f"{v[:3]} {v[3:7]} {v[7:]}")),
    _repair("phone_decimal", PHONES, each(lambda v: v + ".0"), rate=S),
    # names
    _repair("name_inner_space", PERSON_NAMES, drawn(lambda v, n: v[0] + " \u3000\u00a0"[n] + v[1:], 3), SHORT_NAME),
    _repair("name_outer_space", PERSON_NAMES, each(lambda v: f"{v} "), NAME),
    _repair("name_wrong_dot", PERSON_NAMES, drawn(lambda v, n: v.replace("·", "•・．."[n]), 4), "·"),
    _repair("name_zero_width", PERSON_NAMES, drawn(lambda v, n: v[:1] + "\u200b\u200d\ufeff"[n] + v[1:], 3), NAME, S),
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
    # houses
    _repair("unit_code_spaces", {"house": ("unit_code",)}, each(lambda v: f"{v[:6]} {v[6:12]} {v[12:19]} {v[19:]}")),
    _repair("unit_code_lowercase", {"house": ("unit_code",)}, each(str.lower)),
    _repair("title_halfwidth_brackets", {"house": ("certificate_no",)}, each(lambda v: v.replace("（", "(").replace("）", ")"))),
    _repair("title_tortoise_brackets", {"house": ("certificate_no",)}, each(lambda v: v.replace("（", "〔").replace("）", "〕")), rate=S),
    _repair("area_with_unit", {"house": ("building_area",)}, drawn(lambda v, n: v + ("平方米", "㎡", " m2")[n], 3)),
    _repair("share_spaced", {"house": ("share",)}, each(lambda v: f"{v[:-5]} ％")),
    _repair("ownership_word", {"house": ("ownership",)}, mapped(OWNERSHIP_WORDS)),
    _repair("house_use_word", {"house": ("house_use",)}, mapped(HOUSE_USE_WORDS), codes(HOUSE_USE_WORDS)),
    _repair("right_status_word", {"house": ("status",)}, mapped(RIGHT_WORDS)),
    # no value, in other words
    _repair("null_word", {"population": ("phone", "education"), "legal_person": ("old_registration_no",), "birth": ("child_id",),
                          "education": ("diploma_no", "degree"), "house": ("share", "ended_date")}, one_of(*NULL_WORDS), None, true_null=True),
    _repair("placeholder_date_optional", {"population": ("status_date",), "education": ("graduation_date",)}, one_of("00000000",
        "19000101"), None,
            true_null=True),
    _repair("placeholder_open_end", {"legal_person": ("term_to",)}, one_of("9999-12-31", "99991231"), None, true_null=True),
    # addresses
    _repair("address_outer_space", ADDRESSES, each(lambda v: f" {v} ")),
    _repair("address_fullwidth_digits", ADDRESSES, each(lambda v: re.sub(r"[0-9]+", lambda m: fullwidth(m.group()), v))),
    _repair("address_inner_space", ADDRESSES, each(lambda v: v.replace("号", "号 ", 1)), "号.+"),
    # ids: substance
    _fault("id_wrong_check_digit", PERSON_IDS, drawn(wrong_check, 10), CITIZEN),
    _fault("id_transposed", PERSON_IDS, each(transposed), CITIZEN),
    _fault("id_excel_scientific", PERSON_IDS, scientific, CITIZEN, number=True),
    _fault("id_excel_zeros", PERSON_IDS, each(excel_zeros), CITIZEN),
    _fault("id_impossible_birth", PERSON_IDS, drawn(impossible_birth, 4), CITIZEN),
    _fault("id_too_short", PERSON_IDS, each(lambda v: v[:16]), CITIZEN, rate=S),
    _fault("birth_differs_from_id", {"population": ("birth_date",), "marriage": ("male_birth_date", "female_birth_date")},
        drawn(another_year, 3),
           spelled=True),
    _fault("sex_differs_from_id", {"population": ("sex",), "education": ("sex",), "marriage": ("male_sex", "female_sex")},
           each(lambda v: "2" if v == "1" else "1"), spelled=True),
    # codes, required values, dates
    _fault("unknown_code", {"population": ("sex", "ethnicity", "marital_status", "education"), "education": ("stage", "student_status"),
                            "birth": ("sex",), "legal_person": ("status", "industry"), "marriage": ("kind", "male_prior_status"),
                            "house": ("house_use", "ownership", "status")},
                                one_of("Q9", "待定码")),
    _fault("missing_required", {"population": ("name", "birth_date", "citizen_id", "sex"), "education": ("name", "student_no", "stage"),
                                "birth": ("mother_name", "mother_id", "birth_time", "certificate_no"), "legal_person": ("uscc", "name",
                                    "established_date"),
                                "marriage": ("male_name", "female_id", "certificate_no", "registration_date"),
                                "house": ("unit_code", "owner_name", "ownership", "registration_date")}, one_of(None, "")),
    _fault("missing_advised", {"population": ("household_division", "ethnicity"), "education": ("school_code", "citizen_id"),
                               "legal_person": ("legal_rep_id",), "birth": ("issue_date",), "marriage": ("male_birth_date",),
                               "house": ("owner_id", "address", "building_area")},
                                   one_of(None)),
    _fault("future_date", {"population": ("registered_date",), "legal_person": ("approved_date",), "birth": ("issue_date",),
        "marriage": ("registration_date",), "house": ("registration_date",)},
           lambda chosen: [shift(chosen.date.isoformat(), int(days)) for days in chosen.rng.integers(40, 4000, len(chosen))],
               spelled=True),
    _fault("impossible_date", {"population": ("birth_date",), "education": ("enrolment_date",), "legal_person": ("established_date",),
                               "marriage": ("male_birth_date",), "birth": ("issue_date",), "house": ("registration_date",)},
           drawn(lambda v, n: v[:4] + ("-02-31", "-13-05", "-04-31", "-00-00")[n], 4), spelled=True),
    _fault("placeholder_date_required", {"population": ("birth_date",), "legal_person": ("established_date",)}, one_of("00000000",
        "1900-01-01")),
    # rows that contradict themselves
    _fault("under_age_marriage", {"marriage": ("male_birth_date", "female_birth_date")}, under_age, when={"kind": "1"}, spelled=True),
    _fault("certificate_year_differs", {"marriage": ("certificate_no",)}, each(certificate_of_another_year), when={"kind": "1|2"}),
    _fault("party_repeated", {"marriage": ("female_id",)}, with_date(lambda v: v, "male_id"), rate=S),
    _fault("cancelled_before_established", {"legal_person": ("cancel_date",)}, with_date(lambda v: shift(v, -100), "established_date"),
        spelled=True),
    _fault("term_reversed", {"legal_person": ("term_to",)}, with_date(lambda v: shift(v, -400), "term_from"), spelled=True),
    _fault("cancelled_without_date", {"legal_person": ("cancel_date",)}, one_of(None)),
    _fault("status_without_date", {"population": ("status_date",)}, one_of(None)),
    _fault("negative_capital", {"legal_person": ("registered_capital",)}, each(lambda v: f"-{wan(v)}")),
    _fault("uscc_wrong_check_digit", {"legal_person": ("uscc",), "birth": ("institution_code",)}, drawn(other_uscc_check, 30)),
    _fault("org_code_wrong_check_digit", {"legal_person": ("org_code",)}, drawn(other_org_check, 10)),
    _fault("registration_no_wrong_check_digit", {"legal_person": ("old_registration_no",)}, drawn(lambda v, n: other_digit(v, -1, n), 9)),
    _fault("weight_out_of_range", {"birth": ("birth_weight",)}, drawn(lambda v, n: (v + "0", v[:2])[n], 2)),
    _fault("weeks_out_of_range", {"birth": ("gestation_weeks",)}, one_of("99", "4", "390")),
    _fault("mother_too_young", {"birth": ("mother_age",)}, one_of("8", "2", "5")),
    _fault("issued_before_birth", {"birth": ("issue_date",)}, with_date(lambda v: shift(v, -40), "birth_time"), spelled=True),
    _fault("graduation_before_enrolment", {"education": ("graduation_date",)}, with_date(lambda v: shift(v, -365), "enrolment_date"),
        spelled=True),
    _fault("minor_married", {"population": ("marital_status",)}, one_of("21"), when={"birth_date": "^20(1[3-9]|2)"}),
    _fault("unit_code_too_short", {"house": ("unit_code",)}, each(lambda v: v[:-2])),
    _fault("unit_of_another_county", {"house": ("division",)}, each(lambda v: v[:4] + f"{int(v[4:]) % 12 + 1:02}"), spelled=True),
    _fault("title_without_year", {"house": ("certificate_no",)}, each(lambda v: v[:1] + v[7:])),
    _fault("title_before_the_register", {"house": ("certificate_no",)}, each(lambda v: f"{v[:2]}1998{v[6:]}"), rate=S),
    _fault("area_negative", {"house": ("building_area",)}, each(lambda v: "-" + v)),
    _fault("share_over_all", {"house": ("share",)}, each(lambda v: f"{v[:-5]}0%"), rate=S),
    _fault("share_missing", {"house": ("share",)}, one_of(None)),
    _fault("sole_owner_of_half", {"house": ("share",)}, one_of("50.0000"), None, when={"ownership": "^0$"}, spelled=True),
    _fault("ended_before_registered", {"house": ("ended_date",)}, with_date(lambda v: shift(v, -90), "registration_date"),
        spelled=True),
    _fault("in_force_though_ended", {"house": ("status",)}, one_of("1"), "^2$", spelled=True, rate=S),
    _fault("phone_too_short", {"population": ("phone",)}, each(lambda v: v[:9])),
    _fault("name_with_digit", PERSON_NAMES, drawn(lambda v, n: v[:1] + str(n) + v[1:], 10), NAME),
    _fault("name_garbled", PERSON_NAMES, each(lambda v: v[:1] + "??"), NAME, S),
    # only other rows or datasets can tell
    _fault("cross_name_differs", {"education": ("name",), "marriage": ("male_name",), "legal_person": ("legal_rep_name",)},
        drawn(other_name, 4), "^[^·]{3}$"),
    _fault("cross_marriage_of_dead", {"marriage": ("male_id",)}, marries_dead, when={"kind": "1", "registration_date": "^202[56]"},
        rate=S),
    _fault("cross_overlapping_marriage", {"marriage": ("male_id",)}, marries_married, when={"kind": "1", "registration_date": "^202"},
        rate=S),
    _fault("cross_child_unknown", {"birth": ("child_id",)}, unknown_child),
    _fault("cross_deleted_person_used", {"legal_person": ("legal_rep_id",)}, deleted_representative, first_delivery=1,
           when={"established_date": "^20(1|20)"}, rate=S),
)  # fmt: skip
"""Defects of a cell. Defects of a line and of a row follow."""


def _division(code: str) -> str:
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
                                          "birth": "birth_place", "house": "address"}),
)  # fmt: skip


@dataclass(frozen=True)
class LineDefect:
    """Physical damage to a line of a text file: it cannot be read and must be rejected."""

    kind: str
    rate: float
    datasets: tuple[str, ...]


LINE_DEFECTS = (
    LineDefect("line_missing_field", S, ("population", "legal_person", "education", "house")),
    LineDefect("line_extra_field", S, ("population", "legal_person", "education", "house")),
    LineDefect("line_unclosed_quote", S, ("population", "legal_person")),
)

FILE_DELIVERED_TWICE = "file_delivered_twice"
