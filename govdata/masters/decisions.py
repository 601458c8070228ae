"""Decisions: what people were asked about likenesses and what they said, as a log that is only ever added to.

A pair is settled when two reviewers say the same of it and fewer say the opposite. What is settled is obeyed in every
night from then on: a link that likeness alone would not make, or one that it may never make again. A decision is about
two mentions, not about two ids: it follows the second one to whatever master it belongs to later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date as Date
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from govdata.deployment import Deployment
from govdata.storage import journal

if TYPE_CHECKING:
    import duckdb

    from govdata.masters.mentions import Mentions

Said = Literal["same", "different", "unsure"]
OPPOSITES: tuple[tuple[Said, Said], ...] = (("same", "different"), ("different", "same"))
REVIEWERS = 2
"""So many must agree."""


class Line(BaseModel):
    """``asked``: ``reviewer`` was shown the pair, which then stood in ``state`` with ``score``. ``said``: what the
    reviewer decided, by the returned ``file``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: Date
    kind: Literal["asked", "said"]
    master_kind: str
    pair: str
    reviewer: str
    mention: str = ""
    anchor: str = ""
    state: str = ""
    score: float = 0.0
    verdict: Said | None = None
    reason: str | None = None
    file: str | None = None


def read(deployment: Deployment) -> list[Line]:
    """Every line in order. Raises ``GovdataError`` where one is damaged; an unfinished last line never was."""
    return journal.read(deployment.link_reviews, Line, "关联复核日志")


def append(deployment: Deployment, lines: Iterable[Line]) -> None:
    """Add lines, durably."""
    journal.append(deployment.link_reviews, lines)


def settled(lines: Iterable[Line]) -> dict[str, Said]:
    """Pair → what two reviewers agree on; each reviewer's last word counts."""
    words: dict[str, dict[str, Said]] = {}
    for line in lines:
        if line.kind == "said" and line.verdict is not None:
            words.setdefault(line.pair, {})[line.reviewer] = line.verdict
    found: dict[str, Said] = {}
    for pair, said in words.items():
        counted = Counter(said.values())
        for verdict, opposite in OPPOSITES:
            if counted[verdict] >= REVIEWERS and counted[verdict] > counted[opposite]:
                found[pair] = verdict
    return found


def in_force(deployment: Deployment, master_kind: str, date: Date) -> Mapping[tuple[str, str], Said]:
    """(mention, anchor) → what was settled before ``date``: the inbox is read after the night's links, and a date that
    is run again must be told what it was told."""
    lines = [line for line in read(deployment) if line.master_kind == master_kind and line.date < date]
    asked = {line.pair: (line.mention, line.anchor) for line in lines if line.kind == "asked"}
    return {asked[pair]: verdict for pair, verdict in settled(lines).items() if pair in asked}


def decided(connection: duckdb.DuckDBPyConnection, mentions: Mentions) -> None:
    """Make the temporary table ``decided(mention, anchor, verdict)``."""
    connection.execute("CREATE OR REPLACE TEMP TABLE decided (mention VARCHAR, anchor VARCHAR, verdict VARCHAR)")
    known = in_force(mentions.deployment, mentions.kind, mentions.date)
    rows = [(mention, anchor, verdict) for (mention, anchor), verdict in sorted(known.items())]
    if rows:
        connection.executemany("INSERT INTO decided VALUES (?, ?, ?)", rows)
