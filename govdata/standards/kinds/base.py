"""What a rule kind is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict
from sqlglot import exp

from govdata.trees import conjunction, sql


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contradiction(Exception):
    """A rule no value can be judged by, or none can pass; the message is Chinese."""


@dataclass(frozen=True)
class Form:
    """How a kind is written in an element's rule. ``annotation``: the value's pydantic type; ``description``: what an
    editor shows; ``example``: such a value, ``passes`` and ``fails`` standard texts of an element of ``type`` that do.
    Executed as tests, and shown on the reference page."""

    annotation: Any
    description: str
    example: Any
    passes: str
    fails: str
    type: str = "text"


@dataclass(frozen=True)
class Place:
    """What a rule is written beside: the element's type, and the ids of the declared code sets."""

    type: str
    code_sets: Collection[str]


@dataclass(frozen=True)
class Subject:
    """What a bound rule judges. ``value``: its column; ``unread``: TRUE where the column's delivered text could not be
    read as its type; ``condition``: the tree of a row expression over the dataset's columns."""

    value: exp.Expression | None
    unread: Callable[[], exp.Expression]
    condition: Callable[[str], exp.Expression]

    @property
    def cell(self) -> exp.Expression:
        assert self.value is not None
        return self.value


class RuleKind(Frozen):
    """A kind of rule: how it is written, what would contradict it, when a row fails it. Its fields are what a rule of
    the kind says."""

    forms: ClassVar[dict[str, Form]] = {}
    """Key of an element's rule → form. None for kinds that are implied or belong to a dataset."""
    types: ClassVar[frozenset[str]] = frozenset()
    """Types of the elements that may have such a rule."""

    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Name of the kind; a literal field of each class, by which stored rules are told apart."""

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        """The rule that ``key: written`` says. Raises Contradiction."""
        raise NotImplementedError

    def written(self) -> tuple[str, Any]:
        """Key and value as a page or contract says the rule."""
        fields = self.model_dump(exclude={"kind"})
        said = {name: value for name, value in fields.items() if value is not None and value is not False}
        return next(iter(self.forms), self.kind), said or True

    def code_sets(self) -> tuple[str, ...]:
        """Ids of the code sets the rule asks."""
        return ()

    def passes(self, value: str) -> bool | None:
        """Whether a standardised text passes, told without an engine; None where only an engine can tell."""
        return None

    def violation(self, subject: Subject) -> exp.Expression:
        """TRUE where the row fails, FALSE elsewhere, never NULL. Raises TypeError for a kind that is judged over the
        table."""
        raise TypeError(self)

    def applicable(self, subject: Subject) -> exp.Expression:
        """TRUE where the row could be judged, never NULL."""
        raise TypeError(self)


class ValueRule(RuleKind):
    """A kind that judges a value and has nothing to say of NULL."""

    def predicate(self, value: exp.Expression) -> exp.Expression:
        """TRUE where ``value`` passes, NULL for a NULL value only."""
        raise NotImplementedError

    def violation(self, subject: Subject) -> exp.Expression:
        # Not written with AND: inside it the engine would not share the subexpressions of a check digit
        # (trees/check_digits.py).
        return sql("NOT coalesce(:p, :x IS NULL)", x=subject.cell, p=self.predicate(subject.cell))

    def applicable(self, subject: Subject) -> exp.Expression:
        return sql(":x IS NOT NULL", x=subject.cell)


def between(
    value: exp.Expression, low: exp.Expression | float | None, high: exp.Expression | float | None
) -> exp.Expression:
    """Inclusive bounds, each of which may be absent."""
    parts = []
    if low is not None:
        parts.append(sql(":x >= :m", x=value, m=low))
    if high is not None:
        parts.append(sql(":x <= :m", x=value, m=high))
    return conjunction(parts)


def check_order(low: float | None, high: float | None) -> None:
    """Raises Contradiction where bounds are absent or the wrong way round."""
    if low is None and high is None:
        raise Contradiction("min、max 至少写一个")
    if low is not None and high is not None and low > high:
        raise Contradiction("min 大于 max，没有值能通过")
