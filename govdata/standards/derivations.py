"""How a table is made of published tables: each way is one class, written as its fields in a contract's ``origin``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from pydantic import Field

from govdata.standards.master_model import Masters
from govdata.standards.written import Maybe, Name, Text, Written


class Derivation(Written):
    """A declared way to make a table of published ones. ``CHECKS``: what must hold of the table as a whole beside the
    checks of every table, name → description. ``SCHEMA``: where the catalogue shows it. ``WHOLE``: false where a table
    it reads may be missing as long as there is one."""

    NAME: ClassVar[str]
    SUMMARY: ClassVar[str]
    CHECKS: ClassVar[Mapping[str, str]] = {}
    SCHEMA: ClassVar[str] = "published"
    WHOLE: ClassVar[bool] = True

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        """The published tables it reads."""
        raise NotImplementedError

    def output(self, masters: Masters) -> tuple[str, ...]:
        """The columns it makes; the contract must have just these."""
        raise NotImplementedError

    def masters_read(self) -> tuple[str, ...]:
        """The kinds of master data it is about."""
        return ()

    def links_read(self) -> Mapping[str, str]:
        """Kind of master data → the table of its links that it reads, made the same night."""
        return {}

    def expressions(self) -> dict[str, str]:
        """Where it is written → row expression over the columns of the (only) input."""
        return {}

    def columns_read(self) -> Iterable[str]:
        """Columns of the (only) input that it names beside its expressions."""
        return ()


class RollUp(Derivation):
    """区划汇总：按层次代码逐级汇总行数"""

    NAME: ClassVar = "roll_up"
    SUMMARY: ClassVar = "按行政区划（层次代码集）逐级汇总；已撤销而有唯一继任者的代码并入继任者"
    FIXED: ClassVar = (
        "division",
        "division_name",
        "level",
        "parent_division",
        "in_force",
        "successor",
        "under_this_code",
    )

    table: Name = Field(description="要汇总的已发布的表")
    division: Name = Field(description="存放区划代码的列（代码类数据元）")
    where: Maybe[Text] = Field(None, description="行表达式：只汇总符合的行")
    total: Name = Field(description="输出的列：数全部的行")
    counts: dict[Name, Text] = Field({}, description="输出的列: 行表达式；数符合的行")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        return (self.table,)

    def output(self, masters: Masters) -> tuple[str, ...]:
        return (*self.FIXED, self.total, *self.counts)

    def expressions(self) -> dict[str, str]:
        return ({"where": self.where} if self.where else {}) | self.counts

    def columns_read(self) -> Iterable[str]:
        return (self.division,)


class Links(Derivation):
    """关联：每次提及属于哪个主体"""

    NAME: ClassVar = "links"
    SUMMARY: ClassVar = "把各表中的提及按有效标识归到主体；没有有效标识的各自为一个主体"
    CHECKS: ClassVar = {
        "linked_once": "各表中的每次提及恰好归到一个主体，没有多出的提及",
        "one_identifier": "没有主体带有两个不同的有效标识",
        "stable": "与上一期相比，合并、拆分、消失的主体和换了主体的提及不超过上限",
    }
    WHOLE: ClassVar = False

    master: Name = Field(description="主数据种类：standards/masters 里的文件名")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        return masters[self.master].datasets if self.master in masters else ()

    def output(self, masters: Masters) -> tuple[str, ...]:
        mention = ("mention_id", "dataset", "role", "row_id", "delivery_date")
        return (*mention, f"{self.master}_id", "method", "score", "agreed")

    def masters_read(self) -> tuple[str, ...]:
        return (self.master,)


class Survivors(Derivation):
    """主数据：每个主体一行，各属性按权威来源取值"""

    NAME: ClassVar = "survivors"
    SUMMARY: ClassVar = "每个主体一行：各属性取最权威来源的值，附来源、日期和一致、不一致的提及数"
    CHECKS: ClassVar = {
        "counts_reconcile": "主体数等于关联表中的主体数，各主体的提及数之和等于关联表的行数",
    }
    WHOLE: ClassVar = False
    DETAILS: ClassVar = ("source", "date", "agree", "disagree")

    master: Name = Field(description="主数据种类：standards/masters 里的文件名")
    links: Name = Field(description="它的关联表")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        return (self.links, *(masters[self.master].datasets if self.master in masters else ()))

    def output(self, masters: Masters) -> tuple[str, ...]:
        elements = masters[self.master].elements if self.master in masters else ()
        told = [name for e in elements for name in (e, *(f"{e}_{detail}" for detail in self.DETAILS))]
        fixed = ("identifier_kind", "identifier", "mentions", "datasets", "disagreements")
        return (f"{self.master}_id", *fixed, *told)

    def masters_read(self) -> tuple[str, ...]:
        return (self.master,)

    def links_read(self) -> Mapping[str, str]:
        return {self.master: self.links}


class Conflicts(Derivation):
    """冲突：同一主体的同一属性有不同的值"""

    NAME: ClassVar = "conflicts"
    SUMMARY: ClassVar = "同一主体的同一属性在各来源的不同取值，取用了哪一个、为什么、应由谁核实"
    SCHEMA: ClassVar = "governance"
    WHOLE: ClassVar = False

    links: dict[Name, Name] = Field(description="主数据种类: 它的关联表")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        datasets = [name for kind in self.links if kind in masters for name in masters[kind].datasets]
        return tuple(dict.fromkeys((*self.links.values(), *datasets)))

    def output(self, masters: Masters) -> tuple[str, ...]:
        value = ("master_kind", "master_id", "element", "dataset", "role", "source_value")
        told = ("row_id", "delivery_date", "mentions", "chosen", "reason", "owner")
        return (*value, *told, "first_seen", "last_seen", "open")

    def masters_read(self) -> tuple[str, ...]:
        return tuple(self.links)

    def links_read(self) -> Mapping[str, str]:
        return self.links


DERIVATIONS: dict[str, type[Derivation]] = {kind.NAME: kind for kind in (RollUp, Links, Survivors, Conflicts)}
