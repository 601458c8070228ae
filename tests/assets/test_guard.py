"""A stage that stops: what Dagster is told, what the person on duty is told, and what nobody must be told."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from datetime import date as Date
from pathlib import Path
from uuid import uuid4

import pytest
from dagster import AssetKey, AssetObservation, DagsterInstance, Failure, job, op

from govdata.assets.guard import guarded
from govdata.deployment import Deployment
from govdata.errors import DeliveryError, GateBlocked, GovdataError, Problem, Waiting
from govdata.operations import alerts, interruption, outcomes
from govdata.storage import files
from tests.assets.tiny import tiny_dataset

SECRET = "190101199001019999"
NIGHT = Date(2026, 11, 20)


def stop(tmp_path: Path, error: BaseException) -> Failure:
    with pytest.raises(Failure) as caught, guarded(Deployment(tmp_path), tiny_dataset("alpha"), NIGHT, "raw", "run-1"):
        raise error
    return caught.value


def test_a_users_error_keeps_its_chinese_text_and_blocks(tmp_path: Path) -> None:
    failure = stop(tmp_path, DeliveryError("交付不能接收", [Problem("a.csv", "空文件")]))
    assert failure.description is not None and "空文件" in failure.description
    made = outcomes.read(Deployment(tmp_path), "alpha", NIGHT, "raw")
    assert made is not None and (made.outcome, made.run_id, made.reasons) == (
        "blocked",
        "run-1",
        (failure.description,),
    )
    (alert,) = alerts.alerts(Deployment(tmp_path))
    assert (alert.kind, alert.dataset, alert.date, alert.owner) == ("blocked", "alpha", "2026-11-20", "市测试局")
    page = next((tmp_path / "data/reports/alerts").glob("*.md")).read_text(encoding="utf-8")
    assert "数据集被阻断" in page and "a.csv：空文件" in page and "市测试局" in page


def test_waiting_for_an_earlier_date_is_a_refusal_that_says_so(tmp_path: Path) -> None:
    for error, waiting in ((Waiting, True), (GateBlocked, False)):
        stop(tmp_path, error("alpha", "2026-11-20", ["先处理 2026-11-19"]))
        made = outcomes.read(Deployment(tmp_path), "alpha", NIGHT, "raw")
        assert made is not None and (made.outcome, made.waiting) == ("blocked", waiting)


def test_of_an_unexpected_error_only_the_type_and_the_places_are_told(tmp_path: Path) -> None:
    failure = stop(tmp_path, ValueError(f"Could not convert string '{SECRET}'"))
    made = outcomes.read(Deployment(tmp_path), "alpha", NIGHT, "raw")
    assert made is not None and made.outcome == "error"
    assert "ValueError" in (failure.description or "") and "test_guard.py" in str(failure.metadata["调用位置"].value)
    told = (
        str(failure.description)
        + str(failure.metadata)
        + "".join(p.read_text() for p in (tmp_path / "data/reports/alerts").iterdir())
    )
    assert SECRET not in told


@pytest.mark.parametrize("kind", [SystemExit, type("PanicException", (BaseException,), {}), MemoryError])
def test_neither_a_panic_nor_an_exit_gets_its_text_through(tmp_path: Path, kind: type[BaseException]) -> None:
    failure = stop(tmp_path, kind(f"it is inside {SECRET}"))
    assert kind.__name__ in (failure.description or "") and SECRET not in str(failure.description) + str(
        failure.metadata
    )
    assert failure.__suppress_context__ and [alert.kind for alert in alerts.alerts(Deployment(tmp_path))] == ["error"]


def test_a_stage_says_what_became_of_it_and_a_dead_one_says_nothing(tmp_path: Path) -> None:
    home, seen = Deployment(tmp_path), list[AssetObservation]()
    with guarded(home, tiny_dataset("alpha"), NIGHT, "raw", "run-1", seen.append) as work:
        work.counts = {"交付": 7}
    made = outcomes.read(home, "alpha", NIGHT, "raw", "run-1")
    assert made is not None and (made.outcome, made.reasons, made.counts) == ("done", (), {"交付": 7})
    assert (
        outcomes.read(home, "alpha", NIGHT, "raw", "run-2") is None
        and outcomes.read(home, "alpha", NIGHT, "checked") is None
    )
    home.outcome("alpha", NIGHT, "raw").write_text("{")
    assert outcomes.read(home, "alpha", NIGHT, "raw") is None and not seen and not list(alerts.alerts(home))


def test_what_finds_no_place_on_the_disk_is_still_told_by_this_process(tmp_path: Path) -> None:
    home = Deployment(tmp_path)
    home.published.parent.mkdir(parents=True)
    home.published.write_text("no folder")
    with pytest.raises(Failure), guarded(home, tiny_dataset("alpha"), NIGHT, "raw", "run-1"):
        raise OSError(errno.ENOSPC, "no space")
    made = outcomes.read(home, "alpha", NIGHT, "raw", "run-1")
    assert made is not None and made.outcome == "error" and "磁盘已满" in made.reasons[0]


def test_a_refusal_stands_on_the_assets_of_this_dataset_and_date(tmp_path: Path) -> None:
    seen: list[AssetObservation] = []
    with guarded(Deployment(tmp_path), tiny_dataset("alpha"), NIGHT, "checked", "run-1", seen.append) as work:
        work.block(("列不齐", "量不对"))
    with pytest.raises(Failure, match="列不齐；量不对"):
        work.stop()
    assert [told.asset_key for told in seen] == [AssetKey(["alpha", "standardized"]), AssetKey(["alpha", "published"])]
    for told in seen:
        assert (
            told.partition == "2026-11-20" and told.description == "2026-11-20 在“检查”被阻断：\n\n- 列不齐\n- 量不对"
        )
        assert {name: value.value for name, value in told.metadata.items()} == {
            "结果": "被阻断",
            "环节": "检查",
            "交付日期": "2026-11-20",
            "原因": "列不齐；量不对",
            "查询": "SELECT * FROM governance.reconciliation WHERE dataset = 'alpha' AND date = DATE '2026-11-20'",
        }


def test_a_delivered_name_is_no_markdown_in_what_the_interface_shows(tmp_path: Path) -> None:
    seen: list[AssetObservation] = []
    with (
        pytest.raises(Failure),
        guarded(Deployment(tmp_path), tiny_dataset("alpha"), NIGHT, "raw", "run-1", seen.append),
    ):
        raise DeliveryError("交付不能接收", [Problem("![x](http://evil.example/a.png).csv", "空文件")])
    assert [told.asset_key.path[-1] for told in seen] == ["raw", "published"]
    for told in seen:
        assert "空文件" in str(told.description) and r"!\[x\](" in str(told.description)


def test_an_interruption_stays_one(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), guarded(Deployment(tmp_path), tiny_dataset("alpha"), NIGHT, "raw", "run-1"):
        raise KeyboardInterrupt
    assert not list(alerts.alerts(Deployment(tmp_path)))


def test_dagsters_event_log_does_not_get_the_original_error(tmp_path: Path) -> None:
    @op
    def leaky() -> None:
        try:
            raise KeyError(SECRET)
        except KeyError as inner:
            with guarded(Deployment(tmp_path), tiny_dataset("alpha"), NIGHT, "raw", "run-1"):
                raise ValueError(SECRET) from inner

    @job
    def night() -> None:
        leaky()

    run_id = str(uuid4())
    (tmp_path / "dagster").mkdir()
    with DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        result = night.execute_in_process(instance=instance, raise_on_error=False, run_id=run_id)
        assert not result.success
        kept = " ".join(str(record.event_log_entry) for record in instance.get_records_for_run(run_id).records)
    assert "ValueError" in kept
    assert SECRET not in kept
    stored = b"".join(path.read_bytes() for path in (tmp_path / "dagster").rglob("*") if path.is_file())
    assert b"ValueError" in stored and SECRET.encode() not in stored


def test_an_alert_survives_a_dead_webhook_and_a_disk_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(alerts.WEBHOOK, "http://127.0.0.1:9/none")
    alert = alerts.Alert(kind="blocked", time=alerts.now(), dataset="alpha", date="2026-11-20", reasons=("原因",))
    path = alerts.raise_alert(Deployment(tmp_path), alert)
    assert path is not None and "发送失败" in json.loads(path.read_text(encoding="utf-8"))["webhook"]
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(alerts, "unwritten", [])
    assert alerts.raise_alert(Deployment(tmp_path / "file"), alert) is None and alerts.unwritten == [alert]


def test_the_webhook_gets_the_alert_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    received: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.handle_request)
    thread.start()
    monkeypatch.setenv(alerts.WEBHOOK, f"http://127.0.0.1:{server.server_port}/")
    alerts.raise_alert(
        Deployment(tmp_path),
        alerts.Alert(kind="check_failed", time=alerts.now(), dataset="alpha", reasons=("对账不平",)),
    )
    thread.join(timeout=5)
    server.server_close()
    assert received[0]["dataset"] == "alpha" and received[0]["reasons"] == ["对账不平"]


@pytest.mark.parametrize(
    "address", ["ftp://h/", "https://", "http://h:x/", "http://[::1/", "http://h/a b", "h:80/x", "http://主机/"]
)
def test_a_malformed_address_is_told_at_the_start_and_loses_no_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(alerts.WEBHOOK, address)
    with pytest.raises(GovdataError, match=alerts.WEBHOOK):
        alerts.webhook()
    alert = alerts.Alert(kind="blocked", time=alerts.now(), dataset="alpha", reasons=("原因",))
    path = alerts.raise_alert(Deployment(tmp_path), alert)
    assert path is not None and "未发送" in path.with_suffix(".md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("answer", "said"), [(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", "HTTP 302"), (None, "秒内没有答复")]
)
def test_a_redirect_is_not_sent_and_a_slow_server_does_not_hold_the_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | None, said: str
) -> None:
    """The slow one sends a byte of its headers often enough that no single read is late."""
    import socket
    import time
    from contextlib import suppress
    from threading import Thread

    def serve() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            if answer is not None:
                connection.sendall(answer)
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                for _ in range(60):
                    connection.sendall(b"a")
                    time.sleep(0.1)

    monkeypatch.setattr(alerts, "WEBHOOK_TIMEOUT_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv(alerts.WEBHOOK, f"http://127.0.0.1:{server.getsockname()[1]}/")
        Thread(target=serve, daemon=True).start()
        begun = time.monotonic()
        path = alerts.raise_alert(
            Deployment(tmp_path), alerts.Alert(kind="blocked", time=alerts.now(), reasons=("原因",))
        )
        assert path is not None and said in path.read_text(encoding="utf-8")
        assert time.monotonic() - begun < 4


def test_waiting_for_another_process_may_be_ended(tmp_path: Path) -> None:
    """A night that waits for somebody's work on the same dataset ends when it is asked to, and nobody is told of a
    fault."""
    home, dataset = Deployment(tmp_path), tiny_dataset("alpha")

    def work() -> None:
        with guarded(home, dataset, NIGHT, "raw", "run-1"):
            raise AssertionError("the lock is held")

    begun = time.monotonic()
    with files.locked(home.stage_lock("alpha")):
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(KeyboardInterrupt):
            interruption.watched(work, lambda number: None, lambda number: None)
    assert time.monotonic() - begun < 5
    assert not list(alerts.alerts(home))
