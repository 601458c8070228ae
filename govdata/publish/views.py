"""The catalogue's views: what each schema shows, in which columns, with which Chinese comments.

Every view names its files one by one, by absolute path; a view with no file yet is empty and typed. None refers to
another view, so that
they answer the same however a client attaches the file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.engine.ledger import ledger_sql
from govdata.engine.typed import sql_type
from govdata.errors import GovdataError
from govdata.publish import renames, small
from govdata.publish.evidence import Night
from govdata.publish.merge import NONE, published_columns, visible
from govdata.publish.renames import FormerNames
from govdata.standards.model import DIMENSION_NAMES, CodeSet, Column, Dataset, Element, Registry
from govdata.storage import sql, statements

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

TRACE = {
    "_row_id": ("VARCHAR", "行标识：不透明，同一文件再次交付时不变"),
    "_source_file": ("VARCHAR", "来源文件（工作簿为 文件#工作表）"),
    "_source_row": ("BIGINT", "来源文件中的行号"),
    "_delivery_date": ("DATE", "交付日期"),
}
WARNINGS = {"_warnings": ("VARCHAR[]", "该行不满足的提示级规则")}
UNPARSED = {"_unparsed": ("MAP(VARCHAR, VARCHAR)", "读不出而为空的列及其交付原文")}
FAILED = {
    "failed_rules": ("VARCHAR[]", "该行不满足的错误级规则"),
    **WARNINGS,
    **UNPARSED,
}
RULES = dict.fromkeys(
    ("dataset", "rule_id", "column_name", "dimension", "severity", "message", "indicator", "source"), "VARCHAR"
)
SNAPSHOTS = {
    "table_name": "VARCHAR",
    "date": "DATE",
    "rows": "BIGINT",
    "current": "BOOLEAN",
    "complete": "BOOLEAN",
    "snapshot_id": "VARCHAR",
    "batch_id": "VARCHAR",
    "standards_hash": "VARCHAR",
    "since": "DATE",
    "files": "BIGINT",
    "hidden_rows": "BIGINT",
}
PLACE = {name: kind for name, (kind, _) in TRACE.items()}
REPAIRS = {
    "dataset": "VARCHAR",
    "_delivery_date": "DATE",
    "_row_id": "VARCHAR",
    "_source_file": "VARCHAR",
    "_source_row": "BIGINT",
    "column_name": "VARCHAR",
    "before": "VARCHAR",
    "after": "VARCHAR",
    "rule": "VARCHAR",
}
COMMENTS = {
    "date": "交付日期",
    "dataset": "数据集",
    "table_name": "表",
    "rule_id": "规则编号",
    "dimension": "质量维度（" + "，".join(f"{name} {title}" for name, title in DIMENSION_NAMES.items()) + "）",
    "severity": "error：该行隔离；warning：照常发布并提示",
    "checked": "检查的行数",
    "failed": "不合格的行数",
    "column_name": "列",
    "indicator": "GB/T 36344 指标编码",
    "message": "规则说明",
    "source": "规则依据",
    "delivered": "交付的记录数",
    "rejected": "拒收（无法读取）的记录数",
    "duplicates": "重复交付的记录数",
    "quarantined": "隔离的行数",
    "clean": "合格的行数",
    "published": "发布后该表的行数",
    "delivery": "交付的编号：同样的文件不变",
    "time": "读入的时间",
    "physical": "实物行数（文本行、表格行、记录），由另一遍清点得出；未清点的为空",
    "set_aside": "不是记录的行数（表头、空行、表尾、没有读的工作表等）",
    "file": "交付的文件",
    "sheet": "工作表（名称可能是数据的只写位置）",
    "fate": "归宿：read 读入，duplicate 重复，rejected 拒收，set_aside 留在一边",
    "kind": "种类",
    "first_row": "第一处的行号",
    "last_row": "最后一处的行号",
    "unit": "数量的单位",
    "damaged": "数据湖中缺失或损坏的部分：各视图少列该日的这些行，重新运行该日即可重做；为空表示完好",
    "before": "修改前（交付原文）",
    "after": "修改后（标准值）",
    "rule": "修改所依据的标准化步骤",
    "reason": "拒收原因",
    "content": "交付原文",
    "owner": "应处理的部门",
    "other_dataset": "另一张表",
    "other_row_id": "另一张表中对应的一行（不止一行的取其一；没有对应行的为空）",
    "other_rows": "对应的行数",
    "kept_row_id": "保留的那一行的行标识",
    "rows": "行数",
    "current": "是否现行",
    "complete": "文件是否齐全",
    "snapshot_id": "期次编号",
    "batch_id": "批次编号",
    "standards_hash": "所依据标准的指纹",
    "since": "本期由该日起的交付合并而成",
    "files": "文件数",
    "hidden_rows": "文件中已被后来的交付取代或注销的行数",
    "code": "代码",
    "name_zh": "名称",
    "name_en": "英文名称",
    "parent": "上级代码",
    "valid_from": "启用",
    "valid_to": "停用",
    "successor": "取代它的代码",
    "note": "说明",
    "local": "本地扩充",
    **{name: text for name, (_, text) in {**TRACE, **FAILED}.items()},
}


@dataclass
class Catalogue:
    """The database being built (attached as ``catalogue``) and the files its views name."""

    connection: duckdb.DuckDBPyConnection
    named: set[Path] = field(default_factory=set)
    schemas: dict[Path, dict[str, str]] = field(default_factory=dict)

    def schema(self, path: Path) -> dict[str, str]:
        """Columns of a file; snapshots of a delta dataset share their first file, so most are read once."""
        if path not in self.schemas:
            self.schemas[path] = sql.schema(self.connection, path)
        return self.schemas[path]

    def view(
        self,
        schema: str,
        name: str,
        query: str,
        files: Iterable[Path],
        comment: str,
        columns: Iterable[str],
        told: dict[str, str] | None = None,
    ) -> None:
        """``columns``: those of the query. ``told``: column → comment; others take the general comment of their
        name."""
        qualified = f"catalogue.{schema}.{sql.identifier(name)}"
        self.connection.execute(f"CREATE VIEW {qualified} AS {query}")
        self.named.update(files)
        self.connection.execute(f"COMMENT ON VIEW {qualified} IS {sql.text(comment)}")
        for column in columns:
            text = (told or {}).get(column) or COMMENTS.get(column)
            if text:
                self.connection.execute(f"COMMENT ON COLUMN {qualified}.{sql.identifier(column)} IS {sql.text(text)}")


def empty(columns: dict[str, str]) -> str:
    return (
        "SELECT "
        + ", ".join(f"CAST(NULL AS {kind}) AS {sql.identifier(name)}" for name, kind in columns.items())
        + " WHERE false"
    )


def selection(columns: dict[str, str], present: Iterable[str], former: FormerNames = NONE) -> str:
    """The columns of relation ``b`` in order; one the files do not have is read under its former name, else NULL of its
    type."""
    known = set(present)
    found = {name: renames.source(name, known, former) for name in columns}
    return ", ".join(
        (f"CAST(NULL AS {kind})" if (old := found[name]) is None else f"b.{sql.identifier(old)}")
        + f" AS {sql.identifier(name)}"
        for name, kind in columns.items()
    )


def former_names(dataset: Dataset | None) -> FormerNames:
    return {column.name: column.former_names for column in dataset.columns if column.former_names} if dataset else {}


def left_over(columns: Iterable[str], present: dict[str, str], former: FormerNames) -> dict[str, str]:
    """Columns of the data (not the engine's own) that a changed contract no longer has: shown as they were, until they
    are gone from it."""
    return {
        name: present[name]
        for name in renames.unexplained(columns, present, former)
        if name not in FAILED and name[0] != "_"
    }


def _either(name: str, kind: str, known: list[str], present: dict[str, str]) -> str:
    """``name`` from whichever of the columns ``known`` holds it; as text where they are of different types."""
    if not known:
        return f"CAST(NULL AS {kind}) AS {sql.identifier(name)}"
    read = [f"b.{sql.identifier(column)}" for column in known]
    if len({present[column] for column in known}) > 1:
        read = [f"CAST({column} AS VARCHAR)" for column in read]
    return (f"coalesce({', '.join(read)})" if len(read) > 1 else read[0]) + f" AS {sql.identifier(name)}"


def declared(dataset: Dataset, registry: Registry) -> dict[str, str]:
    return {column.name: sql_type(registry.elements[column.element]) for column in dataset.columns}


def column_comment(column: Column, element: Element) -> str:
    """What an analyst must know of a column: title, meaning, standard, codes, unit, sensitivity."""
    personal = {"none": "", "general": "，个人信息", "sensitive": "，敏感个人信息"}[element.sensitivity.personal]
    parts = [
        column.title if column.title == element.name else f"{column.title}（数据元：{element.name}）",
        column.description or None,
        f"标准：{element.standard}" + (f" 第{element.clause}条" if element.clause else "")
        if element.standard
        else None,
        f"代码集：codes.{element.code_set}" if element.code_set else None,
        f"单位：{element.unit}" if element.unit else None,
        f"敏感级别：{element.sensitivity.level}级{personal}",
    ]
    return "；".join(part for part in parts if part)


def _described(dataset: str, registry: Registry) -> tuple[str, dict[str, str]]:
    """The table's comment and its columns' comments."""
    contract = registry.datasets.get(dataset)
    if contract is None:
        return dataset, {}
    note = "；".join(part for part in (contract.owner, contract.purpose, contract.limitations) if part)
    columns = {column.name: column_comment(column, registry.elements[column.element]) for column in contract.columns}
    return f"{contract.title}（{note}）", columns


def published(
    catalogue: Catalogue, table: str, snapshots: Sequence[Snapshot], registry: Registry, deployment: Deployment
) -> None:
    """``published.<table>``: the newest of ``snapshots`` (newest first); ``published.<table>_at(date)``: the one that
    was current then."""
    contract = registry.datasets.get(table)
    contracted = declared(contract, registry) if contract else {}
    former = former_names(contract)
    trace = {**PLACE, **{name: kind for name, (kind, _) in {**WARNINGS, **UNPARSED}.items()}}
    comment, columns = _described(table, registry)
    branches = []
    later: Snapshot | None = None
    for snapshot in snapshots:
        shown = {**contracted, **trace}
        if snapshot.files:
            present = catalogue.schema(deployment.absolute(snapshot.files[0]))
            shown = {**shown, **left_over(shown, present, former)} if contract else published_columns(present)
            # A column whose type the contract changed since keeps the type it was published with, in the newest
            # snapshot.
            query = visible(snapshot, deployment, selection(shown, present, former))
        elif contract:
            query = empty(shown)
        else:
            continue
        paths = [
            deployment.absolute(file)
            for file in (*snapshot.files, *([snapshot.hidden_file] if snapshot.hidden_file else []))
        ]
        if later is None:
            catalogue.view(
                "published",
                table,
                query,
                paths,
                f"{comment}。{snapshot.date.isoformat()} 期，{snapshot.rows} 行",
                shown,
                columns,
            )
        catalogue.named.update(paths)
        until = f" AND CAST(as_of AS DATE) < DATE '{later.date.isoformat()}'" if later else ""
        branches.append(
            f"SELECT * FROM ({query}) WHERE CAST(as_of AS DATE) >= DATE '{snapshot.date.isoformat()}'{until}"
        )
        later = snapshot
    if later is None and contract:
        catalogue.view(
            "published",
            table,
            empty({**contracted, **trace}),
            (),
            f"{comment}。尚未发布",
            {**contracted, **trace},
            columns,
        )
    if branches:
        macro = f"catalogue.published.{sql.identifier(table + '_at')}"
        catalogue.connection.execute(f"CREATE MACRO {macro}(as_of) AS TABLE {' UNION ALL BY NAME '.join(branches)}")


def quarantine(catalogue: Catalogue, dataset: str, nights: Sequence[Night], registry: Registry) -> None:
    """Rows of all kept dates. Files made under different standards are read by column name: a column that was missing
    is NULL, and one
    whose type was changed is shown in a type that holds both (text at last), so that nothing is lost."""
    columns = {
        **declared(registry.datasets[dataset], registry),
        **PLACE,
        **{name: kind for name, (kind, _) in FAILED.items()},
    }
    comment, comments = _described(dataset, registry)
    files = [path for night in nights for path in night.quarantine]
    query = empty(columns)
    if files:
        relation = sql.parquet(files, by_name=True)
        present = {
            row[0]: row[1] for row in catalogue.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        }
        # Files of before and after a change of names lie in one relation: each row has the one or the other.
        former = former_names(registry.datasets[dataset])
        shown = [
            _either(name, kind, [known for known in (name, *former.get(name, ())) if known in present], present)
            for name, kind in columns.items()
        ]
        old = {name for names in former.values() for name in names}
        more = {name: kind for name, kind in left_over(columns, present, former).items() if name not in old}
        query = f"SELECT {', '.join([*shown, *(f'b.{sql.identifier(name)}' for name in more)])} FROM {relation} AS b"
        columns |= more
    catalogue.view("quarantine", dataset, query, files, f"{comment}：隔离的行", columns, comments)


def simple(catalogue: Catalogue, name: str, columns: dict[str, str], path: Path | None, comment: str) -> None:
    query = f"SELECT {sql.identifiers(columns)} FROM {sql.parquet([path])}" if path else empty(columns)
    catalogue.view("governance", name, query, [path] if path else [], comment, columns)


def reconciliation(catalogue: Catalogue, path: Path | None, nights: Sequence[Night]) -> None:
    """The counts as the night made them; ``damaged`` where its views show less, because files of it are gone."""
    columns = {**small.RECONCILIATION, "damaged": "VARCHAR"}
    comment = "每个交付日记录的去向；published 为空表示未发布"
    if path is None:
        catalogue.view("governance", "reconciliation", empty(columns), (), comment, columns)
        return
    # data/lake/<stage>/…: the stages whose files are gone
    told = " ".join(
        f"WHEN dataset = {sql.text(night.dataset)} AND date = DATE '{night.date}' THEN "
        + sql.text("、".join(sorted({name.split("/")[2] for name in night.damaged})))
        for night in nights
        if night.damaged
    )
    selected = f"CAST({f'CASE {told} END' if told else 'NULL'} AS VARCHAR) AS damaged"
    query = f"SELECT {sql.identifiers(small.RECONCILIATION)}, {selected} FROM {sql.parquet([path])}"
    catalogue.view("governance", "reconciliation", query, [path], comment, columns)


def deliveries(catalogue: Catalogue, path: Path | None) -> None:
    """The reading reports: a line per delivery, and a line per note of each."""
    files = [path] if path else []
    told = {
        "outcome": "read 已读入，refused 读入时拒绝，blocked 被阻断，error 出错，published 已发布",
        "reason": "为什么没有发布",
        "files": "数据文件数",
        "read": "读入的记录数",
        "rejected": "拒收（无法读取）的记录数",
    }
    comment = "每一份交付读到了什么：实物行数＝读入＋重复＋拒收＋不是记录的行"
    query = (
        f"SELECT {sql.identifiers(small.DELIVERIES)} FROM {sql.parquet(files)}" if files else empty(small.DELIVERIES)
    )
    catalogue.view("governance", "deliveries", query, files, comment, small.DELIVERIES, told)
    columns = {"date": "DATE", "dataset": "VARCHAR", "delivery": "VARCHAR", **small.NOTES}
    noted = {"column_name": "列（名称可能是数据的只写位置）", "reason": "说明", "count": "数量"}
    query = empty(columns)
    if files:
        each = f"SELECT date, dataset, delivery, unnest(notes) AS n FROM {sql.parquet(files)}"
        parts = ", ".join(f"n.{sql.identifier(name)} AS {sql.identifier(name)}" for name in small.NOTES)
        query = f"SELECT date, dataset, delivery, {parts} FROM ({each})"
    comment = "每一份交付中不是简单读入的部分：行、列、工作表、文件"
    catalogue.view("governance", "delivery_notes", query, files, comment, columns, noted)


def codes(catalogue: Catalogue, code_set: CodeSet, path: Path) -> None:
    edition = f" {code_set.edition}" if code_set.edition and code_set.edition not in code_set.standard else ""
    comment = f"{code_set.name}（{code_set.standard}{edition}）"
    catalogue.view("codes", code_set.id, f"SELECT * FROM {sql.parquet([path])}", [path], comment, ())


def rejected(catalogue: Catalogue, nights: Sequence[Night]) -> None:
    columns = {**PLACE, "reason": "VARCHAR", "content": "VARCHAR"}
    _by_dataset(
        catalogue, "rejected", columns, [(night.dataset, night.rejected) for night in nights], "拒收的记录及原因"
    )


def duplicates(catalogue: Catalogue, nights: Sequence[Night]) -> None:
    columns = {**PLACE, "kept_row_id": "VARCHAR"}
    _by_dataset(
        catalogue,
        "duplicates",
        columns,
        [(night.dataset, night.duplicates) for night in nights],
        "因完全重复而略去的行",
    )


def _by_dataset(
    catalogue: Catalogue, name: str, columns: dict[str, str], named: list[tuple[str, tuple[Path, ...]]], comment: str
) -> None:
    grouped: dict[str, list[Path]] = {}
    for dataset, paths in named:
        grouped.setdefault(dataset, []).extend(paths)
    branches = [
        f"SELECT CAST({sql.text(dataset)} AS VARCHAR) AS dataset, {sql.identifiers(columns)} FROM {sql.parquet(paths)}"
        for dataset, paths in grouped.items()
        if paths
    ]
    files = [path for paths in grouped.values() for path in paths]
    catalogue.view(
        "governance",
        name,
        _union(branches, {"dataset": "VARCHAR", **columns}),
        files,
        comment,
        {"dataset": "VARCHAR", **columns},
    )


def _union(branches: list[str], columns: dict[str, str]) -> str:
    return " UNION ALL ".join(branches) or empty(columns)


def repairs(catalogue: Catalogue, nights: Sequence[Night]) -> None:
    """The ledger: before and after of every altered cell, computed from raw and standardised rows when it is asked for.
    Nights whose
    ledger was compiled alike share one branch. Not inside a transaction: an error would end it."""
    import duckdb

    grouped: dict[tuple[str, str], list[Night]] = {}
    for night in nights:
        ledger = _decoder(catalogue, night) if night.raw and (night.clean or night.quarantine) else ""
        if ledger:
            grouped.setdefault((night.dataset, ledger), []).append(night)
    branches: dict[str, list[Path]] = {}
    for (dataset, ledger), alike in grouped.items():
        raw = [path for night in alike for path in night.raw]
        standardized = [path for night in alike for path in (*night.clean, *night.quarantine)]
        filled = ledger.replace("{raw}", sql.parquet(raw)).replace("{standardized}", sql.parquet(standardized))
        names = sql.identifiers(name for name in REPAIRS if name != "dataset")
        branches[f"SELECT CAST({sql.text(dataset)} AS VARCHAR) AS dataset, {names} FROM ({filled})"] = [
            *raw,
            *standardized,
        ]
    try:
        _ledger(catalogue, branches)
    except duckdb.Error:
        # One night's ledger that cannot be compiled must not take the others, or the catalogue, down.
        sound = {branch: files for branch, files in branches.items() if _binds(catalogue, branch)}
        log.error(
            "%d 组修复台账查询无法编译，目录中不列它们：%s",
            len(branches) - len(sound),
            _unsound(grouped, branches, sound),
        )
        _ledger(catalogue, sound)


def _decoder(catalogue: Catalogue, night: Night) -> str:
    """The query over ``{raw}`` and ``{standardized}`` that gives a night's ledger; empty where it has none that can be
    run."""
    try:
        if night.ledger:
            return ledger_sql(night.ledger)
        if (
            night.ledger_sql
        ):  # of an older version: taken from the manifest as it stands, so it may read those two and nothing else
            named = night.ledger_sql.replace("{raw}", "raw").replace("{standardized}", "standardized")
            statements.demand_select_from(catalogue.connection, named, ("raw", "standardized"))
    except (KeyError, GovdataError, ValueError) as error:
        log.error("%s %s 的修复台账无法编译（%s），目录中不列", night.dataset, night.date, type(error).__name__)
        return ""
    return night.ledger_sql


def _ledger(catalogue: Catalogue, branches: dict[str, list[Path]]) -> None:
    files = [path for named in branches.values() for path in named]
    catalogue.view(
        "governance", "repairs", _union(list(branches), REPAIRS), files, "修复台账：标准化改动过的每一个单元格", REPAIRS
    )


def _unsound(
    grouped: dict[tuple[str, str], list[Night]], branches: dict[str, list[Path]], sound: dict[str, list[Path]]
) -> str:
    groups = zip(grouped.values(), branches, strict=True)
    return "、".join(
        f"{night.dataset} {night.date}" for alike, branch in groups if branch not in sound for night in alike
    )


def _binds(catalogue: Catalogue, query: str) -> bool:
    import duckdb

    try:
        catalogue.connection.execute(f"DESCRIBE {query}")
    except duckdb.Error:
        return False
    return True


def findings(
    catalogue: Catalogue, nights: Sequence[Night], rule_results: Path | None, rules: Path, cross: Path | None
) -> None:
    """One line per rule a row fails, errors and warnings, in the words of the rule as it was that night: what a source
    department mends."""
    columns = {
        "dataset": "VARCHAR",
        "date": "DATE",
        **{name: kind for name, kind in PLACE.items() if name != "_delivery_date"},
    }
    columns |= dict.fromkeys(("rule_id", "severity", "column_name", "message"), "VARCHAR")
    grouped: dict[str, list[Night]] = {}
    for night in nights:
        grouped.setdefault(night.dataset, []).append(night)
    rows, files = [], []
    for dataset, dates in grouped.items():
        bad = [path for night in dates for path in night.quarantine]
        every = [path for night in dates for path in (*night.clean, *night.quarantine)]
        for paths, lists, severity in ((bad, "failed_rules", "error"), (every, "_warnings", "warning")):
            if paths:
                rows.append(
                    f"SELECT CAST({sql.text(dataset)} AS VARCHAR) AS dataset, _delivery_date AS date, _row_id, "
                    "_source_file, _source_row, "
                    f"unnest({lists}) AS rule_id, '{severity}' AS severity FROM {sql.parquet(paths)} WHERE "
                    f"len({lists}) > 0"
                )
        files += every
    query = empty(columns)
    if rows:
        then = (
            f"SELECT date, dataset, rule_id, column_name, message FROM {sql.parquet([rule_results])}"
            if rule_results
            else None
        )
        joined = f"LEFT JOIN ({then}) AS t USING (dataset, date, rule_id)" if then else ""
        told = "coalesce(t.column_name, n.column_name) AS column_name, coalesce(t.message, n.message) AS message"
        told = told if then else "n.column_name, n.message"
        query = (
            f"SELECT f.dataset, f.date, f._row_id, f._source_file, f._source_row, f.rule_id, f.severity, {told} "
            f"FROM ({' UNION ALL '.join(rows)}) AS f {joined} "
            f"LEFT JOIN {sql.parquet([rules])} AS n ON n.dataset = f.dataset AND n.rule_id = f.rule_id"
        )
        files += [rules, *([rule_results] if rule_results else [])]
    if cross is not None:
        query = f"{query} UNION ALL SELECT {sql.identifiers(columns)} FROM {sql.parquet([cross])}"
        files.append(cross)
    catalogue.view(
        "governance", "findings", query, files, "每一行不满足的每一条规则（跨表规则在内），供来源部门整改", columns
    )
