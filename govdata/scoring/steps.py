"""The scorecard of one date as named steps of SQL, from the tables that the catalogue also shows.

Given (``scorecard.py``): ``delivered`` and ``across`` (results of rules, of deliveries and across tables), ``stood``
(those of the rows that stand, of datasets that come as deltas),
``punctual``, ``reconciled``, ``cells``, ``places`` (counts per division), ``waived_items``, ``earlier`` (scorecards
before the date); ``datasets``, ``owners`` (of the declared rules across tables), ``parts`` (weights), ``lineage``
(code → division it counts in).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date

from govdata.standards.model import DIMENSION_NAMES
from govdata.standards.scoring_settings import PART_OF, Scheme
from govdata.storage import sql

ASSESSED, NOT_ASSESSED, NOT_APPLICABLE = "已评估", "未评估", "不适用"
MOVEMENTS = (1, 7, 30)
"""Deliveries back."""

_SUMS = "sum(a) AS a, sum(b) AS b, sum(failed) AS failed, sum(waived) AS waived, sum(rules) AS rules"
_MEMBERS = (
    "o.kind = 'bureau' OR (o.kind = 'department' AND d.department = o.department) "
    "OR (o.kind IN ('line', 'dataset') AND d.dataset = o.dataset)"
)
"""Datasets whose columns and rows a scope answers for; of a division, those that name it."""

_NEWEST = "SELECT dataset, max(date) AS judged FROM delivered GROUP BY dataset"


def _part(column: str) -> str:
    whens = " ".join(f"WHEN {sql.text(name)} THEN {sql.text(PART_OF[name])}" for name in DIMENSION_NAMES)
    return f"CASE {column} {whens} END"


def rules(date: Date) -> dict[str, str]:
    """Step ``rules``: the lines of ``governance.scorecard_rules``."""
    results = "rule_id, judged, {0} AS checked, {1} AS failed, column_name, indicator, severity, {2} AS standing"
    whole = results.format("coalesce(s.checked, r.checked)", "coalesce(s.failed, r.failed)", "s.checked IS NOT NULL")
    across = results.format("checked", "failed", "FALSE")
    waived = (
        "SELECT r.dataset, r.rule_id, sum(i.rows) AS rows FROM found AS r JOIN waived_items AS i "
        "ON i.dataset = r.dataset AND i.rule_id = r.rule_id AND r.judged >= i.first_seen AND "
        "CASE WHEN r.standing THEN i.ended IS NULL OR i.ended > r.judged ELSE r.judged <= i.last_seen END "
        "GROUP BY ALL"
    )
    return {
        "newest": _NEWEST,
        "newest_across": "SELECT dataset, max(date) AS judged FROM across GROUP BY dataset",
        "found": (
            f"SELECT dataset, department, {_part('dimension')} AS part, {whole} FROM delivered AS r JOIN newest "
            "USING (dataset) JOIN datasets USING (dataset) LEFT JOIN stood AS s USING (dataset, date, rule_id) "
            "WHERE date = judged UNION ALL "
            f"SELECT dataset, owner, {_part('dimension')}, {across} FROM across JOIN newest_across "
            "USING (dataset) JOIN datasets USING (dataset) JOIN owners USING (rule_id) WHERE date = judged"
        ),
        "waived_rows": waived,
        "rules": (
            f"SELECT DATE '{date}' AS date, f.* EXCLUDE (judged, checked, failed, column_name, indicator, severity, "
            "standing), "
            "judged, checked, failed, CAST(least(failed, coalesce(w.rows, 0)) AS BIGINT) AS waived, column_name, "
            "indicator, severity, standing FROM found AS f LEFT JOIN waived_rows AS w USING (dataset, rule_id)"
        ),
    }


def scorecard(date: Date, scheme: Scheme) -> dict[str, str]:
    """Steps over ``rules`` up to ``scored``: a line per scope and part, and its total."""
    return {**_scopes(), **_figures(date, scheme), **_coverage(), **_scores(scheme)}


def _scopes() -> dict[str, str]:
    """Step ``scopes``: everything that is scored, whether anything of it was assessed or not."""
    none = "CAST(NULL AS VARCHAR)"
    return {
        "newest": _NEWEST,
        "placed": (
            "SELECT l.division, p.dataset, p.rule_id, p.dimension, p.checked, p.failed FROM places AS p "
            "JOIN newest AS n ON n.dataset = p.dataset AND n.judged = p.date JOIN lineage AS l ON l.code = p.division"
        ),
        "pairs": "SELECT dataset, department FROM datasets UNION SELECT dataset, department FROM rules",
        "scopes": (
            "SELECT 'line' AS kind, dataset || '/' || p.department AS scope, title || '（' || p.department || '）' AS "
            "scope_name, dataset, p.department AS department FROM pairs AS p JOIN datasets USING (dataset) UNION ALL "
            "SELECT 'dataset', dataset, title, dataset, department FROM datasets UNION ALL "
            f"SELECT DISTINCT 'department', department, department, {none}, department FROM pairs UNION ALL "
            f"SELECT 'division', division, any_value(name), {none}, {none} FROM lineage WHERE division IN (SELECT "
            "division FROM placed) GROUP BY division UNION ALL "
            f"SELECT 'bureau', 'bureau', '全市', {none}, {none}"
        ),
    }


def _figures(date: Date, scheme: Scheme) -> dict[str, str]:
    """Step ``figures``: A and B of each scope and part that has any."""
    first = f"DATE '{date}' - INTERVAL {scheme.window.dates - 1} DAY"
    return {
        "lines": (
            "SELECT dataset, department, part, sum(checked - failed) AS a, sum(checked) AS b, sum(failed) AS failed, "
            "sum(waived) AS waived, count(*) AS rules FROM rules GROUP BY ALL UNION ALL "
            "SELECT dataset, department, 'punctuality', count_if(state = 'on_time'), count_if(state <> 'not_due'), "
            "count_if(state IN ('late', 'missing')), 0, 1 FROM punctual JOIN datasets USING (dataset) "
            f"WHERE date BETWEEN {first} AND DATE '{date}' GROUP BY ALL"
        ),
        "figures": (
            f"SELECT 'line' AS kind, dataset || '/' || department AS scope, part, {_SUMS} FROM lines "
            "GROUP BY ALL UNION ALL "
            f"SELECT 'dataset', dataset, part, {_SUMS} FROM lines GROUP BY ALL UNION ALL "
            f"SELECT 'department', department, part, {_SUMS} FROM lines GROUP BY ALL UNION ALL "
            f"SELECT 'bureau', 'bureau', part, {_SUMS} FROM lines GROUP BY ALL UNION ALL "
            f"SELECT 'division', division, {_part('dimension')} AS part, "
            "sum(checked - failed), sum(checked), sum(failed), NULL, "
            "count(DISTINCT dataset || '/' || rule_id) FROM placed GROUP BY ALL"
        ),
    }


def _coverage() -> dict[str, str]:
    """Steps ``covered`` (per scope) and ``covered_parts``: how much of columns and rows was assessed, and conforms."""
    counts = ("columns", "rows", "assessed_rows", "assessed_columns", "bound_columns", "cells", "conforming_cells")
    summed = ", ".join(f"sum({name}) FILTER (WHERE kind <> 'division') AS {name}" for name in counts)
    return {
        "bound": (
            "SELECT dataset, count(*) AS columns, count(standard) AS bound_columns, coalesce(sum(cells) FILTER (WHERE "
            "standard IS NOT NULL), 0) AS cells, coalesce(sum(conforming) FILTER (WHERE standard IS NOT NULL), 0) AS "
            "conforming_cells, any_value(standards_hash) AS standards FROM cells JOIN newest USING (dataset) "
            "WHERE date = judged GROUP BY dataset"
        ),
        "judged_columns": "SELECT dataset, part, column_name FROM rules WHERE checked > 0 AND column_name IS NOT NULL",
        "of_dataset": (
            "SELECT d.dataset, d.department, n.judged, coalesce(b.columns, d.columns) AS columns, "
            "coalesce(t.rows, r.clean + r.quarantined) + r.delivered - r.duplicates - r.clean - r.quarantined AS rows, "
            "coalesce(t.rows, r.clean + r.quarantined) AS assessed_rows, b.bound_columns, b.cells, "
            "b.conforming_cells, d.dataset || ' ' || coalesce(b.standards, '') || ' ' || d.rules_across AS standards, "
            "(SELECT count(DISTINCT column_name) FROM judged_columns AS j WHERE j.dataset = d.dataset) "
            "AS assessed_columns "
            "FROM datasets AS d LEFT JOIN newest AS n USING (dataset) LEFT JOIN bound AS b USING (dataset) "
            "LEFT JOIN reconciled AS r ON r.dataset = d.dataset AND r.date = n.judged LEFT JOIN (SELECT DISTINCT "
            "dataset, date, rows FROM stood) AS t ON t.dataset = d.dataset AND t.date = n.judged"
        ),
        "members": (
            f"SELECT o.kind, o.scope, d.* FROM scopes AS o JOIN of_dataset AS d ON {_MEMBERS} UNION ALL "
            "SELECT DISTINCT 'division', p.division, d.* FROM placed AS p, of_dataset AS d WHERE d.dataset IN (SELECT "
            "dataset FROM placed)"
        ),
        "covered": (
            "SELECT kind, scope, max(judged) AS delivery_date, "
            f"string_agg(standards, ';' ORDER BY dataset) AS standards, {summed} FROM members GROUP BY kind, scope"
        ),
        "covered_parts": (
            "SELECT m.kind, m.scope, j.part, count(DISTINCT m.dataset || '/' || j.column_name) AS assessed_columns "
            "FROM members AS m JOIN judged_columns AS j USING (dataset) WHERE m.kind <> 'division' GROUP BY ALL"
        ),
    }


def _scores(scheme: Scheme) -> dict[str, str]:
    """Step ``scored``: a line per scope and part, and its total."""
    weighted = "sum(weight * {0}) FILTER (WHERE {1}) / nullif(sum(weight) FILTER (WHERE {1}), 0)"
    assessed, quality = f"state = '{ASSESSED}'", f"state = '{ASSESSED}' AND part <> 'punctuality'"
    left = f"{assessed} AND score_less_waived IS NOT NULL"  # NULL: all that was assessed is waived
    summed = ", ".join(
        f"sum({name}) FILTER (WHERE part <> 'punctuality') AS {name}"
        for name in ("a", "b", "failed", "waived", "rules")
    )
    return {
        "by_part": (
            "SELECT o.*, p.part, p.dimension, p.part_name, p.weight, p.ordinal, f.a, f.b, f.failed, f.waived, "
            f"coalesce(f.rules, 0) AS rules, CASE WHEN f.b IS NULL THEN '{NOT_ASSESSED}' WHEN f.b = 0 THEN "
            f"'{NOT_APPLICABLE}' ELSE '{ASSESSED}' END AS state, 100 * f.a / nullif(f.b, 0) AS score, "
            "100 * f.a / nullif(f.b - coalesce(f.waived, 0), 0) AS score_less_waived "
            "FROM scopes AS o CROSS JOIN parts AS p LEFT JOIN figures AS f USING (kind, scope, part)"
        ),
        "totals": (
            f"SELECT kind, scope, any_value(scope_name) AS scope_name, any_value(dataset) AS dataset, "
            f"any_value(department) AS department, {summed}, sum(weight) AS weight, "
            f"sum(weight) FILTER (WHERE {assessed}) / sum(weight) AS assessed_weight, "
            f"{weighted.format('score', assessed)} AS score, "
            f"{weighted.format('score_less_waived', left)} AS score_less_waived, "
            f"{weighted.format('score', quality)} AS quality_score, "
            "max(score) FILTER (WHERE part = 'punctuality') AS punctuality_score FROM by_part GROUP BY kind, scope"
        ),
        "judged_totals": (
            f"SELECT t.*, CASE WHEN score IS NULL THEN '{NOT_ASSESSED}' ELSE '{ASSESSED}' END AS state, "
            f"{_card(scheme)} AS card, {_note(scheme)} AS rank_note FROM totals AS t LEFT JOIN covered AS c "
            "USING (kind, scope)"
        ),
        "ranked": (
            "SELECT kind, scope, rank() OVER (PARTITION BY kind ORDER BY round(score, 6) DESC) AS rank "
            "FROM judged_totals WHERE kind IN ('dataset', 'department') AND rank_note IS NULL"
        ),
        "scored": (
            "SELECT *, 0 AS ordinal FROM judged_totals LEFT JOIN ranked USING (kind, scope) UNION ALL BY NAME "
            "SELECT * FROM by_part"
        ),
    }


def _card(scheme: Scheme) -> str:
    """True AND for green; red goes first; no card where one of the two was not assessed."""
    timely, quality = scheme.cards.punctuality, scheme.cards.quality
    return (
        "CASE WHEN kind NOT IN ('dataset', 'department', 'bureau') "
        "OR punctuality_score IS NULL OR quality_score IS NULL THEN NULL "
        f"WHEN punctuality_score < {timely.red} OR quality_score < {quality.red} THEN '红牌' "
        f"WHEN punctuality_score >= {timely.green} AND quality_score >= {quality.green} THEN '绿牌' ELSE '黄牌' END"
    )


def _note(scheme: Scheme) -> str:
    wanted = scheme.ranking
    return (
        "CASE WHEN kind NOT IN ('dataset', 'department') THEN NULL WHEN score IS NULL THEN '未评估' "
        f"WHEN coalesce(c.assessed_columns, 0) < {wanted.min_coverage} * c.columns THEN '评估到的列不足' "
        f"WHEN coalesce(c.assessed_rows, 0) < {wanted.min_rows} THEN '评估的行数不足' END"
    )


def level(scheme: Scheme, score: str) -> str:
    whens = " ".join(f"WHEN {score} >= {band.at_least} THEN {sql.text(band.name)}" for band in scheme.levels.bands)
    return f"CASE WHEN {score} IS NULL THEN NULL {whens} END"


def movement() -> dict[str, str]:
    """Step ``moved``: each line beside its score some deliveries ago. Of the scorecards of one delivery the last
    counts."""
    steps = {
        "deliveries": (
            "SELECT e.kind, e.scope, e.delivery_date, max(e.date) AS date, "
            "row_number() OVER (PARTITION BY e.kind, e.scope ORDER BY e.delivery_date DESC) AS back "
            "FROM earlier AS e JOIN covered AS c ON c.kind = e.kind AND c.scope = e.scope "
            "AND e.delivery_date < c.delivery_date WHERE e.part IS NULL GROUP BY e.kind, e.scope, e.delivery_date"
        ),
        "before": (
            "SELECT e.kind, e.scope, e.part, e.score, e.standards_hash, d.back FROM earlier AS e JOIN deliveries AS d "
            "USING (kind, scope, date)"
        ),
    }
    joins = " ".join(
        f"LEFT JOIN before AS b{back} ON b{back}.kind = s.kind AND b{back}.scope = s.scope "
        f"AND b{back}.part IS NOT DISTINCT FROM s.part AND b{back}.back = {back}"
        for back in MOVEMENTS
    )
    changes = ", ".join(
        f"s.score - b{back}.score AS change_{back}, "
        f"b{back}.standards_hash <> s.standards_hash AS standards_changed_{back}"
        for back in MOVEMENTS
    )
    return {**steps, "moved": f"SELECT s.*, {changes} FROM signed AS s {joins}"}


def signed(scheme_hash: str) -> dict[str, str]:
    """Step ``signed``: with coverage and the hash of standards and scheme."""
    own = "CASE WHEN s.part IS NULL THEN c.{0} END AS {0}"
    total = ", ".join(own.format(name) for name in ("bound_columns", "cells", "conforming_cells"))
    return {
        "signed": (
            "SELECT s.*, c.columns, CASE WHEN s.part IS NULL OR s.kind = 'division' THEN c.assessed_columns "
            f"ELSE coalesce(p.assessed_columns, 0) END AS assessed_columns, c.rows, c.assessed_rows, {total}, "
            "c.delivery_date, "
            "CASE WHEN s.part IS NULL THEN 100 * c.conforming_cells / nullif(c.cells, 0) END AS standard_rate, "
            f"left(md5(coalesce(c.standards, '') || {sql.text(scheme_hash)}), 12) AS standards_hash FROM scored AS s "
            "LEFT JOIN covered AS c USING (kind, scope) LEFT JOIN covered_parts AS p USING (kind, scope, part)"
        )
    }


def written(steps: Mapping[str, str], last: str) -> str:
    """``steps`` as one query that ends with ``last``."""
    listed = ", ".join(f"{name} AS ({text})" for name, text in steps.items())
    return f"WITH RECURSIVE {listed} {last}"
