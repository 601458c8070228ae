"""Mentions: every appearance of a person or an organisation in the published tables, as one relation.

A row has who says it (``dataset, role, row_id, delivered, as_of``), the mention's own name ``mention_id`` (a keyed
digest of table, role and the contract's key: the same however often the row is delivered again), per identifier
``k_<kind>`` (the part that is compared, NULL where there is no valid one), and per element ``v_<element>`` (the value
as text), ``c_<element>`` (the part that is compared) and ``r_<element>`` (the rank of the source, NULL where it has
none).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from functools import cache

from sqlglot import exp

from govdata.batches import Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine.functions import expand
from govdata.engine.syntax import text as printed
from govdata.engine.typed import sql_type
from govdata.publish import layers, newest, visible
from govdata.publish.views import empty
from govdata.standards import Everything, expressions
from govdata.standards.linking import LinkField
from govdata.standards.master_model import Identifier, Master, MasterElement, Mention
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.tables import types
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID
from govdata.trees.shared_calls import share

ID_LENGTH = 24
"""Hex digits of a master's id: 96 bits."""

FIELD_TYPES = {"any": "VARCHAR[]", "year": "INTEGER"}
"""The type of a field that is no text, by its ``compare``."""

LINKED_ROLE, LINKED_ROW, LINKED_NAME, LINKED_METHOD = (f'"~{name}"' for name in ("role", "row", "name", "method"))
"""Columns of ``Mentions.linked``: no contract has such names."""

ANYTHING = Everything()
"""Names were checked when the standards were read."""


@dataclass(frozen=True)
class Mentions:
    """The mentions of one kind of master on one date. ``snapshots``: the newest of each table that is there; ``only``:
    a relation of ``dataset, row_id``, the rows whose mentions are meant (None: all). ``linked``: the relation of links
    of the night before that ``touching.keep_unchanged`` made, whose mentions say the same tonight: what follows from
    the row alone, its own name and whether its identifiers are valid, is read from there."""

    kind: str
    registry: Registry
    deployment: Deployment
    date: Date
    snapshots: Mapping[str, Snapshot]
    only: str | None = None
    linked: str | None = None

    @property
    def master(self) -> Master:
        return self.registry.masters[self.kind]

    @property
    def identifiers(self) -> list[str]:
        """Strongest first."""
        return list(self.master.identifiers)

    def relation(
        self, elements: Collection[str], *, evidence: bool = False, blind: bool = False, checked: bool = True
    ) -> str:
        """A SELECT of all mentions; of the elements only those asked for; with ``evidence`` what they say of the fields
        that are compared, ``blind`` as if the mention's own identifiers were not there. Not ``checked``: ``k_<kind>``
        whether the identifier is valid or not, for those who know already."""
        parts = [
            self._one(role, mention, elements, evidence, blind, checked)
            for role, mention in self.master.mentions.items()
            if mention.dataset in self.snapshots
        ]
        return " UNION ALL ".join(parts)

    def _one(
        self, role: str, mention: Mention, elements: Collection[str], evidence: bool, blind: bool, checked: bool
    ) -> str:
        dataset = self.registry.datasets[mention.dataset]
        given = [
            f"{sql.text(mention.dataset)} AS dataset",
            f"{sql.text(role)} AS role",
            f"{ROW_ID} AS row_id",
            "_delivered AS delivered",
            f"CAST({_printed(mention.date) or 'NULL'} AS DATE) AS as_of",
            f"{self._mention_id(dataset, role)} AS mention_id",
        ]
        for kind in self.identifiers:
            number, type_ = mention.number(kind)
            given.append(f"CAST({_printed(number) or 'NULL'} AS VARCHAR) AS {_name('n', kind)}")
            given.append(f"CAST({_printed(type_) or 'NULL'} AS VARCHAR) AS {_name('t', kind)}")
        for name in elements:
            given += self._element(name, self.master.elements[name], role, mention)
        if evidence and self.master.linking is not None:
            hidden = self._own_columns(mention) if blind else ()
            given += [self._field(name, field, mention, hidden) for name, field in self.master.linking.fields.items()]
        where = f" WHERE {_printed(mention.where)}" if mention.where else ""
        source = f"({self._published(dataset, mention)})"
        if self.linked is not None:
            of_role = f"(SELECT * FROM {self.linked} WHERE {LINKED_ROLE} = {sql.text(role)})"
            source = f"{source} LEFT JOIN {of_role} ON {LINKED_ROW} = {ROW_ID}"
            given.append(LINKED_METHOD)
        said = f"SELECT {', '.join(given)} FROM {source}{where}"
        return self._keyed(said) if checked else self._unchecked(said)

    def _unchecked(self, said: str) -> str:
        keys = [f"{_compared(self.master.identifiers[kind], kind)} AS {_name('k', kind)}" for kind in self.identifiers]
        return f"SELECT * EXCLUDE ({self._read()}), {', '.join(keys)} FROM ({said})"

    def _keyed(self, said: str) -> str:
        """``said`` with the keys of valid identifiers. What an engine would work out again and again under a condition,
        a check digit, has a column of its own (``govdata.trees.shared_calls``)."""
        kinds = self.master.identifiers
        conditions = {kind: _asked(identifier.valid, kind) for kind, identifier in kinds.items()}
        shared = share(conditions, conditions, results=False)
        asked = [f"{self._to_ask(place, kind)} AS {_name('a', kind)}" for place, kind in enumerate(kinds)]
        facts = {sql.identifier(name): printed(fact) for name, fact in shared.facts.items()}
        keys = []
        for kind, condition in shared.trees.items():
            known = f" OR {LINKED_METHOD} = {sql.text(kind)}" if self.linked is not None else ""
            valid = f"({_name('a', kind)} IS NOT NULL AND {printed(condition)}){known}"
            keys.append(f"CASE WHEN {valid} THEN {_compared(kinds[kind], kind)} END AS {_name('k', kind)}")
        told = f"SELECT *, {', '.join(asked)} FROM ({said})"
        if facts:
            told = f"SELECT *, {', '.join(f'{fact} AS {name}' for name, fact in facts.items())} FROM ({told})"
        dropped = ", ".join([self._read(), *(_name("a", kind) for kind in kinds), *facts])
        return f"SELECT * EXCLUDE ({dropped}), {', '.join(keys)} FROM ({told})"

    def _read(self) -> str:
        """The columns that a mention's identifiers are made of."""
        method = [LINKED_METHOD] if self.linked is not None else []
        return ", ".join([*(_name(prefix, kind) for kind in self.identifiers for prefix in "nt"), *method])

    def _to_ask(self, place: int, kind: str) -> str:
        """The number, where it has to be asked whether it is valid."""
        if self.linked is None:
            return _name("n", kind)
        # The method is the strongest valid kind; where it is none of the kinds, none is.
        stronger = ", ".join(map(sql.text, self.identifiers[:place]))
        unknown = f"{LINKED_METHOD} IS NULL" + (f" OR {LINKED_METHOD} IN ({stronger})" if stronger else "")
        return f"CASE WHEN {unknown} THEN {_name('n', kind)} END"

    def _published(self, dataset: Dataset, mention: Mention) -> str:
        """The columns of the table that the mention reads; ``delivery_date()`` is the night's in its expressions."""
        numbers = [text for kind in self.identifiers for text in mention.number(kind)]
        texts = [mention.where, mention.date, *mention.values.values(), *mention.evidence.values(), *numbers]
        read = {name for text in texts if text for name in expressions.referenced_columns(_tree(text))}
        snapshot = self.snapshots[mention.dataset]
        shown = rows(snapshot, dataset, self.registry, self.deployment, sorted(read | set(dataset.key)))
        shown = those(shown, dataset.name, self.only)
        night = f"DATE '{self.date.isoformat()}' AS {DELIVERY_DATE}"
        return f"SELECT * REPLACE ({night}), {DELIVERY_DATE} AS _delivered FROM ({shown})"

    def _mention_id(self, dataset: Dataset, role: str) -> str:
        told = [f"coalesce(CAST({sql.identifier(name)} AS VARCHAR), '')" for name in dataset.key]
        if not self.registry.is_unique(dataset.name, dataset.key):
            told.append(ROW_ID)
        made = digest("mention", [sql.text(self.kind), sql.text(dataset.name), sql.text(role), *told])
        return made if self.linked is None else f"coalesce({LINKED_NAME}, {made})"

    def _element(self, name: str, element: MasterElement, role: str, mention: Mention) -> list[str]:
        text = mention.values.get(name)
        if text is None:
            nothing = "CAST(NULL AS VARCHAR)"
            return [
                f"{nothing} AS {_name('v', name)}, {nothing} AS {_name('c', name)}, "
                f"CAST(NULL AS INTEGER) AS {_name('r', name)}"
            ]
        tree, kind = self._value(text, mention)
        compared = _tree(element.compare) if element.compare else exp.column("value")
        ranks = "".join(
            f" WHEN {printed(expand(_filled(_tree(source.where), value=tree))) if source.where else 'TRUE'} THEN {rank}"
            for rank, source in element.rank(role)
        )
        ranked = f"CASE{ranks} END" if ranks else "NULL"
        return [
            f"{_as_text(tree, kind)} AS {_name('v', name)}",
            f"{_as_text(_filled(compared, value=tree), 'any' if element.compare else kind)} AS {_name('c', name)}",
            f"CAST({ranked} AS INTEGER) AS {_name('r', name)}",
        ]

    def _own_columns(self, mention: Mention) -> tuple[str, ...]:
        """The columns that its identifiers are read from."""
        numbers = [text for kind in self.identifiers for text in mention.number(kind) if text is not None]
        return tuple({name for text in numbers for name in expressions.referenced_columns(_tree(text))})

    def _field(self, name: str, field: LinkField, mention: Mention, hidden: Collection[str]) -> str:
        text = mention.said(name)
        told = "NULL"
        if text is not None:
            tree, kind = self._value(text, mention)
            told = _as_text(_filled(tree, **{column: exp.null() for column in hidden}), kind)
        if field.compare == "any":
            told = f"CASE WHEN {told} IS NOT NULL THEN [CAST({told} AS VARCHAR)] END"
        return f"CAST({told} AS {FIELD_TYPES.get(field.compare, 'VARCHAR')}) AS {_name('e', name)}"

    def _value(self, text: str, mention: Mention) -> tuple[exp.Expression, str]:
        dataset = self.registry.datasets[mention.dataset]
        types = {column.name: self.registry.elements[column.element].type for column in dataset.columns}
        return expressions.parse_value(text, columns=types, code_sets=ANYTHING)


def rows(
    snapshot: Snapshot, dataset: Dataset, registry: Registry, deployment: Deployment, columns: Iterable[str]
) -> str:
    """A SELECT of columns of the rows that count, with ``_row_id`` and ``_delivery_date``; typed where there are
    none."""
    kinds = {column.name: sql_type(registry.elements[column.element]) for column in dataset.columns}
    wanted = {name: kinds[name] for name in columns} | types((ROW_ID, DELIVERY_DATE))
    if snapshot.files:
        return visible(snapshot, deployment, ", ".join(f"b.{sql.identifier(name)}" for name in wanted))
    return empty(wanted)


def those(shown: str, dataset: str, only: str | None) -> str:
    """A SELECT of rows of a table; of those that are named in ``only``, where it is given."""
    if only is None:
        return shown
    named = f"SELECT row_id FROM {only} WHERE dataset = {sql.text(dataset)}"
    return f"SELECT * FROM ({shown}) WHERE {ROW_ID} IN ({named})"


def own(batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment) -> str:
    """A SELECT of the clean rows of a batch."""
    names = [deployment.absolute(name) for name in batch.clean_files]
    kinds = {column.name: sql_type(registry.elements[column.element]) for column in dataset.columns}
    return f"SELECT {sql.identifiers(kinds)} FROM {sql.parquet(names)}" if names else empty(kinds)


def judged(batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment) -> str:
    """A SELECT of the rows that would be published with the batch: its own, and those of the snapshot it lies on."""
    fresh = own(batch, dataset, registry, deployment)
    if batch.base is None:
        return fresh
    base = newest(deployment, dataset.name, batch.date - timedelta(days=1))
    if base is None or base.snapshot_id != batch.base:
        raise layers.base_made_anew(dataset.name, batch.date)
    names = [column.name for column in dataset.columns]
    replaced = [deployment.absolute(name) for name in (*batch.clean_files, *batch.gone_files)]
    kept = rows(base, dataset, registry, deployment, names)
    if replaced:
        kept = f"SELECT * FROM ({kept}) ANTI JOIN (SELECT {ROW_ID} FROM {sql.parquet(replaced)}) USING ({ROW_ID})"
    return f"{fresh} UNION ALL SELECT {sql.identifiers(names)} FROM ({kept})"


def digest(purpose: str, parts: Iterable[str]) -> str:
    """SQL: a keyed digest of the parts (SQL of texts that are not NULL), another one for another purpose."""
    return f"mac(concat_ws(chr(31), {', '.join([sql.text(purpose), *parts])}))"


def master_id(kind: str, identifier: str, key: str) -> str:
    """SQL of a master's id: of the kind of its identifier and the identifier itself, each SQL of a text."""
    return f"left({digest(kind, [identifier, key])}, {ID_LENGTH})"


def _name(prefix: str, name: str) -> str:
    return sql.identifier(f"{prefix}_{name}")


def _tree(text: str) -> exp.Expression:
    return expressions.parse_value(text, columns=ANYTHING, code_sets=ANYTHING)[0]


@cache  # the same few texts for each table made of mentions, and check digits are long
def _printed(text: str | None) -> str | None:
    return printed(expand(_tree(text))) if text is not None else None


def _filled(tree: exp.Expression, **columns: exp.Expression) -> exp.Expression:
    """``tree`` with other trees in the place of columns."""
    return tree.transform(
        lambda node: (
            exp.paren(columns[node.name].copy()) if isinstance(node, exp.Column) and node.name in columns else node
        )
    )


def _as_text(tree: exp.Expression, kind: str) -> str:
    """A date is told as a day, whatever time of day its column holds."""
    value = printed(expand(tree))
    return f"CAST(CAST({value} AS DATE) AS VARCHAR)" if kind == "date" else f"CAST({value} AS VARCHAR)"


def _compared(identifier: Identifier, kind: str) -> str:
    """The part of an identifier that is compared."""
    number, type_ = _name("n", kind), _name("t", kind)
    key = _key_part(identifier.key, kind) if identifier.key else number
    return f"{type_} || ':' || {key}" if identifier.typed else key


@cache
def _key_part(text: str, kind: str) -> str:
    return printed(expand(_filled(_tree(text), value=exp.column(f"n_{kind}", quoted=True))))


@cache
def _asked(text: str, kind: str) -> exp.Expression:
    """A condition over ``value`` and ``type``, of the columns of an identifier that is asked about."""
    number, type_ = exp.column(f"a_{kind}", quoted=True), exp.column(f"t_{kind}", quoted=True)
    return expand(_filled(_tree(text), value=number, type=type_))


def key_of(identifier: Identifier, number: str) -> str:
    """SQL: the part of the column ``number`` that is compared, NULL where it is no valid identifier of this kind."""
    told = {"value": exp.column(number, quoted=True), "type": exp.null()}
    valid = printed(expand(_filled(_tree(identifier.valid), **told)))
    key = printed(expand(_filled(_tree(identifier.key), **told))) if identifier.key else sql.identifier(number)
    return f"CASE WHEN {sql.identifier(number)} IS NOT NULL AND {valid} THEN {key} END"


def implied(identifier: Identifier, weaker: str, key: str) -> str | None:
    """SQL of the weaker identifier that the column ``key`` of a valid stronger one contains; None where it has none."""
    text = identifier.implies.get(weaker)
    return printed(expand(_filled(_tree(text), value=exp.column(key, quoted=True)))) if text else None
