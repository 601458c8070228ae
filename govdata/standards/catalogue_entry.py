"""What a contract says of its place in the catalogue of government data 政务数据目录.

Fields: 政务数据共享条例（国令第809号）第十三至十五条, 政务信息资源目录编制指南（试行）, and the workbooks by which
offices import entries. What the contract says elsewhere is not said again: name, description, provider, items, key,
how it is delivered and how often.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from govdata.standards.written import IsoDate, Maybe, Sharing, Text, Written

Openness = Sharing

WIDTH: dict[str, int] = {"none": 0, "conditional": 1, "unconditional": 2}
"""How wide a class of sharing or opening is."""

SHARING_CODES = {"unconditional": "1", "conditional": "2", "none": "3"}
"""The class → its code in the code set ``sharing_type``."""

SUBJECTS: dict[str, int] = {"人": 1, "地": 2, "事": 4, "物": 8, "组织": 16, "其他": 32}
"""基础信息分类, whose values add up."""

CLASSES: dict[str, str] = {"基础": "1", "主题": "2", "部门": "3"}
"""类 → the first digit of an entry's code."""

BASES = ("人口", "法人", "空间地理", "社会信用", "电子证照")
"""项 of the class 基础."""

STAGES: dict[str, str] = {
    "registered": "登记",
    "gathered": "归集",
    "governed": "治理",
    "shared": "共享",
    "retired": "退役",
}
"""The life of an entry, in order."""

FREQUENCIES = "update_frequency"
"""The code set of 更新周期."""


class PeriodEntry(Written):
    """时间范围"""

    since: IsoDate = Field(description="数据从哪一天起 YYYY-MM-DD")
    until: Maybe[IsoDate] = Field(None, description="到哪一天为止；不写为至今")


class RefusalEntry(Written):
    """不予共享的依据：地方规定不够"""

    kind: Literal["法律", "行政法规", "国务院规定"] = Field(description="依据的种类（国令第809号第十四条）")
    text: Text = Field(description="名称和条款")


class LifeEntry(Written):
    """数据资源的一生：登记→归集→治理→共享→退役，各写日期；还没有到的不写"""

    registered: IsoDate = Field(description="登记入目录的日期")
    gathered: Maybe[IsoDate] = Field(None, description="开始归集（首次交付）的日期")
    governed: Maybe[IsoDate] = Field(None, description="治理后首次发布的日期")
    shared: Maybe[IsoDate] = Field(None, description="开始共享的日期")
    retired: Maybe[IsoDate] = Field(None, description="退役的日期；合同的 status 同时改为 retired")

    def dates(self) -> dict[str, str]:
        """Stage → date, of the stages that have come, in order."""
        return {name: date for name in STAGES if (date := getattr(self, name)) is not None}

    @property
    def stage(self) -> str:
        """The last stage that has come."""
        return list(self.dates())[-1]


class ClassEntry(Written):
    """信息资源分类：类和项"""

    kind: Literal["基础", "主题", "部门"] = Field(description="类")
    item: Text = Field(description="项；基础类的为人口、法人、空间地理、社会信用、电子证照之一")


class CatalogueEntry(Written):
    """政务数据目录的条目：合同别处已经写明的（名称、说明、提供方、信息项、主键、交付方式、周期）不重复"""

    code: Annotated[str, Field(pattern=r"^[1-3][0-9]{5,11}/[0-9]{6}$")] = Field(
        description="信息资源代码：类1位、项2位、目3位、细目，斜线，顺序码6位"
    )
    classified: ClassEntry = Field(description="信息资源分类")
    title: Maybe[Text] = Field(None, description="目录里的名称，至多128字，只含文字、数字、-、_；不写则用合同的 name")
    subjects: Annotated[list[Literal["人", "地", "事", "物", "组织", "其他"]], Field(min_length=1)] = Field(
        description="基础信息分类"
    )
    objects: Text = Field(description="业务对象：一行说的是什么")
    matters: list[Text] = Field([], description="所属事项")
    system: Maybe[Text] = Field(None, description="来源的信息系统")
    basis: Text = Field(description="采集、产生的依据和来源")
    scenes: Annotated[list[Literal["政务服务", "公共服务", "监管", "其他"]], Field(min_length=1)] = Field(
        description="应用场景"
    )
    area: Literal["全市", "市直", "区县"] = Field(description="空间范围")
    period: PeriodEntry = Field(description="时间范围")
    update: Maybe[Text] = Field(None, description="更新周期，代码集 update_frequency 的代码；不写则按合同的 frequency")
    level: Annotated[int, Field(ge=1, le=4)] = Field(description="数据分级 1–4：等于信息项中最高的一级")
    condition: Maybe[Text] = Field(None, description="共享条件和使用范围；有条件共享的必填")
    refusal: Maybe[RefusalEntry] = Field(None, description="不予共享的依据；不予共享的必填")
    modes: list[Literal["接口", "批量交换", "文件下载", "平台", "邮件", "介质"]] = Field(
        [], description="共享方式；不予共享的不写"
    )
    opening: Openness = Field("none", description="开放属性：无条件、有条件、不予开放；不宽于共享属性")
    opening_condition: Maybe[Text] = Field(None, description="开放条件；有条件开放的必填")
    authorised_operation: bool = Field(False, description="是否可授权运营（授权运营的应做公共数据资源登记）")
    assessed: Maybe[IsoDate] = Field(None, description="保密审查、个人信息保护影响评估完成的日期；不写为尚未评估")
    life: LifeEntry = Field(description="登记→归集→治理→共享→退役")


def narrower(*classes: str) -> str:
    """The narrowest of classes of sharing or opening."""
    return min(classes, key=WIDTH.__getitem__)


def of_items(classes: list[str]) -> str:
    """The class of an entry whose items have ``classes``: theirs where all are alike, else conditional."""
    return classes[0] if len(set(classes)) == 1 else "conditional"
