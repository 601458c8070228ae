"""Great Expectations on DuckDB: the data source, the one expectation all rules share, and a suite's run. Importing this
costs seconds and 260 MB, so it is imported only inside the functions that run a suite.

GX's stock SQL engine is unusable with DuckDB: it closes the connection before it fetches (empty results, no error), one
bad statement poisons the rest, and its regex expectations raise. ``DuckDBExecutionEngine`` mends the three.
"""

from __future__ import annotations

import builtins
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any, ClassVar, Literal, Type  # noqa: UP035

import duckdb

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
# GX logs failing statements with their traceback, and DuckDB's conversion errors quote the value: nothing of it may
# reach a log.
logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    import sqlalchemy as sa
    from duckdb_sqlalchemy import ConnectionWrapper, CursorWrapper
    from great_expectations.compatibility.pydantic import PrivateAttr
    from great_expectations.core.metric_domain_types import MetricDomainTypes
    from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.datasource.fluent import SQLDatasource
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.expectation_configuration import parse_result_format
    from great_expectations.expectations.metrics.metric_provider import metric_partial
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.validator import ValidationDependencies

for _wrapper in (ConnectionWrapper, CursorWrapper):
    # Classes GX keeps alive past the interpreter's end; their annotations would keep DuckDB's alive with them, and
    # DuckDB then prints a
    # page about leaked instances under every command's last line.
    _wrapper.__annotations__.clear()
    _wrapper.__init__.__annotations__.clear()

NO_VALUES: dict[str, Any] = {
    "result_format": "SUMMARY",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
    "return_unexpected_index_query": False,
}
"""The result format of every run. BOOLEAN_ONLY would drop the counts; the rules' own results are two numbers, and this
keeps the native expectations of a suite from carrying a value."""


# ----------------------------------------------------------------------------------------------------- GX speaks DuckDB


class _Exact(type):
    """``isinstance`` against an exact number alone: GX lets the plain ``sqlalchemy.Numeric`` stand for DOUBLE as
    well."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, sa.Numeric)


class _Decimal(metaclass=_Exact):
    pass


def _dialect_module() -> ModuleType:
    """What GX takes a dialect's type names and its regex syntax from. The attribute ``DremioDialect`` is GX's only sign
    for "matches with REGEXP_MATCHES", which is DuckDB's function too."""
    module = ModuleType("govdata_duckdb_dialect")
    names = {
        "VARCHAR": sa.String,
        "DATE": sa.DATE,
        "TIMESTAMP": sa.TIMESTAMP,
        "BIGINT": sa.BIGINT,
        "DECIMAL": _Decimal,
        "BOOLEAN": sa.BOOLEAN,
    }
    vars(module).update(names, DremioDialect=None)
    return module


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """One kept connection (a closed one drops its results), rolled back after an error so that the next statement
    runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dialect_module = _dialect_module()
        self.kept = self.engine.connect()

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        try:
            yield self.kept
        except Exception:
            self.kept.rollback()
            raise

    def get_inspector(self) -> sa.Inspector:
        return sa.inspect(self.kept)

    def close(self) -> None:
        """The DuckDB connection belongs to the caller and stays open."""


class DuckDBDatasource(SQLDatasource):
    """A data source over a DuckDB connection that is already open: the suite runs where the code tables are."""

    type: Literal["govdata_duckdb"] = "govdata_duckdb"  # type: ignore[assignment]
    connection_string: str = "duckdb:///:memory:"
    _open: DuckDBExecutionEngine | None = PrivateAttr(None)

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        wrapped = ConnectionWrapper(connection)
        engine = sa.create_engine(
            "duckdb:///:memory:",
            creator=lambda: wrapped,
            poolclass=sa.StaticPool,
            pool_reset_on_return=None,
            hide_parameters=True,
        )
        self._open = DuckDBExecutionEngine(engine=engine, create_temp_table=False)

    def detach(self) -> None:
        """Let go of the connection; the data source and its assets stay for the next one."""
        self._open = None

    @property
    def execution_engine_type(self) -> Type[SqlAlchemyExecutionEngine]:  # noqa: UP006 - ``type`` is a field here
        return DuckDBExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:
        """Nothing to try: the connection is given, and open."""

    def get_engine(self) -> sa.Engine:
        return self.get_execution_engine().engine

    def get_execution_engine(self) -> SqlAlchemyExecutionEngine:
        assert self._open is not None, "attach a connection first"
        return self._open


@cache
def _context() -> Any:
    """One context per process, in memory, silent."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


# ------------------------------------------------------------------------------------------------------ the expectation

CHECKED = "govdata.rule.checked"
FAILED = "govdata.rule.failed"
ROW_COUNT = "expect_table_row_count_to_be_between"


class RuleChecked(TableMetricProvider):
    """Rows the rule could be judged on."""

    metric_name = CHECKED
    value_keys = ("applicable", "unique_columns")

    @metric_partial(SqlAlchemyExecutionEngine, MetricPartialFunctionTypes.AGGREGATE_FN, MetricDomainTypes.TABLE)
    def _sqlalchemy(cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, metrics, runtime_configuration):  # type: ignore[no-untyped-def]
        columns = metric_value_kwargs["unique_columns"]
        condition = _all_present(columns) if columns else _predicate(f"({metric_value_kwargs['applicable']}) IS TRUE")
        return _count_where(condition), metric_domain_kwargs, {}


class RuleFailed(TableMetricProvider):
    """Rows that fail the rule. A predicate that is NULL counts as failed: an unknown must not pass, and parity then
    tells of it."""

    metric_name = FAILED
    value_keys = ("violation", "unique_columns")

    @metric_partial(SqlAlchemyExecutionEngine, MetricPartialFunctionTypes.AGGREGATE_FN, MetricDomainTypes.TABLE)
    def _sqlalchemy(cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, metrics, runtime_configuration):  # type: ignore[no-untyped-def]
        columns = metric_value_kwargs["unique_columns"]
        if not columns:
            return (
                _count_where(_predicate(f"({metric_value_kwargs['violation']}) IS NOT FALSE")),
                metric_domain_kwargs,
                {},
            )
        table, _, _ = execution_engine.get_compute_domain(
            domain_kwargs=metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        shared = (
            sa.select(sa.func.count().label("n"))
            .select_from(table)
            .where(_all_present(columns))
            .group_by(*map(_column, columns))
            .having(sa.func.count() > 1)
            .subquery()
        )
        return sa.select(sa.func.coalesce(sa.func.sum(shared.c.n), _ZERO)).scalar_subquery(), metric_domain_kwargs, {}


_ZERO: sa.ColumnElement[int] = sa.literal_column("0", sa.Integer)
"""A number in its place and not a parameter: there would be one for every count."""


def _predicate(sql: str) -> sa.ColumnElement[bool]:
    """Compiled SQL as it stands: a literal column, unlike ``text``, takes no ``:name`` in it for a bind parameter."""
    return sa.literal_column(sql, sa.Boolean)


def _count_where(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """``count_if`` and not ``count(*) FILTER``: DuckDB slices all columns anew for every filter. It is NULL of no
    rows."""
    return sa.func.coalesce(sa.func.count_if(condition), _ZERO)


def _column(name: str) -> sa.ColumnClause[Any]:
    return sa.column(sa.sql.quoted_name(name, quote=True))


def _all_present(columns: list[str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(_column(name).is_not(None) for name in columns))


class ExpectRuleToHold(BatchExpectation):
    """Expect no row of the batch to fail a declared rule.

    Args: rule_id: id of the declared rule. violation: DuckDB predicate over the standardised columns, true where a row
    fails; None for a uniqueness rule. applicable: DuckDB predicate, true where a row could be judged; None for a
    uniqueness rule. unique_columns: no two rows may share these columns; rows where any is NULL are not judged. All
    rows of a shared key fail.

    The result is two numbers (``checked``, ``failed``): it never holds a value.
    """

    rule_id: str
    violation: str | None = None
    applicable: str | None = None
    unique_columns: list[str] | None = None

    success_keys: ClassVar[tuple[str, ...]] = ("rule_id", "violation", "applicable", "unique_columns")
    args_keys: ClassVar[tuple[str, ...]] = ("rule_id",)

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: dict | None = None
    ) -> ValidationDependencies:
        """The two metrics, stated directly: GX's own way through ``metric_dependencies`` builds the configuration some
        fifty times per rule, which costs more than counting a small delivery."""
        domain = dict.fromkeys(TableMetricProvider.domain_keys) | {"batch_id": self.batch_id}
        metrics = {
            provider.metric_name: MetricConfiguration(
                provider.metric_name, domain, {key: getattr(self, key) for key in provider.value_keys}
            )
            for provider in (RuleChecked, RuleFailed)
        }
        return ValidationDependencies(
            metrics, parse_result_format((runtime_configuration or {}).get("result_format", NO_VALUES))
        )

    def _validate(self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None) -> dict:
        checked, failed = int(metrics[CHECKED]), int(metrics[FAILED])
        return {"success": failed == 0, "result": {"observed_value": failed, "checked": checked, "failed": failed}}


class ExpectColumnTypeToBeDeclared(gx.expectations.ExpectColumnValuesToBeInTypeList):
    """GX's expectation about a column's type, but for its configuration, which is built once: GX asks for it some
    twenty times per column and validation, and makes an expectation of its own from the suite's for each step, none of
    whose fields it changes."""

    _built: Any = PrivateAttr(None)

    @property
    def configuration(self) -> Any:
        if self._built is None:
            self._built = super().configuration
        return self._built


# ---------------------------------------------------------------------------------------------------------------- a run


@dataclass(frozen=True)
class Counted:
    """What GX counted for one rule."""

    checked: int
    failed: int


@dataclass(frozen=True)
class SuiteResult:
    """``rows``: rows GX saw, by its row count expectation. ``rules``: rule id → counts. ``schema_failures``: what the
    native expectations found wrong, as column names, or the expectation's type where it is about the table. ``broken``:
    rule ids (or native expectation types) that could not be evaluated, with the class of the error and nothing else of
    it."""

    rows: int
    rules: dict[str, Counted]
    schema_checked: int
    schema_failures: tuple[str, ...]
    broken: dict[str, str]


def run(suite: gx.ExpectationSuite, connection: duckdb.DuckDBPyConnection, table: str) -> SuiteResult:
    """Validate ``suite`` on the table or view ``table`` of ``connection``; all rules are counted in one SELECT."""
    return read(validate_suite(suite, connection, table))


def validate_suite(suite: gx.ExpectationSuite, connection: duckdb.DuckDBPyConnection, table: str) -> Any:
    """GX's own ``ExpectationSuiteValidationResult``; kept inside the process, it is never written anywhere."""
    source = _source()
    with _in_use:
        source.attach(connection)
        try:
            return _whole(table).get_batch().validate(suite, result_format=NO_VALUES)
        finally:
            source.detach()


_in_use = Lock()


@cache
def _source() -> DuckDBDatasource:
    """One for the process: GX writes its whole configuration out as YAML, into memory, for each source and asset that
    comes or goes."""
    source: DuckDBDatasource = _context().data_sources.add_govdata_duckdb(name="duckdb")
    return source


@cache
def _whole(table: str) -> Any:
    """The batch definition of a table's rows; the table is looked for when the batch is validated."""
    return _source().add_table_asset(table, table_name=table).add_batch_definition_whole_table("whole")


def read(result: Any) -> SuiteResult:
    rules: dict[str, Counted] = {}
    failures: list[str] = []
    broken: dict[str, str] = {}
    rows = natives = 0
    for outcome in result.results:
        config = outcome.expectation_config
        rule_id = config.kwargs.get("rule_id")
        if error := _error_kind(outcome.exception_info):
            broken[rule_id or config.type] = error
        elif rule_id:
            rules[rule_id] = Counted(outcome.result["checked"], outcome.result["failed"])
        else:
            natives += 1
            if config.type == ROW_COUNT:
                rows = int(outcome.result["observed_value"])
            if not outcome.success:
                failures.append(config.kwargs.get("column") or config.type)
    return SuiteResult(rows, rules, natives, tuple(failures), broken)


def _error_kind(exception_info: Any) -> str | None:
    """The class of the error GX caught, or None. Its text may quote a record's value and is not looked at beyond the
    class name."""
    raised = list(_raised(exception_info))
    if not raised:
        return None
    text = "\n".join(str(info.get(part)) for info in raised for part in ("exception_message", "exception_traceback"))
    named = re.findall(r"[A-Za-z]+(?:Error|Exception)", text)
    known = [name for module in (duckdb, builtins) for name in named if isinstance(getattr(module, name, None), type)]
    return known[0] if known else "Exception"


def _raised(exception_info: Any) -> Iterator[Mapping[str, Any]]:
    """GX writes one exception's facts, or a mapping of metric → facts."""
    info = exception_info.to_json_dict() if hasattr(exception_info, "to_json_dict") else exception_info
    if not isinstance(info, Mapping):
        return
    if info.get("raised_exception"):
        yield info
    for nested in info.values():
        yield from _raised(nested)
