"""``governance.anomalies`` and ``stale_rules`` of one date: kept counts of the deliveries held against those before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata.deployment import Deployment
from govdata.governance import calendar_of
from govdata.publish import scorecard
from govdata.scoring import baselines
from govdata.scoring.baselines import IsWorking, Night
from govdata.scoring.causes import Cause, Names, causes
from govdata.standards.anomaly_settings import RARE_DAYS
from govdata.standards.model import Registry
from govdata.storage import files, sql
from govdata.storage.tables.anomalies import ANOMALIES, DISTRIBUTIONS, PROFILES

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Found:
    """``fresh``: owner → messages of what is new and was not told yet. ``causes`` there are at all, of how many
    datasets ``compared``; ``expired``: datasets whose baseline nobody has renewed."""

    fresh: Mapping[str, tuple[str, ...]]
    causes: int
    compared: int
    expired: tuple[str, ...]


def detect(registry: Registry, deployment: Deployment, date: Date) -> Found:
    """Judge the deliveries of ``date`` by those before, and keep what is unusual. Again gives the same."""
    fresh: dict[str, tuple[str, ...]] = {}
    counted, compared, expired = 0, 0, []
    calendar = calendar_of(registry)
    with sql.connection(deployment, "anomalies") as connection:
        for dataset in registry.delivered:
            if not files.is_sound(scorecard.path(deployment, PROFILES, date, dataset), PROFILES.columns):
                continue
            until = registry.anomalies.until_of(dataset)
            if until is not None and until < date:
                expired.append(dataset)
                continue
            nights = _nights(connection, registry, deployment, dataset, date)
            compared += 1
            made = _judged(registry, dataset, nights, calendar.is_working)
            lines = _lines(registry, deployment, dataset, date, made, nights)
            told = {line["message"] for line in _kept(deployment, dataset, date)}
            files.put_table(ANOMALIES.arrow(lines), scorecard.path(deployment, ANOMALIES, date, dataset))
            counted += len(made)
            owner = registry.anomalies.owner_of(dataset)
            new = tuple(line["message"] for line in lines if line["since"] == date and line["message"] not in told)
            fresh[owner] = (*fresh.get(owner, ()), *new)
    fresh = {owner: messages for owner, messages in fresh.items() if messages}
    return Found(fresh, counted, compared, tuple(expired))


def _judged(registry: Registry, dataset: str, nights: Sequence[Night], is_working: IsWorking) -> list[Cause]:
    settings, night = registry.anomalies, nights[-1]
    found = baselines.signals(
        night,
        nights[:-1],
        settings.sensitivity_of(dataset),
        is_working,
        yearly=registry.datasets[dataset].schedule.days > RARE_DAYS,
        least=settings.least,
    )
    ignored = settings.ignored(dataset)
    return causes([signal for signal in found if signal.column not in ignored], _names(registry, dataset, night.date))


def _names(registry: Registry, dataset: str, date: Date) -> Names:
    known = registry.datasets[dataset]
    division = registry.scoring.divisions.get(dataset)
    code_set = registry.element(dataset, division).code_set if division else None
    codes = registry.code_sets[code_set].codes if code_set else ()
    columns = {column.name: column.title for column in known.columns}
    return Names(known.title, date, columns, {code.code: code.name_zh for code in codes})


def _nights(
    connection: duckdb.DuckDBPyConnection, registry: Registry, deployment: Deployment, dataset: str, date: Date
) -> list[Night]:
    """The kept deliveries of the dataset up to ``date``, oldest first, of the mode of its last: a whole is compared
    with wholes, changes with changes."""
    last = scorecard.path(deployment, PROFILES, date, dataset)
    kept = sorted(path for path in last.parent.glob("*.parquet") if path.stem <= last.stem)
    kept = [path for path in kept if files.is_sound(path, PROFILES.columns)][-registry.anomalies.history - 1 :]
    shares = [scorecard.path(deployment, DISTRIBUTIONS, Date.fromisoformat(path.stem), dataset) for path in kept]
    shares = [path for path in shares if files.is_sound(path, DISTRIBUTIONS.columns)]
    counted = "date, mode, division, column_name, rows, filled, distinct_values"
    lines = connection.execute(f"SELECT {counted} FROM {sql.parquet(kept)} ORDER BY date").fetchall()
    buckets: dict[Date, dict[str, dict[str, int]]] = {}
    if shares:
        for day, column, bucket, rows in connection.execute(
            f"SELECT date, column_name, bucket, rows FROM {sql.parquet(shares)}"
        ).fetchall():
            buckets.setdefault(day, {}).setdefault(column, {})[bucket] = rows
    modes = {day: mode for day, mode, *_ in lines}
    by_date: dict[Date, list[tuple[Any, ...]]] = {}
    for day, mode, *line in lines:
        if mode == modes[date]:
            by_date.setdefault(day, []).append(tuple(line))
    return [_night(day, its_lines, buckets.get(day, {})) for day, its_lines in by_date.items()]


def _night(day: Date, lines: Sequence[tuple[Any, ...]], buckets: dict[str, dict[str, int]]) -> Night:
    whole = [line for line in lines if line[0] is None]
    return Night(
        date=day,
        rows=next(rows for _, column, rows, *_ in whole if column is None),
        divisions={division: rows for division, column, rows, *_ in lines if division is not None and column is None},
        filled={column: filled for _, column, _, filled, _ in whole if column is not None},
        distinct={column: values for _, column, _, _, values in whole if column is not None},
        places={
            (division, column): filled
            for division, column, _, filled, _ in lines
            if division is not None and column is not None
        },
        buckets=buckets,
    )


def _lines(
    registry: Registry, deployment: Deployment, dataset: str, date: Date, made: Sequence[Cause], nights: Sequence[Night]
) -> list[dict[str, Any]]:
    earlier = _kept(deployment, dataset, nights[-2].date) if len(nights) > 1 else []
    before = {(line["cause"], line["column_name"]): line["since"] for line in earlier}
    return [
        {
            "date": date,
            "dataset": dataset,
            "cause": cause.kind,
            "column_name": cause.main.column,
            "division": cause.main.division,
            "observed": cause.main.observed,
            "expected": cause.main.expected,
            "score": cause.main.score,
            "nights": cause.main.nights,
            "baseline": cause.main.baseline,
            "since": before.get((cause.kind, cause.main.column), date),
            "message": cause.message,
            "also": list(cause.also),
            "owner": registry.anomalies.owner_of(dataset),
            "expires": registry.anomalies.until_of(dataset),
        }
        for cause in made
    ]


def _kept(deployment: Deployment, dataset: str, day: Date) -> list[dict[str, Any]]:
    """The lines that are kept of a delivery."""
    import pyarrow.parquet as pq

    path = scorecard.path(deployment, ANOMALIES, day, dataset)
    return list(pq.read_table(path).to_pylist()) if files.is_sound(path, ANOMALIES.columns) else []
