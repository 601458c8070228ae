"""What one judged delivery says of records and rules, as a Parquet file of the log.

One line per rule and record: ``fails``, or, of a record that failed the rule earlier, ``passes``, ``released`` or
``cancelled``. ``released``: the very row that failed, of the very same file, passes now: nobody mended it, the
standards have changed. A record that failed earlier and has no line was not delivered. Columns: ``dataset, scope,
rule_id, identity, alias, status, cause, shape, rows, row_id, source_file, source_row, delivered``; no value of a
record.

Rows of an earlier delivery that were judged again and released (``rejudging``) are evidence too, of the releases alone:
what else that delivery said, later ones have said anew.

A record is known by a keyed digest of the contract's key. Where the key itself was wrong the mended record comes under
another one: so a record whose key is gone is known by the columns the officer declared for that too (``alias``), if the
key they stand under was not published before; so is a row without a key, which else is known as itself. In a delta a
key that does not come is not gone: there only what had a wrong key is known so.

``cause`` gathers rows that most likely fail for one reason: the same unknown code, the same way of writing, a column
that did not come. ``shape`` is the value's way of writing, digits as 9, letters as A, characters as 汉: a sample that
gives nothing away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from govdata.batches import RawBatch, Snapshot, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.governance import acceptance
from govdata.governance import log as journal
from govdata.governance.across import (
    NO_RECORDS,
    ConflictReader,
    CrossReader,
    conflicts_table,
    contradicted,
    digest,
    disagreements,
)
from govdata.governance.log import ENGINE, Event, Log
from govdata.masters import cross
from govdata.publish import newest, visible
from govdata.standards.model import BoundRule, Dataset, InCodeSet, Length, Pattern, Registry, Required, Typed, Unique
from govdata.storage import files, sql
from govdata.storage.manifest import fingerprint
from govdata.storage.secret import keyed
from govdata.storage.tables.nights import RELEASES
from govdata.storage.tables.system_columns import (
    CONTENT,
    DELIVERY_DATE,
    FAILED_RULES,
    REASON,
    ROW_ID,
    SOURCE_FILE,
    SOURCE_ROW,
    WARNINGS,
)

if TYPE_CHECKING:
    import duckdb

REJECTED = "rejected"
"""Stands as the rule of records that could not be read."""
DELIVERY, CROSS, CONFLICT = "delivery", "cross", "conflict"
"""Scopes: what one delivery was judged by; over the whole published table, rules across tables and contradictions with
the authority."""

COLUMNS = {
    "dataset": "VARCHAR",
    "scope": "VARCHAR",
    "rule_id": "VARCHAR",
    "identity": "VARCHAR",
    "alias": "VARCHAR",
    "status": "VARCHAR",
    "cause": "VARCHAR",
    "shape": "VARCHAR",
    "rows": "BIGINT",
    "row_id": "VARCHAR",
    "source_file": "VARCHAR",
    "source_row": "BIGINT",
    "delivered": "DATE",
}


@dataclass(frozen=True)
class Judged:
    """A judged delivery (or the night's rules across tables) of which the log does not have the evidence yet."""

    dataset: Dataset
    date: Date
    scope: str
    token: str  # what was judged: another batch gives other evidence
    full: bool
    published: bool
    rules: tuple[str, ...]
    of_rows: tuple[str, ...] = ()  # those of them that ask nothing but the row itself
    releases: bool = False  # of an earlier delivery that was judged again: told is what was released
    batch: StandardizedBatch | None = None
    raw: RawBatch | None = None
    snapshot: Snapshot | None = None


def pending(registry: Registry, deployment: Deployment, date: Date, events: Sequence[Event]) -> list[Judged]:
    """What was judged for ``date`` and is not in the log. A date before the newest one that the log has of the dataset
    tells nothing of how things are now and is left out."""
    newest_known: dict[tuple[str, str], tuple[Date, str]] = {}
    for event in events:
        if event.kind == "EVIDENCE" and not event.facts.get("releases"):
            newest_known[event.facts["dataset"], event.facts["scope"]] = (event.date, event.facts["token"])
    open_conflicts = contradicted(registry, deployment, date)
    found = [
        judged
        for name in sorted(registry.datasets)
        for read in (_delivery, _cross, _conflict)
        if (judged := read(registry, deployment, name, date)) is not None
        # Where nothing was and nothing is contradicted, there is nothing to say.
        and (
            judged.scope != CONFLICT
            or (name, CONFLICT) in newest_known
            or any((name, rule) in open_conflicts for rule in judged.rules)
        )
    ]
    tokens = {event.facts["token"] for event in events if event.kind == "EVIDENCE"}
    found = [
        *(
            judged
            for name in sorted(registry.delivered)
            for judged in _judged_again(registry, deployment, name, date, newest_known.get((name, DELIVERY)))
            if judged.token not in tokens
        ),
        *found,
    ]
    return [
        judged
        for judged in found
        if judged.releases or _is_news(judged, newest_known.get((judged.dataset.name, judged.scope)))
    ]


def _is_news(judged: Judged, known: tuple[Date, str] | None) -> bool:
    return known is None or (judged.date >= known[0] and (judged.date, judged.token) != known)


def _delivery(registry: Registry, deployment: Deployment, name: str, date: Date) -> Judged | None:
    batch = StandardizedBatch.read(StandardizedBatch.path(deployment, name, date))
    verdict = Verdict.read(Verdict.path(deployment, name, date))
    raw = RawBatch.read(RawBatch.path(deployment, name, date))
    if (
        batch is None
        or raw is None
        or verdict is None
        or verdict.batch_id != batch.batch_id
        or raw.batch_id != batch.raw_batch_id
    ):
        return None
    rules = (*(rule.id for rule in registry.rules(name) if rule.id in batch.rule_failures), REJECTED)
    full = batch.mode == "snapshot"
    of_rows = tuple(rule.id for rule in registry.rules(name) if not isinstance(rule.spec, Unique))
    return Judged(
        registry.datasets[name],
        date,
        DELIVERY,
        batch.batch_id,
        full,
        verdict.passed,
        rules,
        of_rows,
        batch=batch,
        raw=raw,
    )


def _judged_again(
    registry: Registry, deployment: Deployment, name: str, date: Date, known: tuple[Date, str] | None
) -> Iterator[Judged]:
    """Deliveries before ``date`` of which rows were released: the newest one as a whole, of others the releases."""
    kept = (deployment.governance / RELEASES.name / name).glob("????-??-??.parquet")
    for day in sorted(Date.fromisoformat(path.stem) for path in kept):
        judged = _delivery(registry, deployment, name, day) if day < date else None
        if judged is None or judged.batch is None or not judged.batch.rejudged:
            continue
        if known is None or day >= known[0]:
            yield judged
            continue
        again = {file for part in judged.batch.rejudged for file in part.files}
        released = tuple(file for file in judged.batch.clean_files if file in again)
        batch = judged.batch.model_copy(update={"clean_files": released, "quarantine_files": ()})
        yield replace(judged, date=date, full=False, releases=True, batch=batch)


def _cross(registry: Registry, deployment: Deployment, name: str, date: Date) -> Judged | None:
    import pyarrow.parquet as pq

    results, findings = (cross.path(deployment, kind, name, date) for kind in (cross.RESULTS, cross.FINDINGS))
    snapshot = newest(deployment, name, date)
    if snapshot is None or not results.exists() or not findings.exists():
        return None
    rows = pq.read_table(results, columns=["rule_id", "checked", "failed"]).to_pylist()
    judged = tuple(row["rule_id"] for row in rows if row["checked"])
    if not judged:
        return None
    pairs = pq.read_table(findings, columns=["rule_id", ROW_ID]).to_pylist()
    token = fingerprint(snapshot.snapshot_id, rows, pairs)
    return Judged(registry.datasets[name], date, CROSS, token, True, True, judged, snapshot=snapshot)


def _conflict(registry: Registry, deployment: Deployment, name: str, date: Date) -> Judged | None:
    """The night's conflicts, where they were made: older ones say nothing of the rows of tonight."""
    table, asked = conflicts_table(registry), disagreements(registry, name)
    if table is None or not asked:
        return None
    snapshot, lines = newest(deployment, name, date), newest(deployment, table.name, date)
    if snapshot is None or lines is None or lines.date != date:
        return None
    token = fingerprint(snapshot.snapshot_id, lines.snapshot_id, sorted(asked))
    return Judged(registry.datasets[name], date, CONFLICT, token, True, True, tuple(asked), snapshot=snapshot)


def record(judged: Judged, registry: Registry, deployment: Deployment, log: Log) -> Event:
    """Write the evidence and its line of the log; returns the line."""
    name = f"{judged.dataset.name}-{judged.scope}-{judged.date.isoformat()}-{log.next:07d}.parquet"
    facts: dict[str, Any] = {
        "dataset": judged.dataset.name,
        "scope": judged.scope,
        "token": judged.token,
        "full": judged.full,
        "published": judged.published,
        # Releases say nothing of what a rule did not release.
        "rules": [] if judged.releases else list(judged.rules),
        "releases": judged.releases,
        "file": name,
        "standards": registry.hashes[judged.dataset.name],
    }
    event = Event(date=judged.date, kind="EVIDENCE", actor=ENGINE, facts=facts)
    target = journal.evidence(deployment, event)
    with sql.connection(deployment, "evidence") as connection:
        keyed(connection, journal.key(deployment))
        connection.execute(_MACROS)
        _known(connection, judged, deployment, log.events)
        reader = _reader(connection, judged, registry, deployment)
        reader.records()
        reader.failing()
        for step in _STEPS:
            connection.execute(step)
        written = files.temporary(target)
        named = f"{sql.text(judged.dataset.name)} AS dataset, {sql.text(judged.scope)} AS scope"
        chosen = "status = 'released'" if judged.releases else "TRUE"
        listed = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in COLUMNS.items())
        lines = f"SELECT {named}, * FROM told WHERE {chosen}"
        connection.execute(
            f"COPY (SELECT {listed} FROM ({lines}) ORDER BY rule_id, cause, identity) "
            f"TO {sql.text(str(written))} ({sql.PARQUET})"
        )
        if judged.batch is not None and judged.published:
            standardized = (*judged.batch.clean_files, *judged.batch.quarantine_files)
            rows = [deployment.absolute(file) for file in standardized]
            facts |= acceptance.prove(connection, rows, judged.dataset.name, name, deployment, log.events)
    files.put(written, target)
    (added,) = log.append([event.model_copy(update={"facts": facts})])
    return added


def _reader(
    connection: duckdb.DuckDBPyConnection, judged: Judged, registry: Registry, deployment: Deployment
) -> _Delivered | CrossReader | ConflictReader:
    if judged.scope == DELIVERY:
        return _Delivered(connection, judged, registry, deployment)
    assert judged.snapshot is not None
    published = (connection, judged.dataset, judged.snapshot, judged.date, judged.rules, deployment)
    return CrossReader(*published) if judged.scope == CROSS else ConflictReader(*published, registry)


_MACROS = r"""
CREATE MACRO shape_of(t) AS coalesce(left(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    t, '\s', ' ', 'g'), '[0-9]', '9', 'g'), '[A-Za-z]', 'A', 'g'), '\p{Han}', '汉', 'g'),
    '[^9A汉 -/:-@\[-`{-~]', '□', 'g'), 40), '空');
"""

_STEPS = (
    # A record whose key is gone and whose declared columns stand under a key that is new is the same record.
    """CREATE TEMP TABLE fails AS
    WITH own AS (SELECT rule_id, identity, any_value(alias) AS alias, first(cause ORDER BY source_row) AS cause,
                 first(shape ORDER BY source_row) AS shape, count(*) AS rows,
                 first(row_id ORDER BY source_row) AS row_id,
                 first(source_file ORDER BY source_row) AS source_file, min(source_row) AS source_row,
                 any_value(delivered) AS delivered
                 FROM failing GROUP BY rule_id, identity),
    gone AS (SELECT rule_id, alias, min(identity) AS identity FROM known WHERE alias IS NOT NULL
             AND (rule_id, identity) NOT IN (SELECT (rule_id, identity) FROM own)
             AND identity NOT IN (SELECT key_id FROM records WHERE key_id IS NOT NULL) GROUP BY rule_id, alias),
    fresh AS (SELECT rule_id, alias, min(identity) AS identity FROM own WHERE alias IS NOT NULL
              AND (rule_id, identity) NOT IN (SELECT (rule_id, identity) FROM known) GROUP BY rule_id, alias)
    SELECT own.* REPLACE (coalesce(gone.identity, own.identity) AS identity)
    FROM own LEFT JOIN fresh USING (rule_id, alias, identity)
             LEFT JOIN gone ON gone.rule_id = fresh.rule_id AND gone.alias = fresh.alias""",
    """CREATE TEMP TABLE asked AS SELECT * FROM known ANTI JOIN fails USING (rule_id, identity)""",
    """CREATE TEMP TABLE by_key AS SELECT a.rule_id, a.identity, bool_and(r.cancelled) AS cancelled,
    bool_or(coalesce(a.failed_as = r.row_id, FALSE)) AS same, min(r.row_id) AS row_id
    FROM asked AS a JOIN records AS r ON r.key_id = a.identity GROUP BY ALL""",
    """CREATE TEMP TABLE by_alias AS SELECT a.rule_id, a.identity, bool_and(r.cancelled) AS cancelled,
    bool_or(coalesce(a.failed_as = r.row_id, FALSE)) AS same, min(r.row_id) AS row_id
    FROM asked AS a ANTI JOIN by_key AS k ON k.rule_id = a.rule_id AND k.identity = a.identity
    JOIN records AS r ON r.alias_id = a.alias AND NOT list_contains(r.failing, a.rule_id)
    WHERE r.key_id NOT IN (FROM before) GROUP BY ALL""",
    """CREATE TEMP TABLE mended AS SELECT rule_id, identity, row_id
    FROM (FROM by_key UNION ALL FROM by_alias) WHERE NOT cancelled AND NOT same""",
    """CREATE TEMP TABLE told AS SELECT *, 'fails' AS status FROM fails
    UNION ALL BY NAME
    SELECT rule_id, identity, CASE WHEN cancelled THEN 'cancelled' WHEN same THEN 'released' ELSE 'passes' END AS status
    FROM (FROM by_key UNION ALL FROM by_alias)""",
)


def _known(
    connection: duckdb.DuckDBPyConnection, judged: Judged, deployment: Deployment, events: Sequence[Event]
) -> None:
    """Table ``known(rule_id, identity, alias, failed_as)``: what ever failed in this dataset and scope, of the rules
    that were judged now. ``failed_as``: its row that did last, where whether it fails depends on nothing but itself."""
    paths = [
        journal.evidence(deployment, event)
        for event in events
        if event.kind == "EVIDENCE"
        and event.facts["dataset"] == judged.dataset.name
        and event.facts["scope"] == judged.scope
    ]
    connection.execute("CREATE TABLE before(key_id VARCHAR)")
    connection.execute("CREATE TABLE known(rule_id VARCHAR, identity VARCHAR, alias VARCHAR, failed_as VARCHAR)")
    if paths:
        connection.execute(
            "INSERT INTO known SELECT rule_id, identity, any_value(alias), "
            "arg_max(row_id, filename) FILTER (WHERE list_contains($2, rule_id)) "  # names go by date and number
            f"FROM {sql.parquet(paths)} WHERE status = 'fails' AND list_contains($1, rule_id) "
            "GROUP BY rule_id, identity",
            [list(judged.rules), list(judged.of_rows)],
        )


@dataclass
class _Delivered:
    """Tables ``records`` and ``failing`` of one delivery."""

    connection: duckdb.DuckDBPyConnection
    judged: Judged
    registry: Registry
    deployment: Deployment
    rules: dict[str, BoundRule] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = {rule.id: rule for rule in self.registry.rules(self.judged.dataset.name)}

    def records(self) -> None:
        batch, dataset = self.judged.batch, self.judged.dataset
        assert batch is not None
        paths = [self.deployment.absolute(name) for name in (*batch.clean_files, *batch.quarantine_files)]
        key = set(dataset.key)
        on_key = ", ".join(sql.text(rule.id) for rule in self.rules.values() if key.intersection(rule.columns))
        identity = self.registry.workorders.identity.get(dataset.name, [])
        operation = dataset.delivery.operation
        cancelled = f"coalesce(b.{sql.identifier(operation)} = 'D', FALSE)" if operation else "FALSE"
        if not paths:
            self.connection.execute(NO_RECORDS)
            return
        self.connection.execute(
            f"CREATE TEMP TABLE records AS SELECT {digest('k', dataset.key)} AS key_id, "
            f"{digest('a', identity)} AS alias_id, "
            f"{cancelled} AS cancelled, list_concat(coalesce(b.{FAILED_RULES}, []), coalesce(b.{WARNINGS}, [])) AS "
            "failing, "
            f"list_has_any(failing, CAST([{on_key}] AS VARCHAR[])) AS key_wrong, "
            f"b.{ROW_ID} AS row_id, b.{SOURCE_FILE} AS source_file, b.{SOURCE_ROW} AS source_row, "
            f"b.{DELIVERY_DATE} AS delivered "
            f"FROM {sql.parquet(paths, by_name=True)} AS b"
        )

        self._keys_before()

    def _keys_before(self) -> None:
        """Table ``before``: of the records that another one might now be taken for, those whose key was published
        before."""
        snapshot = newest(self.deployment, self.judged.dataset.name, self.judged.date - timedelta(days=1))
        likely = (
            "SELECT DISTINCT r.key_id FROM records AS r JOIN known AS k ON k.alias = r.alias_id AND k.identity <> "
            "r.key_id"
        )
        if snapshot is None or not snapshot.files or not self.connection.execute(f"{likely} LIMIT 1").fetchall():
            return
        rows = visible(snapshot, self.deployment, f"{digest('k', self.judged.dataset.key)} AS key_id")
        self.connection.execute(f"INSERT INTO before SELECT key_id FROM ({rows}) SEMI JOIN ({likely}) USING (key_id)")

    def failing(self) -> None:
        raw, batch = self.judged.raw, self.judged.batch
        assert raw is not None and batch is not None
        failed = [self.rules[name] for name, count in batch.rule_failures.items() if count and name in self.rules]
        values = self._values(failed, raw)
        self.connection.execute(
            "CREATE TEMP TABLE judged AS WITH rows AS (SELECT * EXCLUDE (failing), unnest(failing) AS rule_id FROM "
            "records "
            "WHERE len(failing) > 0), "
            "named AS (SELECT *, coalesce(key_id, alias_id, mac('r' || row_id)) AS identity, "
            "CASE WHEN $2 OR key_id IS NULL OR key_wrong THEN alias_id END AS alias FROM rows WHERE "
            "list_contains($1, rule_id)) "
            f"SELECT n.*, v.value FROM named AS n LEFT JOIN ({values}) AS v USING (row_id, rule_id)",
            [list(self.judged.rules), self.judged.full],
        )
        self._gather_causes(failed, raw)
        self._rejected(raw)

    def _values(self, rules: Sequence[BoundRule], raw: RawBatch) -> str:
        """The delivered text that each failing row has in the rule's column."""
        told = [rule for rule in rules if rule.column in raw.columns]
        if not told or not raw.files:
            return "SELECT NULL::VARCHAR AS row_id, NULL::VARCHAR AS rule_id, NULL::VARCHAR AS value LIMIT 0"
        cases = " ".join(f"WHEN {sql.text(rule.id)} THEN w.{sql.identifier(rule.column or '')}" for rule in told)
        paths = [self.deployment.absolute(name) for name in raw.files]
        return (
            f"SELECT n.row_id, n.rule_id, CASE n.rule_id {cases} END AS value "
            f"FROM {sql.texts(paths, raw.arrives)} AS w JOIN named AS n ON n.row_id = w.{ROW_ID}"
        )

    def _gather_causes(self, rules: Sequence[BoundRule], raw: RawBatch) -> None:
        """A cause of its own for what many rows of a rule have in common, '' for the rest."""
        came = raw.coverage()
        absent = [rule.id for rule in rules if rule.column and raw.columns and rule.column not in came]
        by_code = [rule.id for rule in rules if isinstance(rule.spec, InCodeSet)]
        by_shape = [rule.id for rule in rules if isinstance(rule.spec, (Typed, Pattern, Length, Required))]
        bounds = self.registry.workorders.root_cause
        self.connection.execute(
            "CREATE TEMP TABLE failing AS WITH shaped AS (SELECT *, shape_of(value) AS shape FROM judged), "
            "caused AS (SELECT *, CASE WHEN list_contains($1, rule_id) THEN 'column' "
            "WHEN list_contains($2, rule_id) AND value IS NOT NULL THEN 'code:' || left(mac('c' || value), 8) "
            "WHEN list_contains($3, rule_id) THEN 'shape:' || shape ELSE '' END AS cause FROM shaped), "
            "counted AS (SELECT *, count(*) OVER (PARTITION BY rule_id, cause) AS alike, count(*) OVER (PARTITION BY "
            "rule_id) AS every "
            "FROM caused) SELECT rule_id, identity, alias, shape, row_id, source_file, source_row, delivered, "
            "CASE WHEN alike >= $4 AND alike >= $5 * every THEN cause ELSE '' END AS cause FROM counted",
            [absent, by_code, by_shape, bounds.min_rows, bounds.min_share],
        )

    def _rejected(self, raw: RawBatch) -> None:
        paths = [self.deployment.absolute(name) for name in raw.rejected_files]
        if not paths:
            return
        self.connection.execute(
            f"INSERT INTO failing BY NAME SELECT $1 AS rule_id, mac('x' || coalesce({CONTENT}, {ROW_ID})) AS identity, "
            f"'reason:' || regexp_replace({REASON}, '[0-9]+', '…', 'g') AS cause, {REASON} AS shape, "
            f"{ROW_ID} AS row_id, {SOURCE_FILE} AS source_file, {SOURCE_ROW} AS source_row, "
            f"{DELIVERY_DATE} AS delivered FROM "
            f"{sql.parquet(paths)}",
            [REJECTED],
        )
