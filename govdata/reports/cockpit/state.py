"""Whether a cockpit's page is complete and fresh, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date
from datetime import datetime, timedelta

from govdata.deployment import NIGHT
from govdata.reports.cockpit.reading import Told
from govdata.reports.cockpit.words import Say, word
from govdata.standards.model import Registry

STOPPED = ("blocked", "refused", "error")
OUTCOME = {"error": ("出错", "in error")}


def reasons(told: Told, registry: Registry, today: Date, say: Say) -> list[str]:
    """Why the page is red; none: it is complete and fresh."""
    found = []
    age = (today - told.asked.date).days
    if told.is_newest and age > 1:
        found.append(
            say(
                f"最近评过分的是 {told.asked.date}，已过 {age} 天：之后的夜间运行没有完成，或没有任何交付",
                f"The newest scored date is {told.asked.date}, {age} days ago: no night since has finished, or "
                f"nothing came",
            )
        )
    for row in told.city["standing"]:
        known = registry.datasets.get(row["dataset"])
        title = known.title if known else row["dataset"]
        if row["due"] == "missing":
            found.append(say(f"{title}：缺应有的交付", f"{title}: the delivery due is missing"))
        if row["outcome"] in STOPPED:
            outcome = say(*OUTCOME[row["outcome"]]) if row["outcome"] in OUTCOME else word(row["outcome"], say)
            why = f"（{row['reason']}）" if row["reason"] else ""
            found.append(
                say(
                    f"{title}：今晚的交付{outcome}{why}",
                    f"{title}: tonight's delivery {outcome.lower()} {why}".rstrip(),
                )
            )
        if row["published"] is None:
            found.append(say(f"{title}：从未发布", f"{title}: never published"))
        elif not row["whole"]:
            found.append(say(f"{title}：已发布或留存的文件缺失或损坏", f"{title}: files missing or damaged"))
    return [*found, *_nights(told, say)]


def _nights(told: Told, say: Say) -> Iterator[str]:
    """What the deliveries alone do not tell: stages of the city that stopped, deliveries that nobody read."""
    delivered = {row["dataset"] for row in told.city["standing"]}
    for row in told.city.get("stopped", ()):
        if row["date"] == told.asked.date and row["dataset"] not in delivered:
            stage, outcome = (word(row[name], say) for name in ("stage_name", "outcome"))
            yield say(f"今晚的“{stage}”{outcome}（{row['reason']}）", f"Tonight's {stage}: {outcome} ({row['reason']})")
    for row in told.city.get("nights", ()):
        if row["unread"]:
            yield say(
                f"{row['date']} 有 {row['unread']} 份交付没有读：那一夜没有运行或没有走完",
                f"{row['date']}: {row['unread']} deliveries were not read; the night did not run or finish",
            )


def stale_after(date: Date) -> datetime:
    """When the next date's page should have taken this one's place, Beijing time: the night after the next day began,
    and some hours to work."""
    return datetime.combine(date + timedelta(days=2), NIGHT) + timedelta(hours=6)
