"""The file of one person or organisation (一人一档、一企一档) on one page: what was chosen and why, who says otherwise,
which rows mention it, what happened to it, whom it is related to, what is being mended.

Everything comes from the catalogue and is found by the master's id: tables of masters are sorted by it, so a look costs
a few row groups whatever the size of the city. What is shown is text, already masked as each data element says
except for what the role of the one who looks sees in full; a terminal and a page only arrange it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata import masters
from govdata.access import altered, worker
from govdata.access.displayed import Displayed
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.standards.derivations import Conflicts, Derivation, Events, Links, Relations, Survivors
from govdata.standards.model import Dataset, Registry
from govdata.standards.role_settings import Role
from govdata.standards.timelines import Side
from govdata.storage import sql
from govdata.storage.tables.system_columns import ROW_ID

if TYPE_CHECKING:
    import duckdb

ID_LENGTH = 24


@dataclass(frozen=True)
class Section:
    """A table of texts under a title, a text may have several lines; ``empty`` is told where there are no rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = "没有"


@dataclass(frozen=True)
class Dossier:
    """``subject``: the opaque id it is about; ``head``: (name, text) of what stands above the sections;
    ``shown_to``: the role that values are shown to in full."""

    title: str
    subject: str
    head: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    shown_to: str | None


def dossier(deployment: Deployment, registry: Registry, kind: str, asked: str, *, role: Role | None = None) -> Dossier:
    """The file of the master of that kind with that id, or with that number. Raises ``GovdataError`` where there is
    none, where several have the number, and where nothing was published yet; the message never holds the number."""
    with closing(open_catalogue(deployment)) as connection:
        if kind not in registry.masters:
            raise GovdataError(f"没有声明主数据 {kind}（standards/masters）")
        reader = _Reader(connection, deployment, registry, kind, Displayed(registry, role))
        return reader.read(reader.identify(asked.strip()))


def short(name: str) -> str:
    """The name of a kind of identifier without what is explained in brackets."""
    return name.split("（")[0]


def _score(score: Any) -> str:
    """How sure the link is, where it does not rest on an identifier."""
    return "" if score is None or score == 1 else f"（{score:.4f}）"


def open_catalogue(deployment: Deployment) -> duckdb.DuckDBPyConnection:
    """Read only, with nothing in reach but the published files. Raises ``GovdataError`` where there is none that can
    be opened."""
    import duckdb

    try:
        return worker.connect(deployment, "1GB", None, "")
    except duckdb.Error as error:
        raise GovdataError(f"目录打不开（{type(error).__name__}）") from None


def records(connection: duckdb.DuckDBPyConnection, query: str, *parameters: object) -> list[dict[str, Any]]:
    """Column → value of each row. Raises ``GovdataError``, without what was asked for."""
    import duckdb

    try:
        cursor = connection.execute(query, list(parameters))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except duckdb.CatalogException:
        raise GovdataError("目录里没有现行标准声明的表或列：标准改动之后请先运行 govdata run") from None
    except duckdb.Error as error:
        raise GovdataError(f"查询目录出错（{type(error).__name__}）") from None


@dataclass
class _Reader:
    connection: duckdb.DuckDBPyConnection
    deployment: Deployment
    registry: Registry
    kind: str
    shown: Displayed

    def ask(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        return records(self.connection, query, *parameters)

    # ------------------------------------------------------------------------------------------------- what is declared

    def made(self, way: type[Derivation]) -> Iterator[Dataset]:
        """The derived tables of a way that are about this kind of master."""
        for dataset in self.registry.datasets.values():
            if isinstance(dataset.derived, way) and self.kind in dataset.derived.masters_read():
                yield dataset

    def one(self, way: type[Derivation]) -> Dataset:
        found = next(self.made(way), None)
        if found is None:
            raise GovdataError(f"没有声明由主数据 {self.kind} 生成的表（origin: {way.NAME}）")
        return found

    @property
    def own(self) -> str:
        return sql.identifier(f"{self.kind}_id")

    def role(self, kind: str, role: str) -> str:
        mention = self.registry.masters[kind].mentions.get(role)
        return mention.name if mention is not None else role

    # ------------------------------------------------------------------------------------------------------ whom it is

    def identify(self, asked: str) -> str:
        name = self.registry.masters[self.kind].name
        if not asked:
            raise GovdataError("没有给出编号")
        if len(asked) == ID_LENGTH and not asked.strip("0123456789abcdef"):
            return self._known(asked)
        found = masters.identify(self.registry, self.deployment, self.kind, asked.upper())
        if not found:
            raise GovdataError(
                f"没有这个号码的{name}：各表现行的行里没有，或号码不合规则。要查一行数据，请用 govdata why 行标识"
            )
        if len(found) > 1:
            raise GovdataError(f"这个号码对应 {len(found)} 个{name}，请用主体编号：{'、'.join(found)}")
        return found[0]

    def _known(self, master: str) -> str:
        table = self.one(Survivors).name
        if self.ask(f"SELECT 1 FROM published.{sql.identifier(table)} WHERE {self.own} = ?", master):
            return master
        changes = self.ask(
            "SELECT date, new_id FROM governance.master_changes WHERE old_id = ? ORDER BY date DESC, new_id", master
        )
        told = "；".join(f"{line['date']} 起为 {line['new_id']}" for line in changes)
        name = self.registry.masters[self.kind].name
        raise GovdataError(f"没有编号为 {master} 的{name}" + (f"：{told}" if told else ""))

    # ----------------------------------------------------------------------------------------------------- what is said

    def read(self, master: str) -> Dossier:
        survivors, links = self.one(Survivors), self.one(Links)
        rows = self.ask(f"SELECT * FROM published.{sql.identifier(survivors.name)} WHERE {self.own} = ?", master)
        if not rows:
            raise GovdataError(f"没有编号为 {master} 的{self.registry.masters[self.kind].name}")
        mentions = self.ask(
            f"SELECT dataset, role, row_id, delivery_date, method, score, agreed FROM published."
            f"{sql.identifier(links.name)} WHERE {self.own} = ? ORDER BY delivery_date, dataset, row_id, role",
            master,
        )
        sections = [
            self._attributes(survivors, rows[0]),
            self._conflicts(survivors, master),
            self._mentions(mentions),
            *(self._events(table, master) for table in self.made(Events)),
            self._relations(master),
            self._orders(mentions),
            self._ledger(mentions),
            self._made_of(survivors, links),
        ]
        return Dossier(
            title=f"{self.registry.masters[self.kind].name}档案",
            subject=master,
            head=tuple(self._head(survivors, rows[0], master)),
            sections=tuple(sections),
            shown_to=self.shown.role.name if self.shown.role is not None else None,
        )

    def _head(self, survivors: Dataset, row: dict[str, Any], master: str) -> Iterator[tuple[str, str]]:
        kinds = self.registry.masters[self.kind].identifiers
        known = kinds.get(str(row["identifier_kind"]))
        yield "主体编号", master
        yield (
            "标识",
            (
                f"{self.shown.cell(survivors, 'identifier', row['identifier'])}（{short(known.name)}）"
                if known is not None
                else "没有有效的标识，由相似程度或单独认定"
            ),
        )
        yield "提及", f"{row['mentions']} 次，来自 {row['datasets']} 张表；{row['disagreements']} 项属性各来源不一致"

    def _attributes(self, survivors: Dataset, row: dict[str, Any]) -> Section:
        lines = []
        for name, element in self.registry.masters[self.kind].elements.items():
            if row[name] is not None:
                lines.append((
                    element.name,
                    self.shown.cell(survivors, name, row[name]),
                    self.shown.table(row[f"{name}_source"]),
                    str(row[f"{name}_date"]),
                    str(row[f"{name}_agree"]),
                    str(row[f"{name}_disagree"]),
                ))  # fmt: skip
        return Section("取用的属性", ("属性", "取值", "来源", "截至", "一致", "不同"), tuple(lines))

    def _conflicts(self, survivors: Dataset, master: str) -> Section:
        elements = self.registry.masters[self.kind].elements
        lines = []
        for table in self.made(Conflicts):
            for row in self.ask(
                f"SELECT * FROM {table.schema_name}.{sql.identifier(table.name)} WHERE master_id = ? "
                "ORDER BY open DESC, element, chosen DESC, dataset, role",
                master,
            ):
                lines.append((
                    elements[row["element"]].name if row["element"] in elements else row["element"],
                    self.shown.cell(survivors, row["element"], row["source_value"]),
                    f"{self.shown.table(row['dataset'])}（{self.role(self.kind, row['role'])}）",
                    row["reason"],
                    row["owner"] or "",
                    f"{row['first_seen']}" + ("" if row["open"] else f" 至 {row['last_seen']}，已一致"),
                ))  # fmt: skip
        return Section("不一致", ("属性", "来源的值", "来源", "取用与否", "应核实", "发现"), tuple(lines))

    def _mentions(self, mentions: Sequence[dict[str, Any]]) -> Section:
        master = self.registry.masters[self.kind]
        ways = {name: short(identifier.name) for name, identifier in master.identifiers.items()}
        ways |= {"similar": "相似程度", "reviewed": "人工复核", "unlinked": "单独成档"}
        names = {name: element.name for name, element in master.elements.items()}
        if master.linking is not None:
            names = {name: field.name for name, field in master.linking.fields.items()} | names
        lines = tuple(
            (
                self.role(self.kind, row["role"]),
                self.shown.table(row["dataset"]),
                row["row_id"],
                str(row["delivery_date"]),
                ways.get(row["method"], row["method"]) + _score(row["score"]),
                "、".join(names.get(name, name) for name in (row["agreed"] or "").split(",") if name),
            )
            for row in mentions
        )
        return Section("各表的提及", ("身份", "表", "行标识", "交付", "凭什么", "一致的属性"), lines)

    def _events(self, table: Dataset, master: str) -> Section:
        lines = tuple(
            (
                self.shown.cell(table, "event_date", row["event_date"]) or "日期不详",
                row["event"],
                self.shown.cell(table, "detail", row["detail"]),
                self.shown.table(row["dataset"]),
                row["row_id"],
                str(row["rows"]),
            )
            for row in self.ask(
                f"SELECT * FROM published.{sql.identifier(table.name)} WHERE {self.own} = ? "
                "ORDER BY event_date NULLS LAST, kind, row_id",
                master,
            )
        )
        return Section("经历", ("日期", "事件", "说明", "来源", "行标识", "行数"), lines)

    # ---------------------------------------------------------------------------------------------------- whom it knows

    def _relations(self, master: str) -> Section:
        lines: list[tuple[str, ...]] = []
        for table in self.made(Relations):
            assert isinstance(table.derived, Relations)
            left, right = table.derived.left, table.derived.right
            for own, other in ((left, right), (right, left)):
                if self.kind in own.kinds:
                    lines += self._related(table, own, other, master)
        return Section("关系", ("关系", "对方", "起止", "终止", "来源行"), tuple(lines))

    def _related(self, table: Dataset, own: Side, other: Side, master: str) -> Iterator[tuple[str, ...]]:
        """Lines of one table: the other side, and where that is a group its other members, and the group itself where
        the rows tell which it is."""
        name, mine, theirs = (sql.identifier(text) for text in (table.name, own.column, other.column))
        direct = f"SELECT * FROM published.{name} WHERE {mine} = ?"
        if other.key is None:
            yield from self._lines(table, other.column, direct, master, other.kinds)
            return
        if other.told is not None:
            yield from self._lines(table, other.column, direct, master, told=other.told)
        members = (
            f"SELECT o.* FROM published.{name} AS m JOIN published.{name} AS o USING ({theirs}) "
            f"WHERE m.{mine} = ? AND o.{mine} <> m.{mine} AND m.ended_by IS NULL"
        )
        yield from self._lines(table, own.column, members, master, own.kinds)

    def _lines(
        self,
        table: Dataset,
        column: str,
        query: str,
        master: str,
        kinds: Sequence[str] = (),
        told: Sequence[str] = (),
    ) -> Iterator[tuple[str, ...]]:
        """A line per row of ``query``: whom or what ``column`` names."""
        assert isinstance(table.derived, Relations)
        titles = {statement.kind: statement.name for statement in table.derived.statements}
        title = next(each.title for each in table.columns if each.name == column)
        order = f"valid_from NULLS FIRST, valid_to NULLS LAST, {sql.identifier(column)}"
        said = self.ask(f"SELECT DISTINCT * FROM ({query}) ORDER BY {order}", master)
        names = {found: name for kind in kinds for found, name in self._names(kind, [r[column] for r in said]).items()}
        for row in said:
            shown = self._told(row, told) if told else names.get(row[column], "")
            yield (
                f"{table.title}：{title}",
                f"{shown}\n{row[column]}".strip(),
                self._span(table, row),
                titles.get(row["ended_by"], row["ended_by"] or ""),
                row["row_id"],
            )

    def _told(self, row: dict[str, Any], columns: Sequence[str]) -> str:
        """What the row that tells of a group says of it."""
        source = self.registry.datasets[row["dataset"]]
        listed = ", ".join(map(sql.identifier, columns))
        found = self.ask(
            f"SELECT {listed} FROM published.{sql.identifier(source.name)} WHERE {ROW_ID} = ?", row["row_id"]
        )
        return " ".join(text for known in found[:1] for c in columns if (text := self.shown.cell(source, c, known[c])))

    def _span(self, table: Dataset, row: dict[str, Any]) -> str:
        begin, end = (self.shown.cell(table, name, row[name]) for name in ("valid_from", "valid_to"))
        if row["ended_by"] is not None and not end:
            end = "日期不详"
        return f"{begin or '不详'}" + (f"\n至 {end}" if end else "")

    def _names(self, kind: str, found: Sequence[str]) -> dict[str, str]:
        """Id → the name of the master, as it may be shown."""
        table = next(
            d for d in self.registry.datasets.values() if isinstance(d.derived, Survivors) and d.derived.master == kind
        )
        if not found or "name" not in self.registry.masters[kind].elements:
            return {}
        own = sql.identifier(f"{kind}_id")
        marks = ", ".join("?" for _ in found)
        query = f"SELECT {own} AS id, name FROM published.{sql.identifier(table.name)} WHERE {own} IN ({marks})"
        return {row["id"]: self.shown.cell(table, "name", row["name"]) for row in self.ask(query, *found)}

    # ---------------------------------------------------------------------------------------------- what became of rows

    def _orders(self, mentions: Sequence[dict[str, Any]]) -> Section:
        return orders(self.connection, [(row["dataset"], row["row_id"]) for row in mentions])

    def _ledger(self, mentions: Sequence[dict[str, Any]]) -> Section:
        asked: dict[tuple[str, Date], list[str]] = {}
        for row in mentions:
            rows = asked.setdefault((row["dataset"], row["delivery_date"]), [])
            if row["row_id"] not in rows:
                rows.append(row["row_id"])
        return ledger(self.deployment, self.registry, self.shown, asked)

    def _made_of(self, survivors: Dataset, links: Dataset) -> Section:
        names = [survivors.name, links.name, *(table.name for table in self.made(Events)), *self._datasets()]
        marks = ", ".join("?" for _ in names)
        lines = tuple(
            (self.shown.table(row["dataset"]), str(row["date"]), row["snapshot_id"], row["standards_hash"])
            for row in self.ask(
                f"SELECT dataset, date, snapshot_id, standards_hash FROM governance.snapshots WHERE current "
                f"AND dataset IN ({marks}) ORDER BY dataset",
                *names,
            )
        )
        return Section("依据的快照", ("表", "期", "快照", "标准"), lines)

    def _datasets(self) -> tuple[str, ...]:
        return self.registry.masters[self.kind].datasets


def orders(connection: duckdb.DuckDBPyConnection, rows: Sequence[tuple[str, str]]) -> Section:
    """What departments are asked to mend of these rows (dataset, row id)."""
    found: list[dict[str, Any]] = []
    if rows:
        marks = ", ".join("?" for _ in rows)
        found = records(
            connection,
            f"SELECT o.order_no, o.message, o.department, o.state_name, o.due, i.{ROW_ID}, i.dataset "
            "FROM governance.work_order_items AS i JOIN governance.work_orders AS o USING (order_no) "
            f"WHERE i.state = 'open' AND i.{ROW_ID} IN ({marks}) ORDER BY o.due, o.order_no, i.{ROW_ID}",
            *(row for _, row in rows),
        )
    lines = tuple(
        (row["order_no"], row["message"], row["department"], row["state_name"], str(row["due"] or ""), row[ROW_ID])
        for row in found
        if (row["dataset"], row[ROW_ID]) in set(rows)
    )
    return Section("未办结的工单", ("工单", "问题", "部门", "状态", "截止", "行标识"), lines)


def ledger(
    deployment: Deployment, registry: Registry, shown: Displayed, asked: dict[tuple[str, Date], list[str]]
) -> Section:
    """The cells of these rows that standardising altered. ``asked``: (dataset, delivery date) → row ids."""
    lines = [
        (
            cell.row_id,
            next((c.title for c in registry.datasets[dataset].columns if c.name == cell.column), cell.column),
            shown.delivered(registry.datasets[dataset], cell.column, cell.before),
            shown.cell(registry.datasets[dataset], cell.column, cell.after) if cell.after is not None else "（空）",
        )
        for (dataset, date), rows in asked.items()
        for cell in altered.cells(deployment, dataset, date, rows)
    ]
    return Section("标准化改动", ("行标识", "列", "交付", "存入"), tuple(lines))
