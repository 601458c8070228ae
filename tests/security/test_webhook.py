"""The other side of the webhook may be anybody's: whatever it answers, the alert stands in its file and the night goes
on."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.operations import alerts

ENDLESS = b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n"
ANSWERS = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "a header without an end": ENDLESS,
    "ten thousand headers": b"HTTP/1.1 503 No\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
    "a status that is none": b"HTTP/1.1 abc \r\n\r\n",
    "escape sequences": b"HTTP/1.1 500 \x1b]0;x\x07\x1b[2J\r\n\r\n",
    "a page that claims to be huge": b"HTTP/1.1 500 E\r\nContent-Length: 99999999999\r\n\r\n",
    "a redirect to a file": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
    "a redirect to inside": b"HTTP/1.1 307 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
    "a demand for a password": b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n',
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "only continues": b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
}


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A server that gives the last of these answers to whoever asks."""
    answers: list[bytes] = []

    def serve() -> None:
        while True:
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(2)
                    connection.recv(65536)
                    connection.sendall(answers[-1])
            if server.fileno() < 0:
                return

    monkeypatch.setattr(alerts, "_unanswered", 0)
    monkeypatch.setattr(alerts, "WEBHOOK_TIMEOUT_SECONDS", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv(alerts.WEBHOOK, f"http://127.0.0.1:{server.getsockname()[1]}/")
        Thread(target=serve, daemon=True).start()
        yield answers


def raised(tmp_path: Path) -> tuple[str, str]:
    """What the file says of the webhook, and the page."""
    path = alerts.raise_alert(Deployment(tmp_path), alerts.Alert(kind="blocked", time=alerts.now(), reasons=("原因",)))
    assert path is not None
    return json.loads(path.read_text(encoding="utf-8"))["webhook"], path.with_suffix(".md").read_text(encoding="utf-8")


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
def test_whatever_is_answered_the_alert_is_kept_and_told_as_not_sent(
    tmp_path: Path, address: list[bytes], answer: bytes
) -> None:
    address.append(answer)
    begun = time.monotonic()

    said, page = raised(tmp_path)

    assert time.monotonic() - begun < 5
    assert said.startswith("发送失败"), said
    assert "\x1b" not in said + page and "passwd" not in said + page and "原因" in page


def test_somebody_who_is_not_there_holds_up_a_few_alerts_and_not_two_hundred(
    tmp_path: Path, address: list[bytes]
) -> None:
    address.append(b"")
    told = [raised(tmp_path / str(number))[0] for number in range(6)]

    assert all(said.startswith("发送失败") for said in told[: alerts.MOST_UNANSWERED])
    assert told[alerts.MOST_UNANSWERED :] == ["前 3 次没有送达，本次运行不再发送"] * 3


def test_one_that_arrives_begins_the_count_anew(tmp_path: Path, address: list[bytes]) -> None:
    for number, answer in enumerate(
        [b"", b"", b"HTTP/1.1 204 No Content\r\n\r\n", b"", b"", b"HTTP/1.1 200 OK\r\n\r\n"]
    ):
        address.append(answer)
        said = raised(tmp_path / str(number))[0]
        assert said.startswith("已发送" if answer else "发送失败")


@pytest.mark.parametrize(
    "wrong",
    [
        "http://例子.中国/",
        "http://a b/",
        "http://host:0/",
        "http://host:99999/",
        "http://[::1/",
        "https:///x",
        "ftp://host/",
        "file:///etc/passwd",
        "http://host/\r\nX: y",
        "gopher://host",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_none_is_told_at_the_start_without_showing_it(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(alerts.WEBHOOK, wrong)

    with pytest.raises(GovdataError) as refused:
        alerts.webhook()

    assert wrong not in str(refused.value)


def test_a_name_and_password_in_the_address_are_sent_and_never_told(
    tmp_path: Path, address: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    address.append(b"HTTP/1.1 200 OK\r\n\r\n")
    monkeypatch.setenv(alerts.WEBHOOK, alerts.webhook().replace("http://", "http://govdata:secret@"))  # type: ignore[union-attr]

    said, page = raised(tmp_path)

    assert said == "已发送（HTTP 200）" and "secret" not in said + page


@pytest.mark.parametrize("right", ["http://[::1]:8080/x", "https://user:secret@host/x", "HTTP://HOST/a?b=c#d"])
def test_unusual_addresses_are_addresses(right: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(alerts.WEBHOOK, right)

    assert alerts.webhook() == right
