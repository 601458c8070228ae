"""Where the marks of the charts lie. The templates draw them as SVG; nothing is measured there but here, and nothing is
told by a chart that no table tells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from govdata.reports.cockpit.figures import Row
from govdata.reports.inspection import score

WIDTH, HEIGHT = 960, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 26, 30
"""Of the trend's plot, in units of its drawing."""
LABELS = 6
"""Dates written under the trend at most, beside the last."""


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    label: str
    is_marked: bool


@dataclass(frozen=True)
class Trend:
    points: tuple[Point, ...]
    path: str
    levels: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str], ...]


def trend(rows: Sequence[Row]) -> Trend | None:
    """Scores by date, oldest first; the axis begins at the lowest score and says so. None of less than two."""
    if len(rows) < 2:
        return None
    scores = [float(row["score"]) for row in rows]
    low, high = _axis(min(scores), max(scores))
    step = (WIDTH - LEFT - RIGHT) / (len(rows) - 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    places = [round(LEFT + step * number, 1) for number in range(len(rows))]
    points = tuple(
        Point(x, y(value), f"{row['date']}：{score(value)}", bool(row["moved"]))
        for x, value, row in zip(places, scores, rows, strict=True)
    )
    every = math.ceil(len(rows) / LABELS)
    labelled = [number for number in range(len(rows)) if (len(rows) - 1 - number) % every == 0]
    return Trend(
        points,
        "M" + " L".join(f"{point.x} {point.y}" for point in points),
        tuple((y(value), f"{value:.2f}") for value in (low, round((low + high) / 2, 2), high)),
        tuple((places[number], f"{rows[number]['date']:%m-%d}") for number in labelled),
    )


STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
"""Between two levels of the axis."""


def _axis(low: float, high: float) -> tuple[float, float]:
    """Ends of the axis, two of the smallest steps that hold all scores apart, so that each level is what is written
    beside it; never above 100."""
    for step in STEPS:
        begin = round(min(math.floor(low / step) * step, 100 - 2 * step), 2)
        if high <= begin + 2 * step:
            return begin, round(begin + 2 * step, 2)
    return 0.0, 100.0


@dataclass(frozen=True)
class Piece:
    kind: str
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    name: str
    value: str
    pieces: tuple[Piece, ...]


BAR = 800.0
PARTS = ("clean", "quarantined", "duplicates", "rejected")


def flow(name: str, row: Row) -> Bar:
    """A delivery's records as parts of a bar; a part of a few records is still seen."""
    counts = [int(row[part] or 0) for part in PARTS]
    total = sum(counts)
    widths = (
        [max(count / total * BAR, BAR / 160) if count else 0.0 for count in counts] if total else [0.0] * len(PARTS)
    )
    scale = BAR / sum(widths) if total else 1.0
    pieces, x = [], 0.0
    for part, width in zip(PARTS, widths, strict=True):
        if width:
            pieces.append(Piece(part, round(x, 2), round(width * scale, 2)))
            x += width * scale
    return Bar(name, f"{total:,}", tuple(pieces))


def bars(rows: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    """Counts beside each other, the largest as wide as a bar."""
    most = max((count for _, count in rows), default=0) or 1
    return tuple(Bar(name, f"{count:,}", (Piece("count", 0.0, round(count / most * BAR, 2)),)) for name, count in rows)


SHADES = ((100.0, "h0"), (99.9, "h1"), (99.0, "h2"), (95.0, "h3"), (80.0, "h4"), (0.0, "h5"))
"""The more fails the darker; the number stands in the cell."""


def shade(value: float | None, state: str) -> str:
    if value is None:
        return "unassessed" if state == "未评估" else "inapplicable"
    return next(name for least, name in SHADES if value >= least)
