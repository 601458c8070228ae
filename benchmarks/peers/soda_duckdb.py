"""soda-core 3 on DuckDB: its own metrics where it has one, conditions in SQL for the rest. Rows: samples only, none are
taken."""

import duckdb
from rules import CHECK_CHARACTERS, RULES, WEIGHTS, main
from soda.scan import Scan

SQL_CHECK = (
    "regexp_full_match(id, '[0-9]{17}[0-9X]') AND substr(id, 18, 1) = substr('"
    + CHECK_CHARACTERS
    + "', 1 + CAST(("
    + " + ".join(f"TRY_CAST(substr(id, {place}, 1) AS INTEGER) * {weight}" for place, weight in enumerate(WEIGHTS, 1))
    + ") % 11 AS INTEGER), 1)"
)


def metric(rule):
    """The check's lines in SodaCL."""
    column, arguments = rule.column, rule.arguments
    name = f"      name: {rule.name}\n"
    match rule.kind:
        case "not_null":
            return f"  - missing_count({column}) = 0:\n{name}"
        case "pattern":
            return f"  - invalid_count({column}) = 0:\n{name}      valid regex: ^({arguments[0]})$\n"
        case "unique":
            return f"  - duplicate_count({column}) = 0:\n{name}"
        case "length":
            return (
                f"  - invalid_count({column}) = 0:\n{name}      valid min length: {arguments[0]}\n      valid max "
                f"length: {arguments[1]}\n"
            )
        case "in_set":
            values = ", ".join(f"'{value}'" for value in arguments)
            return f"  - invalid_count({column}) = 0:\n{name}      valid values: [{values}]\n"
        case "range":
            return (
                f"  - invalid_count({column}) = 0:\n{name}      valid min: {arguments[0]}\n      valid max: "
                f"{arguments[1]}\n"
            )
        case "check_digit":
            condition = f"NOT coalesce({SQL_CHECK}, false) AND id IS NOT NULL"
        case "dates":
            condition = f"{column} < DATE '{arguments[0]}' OR {column} > DATE '{arguments[1]}'"
        case "not_before":
            condition = f"{column} < {arguments[0]}"
        case "given_unless":
            condition = f"{column} IS NULL AND {arguments[0]} <> '{arguments[1]}'"
    expression = f"SELECT count(*) FROM rows_ WHERE {condition}"
    return f"  - {rule.name} = 0:\n{name}      {rule.name} query: |\n        {expression}\n"


def check(source, out):
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW rows_ AS SELECT * FROM read_parquet('{source}')")
    scan = Scan()
    scan.disable_telemetry()
    scan.add_duckdb_connection(connection, data_source_name="peer")
    scan.set_data_source_name("peer")
    scan.add_sodacl_yaml_str("checks for rows_:\n" + "".join(metric(rule) for rule in RULES))
    scan.execute()
    if scan.has_error_logs():
        raise SystemExit(scan.get_error_logs_text()[:3000])
    found = {item["name"]: item["diagnostics"]["value"] for item in scan.get_scan_results()["checks"]}
    return {rule.name: int(found[rule.name]) for rule in RULES}, None


main(check)
