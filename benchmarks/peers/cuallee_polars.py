"""cuallee on Polars. It counts violations and gives no rows; what its vocabulary lacks is None."""

import polars as pl
from cuallee import Check, CheckLevel
from rules import RULES, main


def add(plan, rule):
    """The plan with the rule's check, or None where cuallee has none on Polars."""
    column, arguments = rule.column, rule.arguments
    match rule.kind:
        case "not_null":
            return plan.is_complete(column)
        case "pattern":
            return plan.has_pattern(column, rf"^(?:{arguments[0]})$")
        case "unique":
            return plan.is_unique(column)
        case "in_set":
            return plan.is_contained_in(column, tuple(arguments))
        case "dates" | "range":
            return plan.is_between(column, tuple(arguments))
        case "length":  # as a pattern: it has no check of lengths
            return plan.has_pattern(column, f"^.{{{arguments[0]},{arguments[1]}}}$")
    return None


def check(source, out):
    plan = Check(CheckLevel.WARNING, "rules")
    asked = []
    for rule in RULES:
        if (extended := add(plan, rule)) is not None:
            plan = extended
            asked.append(rule.name)
    result = plan.validate(pl.read_parquet(source)).sort("id")
    failed = dict(zip(asked, result["violations"].to_list(), strict=True))
    return {rule.name: int(failed[rule.name]) if rule.name in failed else None for rule in RULES}, None


main(check)
