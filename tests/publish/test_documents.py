"""Old documents go, what nobody can make again stays."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

from govdata.deployment import Deployment
from govdata.publish import documents

STAY = (
    "workorders/公安/2026-11-20-问题数据工单.xlsx",
    "workorders/公安/回执/2020-01-01 0123456789ab.txt",
    "workorders/公安/说明.txt",
    "workorders/卫健/2019-05-05-问题数据工单.xlsx",  # the newest of its department
    "workorders/卫健/2019-05-05-GD-1-其余条目.csv",
    "workorders/_events/events.jsonl",
    "workorders/_events/2020-01-01-evidence.parquet",
    "workorders/inbox/2020-01-01-问题数据工单.xlsx",
    "workorders/inbox/已收/2020-01-01-问题数据工单.xlsx",
    "reports/2026-11-20/公安/报告.docx",
    "reports/alerts/20200101T000000000000-people-all.json",
    "reports/alerts/notices/20261120T000000000000-found-all.json",
    "reports/cockpit.html",
)
GO = (
    "workorders/公安/2020-01-01-问题数据工单.xlsx",
    "workorders/公安/2020-01-01-GD-1-其余条目.csv",
    "reports/2020-01-01/公安/报告.docx",
    "reports/alerts/notices/20200101T000000000000-found-all.json",
    "reports/alerts/notices/20200101T000000000000-found-all.md",
)


def test_old_workbooks_reports_and_notices_go_and_receipts_and_the_log_stay(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    for name in (*STAY, *GO):
        path = deployment.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("…", encoding="utf-8")
    assert documents.prune(deployment, Date(2025, 11, 20)) == len(GO)
    left = {path.relative_to(deployment.data).as_posix() for path in deployment.data.rglob("*") if path.is_file()}
    assert left == set(STAY)
    assert documents.prune(deployment, Date(2025, 11, 20)) == 0
