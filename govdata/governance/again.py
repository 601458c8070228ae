"""The rows that one delivery has in quarantine, judged again by the standards of now.

They go through the ordinary stages in a scratch deployment, as a small delivery of their own: the same pass, the same
suite, the same counts. Then they are held against the clean rows of their delivery, which stay as they are: a row whose
key one of those has is held back as before, one that is equal to one of them is a duplicate. Only the rows held back
are read whole; of the others the row's identity and, where a key is to be unique, the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from govdata import checks, engine
from govdata.batches import IngestedFile, RawBatch, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.standards.model import BoundRule, Dataset, Registry, Unique
from govdata.storage import sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables.system_columns import (
    DUPLICATES_FILE,
    FAILED_RULES,
    IDENTITY,
    KEPT_ROW_ID,
    ROW_ID,
    UNPARSED,
    WARNINGS,
)

if TYPE_CHECKING:
    import duckdb

Waived = Mapping[str, Set[str]]
"""Row → rules that it fails and for which a waiver holds."""

DEMANDED = ("schema", "parity", "reconciliation")
"""Table checks that must hold of rows judged again; the others are about whole deliveries."""


@dataclass(frozen=True)
class Held:
    """A batch with rows in quarantine, the ``raw`` one that it was made of, and what they are judged by."""

    batch: StandardizedBatch
    raw: RawBatch
    dataset: Dataset
    registry: Registry
    deployment: Deployment

    def relation(self, names: Iterable[str]) -> str:
        return sql.parquet(self.deployment.absolute(name) for name in names)


@dataclass(frozen=True)
class Again:
    """``released``, ``held`` and ``duplicates``: Parquet files in the scratch folder, as the lake has them.
    ``reasons``: a file with why each released row was released, and the rules it failed before. ``judged``: the batch
    of the scratch deployment; ``verdict``: what its suite counted. ``same``: nothing has changed for any row."""

    released: Path
    held: Path
    duplicates: Path
    reasons: Path
    counts: Mapping[str, int]
    judged: StandardizedBatch
    verdict: Verdict
    same: bool


def judge(held: Held, waived: Waived, scratch: Path) -> Again:
    """Raises ``GovdataError`` where the rows cannot be judged on their own: the suite and the pass differ, or the
    table has other columns now."""
    trial = Deployment(scratch)
    judged = engine.standardize(_delivery(held, trial), held.dataset, held.registry, trial)
    verdict = checks.validate(judged, held.dataset, held.registry, trial)
    broken = [each.description for each in verdict.outcomes if each.name in DEMANDED and not each.passed]
    if broken:
        raise GovdataError(f"{held.dataset.name} {held.batch.date} 的隔离行无法单独复审：{'；'.join(broken)}")
    with sql.connection(trial, "again") as connection:
        _rows(connection, judged, trial, held)
        _clashes(connection, held)
        _fates(connection, waived)
        return _split(connection, judged, verdict, held, scratch)


def _delivery(held: Held, trial: Deployment) -> RawBatch:
    """The delivered text of the rows held back, as a raw batch of the scratch deployment."""
    batch, raw = held.batch, held.raw
    target = trial.lake("raw", raw.dataset, raw.date) / "held.parquet"
    target.parent.mkdir(parents=True)
    whole, back = held.relation(raw.files), held.relation(batch.quarantine_files)
    with sql.connection(trial, "held") as connection:
        connection.execute(
            f"COPY (SELECT r.* FROM {whole} AS r SEMI JOIN (SELECT {ROW_ID} FROM {back}) USING ({ROW_ID})) "
            f"TO {sql.text(str(target))} ({sql.PARQUET})"
        )
        rows = sql.scalar(connection, f"SELECT count(*) FROM {sql.parquet([target])}")
    if rows != batch.quarantined:
        raise GovdataError(
            f"{raw.dataset} {raw.date} 隔离 {batch.quarantined} 行，原始数据里只找到 {rows} 行，无法复审"
        )
    source = IngestedFile(name="held.parquet", format="parquet", physical=rows, delivered=rows, raw=rows, rejected=0)
    made = raw.model_copy(
        update={
            "batch_id": fingerprint("held", batch.batch_id),
            "files": (trial.relative(target),),
            "rejected_files": (),
            "sources": (source,),
        }
    )
    made.write(RawBatch.path(trial, raw.dataset, raw.date))
    return made


def _rows(connection: duckdb.DuckDBPyConnection, judged: StandardizedBatch, trial: Deployment, held: Held) -> None:
    """Tables ``rows`` (standardised anew, both fates) and ``before`` (row → rules it failed)."""
    paths = [trial.absolute(name) for name in (*judged.clean_files, *judged.quarantine_files)]
    dropped = [trial.absolute(name) for name in judged.duplicate_files]
    # A delivery whose rows are all equal to one another leaves one; there is always one.
    connection.execute(f"CREATE TABLE rows AS SELECT * FROM {sql.parquet(paths)}")
    connection.execute(
        f"CREATE TABLE before AS SELECT {ROW_ID}, {FAILED_RULES} AS failed, {WARNINGS} AS warned "
        f"FROM {held.relation(held.batch.quarantine_files)}"
    )
    listed = ", ".join(DUPLICATES_FILE)
    empty = f"SELECT {sql.identifiers(IDENTITY)}, {ROW_ID} AS {KEPT_ROW_ID} FROM rows LIMIT 0"
    connection.execute(
        f"CREATE TABLE dropped AS {f'SELECT {listed} FROM {sql.parquet(dropped)}' if dropped else empty}"
    )


def _clashes(connection: duckdb.DuckDBPyConnection, held: Held) -> None:
    """Table ``clashes(_row_id, rule_id, severity, kept_row_id, same)``: rows whose key a clean row of the delivery has.
    ``same``: the two are equal in every column. Of a table without a key, equal rows only."""
    connection.execute(
        f"CREATE TABLE clashes ({ROW_ID} VARCHAR, rule_id VARCHAR, severity VARCHAR, "
        f"{KEPT_ROW_ID} VARCHAR, same BOOLEAN)"
    )
    if not held.batch.clean_files:
        return
    dataset, clean = held.dataset, held.relation(held.batch.clean_files)
    everything = [column.name for column in dataset.columns]
    unique = [rule for rule in held.registry.rules(dataset.name) if isinstance(rule.spec, Unique)]
    keyed = any(column.primary_key and column.name in rule.columns for rule in unique for column in dataset.columns)
    equal = " AND ".join(f"r.{name} IS NOT DISTINCT FROM c.{name}" for name in map(sql.identifier, everything))
    equal += f" AND CAST(r.{UNPARSED} AS VARCHAR) IS NOT DISTINCT FROM CAST(c.{UNPARSED} AS VARCHAR)"
    asked: list[tuple[str, str, list[str]]] = [(rule.id, rule.severity, _key(rule)) for rule in unique]
    for rule_id, severity, key in asked if keyed else [*asked, ("", "", everything)]:
        same = " AND ".join(f"r.{name} = c.{name}" for name in map(sql.identifier, key)) if rule_id else equal
        keys = sql.identifiers(key)
        near = f"SELECT r.{ROW_ID} FROM rows AS r SEMI JOIN (SELECT {keys} FROM {clean}) AS c ON "
        near += " AND ".join(f"r.{n} IS NOT DISTINCT FROM c.{n}" for n in map(sql.identifier, key))
        if not connection.execute(f"{near} LIMIT 1").fetchall():
            continue  # as it nearly always is: the clean rows' other columns need not be read
        connection.execute(
            f"INSERT INTO clashes SELECT r.{ROW_ID}, $1, $2, min(c.{ROW_ID}), bool_or({equal}) "
            f"FROM rows AS r JOIN {clean} AS c ON {same} GROUP BY r.{ROW_ID}",
            [rule_id, severity],
        )


def _key(rule: BoundRule) -> list[str]:
    assert isinstance(rule.spec, Unique)
    return list(rule.spec.columns)


def _with_clashes(part: str, severity: str) -> str:
    more = f"SELECT list(rule_id) FROM clashes AS k WHERE k.{ROW_ID} = r.{ROW_ID} AND k.severity = '{severity}'"
    return f"nullif(list_distinct(list_concat(coalesce(r.{part}, []), coalesce(({more}), []))), []) AS {part}"


_STEPS = (
    f"CREATE TABLE equals AS SELECT {ROW_ID}, min({KEPT_ROW_ID}) AS {KEPT_ROW_ID} FROM clashes WHERE same GROUP BY ALL",
    f"CREATE TABLE fates AS SELECT r.* REPLACE ({_with_clashes(FAILED_RULES, 'error')}, "
    f"{_with_clashes(WARNINGS, 'warning')}) FROM rows AS r ANTI JOIN equals USING ({ROW_ID})",
    f"CREATE TABLE let AS SELECT f.{ROW_ID} AS row_id, b.failed, CASE WHEN f.{FAILED_RULES} IS NULL THEN 'standards' "
    f"ELSE 'waiver' END AS reason FROM fates AS f JOIN before AS b USING ({ROW_ID}) LEFT JOIN waived AS w "
    f"ON w.row_id = f.{ROW_ID} WHERE f.{FAILED_RULES} IS NULL OR list_has_all(w.rules, f.{FAILED_RULES})",
)
_SHOWN = (
    f"CAST(NULL AS VARCHAR[]) AS {FAILED_RULES}, "
    f"nullif(list_concat(coalesce({FAILED_RULES}, []), coalesce({WARNINGS}, [])), []) AS {WARNINGS}"
)
"""Rules that were waived stay on the published row, where warnings do."""


def _fates(connection: duckdb.DuckDBPyConnection, waived: Waived) -> None:
    """Tables ``fates`` (the rows with all the rules they fail), ``let`` (those of them that are released, and why), and
    ``equals`` (rows that are duplicates of clean ones)."""
    connection.execute("CREATE TABLE waived (row_id VARCHAR, rules VARCHAR[])")
    for row_id, rules in waived.items():
        connection.execute("INSERT INTO waived VALUES ($1, $2)", [row_id, sorted(rules)])
    for step in _STEPS:
        connection.execute(step)


def _split(
    connection: duckdb.DuckDBPyConnection, judged: StandardizedBatch, verdict: Verdict, held: Held, scratch: Path
) -> Again:
    """Every row into exactly one of three files."""
    made = {
        "released": f"SELECT f.* REPLACE ({_SHOWN}) FROM fates AS f SEMI JOIN let ON row_id = f.{ROW_ID}",
        "held": f"SELECT f.* FROM fates AS f ANTI JOIN let ON row_id = f.{ROW_ID}",
        "duplicates": (
            f"SELECT {sql.identifiers(DUPLICATES_FILE)} FROM dropped UNION ALL "
            f"SELECT {sql.identifiers(IDENTITY)}, c.{KEPT_ROW_ID} FROM rows JOIN equals AS c "
            f"USING ({ROW_ID})"
        ),
        "reasons": f"SELECT {sql.identifiers(IDENTITY)}, reason, failed FROM fates JOIN let ON row_id = {ROW_ID}",
    }
    paths = {name: scratch / f"{name}.parquet" for name in made}
    for name, query in made.items():
        connection.execute(f"COPY ({query}) TO {sql.text(str(paths[name]))} ({sql.PARQUET})")
    _demand_the_same_columns(connection, paths["released"], held)
    counts = {
        name: sql.scalar(connection, f"SELECT count(*) FROM {sql.parquet([path])}") for name, path in paths.items()
    }
    return Again(
        paths["released"],
        paths["held"],
        paths["duplicates"],
        paths["reasons"],
        counts,
        judged,
        verdict,
        same=not counts["released"] and not counts["duplicates"] and _unchanged(connection),
    )


def _unchanged(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether every row fails the rules it failed before."""
    lists = f"SELECT {ROW_ID}, list_sort({{0}}), list_sort({{1}}) FROM {{2}}"
    now, then = lists.format(FAILED_RULES, WARNINGS, "fates"), lists.format("failed", "warned", "before")
    return not connection.execute(f"({now}) EXCEPT ({then})").fetchall()


def _demand_the_same_columns(connection: duckdb.DuckDBPyConnection, released: Path, held: Held) -> None:
    for name in held.batch.clean_files[:1]:
        if sql.schema(connection, held.deployment.absolute(name)) != sql.schema(connection, released):
            raise GovdataError(
                f"{held.dataset.name} {held.batch.date} 的列或类型已改变，隔离行不能单独并入，要整日重做"
            )
