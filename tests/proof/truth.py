"""Measure a night against the generator's truth file, which the pipeline never reads.

Every defect of ``truth.parquet`` names a file and a row as a person finds them; every standardised, quarantined,
rejected or dropped record carries the same two. Joining them says, per kind of defect, how many were found by a rule
that reads the struck column, and how many of the repairable ones now hold the true value; and how many rows without any
defect were flagged all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

import duckdb

from govdata.batches import RawBatch, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine.syntax import column, list_of, literal, text
from govdata.standards.model import Registry


@dataclass(frozen=True)
class Measured:
    """``kinds``: (kind, repairable, row_detectable, defects, found, repaired); ``flagged``: (dataset, rows without a
    defect, flagged)."""

    kinds: list[tuple[str, bool, bool, int, int, int]]
    flagged: list[tuple[str, int, int]]

    def found_share(self) -> float:
        """Share found of the defects that can be seen in a row and cannot be repaired."""
        rows = [row for row in self.kinds if row[2] and not row[1]]
        return sum(row[4] for row in rows) / sum(row[3] for row in rows)

    def repaired_share(self) -> float:
        rows = [row for row in self.kinds if row[2] and row[1]]
        return sum(row[5] for row in rows) / sum(row[3] for row in rows)

    def false_share(self) -> float:
        return sum(row[2] for row in self.flagged) / sum(row[1] for row in self.flagged)

    def table(self) -> str:
        lines = [f"{'kind':<36}{'repairable':>11}{'defects':>9}{'found':>8}{'repaired':>10}"]
        for kind, repairable, detectable, defects, found, repaired in self.kinds:
            mark = "yes" if repairable else "no" if detectable else "cross"
            lines.append(f"{kind:<36}{mark:>11}{defects:>9}{found:>8}{repaired if repairable else '-':>10}")
        lines += ["", f"{'dataset':<16}{'rows without defect':>20}{'flagged':>9}"]
        lines += [f"{dataset:<16}{rows:>20}{flagged:>9}" for dataset, rows, flagged in self.flagged]
        lines += [
            "",
            f"found {self.found_share():.4%}  repaired {self.repaired_share():.4%}  flagged without defect "
            f"{self.false_share():.4%}",
        ]
        return "\n".join(lines)


def _files(deployment: Deployment, paths: tuple[str, ...]) -> str:
    return text(list_of(literal(str(deployment.absolute(path))) for path in paths))


def measure(deployment: Deployment, registry: Registry, truth: Path, dates: list[Date]) -> Measured:
    """Join what the stages wrote for ``dates`` with ``truth``."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE truth AS SELECT *, row_number() OVER () AS n FROM read_parquet(?)", [str(truth)])
    connection.execute("CREATE TABLE reads (dataset VARCHAR, rule VARCHAR, col VARCHAR)")
    for dataset in registry.datasets:
        for rule in registry.rules(dataset):
            for name in {rule.column, *rule.columns} - {None}:
                connection.execute("INSERT INTO reads VALUES (?, ?, ?)", [dataset, rule.id, name])
    connection.execute(
        "CREATE TABLE cells (dataset VARCHAR, date DATE, file VARCHAR, row BIGINT, col VARCHAR, value VARCHAR)"
    )
    connection.execute(
        "CREATE TABLE fate (dataset VARCHAR, date DATE, file VARCHAR, row BIGINT, fate VARCHAR, rules VARCHAR[])"
    )
    for dataset in (registry.datasets[name] for name in registry.delivered):
        for date in dates:
            raw = RawBatch.read(RawBatch.path(deployment, dataset.name, date))
            batch = StandardizedBatch.read(StandardizedBatch.path(deployment, dataset.name, date))
            if raw is None or batch is None:
                continue
            for fate, paths in (("clean", batch.clean_files), ("quarantined", batch.quarantine_files)):
                if paths:
                    _add_rows(
                        connection,
                        dataset.name,
                        [item.name for item in dataset.columns],
                        fate,
                        _files(deployment, paths),
                    )
            for fate, paths in (("duplicate", batch.duplicate_files), ("rejected", raw.rejected_files)):
                if paths:
                    relation = f"read_parquet({_files(deployment, paths)})"
                    connection.execute(
                        "INSERT INTO fate SELECT ?, _delivery_date, _source_file, _source_row, ?, NULL FROM "
                        f"{relation}",
                        [dataset.name, fate],
                    )
    kinds = connection.execute(
        """
        WITH struck AS (
            SELECT t.n, t.kind, t.repairable, t.row_detectable, f.fate,
                coalesce(list_has_any(f.rules, r.rules), FALSE) AS by_rule,
                c.row IS NOT NULL AND c.value IS NOT DISTINCT FROM t.true_value AS restored
            FROM truth t
            LEFT JOIN fate f ON f.dataset = t.dataset AND f.date = t.delivery_date AND f.file = t.file AND f.row = t.row
            LEFT JOIN (SELECT dataset, col, list(rule) AS rules FROM reads GROUP BY ALL) r
                ON r.dataset = t.dataset AND r.col = t.column
            LEFT JOIN cells c
                ON c.dataset = t.dataset AND c.date = t.delivery_date AND c.file = t.file AND c.row = t.row AND c.col = t.column
        )
        SELECT kind, repairable, row_detectable, count(*),
            count(*) FILTER (CASE
                WHEN kind LIKE 'line_%' THEN fate = 'rejected'
                WHEN kind = 'exact_duplicate_row' THEN fate = 'duplicate'
                WHEN kind = 'duplicate_key' THEN fate = 'quarantined'
                WHEN repairable THEN restored
                ELSE by_rule END),
            count(*) FILTER (CASE WHEN kind = 'exact_duplicate_row' THEN fate = 'duplicate' ELSE restored AND fate = 'clean' END)
        FROM struck GROUP BY ALL ORDER BY row_detectable DESC, repairable, kind
        """
    ).fetchall()
    flagged = connection.execute(
        """
        SELECT dataset, count(*), count(*) FILTER (rules IS NOT NULL OR fate <> 'clean') FROM fate f
        WHERE NOT EXISTS (FROM truth t WHERE f.dataset = t.dataset AND f.date = t.delivery_date AND f.file = t.file AND f.row = t.row)
        GROUP BY ALL ORDER BY dataset
        """
    ).fetchall()
    connection.close()
    return Measured(kinds, flagged)


def _add_rows(connection: duckdb.DuckDBPyConnection, dataset: str, names: list[str], fate: str, files: str) -> None:
    relation = f"read_parquet({files})"
    rules = "nullif(list_concat(coalesce(failed_rules, []), coalesce(_warnings, [])), [])"
    connection.execute(
        f"INSERT INTO fate SELECT ?, _delivery_date, _source_file, _source_row, ?, {rules} FROM {relation}",
        [dataset, fate],
    )
    for name in names:
        # Only the cells the truth speaks of.
        connection.execute(
            "INSERT INTO cells SELECT ?, s._delivery_date, s._source_file, s._source_row, ?, "
            f"CAST(s.{text(column(name))} AS VARCHAR) "
            f"FROM {relation} s SEMI JOIN (SELECT * FROM truth WHERE dataset = ? AND truth.column = ?) t "
            "ON s._delivery_date = t.delivery_date AND s._source_file = t.file AND s._source_row = t.row",
            [dataset, name, dataset, name],
        )
