"""``govdata verify``: every published file against the hash it was published with, to the last byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from govdata import publish
from govdata.deployment import Deployment
from govdata.operations import alerts
from govdata.publish import seals

if TYPE_CHECKING:
    from govdata.standards.model import Registry


@dataclass(frozen=True)
class Verification:
    """``files`` compared; ``unsealed``: published by a version that kept no hash. ``changed``: their names, set aside.
    ``commands``: what makes the lost nights again, missing and damaged files included."""

    files: int
    unsealed: int
    changed: tuple[str, ...]
    commands: tuple[str, ...]


def verify(deployment: Deployment, registry: Registry) -> Verification:
    """Compare, set changed files aside, build the catalogue without them, and raise an alert for each table that lost a
    night."""
    tables = sorted(registry.datasets)
    known = [seal for table in tables for seal in seals.named(deployment, table).values()]
    changed = publish.set_aside_changed(deployment, tables, full=True)
    if changed:
        publish.rebuild_catalogue(deployment, registry)
    lost = publish.lost_nights(deployment, tables)
    for table, nights in lost.items():
        reason = (
            f"核对发现已发布的文件缺失、损坏或内容被改动。重新运行即可重做：{publish.rerun(deployment, table, nights)}"
        )
        contract = registry.datasets[table]
        alerts.raise_alert(
            deployment,
            alerts.Alert(
                kind="damaged",
                time=alerts.now(),
                dataset=table,
                title=contract.title,
                owner=contract.owner,
                date=nights[-1].isoformat(),
                stage="核对",
                reasons=(reason,),
            ),
        )
    commands = tuple(publish.rerun(deployment, table, nights) for table, nights in lost.items())
    return Verification(
        sum(seal is not None for seal in known), sum(seal is None for seal in known), tuple(changed), commands
    )
