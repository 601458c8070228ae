"""What of a table is not the same in two of its snapshots, at a cost that follows the difference.

Published files never change and a snapshot names the places in them that do not count. So a row that lies at the same
place in both snapshots is the same row, and all others are in files that one of them does not have, or at places that
one of them hides.
"""

from __future__ import annotations

from collections.abc import Sequence

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.publish.merge import AT, listed, position
from govdata.storage import sql


def changed(then: Snapshot, now: Snapshot, deployment: Deployment, columns: Sequence[str]) -> str | None:
    """A SELECT of the distinct ``columns`` of the rows that only one of the two snapshots of a table holds, both the
    older and the newer form of a row that changed; one that merely lies in another file is in neither. None: there are
    none."""
    older, newer = _both(then, now, deployment, columns)
    if older is None or newer is None:
        return older or newer
    return f"(({older}) EXCEPT ({newer})) UNION ALL (({newer}) EXCEPT ({older}))"


def moved(then: Snapshot, now: Snapshot, deployment: Deployment, columns: Sequence[str]) -> str | None:
    """A SELECT of the distinct ``columns`` that both snapshots hold, in different places. None: there are none."""
    older, newer = _both(then, now, deployment, columns)
    return f"({older}) INTERSECT ({newer})" if older is not None and newer is not None else None


def _both(
    then: Snapshot, now: Snapshot, deployment: Deployment, columns: Sequence[str]
) -> tuple[str | None, str | None]:
    selected = ", ".join(f"b.{sql.identifier(name)}" for name in columns)
    return _elsewhere(then, now, deployment, selected), _elsewhere(now, then, deployment, selected)


def _elsewhere(snapshot: Snapshot, other: Snapshot, deployment: Deployment, columns: str) -> str | None:
    """A SELECT of the rows of ``snapshot`` that do not lie at the same place in ``other``; None where all do."""
    own = [name for name in snapshot.files if name not in other.files]
    shared = [name for name in snapshot.files if name in other.files]
    parts = []
    if own:
        query = f"SELECT {columns} FROM {sql.parquet(map(deployment.absolute, own))} AS b"
        if snapshot.hidden_file:
            query += f" ANTI JOIN ({_hidden(snapshot, own, deployment)}) AS h ON {AT}"
        parts.append(query)
    if shared and other.hidden_file and other.hidden_file != snapshot.hidden_file:
        places = _hidden(other, shared, deployment)
        if snapshot.hidden_file:
            places = f"({places}) EXCEPT ({_hidden(snapshot, shared, deployment)})"
        both = sql.parquet(map(deployment.absolute, shared))
        parts.append(f"SELECT {columns} FROM {both} AS b SEMI JOIN ({places}) AS h ON {AT}")
    return " UNION ALL ".join(parts) or None


def _hidden(snapshot: Snapshot, names: Sequence[str], deployment: Deployment) -> str:
    """A SELECT of ``file`` (position in ``names``) and ``position`` of the rows of these files that do not count."""
    assert snapshot.hidden_file is not None
    places = [snapshot.files.index(name) for name in names]
    return (
        f"SELECT {position(places)} AS file, position FROM {sql.parquet([deployment.absolute(snapshot.hidden_file)])} "
        f"WHERE file IN ({listed(places)})"
    )
