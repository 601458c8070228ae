"""Dialects: a tree printed as the SQL of one engine, or what that engine lacks, by name, before anything runs.

Trees are written in DuckDB's spelling, so DuckDB prints them all. For another engine sqlglot finds a spelling for
nearly everything, also where the meaning is another (a ``regexp_replace`` of the first hit becomes one of every hit,
``concat`` of NULL is NULL) or where there is no such function at all. So another dialect prints only what stands in its
whitelist: each entry was compared with the engine's own documentation, and everything else is an error that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from sqlglot import exp

from govdata.errors import GovdataError
from govdata.trees.build import SPELLING

Condition = Callable[[exp.Expression], str | None]
"""What of a node the engine lacks although it knows its kind, by name; None where nothing."""

FUNCTIONS = frozenset(
    [
        "abs",
        "array_to_string",
        "ascii",
        "cast",
        "chr",
        "coalesce",
        "concat",
        "contains",
        "concat_ws",
        "date_diff",
        "day",
        "decode",
        "epoch_ms",
        "greatest",
        "instr",
        "least",
        "left",
        "length",
        "list_filter",
        "list_value",
        "lower",
        "list_contains",
        "list_transform",
        "lpad",
        "make_date",
        "map_contains",
        "map_from_entries",
        "month",
        "nullif",
        "regexp_extract",
        "regexp_extract_all",
        "regexp_full_match",
        "regexp_matches",
        "regexp_replace",
        "replace",
        "right",
        "starts_with",
        "strlen",
        "strpos",
        "strptime",
        "substr",
        "substring",
        "suffix",
        "translate",
        "trim",
        "try",
        "try_cast",
        "try_strptime",
        "unhex",
        "upper",
        "url_decode",
        "year",
    ]
)
"""The closed vocabulary: the only SQL functions a compiled expression may call."""


class UnsupportedError(GovdataError):
    """A tree needs what an engine lacks; ``names`` says what, in DuckDB's spelling."""

    def __init__(self, engine: str, names: tuple[str, ...]) -> None:
        super().__init__(f"{engine} 不支持：{'、'.join(names)}")
        self.names = names


@dataclass(frozen=True)
class Dialect:
    """How one engine writes SQL. ``name``: sqlglot's name of it; ``offers``: kinds of nodes it knows, with what of each
    it lacks (None: our own spelling, every tree can be printed)."""

    name: str
    offers: Mapping[type[exp.Expression], Condition | None] | None = None

    def missing(self, tree: exp.Expression) -> tuple[str, ...]:
        """Names of what ``tree`` needs and the engine lacks, each once, sorted."""
        if self.offers is None:
            return ()
        found = (self._lacks(cast(exp.Expression, node)) for node in tree.walk())
        return tuple(sorted({name for name in found if name is not None}))

    def _lacks(self, node: exp.Expression) -> str | None:
        assert self.offers is not None
        if type(node) in STRUCTURE:
            return None
        if type(node) not in self.offers:
            return spelled(node)
        condition = self.offers[type(node)]
        return condition(node) if condition is not None else None

    def text(self, tree: exp.Expression) -> str:
        """The SQL of ``tree``. Raises UnsupportedError naming everything the engine lacks."""
        if missing := self.missing(tree):
            raise UnsupportedError(self.name, missing)
        return tree.sql(dialect=self.name)


STRUCTURE = frozenset(
    [
        exp.Alias,
        exp.Boolean,
        exp.Case,
        exp.Column,
        exp.DataType,
        exp.DataTypeParam,
        exp.Identifier,
        exp.If,
        exp.Literal,
        exp.Null,
        exp.Paren,
        exp.Var,
    ]
)
"""Nodes that mean the same everywhere, or that are judged with the node above them (types with their cast)."""


def spelled(node: exp.Expression) -> str:
    """What a person calls the kind of node: a function by its name in DuckDB, anything else by sqlglot's."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.Cast):
        return (
            f"{'try_cast' if isinstance(node, exp.TryCast) else 'cast'} to "
            f"{cast(exp.Expression, node.to).this.name.lower()}"
        )
    if isinstance(node, exp.Func) and not isinstance(node, exp.Connector):
        return _function(type(node), node)
    return type(node).__name__


_names: dict[type[exp.Expression], str] = {}


def _function(kind: type[exp.Expression], node: exp.Expression) -> str:
    if kind not in _names:
        written = node.sql(dialect=SPELLING).split("(")[0].strip().lower()
        _names[kind] = written if written.isidentifier() else kind.__name__  # a list is written [1, 2]
    return _names[kind]


# ---------------------------------------------------------------------------------------------------------------- Spark


def _constant_date(node: exp.Expression) -> str | None:
    """Only a date written out: Spark reads other texts more leniently (2024-1-2), and prints numbers and times in its
    own ways."""
    constant = (
        isinstance(node.this, exp.Literal) and cast(exp.Expression, node.args["to"]).this is exp.DataType.Type.DATE
    )
    return None if constant else spelled(node)


def _positive_count(node: exp.Expression) -> str | None:
    """DuckDB counts from the other end where the number is negative; Spark gives an empty text."""
    count = cast(exp.Expression, node.expression)
    return (
        None
        if isinstance(count, exp.Literal) and not count.is_string
        else f"{spelled(node)} of a number that is no constant"
    )


def _of_values(node: exp.Expression) -> str | None:
    return "in (select)" if node.args.get("query") is not None else None


def _spark() -> dict[type[exp.Expression], Condition | None]:
    operators: list[type[exp.Expression]] = [
        *(exp.And, exp.Or, exp.Not, exp.Is, exp.Between, exp.Like, exp.NullSafeNEQ, exp.NullSafeEQ),
        *(
            exp.EQ,
            exp.NEQ,
            exp.LT,
            exp.LTE,
            exp.GT,
            exp.GTE,
            exp.Add,
            exp.Sub,
            exp.Mul,
            exp.Mod,
            exp.IntDiv,
            exp.Neg,
            exp.DPipe,
        ),
    ]
    # upper and lower are not among them: of letters beyond ASCII the engines make different ones (ß).
    functions: list[type[exp.Expression]] = [
        *(
            exp.Coalesce,
            exp.Nullif,
            exp.Least,
            exp.Greatest,
            exp.Abs,
            exp.Length,
            exp.Substring,
            exp.StartsWith,
            exp.Contains,
        ),
        *(exp.Replace, exp.Translate, exp.StrPosition, exp.Pad, exp.Year, exp.Month, exp.Day),
    ]
    offered: dict[type[exp.Expression], Condition | None] = dict.fromkeys([*operators, *functions])
    return offered | {
        exp.Cast: _constant_date,
        exp.Left: _positive_count,
        exp.Right: _positive_count,
        exp.In: _of_values,
    }


DUCKDB = Dialect(SPELLING)
SPARK = Dialect("spark", _spark())
