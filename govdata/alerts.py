"""Alerts: what a person on duty must know, as files under ``data/reports/alerts`` and, where configured, sent to a webhook.

An alert holds Chinese sentences and figures, never a record's value. Raising one never raises an error of its own: the night
must not fail because nobody could be told, so a problem with the webhook is only written into the alert itself.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from govdata.batches import Manifest
from govdata.deployment import Deployment

WEBHOOK = "GOVDATA_ALERT_WEBHOOK"
"""Environment variable: an http(s) address that receives each alert as JSON by POST. Unset: files only."""

WEBHOOK_TIMEOUT_SECONDS = 5

Kind = Literal["blocked", "check_failed", "error", "run_failed", "damaged"]

KINDS: dict[str, str] = {
    "blocked": "数据集被阻断",
    "check_failed": "发布前检查未通过",
    "error": "程序出错",
    "run_failed": "运行中断",
    "damaged": "已发布或数据湖中的文件缺失或损坏",
}

_SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class Alert(Manifest):
    """``stage`` is the step that stopped; ``dataset`` and ``date`` are None where a whole run died. ``reasons`` are Chinese sentences."""

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
    return datetime.now(UTC).astimezone(_SHANGHAI)


def raise_alert(deployment: Deployment, alert: Alert) -> Path | None:
    """Write ``alert`` as JSON and as a Markdown page, and post it where a webhook is configured.

    Returns the JSON file's path, or None where the disk refused it: an alert never stops the work it reports on.
    """
    alert = alert.model_copy(update={"webhook": _post(alert)})
    stem = "-".join([alert.time.strftime("%Y%m%dT%H%M%S%f"), alert.dataset or "run", alert.date or "all"])
    path = deployment.alerts / f"{stem}.json"
    try:
        alert.write(path)
        path.with_suffix(".md").write_text(_page(alert), encoding="utf-8")
    except OSError:
        return None
    return path


def alerts(deployment: Deployment) -> Iterator[Alert]:
    """Every alert that is kept, oldest first; a damaged file is passed over."""
    for path in sorted(deployment.alerts.glob("*.json")):
        try:
            yield Alert.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue


def _page(alert: Alert) -> str:
    subject = f"{alert.title or alert.dataset}（{alert.dataset}）" if alert.dataset else "整次运行"
    lines = [f"# {KINDS[alert.kind]}：{subject}", ""]
    facts = {
        "时间": alert.time.strftime("%Y-%m-%d %H:%M:%S"),
        "交付日期": alert.date,
        "责任部门": alert.owner,
        "环节": alert.stage,
        "运行编号": alert.run_id,
        "通知": alert.webhook,
    }
    lines += [f"- {name}：{value}" for name, value in facts.items() if value]
    lines += ["", "## 原因", "", *(f"- {line}" for reason in alert.reasons for line in reason.splitlines() if line.strip())]
    return "\n".join(lines) + "\n"


def _post(alert: Alert) -> str | None:
    """What became of the webhook, in Chinese, or None where there is none."""
    address = os.environ.get(WEBHOOK, "").strip()
    if not address:
        return None
    if not address.startswith(("http://", "https://")):
        return "通知地址不是 http(s) 地址，未发送"
    body = json.dumps(json.loads(alert.model_dump_json(exclude_none=True)), ensure_ascii=False).encode()
    request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json; charset=utf-8"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT_SECONDS) as answer:
            return f"已发送（HTTP {answer.status}）"
    except Exception as error:  # whatever a foreign server does must not reach the night
        return f"发送失败（{type(error).__name__}）"
