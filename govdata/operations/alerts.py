"""Alerts: what a person on duty must know, as files under ``data/reports/alerts`` and, where configured, sent to a
webhook.

An alert holds Chinese sentences and figures, never a record's value. Raising one never raises an error of its own: the
night must not fail because nobody could be told, so a problem with the webhook is only written into the alert itself.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from govdata.deployment import SHANGHAI, Deployment
from govdata.errors import GovdataError
from govdata.escaping import markdown, visible
from govdata.storage.manifest import Manifest

WEBHOOK = "GOVDATA_ALERT_WEBHOOK"
"""Environment variable: an http(s) address that receives each alert as JSON by POST. Unset: files only."""

WEBHOOK_TIMEOUT_SECONDS = 5.0
"""For the whole exchange, however slowly the other side answers."""

MOST_UNANSWERED = 3
"""After so many alerts in a row that did not arrive this process sends no more: two hundred blocked datasets would wait
a quarter of an hour for somebody who is not there."""

SENT = "已发送"

_unanswered = 0

Kind = Literal["blocked", "check_failed", "error", "run_failed", "damaged", "found", "resolved"]

KINDS: dict[str, str] = {
    "blocked": "数据集被阻断",
    "check_failed": "发布前检查未通过",
    "error": "程序出错",
    "run_failed": "运行中断",
    "damaged": "已发布或数据湖中的文件缺失或损坏",
    "found": "发现数据问题",
    "resolved": "数据问题已解决",
}
NOTICES = ("found", "resolved")
"""Kinds that tell of data and not of a fault of the night; they stand in a folder of their own."""


class Alert(Manifest):
    """``stage`` is the step that stopped; ``dataset`` and ``date`` are None where a whole run died. ``reasons`` are
    Chinese sentences."""

    kind: Kind
    time: datetime
    dataset: str | None = None
    title: str | None = None
    owner: str | None = None
    date: str | None = None
    stage: str | None = None
    run_id: str | None = None
    reasons: tuple[str, ...] = ()
    webhook: str | None = None


def now() -> datetime:
    return datetime.now(SHANGHAI)


def raise_alert(deployment: Deployment, alert: Alert) -> Path | None:
    """Write ``alert`` as JSON and as a Markdown page, then post it where a webhook is configured and note what became
    of that.

    Returns the JSON file's path, or None where the disk refused it: an alert never stops the work it reports on. It
    then stands in ``unwritten``, for whoever can still tell a person.
    """
    alert = alert.model_copy(update={"reasons": tuple(visible(reason, keep="\n") for reason in alert.reasons)})
    about = alert.kind if alert.kind in NOTICES else alert.dataset or "run"
    stem = "-".join([alert.time.strftime("%Y%m%dT%H%M%S%f"), about, alert.date or "all"])
    path = (deployment.notices if alert.kind in NOTICES else deployment.alerts) / f"{stem}.json"
    written = _write(alert, path)
    (written_alerts if written else unwritten).append(alert)
    sent = _post(alert)
    if written and sent is not None:
        _write(alert.model_copy(update={"webhook": sent}), path)
    return path if written else None


written_alerts: list[Alert] = []
"""Alerts of this process that stand in the folder."""

unwritten: list[Alert] = []
"""Alerts of this process that found no place on the disk."""


def _write(alert: Alert, path: Path) -> bool:
    try:
        alert.write(path)
        path.with_suffix(".md").write_text(_page(alert), encoding="utf-8")
    except OSError:
        return False
    return True


def alerts(deployment: Deployment) -> Iterator[Alert]:
    """Every alert of a fault that is kept, oldest first; a damaged file is passed over."""
    yield from _kept(deployment.alerts)


def notices(deployment: Deployment) -> Iterator[Alert]:
    """As ``alerts``, of problems found in the data, and solved."""
    yield from _kept(deployment.notices)


def _kept(folder: Path) -> Iterator[Alert]:
    for path in sorted(folder.glob("*.json")):
        try:
            yield Alert.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue


def _page(alert: Alert) -> str:
    subject = f"{alert.title or alert.dataset}（{alert.dataset}）" if alert.dataset else alert.owner or "整次运行"
    lines = [f"# {KINDS[alert.kind]}：{markdown(subject)}", ""]
    facts = {
        "时间": alert.time.strftime("%Y-%m-%d %H:%M:%S"),
        "交付日期": alert.date,
        "责任部门": alert.owner,
        "环节": alert.stage,
        "运行编号": alert.run_id,
        "通知": alert.webhook,
    }
    lines += [f"- {name}：{markdown(value)}" for name, value in facts.items() if value]
    heading = "## 问题" if alert.kind in NOTICES else "## 原因"
    lines += ["", heading, "", itemised(alert.reasons)]
    return "\n".join(lines) + "\n"


def itemised(reasons: Iterable[str]) -> str:
    """Reasons as a Markdown list in which nothing but the list is Markdown: they may name delivered files."""
    return "\n".join(_item(line) for reason in reasons for line in reason.split("\n") if line.strip())


def _item(line: str) -> str:
    """The lines of several problems stand below their heading (``ProblemsError``)."""
    text = line.removeprefix("  - ")
    return f"{'' if text == line else '  '}- {markdown(text)}"


def webhook() -> str | None:
    """The configured address, or None where there is none. Raises ``GovdataError`` where it is no http(s) address; the
    address itself, which may hold a password, is not told."""
    address = os.environ.get(WEBHOOK, "").strip()
    if not address:
        return None
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        good = good and address.isascii() and address.isprintable() and " " not in address
    except ValueError:  # a port or an IPv6 address that is none
        good = False
    if not good:
        raise GovdataError(f"环境变量 {WEBHOOK} 不是 http(s) 地址（应如 https://主机:端口/路径，非英文字符须转义）")
    return address


def _post(alert: Alert) -> str | None:
    """What became of the webhook, in Chinese, or None where there is none."""
    try:
        address = webhook()
    except GovdataError:
        return "通知地址不是 http(s) 地址，未发送"
    if address is None:
        return None
    global _unanswered
    if _unanswered >= MOST_UNANSWERED:
        return f"前 {MOST_UNANSWERED} 次没有送达，本次运行不再发送"
    body = json.dumps(json.loads(alert.model_dump_json(exclude_none=True)), ensure_ascii=False).encode()
    outcome: list[str] = []
    # The library's time limit is for one read: a server that sends a byte a second would hold the night for ever.
    sending = threading.Thread(target=lambda: outcome.append(_send(address, body)), daemon=True)
    sending.start()
    sending.join(WEBHOOK_TIMEOUT_SECONDS)
    told = outcome[0] if outcome else f"发送失败（{WEBHOOK_TIMEOUT_SECONDS:g} 秒内没有答复）"
    _unanswered = 0 if told.startswith(SENT) else _unanswered + 1
    return told


def _send(address: str, body: bytes) -> str:
    """The answer's body is never read, and no redirect is followed: an address that points elsewhere has not taken the
    alert, and what it points at may be anybody's."""
    import httpx

    url = httpx.URL(address)
    login = (url.username, url.password) if url.userinfo else None
    bare = url.copy_with(username=None, password=None)  # the library's own log tells the address
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        with (
            httpx.Client(
                headers=headers, auth=login, timeout=WEBHOOK_TIMEOUT_SECONDS, follow_redirects=False
            ) as client,
            client.stream("POST", bare, content=body) as answer,
        ):
            return f"{SENT if answer.is_success else '发送失败'}（HTTP {answer.status_code}）"
    except Exception as error:  # whatever a foreign server does must not reach the night
        return f"发送失败（{type(error).__name__}）"
