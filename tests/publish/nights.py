"""Small nights written as the stages before publishing would: Parquet files and manifests of a raw and a standardised
batch, and a verdict.

``people`` is a delta dataset (key ``citizen_id``, operation ``change_kind``) whose first delivery is a whole; ``shops``
is a snapshot dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from govdata.batches import TABLE_CHECKS, CheckOutcome, IngestedFile, RawBatch, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.standards.model import (
    BoundRule,
    Code,
    CodeSet,
    Column,
    Dataset,
    DeliveryMode,
    Element,
    Pattern,
    Registry,
    Sensitivity,
    Unique,
    Volume,
)
from govdata.storage import sql
from govdata.storage.manifest import fingerprint

Row = dict[str, Any]
CANARY = "不应外泄的姓名"
LEDGER = (
    "SELECT s._delivery_date, s._row_id, s._source_file, s._source_row, 'name' AS column_name, r.name AS before, "
    "s.name AS after, "
    "'strip' AS rule FROM {standardized} AS s JOIN {raw} AS r ON s._row_id = r._row_id AND s._delivery_date = "
    "r._delivery_date "
    "WHERE (s._repairs_0 & 2) <> 0"
)
TYPES = {"date": pa.date32(), "integer": pa.int64(), "decimal": pa.decimal128(24, 2)}


def _element(id: str, type: str, name: str, **more: Any) -> Element:
    facts = {"name_en": id, "definition": name, "sensitivity": Sensitivity(level=2, personal="general")}
    return Element(id=id, name=name, type=type, **(facts | more))  # type: ignore[arg-type]


ELEMENTS = [
    _element(
        "citizen_id",
        "text",
        "公民身份号码",
        standard="GB 11643-1999",
        clause="4",
        sensitivity=Sensitivity(level=3, personal="sensitive"),
    ),
    _element("name", "text", "姓名"),
    _element("birth_date", "date", "出生日期"),
    _element("sex", "code", "性别", code_set="sex"),
    _element("amount", "decimal", "金额", scale=2, unit="元"),
    _element("uscc", "text", "统一社会信用代码"),
    _element("change_kind", "code", "变更类型", code_set="change_kind"),
]


def _rule(dataset: str, index: int, id: str, spec: Any, severity: Literal["error", "warning"]) -> BoundRule:
    column = id.split(".")[0] if "." in id else None
    return BoundRule(
        id=id,
        index=index,
        dataset=dataset,
        column=column,
        columns=(column,) if column else (),
        spec=spec,
        dimension="conformity",
        severity=severity,
        message=f"{id} 不合规",
    )


def registry(
    *,
    unique_key: bool = True,
    people_columns: Sequence[str] = ("citizen_id", "name", "sex", "birth_date", "amount", "change_kind"),
) -> Registry:
    titles = {element.id: element.name for element in ELEMENTS}
    people = Dataset(
        name="people",
        title="人员",
        domain="人口",
        owner="市公安局",
        version="1",
        purpose="测试",
        delivery=DeliveryMode(mode="delta", key=("citizen_id",), operation="change_kind", snapshot_files=("*全量*",)),
        columns=tuple(Column(name=name, title=titles[name], element=name) for name in people_columns),
        volume=Volume(max_quarantine=1.0),
    )
    shops = Dataset(
        name="shops",
        title="店铺",
        domain="法人",
        owner="市市场监督管理局",
        version="1",
        delivery=DeliveryMode(mode="snapshot", key=("uscc",)),
        columns=(
            Column(name="uscc", title="信用代码", element="uscc"),
            Column(name="name", title="名称", element="name"),
        ),
    )
    bound = {
        "people": (
            _rule("people", 0, "citizen_id.format", Pattern(pattern="[0-9X]+"), "error"),
            _rule("people", 1, "name.form", Pattern(pattern=".+"), "warning"),
            _rule(
                "people", 2, "primary_key_unique", Unique(columns=("citizen_id",)), "error" if unique_key else "warning"
            ),
        ),
        "shops": (_rule("shops", 0, "uscc.format", Pattern(pattern=".+"), "error"),),
    }
    sets = {
        "sex": CodeSet(
            id="sex",
            name="性别",
            standard="GB/T 2261.1",
            edition="2003",
            source="test",
            grade="A",
            file="sex.csv",
            codes=(
                Code(code="1", name_zh="男性"),
                Code(code="2", name_zh="女性"),
                Code(code="9", name_zh="旧码", valid_to="2001-01-01"),
            ),
        ),
        "change_kind": CodeSet(
            id="change_kind",
            name="变更类型",
            standard="自定",
            source="test",
            grade="A",
            file="c.csv",
            codes=tuple(Code(code=code, name_zh=name) for code, name in (("I", "新增"), ("U", "变更"), ("D", "注销"))),
        ),
    }
    return Registry(
        elements={element.id: element for element in ELEMENTS},
        code_sets=sets,
        datasets={"people": people, "shops": shops},
        null_tokens=(),
        bound=bound,
        hashes={name: fingerprint(name, people_columns, unique_key) for name in ("people", "shops")},
    )


def person(number: int, name: str = "张三", operation: str | None = "I", **more: Any) -> Row:
    return {
        "citizen_id": f"190101{number:012d}",
        "name": name,
        "sex": "1",
        "birth_date": Date(1990, 1, 1),
        "amount": Decimal("12.50"),
        "change_kind": operation,
        **more,
    }


def shop(number: int, name: str = "某店") -> Row:
    return {"uscc": f"91190101MA{number:08d}", "name": name}


@dataclass
class City:
    """A deployment and its standards; ``deliver`` lays down the batch of one night."""

    deployment: Deployment
    registry: Registry = field(default_factory=registry)

    def dataset(self, name: str) -> Dataset:
        return self.registry.datasets[name]

    def deliver(
        self,
        dataset: str,
        date: Date,
        rows: Sequence[Row],
        *,
        mode: Literal["snapshot", "delta"] | None = None,
        quarantined: Sequence[Row] = (),
        failing: Sequence[str] = ("citizen_id.format", "primary_key_unique"),
        warned: Sequence[int] = (),
        repaired: dict[int, str] | None = None,
        files: int = 1,
        outcomes: Sequence[CheckOutcome] | None = None,
        types: dict[str, pa.DataType] | None = None,
    ) -> StandardizedBatch:
        """``failing``: the rules of quarantined rows; ``warned``: positions of clean rows that fail a warning; ``repaired``: position → the name as delivered. One
        record was rejected and one was an exact duplicate of the first row."""
        mode = mode or self.dataset(dataset).delivery.mode
        every = [*rows, *quarantined]
        standards = self.registry.hashes[dataset]
        content = fingerprint(
            dataset, [[str(value) for value in row.values()] for row in every], sorted((repaired or {}).items())
        )
        raw_id, batch_id = (
            fingerprint("raw", date.isoformat(), content, mode),
            fingerprint("std", date.isoformat(), content, mode, standards),
        )
        contract = [column.name for column in self.dataset(dataset).columns]
        source, digest = f"{dataset}.csv", content
        trace = [
            {"_row_id": f"{digest}-{line}", "_source_file": source, "_source_row": line, "_delivery_date": date}
            for line in range(2, len(every) + 2)
        ]
        raw_rows = [
            {**{name: None if row.get(name) is None else str(row[name]) for name in contract}, "_extra": None, **place}
            for row, place in zip(every, trace, strict=True)
        ]
        for position, delivered in (repaired or {}).items():
            raw_rows[position]["name"] = delivered
        kinds = {name: TYPES.get(self.registry.element(dataset, name).type, pa.string()) for name in contract} | (
            types or {}
        )
        standardized = [
            {
                **{name: row.get(name) for name in contract},
                **place,
                "_unparsed": None,
                "_warnings": ["name.form"] if index in warned else None,
                "_repairs_0": 2 if index in (repaired or {}) else 0,
                "failed_rules": list(failing) if index >= len(rows) else None,
            }
            for index, (row, place) in enumerate(zip(every, trace, strict=True))
        ]
        text, number = pa.string(), pa.int64()
        places = {"_row_id": text, "_source_file": text, "_source_row": number, "_delivery_date": pa.date32()}
        names = pa.list_(text)
        schema = pa.schema(
            {
                **kinds,
                **places,
                "_unparsed": pa.map_(text, text),
                "_warnings": names,
                "_repairs_0": pa.uint64(),
                "failed_rules": names,
            }
        )
        raw_schema = pa.schema({**dict.fromkeys(contract, text), "_extra": text, **places})
        lake = self.deployment.lake
        raw_file = self._write(lake("raw", dataset, date) / f"{raw_id}-0.parquet", raw_rows, raw_schema)
        rejected = {
            "_row_id": f"{digest}-99",
            "_source_file": source,
            "_source_row": 99,
            "_delivery_date": date,
            "reason": "列数不符",
            "content": "x",
        }
        rejected_file = self._write(
            lake("rejected", dataset, date) / f"{raw_id}-0.parquet",
            [rejected],
            pa.schema({**places, "reason": text, "content": text}),
        )
        clean, bad = standardized[: len(rows)], standardized[len(rows) :]
        clean_files = [
            self._write(lake("standardized", dataset, date) / f"{batch_id}-{part}.parquet", clean[part::files], schema)
            for part in range(files)
            if clean[part::files]
        ]
        bad_files = (
            [self._write(lake("quarantine", dataset, date) / f"{batch_id}-0.parquet", bad, schema)] if bad else []
        )
        dropped = {
            "_row_id": f"{digest}-98",
            "_source_file": source,
            "_source_row": 98,
            "_delivery_date": date,
            "kept_row_id": f"{digest}-2",
        }
        duplicate_file = self._write(
            lake("rejected", dataset, date) / f"duplicates-{batch_id}.parquet",
            [dropped],
            pa.schema({**places, "kept_row_id": text}),
        )
        raw = RawBatch(
            dataset=dataset,
            date=date,
            batch_id=raw_id,
            delivery_fingerprint=content,
            standards_hash=standards,
            mode=mode,
            files=(raw_file,),
            rejected_files=(rejected_file,),
            sources=(
                IngestedFile(name=source, format="csv", delivered=len(every) + 2, raw=len(every) + 1, rejected=1),
            ),
        )
        batch = StandardizedBatch(
            dataset=dataset,
            date=date,
            batch_id=batch_id,
            raw_batch_id=raw_id,
            standards_hash=standards,
            mode=mode,
            clean_files=tuple(clean_files),
            quarantine_files=tuple(bad_files),
            duplicate_files=(duplicate_file,),
            delivered=len(every) + 2,
            rejected=1,
            duplicates=1,
            quarantined=len(bad),
            clean=len(clean),
            rule_failures={},
            repaired_cells={"name": len(repaired or {})},
            repaired_steps={"name": {"strip": len(repaired)}} if repaired else {},
            ledger_sql=LEDGER,
        )
        raw.write(RawBatch.path(self.deployment, dataset, date))
        batch.write(StandardizedBatch.path(self.deployment, dataset, date))
        self.judge(batch, outcomes if outcomes is not None else self.outcomes(dataset))
        for folder in (
            lake("raw", dataset, date),
            lake("standardized", dataset, date),
            lake("quarantine", dataset, date),
            lake("rejected", dataset, date),
        ):
            for file in folder.glob("*.parquet"):
                # as the stages do: what the new manifest does not name goes at once
                if raw_id not in file.name and batch_id not in file.name:
                    file.unlink()
        return batch

    def _write(self, path: Path, rows: list[Row], schema: pa.Schema) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name("." + path.name)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), temporary, row_group_size=3)
        temporary.replace(path)
        return self.deployment.relative(path)

    def outcomes(self, dataset: str, *, failing: str | None = None, without: str | None = None) -> list[CheckOutcome]:
        table = [outcome(name, kind="table", passed=name != failing) for name in TABLE_CHECKS if name != without]
        rules = [
            outcome(rule.check_name, kind="rule", rule_id=rule.id)
            for rule in self.registry.rules(dataset)
            if rule.id != without
        ]
        return [*table, *rules]

    def judge(self, batch: StandardizedBatch, outcomes: Sequence[CheckOutcome]) -> None:
        verdict = Verdict(
            dataset=batch.dataset,
            date=batch.date,
            batch_id=batch.batch_id,
            standards_hash=batch.standards_hash,
            outcomes=tuple(outcomes),
        )
        verdict.write(Verdict.path(self.deployment, batch.dataset, batch.date))
        rules = self.registry.rules(batch.dataset)
        table = pa.table(
            {
                "date": pa.array([batch.date] * len(rules), pa.date32()),
                **{name: pa.array([value(rule) for rule in rules], pa.string()) for name, value in RULE_TEXTS.items()},
                "checked": pa.array([batch.rows] * len(rules), pa.int64()),
                "failed": pa.array([0] * len(rules), pa.int64()),
            }
        )
        path = self.deployment.governance / "rule_results" / batch.dataset / f"{batch.date.isoformat()}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)

    def publish(self, batch: StandardizedBatch):
        from govdata.publish import publish

        return publish(batch, self.dataset(batch.dataset), self.registry, self.deployment)

    def night(self, dataset: str, date: Date, rows: Sequence[Row], **more: Any):
        """Deliver, publish, rebuild the catalogue; returns the snapshot."""
        snapshot = self.publish(self.deliver(dataset, date, rows, **more))
        self.rebuild()
        return snapshot

    def rebuild(self) -> Path:
        from govdata.publish import rebuild_catalogue

        return rebuild_catalogue(self.deployment, self.registry)

    def query(self, text: str) -> list[tuple]:
        """Rows of a query on the catalogue, by a fresh connection."""
        import duckdb

        with duckdb.connect(":memory:") as connection:
            connection.execute(f"ATTACH {sql.text(str(self.deployment.catalogue))} AS catalogue (READ_ONLY)")
            connection.execute("USE catalogue")
            return connection.execute(text).fetchall()


RULE_TEXTS = {
    "dataset": lambda rule: rule.dataset,
    "rule_id": lambda rule: rule.id,
    "column": lambda rule: rule.column,
    "dimension": lambda rule: rule.dimension,
    "indicator": lambda rule: rule.indicator,
    "severity": lambda rule: rule.severity,
    "message": lambda rule: rule.message,
}


def outcome(
    name: str, *, kind: Literal["rule", "table"], passed: bool = True, rule_id: str | None = None
) -> CheckOutcome:
    return CheckOutcome(
        name=name,
        kind=kind,
        description=f"检查{name}",
        rule_id=rule_id,
        severity="error",
        blocking=kind == "table",
        passed=passed,
        checked=1,
        failed=0 if passed else 1,
    )
