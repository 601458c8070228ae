"""dataframely: ``filter`` splits into valid rows and a FailureInfo."""

import dataframely as dy
import polars as pl
from rules import RULES, main, polars_check_digit


def expression(rule):
    column, arguments = pl.col(rule.column), rule.arguments
    match rule.kind:
        case "not_null":
            return column.is_not_null()
        case "pattern":
            return column.str.contains(rf"^(?:{arguments[0]})$")
        case "check_digit":
            return polars_check_digit(column)
        case "unique":
            return column.is_unique() | column.is_null()
        case "length":
            return column.str.len_chars().is_between(*arguments)
        case "in_set":
            return column.is_in(list(arguments))
        case "dates" | "range":
            return column.is_between(*arguments)
        case "not_before":
            return column >= pl.col(arguments[0])
        case "given_unless":
            return column.is_not_null() | (pl.col(arguments[0]) == arguments[1]) | pl.col(arguments[0]).is_null()


def made(rule):
    return dy.rule()(lambda cls: expression(rule))


TYPES = {"birth_date": dy.Date, "registered": dy.Date, "status_date": dy.Date, "height": dy.Int64}
COLUMNS = (
    dict.fromkeys(["id", "name", "sex", "ethnicity", "marital", "division", "phone"], dy.String)
    | TYPES
    | {"status": dy.String}
)
Rules = type(
    "Rules",
    (dy.Schema,),
    {name: type_(nullable=True) for name, type_ in COLUMNS.items()} | {rule.name: made(rule) for rule in RULES},
)


def check(source, out):
    good, failure = Rules.filter(pl.read_parquet(source))
    counts = dict.fromkeys((rule.name for rule in RULES), 0) | dict(failure.counts())
    bad = failure.invalid()
    good.write_parquet(out / "good.parquet", compression="zstd")
    bad.write_parquet(out / "bad.parquet", compression="zstd")
    return counts, len(bad)


main(check)
