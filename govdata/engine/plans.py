"""How each column of a dataset is standardised."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlglot import exp

from govdata.engine import terms
from govdata.engine.syntax import column
from govdata.standards.model import (
    BoundRule,
    CodeSet,
    Column,
    Dataset,
    Element,
    Normaliser,
    Registry,
    bearers,
    unambiguous,
)
from govdata.standards.normalisers import Cell, Stage
from govdata.standards.types import TYPES
from govdata.trees.variants import traditional

TEXT = "VARCHAR"
"""What every column of a raw batch is that the batch does not name with another type."""


@dataclass(frozen=True)
class ColumnPlan:
    """How one column of a dataset is standardised. ``written``: its steps in order; ``informants``: name of a
    normaliser → the column whose step of that name speaks of this one."""

    column: Column
    element: Element
    position: int
    written: tuple[Normaliser, ...]
    null_tokens: tuple[str, ...]
    hierarchical: bool = False
    """Whether a label beside a code may be narrower or wider than it."""
    empties: BoundRule | None = None
    """The rule whose refusal makes a text or code unreadable: NULL, with the delivered text in ``_unparsed``."""
    informants: Mapping[str, str] = field(default_factory=dict)
    arrives: str = TEXT
    """SQL type of the column in the raw batch."""
    canonical: bool = False
    """Whether the text is DuckDB's own of a value of the type, as in the raw batch of a derived table: it is cast, with
    no step and no null token."""

    @property
    def name(self) -> str:
        return self.column.name

    def at(self, *stages: Stage) -> tuple[Normaliser, ...]:
        """The steps that are done at ``stages``, in the order they are written."""
        return tuple(step for step in self.written if step.stage(coded=self.coded) in stages)

    @property
    def steps(self) -> tuple[Normaliser, ...]:
        """The text steps."""
        return self.at(Stage.TEXT)

    @property
    def labelled(self) -> bool:
        """Whether a code may have its name beside it (01-汉族): both parts are read, see ``govdata.engine.codes``."""
        return bool(self.at(Stage.LABEL))

    @property
    def reads(self) -> tuple[str, ...]:
        """The other columns that its value depends on."""
        named = [name for step in self.written for name in step.columns.values()]
        return tuple(dict.fromkeys([*named, *self.informants.values()]))

    @property
    def stands(self) -> bool:
        """Whether the column arrives as it will stand: canonical, and values of the very type."""
        return self.canonical and TEXT != self.arrives == TYPES[self.element.type].sql_type(self.element.scale)

    @property
    def typed(self) -> bool:
        """Whether the column arrives as values of its element's kind, which no step would change: they need no text."""
        kind = TYPES[self.element.type]
        if self.stands:
            return True
        if self.arrives == TEXT or self.canonical or self.informants:
            return False
        return kind.typed(column(self.name), self.arrives, self.element.scale) is not None and self._kept

    @property
    def fast(self) -> bool:
        """Whether most cells can be read as they were delivered, without running the text steps."""
        return not self.canonical and (self.typed or (TYPES[self.element.type].quick and self._kept))

    @property
    def _kept(self) -> bool:
        """Whether every step leaves a usual value of the type as it is."""
        match TYPES[self.element.type].row_kind:
            case "date":
                return all(step.kind.keeps_dates for step in self.written)
            case "number":
                return all(step.kind.keeps_numbers for step in self.written)
        return not self.written

    def read(self, x: exp.Expression) -> exp.Expression:
        """The value of a cell as it was delivered, if ``fast``; NULL where its text decides."""
        kind = TYPES[self.element.type]
        value = kind.typed(x, self.arrives, self.element.scale) if self.typed else kind.fast(x)
        assert value is not None
        return value

    @property
    def textual(self) -> bool:
        """Whether the value is the text itself."""
        return TYPES[self.element.type].unreadable is None

    @property
    def hard(self) -> bool:
        """Whether a text can be unreadable."""
        return not self.stands and (not self.textual or self.empties is not None)

    @property
    def coded(self) -> bool:
        """Whether source values are mapped through a table ``maps.<column>``."""
        return self.element.code_set is not None


def plan_columns(
    dataset: Dataset, registry: Registry, arrives: Mapping[str, str] = MappingProxyType({})
) -> tuple[ColumnPlan, ...]:
    """``arrives``: SQL types of the columns that do not arrive as text. What the rows of a derived table are made of
    was standardised already: they are typed and judged as they stand."""
    plans, canonical = [], dataset.derived is not None
    emptying = [rule for rule in registry.rules(dataset.name) if rule.empties]
    informants = _informants(dataset, registry)
    for position, item in enumerate(dataset.columns):
        element = registry.elements[item.element]
        plans.append(
            ColumnPlan(
                column=item,
                element=element,
                position=position,
                written=() if canonical else steps_of(item, element),
                null_tokens=() if canonical else null_tokens_of(element, registry),
                hierarchical=element.code_set is not None and registry.code_sets[element.code_set].hierarchical,
                empties=next((rule for rule in emptying if rule.column == item.name), None),
                informants=informants.get(item.name, {}),
                arrives=arrives.get(item.name, TEXT),
                canonical=canonical,
            )
        )
    return tuple(plans)


def steps_of(item: Column, element: Element) -> tuple[Normaliser, ...]:
    """The contract's steps for the column, or its element's."""
    return item.normalise if item.normalise is not None else element.normalise


def null_tokens_of(element: Element, registry: Registry) -> tuple[str, ...]:
    return element.null_tokens if element.null_tokens is not None else registry.null_tokens


def _informants(dataset: Dataset, registry: Registry) -> dict[str, dict[str, str]]:
    """Column → name of a normaliser → the first column whose step of that name speaks of it."""
    found: dict[str, dict[str, str]] = {}
    for item in dataset.columns:
        for step in steps_of(item, registry.elements[item.element]):
            for argument in step.kind.informs:
                if argument in step.columns:
                    found.setdefault(step.columns[argument], {}).setdefault(step.name, item.name)
    return found


def with_neighbours(names: tuple[str, ...], plans: Mapping[str, ColumnPlan]) -> list[str]:
    """``names``, the columns their standardisation reads, and what those read in turn."""
    wanted = dict.fromkeys(names)
    left = list(names)
    while left:
        new = [other for other in plans[left.pop()].reads if other in plans and other not in wanted]
        wanted |= dict.fromkeys(new)
        left += new
    return list(wanted)


def cell(plan: ColumnPlan, plans: Mapping[str, ColumnPlan]) -> Cell:
    """The plan's cell in a query of the columns ``plans``, for a step that reads more than the text."""

    def delivered(name: str) -> exp.Expression | None:
        return column(f"~raw~{name}") if name in plans else None

    def standard(name: str) -> exp.Expression | None:
        return column(name) if name in plans else None

    def informed(kind: str) -> exp.Expression | None:
        return standard(plan.informants.get(kind, ""))

    return Cell(column(plan.name), plan.element.scale, delivered, standard, informed)


def source_values(item: Column, element: Element, registry: Registry) -> dict[str, str]:
    """Source value → standard code. What the department declares for itself wins, then the codes themselves, the set's
    synonyms, unambiguous names, and the last two with the set's affixes or in traditional characters. A text that means
    "no value" for the element is none of them."""
    assert element.code_set is not None
    code_set = registry.code_sets[element.code_set]
    mapping = unambiguous((code.name_zh, code.code) for code in code_set.codes) if code_set.accept_names else {}
    mapping |= code_set.synonyms
    mapping |= {code.code: code.code for code in code_set.codes}
    mapping |= item.synonyms
    others = registry.keep(
        ("other spellings", code_set.id),
        lambda: _with_affixes(code_set) | _with_more_zeros(code_set) | _unsimplified(code_set),
    )
    for source, code in others.items():
        mapping.setdefault(source, code)
    tokens = null_tokens_of(element, registry)
    return {source: code for source, code in mapping.items() if source not in tokens}


def readable(item: Column, element: Element, registry: Registry) -> dict[str, str]:
    """``source_values`` and, in a set of wider and narrower terms, names written behind those of the terms around them
    (北京市东城区, 吉林省长春市朝阳区), where only one code is named so: a bare name is often that of several."""
    assert element.code_set is not None
    code_set = registry.code_sets[element.code_set]
    known = source_values(item, element, registry)
    if not (code_set.hierarchical and code_set.accept_names):
        return known
    tokens = null_tokens_of(element, registry)
    paths = registry.keep(("names within names", code_set.id), lambda: unambiguous(_within(code_set)))
    return {name: code for name, code in paths.items() if name not in tokens} | known


SEVERAL = "|"
"""Between the codes that bear one name."""


def looked_up(plan: ColumnPlan, registry: Registry) -> dict[str, str]:
    """``readable`` and, where a label may stand beside a code, the names that several codes bear, with all of these:
    no code can be read from such a name, but one that is none of them contradicts it (530926：五常市)."""
    known = readable(plan.column, plan.element, registry)
    if not plan.labelled:
        return known
    assert plan.element.code_set is not None
    code_set = registry.code_sets[plan.element.code_set]
    return registry.keep(("names of several", code_set.id), lambda: _of_several(code_set)) | known


def _of_several(code_set: CodeSet) -> dict[str, str]:
    if not code_set.accept_names:
        return {}
    named = bearers((code.name_zh, code.code) for code in code_set.codes)
    return {name: SEVERAL.join(sorted(codes)) for name, codes in named.items() if len(codes) > 1}


def _within(code_set: CodeSet) -> Iterator[tuple[str, str]]:
    """(name behind those of the terms around it, code), for each of these terms in turn."""
    names, parents = terms.names(code_set.codes), terms.parents(code_set.codes)
    for code in code_set.codes:
        name = code.name_zh
        for outer in [code.parent, *terms.above(code.parent, parents)]:
            if outer == code.code or len(names.get(outer, ())) != 1:
                break
            (wider,) = names[outer]
            # Some sets write a name with that of the term around it already.
            name = name if name.startswith(wider) else wider + name
            yield name, code.code


def _named(code_set: CodeSet) -> list[tuple[str, str]]:
    """(name or synonym, code)."""
    names = [(code.name_zh, code.code) for code in code_set.codes] if code_set.accept_names else []
    return names + list(code_set.synonyms.items())


def _with_affixes(code_set: CodeSet) -> dict[str, str]:
    """Words of the set with what the set says may stand before or behind them, and around short ones on both sides
    (函授本科学历): around all it would be a hundred thousand, which cost a delivery more than its rows."""
    before, behind = code_set.affixes
    words = [(word, code) for word, code in _named(code_set) if not word.isascii()]
    both = [last for last in behind if last[0] not in "(（"]
    return unambiguous(
        itertools.chain(
            ((first + word, code) for word, code in words for first in before),
            ((word + last, code) for word, code in words for last in behind),
            (
                (first + word + last, code)
                for word, code in words
                if len(word) <= SHORT
                for first in before
                for last in both
            ),
        )
    )


SHORT = 4
"""Characters of a word that may have an affix on both sides."""


def _unsimplified(code_set: CodeSet) -> dict[str, str]:
    """Names and synonyms as a system writes them that keeps traditional characters (已婚離異, 滿族). Yearbooks of
    divisions have tens of thousands of names and no such system."""
    if code_set.validity == "year" or not code_set.accept_names:
        return {}
    named = _named(code_set)
    forms = traditional([name for name, _ in named])
    return unambiguous((form, code) for form, (name, code) in zip(forms, named, strict=True) if form != name)


def _with_more_zeros(code_set: CodeSet) -> dict[str, str]:
    """Codes as a system writes them that keeps more digits than the standard has (001, 020). Where shorter codes stand
    for wider terms a zero has a meaning of its own, and long codes are rarely padded."""
    codes = {code.code for code in code_set.codes if code.code.isdecimal()}
    widths = {len(code) for code in codes}
    if (
        not widths
        or max(widths) > 3
        or (code_set.hierarchical and len(widths) > 1)
        or len({int(code) for code in codes}) < len(codes)
    ):
        return {}
    return {zeros + code: code for code in codes for zeros in ("0", "00")}
