"""Attaching: of the counterparts a mention without a valid identifier may have, the one it goes to, if any.

A mention goes to the counterpart with the highest probability, where that is high enough and the next one is far
behind; where it is not, people are asked. A master that has its mention of a role that there is once is out of the
question. Masters with an identifier go first; then mentions that found a master of their own, those that did so the
night before ahead of new ones, so that a master keeps its founder and with it its id. A mention is held against
founders only, never against what was attached to them: no chain of likenesses joins two masters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf, log2
from typing import Literal

from govdata.standards.linking import Linking
from govdata.standards.master_model import REVIEWED, SIMILAR

Verdict = Literal["same", "different"]


@dataclass(frozen=True)
class Edge:
    """A mention and a possible counterpart: see ``likeness.score``. ``method``: by what it was linked."""

    pair: int
    mention: str
    role: str
    other: str
    other_role: str | None
    is_master: bool
    probability: float
    weight: float
    sure: bool
    taken: bool
    verdict: Verdict | None
    method: str | None = None

    def turned(self) -> Edge:
        """The same pair of two mentions, from the other's side."""
        return replace(
            self,
            mention=self.other,
            role=self.other_role or self.role,
            other=self.mention,
            other_role=self.role,
        )


@dataclass
class Attached:
    """``links``: the edge by which each attached mention goes; ``candidates``: what people are asked, the likeliest
    first for each mention; ``unlikely``: the likeliest that is not asked about; ``refused``: pairs that people said are
    two."""

    links: dict[str, Edge] = field(default_factory=dict)
    candidates: list[Edge] = field(default_factory=list)
    unlikely: list[Edge] = field(default_factory=list)
    refused: list[Edge] = field(default_factory=list)

    def by_state(self) -> list[tuple[str, list[Edge]]]:
        """State of ``link_candidates`` → its edges."""
        linked = list(self.links.values())
        return [
            ("linked", linked),
            ("candidate", self.candidates),
            ("unlikely", self.unlikely),
            ("different", self.refused),
        ]


def lowest(linking: Linking) -> float:
    """The weight below which an edge can neither be proposed nor stand close behind one that is linked."""
    return _weight(linking.candidate) - linking.margin


def _weight(probability: float) -> float:
    bounded = min(max(probability, 1e-12), 1 - 1e-12)
    return log2(bounded / (1 - bounded))


def decide(
    edges: Iterable[Edge],
    linking: Linking,
    once: Collection[str],
    founders: Collection[str],
) -> Attached:
    """``once``: roles a master has once; ``founders``: mentions that founded a master the night before. The same for
    any order of ``edges``."""
    ordered = sorted(edges, key=lambda edge: (edge.mention, -edge.weight, edge.other))
    made = Attached(refused=[edge for edge in ordered if edge.verdict == "different"])
    told = [edge for edge in ordered if edge.verdict != "different"]
    to_masters = _first([e for e in told if e.is_master and (not e.taken or e.verdict == "same")], linking)
    made.links = _one_each(to_masters, linking, once)
    _to_founders([edge for edge in told if not edge.is_master], made.links, linking, once, set(founders))
    alone = [
        edge for edge in told if edge.mention not in made.links and edge.other not in made.links and not edge.taken
    ]
    made.candidates = [edge for edge in alone if edge.probability >= linking.candidate]
    asked = {edge.mention for edge in made.candidates}
    unlikely = {edge.mention: edge for edge in reversed(alone) if edge.mention not in asked}
    made.unlikely = list(unlikely.values())
    return made


def _first(edges: list[Edge], linking: Linking) -> dict[str, Edge]:
    """The edge by which each mention would go by itself; ``edges``: those of a mention together, the best first."""
    by_mention: dict[str, list[Edge]] = {}
    for edge in edges:
        by_mention.setdefault(edge.mention, []).append(edge)
    found = {}
    for mention, known in by_mention.items():
        reviewed = [edge for edge in known if edge.verdict == "same"]
        if reviewed:
            found[mention] = replace(reviewed[0], method=REVIEWED)
            continue
        best = known[0]
        gap = best.weight - known[1].weight if len(known) > 1 else inf
        if best.probability >= linking.link and gap >= linking.margin and best.sure:
            found[mention] = replace(best, method=SIMILAR)
    return found


def _one_each(links: Mapping[str, Edge], linking: Linking, once: Collection[str]) -> dict[str, Edge]:
    """Where several mentions of a role that there is once would go to one master, the likeliest does if it is so by
    far; else only people can tell which."""
    wanted: dict[tuple[str, str], list[Edge]] = {}
    for edge in links.values():
        if edge.role in once and edge.method == SIMILAR:
            wanted.setdefault((edge.role, edge.other), []).append(edge)
    refused: set[str] = set()
    for rivals in wanted.values():
        rivals.sort(key=lambda edge: -edge.weight)
        clear = len(rivals) == 1 or rivals[0].weight - rivals[1].weight >= linking.margin
        refused |= {edge.mention for edge in rivals[clear:]}
    return {mention: edge for mention, edge in links.items() if mention not in refused}


def _to_founders(
    edges: list[Edge], links: dict[str, Edge], linking: Linking, once: Collection[str], founders: set[str]
) -> None:
    """Attach mentions that are still alone to one that founds a master, in one pass over them. Of those that are new
    the one with the most, and the strongest, counterparts goes first: the middle of a cluster founds it."""
    neighbours: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.mention in links or edge.other in links:
            continue
        neighbours.setdefault(edge.mention, []).append(edge)
        neighbours.setdefault(edge.other, []).append(edge.turned())
    founded: set[str] = set()
    gone: dict[str, Edge] = {}
    order = {name: (name not in founders, *_middle(known, linking), name) for name, known in neighbours.items()}
    for mention in sorted(neighbours, key=order.__getitem__):
        known = [edge for edge in neighbours[mention] if edge.other in founded]
        found = _first(sorted(known, key=lambda edge: (-edge.weight, edge.other)), linking)
        if mention in found:
            gone[mention] = found[mention]
        else:
            founded.add(mention)
    links |= _one_each(gone, linking, once)


def _middle(edges: list[Edge], linking: Linking) -> tuple[int, float]:
    """What mentions are ordered by: more edges that link, then heavier ones, first."""
    linked = [edge.weight for edge in edges if edge.probability >= linking.link and edge.sure]
    return -len(linked), -sum(linked)
