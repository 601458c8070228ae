"""What is learnt where nobody has an identifier: the weights of the levels by expectation maximisation over the pairs
that share a block (Fellegi and Sunter 1969; Winkler 1988), as Splink does it, and how many have a counterpart at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govdata.masters import comparisons, likeness
from govdata.standards.linking import LinkField, Linking
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

RANDOM_PAIRS = 2_000_000
ROUNDS = 4
"""How often the share that has a counterpart is worked out anew from what it was before; it settles in two or three."""


def learn(connection: duckdb.DuckDBPyConnection, linking: Linking) -> tuple[dict[str, Any], float]:
    """Splink's settings with what was learnt from the records of ``said``, and the share of them that has a
    counterpart."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE every AS SELECT mention AS unique_id, {', '.join(likeness.columns(linking))} "
        "FROM said"
    )
    records = _count(connection, "SELECT count(*) FROM every")
    rules = [rule for block in linking.blocks if (rule := _rule(block, linking)) is not None]
    settings = _deduplicating(comparisons.settings(linking), rules, 1 / max(2, records))
    linker = likeness.splink(connection, settings, linking, "every")[0]
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    for rule in rules:
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    learnt = linker.misc.save_model_to_json()["comparisons"]
    result = comparisons.settings(linking)
    for comparison, known in zip(result["comparisons"], learnt, strict=True):
        for level, told in zip(comparison["comparison_levels"][1:], known["comparison_levels"][1:], strict=True):
            level |= {name: round(told[name], 9) for name in ("m_probability", "u_probability") if told.get(name)}
    return result, _found(connection, linking, result, rules, records)


def _found(
    connection: duckdb.DuckDBPyConnection, linking: Linking, settings: dict[str, Any], rules: list[str], records: int
) -> float:
    """The share of records of which one other is likely the same: a fixed point, since how likely that is depends on
    how many have one."""
    found = 0.5
    for _ in range(ROUNDS):
        asked = _deduplicating(settings, rules, min(0.5, found / max(1, records)))
        linker, every = likeness.splink(connection, asked, linking, "every")
        pairs = linker.inference.predict_within(every, threshold_match_probability=0.01).physical_name
        either = " UNION ALL ".join(f"SELECT unique_id_{side} AS id, match_probability FROM {pairs}" for side in "lr")
        best = f"SELECT id, max(match_probability) AS best FROM ({either}) GROUP BY id"
        found = min(1.0, max(0.01, _count(connection, f"SELECT coalesce(sum(best), 0) FROM ({best})") / records))
    return found


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    """Fetched to its end: Splink asks the connection for relations, which an unfinished result keeps it from giving."""
    return connection.execute(query).fetchall()[0][0]


def _deduplicating(settings: dict[str, Any], rules: list[str], prior: float) -> dict[str, Any]:
    return {
        **settings,
        "link_type": "dedupe_only",
        "blocking_rules_to_generate_predictions": [{"blocking_rule": rule, "sql_dialect": "duckdb"} for rule in rules],
        "probability_two_random_records_match": prior,
    }


def _rule(block: list[str], linking: Linking) -> str | None:
    """A block as Splink writes it; None of one with a field of several values."""
    if any(linking.fields[name].compare == "any" for name in block):
        return None
    keys = [_key(name, linking.fields[name]) for name in block]
    return " AND ".join(f"l.{key} = r.{key}" for key in keys)


def _key(name: str, field: LinkField) -> str:
    return sql.identifier(f"{name}_sound" if field.compare == "person_name" else name)
