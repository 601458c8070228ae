"""The two languages of the cockpit: closed vocabularies of the catalogue's tables, and how numbers and dates look.
Names, messages and reasons are the departments' own and stay Chinese."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from govdata.reports.inspection import per_cent, score, signed
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
    "within": ("周期内", "Within period"),
    "late": ("迟交", "Late"),
    "missing": ("缺", "Missing"),
    "not_due": ("未到期", "Not due"),
    "published": ("已发布", "Published"),
    "blocked": ("被阻断", "Blocked"),
    "refused": ("被拒收", "Refused"),
    "failed": ("出错", "Error"),
    "read": ("已读入", "Read"),
    "nothing": ("今晚没有交付", "None tonight"),
    "compared": ("在比", "Compared"),
    "too_few": ("历史不足", "Too few"),
    "expired": ("已到期", "Expired"),
    "done": ("完成", "Done"),
    "complete": ("走完", "Complete"),
    "stopped": ("有环节停下", "Stopped"),
    "unfinished": ("没有走完", "Unfinished"),
    "not_run": ("没有运行", "Did not run"),
    "idle": ("无事", "Idle"),
    "never_failed": ("从未不合格", "Never failed"),
    "always_failed": ("全部不合格", "Always failed"),
    "never_asked": ("无行可判", "Nothing to judge"),
    "long_waived": ("长期豁免", "Waived for long"),
    "governance": ("全市", "The city"),
    "masters": ("派生表", "Derived tables"),
    "读入": ("读入", "Read"),
    "标准化": ("标准化", "Standardise"),
    "检查": ("检查", "Check"),
    "发布": ("发布", "Publish"),
    "隔离复审": ("隔离复审", "Judge again"),
    "跨表核对": ("跨表核对", "Check across tables"),
    "更新工单": ("更新工单", "Work orders"),
    "评分": ("评分", "Score"),
    "异常提示": ("异常提示", "Anomalies"),
    "更新目录": ("更新目录", "Catalogue"),
    "写检测报告": ("写检测报告", "Inspection reports"),
    "写驾驶舱": ("写驾驶舱", "Cockpit"),
    "清理过期数据": ("清理过期数据", "Retention"),
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
    """With its direction as a sign, not as a colour alone."""
    return NONE if value is None else signed(value, "▲", "▼")


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
