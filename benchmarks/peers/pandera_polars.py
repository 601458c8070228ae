"""pandera on Polars, lazy validation. Its rows are asked for through the checks' own outputs (``failure_cases`` with
index)."""

import pandera.polars as pa
import polars as pl
from rules import RULES, main, polars_check_digit


def condition(rule):
    column, arguments = pl.col(rule.column), rule.arguments
    match rule.kind:
        case "pattern":
            return column.str.contains(rf"^(?:{arguments[0]})$")
        case "check_digit":
            return polars_check_digit(column)
        case "unique":
            return column.is_unique()
        case "length":
            return column.str.len_chars().is_between(*arguments)
        case "in_set":
            return column.is_in(list(arguments))
        case "dates" | "range":
            return column.is_between(*arguments)
        case "not_before":
            return (column >= pl.col(arguments[0])).fill_null(True)
        case "given_unless":
            return column.is_not_null() | (pl.col(arguments[0]) == arguments[1]).fill_null(True)


def made(rule):
    expression = condition(rule)
    return pa.Check(
        lambda data: data.lazyframe.select((expression | pl.col(rule.column).is_null()).alias("ok")), name=rule.name
    )


def made_frame(rule):
    expression = condition(rule)
    return pa.Check(lambda data: data.lazyframe.select(expression.alias("ok")), name=rule.name)


def check(source, out):
    frame = pl.read_parquet(source)
    wide = [rule for rule in RULES if rule.kind in ("not_before", "given_unless")]
    columns = {}
    for name in frame.columns:
        rules = [rule for rule in RULES if rule.column == name and rule not in wide]
        columns[name] = pa.Column(
            nullable=not any(rule.kind == "not_null" for rule in rules),
            checks=[made(rule) for rule in rules if rule.kind != "not_null"],
        )
    schema = pa.DataFrameSchema(columns, checks=[made_frame(rule) for rule in wide])
    given = {rule.column: rule.name for rule in RULES if rule.kind == "not_null"}
    counts = dict.fromkeys((rule.name for rule in RULES), 0)
    bad = pl.Series("i", [], dtype=pl.Int64)
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        grouped = cases.group_by("column", "check").agg(
            pl.col("index").n_unique(), pl.col("index").null_count().alias("unknown")
        )
        for row in grouped.iter_rows(named=True):
            name = row["check"] if row["check"] in counts else given[row["column"]]
            counts[name] = row["index"]
        bad = cases["index"].drop_nulls().unique().cast(pl.Int64)
    held = pl.Series("held", [False]).extend_constant(False, len(frame) - 1).scatter(bad, True)
    frame.filter(~held).write_parquet(out / "good.parquet", compression="zstd")
    frame.filter(held).write_parquet(out / "bad.parquet", compression="zstd")
    return counts, len(bad)


main(check)
