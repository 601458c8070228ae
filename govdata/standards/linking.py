"""How mentions without a valid identifier are compared, as an officer declares it on a page of master data.

A *field* is something two mentions of one person or organisation are likely to say alike: a name, a birth date, whom
they are married to. How alike two values are is said by levels that the ``compare`` of the field names; how much each
level weighs was learnt by ``govdata masters train`` and stands in the ``model`` beside the page.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from govdata.standards.written import Maybe, Name, Text, Written

Comparison = Literal["person_name", "text", "date", "year", "code", "division", "any"]
"""``person_name``: same, variant characters, same sound, one character of three or more, else. ``text``: same, much
alike, alike, else. ``date``: same, a slip (two places swapped, one digit, day and month), same year, else. ``year``:
same, one apart, up to three apart, else. ``code``: same, else. ``division``: same when abolished codes are followed to
their successor, same prefecture, else. ``any``: of several values each may have (numbers of a spouse, phones) one is
shared, else."""

Share = Annotated[float, Field(ge=0, le=1)]


class LinkField(Written):
    """用来比对的一项"""

    name: Text = Field(description="中文名称")
    compare: Comparison = Field(
        description="怎样比：person_name 姓名（相同、异体或繁简、同音、三字以上差一字），text 文字，"
        "date 日期（相同、笔误、同年），year 年份，code 代码，division 行政区划（撤并的按继任），"
        "any 各自可有多个值、有一个相同即可"
    )
    code_set: Maybe[Name] = Field(None, description="division：区划的代码集")


class Linking(Written):
    """没有有效标识的提及怎样关联：按各项的相似程度计分，归到得分最高的一个主体"""

    fields: Annotated[dict[Name, LinkField], Field(min_length=1)] = Field(description="比对的项")
    blocks: Annotated[list[Annotated[list[Name], Field(min_length=1)]], Field(min_length=1)] = Field(
        description="只比对其中一组的各项都相同的（姓名按读音）"
    )
    demands: list[Name] = Field([], description="自动关联必须至少读音相同（姓名）或只有笔误（其他）的项")
    link: Share = Field(0.9, description="得分（是同一个的概率）不低于此，且明显高于其次的，自动关联")
    candidate: Share = Field(0.3, description="得分不低于此而不能自动关联的，交人复核")
    margin: Annotated[float, Field(ge=0)] = Field(3.0, description="比其次的高多少才算明显，以2为底的对数")
    largest_block: Annotated[int, Field(ge=1)] = Field(2000, description="一组中主体多于此的太常见，不凭它比对")
