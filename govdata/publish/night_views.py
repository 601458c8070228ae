"""The views of ``governance`` about deliveries, over the files that their nights left in the lake."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from govdata.engine import ledger
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
from govdata.storage.tables.system_columns import DELIVERY_DATE, FAILED_RULES, IDENTITY, ROW_ID, SOURCE_ROW, WARNINGS

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
    branches = [_of_dataset(table.columns, dataset, sql.parquet(paths)) for dataset, paths in grouped.items() if paths]
    catalogue.show(table, " UNION ALL ".join(branches), [path for paths in grouped.values() for path in paths])


def _of_dataset(columns: Iterable[str], dataset: str, relation: str) -> str:
    """A table's columns from rows that know neither their dataset nor, by that name, the delivery they came with."""
    known = sql.identifiers(column for column in columns if column not in (DATASET, DATE))
    return (
        f"SELECT CAST({sql.text(dataset)} AS {DATASET.type}) AS {DATASET}, {DELIVERY_DATE} AS {DATE}, {known} "
        f"FROM {relation}"
    )


def repairs(catalogue: Catalogue, nights: Sequence[Night], delivered: Iterable[str]) -> None:
    """The ledger: before and after of every altered cell, computed from raw and standardised rows when it is asked for;
    ``<dataset>_repairs(row id)`` of one row of a dataset that is ``delivered``. Nights whose ledger was kept alike
    share one branch, and all branches the steps. Not inside a transaction: an error would end it."""
    import duckdb

    grouped: dict[tuple[str, str], list[Night]] = {}
    for night in (part for whole in nights for part in _by_ledger(whole)):
        kept = _kept_ledger(catalogue, night) if night.raw and (night.clean or night.quarantine) else ""
        if kept:
            grouped.setdefault((night.dataset, kept), []).append(night)
    alike = list(grouped.values())
    try:
        _ledger(catalogue, alike)
    except duckdb.Error:
        # One night's ledger that cannot be compiled must not take the others, or the catalogue, down.
        sound = [branch for branch in alike if _binds(catalogue, _united([branch]))]
        unsound = [night for branch in alike if branch not in sound for night in branch]
        log.error(
            "%d 组修复台账查询无法编译，目录中不列它们：%s",
            len(alike) - len(sound),
            "、".join(f"{night.dataset} {night.date}" for night in unsound),
        )
        alike = sound
        _ledger(catalogue, alike)
    for dataset in delivered:
        _of_one_row(catalogue, dataset, [branch for branch in alike if branch[0].dataset == dataset])


def _of_one_row(catalogue: Catalogue, dataset: str, alike: Sequence[Sequence[Night]]) -> None:
    """Most of what a question to the whole ledger costs is planning the steps of all datasets. The number at the end of
    a row's id is its line, of which the files have statistics."""
    query = _united(alike) or empty(types(REPAIRS.columns))
    line = f"TRY_CAST(regexp_extract(_row, '[0-9]+$') AS {SOURCE_ROW.type})"
    catalogue.connection.execute(
        f"CREATE MACRO catalogue.{REPAIRS.schema}.{sql.identifier(dataset + '_repairs')}(_row) AS TABLE "
        f"SELECT * FROM ({query}) WHERE {ROW_ID} = _row AND {SOURCE_ROW} = {line}"
    )


def _ledger(catalogue: Catalogue, alike: Sequence[Sequence[Night]]) -> None:
    named = [path for night in chain(*alike) for path in (*night.raw, *night.clean, *night.quarantine)]
    catalogue.show(REPAIRS, _united(alike), named)


def _united(alike: Sequence[Sequence[Night]]) -> str:
    """The altered cells of all nights, those with the same ledger together; empty where there is none."""
    kinds = ledger.kinds(branch[0].ledger for branch in alike)
    whole = [branch for branch in alike if not branch[0].ledger]
    parts = [_branch(branch, branch[0].ledger_sql, REPAIRS.columns) for branch in whole]
    columns = (DATASET, DATE, *ledger.UNDECODED)
    told = [_branch(branch, ledger.cells_sql(branch[0].ledger, kinds), columns) for branch in alike if branch[0].ledger]
    if told:
        parts.append(ledger.decoded_sql(" UNION ALL ".join(told), kinds, (DATASET, DATE)))
    return " UNION ALL ".join(parts)


def _branch(alike: Sequence[Night], cells: str, columns: Iterable[str]) -> str:
    raw = dict.fromkeys(path for night in alike for path in night.raw)
    standardized = [path for night in alike for path in (*night.clean, *night.quarantine)]
    filled = cells.replace("{raw}", sql.parquet(raw)).replace("{standardized}", sql.parquet(standardized))
    return _of_dataset(columns, alike[0].dataset, f"({filled})")


def _by_ledger(night: Night) -> list[Night]:
    """The night, and the rows of it that were judged again later as if they were nights of their own."""
    later = {path for _, paths in night.rejudged for path in paths}
    own = [tuple(path for path in paths if path not in later) for paths in (night.clean, night.quarantine)]
    again = [replace(night, ledger=kept, clean=paths, quarantine=()) for kept, paths in night.rejudged]
    return [replace(night, clean=own[0], quarantine=own[1]), *again]


def _kept_ledger(catalogue: Catalogue, night: Night) -> str:
    """What tells whether two nights' ledgers are alike; empty where the night has none that can be run."""
    try:
        if night.ledger:
            ledger.demand_steps(night.ledger)
            return "".join(column.model_dump_json() for column in night.ledger)
        if (
            night.ledger_sql
        ):  # of an older version: taken from the manifest as it stands, so it may read those two and nothing else
            named = night.ledger_sql.replace("{raw}", "raw").replace("{standardized}", "standardized")
            statements.demand_select_from(catalogue.connection, named, ("raw", "standardized"))
    except (KeyError, GovdataError, ValueError) as error:
        log.error("%s %s 的修复台账无法编译（%s），目录中不列", night.dataset, night.date, type(error).__name__)
        return ""
    return night.ledger_sql


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
