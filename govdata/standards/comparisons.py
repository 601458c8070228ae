"""What a rule across tables may say of the rows of two tables; each kind is one class, written as its fields."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from govdata.standards.written import Maybe, Name, Text, Written

OTHER = "other_"
"""Prefix of the other table's columns in an expression."""
NIGHT = "delivery_date()"
"""Stands for the day of the night that judges where a date column of the row may be named."""
WITH = "with_"
"""Prefix of a third table's columns."""

On = Annotated[dict[Name, Name], Field(min_length=1)]


class Lookup(Written):
    """第三张表：为每对行补上它的列"""

    table: Name = Field(description="第三张已发布的表")
    on: On = Field(description="本表的列，或加前缀 other_ 的另一张表的列: 第三张表的列，逐列相等")


class Total(Written):
    """另一张表中对应的各行加起来"""

    of: Text = Field(description="行表达式：另一张表每行加多少，列名加前缀 other_；为空的不加")
    above: Text = Field(description="行表达式：合计大于多少才算问题，用本表的列")


class Comparison(Written):
    """What every kind is written with."""

    table: Name = Field(description="另一张已发布的表")
    on: On = Field(description="本表的列: 另一张表的列，逐列相等；任一列为空的行不判")
    where: Maybe[Text] = Field(None, description="行表达式：只判本表中符合的行")
    other: Maybe[Text] = Field(None, description="行表达式：只看另一张表中符合的行，列名加前缀 other_")


class Paired(Comparison):
    """What a kind that looks at pairs of rows is written with besides."""

    last: Maybe[Annotated[dict[Text, Name], Field(min_length=1, max_length=1)]] = Field(
        None,
        description="本表的日期列，或 delivery_date()（核对日期）: 另一张表的日期列；只看不晚于它的最近一行",
    )
    lookup: Maybe[Lookup] = Field(None, description="第三张表；它的列在 row 里加前缀 with_，没有对应行的为空")


class References(Comparison):
    """引用：另一张表里应有这样的行"""

    NAME: ClassVar = "references"
    SUMMARY: ClassVar = "本行的值应在另一张表中找得到"
    master: Maybe[Annotated[dict[Name, Name], Field(min_length=1, max_length=1)]] = Field(
        None,
        description="本表的身份: 另一张表的身份（masters 的 mentions）；归到同一主体的也算找到，没有号码的行也判",
    )
    held: Maybe[On] = Field(
        None,
        description="本表的列: 另一张表的列；另一张表被隔离的行里有这样的，也不算没有（号码写坏的认姓名）",
    )
    min_share: Maybe[Annotated[float, Field(ge=0, le=1)]] = Field(
        None, description="至少应找到的比例；低于它时整条规则不通过"
    )


class Excludes(Paired):
    """互斥：另一张表里不应有这样的行"""

    NAME: ClassVar = "excludes"
    SUMMARY: ClassVar = "另一张表中不应有对应的行"
    row: Maybe[Text] = Field(None, description="行表达式，另一张表的列名加前缀 other_；只有为真的行才算对应")
    more_than: Annotated[int, Field(ge=0)] = Field(0, description="对应的行多于几行才算问题；默认一行也不应有")
    total: Maybe[Total] = Field(
        None,
        description="对应的行不看行数而看合计：大于多少才算问题（各份额加起来超过全部），不与 more_than、lookup 同写",
    )


class Agrees(Paired):
    """一致：另一张表里有对应的行时，表达式应成立"""

    NAME: ClassVar = "agrees"
    SUMMARY: ClassVar = "两张表对应的行应满足表达式"
    row: Text = Field(description="行表达式，另一张表的列名加前缀 other_；为假即不一致，未知不判")


KINDS: dict[str, type[Comparison]] = {kind.NAME: kind for kind in (References, Excludes, Agrees)}
