"""pandera on pandas, lazy validation: failing rows from ``failure_cases``."""

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow.parquet as pq
from rules import RULES, frame_check_digit, main


def column_check(rule):
    arguments = rule.arguments
    match rule.kind:
        case "pattern":
            return pa.Check(lambda s, p=arguments[0]: s.str.fullmatch(p), error=rule.name)
        case "check_digit":
            return pa.Check(lambda s: pd.Series(frame_check_digit(s), index=s.index), error=rule.name)
        case "length":
            return pa.Check.str_length(*arguments, error=rule.name)
        case "in_set":
            return pa.Check.isin(arguments, error=rule.name)
        case "dates":
            return pa.Check.in_range(*(pd.Timestamp(bound) for bound in arguments), error=rule.name)
        case "range":
            return pa.Check.in_range(*arguments, error=rule.name)


def frame_check(rule):
    if rule.kind == "not_before":
        other = rule.arguments[0]
        return pa.Check(lambda f: ~(f[rule.column] < f[other]), error=rule.name)
    other, value = rule.arguments
    return pa.Check(lambda f: f[rule.column].notna() | (f[other] == value) | f[other].isna(), error=rule.name)


def check(source, out):
    frame = pq.read_table(source).to_pandas(date_as_object=False)
    columns = {}
    for name in frame.columns:
        rules = [rule for rule in RULES if rule.column == name]
        columns[name] = pa.Column(
            nullable=not any(rule.kind == "not_null" for rule in rules),
            unique=any(rule.kind == "unique" for rule in rules),
            checks=[made for rule in rules if (made := column_check(rule)) is not None],
        )
    schema = pa.DataFrameSchema(
        columns, checks=[frame_check(r) for r in RULES if r.kind in ("not_before", "given_unless")]
    )
    bad = np.zeros(len(frame), dtype=bool)
    counts = dict.fromkeys((rule.name for rule in RULES), 0)
    special = {("not_nullable", r.column): r.name for r in RULES if r.kind == "not_null"}
    special |= {("field_uniqueness", r.column): r.name for r in RULES if r.kind == "unique"}
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        for (column, name), group in cases.groupby(["column", "check"], dropna=False):
            rule = name if name in counts else special[(name, column)]
            counts[rule] = group["index"].nunique()
        bad[cases["index"].dropna().astype(int).unique()] = True
    frame[~bad].to_parquet(out / "good.parquet", compression="zstd")
    frame[bad].to_parquet(out / "bad.parquet", compression="zstd")
    return counts, int(bad.sum())


main(check)
