"""pointblank on Polars: one step per rule, then ``get_sundered_data``."""

import pointblank as pb
import polars as pl
from rules import RULES, main, polars_check_digit


def add(plan, rule):
    column, arguments = rule.column, rule.arguments
    match rule.kind:
        case "not_null":
            return plan.col_vals_not_null(column)
        case "pattern":
            return plan.col_vals_regex(column, rf"^(?:{arguments[0]})$", na_pass=True)
        case "check_digit":
            return plan.col_vals_expr(polars_check_digit(pl.col(column)) | pl.col(column).is_null())
        case "unique":
            return plan.col_vals_expr(pl.col(column).is_unique() | pl.col(column).is_null())
        case "length":
            return plan.col_vals_expr(pl.col(column).str.len_chars().is_between(*arguments) | pl.col(column).is_null())
        case "in_set":
            return plan.col_vals_expr(pl.col(column).is_in(list(arguments)) | pl.col(column).is_null())
        case "dates" | "range":
            return plan.col_vals_between(column, arguments[0], arguments[1], na_pass=True)
        case "not_before":
            return plan.col_vals_ge(column, pb.col(arguments[0]), na_pass=True)
        case "given_unless":
            other = pl.col(arguments[0])
            return plan.col_vals_expr(pl.col(column).is_not_null() | (other == arguments[1]) | other.is_null())
    raise ValueError(rule.kind)


def check(source, out):
    plan = pb.Validate(data=pl.read_parquet(source))
    for rule in RULES:
        plan = add(plan, rule)
    done = plan.interrogate(collect_extracts=False)
    failed = done.n_failed()
    counts = {rule.name: int(failed[step]) for step, rule in enumerate(RULES, 1)}
    done.get_sundered_data(type="pass").write_parquet(out / "good.parquet", compression="zstd")
    bad = done.get_sundered_data(type="fail")
    bad.write_parquet(out / "bad.parquet", compression="zstd")
    return counts, len(bad)


main(check)
