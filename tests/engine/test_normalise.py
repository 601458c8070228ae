import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from govdata.engine import normalise
from govdata.standards.model import Normaliser
from govdata.standards.normalisers import ALL, Stage
from tests.engine.support import evaluate

ARGUMENTS = {
    "certificate_prefix": {"prefixes": ["编号", "No."]},
    "unit_suffix": {"units": ["克", "g", "kg"]},
    "unit_scale": {"units": ["kg", "公斤"], "times": 1000},
    "placeholder_dates": {"values": ["00000000", "1900-01-01"]},
    "pad_left": {"length": 2},
}
TEXT_STEPS = sorted(kind.name for kind in ALL if kind.stage({}, coded=False) is Stage.TEXT)

KNOWN = [
    ("edge_marks", "(男,),", "男"),
    ("edge_marks", "(20)已婚(有配偶)", "(20)已婚(有配偶)"),
    ("edge_marks", "[object Object]", "[object Object]"),
    ("edge_marks", "JOHN SMITH JR.", "JOHN SMITH JR."),
    ("percentage", "各占三分之一", "33.3333"),
    ("percentage", "50/50", "50/50"),  # two halves, or nobody knows
    ("percentage", "2/100", "2.0000"),
    ("unit_scale", "3.35 kg", "3350"),
    ("unit_scale", "3.35", "3.35"),
    ("halfwidth", "１９０１０１　Ｘ（）", "190101 X()"),
    ("halfwidth", "示例市，路", "示例市,路"),
    ("strip", "\t 张三\u3000\u200b", "张三"),
    ("strip", "'190101", "190101"),
    ("strip", "a b", "a b"),
    ("remove_spaces", "190101 1990\u00a00101 0011\t", "190101199001010011"),
    ("remove_spaces", "\ufeff1901\u2060", "1901"),
    ("outer_spaces", "\ufeff 01 汉\u3000族 ", "01汉族"),
    ("outer_spaces", "190101\u00a0190102", "190101 190102"),
    ("collapse_spaces", "a  \u3000b", "a b"),
    ("uppercase", "19010119900101001x", "19010119900101001X"),
    ("uppercase", "ß", "ß"),
    ("lowercase", "ABC", "abc"),
    ("lookalike_x", "19010119900101001Х", "19010119900101001X"),  # Cyrillic
    ("lookalike_x", "19010119900101001Χ", "19010119900101001X"),  # Greek
    ("lookalike_x", "19010119900101001×", "19010119900101001X"),
    ("excel_text", '="190101198408043281"', "190101198408043281"),
    ("excel_text", "17950103295.0", "17950103295"),
    ("excel_text", "1.90102E+17", "1.90102E+17"),  # lost digits are not invented
    ("upgrade_15_to_18", "110105491231002", "11010519491231002X"),
    (
        "upgrade_15_to_18",
        "190101001231996",
        "19010118001231996" + mod_11_2.calc_check_digit("19010118001231996"),
    ),  # centenarian at the first coding (GB 11643-1989)
    ("upgrade_15_to_18", "110105491331002", "110105491331002"),  # no such month
    ("org_code_hyphen", "MA7F0KF46", "MA7F0KF4-6"),
    ("name_dots", "巴哈尔．吐尔地", "巴哈尔·吐尔地"),
    ("name_dots", "阿布都•热合曼", "阿布都·热合曼"),
    ("name_dots", "John F. Smith", "John F. Smith"),
    ("name_spaces", "周 阳鑫", "周阳鑫"),
    ("name_spaces", "周 阳\u3000鑫", "周阳鑫"),
    ("name_spaces", "欧阳 鑫", "欧阳鑫"),
    ("name_spaces", "张三\u3000李四", "张三 李四"),
    ("name_spaces", "阿布都  热合曼", "阿布都 热合曼"),
    ("name_spaces", "阿布都 · 热合曼", "阿布都·热合曼"),
    ("name_dots", "周阳鑫.", "周阳鑫"),
    ("name_dots", ".", "."),
    ("han_spaces", "示例\u3000集团 ABC Trading 公司", "示例集团ABC Trading公司"),
    ("brackets", "示例【集团】公司", "示例（集团）公司"),
    ("address", "示例市 光明路 20 3 501", "示例市光明路20 3 501"),
    ("time_required", "2026年11月10日", "2026年11月10日 没有时间"),
    ("time_required", "20261110", "20261110 没有时间"),
    ("garbled_text", "绀轰緥甯備笢婀栧尯", "示例市东湖区"),
    ("garbled_text", "绀轰緥甯備笢婀栧尯璺", "绀轰緥甯備笢婀栧尯璺"),  # a byte is lost
    ("garbled_text", "阿依古丽·买买提".encode().decode("latin-1"), "阿依古丽·买买提"),
    ("garbled_text", "阿依古丽·买买提明".encode().decode("gbk"), "阿依古丽·买买提明"),
    ("garbled_text", "阿依古丽·买买提".encode("gbk").decode("latin-1"), "阿依古丽·买买提"),
    ("garbled_text", "示例市".encode().decode("latin-1").encode().decode("latin-1"), "示例市"),
    ("garbled_text", "José García".encode().decode("cp1252"), "José García"),
    ("garbled_text", "O&#39;Neil", "O&#39;Neil"),
    ("garbled_text", "São Tomé", "São Tomé"),
    ("layout_markup", "示例市&nbsp;东湖<br/>商贸", "示例市 东湖 商贸"),
    ("layout_markup", "阿依古丽&middot;买买提", "阿依古丽·买买提"),
    ("layout_markup", "甲&amp;乙", "甲&amp;乙"),  # an ampersand has a meaning: told, not mended
    ("unified_ideographs", "\uf90a田市⾦属", "金田市金属"),
    ("unified_ideographs", "\ufa0e", "\ufa0e"),  # looks like a doubled one, but is the only one
    ("county_code", "190101001002", "190101"),
    ("county_code", "190101001", "190101"),
    ("county_code", "1901010010", "1901010010"),
    ("student_number", "G-190106201311223098", "G190106201311223098"),
    ("year_span", "2026/2027", "2026-2027"),
    ("year_span", "2026—2027", "2026-2027"),
    ("year_span", "2026/27", "2026/27"),
    ("student_number", "2023-190101", "2023-190101"),
    ("time_required", "2026-11-10 08:30", "2026-11-10 08:30"),
    ("name_spaces", " John   Smith ", "John Smith"),
    ("brackets", "示例(集团)公司", "示例（集团）公司"),
    ("address", "示例市 光明路１８３号２８栋", "示例市光明路183号28栋"),
    ("phone", "0086-17928071689", "17928071689"),
    ("phone", "179-3992-3123", "17939923123"),
    ("phone", "+86 179 3992 3123", "17939923123"),
    ("phone", "0551-62345678", "0551-62345678"),
    ("marriage_certificate", "J1901032015000001", "J190103-2015-000001"),
    ("marriage_certificate", "BL190103—2022—000003", "BL190103-2022-000003"),
    ("marriage_certificate", "示结字2001年第12号", "示结字2001年第12号"),
    ("certificate_prefix", "编号：A123", "A123"),
    ("unit_suffix", "3290g", "3290"),
    ("unit_suffix", "3.2 kg", "3.2"),
    ("digits_zh", "三十九", "39"),
    ("digits_zh", "十", "10"),
    ("digits_zh", "二〇二六", "2026"),
    ("pad_left", "1", "01"),
    ("pad_left", "01", "01"),
    ("prefix_code", "01-汉族", "01"),
    ("prefix_code", "1：男", "1"),
    ("prefix_code", "汉族", "汉族"),
    ("date", "1990年1月1日", "1990-01-01"),
    ("placeholder_dates", "00000000", None),
]


def apply(name: str, values: list[str]) -> list[str | None]:
    step = Normaliser(name=name, args=ARGUMENTS.get(name, {}))
    return evaluate(lambda x: normalise.apply(step, x), values)


@pytest.mark.parametrize(("name", "before", "after"), KNOWN)
def test_known_repairs(name, before, after):
    assert apply(name, [before]) == [after]


def test_every_declared_step_is_known_and_tried():
    assert {kind.name for kind in ALL} - set(TEXT_STEPS) == {"money", "currency_of", "day_numbers"}
    assert {name for name, _, _ in KNOWN} | {"uscc_lookalike"} == set(TEXT_STEPS)


def test_lookalikes_in_a_credit_code_count_only_when_the_check_digit_proves_them():
    right, wrong = "91190108MA5H7YDJ0H", "91190108MA5H7YDJ1H"
    assert apply(
        "uscc_lookalike", [right.replace("J0H", "JOH"), wrong.replace("1H", "OH").replace("9119", "9118")]
    ) == [
        right,
        wrong.replace("1H", "OH").replace("9119", "9118"),
    ]


CHARACTERS = st.sampled_from(
    list("0123456789XxAaOIZz ·.•．()（）-—'\"=\t张三十一年月日元万号克gJLB市路Х×\u3000\u200b\u00a0\ufeffＡ１，/:年NULL")
)
TEXTS = st.lists(st.text(CHARACTERS, max_size=20) | st.text(max_size=12), min_size=1, max_size=40)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXT_STEPS)
@settings(max_examples=15, deadline=None)
@given(values=TEXTS)
def test_a_step_leaves_alone_what_it_says_it_cannot_touch(name, values):
    clean = [value.replace("\x00", "") for value in values]
    step = Normaliser(name=name, args=ARGUMENTS.get(name, {}))
    touched = evaluate(lambda x: normalise.touched((step,), x), clean)
    for before, after, touch in zip(clean, apply(name, clean), touched, strict=True):
        assert touch or after == before


@pytest.mark.parametrize(
    "name", sorted(set(TEXT_STEPS) - {"excel_text", "certificate_prefix", "unit_suffix", "prefix_code"})
)
@settings(max_examples=10, deadline=None)
@given(values=TEXTS)
def test_a_step_applied_again_changes_nothing(name, values):
    once = [value for value in apply(name, [value.replace("\x00", "") for value in values]) if value is not None]
    assert apply(name, once) == once
