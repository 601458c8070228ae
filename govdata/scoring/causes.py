"""One message per cause: what stands out of a delivery, put together by what lies behind it, in plain Chinese.

A division that sends nothing lowers the volume, empties and shifts columns: one cause. Columns that are empty together
did not come together: one cause. So of a night there is at most one message of each kind, and what follows from another
is told with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date

from govdata.scoring.baselines import Kind, Signal

MOST = 5
"""Divisions or columns named in a message."""


@dataclass(frozen=True)
class Cause:
    """``main``: what stands out most of it; ``also``: what else does, Chinese."""

    kind: Kind
    main: Signal
    message: str
    also: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """What people call the dataset, its columns and the divisions."""

    dataset: str
    date: Date
    columns: Mapping[str, str]
    divisions: Mapping[str, str]

    def column(self, name: str | None) -> str:
        return self.columns.get(name or "", name or "")

    def division(self, code: str) -> str:
        return self.divisions.get(code, code)


def causes(found: Sequence[Signal], names: Names) -> list[Cause]:
    """The causes behind the signals of one delivery."""
    by_kind: dict[Kind, list[Signal]] = {}
    for signal in found:
        by_kind.setdefault(signal.kind, []).append(signal)
    made = []
    volume = by_kind.get("volume", [])
    missing = {signal.division for signal in volume if signal.division is not None}
    if volume:
        made.append(_volume(volume, names))
    nulls = [signal for signal in by_kind.get("nulls", []) if signal.division not in missing]
    for direction in (1, -1):
        made += _nulls([signal for signal in nulls if signal.score * direction > 0], names)
    told = {signal.column for signal in nulls}
    for kind in ("distinct", "distribution"):
        rest = [signal for signal in by_kind.get(kind, []) if signal.column not in told]
        told |= {signal.column for signal in rest}
        if not rest:
            continue
        follows = next((n for n, cause in enumerate(made) if cause.kind == "volume"), None)
        if follows is not None:  # another mix of people, because some of them are missing
            text = _columns(kind, rest, names)
            made[follows] = Cause("volume", made[follows].main, made[follows].message, (*made[follows].also, text))
        else:
            made.append(_of_columns(kind, rest, names))
    return made


def _head(names: Names) -> str:
    return f"{names.dataset} {names.date:%m-%d}"


def _volume(found: Sequence[Signal], names: Names) -> Cause:
    whole = next((signal for signal in found if signal.division is None), None)
    parts = sorted((s for s in found if s.division is not None), key=lambda s: (s.observed > 0, -abs(s.score)))
    told = _divisions(parts, names)
    if whole is None:
        return Cause("volume", parts[0], f"{_head(names)} {told}", ())
    changed = (
        f"{_change(whole)}（通常约 {whole.expected:,.0f} 行，本次 {whole.observed:,.0f} 行）"
        if whole.observed
        else f"没有数据（通常约 {whole.expected:,.0f} 行）"
    )
    return Cause("volume", whole, f"{_head(names)} {changed}" + (f"，其中{told}" if told else ""), ())


def _divisions(parts: Sequence[Signal], names: Names) -> str:
    empty = [names.division(str(s.division)) for s in parts if not s.observed]
    changed = [f"{names.division(str(s.division))}{_change(s)}" for s in parts if s.observed]
    told = []
    if empty:
        told.append(f"{_listed(empty)}没有数据")
    if changed:
        told.append(_listed(changed))
    return "，".join(told)


def _listed(texts: Sequence[str]) -> str:
    more = f"等 {len(texts)} 个" if len(texts) > MOST else ""
    return "、".join(texts[:MOST]) + more


def _change(signal: Signal) -> str:
    by = signal.observed / signal.expected - 1
    return f"{'多' if by > 0 else '少'} {abs(by):.0%}".replace("%", " %")


def _nulls(found: Sequence[Signal], names: Names) -> list[Cause]:
    """Columns of the whole delivery together; of single divisions those whose columns are not told of the whole."""
    whole = [signal for signal in found if signal.division is None]
    columns = {signal.column for signal in whole}
    where = [signal for signal in found if signal.division is not None]
    made = []
    if whole:
        also = sorted({names.division(str(s.division)) for s in where if s.column in columns})
        told = (f"涉及{_listed(also)}",) if also else ()
        made.append(_of_columns("nulls", whole, names, told))
    by_division: dict[str, list[Signal]] = {}
    for signal in where:
        if signal.column not in columns:
            by_division.setdefault(str(signal.division), []).append(signal)
    if by_division:
        every = [signal for signals in by_division.values() for signal in signals]
        places = _listed([names.division(code) for code in sorted(by_division)])
        first = max(every, key=lambda signal: abs(signal.score))
        made.append(Cause("nulls", first, f"{_head(names)} {places}：{_columns('nulls', every, names)}", ()))
    return made


def _of_columns(kind: Kind, found: Sequence[Signal], names: Names, also: tuple[str, ...] = ()) -> Cause:
    first = max(found, key=lambda signal: abs(signal.score))
    return Cause(kind, first, f"{_head(names)} {_columns(kind, found, names)}", also)


def _columns(kind: Kind, found: Sequence[Signal], names: Names) -> str:
    ordered = sorted(found, key=lambda signal: -abs(signal.score))
    columns = list(dict.fromkeys(names.column(signal.column) for signal in ordered))
    listed, first = "“" + "”“".join(columns[:MOST]) + "”", ordered[0]
    more = f"等 {len(columns)} 列" if len(columns) > MOST else ""
    if kind == "distribution":
        return f"{listed}{more}的分布与往常不同（PSI {first.observed:.2f}，往常 {first.expected:.2f}）"
    what = "空值" if kind == "nulls" else "不同值的比例"
    shares = f"{first.observed:.0%}，通常 {first.expected:.0%}".replace("%", " %")
    return f"{listed}{more}{what}{'增多' if first.score > 0 else '减少'}（{names.column(first.column)} {shares}）"
