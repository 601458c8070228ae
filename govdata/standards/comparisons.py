"""What a rule across tables may say of the rows of two tables; each kind is one class, written as its fields."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from govdata.standards.written import Maybe, Name, Text, Written

OTHER = "other_"
"""Prefix of the other table's columns in an expression."""


class Comparison(Written):
    """What every kind is written with."""

    table: Name = Field(description="另一张已发布的表")
    on: Annotated[dict[Name, Name], Field(min_length=1)] = Field(
        description="本表的列: 另一张表的列，逐列相等；任一列为空的行不判"
    )
    where: Maybe[Text] = Field(None, description="行表达式：只判本表中符合的行")
    other: Maybe[Text] = Field(None, description="行表达式：只看另一张表中符合的行，列名加前缀 other_")


class References(Comparison):
    """引用：另一张表里应有这样的行"""

    NAME: ClassVar = "references"
    SUMMARY: ClassVar = "本行的值应在另一张表中找得到"
    min_share: Maybe[Annotated[float, Field(ge=0, le=1)]] = Field(
        None, description="至少应找到的比例；低于它时整条规则不通过"
    )


class Excludes(Comparison):
    """互斥：另一张表里不应有这样的行"""

    NAME: ClassVar = "excludes"
    SUMMARY: ClassVar = "另一张表中不应有对应的行"
    row: Maybe[Text] = Field(None, description="行表达式，另一张表的列名加前缀 other_；只有为真的行才算对应")


class Agrees(Comparison):
    """一致：另一张表里有对应的行时，表达式应成立"""

    NAME: ClassVar = "agrees"
    SUMMARY: ClassVar = "两张表对应的行应满足表达式"
    row: Text = Field(description="行表达式，另一张表的列名加前缀 other_；为假即不一致，未知不判")


KINDS: dict[str, type[Comparison]] = {kind.NAME: kind for kind in (References, Excludes, Agrees)}
