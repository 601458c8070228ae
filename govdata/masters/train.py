"""Training: how much each level of likeness weighs, learnt from mentions whose identifier says who they are.

A mention with a valid identifier is taken as if it had none and held against all that the *other* mentions of its
master say: that is a pair of one person. Random pairs are pairs of two. Splink counts the levels of both. Nothing is
learnt in a night: the model and the frequencies of names are files under ``standards/masters`` that a person makes,
looks at and commits.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata import engine
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.masters import comparisons, likeness, links, names, unsupervised
from govdata.masters.mentions import Mentions
from govdata.publish import newest
from govdata.standards.linking import Linking
from govdata.standards.masters import FOLDER
from govdata.standards.model import Registry
from govdata.storage import files, sql
from govdata.storage.secret import keyed, secret

if TYPE_CHECKING:
    import duckdb

SAMPLE = 30_000
"""Mentions that are learnt from, one of a master."""
RANDOM_PAIRS = 2_000_000
FEWEST = 100
"""With fewer mentions that share a master there is nothing to learn from."""
DOUBT = 0.1
"""The share of what was assumed beforehand in what is learnt of pairs of one: who is written without a number is
written worse than who has one, and a slip that was never seen is not impossible."""
LEAST = 1e-6
"""The lowest share of pairs at a level that is believed."""
UNSEEN = 1e-9
"""What Splink starts from, so that a level that none of the pairs showed stays known as such."""


@dataclass(frozen=True)
class Trained:
    """``pairs``: of one person, that were learnt from; ``model``, ``frequencies``: the files' content."""

    kind: str
    pairs: int
    found: float
    model: str
    frequencies: str

    def write(self, deployment: Deployment) -> None:
        folder = deployment.standards / FOLDER
        for path, content in (
            (folder / f"{self.kind}.model.json", self.model),
            (names.frequencies(folder, self.kind), self.frequencies),
        ):
            written = files.temporary(path)
            written.write_text(content, encoding="utf-8")
            files.put(written, path)


def train(kind: str, registry: Registry, deployment: Deployment, date: Date) -> Trained:
    """Learn from the newest snapshots not later than ``date``. Raises ``GovdataError`` where the page says nothing of
    linking or there is too little to learn from."""
    master = registry.masters.get(kind)
    if master is None or master.linking is None:
        raise GovdataError(f"主数据 {kind} 没有声明 linking（standards/{FOLDER}/{kind}.yaml），不按相似程度关联")
    found = {table: snapshot for table in master.datasets if (snapshot := newest(deployment, table, date)) is not None}
    if not found:
        raise GovdataError("还没有发布过提到这种主体的表，没有可学的")
    mentions = Mentions(kind, registry, deployment, date, found)
    with files.scratch(deployment, "train") as scratch:
        connection = engine.session(registry, temp=scratch / "spill", as_of=date)
        try:
            keyed(connection, secret(deployment))
            return _train(connection, mentions, master.linking)
        finally:
            connection.close()


def _train(connection: duckdb.DuckDBPyConnection, mentions: Mentions, linking: Linking) -> Trained:
    links.prepare(connection, mentions)
    folder = mentions.registry.folder / FOLDER
    lexicon = names.Lexicon(names.read(folder, mentions.kind).readings)
    likeness.said(connection, linking, lexicon)
    counted = _frequencies(connection, linking, lexicon)
    pairs, share = _sides(connection, mentions, linking, lexicon)
    if pairs >= FEWEST:
        settings = _learn(connection, linking, pairs)
    else:
        pairs = connection.execute("SELECT count(*) FROM said").fetchall()[0][0]
        if pairs < FEWEST:
            raise GovdataError(f"只有 {pairs} 次提及，不足 {FEWEST} 次，学不出各项的分量")
        settings, share = unsupervised.learn(connection, linking)
    model = {
        "kind": mentions.kind,
        "learnt_from": {"pairs": pairs, "until": mentions.date.isoformat()},
        "found": round(share, 4),
        "found_by_role": _by_role(connection),
        "settings": settings,
    }
    return Trained(mentions.kind, pairs, share, json.dumps(model, ensure_ascii=False, indent=1) + "\n", counted)


def _frequencies(connection: duckdb.DuckDBPyConnection, linking: Linking, lexicon: names.Lexicon) -> str:
    """How common names are among masters with an identifier, each once."""
    counted = []
    for name, field in linking.fields.items():
        if field.compare == "person_name":
            form = sql.identifier(f"{name}_form")
            query = f"SELECT min({form}) FROM said WHERE master IS NOT NULL GROUP BY master HAVING min({form}) <> ''"
            counted = names.count((row[0] for row in connection.execute(query).fetchall()), lexicon)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("part", "text", "share"))
    writer.writerows((part, word, f"{share:.9f}".rstrip("0")) for part, word, share in counted)
    return text.getvalue()


def _sides(
    connection: duckdb.DuckDBPyConnection, mentions: Mentions, linking: Linking, lexicon: names.Lexicon
) -> tuple[int, float]:
    """Make ``left_side``: mentions as if they had no identifier, and ``right_side``: what the other mentions of their
    masters say; ``label`` says which belong together. Returns how many, and the share of mentions with an identifier
    whose master has another mention."""
    blind = mentions.relation([], evidence=True, blind=True)
    known = "SELECT mention_id, rank, key FROM known WHERE key IS NOT NULL"
    connection.execute(
        f"CREATE TEMP TABLE unknown AS SELECT b.*, k.rank, k.key FROM ({blind}) AS b JOIN ({known}) AS k "
        "USING (mention_id)"
    )
    likeness.said(connection, linking, lexicon, "unknown", "unsaid")
    connection.execute(
        "CREATE TEMP TABLE chosen AS SELECT * FROM unsaid SEMI JOIN (SELECT master FROM said WHERE master IS NOT NULL "
        "GROUP BY master HAVING count(*) > 1) USING (master) QUALIFY row_number() OVER (PARTITION BY master ORDER BY "
        f"sha256(mention)) = 1 ORDER BY sha256(mention) LIMIT {SAMPLE}"
    )
    columns = ", ".join(likeness.columns(linking))
    connection.execute(
        f"CREATE TEMP TABLE left_side AS SELECT mention AS unique_id, mention AS label, {columns} FROM chosen"
    )
    others = (
        "SELECT c.mention AS owner, s.* FROM chosen AS c JOIN said AS s "
        "ON s.master = c.master AND s.mention <> c.mention"
    )
    faces = likeness.faces(others, "owner", linking)
    connection.execute(
        "CREATE TEMP TABLE right_side AS SELECT row_number() OVER (ORDER BY who) AS unique_id, who AS label, "
        f"{columns} FROM ({faces})"
    )
    pairs, known, together = connection.execute(
        "SELECT (SELECT count(*) FROM left_side), count(*), count(*) FILTER (WHERE n > 1) FROM (SELECT count(*) OVER "
        "(PARTITION BY master) AS n FROM said WHERE master IS NOT NULL)"
    ).fetchall()[0]
    return int(pairs), min(1.0, max(0.01, together / max(1, known)))


def _by_role(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Of the mentions of each role with an identifier the share whose master has another one."""
    counted = connection.execute(
        "SELECT role, avg(CASE WHEN n > 1 THEN 1 ELSE 0 END) FROM (SELECT role, count(*) OVER (PARTITION BY master) "
        f"AS n FROM said WHERE master IS NOT NULL) GROUP BY role HAVING count(*) >= {FEWEST} ORDER BY role"
    ).fetchall()
    return {role: round(share, 4) for role, share in counted}


def _learn(connection: duckdb.DuckDBPyConnection, linking: Linking, pairs: int) -> dict[str, Any]:
    """The settings with what was learnt in the place of what was assumed."""
    start = comparisons.settings(linking)
    for level in _levels(start):
        level |= {"m_probability": UNSEEN, "u_probability": UNSEEN}
    linker = likeness.splink(connection, start, linking, "left_side", "right_side")[0]
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    linker.training.estimate_m_from_label_column("label")
    result = comparisons.settings(linking)
    seen = linker.misc.save_model_to_json()["comparisons"]
    for comparison, counted in zip(result["comparisons"], seen, strict=True):
        levels, learnt = comparison["comparison_levels"][1:], counted["comparison_levels"][1:]
        m, u = ([level.get(f"{side}_probability") or UNSEEN for level in learnt] for side in "mu")
        if max(m) > UNSEEN:
            blended = [(1 - DOUBT) * x + DOUBT * level["m_probability"] for x, level in zip(m, levels, strict=True)]
            _put(levels, "m_probability", blended)
        if max(u) > UNSEEN:
            # Of the random pairs one in ``pairs`` is of one person after all.
            _put(levels, "u_probability", [max(y - x / pairs, LEAST) for x, y in zip(m, u, strict=True)])
    return result


def _levels(settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of a value against a value."""
    return (level for comparison in settings["comparisons"] for level in comparison["comparison_levels"][1:])


def _put(levels: list[dict[str, Any]], side: str, shares: list[float]) -> None:
    for level, share in zip(levels, shares, strict=True):
        level[side] = round(share / sum(shares), 9)
