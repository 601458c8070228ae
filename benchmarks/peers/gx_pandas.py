"""Great Expectations on pandas: its own expectations, a custom one for the check digit; failing rows from COMPLETE's
index lists."""

import great_expectations as gx
import great_expectations.expectations as gxe
import numpy as np
import pyarrow.parquet as pq
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial
from rules import RULES, frame_check_digit, main


class ColumnValuesCheckDigit(ColumnMapMetricProvider):
    condition_metric_name = "column_values.check_digit"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column, **kwargs):
        return frame_check_digit(column)


class ExpectColumnValuesCheckDigit(ColumnMapExpectation):
    map_metric = "column_values.check_digit"
    success_keys = ("mostly",)


def expectation(rule):
    arguments = rule.arguments
    match rule.kind:
        case "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(column=rule.column)
        case "pattern":
            return gxe.ExpectColumnValuesToMatchRegex(column=rule.column, regex=rf"^(?:{arguments[0]})\Z")
        case "check_digit":
            return ExpectColumnValuesCheckDigit(column=rule.column)
        case "unique":
            return gxe.ExpectColumnValuesToBeUnique(column=rule.column)
        case "length":
            return gxe.ExpectColumnValueLengthsToBeBetween(
                column=rule.column, min_value=arguments[0], max_value=arguments[1]
            )
        case "in_set":
            return gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=list(arguments))
        case "dates":
            low, high = (f"{bound.isoformat()}T00:00:00" for bound in arguments)
            return gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=low, max_value=high)
        case "range":
            return gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=arguments[0], max_value=arguments[1])
        case "not_before":
            return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=rule.column, column_B=arguments[0], or_equal=True, ignore_row_if="either_value_is_missing"
            )
        case "given_unless":
            condition = f'{arguments[0]} != "{arguments[1]}"'
            return gxe.ExpectColumnValuesToNotBeNull(
                column=rule.column, row_condition=condition, condition_parser="pandas"
            )
    raise ValueError(rule.kind)


def check(source, out):
    frame = pq.read_table(source).to_pandas(date_as_object=False)
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("peer").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite("rules", expectations=[expectation(rule) for rule in RULES])
    result = batch.validate(suite, result_format={"result_format": "COMPLETE", "exclude_unexpected_values": True})
    bad = np.zeros(len(frame), dtype=bool)
    by_name = {}
    for rule, outcome in zip(RULES, result.results, strict=True):
        if outcome.exception_info.get("raised_exception") or "unexpected_count" not in outcome.result:
            raise SystemExit(f"{rule.name}: {str(outcome)[:2000]}")
        by_name[rule.name] = outcome.result["unexpected_count"]
        bad[[int(index) for index in outcome.result.get("unexpected_index_list") or []]] = True
    frame[~bad].to_parquet(out / "good.parquet", compression="zstd")
    frame[bad].to_parquet(out / "bad.parquet", compression="zstd")
    return by_name, int(bad.sum())


main(check)
