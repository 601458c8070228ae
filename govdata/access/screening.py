"""名单比对: what the masters say of each line of a department's list.

Certain is only what follows from a valid number whose master has the name that the line gives, from one source that no
other contradicts. All else stands apart as 待核实: a namesake with the same birthday is not the one who died.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.access.comparison import Steps, compared
from govdata.access.displayed import masked
from govdata.access.rendering import Result, write_sheets
from govdata.access.roles import role_of
from govdata.batches import ReadingNote
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.standards.model import Registry
from govdata.standards.role_settings import Role
from govdata.storage import access_log, sql

if TYPE_CHECKING:
    import duckdb

UNSURE, CERTAIN = "待核实", "确定"


@dataclass(frozen=True)
class Finding:
    """``line`` counts the list's records; ``source``: the table that says so, ``owner`` its department, ``said`` the
    day it is of; ``note``: what is to be known beside it, Chinese, no value of a record."""

    line: int
    code: str
    title: str
    certain: bool
    source: str | None
    owner: str | None
    said: Date | None
    note: str


@dataclass(frozen=True)
class Line:
    """A record of the list. ``number`` and ``name`` as they may be shown."""

    line: int
    file: str
    row: int
    number: str | None
    name: str | None


@dataclass(frozen=True)
class Screened:
    """``lines``: those that something was found of, by their number; ``findings`` in their order. ``as_of``: the date
    of the masters; ``reasons``: why records could not be read, and between which lines."""

    kind: str
    title: str
    as_of: Date
    read: int
    unread: int
    reasons: tuple[str, ...]
    matched: int
    lines: Mapping[int, Line]
    findings: Sequence[Finding]
    expires: Date

    def counts(self) -> list[tuple[str, int, int]]:
        """Title of a finding, lines of it that are certain, lines that are not; most first."""
        told: dict[str, list[set[int]]] = {}
        for finding in self.findings:
            told.setdefault(finding.title, [set(), set()])[0 if finding.certain else 1].add(finding.line)
        rows = [(title, len(sure), len(unsure - sure)) for title, (sure, unsure) in told.items()]
        return sorted(rows, key=lambda row: (-row[1] - row[2], row[0]))


def screen(
    path: Path,
    registry: Registry,
    deployment: Deployment,
    *,
    purpose: str,
    expires: Date,
    date: Date,
    kind: str | None = None,
    headers: Mapping[str, str] | None = None,
    only: Sequence[str] = (),
    actor: str | None = None,
    role: str | None = None,
    reveal: bool = False,
) -> Screened:
    """Hold the list at ``path`` against the newest masters not later than ``date``. ``only``: titles of the findings
    that are asked for. The look is logged before anything is told. Raises ``GovdataError`` where the list cannot be
    read or no masters are there."""
    if not purpose.strip():
        raise GovdataError("要写明用途（--purpose）")
    eyes = role_of(registry, role, "screen", reveal=reveal, purpose=purpose)
    with compared(path, registry, deployment, date, kind=kind, headers=headers) as (steps, connection):
        made = _screened(connection, steps, expires, only, eyes)
        access_log.record(
            deployment,
            "screen",
            purpose=purpose,
            subjects=[steps.listed.digest],
            door="screen",
            rows=steps.listed.lines,
            actor=actor,
            expires=expires,
            revealed=reveal,
            role=role,
        )
    return made


def _screened(
    connection: duckdb.DuckDBPyConnection, steps: Steps, expires: Date, only: Sequence[str], role: Role | None
) -> Screened:
    listed, known, registry = steps.listed, steps.known, steps.registry
    connection.execute(f"CREATE TEMP TABLE finding AS {' UNION ALL BY NAME '.join(steps.findings())}")
    if only:
        codes = ", ".join(map(sql.text, steps.codes(only)))
        connection.execute(f"DELETE FROM finding WHERE code NOT IN ({codes})")
    owners: dict[str | None, tuple[str | None, str | None]] = {
        name: (dataset.title, dataset.owner) for name, dataset in registry.datasets.items()
    }
    found = [
        Finding(line, code, title, certain, *owners.get(source, (None, None)), said, note)
        for line, code, title, certain, source, said, note in connection.execute(
            "SELECT line, code, title, certain, source, said, note FROM finding ORDER BY line, certain DESC, code"
        ).fetchall()
    ]
    columns = {column.name: registry.elements[column.element] for column in listed.dataset.columns}
    number, name = columns[listed.number], columns["name"]
    lines = {
        line: Line(line, file, row, masked(its_number, number, role), masked(its_name, name, role))
        for line, file, row, its_number, its_name in connection.execute(
            "SELECT line, file, row, number, name FROM listed WHERE line IN (SELECT line FROM finding)"
        ).fetchall()
    }
    return Screened(
        kind=listed.kind,
        title=known.mentions.master.name,
        as_of=known.snapshot.date,
        read=listed.lines,
        unread=sum(source.rejected for source in listed.rejected),
        reasons=tuple(_told(note) for source in listed.rejected for note in source.notes if note.kind == "rejected"),
        matched=sql.scalar(connection, "SELECT count(*) FROM found"),
        lines=lines,
        findings=found,
        expires=expires,
    )


def write(screened: Screened, path: Path, about: Sequence[tuple[str, str]]) -> None:
    """The workbook: a summary with ``about`` above the counts, then certain findings and those to be looked at, each on
    a sheet of its own. Raises ``GovdataError`` where a sheet would be too long."""
    figures = [*about, *((label, value) for label, value in overview(screened))]
    summary: list[tuple[str | None, ...]] = [(label, value, None) for label, value in figures]
    summary += [(None, None, None), ("情况", CERTAIN, UNSURE)]
    summary += [(title, f"{sure}", f"{unsure}") for title, sure, unsure in screened.counts()]
    sheets = {"汇总": Result((f"{screened.title}名单比对", "", ""), summary, False)}
    for title, certain in ((CERTAIN, True), (UNSURE, False)):
        rows = [_row(screened.lines[f.line], f) for f in screened.findings if f.certain is certain]
        sheets[title] = Result(_HEAD, rows, False)
    write_sheets(sheets, path)


def _told(note: ReadingNote) -> str:
    rows = "–".join(str(row) for row in dict.fromkeys((note.first_row, note.last_row)) if row is not None)
    return f"第 {rows} 行：{note.reason}（{note.count} 条）"


def overview(screened: Screened) -> list[tuple[str, str]]:
    """What was compared, as label and text."""
    unread = f"（另有 {screened.unread} 行读不出，没有比对）" if screened.unread else ""
    return [
        ("名单行数", f"{screened.read}{unread}"),
        *(("读不出的行", reason) for reason in screened.reasons),
        ("找到的行", f"{screened.matched}"),
        ("没有情况的行", f"{screened.read - len(screened.lines)}"),
        ("主数据日期", screened.as_of.isoformat()),
        ("用途到期", f"{screened.expires.isoformat()}，到期请销毁本结果"),
    ]


_HEAD = ("名单行号", "文件或工作表", "号码", "姓名（名称）", "情况", "确定程度", "来源", "来源部门", "截至日期", "说明")


def _row(line: Line, found: Finding) -> tuple[str | None, ...]:
    sure, said = CERTAIN if found.certain else UNSURE, found.said.isoformat() if found.said else None
    where = (str(line.row), line.file, line.number, line.name)
    return (*where, found.title, sure, found.source, found.owner, said, found.note or None)
