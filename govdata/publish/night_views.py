"""The views of ``governance`` about deliveries, over the files that their nights left in the lake."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from govdata.engine.ledger import ledger_sql
from govdata.errors import GovdataError
from govdata.publish.pinned import Night
from govdata.publish.views import Catalogue, empty
from govdata.storage import sql, statements
from govdata.storage.tables import Table, types
from govdata.storage.tables.deliveries import DELIVERIES, DELIVERY, DELIVERY_NOTES, NOTE, NOTES
from govdata.storage.tables.nights import (
    COLUMN_NAME,
    DAMAGED,
    DATASET,
    DATE,
    DUPLICATES,
    FINDINGS,
    MESSAGE,
    RECONCILIATION,
    REJECTED,
    REPAIRS,
    RULE_ID,
    SEVERITY,
)
from govdata.storage.tables.rows import DELIVERY_DATE, FAILED_RULES, IDENTITY, WARNINGS

log = logging.getLogger(__name__)


def reconciliation(catalogue: Catalogue, path: Path | None, nights: Sequence[Night]) -> None:
    """The counts as the night made them; ``damaged`` where its views show less, because files of it are gone."""
    if path is None:
        catalogue.show(RECONCILIATION, None, ())
        return
    # data/lake/<stage>/…: the stages whose files are gone
    told = " ".join(
        f"WHEN {DATASET} = {sql.text(night.dataset)} AND {DATE} = DATE '{night.date}' THEN "
        + sql.text("、".join(sorted({name.split("/")[2] for name in night.damaged})))
        for night in nights
        if night.damaged
    )
    selected = f"CAST({f'CASE {told} END' if told else 'NULL'} AS {DAMAGED.type}) AS {DAMAGED}"
    kept = sql.identifiers(RECONCILIATION.without(DAMAGED).columns)
    catalogue.show(RECONCILIATION, f"SELECT {kept}, {selected} FROM {sql.parquet([path])}", [path])


def deliveries(catalogue: Catalogue, path: Path | None) -> None:
    """The reading reports: a line per delivery, and a line per note of each."""
    if path is None:
        catalogue.show(DELIVERIES, None, ())
        catalogue.show(DELIVERY_NOTES, None, ())
        return
    catalogue.show_file(DELIVERIES, path)
    said = sql.identifiers((DATE, DATASET, DELIVERY))
    parts = ", ".join(f"n.{sql.identifier(name)} AS {sql.identifier(name)}" for name in NOTE)
    each = f"SELECT {said}, unnest({NOTES}) AS n FROM {sql.parquet([path])}"
    catalogue.show(DELIVERY_NOTES, f"SELECT {said}, {parts} FROM ({each})", [path])


def rejected(catalogue: Catalogue, nights: Sequence[Night]) -> None:
    _by_dataset(catalogue, REJECTED, [(night.dataset, night.rejected) for night in nights])


def duplicates(catalogue: Catalogue, nights: Sequence[Night]) -> None:
    _by_dataset(catalogue, DUPLICATES, [(night.dataset, night.duplicates) for night in nights])


def _by_dataset(catalogue: Catalogue, table: Table, named: list[tuple[str, tuple[Path, ...]]]) -> None:
    grouped: dict[str, list[Path]] = {}
    for dataset, paths in named:
        grouped.setdefault(dataset, []).extend(paths)
    branches = [_of_dataset(table, dataset, sql.parquet(paths)) for dataset, paths in grouped.items() if paths]
    catalogue.show(table, " UNION ALL ".join(branches), [path for paths in grouped.values() for path in paths])


def _of_dataset(table: Table, dataset: str, relation: str) -> str:
    """The table's columns from rows that know neither their dataset nor, by that name, the delivery they came with."""
    known = sql.identifiers(column for column in table.columns if column not in (DATASET, DATE))
    return (
        f"SELECT CAST({sql.text(dataset)} AS {DATASET.type}) AS {DATASET}, {DELIVERY_DATE} AS {DATE}, {known} "
        f"FROM {relation}"
    )


def repairs(catalogue: Catalogue, nights: Sequence[Night]) -> None:
    """The ledger: before and after of every altered cell, computed from raw and standardised rows when it is asked for.
    Nights whose ledger was compiled alike share one branch. Not inside a transaction: an error would end it."""
    import duckdb

    grouped: dict[tuple[str, str], list[Night]] = {}
    for night in (part for whole in nights for part in _by_ledger(whole)):
        ledger = _decoder(catalogue, night) if night.raw and (night.clean or night.quarantine) else ""
        if ledger:
            grouped.setdefault((night.dataset, ledger), []).append(night)
    branches: dict[str, list[Path]] = {}
    for (dataset, ledger), alike in grouped.items():
        raw = list(dict.fromkeys(path for night in alike for path in night.raw))
        standardized = [path for night in alike for path in (*night.clean, *night.quarantine)]
        filled = ledger.replace("{raw}", sql.parquet(raw)).replace("{standardized}", sql.parquet(standardized))
        branches[_of_dataset(REPAIRS, dataset, f"({filled})")] = [*raw, *standardized]
    try:
        _ledger(catalogue, branches)
    except duckdb.Error:
        # One night's ledger that cannot be compiled must not take the others, or the catalogue, down.
        sound = {branch: files for branch, files in branches.items() if _binds(catalogue, branch)}
        log.error(
            "%d 组修复台账查询无法编译，目录中不列它们：%s",
            len(branches) - len(sound),
            _unsound(grouped, branches, sound),
        )
        _ledger(catalogue, sound)


def _by_ledger(night: Night) -> list[Night]:
    """The night, and the rows of it that were judged again later as if they were nights of their own."""
    later = {path for _, paths in night.rejudged for path in paths}
    own = [tuple(path for path in paths if path not in later) for paths in (night.clean, night.quarantine)]
    again = [replace(night, ledger=ledger, clean=paths, quarantine=()) for ledger, paths in night.rejudged]
    return [replace(night, clean=own[0], quarantine=own[1]), *again]


def _decoder(catalogue: Catalogue, night: Night) -> str:
    """The query over ``{raw}`` and ``{standardized}`` that gives a night's ledger; empty where it has none that can be
    run."""
    try:
        if night.ledger:
            return ledger_sql(night.ledger)
        if (
            night.ledger_sql
        ):  # of an older version: taken from the manifest as it stands, so it may read those two and nothing else
            named = night.ledger_sql.replace("{raw}", "raw").replace("{standardized}", "standardized")
            statements.demand_select_from(catalogue.connection, named, ("raw", "standardized"))
    except (KeyError, GovdataError, ValueError) as error:
        log.error("%s %s 的修复台账无法编译（%s），目录中不列", night.dataset, night.date, type(error).__name__)
        return ""
    return night.ledger_sql


def _ledger(catalogue: Catalogue, branches: dict[str, list[Path]]) -> None:
    files = [path for named in branches.values() for path in named]
    catalogue.show(REPAIRS, " UNION ALL ".join(branches), files)


def _unsound(
    grouped: dict[tuple[str, str], list[Night]], branches: dict[str, list[Path]], sound: dict[str, list[Path]]
) -> str:
    groups = zip(grouped.values(), branches, strict=True)
    return "、".join(
        f"{night.dataset} {night.date}" for alike, branch in groups if branch not in sound for night in alike
    )


def _binds(catalogue: Catalogue, query: str) -> bool:
    import duckdb

    try:
        catalogue.connection.execute(f"DESCRIBE {query}")
    except duckdb.Error:
        return False
    return True


def findings(
    catalogue: Catalogue, nights: Sequence[Night], rule_results: Path | None, rules: Path, cross: Path | None
) -> None:
    """One line per rule a row fails, errors and warnings, in the words of the rule as it was that night: what a source
    department mends."""
    grouped: dict[str, list[Night]] = {}
    for night in nights:
        grouped.setdefault(night.dataset, []).append(night)
    rows, files = [], []
    for dataset, dates in grouped.items():
        bad = [path for night in dates for path in night.quarantine]
        every = [path for night in dates for path in (*night.clean, *night.quarantine)]
        for paths, lists, severity in ((bad, FAILED_RULES, "error"), (every, WARNINGS, "warning")):
            if paths:
                rows.append(
                    f"SELECT CAST({sql.text(dataset)} AS VARCHAR) AS {DATASET}, {DELIVERY_DATE} AS {DATE}, "
                    f"{sql.identifiers(IDENTITY)}, unnest({lists}) AS {RULE_ID}, '{severity}' AS {SEVERITY} "
                    f"FROM {sql.parquet(paths)} WHERE len({lists}) > 0"
                )
        files += every
    query = _with_words(" UNION ALL ".join(rows), rule_results, rules) if rows else empty(types(FINDINGS.columns))
    if rows:
        files += [rules, *([rule_results] if rule_results else [])]
    if cross is not None:
        query = f"{query} UNION ALL SELECT {sql.identifiers(FINDINGS.columns)} FROM {sql.parquet([cross])}"
        files.append(cross)
    catalogue.show(FINDINGS, query, files)


def _with_words(findings: str, rule_results: Path | None, rules: Path) -> str:
    """Each finding in the words its rule had that night, else in those it has now."""
    then, told = "", f"n.{COLUMN_NAME}, n.{MESSAGE}"
    if rule_results is not None:
        words = sql.identifiers((DATE, DATASET, RULE_ID, COLUMN_NAME, MESSAGE))
        then = (
            f"LEFT JOIN (SELECT {words} FROM {sql.parquet([rule_results])}) AS t USING ({DATASET}, {DATE}, {RULE_ID})"
        )
        told = ", ".join(f"coalesce(t.{name}, n.{name}) AS {name}" for name in (COLUMN_NAME, MESSAGE))
    known = ", ".join(f"f.{name}" for name in (DATASET, DATE, *IDENTITY, RULE_ID, SEVERITY))
    return (
        f"SELECT {known}, {told} FROM ({findings}) AS f {then} "
        f"LEFT JOIN {sql.parquet([rules])} AS n ON n.{DATASET} = f.{DATASET} AND n.{RULE_ID} = f.{RULE_ID}"
    )
