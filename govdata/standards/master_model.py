"""A kind of master data as an officer declares it in ``standards/masters/<kind>.yaml``: 一人一档, 一企一档.

Every appearance of a person or an organisation in a row of a published table is a *mention*. Mentions with the same
valid identifier are of one *master*. Of each element of a master the sources are ranked (一数一源): the first that says
something is right, the others agree with it or are in conflict with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from govdata.standards.linking import Linking
from govdata.standards.screening import Screening
from govdata.standards.written import Maybe, Name, Text, Written

UNLINKED = "unlinked"
"""The method of a mention without a valid identifier that is like no other: it is a master of its own."""

SIMILAR, REVIEWED = "similar", "reviewed"
"""The methods of a mention without a valid identifier that was linked by its likeness, and by people."""


class Identifier(Written):
    """一种标识"""

    name: Text = Field(description="中文名称")
    valid: Text = Field(description="行表达式：value（有证件类型的还有 type）何时是有效的标识")
    key: Maybe[Text] = Field(None, description="行表达式：value 的哪一部分用来比对；默认全部")
    typed: bool = Field(False, description="号码只在同一证件类型内唯一：写法为 {number, type}")
    implies: dict[Name, Text] = Field({}, description="标识本身含有的更弱标识: 行表达式（value），取出它的比对部分")


class NumberAndType(Written):
    """证件号码和证件类型"""

    number: Text = Field(description="列名或行表达式：号码")
    type: Text = Field(description="列名或行表达式：证件类型；为空则号码不作标识")


class Mention(Written):
    """一张表里提到一个主体的一种身份"""

    name: Text = Field(description="中文名称，如 男方")
    dataset: Name = Field(description="已发布的表")
    where: Maybe[Text] = Field(None, description="行表达式：只有符合的行才提到")
    identifiers: dict[Name, Text | NumberAndType] = Field({}, description="标识: 列名或行表达式")
    values: dict[Name, Text] = Field({}, description="属性: 列名或行表达式")
    date: Maybe[Text] = Field(None, description="列名或行表达式：该行所说的情况截至何日；默认交付日期")
    evidence: dict[Name, Text] = Field({}, description="比对的项: 列名或行表达式；默认同名属性的值")
    once: bool = Field(False, description="true：一个主体在这种身份下只可能有一行（如出生医学证明）")

    def said(self, field: str) -> str | None:
        """The expression of a field by which mentions are compared; None where the mention says nothing of it."""
        return self.evidence.get(field, self.values.get(field))

    def number(self, kind: str) -> tuple[str | None, str | None]:
        """The expressions of the number and of its type; None where the mention has none."""
        given = self.identifiers.get(kind)
        return (given.number, given.type) if isinstance(given, NumberAndType) else (given, None)


class Source(Written):
    """权威来源的一个顺位"""

    mentions: Annotated[list[Name], Field(min_length=1)] = Field(description="同一顺位的身份")
    where: Maybe[Text] = Field(None, description="行表达式（value）：只在取值符合时处于这一顺位")
    fills: bool = Field(True, description="false：只参加比对，绝不取它的值")


class MasterElement(Written):
    """主数据的一个属性"""

    name: Text = Field(description="中文名称")
    sources: Annotated[list[Source], Field(min_length=1)] = Field(description="从最权威起的各顺位")
    compare: Maybe[Text] = Field(None, description="行表达式（value）：比对时取值的哪一部分；默认全部")
    latest: bool = Field(False, description="true：同一张表里只有日期最新的行代表现状，更早的是历史，不算冲突")
    identifying: bool = Field(False, description="true：关联时记录该属性是否一致")
    always_asked: bool = Field(False, description="true：办事时总要填写以核对身份（姓名），不列入应停止采集")

    def rank(self, mention: str) -> Iterator[tuple[int, Source]]:
        """The ranks (from 1) at which a mention stands."""
        return ((n, source) for n, source in enumerate(self.sources, 1) if mention in source.mentions)

    @property
    def filling(self) -> tuple[int, ...]:
        """The ranks whose values may be taken."""
        return tuple(n for n, source in enumerate(self.sources, 1) if source.fills)


class Bounds(Written):
    """与上一期相比允许的变动（占上一期主体或提及的比例）；超过则不发布"""

    merged: Annotated[float, Field(ge=0, le=1)] = Field(0.01, description="由上一期多个主体合成的主体")
    split: Annotated[float, Field(ge=0, le=1)] = Field(0.01, description="拆成多个的上一期主体")
    moved: Annotated[float, Field(ge=0, le=1)] = Field(0.02, description="换了主体的提及")
    gone: Annotated[float, Field(ge=0, le=1)] = Field(0.2, description="有标识而不再出现的上一期主体")


class Overlap(Written):
    """几个部门重复采集的属性，到什么程度可以停止采集、改用权威来源的值"""

    agreement: Annotated[float, Field(ge=0, le=1)] = Field(0.95, description="与权威来源的一致率至少多少")
    known: Annotated[float, Field(ge=0, le=1)] = Field(0.9, description="权威来源至少能替填多少")
    least: Annotated[int, Field(ge=1)] = Field(20, description="至少比对过多少个主体才下结论")


class Master(Written):
    """一类主数据"""

    name: Text = Field(description="中文名称，如 自然人")
    owner: Text = Field(description="融合数据责任部门")
    identifiers: Annotated[dict[Name, Identifier], Field(min_length=1)] = Field(description="标识，从最强的起")
    mentions: Annotated[dict[Name, Mention], Field(min_length=1)] = Field(description="身份: 在哪张表的哪些列")
    elements: dict[Name, MasterElement] = Field({}, description="属性: 权威来源")
    bounds: Bounds = Field(Bounds(), description="变动的上限")
    overlap: Overlap = Field(Overlap(), description="重复采集的界限")
    found_in: Maybe[Name] = Field(None, description="作为登记簿的身份：统计其他身份有多少在其中找得到")
    linking: Maybe[Linking] = Field(None, description="没有有效标识的提及怎样关联；不写则各自为一个主体")
    screening: Maybe[Screening] = Field(None, description="名单比对：名单有哪些列，比对出哪些情况；不写则不能比对")

    @property
    def datasets(self) -> tuple[str, ...]:
        """The tables that mention it, each once."""
        return tuple(dict.fromkeys(mention.dataset for mention in self.mentions.values()))


Masters = Mapping[str, Master]
