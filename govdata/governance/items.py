"""Items 整改项: what became of each record that failed a rule, read from the evidence alone.

A *run* of an item begins with a delivery in which its record fails the rule and ends with the first later one that
proves otherwise: the record is there and passes (``mended`` 已修正), or it is not there any more (``vanished`` 已消失:
a later full delivery or a delivery of the same date anew lacks it, or it was cancelled), or the very row that failed
passes under changed standards (``released`` 复审放行). Only published deliveries end
a run; only those that judged the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from govdata.deployment import Deployment
from govdata.governance import log as journal
from govdata.governance.evidence import COLUMNS
from govdata.governance.log import Event
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

OPEN, MENDED, VANISHED, RELEASED = "open", "mended", "vanished", "released"

_RUNS = """
WITH lines AS (SELECT s.seq, s.date, s.published, e.* EXCLUDE (file) FROM told AS e JOIN said AS s ON s.file = e.file),
fails AS (SELECT *, lead(seq) OVER item AS next_seq FROM lines WHERE status = 'fails'
          WINDOW item AS (PARTITION BY dataset, scope, rule_id, identity ORDER BY seq)),
proofs AS (SELECT dataset, scope, rule_id, identity, seq, status FROM lines WHERE status <> 'fails' AND published),
wholes AS (SELECT dataset, scope, unnest(rules) AS rule_id, seq FROM said WHERE published AND "full"),
again AS (SELECT dataset, scope, unnest(rules) AS rule_id, seq, date FROM said WHERE published),
proved AS (SELECT f.*, p.seq AS proof FROM fails AS f ASOF LEFT JOIN proofs AS p
           ON f.dataset = p.dataset AND f.scope = p.scope AND f.rule_id = p.rule_id
           AND f.identity = p.identity AND f.seq < p.seq),
lacked AS (SELECT f.*, w.seq AS whole FROM proved AS f ASOF LEFT JOIN wholes AS w
           ON f.dataset = w.dataset AND f.scope = w.scope AND f.rule_id = w.rule_id AND f.seq < w.seq),
retold AS (SELECT f.*, a.seq AS anew FROM lacked AS f ASOF LEFT JOIN again AS a
           ON f.dataset = a.dataset AND f.scope = a.scope AND f.rule_id = a.rule_id
           AND f.date = a.date AND f.seq < a.seq),
ended AS (SELECT *, least(proof, whole, anew) AS ended FROM retold),
cut AS (SELECT *, ended IS NOT NULL AND (next_seq IS NULL OR ended < next_seq) AS closes FROM ended),
numbered AS (SELECT *, coalesce(sum(closes::INT) OVER (PARTITION BY dataset, scope, rule_id, identity ORDER BY seq
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS run FROM cut)
SELECT n.dataset, n.scope, n.rule_id, n.identity, n.run,
       min(n.seq) AS begun, max(n.seq) AS seen, max(CASE WHEN closes THEN ended END) AS ended,
       min(n.date) AS begun_date, max(n.date) AS seen_date,
       arg_max(CASE WHEN NOT closes THEN 'open' WHEN p.status = 'passes' THEN 'mended'
                    WHEN p.status = 'released' THEN 'released' ELSE 'vanished' END, n.seq) AS state,
       arg_min(n.cause, n.seq) AS cause, arg_max(n.shape, n.seq) AS shape, arg_max(n.rows, n.seq) AS rows,
       arg_max(n.row_id, n.seq) AS row_id, arg_max(n.source_file, n.seq) AS source_file,
       arg_max(n.source_row, n.seq) AS source_row, arg_max(n.delivered, n.seq) AS delivered
FROM numbered AS n LEFT JOIN proofs AS p
     ON closes AND p.dataset = n.dataset AND p.scope = n.scope AND p.rule_id = n.rule_id
     AND p.identity = n.identity AND p.seq = n.ended
GROUP BY 1, 2, 3, 4, 5 ORDER BY begun, 1, 2, 3, cause, 4, 5
"""


def runs(deployment: Deployment, events: Sequence[Event]) -> pa.Table:
    """Every run of every item, in the order of their beginnings.

    ``dataset, scope, rule_id, identity, run`` (from 0) name it; ``begun``, ``seen`` and ``ended`` are the numbers of
    the events in which it began, the record failed for the last time, and the run ended (NULL: the record fails still);
    ``state``: how it ended; then ``cause``, ``shape``, ``rows`` and the place of the row as last
    seen."""
    said = [event for event in events if event.kind == "EVIDENCE"]
    connection = sql.connect()
    try:
        _fill(connection, deployment, said)
        return connection.sql(_RUNS).to_arrow_table()
    finally:
        connection.close()


def _fill(connection: duckdb.DuckDBPyConnection, deployment: Deployment, said: Sequence[Event]) -> None:
    import pyarrow as pa

    facts = [event.facts for event in said]
    text = pa.string()
    table = pa.table(
        {
            "seq": pa.array([event.seq for event in said], pa.int64()),
            "date": pa.array([event.date for event in said], pa.date32()),
            "file": pa.array([str(journal.evidence(deployment, event)) for event in said], text),
            **{name: pa.array([fact[name] for fact in facts], text) for name in ("dataset", "scope")},
            **{name: pa.array([fact[name] for fact in facts], pa.bool_()) for name in ("full", "published")},
            "rules": pa.array([list(fact["rules"]) for fact in facts], pa.list_(text)),
        }
    )
    connection.register("said_lines", table)
    connection.execute("CREATE TABLE said AS SELECT * FROM said_lines")
    if said:
        relation = sql.parquet(journal.evidence(deployment, event) for event in said)
        connection.execute(f"CREATE VIEW told AS SELECT {', '.join(COLUMNS)}, filename AS file FROM {relation}")
    else:
        connection.execute(
            f"CREATE TABLE told({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())}, file VARCHAR)"
        )
