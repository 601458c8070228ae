"""What must hold of the links and of the masters as a whole before they are published: each is one blocking check.

The mentions are counted anew from the published tables, not from what linking made of them. What is told is figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from govdata.batches import CheckOutcome, Snapshot, StandardizedBatch
from govdata.checks import table
from govdata.deployment import Deployment
from govdata.masters import increments, touching
from govdata.masters.mentions import Mentions, judged, master_id, own, rows
from govdata.masters.touching import Difference
from govdata.publish import newest
from govdata.standards.derivations import Derivation, Links, Survivors
from govdata.standards.master_model import SIMILAR, UNLINKED, Bounds
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.secret import keyed, secret
from govdata.storage.tables.system_columns import ROW_ID

if TYPE_CHECKING:
    import duckdb

FEW = 5
"""So many merges or splits are told of and not weighed: in a small register one lawful correction would block a night
otherwise."""


def outcomes(
    batch: StandardizedBatch,
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
    inputs: Mapping[str, Snapshot],
) -> list[CheckOutcome]:
    """The outcomes of ``dataset.own_checks``, judged over the rows that would be published. Of a batch that lies on a
    snapshot, which passed them, only the rows and masters that the night touched are judged; the others are counted."""
    made = dataset.derived
    if not dataset.own_checks or made is None:
        return []
    with sql.connection(deployment, "integrity") as connection:
        match made:
            case Links():
                keyed(connection, secret(deployment))
                return _Links(connection, made, dataset, batch, registry, deployment, inputs).outcomes()
            case Survivors():
                only = _concerned(connection, made, dataset, batch, Difference(registry, deployment, inputs, {}))
                connection.execute(f"CREATE VIEW judged AS {judged(batch, dataset, registry, deployment)}")
                table = registry.datasets[made.links]
                columns = [f"{made.master}_id"]
                links = rows(inputs[made.links], table, registry, deployment, columns)
                return [_counts(connection, made, links, only)]
    return []


FIGURES = {
    "mentions": "count(*)",
    "unlinked": f"count(*) FILTER (WHERE method = {sql.text(UNLINKED)})",
    "similar": f"count(*) FILTER (WHERE method = {sql.text(SIMILAR)})",
    "masters": "count(DISTINCT master_id)",
    "named": f"count(DISTINCT master_id) FILTER (WHERE method <> {sql.text(UNLINKED)})",
}
"""What is counted of links."""


@dataclass(frozen=True)
class _Links:
    """Temporary tables: ``mention`` (``role, row_id`` and the identifiers), ``link``, and ``known``, the links before.
    Where it was told what the night touched, they have the rows concerned alone."""

    connection: duckdb.DuckDBPyConnection
    made: Links
    dataset: Dataset
    batch: StandardizedBatch
    registry: Registry
    deployment: Deployment
    inputs: Mapping[str, Snapshot]

    def outcomes(self) -> list[CheckOutcome]:
        before = newest(self.deployment, self.dataset.name, self.batch.date - timedelta(days=1))
        beside = touching.told(self.batch, self.deployment)
        rest = self._of_all(before) if beside is None else self._of_concerned(beside, before)
        now, then = self._figures("link", rest), self._figures("known", rest)
        return [
            self._linked_once(now),
            self._one_identifier(now["masters"], partly=beside is not None),
            self._stable(before, then),
        ]

    def _of_all(self, before: Snapshot | None) -> dict[str, int]:
        line = f"mention_id, role, row_id, {self._master} AS master_id, method"
        all_rows = judged(self.batch, self.dataset, self.registry, self.deployment)
        self._lay_out(None, f"SELECT {line} FROM ({all_rows})", self._before(before))
        return dict.fromkeys(FIGURES, 0)

    def _of_concerned(self, beside: str, before: Snapshot | None) -> dict[str, int]:
        """Returns the figures of all other rows: those of the snapshot before but for what is concerned."""
        self.connection.execute(f"CREATE TEMP TABLE concerned AS SELECT DISTINCT dataset, row_id FROM {beside}")
        line = "mention_id, role, row_id, master AS master_id, method"
        fresh = own(self.batch, self.dataset, self.registry, self.deployment)
        link = (
            f"SELECT {line} FROM {beside} WHERE before AND tonight UNION ALL "
            f"SELECT {line.replace('master AS', f'{self._master} AS')} FROM ({fresh})"
        )
        self._lay_out("concerned", link, f"SELECT {line} FROM {beside} WHERE before")
        whole, part = (self._figures(relation, {}) for relation in (f"({self._before(before)})", "known"))
        return {name: whole[name] - part[name] for name in FIGURES}

    def _lay_out(self, only: str | None, link: str, known: str) -> None:
        """The mentions' row and role say which they are, without the name that linking gave them."""
        mentions = Mentions(self.made.master, self.registry, self.deployment, self.batch.date, self.inputs, only)
        keys = ", ".join(map(_key, mentions.identifiers))
        tables = {
            "mention": f"SELECT role, row_id, {keys} FROM ({mentions.relation([])})",
            "link": link,
            "known": known,
            "both_sides": f"SELECT {keys}, m.row_id AS mentioned_row, l.row_id AS linked_row, master_id "
            "FROM mention AS m FULL JOIN link AS l ON l.role = m.role AND l.row_id = m.row_id",
        }
        for name, query in tables.items():
            kept = "VIEW" if name in ("link", "known") and only is None else "TABLE"
            self.connection.execute(f"CREATE TEMP {kept} {name} AS {query}")

    def _before(self, before: Snapshot | None) -> str:
        if before is None:
            return "SELECT * FROM (SELECT '' AS mention_id, '' AS master_id, '' AS method) WHERE FALSE"
        columns = ["mention_id", f"{self.made.master}_id", "method"]
        then = rows(before, self.dataset, self.registry, self.deployment, columns)
        return f"SELECT mention_id, {self._master} AS master_id, method FROM ({then})"

    @property
    def _master(self) -> str:
        return sql.identifier(f"{self.made.master}_id")

    def _figures(self, relation: str, rest: Mapping[str, int]) -> dict[str, int]:
        counted = self.connection.execute(f"SELECT {', '.join(FIGURES.values())} FROM {relation}").fetchall()[0]
        return {name: count + rest.get(name, 0) for name, count in zip(FIGURES, counted, strict=True)}

    def _linked_once(self, now: Mapping[str, int]) -> CheckOutcome:
        count = partial(sql.scalar, self.connection)
        found = "SELECT {} FROM both_sides".format
        concerned, linked = count("SELECT count(*) FROM mention"), count("SELECT count(*) FROM link")
        missing = count(found("count(*) FILTER (WHERE linked_row IS NULL)"))
        extra = count(found("count(*) FILTER (WHERE mentioned_row IS NULL)"))
        matched = count(found("count(*)")) - missing - extra
        under_one_name = count("SELECT count(*) - count(DISTINCT mention_id) FROM link")
        repeated = max(under_one_name, matched - (concerned - missing))
        failed = missing + extra + repeated
        told = f"{missing} 次提及没有归到主体，{extra} 次是各表中没有的，{repeated} 次归了不止一次"
        mentions = now["mentions"] - linked + concerned
        figures = {"mentions": mentions, "missing": missing, "extra": extra, "repeated": repeated}
        figures |= {name: now[name] for name in ("unlinked", "similar")}
        return _outcome(self.made, "linked_once", mentions, failed, told if failed else None, **figures)

    def _one_identifier(self, masters: int, *, partly: bool) -> CheckOutcome:
        """Of its strongest kind a master has one identifier, and every identifier of the strongest kind has one master:
        where not all of its mentions are looked at (``partly``), the one whose id is made of it."""
        keys = {kind: _key(kind) for kind in self.registry.masters[self.made.master].identifiers}
        first = " ".join(f"WHEN count({key}) > 0 THEN min({key}) <> max({key})" for key in keys.values())
        both = "both_sides WHERE linked_row IS NOT NULL AND mentioned_row IS NOT NULL"
        several = sql.scalar(
            self.connection,
            f"SELECT count(*) FILTER (WHERE two) FROM (SELECT CASE {first} END AS two FROM {both} GROUP BY master_id)",
        )
        strongest, key = next(iter(keys.items()))
        own_id = master_id(self.made.master, sql.text(strongest), key)
        torn = sql.scalar(
            self.connection,
            "SELECT count(*) FILTER (WHERE two) FROM (SELECT min(master_id) <> max(master_id)"
            f"{f' OR min(master_id) <> {own_id}' if partly else ''} AS two "
            f"FROM {both} AND {key} IS NOT NULL GROUP BY {key})",
        )
        told = f"{several} 个主体带有两个有效标识，{torn} 个标识分在两个主体" if several or torn else None
        return _outcome(self.made, "one_identifier", masters, several + torn, told, masters=masters)

    def _stable(self, before: Snapshot | None, then: Mapping[str, int]) -> CheckOutcome:
        """Against the snapshot before: of the mentions in both, which masters were merged and split, and of all, which
        masters are gone. That a mention without an identifier got one is no merge."""
        if before is None:
            return _outcome(self.made, "stable", 0, 0, None)
        count = partial(sql.scalar, self.connection)
        self.connection.execute(
            "CREATE TEMP TABLE stands AS SELECT k.master_id AS old, l.master_id AS new FROM known AS k "
            f"LEFT JOIN link AS l USING (mention_id) WHERE k.method <> {sql.text(UNLINKED)}"
        )
        self.connection.execute("CREATE TEMP TABLE moved AS SELECT * FROM stands WHERE old IS DISTINCT FROM new")
        masters = then["named"]
        ended = count("SELECT count(*) FROM moved WHERE new IS NULL")
        both = then["mentions"] - then["unlinked"] - ended
        # Only a master to or from which a mention moved can be of several, and only one that lost a mention be gone.
        grouped = (
            "SELECT count(*) FROM (SELECT count(DISTINCT {other}) AS n FROM stands WHERE new IS NOT NULL AND {by} IN "
            "(SELECT {by} FROM moved WHERE new IS NOT NULL) GROUP BY {by}) WHERE n > 1"
        )
        gone = "SELECT count(DISTINCT old) FROM moved ANTI JOIN link ON master_id = old"
        found = {
            "merged": (count(grouped.format(other="old", by="new")), masters),
            "split": (count(grouped.format(other="new", by="old")), masters),
            "moved": (count("SELECT count(*) FROM moved WHERE new IS NOT NULL"), both),
            "gone": (count(gone), masters),
        }
        reasons = _over(found, self.registry.masters[self.made.master].bounds, before)
        figures = {name: part for name, (part, _) in found.items()} | {"previous_date": before.date.isoformat()}
        return _outcome(
            self.made, "stable", both, found["moved"][0], "；".join(reasons) or None, masters=masters, **figures
        )


def _key(kind: str) -> str:
    return sql.identifier(f"k_{kind}")


def _outcome(
    made: Derivation, name: str, checked: int, failed: int, reason: str | None, **figures: float | int | str
) -> CheckOutcome:
    return table.outcome(
        name, checked=checked, failed=failed, reason=reason, figures=dict(figures), title=made.CHECKS[name]
    )


NAMES = {
    "merged": "由上一期多个主体合成的主体",
    "split": "拆成多个的上一期主体",
    "moved": "换了主体的提及",
    "gone": "有标识而不再出现的上一期主体",
}


def _over(found: Mapping[str, tuple[int, int]], bounds: Bounds, before: Snapshot) -> list[str]:
    reasons = []
    for name, (count, whole) in found.items():
        limit = getattr(bounds, name)
        if count > FEW and count > limit * whole:
            reasons.append(
                f"{NAMES[name]} {count} 个，占 {before.date.isoformat()} 的 {count / whole:.2%}，超过上限 {limit:.2%}"
            )
    return reasons


def _concerned(
    connection: duckdb.DuckDBPyConnection,
    made: Survivors,
    dataset: Dataset,
    batch: StandardizedBatch,
    tables: Difference,
) -> str:
    """The temporary table of masters that the night touched or the batch tells of; "" where any may be."""
    base = newest(tables.deployment, dataset.name, batch.date - timedelta(days=1)) if batch.base is not None else None
    raw = touching.batch_of(base, tables.deployment) if base is not None else None
    then = increments.inputs_of(raw, tables.deployment) if raw is not None else {}
    if base is None or then.keys() != tables.now.keys():
        return ""
    beside = touching.kept(made.links, replace(tables, then=then))
    if beside is None:
        return ""
    own_id = sql.identifier(f"{made.master}_id")
    ended = [tables.deployment.absolute(name) for name in batch.gone_files]
    known = rows(base, dataset, tables.registry, tables.deployment, [f"{made.master}_id"])
    parts = [
        f"SELECT master FROM {beside} WHERE touched",
        f"SELECT {own_id} FROM ({own(batch, dataset, tables.registry, tables.deployment)})",
        *(f"SELECT {own_id} FROM ({known}) SEMI JOIN {sql.parquet([path])} USING ({ROW_ID})" for path in ended),
    ]
    connection.execute(f"CREATE TEMP TABLE concerned AS {' UNION '.join(parts)}")
    return "concerned"


def _counts(connection: duckdb.DuckDBPyConnection, made: Survivors, links: str, only: str) -> CheckOutcome:
    """``only``: the masters that are looked at, "": all."""
    own_id = sql.identifier(f"{made.master}_id")
    those = f" WHERE {own_id} IN (FROM {only})" if only else ""
    linked = f"SELECT {own_id} AS master_id, count(*) AS mentions FROM ({links}){those} GROUP BY ALL"
    found = f"SELECT {own_id} AS master_id, mentions FROM judged{those}"
    several, one, differing = connection.execute(
        "SELECT count(l.mentions), count(m.mentions), count(*) FILTER (WHERE l.mentions IS DISTINCT FROM m.mentions) "
        f"FROM ({linked}) AS l FULL JOIN ({found}) AS m USING (master_id)"
    ).fetchall()[0]
    masters = sql.scalar(connection, "SELECT count(*) FROM judged") - one + several if only else several
    reason = f"{differing} 个主体与关联表不符" if differing else None
    return _outcome(made, "counts_reconcile", masters, differing, reason, masters=masters)
