"""What a row expression may name: kinds of values, functions and their arguments, words with a meaning of their own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from govdata.standards.types import RowKind

Kind = RowKind

KIND_NAMES: dict[Kind, str] = {"text": "文本", "number": "数值", "date": "日期", "boolean": "真假", "any": "任意"}


@dataclass(frozen=True)
class Signature:
    """Kinds of the arguments; the last ``optional`` ones may be left out; ``repeat``: the last may come again and
    again. ``same``: all arguments are of one kind, which is then the result's."""

    arguments: tuple[Kind, ...]
    result: Kind
    optional: int = 0
    repeat: bool = False
    same: bool = False


VOCABULARY: dict[str, Signature] = {
    "id_birth_date": Signature(("text",), "date"),
    "id_sex": Signature(("text",), "text"),
    "id_region": Signature(("text",), "text"),
    "age": Signature(("date", "date"), "number"),
    "years_between": Signature(("date", "date"), "number"),
    "months_between": Signature(("date", "date"), "number"),
    "days_between": Signature(("date", "date"), "number"),
    "delivery_date": Signature((), "date"),
    "year": Signature(("date",), "number"),
    "month": Signature(("date",), "number"),
    "in_code_set": Signature(("text", "text", "text"), "boolean", optional=1),
    "names_another": Signature(("text", "text", "text"), "boolean"),
    "matches": Signature(("text", "text"), "boolean"),
    "check_digit_ok": Signature(("text", "text"), "boolean"),
    "to_number": Signature(("text",), "number"),
    "same_name": Signature(("text", "text"), "boolean"),
}
"""Functions of govdata: they stay ``exp.Anonymous`` nodes with these names, and the engine gives each its meaning."""

BUILT_IN: dict[str, Signature] = {
    "coalesce": Signature(("any", "any"), "any", repeat=True, same=True),
    "nullif": Signature(("any", "any"), "any", same=True),
    "least": Signature(("any", "any"), "any", repeat=True, same=True),
    "greatest": Signature(("any", "any"), "any", repeat=True, same=True),
    "abs": Signature(("number",), "number"),
    "left": Signature(("text", "number"), "text"),
    "right": Signature(("text", "number"), "text"),
    "substr": Signature(("text", "number", "number"), "text", optional=1),
    "length": Signature(("text",), "number"),
    "upper": Signature(("text",), "text"),
    "lower": Signature(("text",), "text"),
    "starts_with": Signature(("text", "text"), "boolean"),
}
"""Functions of SQL, read into sqlglot's own nodes. ``least`` and ``greatest`` pass over NULL."""

KEYWORDS = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "between",
        "is",
        "null",
        "case",
        "when",
        "then",
        "else",
        "end",
        "like",
        "date",
        "true",
        "false",
    ]
)
"""Words with a meaning of their own; a column must not be called so."""

RESERVED = KEYWORDS | {"value"}


ASKING = ("in_code_set", "names_another")
"""Functions whose second argument is a code set's id."""


def call(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    """A call as the node sqlglot's own parser would make of it, so that every reader of the tree sees one form."""
    if name in VOCABULARY:
        return exp.Anonymous(this=name, expressions=arguments)
    first, *rest = arguments
    match name:
        case "coalesce":
            return exp.Coalesce(this=first, expressions=rest)
        case "least":
            return exp.Least(this=first, expressions=rest, ignore_nulls=True)
        case "greatest":
            return exp.Greatest(this=first, expressions=rest, ignore_nulls=True)
        case "substr":
            length = {"length": rest[1]} if len(rest) == 2 else {}
            return exp.Substring(this=first, start=rest[0], **length)
    unary: dict[str, type[exp.Expression]] = {
        "abs": exp.Abs,
        "length": exp.Length,
        "upper": exp.Upper,
        "lower": exp.Lower,
    }
    if name in unary:
        return unary[name](this=first)
    binary: dict[str, type[exp.Expression]] = {
        "nullif": exp.Nullif,
        "left": exp.Left,
        "right": exp.Right,
        "starts_with": exp.StartsWith,
    }
    return binary[name](this=first, expression=rest[0])
