"""Review: which pairs people are asked about, what they are shown, and what their answers say of the links.

Asked are the candidates, and a sample of what was linked and of what was too unlikely to ask, by strata of the score:
nobody is told which is which, nor the score, nor what another reviewer said. Values are masked; how alike they are is
said in words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata import engine
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.masters import decisions, links
from govdata.masters.decisions import Line
from govdata.masters.mentions import Mentions
from govdata.publish import newest, scorecard
from govdata.standards.linking import LinkField
from govdata.standards.masters import FOLDER
from govdata.standards.model import Registry
from govdata.storage import files, sql
from govdata.storage.secret import keyed, secret
from govdata.storage.tables.masters import LINK_CANDIDATES

if TYPE_CHECKING:
    import duckdb

STRATA = (0.0, 0.3, 0.6, 0.9, 0.99, 0.999)
"""Lower ends of the strata of the score."""
ASKED = ("candidate", "linked", "unlikely")


@dataclass(frozen=True)
class Question:
    """A pair as one reviewer sees it. ``sides``: title, masked value of the mention and of the counterpart."""

    pair: str
    mention: str
    anchor: str
    state: str
    score: float
    sides: tuple[tuple[str, str, str], ...]
    levels: str


@dataclass(frozen=True)
class Estimate:
    """``pairs`` with two answers and the share ``agreed``, ``kappa`` beyond chance. ``precision`` of the automatic
    links and ``recall``: the share linked of all true pairs that were scored; None where a stratum has no settled
    pair."""

    pairs: int
    agreed: float | None
    kappa: float | None
    precision: float | None
    recall: float | None
    strata: tuple[tuple[str, float, int, int, int], ...]
    """State, lower end of the score, pairs, settled ones of them, and those that are the same."""


def pair_id(master_kind: str, mention: str, anchor: str) -> str:
    return hashlib.sha256("\x1f".join((master_kind, mention, anchor)).encode()).hexdigest()[:16]


def latest(deployment: Deployment, kind: str, date: Date) -> tuple[Date, list[dict[str, Any]]]:
    """The newest lines of ``link_candidates`` not later than ``date``. Raises ``GovdataError`` where there are none."""
    import pyarrow.parquet as pq

    folder = scorecard.path(deployment, LINK_CANDIDATES, date, kind).parent
    found = sorted(path for path in folder.glob("*.parquet") if path.stem <= date.isoformat())
    if not found:
        raise GovdataError(f"{date} 及以前没有关联过 {kind}：没有要复核的")
    rows = pq.read_table(found[-1]).to_pylist()
    return Date.fromisoformat(found[-1].stem), [
        row | {"pair": pair_id(kind, row["mention_id"], row["anchor"])} for row in rows
    ]


def _stratum(row: dict[str, Any]) -> tuple[str, float]:
    return row["state"], max(low for low in STRATA if low <= row["score"])


def choose(
    rows: Iterable[dict[str, Any]], lines: Sequence[Line], reviewer: str, most: int, sample: int
) -> list[dict[str, Any]]:
    """What ``reviewer`` is asked: at most ``most`` candidates, those first that another reviewer was asked already, and
    ``sample`` pairs of each stratum of the rest, the same for all reviewers; in an order of the reviewer's own."""
    settled = decisions.settled(lines)
    answered = {line.pair for line in lines if line.kind == "said" and line.reviewer == reviewer}
    others = {line.pair for line in lines if line.reviewer != reviewer}
    ordered = sorted((row for row in rows if row["method"] != "reviewed"), key=lambda row: str(row["pair"]))
    asked = [row for row in ordered if row["state"] == "candidate" and row["pair"] not in settled]
    asked = sorted(asked, key=lambda row: row["pair"] not in others)[:most]
    strata: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for row in ordered:
        if row["state"] in ASKED and row["state"] != "candidate":
            strata.setdefault(_stratum(row), []).append(row)
    asked += [row for members in strata.values() for row in members[:sample]]
    mine = [row for row in asked if row["pair"] not in answered]
    return sorted(mine, key=lambda row: hashlib.sha256(f"{reviewer}{row['pair']}".encode()).hexdigest())


def questions(
    registry: Registry, deployment: Deployment, kind: str, date: Date, reviewer: str, most: int, sample: int
) -> list[Question]:
    """What ``reviewer`` is to be asked as of ``date``; ``record`` it once it was handed out."""
    if kind not in registry.masters or registry.masters[kind].linking is None:
        raise GovdataError(f"主数据 {kind} 没有声明 linking（standards/{FOLDER}/{kind}.yaml），没有要复核的")
    night, rows = latest(deployment, kind, date)
    chosen = choose(rows, decisions.read(deployment), reviewer, most, sample)
    values = _values(
        registry, deployment, kind, night, {row[name] for row in chosen for name in ("mention_id", "anchor")}
    )
    return [
        Question(
            pair=row["pair"],
            mention=row["mention_id"],
            anchor=row["anchor"],
            state=row["state"],
            score=row["score"],
            sides=_sides(registry, kind, values.get(row["mention_id"], {}), values.get(row["anchor"], {})),
            levels=row["levels"],
        )
        for row in chosen
    ]


def record(deployment: Deployment, kind: str, reviewer: str, asked: Iterable[Question], date: Date) -> None:
    """Note in the log who was asked what."""
    decisions.append(
        deployment,
        [
            Line(
                date=date,
                kind="asked",
                master_kind=kind,
                pair=question.pair,
                reviewer=reviewer,
                mention=question.mention,
                anchor=question.anchor,
                state=question.state,
                score=question.score,
            )
            for question in asked
        ],
    )


def _values(
    registry: Registry, deployment: Deployment, kind: str, date: Date, wanted: set[str]
) -> dict[str, dict[str, Any]]:
    """Mention → role and what it says of each field, from the published rows as of ``date``."""
    master = registry.masters[kind]
    assert master.linking is not None
    found = {table: snapshot for table in master.datasets if (snapshot := newest(deployment, table, date)) is not None}
    with files.scratch(deployment, "review") as scratch:
        connection = engine.session(registry, temp=scratch / "spill", as_of=date, code_sets=())
        try:
            keyed(connection, secret(deployment))
            links.prepare(connection, Mentions(kind, registry, deployment, date, found))
            return _read(connection, list(master.linking.fields), wanted)
        finally:
            connection.close()


def _read(connection: duckdb.DuckDBPyConnection, fields: list[str], wanted: set[str]) -> dict[str, dict[str, Any]]:
    import pyarrow as pa

    asked = pa.table({"mention_id": pa.array(sorted(wanted), pa.string())})  # noqa: F841  read by name below
    shown = ", ".join(sql.identifier(f"e_{name}") for name in fields)
    rows = connection.execute(
        f"SELECT mention_id, role, {shown} FROM known SEMI JOIN asked USING (mention_id)"
    ).fetchall()
    return {row[0]: dict(zip(("role", *fields), row[1:], strict=True)) for row in rows}


def _sides(
    registry: Registry, kind: str, left: dict[str, Any], right: dict[str, Any]
) -> tuple[tuple[str, str, str], ...]:
    master = registry.masters[kind]
    assert master.linking is not None
    roles = {name: mention.name for name, mention in master.mentions.items()}
    shown = [("身份", roles.get(left.get("role", ""), ""), roles.get(right.get("role", ""), ""))]
    for name, field in master.linking.fields.items():
        shown.append((field.name, _masked(left.get(name), field), _masked(right.get(name), field)))
    return tuple(shown)


def _masked(value: Any, field: LinkField) -> str:
    """Enough to see what is spoken of: how alike two values are is said beside them."""
    if value is None or value == []:
        return ""
    match field.compare:
        case "person_name" | "text":
            return str(value)[:1] + "*" * (len(str(value)) - 1)
        case "date":
            return f"{str(value)[:4]}年"
        case "any":
            return "有"
    return str(value)


def estimate(deployment: Deployment, kind: str, date: Date) -> Estimate:
    """What the answers until ``date`` say of the links of the newest night: each stratum counts by its size."""
    _, rows = latest(deployment, kind, date)
    lines = [line for line in decisions.read(deployment) if line.master_kind == kind and line.date <= date]
    settled = decisions.settled(lines)
    sizes: dict[tuple[str, float], int] = {}
    for row in rows:
        if row["state"] in ASKED and row["method"] != "reviewed":
            sizes[_stratum(row)] = sizes.get(_stratum(row), 0) + 1
    asked = {line.pair: _stratum({"state": line.state, "score": line.score}) for line in lines if line.kind == "asked"}
    known: dict[tuple[str, float], list[bool]] = {stratum: [] for stratum in sizes}
    for pair, stratum in asked.items():
        if pair in settled and stratum in known:
            known[stratum].append(settled[pair] == "same")
    strata = tuple((*s, sizes[s], len(known[s]), sum(known[s])) for s in sorted(sizes))
    right, missing = _total(strata, ("linked",)), _total(strata, ("candidate", "unlikely"))
    linked = sum(size for (state, _), size in sizes.items() if state == "linked")
    agreed, kappa, pairs = _agreement(lines)
    precision = right / linked if right is not None and linked else None
    recall = right / (right + missing) if right is not None and missing is not None and right + missing else None
    return Estimate(pairs, agreed, kappa, precision, recall, strata)


def _total(strata: Iterable[tuple[str, float, int, int, int]], states: Sequence[str]) -> float | None:
    """How many pairs of the states are the same, by the settled ones of each stratum; None where one has none."""
    chosen = [s for s in strata if s[0] in states]
    if any(settled == 0 for _, _, _, settled, _ in chosen):
        return None
    return float(sum(size * same / settled for _, _, size, settled, same in chosen))


def _agreement(lines: Iterable[Line]) -> tuple[float | None, float | None, int]:
    """Share of pairs whose first two reviewers said the same, and Cohen's kappa."""
    words: dict[str, dict[str, str]] = {}
    for line in lines:
        if line.kind == "said" and line.verdict is not None:
            words.setdefault(line.pair, {})[line.reviewer] = line.verdict
    both = [tuple(said.values())[:2] for said in words.values() if len(said) >= 2]
    if not both:
        return None, None, 0
    agreed = sum(a == b for a, b in both) / len(both)
    verdicts = {verdict for pair in both for verdict in pair}
    chance = sum(
        (sum(a == v for a, _ in both) / len(both)) * (sum(b == v for _, b in both) / len(both)) for v in verdicts
    )
    return agreed, 1.0 if chance == 1 else (agreed - chance) / (1 - chance), len(both)
