"""Which delivered names of columns and sheets may be told outside the data tables.

A file without a header has its first record where the header should be, and clerks name sheets after people: a
delivered name may be personal data. Told are names that read like a heading (the word they end in says so, or they are
plain Latin identifiers, and there is no markup in them); of any other its place is told. The name itself is in the
tables (``_extra``, ``_source_file``) for those who may read them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from govdata.escaping import visible

_LONGEST = 24
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_ .()#-]*")
_DIGITS = re.compile(r"\d{5}")
_PERIOD = re.compile(r"(\d{4}(-\d{4})?学?年)?度?(\d{1,2}月)?(\d{1,2}日)?(第?[一二三四\d]季度|[上下]半年)?")
_HEADING = re.compile(
    r"[^\d\[\]<>`\\]{0,16}("
    r"号|号码|代码|编码|编号|序号|名称|姓名|曾用名|日期|时间|年份|年度|学期|学年|年龄|性别|民族|学历|学位|职业|国籍|籍贯|"
    r"备注|说明|描述|摘要|类型|类别|种类|分类|类|状态|状况|标志|标识|等级|级别|程度|原因|方式|方法|结果|情况|意见|来源|用途|范围|"
    r"地址|住址|住所|地点|电话|手机|邮编|邮箱|传真|单位|机构|部门|机关|学校|医院|专业|区划|街道|社区|乡镇|[省市区县镇乡]|"
    r"金额|数量|人数|户数|总数|比例|体重|身高|资本|币种|费用|登记|信息|证件|证书|名单|明细|汇总|统计|数据|资料|档案|记录|台账|"
    r"表|册|页|附件|字典|填表人|审核人|经办人|操作员|联系人|负责人|代表人|法人|关系|户主"
    r")([（(][^（）()\d\[\]<>`\\]{1,8}[)）])?[_#-]?\d{0,2}"
)


@lru_cache(10_000)
def showable(name: str) -> bool:
    """Whether ``name`` reads like a heading and not like a record's value."""
    text = unicodedata.normalize("NFKC", name).strip()
    if not text or len(text) > _LONGEST or _DIGITS.search(text):
        return False
    if len(text) == 1:  # 一, 二, A: no name of anybody
        return True
    return any(form.fullmatch(text) for form in (_LATIN, _HEADING, _PERIOD))


def shown(name: str, place: str) -> str:
    """``name`` where it may be told, else ``place`` (Chinese: where a person finds it)."""
    return visible(name) if showable(name) else f"{place}（名称未显示）"
