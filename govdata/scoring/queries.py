"""The queries printed beside every figure: over the catalogue, for ``govdata sql``.

``query`` lists what fails, as many lines as ``failed`` says; ``rules_query`` lists the rules with their counts. Both
are made in SQL from the columns of a line of the scorecard (relation ``s``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date as Date

from govdata.masters.roll_up import UNKNOWN
from govdata.standards.scoring_settings import PART_OF, Scheme
from govdata.storage import sql
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID

RULES = "governance.scorecard_rules"


def columns(
    date: Date, scheme: Scheme, placed: Mapping[str, tuple[str, str, Date, bool]], stood: Collection[str]
) -> str:
    """``query`` and ``rules_query`` as SQL. ``placed``: dataset → column of the division, its code set, delivery date,
    whether a snapshot of it was published by then; ``stood``: those of which all rows that stand were counted."""
    of_date = f"s.date = DATE '{date}'"
    chosen = f"{_text(of_date)} || {_scope()} || {_part()}"
    delivered, standing = (
        _text(
            f"SELECT {what} FROM governance.{table} AS f JOIN {RULES} AS s ON f.dataset = s.dataset "
            f"AND f.date = s.judged AND f.rule_id = s.rule_id WHERE {which} AND "
        )
        for what, table, which in (
            ("f.*", "findings", "s.standing IS NOT TRUE"),
            ("f.* EXCLUDE (division)", "standing_findings", "s.standing"),
        )
    )
    found = f"{delivered} || {chosen} || {_text(' UNION ALL ')} || {standing} || {chosen}"
    late = _text(f"SELECT * FROM governance.punctuality WHERE {_window(date, scheme)} AND dataset IN (")
    those = "coalesce(m.listed, '') || ')'"
    bad = _text(" AND state IN ('late', 'missing')")
    counts = (
        _text("SELECT * FROM governance.division_results AS p WHERE ")
        + f" || {_text(_deliveries(placed.items()))} || {_in_division('p.division')} || {_dimension()}"
    )
    whole = {name: where for name, where in placed.items() if name not in stood}
    deltas = {name: where for name, where in placed.items() if name in stood}
    in_standing = (
        _text(
            "SELECT f.* EXCLUDE (division) FROM governance.standing_findings AS f JOIN governance.division_results "
            "AS p USING (dataset, date, rule_id, division) WHERE "
        )
        + f" || {_text(_deliveries(deltas.items()))} || {_in_division('p.division')} || {_dimension()}"
    )
    rows = (
        _text(
            "SELECT f.* FROM governance.findings AS f JOIN governance.division_results AS p ON f.dataset = p.dataset "
        )
        + " || "
        + _text("AND f.date = p.date AND f.rule_id = p.rule_id JOIN (")
        + f" || {_text(_rows(whole))} || "
        + _text(f") AS r ON r.dataset = f.dataset AND r.{ROW_ID} = f.{ROW_ID} AND r.division = p.division WHERE ")
        + f" || {_text(_deliveries(whole.items()))} || {_in_division('p.division')} || {_dimension()} || "
        + f"{_text(' UNION ALL ')} || {in_standing}"
    )
    return (
        "CASE WHEN coalesce(s.failed, 0) = 0 THEN NULL "
        f"WHEN s.kind = 'division' THEN {rows} WHEN s.part = 'punctuality' THEN {late} || {those} || {bad} "
        f"ELSE {found} END AS query, "
        "CASE WHEN s.b IS NULL THEN NULL "
        f"WHEN s.kind = 'division' THEN {counts} WHEN s.part = 'punctuality' THEN {late} || {those} "
        f"ELSE {_text(f'SELECT * FROM {RULES} AS s WHERE ')} || {chosen} END AS rules_query"
    )


def _text(value: str) -> str:
    return sql.text(value)


def _quoted(column: str) -> str:
    """SQL that gives a column's text as a SQL literal."""
    return f"'''' || replace({column}, '''', '''''') || ''''"


def _scope() -> str:
    by_dataset = f"' AND s.dataset = ' || {_quoted('s.dataset')}"
    by_department = f"' AND s.department = ' || {_quoted('s.department')}"
    return (
        f"CASE s.kind WHEN 'dataset' THEN {by_dataset} WHEN 'department' THEN {by_department} "
        f"WHEN 'line' THEN {by_dataset} || {by_department} ELSE '' END"
    )


def _part() -> str:
    return f"CASE WHEN s.part IS NULL THEN '' ELSE ' AND s.part = ' || {_quoted('s.part')} END"


def _dimension() -> str:
    """Dimensions of the rules that a part counts."""
    named: dict[str, list[str]] = {}
    for dimension, part in PART_OF.items():
        named.setdefault(part, []).append(sql.text(dimension))
    told = {part: f" AND p.dimension IN ({', '.join(names)})" for part, names in named.items()}
    whens = " ".join(f"WHEN {sql.text(part)} THEN {_text(condition)}" for part, condition in told.items())
    return f"CASE s.part {whens} ELSE '' END"


def _in_division(column: str) -> str:
    return f"{_text(f' AND {column} IN (')} || coalesce(v.listed, '') || ')'"


def _window(date: Date, scheme: Scheme) -> str:
    return f"date BETWEEN DATE '{date}' - INTERVAL {scheme.window.dates - 1} DAY AND DATE '{date}'"


def _deliveries(placed: Iterable[tuple[str, tuple[str, str, Date, bool]]]) -> str:
    told = " OR ".join(f"(p.dataset = {sql.text(name)} AND p.date = DATE '{day}')" for name, (_, _, day, _) in placed)
    return f"({told or 'FALSE'})"


def _rows(placed: Mapping[str, tuple[str, str, Date, bool]]) -> str:
    """Which division each row is of: those held back, and those published. Rows of a delivery that was blocked are in
    no table but quarantine."""
    selects = []
    for name, (column, code_set, day, published) in placed.items():
        known = f"{sql.identifier(column)} IN (SELECT code FROM codes.{sql.identifier(code_set)})"
        division = f"CASE WHEN {known} THEN {sql.identifier(column)} ELSE '{UNKNOWN}' END AS division"
        own = f"SELECT {sql.text(name)} AS dataset, {ROW_ID}, {division} FROM "
        selects.append(f"{own}quarantine.{sql.identifier(name)} WHERE {DELIVERY_DATE} = DATE '{day}'")
        if published:
            selects.append(f"{own}published.{sql.identifier(name + '_at')}(DATE '{day}')")
    return " UNION ".join(selects) or f"SELECT NULL AS dataset, NULL AS {ROW_ID}, NULL AS division"
