"""What the readings of one contract share, and ODCS's list of {property, value} as one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from govdata.standards.format import (
    CustomProperty,
    Written,
)
from govdata.standards.lists import Lists
from govdata.standards.master_model import Masters
from govdata.standards.model import (
    CodeSet,
    Element,
    LogicalType,
)
from govdata.standards.source import Document, Findings, Loc
from govdata.standards.spelling import suggestion
from govdata.standards.validation import validate

Model = TypeVar("Model", bound=Written)


@dataclass
class Context:
    """What the checks of one contract share. ``loc``: where its schema object stands."""

    document: Document
    findings: Findings
    elements: Mapping[str, Element]
    declared_elements: Collection[str]
    code_sets: Mapping[str, CodeSet]
    declared_sets: Collection[str]
    codes: dict[str, frozenset[str]]  # of each code set asked for so far, kept from contract to contract
    lists: Lists | None = None
    masters: Masters = field(default_factory=dict)
    loc: Loc = ("schema", 0)
    names: list[str] = field(default_factory=list)
    # what row expressions are read with: the types where every column's element is sound, else the names alone
    columns: Collection[str] | Mapping[str, LogicalType] = ()

    def codes_of(self, code_set: str) -> frozenset[str] | None:
        """Its codes; None where the set cannot be read, which is reported with the set."""
        if code_set in self.code_sets and code_set not in self.codes:
            self.codes[code_set] = frozenset(code.code for code in self.code_sets[code_set].codes)
        return self.codes.get(code_set)

    def element_of(self, name: str) -> Element | None:
        """The element of the first column of that name, where it is sound."""
        return self.elements.get(self._named_elements.get(name, ""))

    @cached_property
    def _named_elements(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in self.document.data["schema"][0]["properties"]:
            for custom in entry.get("customProperties") or ():
                if custom.get("property") == "element" and isinstance(custom.get("value"), str):
                    found.setdefault(entry["name"], custom["value"])
        return found

    def add(self, message: str, *path: str | int, where: str | None = None) -> None:
        """``path`` is from the schema object."""
        self.findings.add(self.document.file, message, self.document.line((*self.loc, *path)), where)


def custom_values(
    model: type[Model], written: list[CustomProperty], path: Loc, context: Context, where: str | None
) -> Model | None:
    """ODCS's list of {property, value} as one value; each key keeps the line its entry stands on."""
    values: dict[str, Any] = {}
    places: dict[str, Loc] = {}
    repeated = False
    for position, entry in enumerate(written):
        place = (*path, position)
        if entry.property not in model.model_fields:
            context.add(
                f"未知的 customProperty “{entry.property}”{suggestion(entry.property, model.model_fields)}",
                *place,
                where=where,
            )
            repeated = True
        elif entry.property in values:
            context.add(f"customProperty “{entry.property}”重复", *place, where=where)
            repeated = True
        else:
            values[entry.property] = entry.value
            places[entry.property] = (*context.loc, *place, "value")
    result = validate(model, values, context.document, (*context.loc, *path), context.findings, where, places)
    return None if repeated else result
