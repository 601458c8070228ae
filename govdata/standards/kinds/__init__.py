"""The kinds of rules, one class in one file each. A new kind: its file, and its place in ``ALL``.

The predicate stands in the class as a tree (``govdata.trees``), which knows no engine: what is declared and what it
means are read and changed in one place, and any dialect prints it.
"""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from govdata.standards.kinds.base import Contradiction, Form, Frozen, Place, RuleKind, Subject
from govdata.standards.kinds.check_digit import CheckDigit
from govdata.standards.kinds.code_set import InCodeSet
from govdata.standards.kinds.code_set import member as member
from govdata.standards.kinds.date_range import DateRange
from govdata.standards.kinds.garbled import Garbled
from govdata.standards.kinds.length import Length
from govdata.standards.kinds.pattern import Pattern
from govdata.standards.kinds.range import Range
from govdata.standards.kinds.required import Required
from govdata.standards.kinds.row import Row
from govdata.standards.kinds.typed import Typed
from govdata.standards.kinds.unique import Unique

ALL: tuple[type[RuleKind], ...] = (
    Required,
    Typed,
    Pattern,
    Garbled,
    Length,
    Range,
    DateRange,
    CheckDigit,
    Row,
    InCodeSet,
    Unique,
)

WRITTEN: dict[str, tuple[type[RuleKind], Form]] = {
    key: (kind, form) for kind in ALL for key, form in kind.forms.items()
}
"""Key of an element's rule → its kind and form."""

if TYPE_CHECKING:
    RuleSpec = RuleKind
else:
    RuleSpec = Annotated[Union[ALL], Field(discriminator="kind")]  # noqa: UP007

__all__ = [
    "ALL",
    "WRITTEN",
    "CheckDigit",
    "Contradiction",
    "DateRange",
    "Form",
    "Frozen",
    "Garbled",
    "InCodeSet",
    "Length",
    "Pattern",
    "Place",
    "Range",
    "Required",
    "Row",
    "RuleKind",
    "RuleSpec",
    "Subject",
    "Typed",
    "Unique",
]
