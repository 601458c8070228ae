"""How each department writes down what it knows: headers, order of columns, its usual spelling of values.

A usual spelling is no defect, however far from the standard it is (19900101, 男, 长期): it is merely normalised. A
defect is what deviates from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from govdata.sample.arrow import Column, pc, recode
from govdata.sample.institutions import COMPANY_KINDS
from govdata.sample.writers import SheetLayout

Style = Callable[[Column], Column]


def _compact(column: Column) -> Column:
    return pc.replace_substring(column, "-", "")


def _dotted(column: Column) -> Column:
    return pc.replace_substring(column, "-", ".")


def _named(names: Mapping[str, str]) -> Style:
    return lambda column: recode(column, names)


def _open_ended(column: Column) -> Column:
    return pc.fill_null(column, "长期")


def _in_ten_thousands(column: Column) -> Column:
    return pc.replace_substring_regex(column, r"0000\.00$", "")


def _percent(column: Column) -> Column:
    return pc.replace_substring_regex(column, r"\.0000$", "%")


def _with_t(column: Column) -> Column:
    return pc.replace_substring(column, " ", "T")


CHANGE_NAMES = {"I": "新增", "U": "变更", "D": "注销"}
SEX_NAMES = {"1": "男", "2": "女"}
PERSON_STATUS_NAMES = {"1": "正常", "2": "死亡", "3": "迁出"}
PRIOR_STATUS_NAMES = {"10": "未婚", "20": "已婚", "30": "丧偶", "40": "离婚"}
BUSINESS_NAMES = {"1": "结婚", "2": "离婚", "3": "补领结婚证", "4": "补领离婚证"}
OWNERSHIP_NAMES = {"0": "单独所有", "1": "共同共有", "2": "按份共有"}
HOUSE_USE_NAMES = {
    "10": "住宅",
    "11": "成套住宅",
    "111": "别墅",
    "12": "非成套住宅",
    "60": "办公",
    "31": "商业服务",
    "21": "工业",
    "27": "仓储",
}
OWNER_DOCUMENT_NAMES = {"1": "身份证", "7": "营业执照"}
RIGHT_NAMES = {"1": "现势", "2": "历史"}
YES_NAMES = {"true": "是", "false": "否"}
STAGE_NAMES = {
    "1": "小学",
    "2": "初中",
    "3": "普通高中",
    "4": "中职",
    "5": "专科",
    "6": "本科",
    "7": "硕士",
    "8": "博士",
}
MARKET_STATUS_NAMES = {"1": "存续（在营、开业、在册）", "2": "吊销，未注销", "4": "注销", "6": "迁出"}
CURRENCY_NAMES = {"CNY": "人民币", "USD": "美元"}
ORG_TYPE_NAMES = {
    "1130": "有限责任公司(自然人投资或控股)",
    "1151": "有限责任公司(自然人独资)",
    "1222": "股份有限公司(非上市、自然人投资或控股)",
    "4540": "个人独资企业",
    "4533": "有限合伙企业",
    "1110": "有限责任公司(国有独资)",
}
assert {code for code, *_ in COMPANY_KINDS} == set(ORG_TYPE_NAMES)


@dataclass(frozen=True)
class Department:
    """``headers``: standard column → header, in delivered order. ``style``: how a column is usually written. ``text``:
    what a text file looks like."""

    format: str  # text, workbook, json
    headers: dict[str, str]
    style: dict[str, Style]
    suffix: str
    separator: str = ","
    newline: str = "\r\n"
    encodings: tuple[str, ...] = ("utf-8",)  # by group of the part
    numeric: tuple[str, ...] = ()
    sheet_styles: dict[str, dict[str, Style]] = field(default_factory=dict)
    sheet_dates: dict[str, frozenset[str]] = field(default_factory=dict)

    def render(self, records: pa.Table, sheet: str | None) -> dict[str, Column]:
        """Delivered text of ``records`` by standard column, in the department's usual spelling."""
        styles = self.style | self.sheet_styles.get(sheet or "", {})
        columns = {
            column: records[column].combine_chunks() for column in records.column_names if column in self.headers
        }
        return {column: styles[column](values) if column in styles else values for column, values in columns.items()}


DEPARTMENTS: dict[str, Department] = {
    "population": Department(
        format="text",
        headers={
            "citizen_id": "GMSFHM", "name": "XM", "sex": "XB", "ethnicity": "MZ", "birth_date": "CSRQ", "household_division": "HJXZQH",
            "household_address": "HJDZ", "residence_address": "XZZ", "marital_status": "HYZK", "education": "WHCD", "phone": "LXDH",
            "household_type": "HKLB", "person_status": "RYZT", "status_date": "ZTBGRQ", "registered_date": "DJRQ", "updated_at": "GXSJ",
            "change_kind": "BGLX",
        },
        style={
            "birth_date": _compact, "status_date": _compact, "registered_date": _compact, "person_status": _named(PERSON_STATUS_NAMES),
            "change_kind": _named(CHANGE_NAMES),
        },
        suffix=".csv",
        encodings=("gb18030",),
    ),
    "legal_person": Department(
        format="text",
        headers={
            "uscc": "统一社会信用代码", "name": "企业名称", "org_type": "企业类型", "legal_rep_name": "法定代表人",
                "legal_rep_doc_type": "证件类型",
            "legal_rep_id": "证件号码", "registered_capital": "注册资本", "capital_unit": "注册资本单位", "capital_currency": "币种",
            "established_date": "成立日期", "approved_date": "核准日期", "term_from": "经营期限自", "term_to": "经营期限至",
                "status": "登记状态",
            "cancel_date": "注销日期", "industry": "行业代码", "economic_type": "经济类型", "registration_authority": "登记机关",
            "registration_division": "登记机关行政区划", "old_registration_no": "注册号", "org_code": "组织机构代码", "address": "住所",
            "business_scope": "经营范围", "phone": "联系电话",
        },
        style={
            "org_type": _named(ORG_TYPE_NAMES), "legal_rep_doc_type": _named({"111": "居民身份证"}),
                "registered_capital": _in_ten_thousands,
            "capital_currency": _named(CURRENCY_NAMES), "term_to": _open_ended, "status": _named(MARKET_STATUS_NAMES),
        },
        suffix=".csv",
        encodings=("utf-8-sig",),
    ),
    "marriage": Department(
        format="workbook",
        headers={
            "certificate_no": "证书字号", "kind": "业务类型", "registration_date": "登记日期", "office_division": "登记机关行政区划",
            "office_name": "登记机关名称", "male_name": "男方姓名", "male_id": "男方身份证号", "male_birth_date": "男方出生日期",
                "male_sex": "男方性别",
            "male_prior_status": "男方婚前状况", "female_name": "女方姓名", "female_id": "女方身份证号",
                "female_birth_date": "女方出生日期",
            "female_sex": "女方性别", "female_prior_status": "女方婚前状况", "change_kind": "操作类型",
        },
        style={
            "kind": _named(BUSINESS_NAMES), "male_sex": _named(SEX_NAMES), "female_sex": _named(SEX_NAMES),
            "male_prior_status": _named(PRIOR_STATUS_NAMES), "female_prior_status": _named(PRIOR_STATUS_NAMES),
            "change_kind": _named({"I": "1", "U": "2", "D": "3"}),
        },
        suffix=".xlsx",
        sheet_styles={"补领证件": {"registration_date": _dotted}},
        sheet_dates={"结婚登记": frozenset({"registration_date"})},
    ),
    "education": Department(
        format="text",
        headers={
            "student_no": "XJH", "name": "XM", "citizen_id": "SFZJH", "sex": "XBM", "school_code": "XXBSM", "school_name": "XXMC",
                "stage": "XDM",
            "school_year": "XN", "enrolment_date": "RXRQ", "graduation_date": "BYRQ", "education_level": "XLM", "degree": "XWM",
            "student_status": "XSDQZTM", "diploma_no": "BYZSH",
        },
        style={"sex": _named(SEX_NAMES), "stage": _named(STAGE_NAMES), "enrolment_date": _compact, "graduation_date": _compact},
        suffix=".txt",
        separator="|",
        newline="\n",
        encodings=("utf-8", "utf-16"),
    ),
    "birth": Department(
        format="json",
        headers={
            "certificate_no": "CSYXZMBH", "child_name": "XSEXM", "sex": "XB", "birth_time": "CSSJ", "birth_weight": "CSTZ",
                "gestation_weeks": "CSYZ",
            "mother_name": "MQXM", "mother_id": "MQSFZH", "mother_age": "MQNL", "father_name": "FQXM", "father_id": "FQSFZH",
                "father_age": "FQNL",
            "birth_place": "CSDD", "birth_division": "CSDXZQH", "institution_name": "JSJGMC", "institution_code": "JSJGDM",
                "issue_date": "QFRQ",
            "child_id": "XSESFZH", "change_kind": "CZLX",
        },
        style={"birth_time": _with_t},
        suffix=".jsonl",
        numeric=("birth_weight", "gestation_weeks", "mother_age", "father_age"),
    ),
    "house": Department(
        format="text",
        headers={
            "unit_code": "BDCDYH", "certificate_no": "BDCQZH", "owner_order": "SXH", "address": "ZL", "division": "QXDM",
            "right_type": "QLLX", "house_use": "GHYT", "house_nature": "FWXZ", "building_area": "JZMJ", "ownership": "GYFS",
            "share": "QLBL", "owner_name": "QLRMC", "owner_doc_type": "ZJZL", "owner_id": "ZJH", "owner_type": "QLRLX",
            "registration_date": "DJSJ", "status": "QSZT", "ended_date": "ZXSJ", "mortgaged": "SFDY", "sealed": "SFCF",
        },
        style={
            "house_use": _named(HOUSE_USE_NAMES), "ownership": _named(OWNERSHIP_NAMES), "share": _percent,
            "owner_doc_type": _named(OWNER_DOCUMENT_NAMES), "status": _named(RIGHT_NAMES), "mortgaged": _named(YES_NAMES),
            "sealed": _named(YES_NAMES),
        },
        suffix=".csv",
        encodings=("gb18030",),
    ),
}  # fmt: skip

MARRIAGE_GROUPS = (("登记信息", 5), ("男方信息", 5), ("女方信息", 5), ("操作", 1))


def layout(department: Department, sheet: str, stamp: str) -> SheetLayout:
    return SheetLayout(
        title=f"示例市{sheet}信息交换表",
        note=f"填报单位：示例市民政局    填报日期：{stamp}",
        groups=MARRIAGE_GROUPS,
        dates=department.sheet_dates.get(sheet, frozenset()),
    )
