"""Work orders 问题数据工单 as an officer declares them in ``standards/workorders.yaml``: limits, weights, replies,
departments.

Every limit is a parameter with its legal source, the date from which it holds and the grade of that fact (a limit
graded C is a habit and no law). Without the file the defaults below hold.
"""

from __future__ import annotations

from datetime import date as Date
from typing import Annotated, Literal

from pydantic import Field

from govdata.standards.validity import in_force
from govdata.standards.written import IsoDate, Maybe, Name, Text, Written

Grade = Literal["A", "B", "C"]
Effect = Literal["claim", "waiver", "plan", "unverifiable", "transfer", "standards"]
"""What a reply asks for. None of them closes anything: ``claim`` waits for the next delivery, ``waiver`` for an
officer's waiver, ``transfer`` for an officer's assignment, ``standards`` for the standards officer."""

NEEDS: dict[str, tuple[str, ...]] = {"waiver": ("reason",), "plan": ("until",), "transfer": ("department",)}
"""Effect → what the reply must also say: a reason, a date, the department it belongs to."""


class NumberEntry(Written):
    """工单编号：前缀-区划-部门代码-日期-序号"""

    prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,6}$")] = Field("ZLGD", description="2–6个大写字母")
    division: Annotated[str, Field(pattern=r"^[0-9]{6}$")] = Field("000000", description="行政区划代码，六位，加引号")


class LimitEntry(Written):
    """一项时限，单位为工作日；收到之日不计入"""

    days: Annotated[int, Field(ge=1, le=250)] = Field(description="工作日数")
    source: Text = Field(description="依据的法规和条款，或惯例")
    valid_from: Maybe[IsoDate] = Field(None, description="从哪一天起执行 YYYY-MM-DD；不写为一直")
    grade: Grade = Field("A", description="依据的可信程度；C 级是惯例，只作参考")


Limits = Annotated[list[LimitEntry], Field(min_length=1)]
_HABIT = "惯例，按本地规定修改"


class LimitsEntry(Written):
    """各环节的时限；同一环节可写几项，按 valid_from 取当时有效的"""

    sign: Limits = Field([LimitEntry(days=2, source=_HABIT, grade="C")], description="签收")
    handle: Limits = Field([LimitEntry(days=10, source=_HABIT, grade="C")], description="整改并反馈")
    review: Limits = Field([LimitEntry(days=3, source=_HABIT, grade="C")], description="复核")


class PriorityEntry(Written):
    """优先级＝严重程度 ×（1＋rows×lg 条数）× 涉及个人
    ×（1＋repeat×以前办结过的同类工单数）；达到界限的为紧急、非常紧急"""

    error: Annotated[float, Field(ge=0)] = Field(2.0, description="错误级规则的权重")
    warning: Annotated[float, Field(ge=0)] = Field(1.0, description="提示级规则的权重")
    rows: Annotated[float, Field(ge=0)] = Field(1.0, description="条数（以10为底的对数）的权重")
    personal: Annotated[float, Field(ge=0)] = Field(1.5, description="问题所在的列是个人信息时的倍数")
    repeat: Annotated[float, Field(ge=0)] = Field(0.5, description="屡次出现的权重")
    urgent: Annotated[float, Field(ge=0)] = Field(6.0, description="达到即为紧急")
    very_urgent: Annotated[float, Field(ge=0)] = Field(12.0, description="达到即为非常紧急")


class RootCauseEntry(Written):
    """同一条规则下，写法相同（或同一未知代码）的行达到两个界限的，单独成一张工单"""

    min_rows: Annotated[int, Field(ge=1)] = Field(20, description="至少的条数")
    min_share: Annotated[float, Field(gt=0, le=1)] = Field(0.2, description="至少占该规则不合格条数的比例")


class ReplyEntry(Written):
    name: Text = Field(description="下拉框里的文字")
    effect: Effect = Field(
        description=(
            "claim 称已修正；waiver 申请豁免；plan 计划日期；unverifiable 无法核实；transfer 转派；standards "
            "转数据标准员"
        )
    )


class DepartmentEntry(Written):
    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,8}$")] = Field(description="部门代码，写进工单编号")
    contact: Maybe[Text] = Field(None, description="部门联系人或科室")
    uscc: Maybe[Annotated[str, Field(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$")]] = Field(
        None, description="统一社会信用代码；作为目录提供方的部门必填"
    )
    until: Maybe[IsoDate] = Field(None, description="撤销或并入别的部门的日期；有了就不能再作提供方")
    show_values: Maybe[bool] = Field(None, description="工单里是否显示该部门自己交付的原值；默认用上一级的")


_REPLIES = {
    "1": ReplyEntry(name="已在源头修正", effect="claim"),
    "2": ReplyEntry(name="数据无误（申请豁免）", effect="waiver"),
    "3": ReplyEntry(name="情况属实暂不能修正", effect="plan"),
    "4": ReplyEntry(name="无法核实", effect="unverifiable"),
    "5": ReplyEntry(name="非本部门（申请转派）", effect="transfer"),
    "6": ReplyEntry(name="历史数据不再维护", effect="waiver"),
    "7": ReplyEntry(name="规则不当", effect="standards"),
}


class WorkOrders(Written):
    """问题数据工单的设置"""

    number: NumberEntry = Field(NumberEntry(), description="工单编号")
    limits: LimitsEntry = Field(LimitsEntry(), description="时限（工作日）")
    priority: PriorityEntry = Field(PriorityEntry(), description="优先级的权重")
    root_cause: RootCauseEntry = Field(RootCauseEntry(), description="同因归并")
    replies: Annotated[dict[Text, ReplyEntry], Field(min_length=1)] = Field(_REPLIES, description="反馈代码: 反馈种类")
    rows_per_sheet: Annotated[int, Field(ge=10, le=100_000)] = Field(
        2000, description="每个工作表至多的条目数，其余写成旁边的 CSV"
    )
    show_values: bool = Field(False, description="工单里是否显示该部门自己交付的原值；否则只显示写法")
    waiver_days: Annotated[int, Field(ge=1, le=3650)] = Field(180, description="豁免的默认期限，自然日")
    contact: Maybe[Text] = Field(None, description="有疑问时找谁：单位、科室、电话")
    identity: dict[Name, Annotated[list[Name], Field(min_length=1)]] = Field(
        {}, description="数据集: 列。主键本身写错的记录改正后主键就变了，凭这些列认出是同一条记录"
    )
    suggestions: dict[Name, dict[Name, Text]] = Field(
        {},
        description="数据集: {列: 行表达式}。列的值不合格时可以由本行其他列推出的值；只写进工单供参考，从不自动采用",
    )
    departments: dict[Text, DepartmentEntry] = Field({}, description="责任部门名称: 部门")

    def limit(self, kind: Literal["sign", "handle", "review"], on: Date) -> LimitEntry:
        """The limit in force on a day: the newest whose ``valid_from`` is not later, else the first."""
        known: list[LimitEntry] = getattr(self.limits, kind)
        return in_force(known, on)

    def shows_values(self, department: str) -> bool:
        known = self.departments.get(department)
        return self.show_values if known is None or known.show_values is None else known.show_values
