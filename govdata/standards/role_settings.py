"""Who may see which values in full, as an officer declares it in ``standards/roles.yaml``.

Everybody sees values masked as their data elements say. A *role* sees in full what its work needs and no more (个人信息
保护法 art. 6, 51: the smallest extent, and rights to operate set by need). A role may be tied to groups of accounts of
the system; one that names no group is taken on the word of whoever asks, and logged.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from govdata.standards.written import Name, Text, Written

Door = Literal["person", "company", "why", "explain", "screen", "prefill"]


class Role(Written):
    """一种角色：哪些命令里，哪些数据元显示未脱敏的值"""

    name: Text = Field(description="中文名称，如 窗口核验人员")
    level: Annotated[int, Field(ge=0, le=4)] = Field(0, description="敏感级别不高于此的数据元显示值；0 为只看 elements")
    elements: list[Name] = Field([], description="此外还显示值的数据元")
    hides: list[Name] = Field([], description="级别虽不高，仍不显示值的数据元")
    doors: Annotated[list[Door], Field(min_length=1)] = Field(description="在哪些命令里")
    groups: list[Text] = Field([], description="只有这些系统用户组的账户可用；不写则不核对账户")

    def sees(self, element: str, level: int) -> bool:
        """Whether values of an element of that level of sensitivity are shown to it in full."""
        return element in self.elements or (level <= self.level and element not in self.hides)
