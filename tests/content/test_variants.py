"""Spellings that were not in view when a standard was written: delivered cell → published value, and whether the row is
withheld (Q), told of (F) or left in peace."""

from __future__ import annotations

import pytest

from tests.content.conftest import Standardise
from tests.content.test_rules import KEY_RULE, SOUND

KEPT = "as delivered"

FREE = {
    "population": ("residence_address", "示例市东湖区第{}号"),
    "legal_person": ("address", "示例市东湖区第{}号"),
    "marriage": ("office_name", "示例市东湖区第{}婚姻登记处"),
    "education": ("school_name", "示例市东湖区第{}小学"),
    "birth": ("institution_name", "示例市东湖区第{}医院"),
    "house": ("address", "示例市东湖区第{}号"),
}

VARIANTS: dict[tuple[str, str], dict[str, tuple[str | None, str]]] = {
    # no names: why there is none, who is meant, trials, keys struck at random
    ("population", "name"): {
        **dict.fromkeys(("待核", "未起名", "不便公开", "本人", "王某", "李某某", "演示数据", "赵若川同志", "张三等", "QQQ", "户主", "新生婴儿"), (KEPT, "F")),
        **dict.fromkeys(("玉", "岩龙", "赵D", "B·巴特尔", "未来", "同心", "莫愁", "Ng", "赵𰻞川", "José García"), (KEPT, "")),
        **dict.fromkeys(("张伟B", "钱若chuan"), (KEPT, "F")),
        **dict.fromkeys(("鏉庡洓", "ÀîËÄ", "æ\x9d\x8eå\x9b\x9b"), ("李四", "F")), "王&#20122;": ("王亚", ""), "%E8%B5%B5%E8%8B%A5": ("赵若", ""),
        **dict.fromkeys(("鏉庡洓涓", "Ã¥Â¼Â", "王&amp;亚", "锟斤拷", "王\ufffd"), (KEPT, "Q")),
        "赵若\u3000川": ("赵若川", ""), "赵\uf90a川": ("赵金川", ""), "赵若川&ensp;": ("赵若川", ""), "待补录": (None, "Q"),
        **dict.fromkeys(("已故赵若川", "次女", "赵若川之妻", "匿名用户", "死亡"), (KEPT, "F")), **dict.fromkeys(("赵之川", "王羲之", "赵长子"), (KEPT, "")),
    },
    ("population", "ethnicity"): {"其它": ("97", "F"), "蒙": ("02", ""), "汉民": ("01", ""), "未识别民族": ("97", "F"), "苗族/汉族": (KEPT, "Q")},
    ("marriage", "kind"): {"复婚": ("1", ""), "撤销婚姻": (KEPT, "Q")},
    ("education", "school_year"): {"2026/2027": ("2026-2027", ""), "2026~2027学年": ("2026-2027", ""), "2026/27": (KEPT, "Q"), "2026/2028": ("2026-2028", "Q")},
    ("population", "marital_status"): {
        "30丧偶": ("30", ""), "[4]离婚": ("40", ""), "030 ": ("30", ""), "未采集": (None, ""), "-1": (None, ""), "离异单身": ("40", ""),
        "1婚": (None, "F"), "10-已婚": (None, "F"), "21 初婚": ("21", ""),
    },
    ("population", "education"): {
        "39": ("33", ""), "38": (None, "F"), "21大学本科毕业": ("21", ""), "大专(31)": ("31", ""), "NA": (None, ""), "#DIV/0!": (None, ""),
        "初中以上": (None, "F"),
    },
    ("population", "household_type"): {"农村居民": ("2", ""), "011": ("11", ""), "蓝印户口": (None, "F"), "1非农业家庭户口": ("1", "")},
    ("population", "phone"): {
        "无电话": (None, "F"), "17900000002(妻)": ("17900000002", ""), "17900000003/17900000002": ("17900000003", ""), "暂缺": (None, ""),
        "（010）62345678": ("010-62345678", ""), "0871 6234567": ("0871-6234567", ""), "0871-6234567-801": (KEPT, ""), "13800100500": (KEPT, "F"), "95588": (None, "F"),
    },
    ("population", "registered_date"): {"9999年12月31日": (None, ""), "1753-1-1 0:00:00": (None, ""), "2020年13月": (None, "Q"), "10000": (None, "Q"), "12345": (None, "Q"), "33333": ("1991-04-05", "")},
    ("population", "household_division"): {
        "190101001": ("190101", ""), "示例市东湖区(190101)": ("190101", ""), "190101示例市西岭区": (KEPT, "Q"),
        "模拟省示例市东湖区": ("190101", ""), "吉林省长春市朝阳区": ("220104", "F"), "长春市朝阳区": ("220104", "F"), "朝阳区": (KEPT, "Q"), "北京市海淀县": (KEPT, "Q"),
    },
    ("population", "sex"): {"男1": (KEPT, "Q"), "男-1": ("1", ""), "[1]男": ("1", ""), "001": ("1", ""), "1(女)": (KEPT, "Q")},
    ("population", "household_address"): {
        "示例市东湖区花园路2号<br>": ("示例市东湖区花园路2号", ""), "示例市东湖区%E8%B7%AF1号": ("示例市东湖区路1号", ""),
        "绀轰緥甯備笢婀栧尯": ("示例市东湖区", ""), "绀轰緥甯備笢婀栧尯璺": (KEPT, "F"),
    },
    ("legal_person", "name"): {
        **{f"示例市华盛有限公司{end}": (KEPT, "F") for end in ("2", "等3家", "已注销", "停业整顿中", "东湖软件有限责任公司", "—迁出", "/示例市东湖有限公司", "（吊销未注销）")},
        **dict.fromkeys(("示例市华盛有限公司东湖分公司", "示例市软件测试有限公司", "示例市公司清算事务有限公司", "示例市108号公司", "示例（中国）集团公司"), (KEPT, "")),
    },
    ("population", "residence_address"): {
        **dict.fromkeys(("同户籍地", "同身份证", "待核实", "户籍地址", "人户分离", "查无此址"), (KEPT, "F")),
        **dict.fromkeys(("同心县豫海镇1号", "待王镇未庄村3组", "查家湾路9号", "无锡路1号院"), (KEPT, "")),
    },
    ("legal_person", "term_to"): {"9999/12/31 0:00:00": (None, ""), "永续存续": (None, ""), "二十年": (None, "Q")},
    ("legal_person", "phone"): {"总机转8001": (None, "F"), "1.79E+10": (None, "F"), "400-800-1234": (KEPT, "")},
    ("legal_person", "cancel_date"): {"未知": (None, ""), "注销": (None, "Q")},
    ("marriage", "male_id"): {
        **dict.fromkeys(("SPECI2014", "NX12R3456", "L8988901C", "武字第12345678号", "H1234567890", "0012345678(B)", "P123456(7)", "AB123456(A)"), (KEPT, "")),
        **dict.fromkeys(("1234567", "AB1"), (KEPT, "Q")),
    },
    ("education", "stage"): {"学前班": ("0", "F"), "特教": ("10", "F"), "小学三年级": ("1", ""), "托班": (KEPT, "Q")},
    ("education", "enrolment_date"): {"2021年9月": (None, "F"), "202109": (None, "F"), "待补录": (None, "")},
    ("birth", "child_name"): {"王某某之女": (KEPT, "F"), "赵一诺B": (KEPT, "F")},
    ("birth", "father_id"): {"12": (None, "F"), "E12345678": (KEPT, "")},
    # a day without a time: midnight is not invented
    ("birth", "birth_time"): {"46266": (None, "Q"), "2026年9月1日": (None, "Q")},
    ("birth", "birth_weight"): {"N": (None, ""), "未测": (None, "F"), "3.35kg": ("3350", "")},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "column"), VARIANTS)
def test_spellings_not_in_view(dataset: str, column: str, standardise: Standardise) -> None:
    cells = VARIANTS[dataset, column]
    # The source's line tells the rows apart, whatever becomes of the key they share; another column keeps equal values
    # from being one row.
    free, text = FREE[dataset]
    rows = [SOUND[dataset] | {free: text.format(number), column: cell} for number, cell in enumerate(cells)]
    found = {}
    for row in standardise(dataset, rows):
        failed = set(row["failed_rules"] or ()) - {KEY_RULE}
        verdict = "Q" if failed else "F" if row["_warnings"] else ""
        found[list(cells)[row["_source_row"]]] = (None if row[column] is None else str(row[column]), verdict)
    wanted = {cell: (cell if value == KEPT else value, verdict) for cell, (value, verdict) in cells.items()}
    assert found == wanted
