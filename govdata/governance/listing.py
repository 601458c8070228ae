"""What an order's sheet lists: its open items with the department's own key and value, read from the delivery in which
they last failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata.batches import RawBatch
from govdata.deployment import Deployment
from govdata.governance.acceptance import Shown
from govdata.governance.evidence import REJECTED
from govdata.governance.orders import Order, State, item_id
from govdata.governance.suggestions import Suggester, Suggestion, Wrong
from govdata.standards.model import Dataset, Registry
from govdata.storage import files, sql
from govdata.storage.tables.system_columns import CONTENT, ROW_ID

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BATCH = 5_000


@dataclass(frozen=True)
class Line:
    """One item. ``key``: the delivered texts of the contract's key; ``value``: the delivered value, or its way of
    writing; None: not there (any more). ``suggestion``: a value that may be meant."""

    item: str
    key: tuple[str | None, ...]
    file: str
    row: int
    value: str | None
    suggestion: Suggestion | None = None


def may_see(order: Order, registry: Registry) -> bool:
    """Whether the order's department delivered the rows itself and the officer lets it see its own values in
    workbooks."""
    dataset = registry.datasets.get(order.dataset)
    return (
        dataset is not None and dataset.owner == order.department and registry.workorders.shows_values(order.department)
    )


def key_titles(order: Order, registry: Registry) -> tuple[str, ...]:
    """Titles of the key's columns where the department may see them."""
    dataset = registry.datasets.get(order.dataset)
    if dataset is None or order.rule_id == REJECTED or not may_see(order, registry):
        return ()
    return tuple(dataset.column(name).title for name in dataset.key)


class Listing:
    """Gathers the lines of many orders at once, so that a delivery is read once for all of them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        orders: Sequence[Order],
        state: State,
        runs: pa.Table,
        registry: Registry,
        deployment: Deployment,
        date: Date,
        suggester: Suggester,
    ) -> None:
        self._connection, self._registry, self._deployment = connection, registry, deployment
        self._orders = {order.number: order for order in orders}
        self._places = {number: place for place, number in enumerate(self._orders)}
        self._load_items(state, runs, date)
        for number, (dataset, delivered) in enumerate(self._deliveries()):
            self._look_up(number, registry.datasets[dataset], delivered)
        wrongs = list(self._wrongs())
        suggested = suggester.suggest([wrong for _, wrong in wrongs])
        self._suggestions = {(wrongs[place][0], found.item): found for place, found in suggested}
        self._rows = self._read()
        self._ahead = next(self._rows, None)

    @property
    def shown(self) -> list[Shown]:
        return [Shown(self._orders[number].items[item], found) for (number, item), found in self._suggestions.items()]

    def _wrongs(self) -> Iterator[tuple[str, Wrong]]:
        """Every order's rows by delivery, of a rule that judges one row and a department that may see its values."""
        rows = self._connection.execute(
            "SELECT number, delivered, list(item ORDER BY item), list(row_id ORDER BY item) FROM items "
            "WHERE sees AND delivered IS NOT NULL AND row_id IS NOT NULL GROUP BY place, number, delivered "
            "ORDER BY place, delivered"
        ).fetchall()
        for number, delivered, found, row_ids in rows:
            order = self._orders[number]
            rule = next((rule for rule in self._registry.rules(order.dataset) if rule.id == order.rule_id), None)
            if rule is not None:
                items = dict(zip(found, row_ids, strict=True))
                yield number, Wrong(self._registry.datasets[order.dataset], delivered, rule, items)

    def _load_items(self, state: State, runs: pa.Table, date: Date) -> None:
        import pyarrow as pa

        wanted = {number: order.to_mend(date) for number, order in self._orders.items()}
        listed: list[dict[str, Any]] = []
        for run in runs.to_pylist():
            item = (run["dataset"], run["scope"], run["rule_id"], run["identity"])
            number = state.of_item.get(item)
            if run["ended"] is None and number in wanted and item_id(item) in wanted[number]:
                order = self._orders[number]
                column = None if order.rule_id == REJECTED else order.facts["column"]
                places = {
                    name: run[name] for name in ("dataset", "row_id", "source_file", "source_row", "delivered", "shape")
                }
                sees = may_see(order, self._registry)
                listed.append(
                    {"number": number, "item": item_id(item), "rejected": order.rule_id == REJECTED, "sees": sees}
                    | {"place": self._places[number], "column_name": column}
                    | places
                )
        text = pa.string()
        kinds = {
            "place": pa.int64(),
            "number": text,
            "item": text,
            "rejected": pa.bool_(),
            "sees": pa.bool_(),
            "column_name": text,
            "dataset": text,
        }
        kinds |= {
            "row_id": text,
            "source_file": text,
            "source_row": pa.int64(),
            "delivered": pa.date32(),
            "shape": text,
        }
        table = pa.table({name: pa.array([line[name] for line in listed], kind) for name, kind in kinds.items()})
        self._connection.register("listed", table)
        self._connection.execute("CREATE TABLE items AS SELECT * FROM listed")
        self._connection.execute(
            "CREATE TABLE looked_up(number VARCHAR, item VARCHAR, key_texts VARCHAR[], value VARCHAR)"
        )

    def _deliveries(self) -> list[tuple[str, Date]]:
        query = "SELECT DISTINCT dataset, delivered FROM items WHERE sees AND delivered IS NOT NULL ORDER BY ALL"
        return [row for row in self._connection.execute(query).fetchall() if row[0] in self._registry.datasets]

    def _look_up(self, number: int, dataset: Dataset, delivered: Date) -> None:
        """Keys and values from the raw delivery, where it is kept still and was not replaced."""
        raw = RawBatch.read(RawBatch.path(self._deployment, dataset.name, delivered))
        if raw is None:
            return
        chosen = f"i.dataset = {sql.text(dataset.name)} AND i.delivered = DATE '{delivered.isoformat()}' AND i.sees"
        paths = [path for name in raw.files if files.is_sound(path := self._deployment.absolute(name))]
        known = set(raw.columns)
        if paths:
            columns = [column.name for column in dataset.columns if column.name in known]
            cases = " ".join(f"WHEN {sql.text(name)} THEN w.{sql.identifier(name)}" for name in columns)
            value = f"CASE i.column_name {cases} END" if columns else "NULL"
            keys = ", ".join(f"w.{sql.identifier(name)}" if name in known else "NULL" for name in dataset.key)
            self._connection.execute(
                f"INSERT INTO looked_up SELECT i.number, i.item, CAST([{keys}] AS VARCHAR[]), {value} FROM "
                f"{sql.texts(paths, raw.arrives)} AS w "
                f"JOIN items AS i ON i.row_id = w.{ROW_ID} WHERE {chosen} AND NOT i.rejected"
            )
        refused = [path for name in raw.rejected_files if files.is_sound(path := self._deployment.absolute(name))]
        if refused:
            self._connection.execute(
                f"INSERT INTO looked_up SELECT i.number, i.item, [], w.{CONTENT} FROM {sql.parquet(refused)} AS w "
                f"JOIN items AS i ON i.row_id = w.{ROW_ID} WHERE {chosen} AND i.rejected"
            )

    def lines(self, order: Order) -> Iterator[Line]:
        """The order's open items in the order of the delivered files. Orders are asked for one after the other, each
        once and as they were given: one query answers for all of them."""
        place, width = self._places[order.number], len(key_titles(order, self._registry))
        while self._ahead is not None and self._ahead[0] <= place:
            of, item, key, file, row, value = self._ahead
            self._ahead = next(self._rows, None)
            if of == place:
                texts = tuple(key or ())[:width]
                padded = texts + (None,) * (width - len(texts))
                yield Line(item, padded, file, row, value, self._suggestions.get((order.number, item)))

    def _read(self) -> Iterator[tuple[Any, ...]]:
        """``place, item, key, file, row, value`` of every line."""
        cursor = sql.another(self._connection)
        cursor.execute(
            "SELECT i.place, i.item, v.key_texts, i.source_file, i.source_row, "
            "CASE WHEN i.sees THEN v.value ELSE i.shape END "
            "FROM items AS i LEFT JOIN looked_up AS v USING (number, item) "
            "ORDER BY i.place, i.source_file, i.source_row, i.item"
        )
        while batch := cursor.fetchmany(BATCH):
            yield from batch
