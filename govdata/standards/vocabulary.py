"""The closed vocabulary of normalisers. ``govdata.engine.normalise`` gives each its SQL; an unknown name is a problem
of the standards.

Each entry: name → (Chinese description as the officer and the repair ledger read it, names of its arguments).
"""

from __future__ import annotations

NORMALISERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "halfwidth": ("全角转半角", ()),
    "strip": ("去除首尾空白、不可见字符和单引号", ()),
    "remove_spaces": ("去除全部空白和不可见字符", ()),
    "collapse_spaces": ("合并连续空白", ()),
    "uppercase": ("转大写", ()),
    "lowercase": ("转小写", ()),
    "lookalike_x": ("形近字母统一为X", ()),
    "excel_text": ("还原表格软件造成的文本损伤（如尾部.0、等号引号）", ()),
    "upgrade_15_to_18": (
        "15位公民身份号码升为18位（写明证件类型列的，只对所列证件）",
        ("document_column", "documents"),
    ),
    "uscc_lookalike": ("统一社会信用代码形近字符还原（经校验码证实）", ()),
    "org_code_hyphen": ("组织机构代码补连字符", ()),
    "name_dots": ("姓名间隔号统一为·", ()),
    "name_spaces": ("去除姓名中的空白", ()),
    "brackets": ("括号统一为全角", ()),
    "address": ("地址外形整理", ()),
    "phone": ("电话号码去除国家码和分隔符", ()),
    "marriage_certificate": ("婚姻登记证字号补连字符", ()),
    "certificate_prefix": ("去除证书编号前的字样", ("prefixes",)),
    "unit_suffix": ("去除数值后的计量单位", ("units",)),
    "money": ("金额换算为元", ("unit_column",)),
    "currency_of": ("由金额文本推断币种", ("column",)),
    "date": ("日期统一为YYYY-MM-DD", ()),
    "placeholder_dates": ("占位日期视为空", ("values",)),
    "digits_zh": ("汉字数字转阿拉伯数字", ()),
    "pad_left": ("左侧补零", ("length",)),
    "prefix_code": ("取代码部分（如“01-汉族”取01）；代码列里标签与代码矛盾的保留原文", ()),
    "han_spaces": ("去掉汉字旁边的空白（西文词之间的保留）", ()),
    "layout_markup": ("去除残留的排版标记（如&nbsp;、<br/>），&middot;还原为间隔号", ()),
    "unified_ideographs": ("兼容汉字和部首字符统一为通用汉字", ()),
    "county_code": ("9位、12位区划代码取前6位（县级）", ()),
    "student_number": ("学籍号去除字母后的连字符", ()),
    "time_required": ("只有日期没有时间的不补零点，按不能识别处理", ()),
}
