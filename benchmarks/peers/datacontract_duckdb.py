"""datacontract-cli: an ODCS contract tested on the Parquet file by its own DuckDB. Counts only."""

import tempfile
from pathlib import Path

import yaml
from datacontract.data_contract import DataContract
from rules import CHECK_CHARACTERS, RULES, WEIGHTS, main

TYPES = {"birth_date": "date", "registered": "date", "status_date": "date", "height": "integer"}
COLUMNS = (
    "id",
    "name",
    "sex",
    "ethnicity",
    "marital",
    "division",
    "phone",
    "birth_date",
    "registered",
    "height",
    "status",
    "status_date",
)
SUM = " + ".join(
    f"coalesce(TRY_CAST(substr(id, {place}, 1) AS INTEGER), 0) * {weight}" for place, weight in enumerate(WEIGHTS, 1)
)


def condition(rule):
    """SQL that is true where a row fails."""
    column, arguments = rule.column, rule.arguments
    match rule.kind:
        case "not_null":
            return f"{column} IS NULL"
        case "pattern":
            return f"NOT regexp_full_match({column}, '{arguments[0]}')"
        case "check_digit":
            good = f"substr(id, 18, 1) = substr('{CHECK_CHARACTERS}', 1 + CAST(({SUM}) % 11 AS INTEGER), 1)"
            return f"NOT (regexp_full_match(id, '[0-9]{{17}}[0-9X]') AND {good})"
        case "length":
            return f"length({column}) NOT BETWEEN {arguments[0]} AND {arguments[1]}"
        case "in_set":
            return f"{column} NOT IN ({', '.join(repr(value) for value in arguments)})"
        case "dates":
            return f"{column} NOT BETWEEN DATE '{arguments[0]}' AND DATE '{arguments[1]}'"
        case "range":
            return f"{column} NOT BETWEEN {arguments[0]} AND {arguments[1]}"
        case "not_before":
            return f"{column} < {arguments[0]}"
        case "given_unless":
            return f"{column} IS NULL AND {arguments[0]} <> '{arguments[1]}'"
    raise ValueError(rule.kind)


def quality(rule):
    if rule.kind == "unique":
        keys = f"SELECT count(*) AS n FROM rows_ WHERE {rule.column} IS NOT NULL GROUP BY {rule.column}"
        query = f"SELECT coalesce(sum(n), 0) FROM ({keys}) WHERE n > 1"
    else:
        query = f"SELECT count(*) FROM rows_ WHERE {condition(rule)}"
    return {"type": "sql", "description": rule.name, "query": query, "mustBe": 0}


def check(source, out):
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "peer",
        "name": "peer",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "local", "type": "local", "path": str(source), "format": "parquet"}],
        "schema": [
            {
                "name": "rows_",
                "physicalType": "table",
                "properties": [{"name": name, "logicalType": TYPES.get(name, "string")} for name in COLUMNS],
                "quality": [quality(rule) for rule in RULES],
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contract.yaml"
        path.write_text(yaml.safe_dump(contract, sort_keys=False))
        run = DataContract(data_contract_file=str(path)).test()
    return counted(run), None


def counted(run):
    """The failed rows that each rule's query returned."""
    counts = {
        item.name: int(item.diagnostics["value"])
        for item in run.checks
        if item.type == "model_quality_sql" and item.diagnostics
    }
    if missing := [rule.name for rule in RULES if rule.name not in counts]:
        raise SystemExit(f"did not run: {missing}; {run.logs[-3:]}")
    return {rule.name: counts[rule.name] for rule in RULES}


main(check)
