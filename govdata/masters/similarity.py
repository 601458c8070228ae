"""Links by likeness, put together: the trained model, the edges, what is decided, and what people are asked.

A night in which no mention lacks a valid identifier, or a page without ``linking``, pays nothing for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from govdata.errors import GovdataError
from govdata.masters import decisions
from govdata.masters.mentions import Mentions, rows
from govdata.publish import newest
from govdata.standards.master_model import UNLINKED
from govdata.standards.masters import FOLDER
from govdata.standards.model import Dataset
from govdata.storage import sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables.masters import LINK_CANDIDATES

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from govdata.masters.attach import Attached, Edge

HIGHEST = 0.9999
"""Of an identifier one is certain; of a likeness never."""


def model_path(mentions: Mentions) -> Path:
    return mentions.registry.folder / FOLDER / f"{mentions.kind}.model.json"


def artefacts(mentions: Mentions) -> str:
    """A hash of what was learnt and of the name tables; empty where nothing is linked by likeness."""
    from govdata.masters import names

    if mentions.master.linking is None:
        return ""
    folder = mentions.registry.folder / FOLDER
    paths = (model_path(mentions), names.frequencies(folder, mentions.kind), folder / names.SURNAMES)
    return fingerprint([path.read_text(encoding="utf-8") if path.exists() else "" for path in paths])


def model(mentions: Mentions) -> Mapping[str, Any]:
    """What ``govdata masters train`` learnt: ``settings`` of Splink and the share ``found``. Raises ``GovdataError``
    where there is none or it compares other fields than the page."""
    path = model_path(mentions)
    linking = mentions.master.linking
    assert linking is not None
    train = f"请运行 govdata masters train {mentions.kind}"
    if not path.exists():
        raise GovdataError(f"standards/{FOLDER}/{path.name} 不在：没有关联模型，{train}")
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        compared = [comparison["output_column_name"] for comparison in read["settings"]["comparisons"]]
        found = float(read["found"])
    except (ValueError, KeyError, TypeError) as error:
        raise GovdataError(f"standards/{FOLDER}/{path.name} 不是关联模型，{train}") from error
    if compared != list(linking.fields) or not 0 < found <= 1:
        raise GovdataError(f"standards/{FOLDER}/{path.name} 与 {mentions.kind}.yaml 的 linking.fields 不符，{train}")
    return read  # type: ignore[no-any-return]


def attach(
    connection: duckdb.DuckDBPyConnection,
    mentions: Mentions,
    dataset: Dataset,
) -> pa.Table:
    """Fill ``attached`` of ``govdata.masters.links`` from ``known``; returns the rows of ``link_candidates``."""
    linking = mentions.master.linking
    if linking is None:
        return LINK_CANDIDATES.arrow([])
    from govdata.masters import attach as deciding
    from govdata.masters import likeness, names

    if not likeness.undecided(connection, mentions):
        return LINK_CANDIDATES.arrow([])
    decisions.decided(connection, mentions)
    lexicon = names.read(mentions.registry.folder / FOLDER, mentions.kind)
    likeness.score(connection, mentions, model(mentions), lexicon)
    once = [role for role, mention in mentions.master.mentions.items() if mention.once]
    founders = _founders(connection, mentions, dataset)
    made = deciding.decide(_edges(connection, deciding.lowest(linking)), linking, once, founders)
    edges = [(state, edge) for state, found in made.by_state() for edge in found]
    told = _told(connection, mentions, [edge for _, edge in edges])
    _fill(connection, made, told)
    return _listed(edges, told, mentions)


def _founders(connection: duckdb.DuckDBPyConnection, mentions: Mentions, dataset: Dataset) -> set[str]:
    before = newest(mentions.deployment, dataset.name, mentions.date - timedelta(days=1))
    if before is None:
        return set()
    then = rows(before, dataset, mentions.registry, mentions.deployment, ["mention_id", "method"])
    query = f"SELECT mention_id FROM ({then}) WHERE method = {sql.text(UNLINKED)}"
    return {row[0] for row in connection.execute(query).fetchall()}


def _edges(connection: duckdb.DuckDBPyConnection, lowest: float) -> list[Edge]:
    from govdata.masters.attach import Edge

    query = (
        "SELECT pair, mention, role, other, other_role, is_master, probability, weight, sure, taken, verdict FROM edge "
        f"WHERE weight >= {lowest!r} OR verdict IS NOT NULL"
    )
    return [Edge(*row) for row in connection.execute(query).fetchall()]


Told = Mapping[tuple[int, str], Mapping[str, Any]]
"""Pair and mention → what ``likeness.told`` says: a pair of two mentions may be told from either side."""


def _told(connection: duckdb.DuckDBPyConnection, mentions: Mentions, edges: list[Edge]) -> Told:
    import pyarrow as pa

    from govdata.masters import likeness

    arrow = pa.table({  # noqa: F841  read by name below
        "pair": pa.array([edge.pair for edge in edges], pa.int64()),
        "mention": pa.array([edge.mention for edge in edges], pa.string()),
        "other": pa.array([edge.other for edge in edges], pa.string()),
        "is_master": pa.array([edge.is_master for edge in edges], pa.bool_()),
    })  # fmt: skip
    connection.execute("CREATE OR REPLACE TEMP TABLE told AS SELECT * FROM arrow")
    rows = connection.sql(likeness.told(mentions, "told")).to_arrow_table().to_pylist()
    return {(row["pair"], row["mention"]): row for row in rows}


def _fill(connection: duckdb.DuckDBPyConnection, made: Attached, told: Told) -> None:
    import pyarrow as pa

    lines = []
    for mention, edge in made.links.items():
        rank, key = edge.other.split(":", 1) if edge.is_master else (None, None)
        founder = None if edge.is_master else edge.other
        agreed = told[edge.pair, mention]["agreed"]
        lines.append((mention, rank and int(rank), key, founder, edge.method, min(edge.probability, HIGHEST), agreed))
    names = ("mention_id", "rank", "key", "founder", "method", "score", "agreed")
    kinds = (pa.string(), pa.int32(), pa.string(), pa.string(), pa.string(), pa.float64(), pa.string())
    values = list(zip(*lines, strict=True)) or [()] * len(names)
    arrow = pa.table([pa.array(v, k) for v, k in zip(values, kinds, strict=True)], names=names)  # noqa: F841
    connection.execute("INSERT INTO attached SELECT * FROM arrow")


def _listed(edges: list[tuple[str, Edge]], told: Told, mentions: Mentions) -> pa.Table:
    """What was linked by likeness, what people are asked, what they refused: each with where it stands."""
    found = []
    for state, edge in edges:
        said = told[edge.pair, edge.mention]
        found.append(
            {
                "date": mentions.date,
                "master_kind": mentions.kind,
                "mention_id": edge.mention,
                "dataset": said["dataset"],
                "role": edge.role,
                "row_id": said["row_id"],
                "candidate_id": said["other_id"],
                "anchor": said["anchor"],
                "score": round(min(edge.probability, HIGHEST), 4),
                "weight": round(edge.weight, 2),
                "state": state,
                "method": edge.method,
                "agreed": said["agreed"],
                "levels": said["levels"],
            }
        )
    return LINK_CANDIDATES.arrow(sorted(found, key=lambda line: (line["mention_id"], line["candidate_id"])))
