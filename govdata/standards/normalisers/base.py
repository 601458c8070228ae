"""What a normaliser is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from sqlglot import exp

from govdata.standards.arguments import Argument, OtherColumn
from govdata.standards.types import TYPES

ANY = frozenset(TYPES)
TEXTUAL = frozenset({"text", "code"})


class Stage(Enum):
    """Where in a column's standardisation a step is done."""

    TEXT = "text"
    """In the chain of text steps, over cells that some step can touch."""
    LABEL = "label"
    """In a code column: parts a code from the name beside it, before the code is looked up again."""
    INFERENCE = "inference"
    """After the text steps: fills an empty cell from what was delivered in another column."""
    CODES = "codes"
    """After the codes are looked up: depends on the code in another column."""
    VALUE = "value"
    """In place of the type's own reading of the text."""


def _absent(_: str) -> None:
    return None


@dataclass(frozen=True)
class Cell:
    """What a step makes its value of. Each function is asked for an expression and answers None where the dataset has
    no such column.

    ``value``: the column's text so far; ``scale``: the element's; ``delivered``: the text another column was delivered
    with; ``standard``: the standardised value of another column; ``informed``: the standardised value of the column
    whose step of that name points here (see ``NormaliserKind.informs``)."""

    value: exp.Expression
    scale: int | None = None
    delivered: Callable[[str], exp.Expression | None] = _absent
    standard: Callable[[str], exp.Expression | None] = _absent
    informed: Callable[[str], exp.Expression | None] = _absent


@dataclass(frozen=True)
class Example:
    """``before`` becomes ``after`` (None: no value). ``args``: as written, ``beside``: other columns' values by the
    column's name. Executed as tests, and shown on the reference page."""

    before: str | None
    after: str | None
    args: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)


class NormaliserKind:
    """A normaliser: how it is written, what would contradict it, what it makes of a cell.

    A step declares what it can touch, so that the compiler tests once per column whether any step can touch the text
    and skips the chain for all others, which is nearly every cell of a real delivery. ``args`` are a step's arguments
    with every named list in place of its name."""

    name: ClassVar[str]
    title: ClassVar[str]
    """Chinese: what it does, as the officer and the repair ledger read it."""
    remark: ClassVar[str] = ""
    """Chinese: what else the officer should know."""
    arguments: ClassVar[tuple[Argument, ...]] = ()
    types: ClassVar[frozenset[str]] = ANY
    """Types of the elements that may have such a step."""
    touches: ClassVar[str] = ""
    """Body of an RE2 character class: a text without such a character is left alone."""
    pattern: ClassVar[str] = ""
    """RE2 that a text must contain to be changed, where a class cannot say it; see ``search``."""
    keeps_dates: ClassVar[bool] = False
    """Whether a date in its usual shapes comes out as it went in, ``blanks`` apart."""
    keeps_numbers: ClassVar[bool] = False
    """Whether digits, with a sign and a point, are the same number afterwards."""
    informs: ClassVar[tuple[str, ...]] = ()
    """Those of the arguments whose column reads this column's value in return."""
    examples: ClassVar[tuple[Example, ...]]

    def stage(self, args: Mapping[str, Any], *, coded: bool) -> Stage:
        """``coded``: whether the column has a code set."""
        return Stage.TEXT

    def search(self, args: Mapping[str, Any]) -> str:
        """RE2 that a text must contain to be changed; empty where ``touches`` says all."""
        return self.pattern

    def blanks(self, args: Mapping[str, Any]) -> tuple[str, ...]:
        """Texts that may stand for "no value"."""
        return ()

    def contradiction(self, args: Mapping[str, Any]) -> str | None:
        """Why sound arguments do not go together, in Chinese."""
        return None

    def columns(self, args: Mapping[str, Any]) -> dict[str, str]:
        """Argument → name of the other column it makes the step read."""
        named = [item.name for item in self.arguments if isinstance(item, OtherColumn)]
        return {name: args[name] for name in named if name in args}

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        """The text that ``x`` becomes; not NULL for a text unless the step says so."""
        raise NotImplementedError

    def tree(self, cell: Cell, args: Mapping[str, Any]) -> exp.Expression:
        """What the cell becomes, for a step that reads more than the text."""
        return self.text(cell.value, args)
