"""Where a column's values come from and what is made of them, column by column, as the standards declare it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from govdata.standards import Everything, expressions
from govdata.standards.derivations import Conflicts, Events, Links, Relations, RollUp, Survivors
from govdata.standards.master_model import Master, Mention
from govdata.standards.model import Dataset, Registry


@dataclass(frozen=True, order=True)
class Place:
    """A column of a table; ``column`` empty: its rows."""

    dataset: str
    column: str


Sources = Mapping[Place, tuple[Place, ...]]
"""Column → the columns it is made of, of other tables."""


def sources(registry: Registry) -> Sources:
    """Of every column of every derived table. A way to make tables that is not known here leads from table to table."""
    found: dict[Place, tuple[Place, ...]] = {}
    for name in registry.derived:
        dataset = registry.datasets[name]
        made = _Made(registry, dataset)
        for column in dataset.columns:
            found[Place(name, column.name)] = tuple(sorted(set(made.of(column.name))))
    return found


def uses(found: Sources) -> Sources:
    """The same the other way round: column → what is made of it."""
    turned: dict[Place, set[Place]] = {}
    for place, of in found.items():
        for source in of:
            turned.setdefault(source, set()).add(place)
    return {place: tuple(sorted(used)) for place, used in turned.items()}


@dataclass(frozen=True)
class _Made:
    registry: Registry
    dataset: Dataset

    def of(self, column: str) -> Iterable[Place]:
        match self.dataset.derived:
            case RollUp() as made:
                return self._rolled_up(made, column)
            case Links() as made:
                return self._linked(self.registry.masters[made.master], made.master, column)
            case Survivors() as made:
                return self._survived(self.registry.masters[made.master], made.master, made.links, column)
            case Conflicts() as made:
                return self._conflicting(made, column)
            case Events() as made:
                return self._happened(made, column)
            case Relations() as made:
                return self._related(made, column)
        return [Place(table, "") for table in self.registry.inputs(self.dataset.name)]

    def _rolled_up(self, made: RollUp, column: str) -> Iterator[Place]:
        where = [made.where] if made.where else []
        if column == made.total or column in made.counts:
            counted = [made.counts[column]] if column in made.counts else []
            yield from self._named(made.table, *where, *counted)
            if not where and not counted:
                yield Place(made.table, "")
        yield Place(made.table, made.division)

    def _linked(self, master: Master, kind: str, column: str) -> Iterator[Place]:
        for mention in master.mentions.values():
            if column in (f"{kind}_id", "method"):
                yield from self._identifying(mention)
            elif column in ("score", "agreed"):
                yield from self._named(mention.dataset, *mention.values.values(), *mention.evidence.values())
            else:
                yield Place(mention.dataset, "")

    def _survived(self, master: Master, kind: str, links: str, column: str) -> Iterator[Place]:
        if column in (f"{kind}_id", "mentions", "datasets"):
            yield Place(links, f"{kind}_id")
        elif column in ("identifier", "identifier_kind"):
            for mention in master.mentions.values():
                yield from self._identifying(mention)
        elif column == "disagreements":
            for element in master.elements:
                yield from self._valued(master, element)
        else:
            element = max(
                (name for name in master.elements if column == name or column.startswith(f"{name}_")), key=len
            )
            yield from self._valued(master, element)

    def _conflicting(self, made: Conflicts, column: str) -> Iterator[Place]:
        for kind, links in made.links.items():
            if column in ("master_id", "master_kind"):
                yield Place(links, f"{kind}_id")
            elif column == "source_value":
                for element in self.registry.masters[kind].elements:
                    yield from self._valued(self.registry.masters[kind], element)
            else:
                yield Place(links, "")

    def _happened(self, made: Events, column: str) -> Iterator[Place]:
        if column == f"{made.master}_id":
            yield Place(made.links, column)
            return
        mentions = self.registry.masters[made.master].mentions
        for event in made.events:
            table = mentions[event.mention].dataset
            told = {"event_date": event.date, "detail": event.detail, "kind": event.where, "event": event.where}
            yield from self._named(table, *([text] if (text := told.get(column)) else []))
            yield Place(table, "")

    def _related(self, made: Relations, column: str) -> Iterator[Place]:
        sides = {side.column: side for side in (made.left, made.right)}
        for statement in made.statements:
            table = made.dataset(statement, self.registry.masters)
            told = {
                "valid_from": [statement.begins],
                "valid_to": [statement.ends, statement.begins if statement.years is not None else None],
                "kind": [statement.where],
                "ended_by": [statement.where],
            }
            if column not in sides:
                yield from self._named(table, *(text for text in told.get(column, ()) if text))
                yield Place(table, "")
            elif sides[column].kinds:
                yield from (Place(made.links[kind], f"{kind}_id") for kind in sides[column].kinds)
            else:
                yield from self._named(table, *(sides[column].key or ()))

    def _valued(self, master: Master, element: str) -> Iterator[Place]:
        """The columns that say the element, of the mentions that have a rank for it."""
        for name, mention in master.mentions.items():
            if element in mention.values and any(True for _ in master.elements[element].rank(name)):
                yield from self._named(mention.dataset, mention.values[element])

    def _identifying(self, mention: Mention) -> Iterator[Place]:
        for kind in mention.identifiers:
            yield from self._named(mention.dataset, *(text for text in mention.number(kind) if text))

    def _named(self, table: str, *texts: str) -> Iterator[Place]:
        """The columns of ``table`` that row expressions name."""
        columns = self.registry.datasets[table].columns
        known = {column.name: self.registry.elements[column.element].type for column in columns}
        for text in texts:
            tree, _ = expressions.parse_value(text, columns=known, code_sets=Everything())
            yield from (Place(table, name) for name in expressions.referenced_columns(tree))
