"""One row on one page: what became of it, what its cells hold, whom it mentions, what is said against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from govdata.access.displayed import Displayed
from govdata.access.dossier import Dossier, Section, ledger, open_catalogue, orders, records, short
from govdata.access.explain import Explained, explain
from govdata.deployment import Deployment
from govdata.standards.derivations import Conflicts, Links, Relations
from govdata.standards.model import Registry
from govdata.standards.role_settings import Role
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

FATES = {
    "clean": "合格",
    "quarantined": "隔离：没有发布，也没有归到主体，等责任部门改正",
    "duplicate": "与另一行完全相同，未保留",
    "rejected": "拒收：无法读取",
    "unjudged": "已读入，还没有标准化（或该日的交付已更正，等待重新运行）",
}


def row_dossier(deployment: Deployment, registry: Registry, row_id: str, *, role: Role | None = None) -> Dossier:
    """The page of the row with that ``_row_id``, of its newest delivery. Raises ``GovdataError`` where no kept night
    has it, and where there is no catalogue."""
    shown = Displayed(registry, role)
    with closing(open_catalogue(deployment)) as connection:
        found = explain(deployment, registry, row_id, briefly=True)
        sections = [
            _cells(found, shown),
            _rules(found),
            ledger(deployment, registry, shown, {(found.dataset.name, found.date): [row_id]}),
            _masters(connection, registry, found),
            _relations(connection, registry, found),
            _conflicts(connection, registry, shown, found),
            orders(connection, [(found.dataset.name, row_id)]),
        ]
    told = role.name if role is not None else None
    return Dossier("数据行档案", row_id, tuple(_head(found)), tuple(sections), told)


def _head(found: Explained) -> Iterator[tuple[str, str]]:
    yield "行标识", found.row_id
    yield "来自", f"{found.dataset.title}（{found.dataset.owner}）{found.date} 交付，{found.file} 第 {found.line} 行"
    kept = f"，保留的是 {found.kept}" if found.kept else ""
    yield "结果", FATES[found.fate] + (f"：{found.reason}" if found.reason else "") + kept
    if found.shown:
        until = f"，{found.hidden} 期起已被取代或注销" if found.hidden else "，至今有效"
        yield "快照", f"{found.shown[0]} 期起发布{until}"
    elif found.fate == "clean":
        yield "快照", "没有一期有这一行（那一夜被阻断，或那几期已按保留策略清理）"
    if found.fate in ("clean", "quarantined") and not found.same_standards:
        yield "标准", "此后有改动，下面是当时的判断"


def _cells(found: Explained, shown: Displayed) -> Section:
    judged = found.fate in ("clean", "quarantined")
    lines = tuple(
        (
            column.title,
            shown.cell(found.dataset, cell.column, cell.stored)
            if judged
            else shown.delivered(found.dataset, cell.column, cell.delivered),
        )
        for cell in found.cells
        for column in found.dataset.columns
        if column.name == cell.column and (cell.stored if judged else cell.delivered) is not None
    )
    return Section("存入的值" if judged else "交付的文本", ("列", "值"), lines)


def _rules(found: Explained) -> Section:
    lines = tuple(
        (each.rule.id, each.rule.message, "隔离" if each.rule.severity == "error" else "提示")
        for each in found.rules
        if each.outcome == "failed"
    )
    return Section("不符合的规则", ("规则", "说明", "级别"), lines)


def _masters(connection: duckdb.DuckDBPyConnection, registry: Registry, found: Explained) -> Section:
    lines: list[tuple[str, ...]] = []
    for table in registry.datasets.values():
        if not isinstance(table.derived, Links):
            continue
        master = registry.masters[table.derived.master]
        own = sql.identifier(f"{table.derived.master}_id")
        for row in records(
            connection,
            f"SELECT role, {own} AS master, method, agreed FROM published.{sql.identifier(table.name)} "
            "WHERE row_id = ? AND dataset = ? ORDER BY role",
            found.row_id,
            found.dataset.name,
        ):
            role, way = master.mentions.get(row["role"]), master.identifiers.get(row["method"])
            agreed = [master.elements[n].name for n in (row["agreed"] or "").split(",") if n in master.elements]
            told = (
                role.name if role else row["role"],
                master.name,
                row["master"],
                short(way.name) if way else row["method"],
            )
            lines.append((*told, "、".join(agreed)))
    return Section("归到的主体", ("身份", "种类", "主体编号", "凭什么", "一致的属性"), tuple(lines))


def _relations(connection: duckdb.DuckDBPyConnection, registry: Registry, found: Explained) -> Section:
    lines = []
    for table in registry.datasets.values():
        if not isinstance(table.derived, Relations):
            continue
        titles = {statement.kind: statement.name for statement in table.derived.statements}
        for row in records(
            connection,
            f"SELECT kind, ended_by, row_id = $1 AND dataset = $2 AS first FROM published.{sql.identifier(table.name)} "
            "WHERE (row_id = $1 AND dataset = $2) OR (ended_row_id = $1 AND ended_dataset = $2) ORDER BY ALL",
            found.row_id,
            found.dataset.name,
        ):
            kind = row["kind"] if row["first"] else row["ended_by"]
            lines.append((table.title, titles.get(kind, kind)))
    return Section("据以认定的关系", ("关系", "说明"), tuple(lines))


def _conflicts(
    connection: duckdb.DuckDBPyConnection, registry: Registry, shown: Displayed, found: Explained
) -> Section:
    lines = []
    for table in registry.datasets.values():
        if not isinstance(table.derived, Conflicts):
            continue
        for row in records(
            connection,
            f"SELECT master_kind, master_id, element, reason, owner FROM {table.schema_name}."
            f"{sql.identifier(table.name)} WHERE open AND row_id = ? AND dataset = ? ORDER BY ALL",
            found.row_id,
            found.dataset.name,
        ):
            elements = registry.masters[row["master_kind"]].elements
            element = elements[row["element"]].name if row["element"] in elements else row["element"]
            lines.append((element, row["master_id"], row["reason"], row["owner"] or ""))
    return Section("不一致", ("属性", "主体编号", "取用与否", "应核实"), tuple(lines))
