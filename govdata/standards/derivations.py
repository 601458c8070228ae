"""How a table is made of published tables: each way is one class, written as its fields in a contract's ``origin``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from govdata.standards.written import Maybe, Name, Text, Written


class Derivation(Written):
    """A declared way to make a table of published ones."""

    NAME: ClassVar[str]
    SUMMARY: ClassVar[str]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The published tables it reads."""
        raise NotImplementedError

    def output(self) -> tuple[str, ...]:
        """The columns it makes; the contract must have just these."""
        raise NotImplementedError

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

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.table,)

    def output(self) -> tuple[str, ...]:
        return (*self.FIXED, self.total, *self.counts)

    def expressions(self) -> dict[str, str]:
        return ({"where": self.where} if self.where else {}) | self.counts

    def columns_read(self) -> Iterable[str]:
        return (self.division,)


DERIVATIONS: dict[str, type[Derivation]] = {kind.NAME: kind for kind in (RollUp,)}
