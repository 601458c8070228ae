"""The closing table: sums over the dates, the newest published count, blocked datasets with their reasons."""

from __future__ import annotations

import re
import shlex
from datetime import date as Date
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from govdata.batches import IngestedFile, RawBatch, Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.night import DatasetNight, summary
from govdata.operations import alerts
from govdata.publish.catalogue import Contents, DamagedNight
from govdata.standards.model import DeliveryMode, Unique
from tests.assets.tiny import tiny_registry

ONE, TWO = Date(2026, 11, 19), Date(2026, 11, 20)


def batch(date: Date, clean: int) -> StandardizedBatch:
    return StandardizedBatch(
        dataset="alpha",
        date=date,
        batch_id="b",
        raw_batch_id="r",
        standards_hash="0",
        mode="snapshot",
        clean_files=(),
        quarantine_files=(),
        duplicate_files=(),
        delivered=clean + 6,
        rejected=1,
        duplicates=2,
        quarantined=3,
        clean=clean,
        rule_failures={"id.required": 3, "id.format": 0},
        repaired_cells={"id": 1500},
        ledger_sql="",
    )


def snapshot(date: Date, rows: int) -> Snapshot:
    return Snapshot(
        table="alpha",
        date=date,
        snapshot_id="s",
        batch_id="b",
        base_snapshot_id=None,
        standards_hash="0",
        files=(),
        rows=rows,
    )


NIGHTS = [
    DatasetNight("alpha", ONE, "published", batch=batch(ONE, 10), snapshot=snapshot(ONE, 10)),
    DatasetNight("beta", ONE, "nothing"),
    DatasetNight("alpha", TWO, "published", batch=batch(TWO, 5), snapshot=snapshot(TWO, 14)),
    DatasetNight("beta", TWO, "blocked", stage="raw", reasons=("交付不能接收\n  - a[1].csv：空文件",)),
    DatasetNight("catalogue", TWO, "error", stage="governance", reasons=("这些视图打不开：x.y",)),
]


def test_totals_are_sums_and_published_is_the_newest() -> None:
    total = summary.totals(NIGHTS)["alpha"]
    assert (total.delivered, total.rejected, total.duplicates, total.quarantined, total.clean) == (27, 2, 4, 6, 15)
    assert (total.published, total.repaired, total.failures["id.required"]) == (14, 3000, 6)
    assert "catalogue" not in summary.totals(NIGHTS)


def test_it_says_what_was_left_aside_and_what_is_damaged(tmp_path: Path) -> None:
    source = IngestedFile(
        name="a.xlsx", format="xlsx", delivered=9, raw=7, rejected=2, unknown_columns=("备注",), missing_columns=("id",)
    )
    unread = IngestedFile(name="a.xlsx", sheet="说明", format="xlsx", delivered=0, raw=0, rejected=0, note="没有表头")
    raw = RawBatch(
        dataset="alpha",
        date=ONE,
        batch_id="r",
        delivery_fingerprint="f",
        standards_hash="0",
        mode="snapshot",
        files=(),
        rejected_files=(),
        sources=(source, unread),
        columns=("id",),
    )
    deployment = Deployment(tmp_path)
    Contents(files=(), damaged=(DamagedNight(dataset="alpha", date=ONE, files=("x",)),)).write(
        Contents.path(deployment)
    )
    out = StringIO()
    nights = [
        DatasetNight("alpha", date, "published", raw=raw, batch=batch(date, 10), snapshot=snapshot(date, 10))
        for date in (ONE, TWO)
    ]
    summary.show(Console(file=out, width=160), nights, tiny_registry("alpha"), deployment)
    text = out.getvalue()
    assert (
        "测试表alpha 2026-11-19 等 2 期：拒收 2 条" in text
        and "没有发布：备注" in text
        and "没有交付的列：编号" in text
    )
    assert "a.xlsx#说明（没有表头）" in text and "run --date 2026-11-19 --dataset alpha" in text


def test_it_says_that_an_alert_was_written_only_where_one_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Deployment(tmp_path)
    for name in ("written_alerts", "unwritten"):
        monkeypatch.setattr(alerts, name, [])

    def shown() -> str:
        out = StringIO()
        summary.show(Console(file=out, width=80), NIGHTS, tiny_registry("alpha", "beta"), deployment)
        return out.getvalue()

    assert "告警" not in shown()
    alerts.raise_alert(deployment, alerts.Alert(kind="error", time=alerts.now(), reasons=("原因",)))
    assert "告警已写入 data/reports/alerts" in shown()
    deployment.alerts.rename(tmp_path / "elsewhere")
    deployment.alerts.write_text("", encoding="utf-8")
    alerts.raise_alert(deployment, alerts.Alert(kind="error", time=alerts.now(), reasons=("原因",)))
    assert "告警没有写入" in shown() and "告警已写入" not in shown()


def test_deliveries_in_the_wrong_place_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "landing" / "alpha" / "20261120"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("1", encoding="utf-8")
    out = StringIO()

    summary.show(Console(file=out, width=80), NIGHTS, tiny_registry("alpha", "beta"), Deployment(tmp_path))

    assert "landing/alpha/20261120 不是日期，是否为 2026-11-20" in out.getvalue()


def printed(width: int, nights: list[DatasetNight], home: Path) -> str:
    out = StringIO()
    summary.show(Console(file=out, width=width), nights, tiny_registry("alpha", "beta"), Deployment(home))
    return out.getvalue()


def test_an_empty_delivery_folder_is_one_line(tmp_path: Path) -> None:
    Deployment(tmp_path).delivery("beta", ONE).mkdir(parents=True)
    text = printed(80, [DatasetNight("beta", ONE, "nothing"), DatasetNight("beta", TWO, "nothing")], tmp_path)
    assert f"没有文件，按没有交付处理：landing/beta/{ONE}\n" in text


@pytest.mark.parametrize("width", [60, 80, 160])
def test_it_reads_well_on_narrow_and_wide_terminals(tmp_path: Path, width: int) -> None:
    text = printed(width, NIGHTS, tmp_path)
    for figure in ("27", "2", "4", "6", "15", "14", "3,000"):
        assert re.search(rf"(^|\s){figure}(\s|$)", text, re.MULTILINE), figure
    assert "…" not in text and "a[1].csv：空文件" in text and "data/reports/alerts" not in text
    table = text[: text.index("“合格”")].splitlines()
    assert all(cell_len(line.rstrip()) <= width for line in table)
    assert ("交付  拒收" in text) == (width > 60), "a table where it fits, else a line for each dataset"


def test_it_says_what_became_of_each_and_why_right_below(tmp_path: Path) -> None:
    text = printed(80, NIGHTS, tmp_path)
    (alpha,) = (line for line in text.splitlines() if line.startswith("测试表alpha "))
    (beta,) = (line for line in text.splitlines() if line.startswith("测试表beta "))
    assert "已发布" in alpha and "已阻断" in beta and beta.split()[2:] == ["-"] * 7
    assert text.index("在“读入”被阻断") < text.index("不合格最多的")
    assert "没有交付" in printed(80, [DatasetNight("beta", ONE, "nothing")], tmp_path)
    both = [*NIGHTS, DatasetNight("alpha", TWO, "error", stage="raw", reasons=("原因",))]
    assert "出错 1，已发布 2" in printed(160, both, tmp_path)


def test_it_names_rules_by_their_messages(tmp_path: Path) -> None:
    rules = {rule.id: rule.message for rule in tiny_registry("alpha").rules("alpha")}
    text = printed(80, NIGHTS, tmp_path)
    assert f"{rules['id.required'].rstrip('。')} 6 行" in text and "id.required" not in text


def test_it_says_why_published_is_not_the_sum_of_the_nights(tmp_path: Path) -> None:
    assert "两者可以不同" in printed(80, NIGHTS, tmp_path)
    alike = [DatasetNight("alpha", ONE, "published", batch=batch(ONE, 10), snapshot=snapshot(ONE, 10))]
    assert "两者可以不同" not in printed(80, alike, tmp_path)


def test_its_commands_can_be_pasted_anywhere(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    lines = [line.partition("：")[2] for line in printed(60, NIGHTS, home).splitlines() if "GOVDATA_HOME=" in line]
    assert len(lines) == 3
    for line in lines:
        setting, program, *_ = shlex.split(line.partition("，")[0])
        assert setting == f"GOVDATA_HOME={home}" and Path(program).name == "govdata"
        assert program == "govdata" or Path(program).exists()


@pytest.mark.parametrize(("mode", "held", "told"), [("delta", 4, True), ("delta", 0, False), ("snapshot", 4, False)])
def test_keys_whose_old_value_stays_are_told(tmp_path: object, mode: str, held: int, told: bool) -> None:
    """Two rows of one key in a delta: neither is taken, and the reader of the table still sees the row of an earlier
    night."""
    registry = tiny_registry("alpha")
    (dataset,) = registry.datasets.values()
    rule = next(rule for rule in registry.rules("alpha") if rule.id == "id.required").model_copy(
        update={"id": "primary_key_unique", "spec": Unique(columns=("id",))}
    )
    delta = dataset.model_copy(update={"delivery": DeliveryMode(mode="delta", key=("id",))})
    registry = registry.model_copy(
        update={"datasets": {"alpha": delta}, "bound": {"alpha": (*registry.rules("alpha"), rule)}}
    )
    night = batch(ONE, 10).model_copy(update={"mode": mode, "rule_failures": {"primary_key_unique": held}})
    out = StringIO()
    nights = [DatasetNight("alpha", ONE, "published", batch=night, snapshot=snapshot(ONE, 10))]
    summary.show(Console(file=out, width=160), nights, registry, Deployment.from_env(str(tmp_path)))
    assert (f"{ONE}：{held} 行同键而内容不同" in out.getvalue()) is told


def test_it_does_not_say_that_an_alert_was_written_which_was_not(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = alerts.Alert(kind="blocked", time=alerts.now(), dataset="beta", reasons=("原因",))
    monkeypatch.setattr(alerts, "unwritten", [lost])
    out = StringIO()
    summary.show(
        Console(file=out, width=160), NIGHTS, tiny_registry("alpha", "beta"), Deployment.from_env(str(tmp_path))
    )
    assert (
        "告警已写入" not in out.getvalue() and "告警没有写入" in out.getvalue() and "a[1].csv：空文件" in out.getvalue()
    )
