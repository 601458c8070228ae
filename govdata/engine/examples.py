"""Runs every element's own examples through the compiled SQL: a standard that does not do what its examples say is a
problem of the standard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date

from sqlglot import exp

from govdata.deployment import beijing_today
from govdata.engine import trial
from govdata.engine.compiled import DELIVERED, HELD
from govdata.engine.labels import source_map
from govdata.engine.pipeline import Way, delivered_query, finished_query, judged_query
from govdata.engine.plans import ColumnPlan, plan_columns
from govdata.engine.prefilters import prefilters
from govdata.engine.session import create_maps, session
from govdata.engine.syntax import alias, column, list_of, sql, text
from govdata.engine.tried import Tried
from govdata.errors import Problem
from govdata.standards import bind_column, column_rules, digest
from govdata.standards.model import BoundRule, Column, Dataset, DeliveryMode, Element, Registry
from govdata.storage import sql as storage
from govdata.storage.manifest import fingerprint
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID, SOURCE_FILE, SOURCE_ROW

NAME = "element_examples"
GROUP = 24
"""Forms of elements per query: enough to share the cost of planning, few enough that the query's joins stay small."""


def _registry_of_elements(registry: Registry, elements: list[Element]) -> Registry:
    """The elements as the columns of one dataset, so that their examples run in one query: each example is a row with
    one filled column."""
    columns = tuple(Column(name=element.id, title=element.name, element=element.id) for element in elements)
    bound: list[BoundRule] = []
    for item in columns:
        element = registry.elements[item.element]
        bound.extend(bind_column(NAME, item, element, column_rules(item, element), start=len(bound)))
    dataset = Dataset(
        name=NAME,
        title=NAME,
        domain="",
        owner="",
        version="0",
        delivery=DeliveryMode(mode="snapshot", key=()),
        columns=columns,
    )
    return registry.model_copy(
        update={"datasets": {NAME: dataset}, "bound": {NAME: tuple(bound)}, "hashes": {NAME: ""}}
    )


def _forms(elements: list[Element]) -> list[list[Element]]:
    """Elements that read and judge a cell alike: a city's dates, names and amounts are many elements of few forms."""
    said = {"id", "name", "name_en", "definition", "standard", "clause", "unit", "sensitivity", "authority"}
    apart: dict[str, list[Element]] = {}
    for element in elements:
        rules = [(rule.name, rule.severity, rule.empties, rule.spec.model_dump(mode="json")) for rule in element.rules]
        rest = element.model_dump(mode="json", exclude=said | {"rules", "examples", "file", "line"})
        apart.setdefault(fingerprint(rest, rules), []).append(element)
    return list(apart.values())


def _rows(elements: list[Element]) -> list[tuple[str, str, str, str | None]]:
    """(element, kind, delivered text, expectation): the rule an invalid example must fail, the text a repair must
    give."""
    rows: list[tuple[str, str, str, str | None]] = []
    for element in elements:
        rows += [(element.id, "valid", value, None) for value in element.examples.valid]
        rows += [(element.id, "invalid", value, rule) for value, rule in element.examples.invalid.items()]
        rows += [(element.id, "repairs", value, after) for value, after in element.examples.repairs.items()]
    return rows


def problems(
    registry: Registry,
    on: Date | None = None,
    tried: Tried | None = None,
    watch: Callable[[int], object] = lambda left: None,
    taken: set[str] | None = None,
) -> list[Problem]:
    """Every example that does not hold, in Chinese, with the file and the line it stands on. ``on`` stands for the
    delivery date (default: today). Elements that are ``tried`` are not tried again. ``watch`` is told, every so often,
    how many are left. The facts of sound elements' parts are added to ``taken``, for ``trial.problems``.

    A valid example must pass every rule and stay as it is; an invalid one must fail the named rule; a repair must give
    the named text and then pass. Example values come from the standards, not from records, so the messages may quote
    them."""
    date, tried = on or beijing_today(), tried or Tried()
    code_sets = {name: digest(code_set) for name, code_set in registry.code_sets.items()}

    def facts(element: Element) -> list[object]:
        asked = {element.code_set, *(name for rule in element.rules for name in rule.spec.code_sets())}
        said = element.model_dump(mode="json", exclude={"file", "line"})
        known = {name: code_sets[name] for name in sorted(name for name in asked if name in code_sets)}
        return ["examples", date.isoformat(), said, known, list(registry.null_tokens)]

    elements = tried.remaining((each for each in registry.elements.values() if _rows([each])), facts)
    found: list[Problem] = []
    forms = _forms(elements)
    for start in range(0, len(forms), GROUP):
        watch(sum(map(len, forms[start:])))
        found += _tried(forms[start : start + GROUP], registry, date)
    wrong = {(problem.where or "").partition(".")[0] for problem in found}
    sound = [element for element in elements if element.id not in wrong]
    for element in sound:
        tried.right(facts(element))
    if taken is not None and sound:
        examined = _registry_of_elements(registry, [form[0] for form in _forms(sound)])
        taken.update(part.facts for part in trial.parts(examined.datasets[NAME], examined))
    return found


def _tried(forms: list[list[Element]], registry: Registry, on: Date) -> list[Problem]:
    """The problems of elements, listed by form; an element DuckDB cannot compile is one itself."""
    import duckdb

    try:
        return _problems_of(forms, registry, on)
    except duckdb.Error as error:
        if len(forms) > 1:
            return [problem for form in forms for problem in _tried([form], registry, on)]
        message = f"引擎不能执行本数据元：{trial.told(error)}"
        return [Problem(file=each.file, line=each.line, where=each.id, message=message) for each in forms[0]]


def _problems_of(forms: list[list[Element]], registry: Registry, on: Date) -> list[Problem]:
    """The first element of a form is the column of all."""
    import pyarrow as pa

    examined = _registry_of_elements(registry, [form[0] for form in forms])
    dataset = examined.datasets[NAME]
    columns = {element.id: form[0].id for form in forms for element in form}
    rows = _rows([element for form in forms for element in form])
    plans = plan_columns(dataset, examined)
    connection = session(registry, as_of=on, threads=1)
    try:
        create_maps(connection, {plan.name: source_map(plan, registry) for plan in plans if plan.coded})
        examples = pa.table(
            {
                "n": pa.array(range(len(rows)), pa.int64()),
                "element": [columns[row[0]] for row in rows],
                "value": pa.array([row[2] for row in rows], pa.string()),
            }
        )
        storage.create_table(connection, "examples", examples)
        cells = ", ".join(
            text(alias(sql("CASE WHEN element = :e THEN value END", e=plan.name), plan.name)) for plan in plans
        )
        connection.execute(
            f"CREATE TABLE raw_rows AS SELECT {cells}, CAST(n AS VARCHAR) AS {ROW_ID}, '' AS {SOURCE_FILE}, "
            f"n AS {SOURCE_ROW}, CAST(? AS DATE) AS {DELIVERY_DATE} FROM examples",
            [on],
        )
        way = Way(plans, prefilters(dataset.name, examined))
        # As a small delivery is worked off: the rows are held, so that nothing is planned within one another.
        delivered = delivered_query(way, "raw_rows")
        connection.execute(f"CREATE TABLE {DELIVERED} AS {text(delivered)}")
        read = finished_query(exp.select("*").from_(DELIVERED), way)
        connection.execute(f"CREATE TABLE {HELD} AS {text(read)}")
        judged = judged_query(exp.select("*").from_(HELD), way, dataset, examined)
        results = {
            row[0]: row[1:] for row in connection.execute(_result_sql(judged, plans, examined.rules(NAME))).fetchall()
        }
    finally:
        connection.close()
    found = []
    for number, (element_id, kind, value, expected) in enumerate(rows):
        after, ids = results[number]
        prefix = f"{columns[element_id]}."
        failed = [rule.removeprefix(prefix) for rule in ids if rule.startswith(prefix)]
        message = _judge(kind, value, expected, after, failed)
        if message:
            element = registry.elements[element_id]
            found.append(
                Problem(
                    file=element.file,
                    line=element.examples.lines.get(f"{kind}.{value}", element.line),
                    where=f"{element_id}.examples.{kind}",
                    message=message,
                )
            )
    return found


def _result_sql(judged: exp.Expression, plans: tuple[ColumnPlan, ...], bound: tuple[BoundRule, ...]) -> str:
    after = exp.Coalesce(
        this=exp.null(), expressions=[sql("CAST(:x AS VARCHAR)", x=column(plan.name)) for plan in plans]
    )
    failed = list_of(sql("CASE WHEN :v THEN :i END", v=column(f"~v{rule.index}"), i=rule.id) for rule in bound)
    items = sql("list_filter(:f, lambda e: e IS NOT NULL)", f=failed)
    return f"SELECT {SOURCE_ROW}, {text(after)}, {text(items)} FROM ({text(judged)})"


def _judge(kind: str, value: str, expected: str | None, after: str | None, failed: list[str]) -> str | None:
    if kind == "invalid":
        return (
            None
            if expected in failed
            else f"示例“{value}”应当不符合规则 {expected}，实际"
            + (f"不符合 {'、'.join(failed)}" if failed else "全部符合")
        )
    wanted = value if kind == "valid" else expected
    if after != wanted:
        return f"示例“{value}”标准化后应为“{wanted}”，实际为“{after}”"
    return f"示例“{value}”应当合格，实际不符合规则 {'、'.join(failed)}" if failed else None
