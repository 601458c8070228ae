"""How values are shown to people: codes by their names, tables by their titles, and masked as their data elements say
unless a role sees them in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from govdata.access.masking import mask
from govdata.ingest import shape
from govdata.standards.model import Dataset, Element, Registry
from govdata.standards.role_settings import Role

EMPTY = ""
HIDDEN, SECRET = "****", 3
"""An element of this level of sensitivity that names no mask is hidden altogether, its length too: it would tell which
of a few codes it is."""


@dataclass(frozen=True, eq=False)
class Displayed:
    """``role``: whose eyes it is shown to; None: everything masked."""

    registry: Registry
    role: Role | None

    def table(self, name: str) -> str:
        dataset = self.registry.datasets.get(name)
        return dataset.title if dataset is not None else name

    def cell(self, dataset: Dataset, column: str, value: object) -> str:
        """A typed value of a column, empty for NULL; a code with its name."""
        if value is None:
            return EMPTY
        element = self.registry.element(dataset.name, column)
        text = value.isoformat(" ", "seconds") if isinstance(value, datetime) else str(value)
        if element.code_set is not None:
            name = self._names(element.code_set).get(text)
            text = f"{name}（{text}）" if name is not None else text
        return masked(text, element, self.role) or EMPTY

    def delivered(self, dataset: Dataset, column: str, text: str | None) -> str:
        """What a department wrote, which may be anything: only its shape where the element is masked."""
        if text is None or text == "":
            return "（空）"
        element = self.registry.element(dataset.name, column)
        if sees(self.role, element):
            return text
        return HIDDEN if is_secret(element) else shape(text) if element.sensitivity.mask else text

    def _names(self, code_set: str) -> dict[str, str]:
        codes = self.registry.code_sets[code_set].codes
        return self.registry.keep(("code names", code_set), lambda: {code.code: code.name_zh for code in codes})


def sees(role: Role | None, element: Element) -> bool:
    """Whether the role is shown values of the element in full."""
    return role is not None and role.sees(element.id, element.sensitivity.level)


def masked(text: str | None, element: Element, role: Role | None = None) -> str | None:
    """A value of the element as the role may see it."""
    if sees(role, element):
        return text
    return HIDDEN if text and is_secret(element) else mask(text, element.sensitivity.mask)


def is_secret(element: Element) -> bool:
    return element.sensitivity.mask is None and element.sensitivity.level >= SECRET
