"""What must hold of the links and of the masters as a whole before they are published: each is one blocking check.

The mentions are counted anew from the published tables, not from what linking made of them. What is told is figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from govdata.batches import CheckOutcome, Snapshot, StandardizedBatch
from govdata.checks import table
from govdata.deployment import Deployment
from govdata.masters.mentions import Mentions, judged, rows
from govdata.publish import newest
from govdata.standards.derivations import Derivation, Links, Survivors
from govdata.standards.master_model import SIMILAR, UNLINKED, Bounds
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.secret import keyed, secret

if TYPE_CHECKING:
    import duckdb

FEW = 5
"""So many merges or splits are told of and not weighed: in a small register one lawful correction would block a night
otherwise."""


def outcomes(
    batch: StandardizedBatch,
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
    inputs: Mapping[str, Snapshot],
) -> list[CheckOutcome]:
    """The outcomes of ``dataset.own_checks``, judged over the rows that would be published."""
    made = dataset.derived
    if not dataset.own_checks or made is None:
        return []
    with sql.connection(deployment, "integrity") as connection:
        connection.execute(f"CREATE VIEW judged AS {judged(batch, dataset, registry, deployment)}")
        match made:
            case Links():
                mentions = Mentions(made.master, registry, deployment, batch.date, inputs)
                keyed(connection, secret(deployment))
                return _links(connection, made, mentions, dataset)
            case Survivors():
                table = registry.datasets[made.links]
                columns = [f"{made.master}_id"]
                links = rows(inputs[made.links], table, registry, deployment, columns)
                return [_counts(connection, made, links)]
    return []


def _links(
    connection: duckdb.DuckDBPyConnection, made: Links, mentions: Mentions, dataset: Dataset
) -> list[CheckOutcome]:
    connection.execute(f"CREATE TEMP TABLE mention AS {_told(mentions)}")
    connection.execute(
        f"CREATE TEMP VIEW link AS SELECT *, {sql.identifier(made.master + '_id')} AS master_id FROM judged"
    )
    keys = ", ".join(sql.identifier(f"k_{kind}") for kind in mentions.identifiers)
    connection.execute(
        f"CREATE TEMP TABLE both_sides AS SELECT {keys}, m.row_id AS mentioned_row, l.row_id AS linked_row, master_id "
        "FROM mention AS m FULL JOIN link AS l ON l.role = m.role AND l.row_id = m.row_id"
    )
    before = newest(mentions.deployment, dataset.name, mentions.date - timedelta(days=1))
    return [
        _linked_once(connection, made),
        _one_identifier(connection, made, mentions.identifiers),
        _stable(connection, made, before, mentions, dataset),
    ]


def _told(mentions: Mentions) -> str:
    """Row and role say which mention it is, without the name that linking gave it."""
    keys = ", ".join(sql.identifier(f"k_{kind}") for kind in mentions.identifiers)
    return f"SELECT role, row_id, {keys} FROM ({mentions.relation([])})"


def _outcome(
    made: Derivation, name: str, checked: int, failed: int, reason: str | None, **figures: float | int | str
) -> CheckOutcome:
    return table.outcome(
        name, checked=checked, failed=failed, reason=reason, figures=dict(figures), title=made.CHECKS[name]
    )


def _linked_once(connection: duckdb.DuckDBPyConnection, made: Links) -> CheckOutcome:
    mentions = sql.scalar(connection, "SELECT count(*) FROM mention")
    found = "SELECT {} FROM both_sides".format
    missing = sql.scalar(connection, found("count(*) FILTER (WHERE linked_row IS NULL)"))
    extra = sql.scalar(connection, found("count(*) FILTER (WHERE mentioned_row IS NULL)"))
    matched = sql.scalar(connection, found("count(*)")) - missing - extra
    under_one_name = sql.scalar(connection, "SELECT count(*) - count(DISTINCT mention_id) FROM link")
    repeated = max(under_one_name, matched - (mentions - missing))
    unlinked = sql.scalar(connection, f"SELECT count(*) FROM link WHERE method = {sql.text(UNLINKED)}")
    failed = missing + extra + repeated
    reason = f"{missing} 次提及没有归到主体，{extra} 次是各表中没有的，{repeated} 次归了不止一次" if failed else None
    similar = sql.scalar(connection, f"SELECT count(*) FROM link WHERE method = {sql.text(SIMILAR)}")
    figures = {"mentions": mentions, "missing": missing, "extra": extra, "repeated": repeated, "unlinked": unlinked}
    figures["similar"] = similar
    return _outcome(made, "linked_once", mentions, failed, reason, **figures)


def _one_identifier(connection: duckdb.DuckDBPyConnection, made: Links, kinds: list[str]) -> CheckOutcome:
    """Of its strongest kind a master has one identifier, and every identifier of the strongest kind has one master."""
    keys = {kind: sql.identifier(f"k_{kind}") for kind in kinds}
    first = " ".join(f"WHEN count({key}) > 0 THEN min({key}) <> max({key})" for key in keys.values())
    masters = sql.scalar(connection, "SELECT count(DISTINCT master_id) FROM link")
    both = "both_sides WHERE linked_row IS NOT NULL AND mentioned_row IS NOT NULL"
    several = sql.scalar(
        connection,
        f"SELECT count(*) FILTER (WHERE two) FROM (SELECT CASE {first} END AS two FROM {both} GROUP BY master_id)",
    )
    strongest = next(iter(keys.values()))
    torn = sql.scalar(
        connection,
        "SELECT count(*) FILTER (WHERE two) FROM (SELECT min(master_id) <> max(master_id) AS two "
        f"FROM {both} AND {strongest} IS NOT NULL GROUP BY {strongest})",
    )
    told = f"{several} 个主体带有两个有效标识，{torn} 个标识分在两个主体" if several or torn else None
    return _outcome(made, "one_identifier", masters, several + torn, told, masters=masters)


def _stable(
    connection: duckdb.DuckDBPyConnection, made: Links, before: Snapshot | None, mentions: Mentions, dataset: Dataset
) -> CheckOutcome:
    """Against the snapshot before: of the mentions in both, which masters were merged and split, and of all, which
    masters are gone. That a mention without an identifier got one is no merge."""
    if before is None:
        return _outcome(made, "stable", 0, 0, None)
    master_id = sql.identifier(f"{made.master}_id")
    columns = ["mention_id", f"{made.master}_id", "method"]
    then = rows(before, dataset, mentions.registry, mentions.deployment, columns)
    connection.execute(
        f"CREATE TEMP TABLE before AS SELECT mention_id, {master_id} AS old FROM ({then}) "
        f"WHERE method <> {sql.text(UNLINKED)}"
    )
    connection.execute(
        "CREATE TEMP TABLE moved AS SELECT old, master_id AS new FROM link JOIN before USING (mention_id)"
    )
    masters = sql.scalar(connection, "SELECT count(DISTINCT old) FROM before")
    both = sql.scalar(connection, "SELECT count(*) FROM moved")
    grouped = "SELECT count(*) FROM (SELECT count(DISTINCT {other}) AS n FROM moved GROUP BY {by}) WHERE n > 1"
    gone = "SELECT count(DISTINCT old) FROM before WHERE old NOT IN (SELECT master_id FROM link)"
    found = {
        "merged": (sql.scalar(connection, grouped.format(other="old", by="new")), masters),
        "split": (sql.scalar(connection, grouped.format(other="new", by="old")), masters),
        "moved": (sql.scalar(connection, "SELECT count(*) FROM moved WHERE old <> new"), both),
        "gone": (sql.scalar(connection, gone), masters),
    }
    reasons = _over(found, mentions.master.bounds, before)
    figures = {name: count for name, (count, _) in found.items()} | {"previous_date": before.date.isoformat()}
    return _outcome(made, "stable", both, found["moved"][0], "；".join(reasons) or None, masters=masters, **figures)


NAMES = {
    "merged": "由上一期多个主体合成的主体",
    "split": "拆成多个的上一期主体",
    "moved": "换了主体的提及",
    "gone": "有标识而不再出现的上一期主体",
}


def _over(found: Mapping[str, tuple[int, int]], bounds: Bounds, before: Snapshot) -> list[str]:
    reasons = []
    for name, (count, whole) in found.items():
        limit = getattr(bounds, name)
        if count > FEW and count > limit * whole:
            reasons.append(
                f"{NAMES[name]} {count} 个，占 {before.date.isoformat()} 的 {count / whole:.2%}，超过上限 {limit:.2%}"
            )
    return reasons


def _counts(connection: duckdb.DuckDBPyConnection, made: Survivors, links: str) -> CheckOutcome:
    master_id = sql.identifier(f"{made.master}_id")
    linked = f"SELECT {master_id} AS master_id, count(*) AS mentions FROM ({links}) GROUP BY ALL"
    found = f"SELECT {master_id} AS master_id, mentions FROM judged"
    masters = sql.scalar(connection, f"SELECT count(*) FROM ({linked})")
    differing = sql.scalar(
        connection,
        f"SELECT count(*) FROM ({linked}) AS l FULL JOIN ({found}) AS m USING (master_id) "
        "WHERE l.mentions IS DISTINCT FROM m.mentions",
    )
    reason = f"{differing} 个主体与关联表不符" if differing else None
    return _outcome(made, "counts_reconcile", masters, differing, reason, masters=masters)
