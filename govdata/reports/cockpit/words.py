"""The two languages of the cockpit: closed vocabularies of the catalogue's tables, and how numbers and dates look.
Names, messages and reasons are the departments' own and stay Chinese."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from govdata.reports.inspection import per_cent, score
from govdata.standards.model import DIMENSION_NAMES, SEVERITY_NAMES
from govdata.standards.scoring_settings import PARTS

Language = Literal["zh", "en"]
HTML_LANGUAGE: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
Say = Callable[[str, str], str]
"""Which of two texts, Chinese and English, a page says."""

_ENGLISH = {
    "conformity": "Conformity",
    "completeness": "Completeness",
    "accuracy": "Accuracy",
    "consistency": "Consistency",
    "timeliness": "Timeliness",
    "punctuality": "Punctuality",
    "accessibility": "Accessibility",
    "uniqueness": "Uniqueness",
}

WORDS: dict[str, tuple[str, str]] = {
    **{
        part: (dimension + (f"（{name}）" if name else ""), _ENGLISH[part]) for part, (dimension, name) in PARTS.items()
    },
    **{name: (name_zh, _ENGLISH[name]) for name, name_zh in DIMENSION_NAMES.items() if name not in PARTS},
    "error": (SEVERITY_NAMES["error"], "Error"),
    "warning": (SEVERITY_NAMES["warning"], "Warning"),
    "total": ("合计", "Total"),
    "person": ("自然人", "People"),
    "organisation": ("组织", "Organisations"),
    "volume": ("行数", "Volume"),
    "nulls": ("空值", "Empty cells"),
    "distinct": ("不同值", "Distinct values"),
    "distribution": ("分布", "Distribution"),
    "on_time": ("按时", "On time"),
    "late": ("迟交", "Late"),
    "missing": ("缺", "Missing"),
    "not_due": ("未到期", "Not due"),
    "published": ("已发布", "Published"),
    "blocked": ("被阻断", "Blocked"),
    "refused": ("被拒收", "Refused"),
    "failed": ("出错", "Error"),
    "read": ("已读入", "Read"),
    "nothing": ("今晚没有交付", "None tonight"),
    "已评估": ("已评估", "Assessed"),
    "未评估": ("未评估", "Not assessed"),
    "不适用": ("不适用", "Not applicable"),
    "优秀": ("优秀", "Excellent"),
    "良好": ("良好", "Good"),
    "中等": ("中等", "Fair"),
    "不及格": ("不及格", "Poor"),
    "绿牌": ("绿牌", "Green card"),
    "黄牌": ("黄牌", "Yellow card"),
    "红牌": ("红牌", "Red card"),
    "评估到的列不足": ("评估到的列不足", "Too few columns assessed"),
    "评估的行数不足": ("评估的行数不足", "Too few rows assessed"),
    "待签收": ("待签收", "To be signed for"),
    "处理中": ("处理中", "In work"),
    "已反馈": ("已反馈", "Answered"),
    "待验证": ("待验证", "To be verified"),
    "退回": ("退回", "Sent back"),
    "办结": ("办结", "Closed"),
    "重开": ("重开", "Reopened"),
    "挂起": ("挂起", "Suspended"),
    "作废": ("作废", "Void"),
    "省级": ("省级", "Province"),
    "地级": ("地级", "Prefecture"),
    "县级": ("县级", "County"),
    "乡级": ("乡级", "Township"),
    "村级": ("村级", "Village"),
    "未知": ("未知", "Unknown"),
}
NONE = "—"


def sayer(language: Language) -> Say:
    return (lambda zh, en: zh) if language == "zh" else (lambda zh, en: en)


def word(value: Any, say: Say) -> str:
    """A value of a closed vocabulary; one that a deployment named itself stays as it is."""
    if value is None:
        return NONE
    known = WORDS.get(str(value))
    return say(*known) if known else str(value)


def number(value: Any) -> str:
    return NONE if value is None else f"{value:,.1f}".removesuffix(".0") if isinstance(value, float) else f"{value:,}"


def change(value: float | None) -> str:
    """With its direction as a sign, not as a colour alone; two digits, cut as scores are."""
    if value is None:
        return NONE
    size = score(abs(value))
    return "±0" if size == "0.00" else ("▲" if value > 0 else "▼") + size


def flag(value: bool | None, say: Say) -> str:
    return NONE if value is None else say("是", "yes") if value else say("否", "no")


FORMATS: dict[str, Callable[[Any], str]] = {
    "count": number,
    "number": number,
    "score": score,
    "share": per_cent,
    "change": change,
    "date": lambda value: NONE if value is None else str(value),
    "text": lambda value: NONE if value is None else str(value),
    "code": lambda value: NONE if value is None else str(value),
}
