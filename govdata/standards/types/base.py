"""What a type is: how text becomes its value, what a standard may say of it, what it is called."""

from __future__ import annotations

from typing import ClassVar, Literal

from sqlglot import exp

from govdata.trees import sql

RowKind = Literal["text", "number", "date", "boolean", "any"]
"""What a row expression takes a value for; ``any`` where it is not known. A datetime counts as a date."""


class ElementType:
    """A type of data elements. ``value`` is NULL for a text that cannot be read as the type: the caller keeps the text
    as evidence."""

    name: ClassVar[str]
    title: ClassVar[str]
    """Chinese name."""
    storage: ClassVar[str]
    """SQL type of the standardised column; see ``sql_type``."""
    odcs: ClassVar[tuple[str, ...]]
    """The logicalType a contract may give a column of the type."""
    row_kind: ClassVar[RowKind]
    unreadable: ClassVar[str | None] = None
    """What is said of a text that cannot be read; None: every text can."""
    ledger: ClassVar[str]
    """What the repair ledger calls reading the text as the type."""
    quick: ClassVar[bool] = False
    """Whether ``fast`` reads most cells as they were delivered."""
    keys: ClassVar[tuple[str, ...]] = ()
    """Keys of an element that only this type uses."""
    required_keys: ClassVar[tuple[str, ...]] = ()
    """Those of ``keys`` that must be there."""
    words: ClassVar[frozenset[str]] = frozenset()
    """Words that are values of the type, so that none of them stands for "no value"."""
    examples: ClassVar[tuple[tuple[str, str | None], ...]]
    """Delivered text → standard text, None where it cannot be read. Executed as tests and shown on the reference
    page."""

    def sql_type(self, scale: int | None) -> str:
        """``scale``: the element's, digits behind the point."""
        return self.storage

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        """The typed value of standardised text ``x``, NULL where it cannot be read."""
        raise NotImplementedError

    def fast(self, x: exp.Expression) -> exp.Expression | None:
        """The typed value of a delivered text in the type's usual shapes, NULL for any other text; None where reading
        needs no shortcut."""
        return None

    def typed(self, x: exp.Expression, arrives: str, scale: int | None) -> exp.Expression | None:
        """The value of a cell ``x`` that arrives as a value of the SQL type ``arrives``: what ``value`` would make of
        its text, which ``altered`` would not tell from it. NULL where that is not sure, and the text decides; None
        where a column of that type is no column of this one."""
        return None

    def altered(self, raw: exp.Expression, value: exp.Expression) -> exp.Expression:
        """TRUE where the standardised ``value`` is written in another way than the delivered text ``raw``; NULL is
        FALSE."""
        return sql(":r IS DISTINCT FROM CAST(:x AS VARCHAR)", r=raw, x=value)


class Textual(ElementType):
    """A type whose value is the text itself, so that every text can be read."""

    storage = "VARCHAR"
    odcs = ("string",)
    row_kind = "text"

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        return x

    def altered(self, raw: exp.Expression, value: exp.Expression) -> exp.Expression:
        return sql(":r IS DISTINCT FROM :x", r=raw, x=value)
