"""What rows say of events and of relations, as an officer writes it in the ``origin`` of a derived table."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from govdata.standards.written import Maybe, Name, Text, Written


class Event(Written):
    """一种事件：哪种身份、哪些行、哪一天"""

    kind: Name = Field(description="事件种类的标识，如 death")
    name: Text = Field(description="中文名称，如 死亡")
    mention: Name = Field(description="身份（standards/masters 里声明的）：看它所在的表")
    date: Text = Field(description="列名或行表达式：发生的日期")
    where: Maybe[Text] = Field(None, description="行表达式：只有符合的行才说明有此事件")
    detail: Maybe[Name] = Field(None, description="说明事件的列；代码列写代码的名称")


class Side(Written):
    """关系的一方：一类或几类主体（master），或由各列的值相同而成的一组（key）"""

    column: Name = Field(description="存放编号的列")
    master: Maybe[Name] = Field(None, description="主数据种类")
    masters: Maybe[Annotated[list[Name], Field(min_length=2)]] = Field(
        None, description="几种主体都可以的（房屋权利人是自然人或组织），写各主数据种类，不写 master"
    )
    key: Maybe[Annotated[list[Name], Field(min_length=1)]] = Field(
        None, description="列名：这些列的值都相同的行同属一组，任一列为空则不成组；编号是它们的密钥摘要"
    )
    told: Maybe[Annotated[list[Name], Field(min_length=1)]] = Field(
        None, description="列名：档案里凭来源行的这些列认得出是哪一组（房屋的坐落）；不写则只列同组的成员"
    )

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of master that may stand on this side; none where it is a group."""
        return tuple(self.masters or ([self.master] if self.master is not None else ()))


class Statement(Written):
    """一行数据怎样说明关系的起止；只写一方时，说明该方的全部关系终止"""

    kind: Name = Field(description="种类的标识，如 marriage、divorce、death")
    name: Text = Field(description="中文名称")
    left: Maybe[Name] = Field(None, description="左方的身份")
    right: Maybe[Name] = Field(None, description="右方的身份；与左方在同一张表的同一行")
    where: Maybe[Text] = Field(None, description="行表达式：只看符合的行")
    begins: Maybe[Text] = Field(None, description="列名或行表达式：关系自何日起")
    holds: Maybe[Text] = Field(None, description="列名或行表达式：何日已有此关系，起于何日不知道")
    ends: Maybe[Text] = Field(None, description="列名或行表达式：关系至何日止")
    years: Maybe[Annotated[int, Field(ge=1)]] = Field(None, description="自 begins 起满多少年自行终止")

    @property
    def mentions(self) -> tuple[str, ...]:
        return tuple(name for name in (self.left, self.right) if name is not None)
