"""What the masters say of a list's lines, as named queries over what ``masters.find`` made.

Every one gives ``line, code, title, certain, source, said, note``. Certain is only what follows from a valid number
whose one master has the line's name, by sources that do not contradict one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from govdata import engine, masters
from govdata.access import lists
from govdata.deployment import Deployment
from govdata.engine.functions import expand
from govdata.engine.syntax import text as printed
from govdata.errors import GovdataError
from govdata.standards import Everything, expressions
from govdata.storage import files, sql

if TYPE_CHECKING:
    import duckdb

    from govdata.access.lists import Listed
    from govdata.masters import Masters
    from govdata.standards.model import BoundRule, Registry

GENERAL: Mapping[str, str] = {
    "invalid": "号码无效",
    "masked": "号码被遮盖",
    "no_number": "没有号码",
    "not_found": "查无此号",
    "unknown": "无法认定是谁",
    "ambiguous": "可能是几个人中的一个",
    "duplicate": "名单内重复",
    "name": "姓名（名称）不同",
    "differs": "与登记不同",
}
"""What is found of a line whatever the kind of master, beside what its page declares."""

_NAMING = {
    "former": "与登记的现名不同，与另一来源或以前的登记相同",
    "variant": "异体字、繁体字或书写形式不同",
    "similar": "读音相同，或只差一字",
    "other": "与登记的不同：号码可能是别人的，本行其他结果都待核实",
}


@contextmanager
def compared(
    path: Path,
    registry: Registry,
    deployment: Deployment,
    date: Date,
    *,
    kind: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[tuple[Steps, duckdb.DuckDBPyConnection]]:
    """The list at ``path`` beside the newest masters up to ``date``, for the block: tables ``listed``, ``whom``
    and what ``masters.find`` makes. Raises ``GovdataError`` where the list cannot be read or no masters are there."""
    with lists.read(path, registry, deployment, date, kind=kind, headers=headers) as listed:
        steps = Steps(listed, masters.masters_at(registry, deployment, listed.kind, date), registry)
        with files.scratch(deployment, "compared") as spill, closing(engine.session(temp=spill)) as connection:
            _find(connection, listed, steps.known)
            connection.execute(f"CREATE TEMP TABLE whom AS {steps.whom()}")
            yield steps, connection


def _find(connection: duckdb.DuckDBPyConnection, listed: Listed, known: Masters) -> None:
    """Make ``listed`` of the list, and what ``masters.find`` makes of it."""
    number = sql.identifier(listed.number)
    birth = "TRY_CAST(birth_date AS DATE)" if "birth_date" in {c.name for c in listed.dataset.columns} else "NULL"
    connection.execute(
        f"CREATE TEMP TABLE listed AS SELECT * EXCLUDE ({number}) REPLACE (nullif(trim(name), '') AS name"
        f"{', CAST(' + birth + ' AS DATE) AS birth_date' if birth != 'NULL' else ''}), "
        f"upper(nullif(trim({number}), '')) AS number FROM ({listed.query})"
    )
    if birth == "NULL":
        connection.execute("ALTER TABLE listed ADD COLUMN birth_date DATE")
    masters.find(connection, known)


class Steps:
    """The findings as SELECTs of ``line, code, title, certain, source, said, note`` over what ``masters.find`` made."""

    def __init__(self, listed: Listed, known: Masters, registry: Registry) -> None:
        self.listed, self.known, self.registry = listed, known, registry
        master = known.mentions.master
        assert master.screening is not None
        self.screening = master.screening
        self.elements = master.elements
        self.untyped = [kind for kind, identifier in master.identifiers.items() if not identifier.typed]

    def whom(self) -> str:
        """Each line found with ``sure``: a valid number leads to one master who has the name, or no name is given."""
        by = ", ".join(map(sql.text, self.untyped))
        return (
            f"SELECT f.line, f.by, f.same, n.level, f.by IN ({by}) AND f.same = 1 "
            "AND coalesce(n.level, 'same') IN ('same', 'variant') AS sure, "
            f"f.by <> {sql.text(masters.BY_NAME)} AS numbered, m.* "
            "FROM found AS f JOIN master AS m USING (master_id) LEFT JOIN naming AS n USING (line)"
        )

    def findings(self) -> list[str]:
        return [
            *self._numbers(),
            self._duplicates(),
            self._same_master(),
            self._names(),
            *(self._differing(name) for name in self.listed.present if self._is_compared(name)),
            *(self._state(name, finding.name, finding.when) for name, finding in self.screening.findings.items()),
        ]

    def codes(self, titles: Sequence[str]) -> list[str]:
        """Raises ``GovdataError`` for a title that is none."""
        known = {title: code for code, title in GENERAL.items()}
        known |= {finding.name: code for code, finding in self.screening.findings.items()}
        for title in titles:
            if title not in known:
                raise GovdataError(f"没有“{title}”这种情况；可选：{'、'.join(known)}")
        return [known[title] for title in titles]

    def _numbers(self) -> list[str]:
        """What is wrong with the line's number, and whether anybody was found by it."""
        valid = f"line IN (SELECT line FROM asked WHERE kind IN ({', '.join(map(sql.text, self.untyped))}))"
        numbered = "line IN (SELECT line FROM whom WHERE numbered)"
        messages = {rule.id: rule.message for rule in _rules(self.listed, self.registry)}
        told = "CASE failed[1] " + " ".join(
            f"WHEN {sql.text(rule)} THEN {sql.text(text)}" for rule, text in messages.items()
        )
        told = f"{told} ELSE '不是有效的号码' END" if messages else "'不是有效的号码'"
        return [
            _select("invalid", "listed", f"number IS NOT NULL AND NOT {valid} AND NOT {numbered} "
                    "AND NOT contains(number, '*')", "TRUE", note=told),
            _select("masked", "listed", "contains(number, '*')", "TRUE", note="'号码含星号，请提供完整的号码'"),
            _select("no_number", "listed", "number IS NULL", "TRUE"),
            _select("not_found", "listed", f"{valid} AND NOT {numbered}", "TRUE",
                    said=f"DATE {sql.text(self.known.snapshot.date.isoformat())}",
                    note="CASE WHEN line IN (SELECT line FROM whom) THEN "
                    "'各部门数据中没有这个号码；有姓名和出生日期相同的人，号码可能写错' "
                    "ELSE '各部门数据中没有这个号码' END"),
            _select("unknown", "listed", f"NOT {valid} AND line NOT IN (SELECT line FROM whom)", "FALSE",
                    note="'没有有效的号码，姓名和出生日期也没有找到人'"),
            _select("ambiguous", "whom", "same > 1", "FALSE", note="'同名同出生日期或同号的有 ' || same || ' 个'"),
        ]  # fmt: skip

    def _duplicates(self) -> str:
        """The same valid number in several lines, in whatever form it is written; certain where the names agree."""
        return (
            "SELECT a.line, 'duplicate' AS code, " + sql.text(GENERAL["duplicate"]) + " AS title, "
            "g.names <= 1 AS certain, CAST(NULL AS VARCHAR) AS source, CAST(NULL AS DATE) AS said, "
            "'同一号码的其他行：' || array_to_string(list_filter(g.rows, lambda r: r <> a.row)[:5], '、') || "
            "CASE WHEN g.names > 1 THEN '；姓名不同，其中有号码写错的' ELSE '' END AS note "
            "FROM (SELECT * FROM asked JOIN listed USING (line)) AS a JOIN (SELECT kind, key, "
            "list(row ORDER BY file, row)[:6] AS rows, count(DISTINCT l.name) AS names FROM asked JOIN listed AS l "
            f"USING (line) WHERE kind = {sql.text(self.untyped[0])} GROUP BY ALL HAVING count(*) > 1) AS g "
            "USING (kind, key)"
        )

    def _same_master(self) -> str:
        """The same master by another number, or by name and birth date: to be looked at."""
        number = f"kind = {sql.text(self.untyped[0])}"
        same_number = (
            f"SELECT a.line FROM asked AS a JOIN asked AS b USING (kind, key) WHERE a.line <> b.line AND {number}"
        )
        return _select(
            "duplicate",
            "(SELECT line, same, count(*) OVER (PARTITION BY master_id) AS lines FROM whom)",
            f"lines > 1 AND same = 1 AND line NOT IN ({same_number})",
            "FALSE",
            note="'与名单中另一行可能是同一个'",
        )

    def _names(self) -> str:
        told = "CASE level " + " ".join(f"WHEN {sql.text(k)} THEN {sql.text(v)}" for k, v in _NAMING.items()) + " END"
        return _select(
            "name", "whom", "numbered AND level IS NOT NULL AND level <> 'same'", "level = 'other' AND same = 1",
            source="name_source", said="name_date", note=told,
        )  # fmt: skip

    def _is_compared(self, column: str) -> bool:
        return column not in (self.listed.number, "name")

    def _differing(self, column: str) -> str:
        title = self.elements[column].name
        return _select(
            "differs",
            f"(SELECT w.*, CAST(l.{sql.identifier(column)} AS VARCHAR) AS given FROM whom AS w "
            "JOIN listed AS l USING (line))",
            f"numbered AND given <> CAST({sql.identifier(column)} AS VARCHAR)",
            f"sure AND {sql.identifier(column + '_disagree')} = 0",
            title=title + GENERAL["differs"],
            source=sql.identifier(f"{column}_source"),
            said=sql.identifier(f"{column}_date"),
        )

    def _state(self, code: str, title: str, when: str) -> str:
        tree, _ = expressions.parse_value(when, columns=Everything(), code_sets=Everything())
        (about, *others) = expressions.referenced_columns(tree)
        agreed = " AND ".join(f"{sql.identifier(name + '_disagree')} = 0" for name in (about, *others))
        note = (
            "CASE WHEN sure AND NOT (" + agreed + ") THEN '各来源说法不一，见 governance.conflicts' "
            "WHEN NOT numbered THEN '没有有效的号码，只按姓名和出生日期找到，可能是另一个人' "
            "WHEN level IN ('former', 'similar', 'other') THEN '姓名与号码不符，可能是另一个人' "
            "WHEN NOT sure THEN '证件号码不能单独认定一个人' ELSE '' END"
        )
        return _select(
            code, "whom", printed(expand(tree)), f"sure AND {agreed}", title=title,
            source=sql.identifier(f"{about}_source"), said=sql.identifier(f"{about}_date"), note=note,
        )  # fmt: skip


def _rules(listed: Listed, registry: Registry) -> list[BoundRule]:
    from govdata.standards import screening

    alone = screening.as_dataset(registry, listed.kind, {})[1]
    return [rule for rule in alone.rules(listed.dataset.name) if rule.column == listed.number]


def _select(
    code: str,
    relation: str,
    where: str,
    certain: str,
    *,
    title: str | None = None,
    source: str = "CAST(NULL AS VARCHAR)",
    said: str = "CAST(NULL AS DATE)",
    note: str = "''",
) -> str:
    return (
        f"SELECT line, {sql.text(code)} AS code, {sql.text(title or GENERAL[code])} AS title, "
        f"coalesce({certain}, FALSE) AS certain, {source} AS source, {said} AS said, {note} AS note "
        f"FROM {relation} WHERE {where}"
    )
