"""Every asset of the repository's standards as Dagster shows it, held against a kept copy (specs.json).

A change of the graph should be seen in review. To accept one: `GOVDATA_ACCEPT=1 pytest tests/assets/test_specs.py`.
"""

from __future__ import annotations

import json
import os
from datetime import date as Date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dagster import AssetKey, AssetSpec, TableColumnLineage, TableSchema

from govdata.definitions import build_definitions
from govdata.deployment import Deployment, beijing_today
from govdata.ingest.reading import raw_schema
from govdata.publish import rebuild_catalogue
from govdata.standards import load
from govdata.standards.model import Registry
from tests.assets.tiny import tiny_registry

KEPT = Path(__file__).with_name("specs.json")


@pytest.fixture(scope="module")
def registry(repository: Path) -> Registry:
    return load(repository / "standards")


@pytest.fixture(scope="module")
def specs(repository: Path, registry: Registry) -> dict[AssetKey, AssetSpec]:
    return {spec.key: spec for spec in build_definitions(Deployment(repository), registry).resolve_all_asset_specs()}


def shown(spec: AssetSpec) -> dict[str, Any]:
    schema = spec.metadata.get("dagster/column_schema")
    lineage = spec.metadata.get("dagster/column_lineage")
    return {
        "group": spec.group_name,
        "description": spec.description,
        "owners": sorted(spec.owners),
        "kinds": sorted(spec.kinds),
        "tags": {name: value for name, value in sorted(spec.tags.items()) if not name.startswith("dagster/kind")},
        "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
        "skippable": spec.skippable,
        "partitions": type(spec.partitions_def).__name__,
        "freshness": str(spec.freshness_policy) if spec.freshness_policy else None,
        "table": spec.metadata.get("dagster/table_name"),
        "columns": [f"{column.name} {column.type}" for column in schema.columns]
        if isinstance(schema, TableSchema)
        else None,
        "traced_columns": len(lineage.deps_by_column) if isinstance(lineage, TableColumnLineage) else 0,
    }


def test_the_graph_is_as_it_was(specs: dict[AssetKey, AssetSpec]) -> None:
    now = {key.to_user_string(): shown(specs[key]) for key in sorted(specs)}
    text = json.dumps(now, ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("GOVDATA_ACCEPT"):
        KEPT.write_text(text, encoding="utf-8")
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert list(now) == list(kept)
    for name, facts in now.items():
        assert facts == kept[name], name


def test_every_dataset_has_every_stage(specs: dict[AssetKey, AssetSpec], registry: Registry) -> None:
    stages = ("landing", "raw", "standardized", "quarantine", "repairs", "published")
    expected = {AssetKey([name, stage]) for stage in stages for name in registry.delivered}
    city = {
        AssetKey(["governance", name])
        for name in (
            "rejudged",
            "work_orders",
            "scorecard",
            "anomalies",
            "catalogue",
            "inspection",
            "cockpit",
            "retention",
        )
    }
    made = {AssetKey(["masters", name]) for name in (*registry.derived, "cross_findings")}
    assert set(specs) == expected | city | made


def test_a_change_of_the_standards_changes_the_code_version(repository: Path, registry: Registry) -> None:
    changed = registry.model_copy(update={"hashes": registry.hashes | {"birth": "f" * 12}})

    def versions(standards: Registry) -> dict[AssetKey, str | None]:
        return {
            spec.key: spec.code_version
            for spec in build_definitions(Deployment(repository), standards).resolve_all_asset_specs()
        }

    before, after = versions(registry), versions(changed)
    assert {key for key in before if before[key] != after[key]} == {key for key in before if key.path[0] == "birth"}


def test_columns_tell_their_standard_and_how_sensitive_they_are(specs: dict[AssetKey, AssetSpec]) -> None:
    schema = specs[AssetKey(["population", "published"])].metadata["dagster/column_schema"]
    assert isinstance(schema, TableSchema)
    column = next(column for column in schema.columns if column.name == "citizen_id")
    assert column.tags["standard"] == "GB_11643-1999" and column.tags["personal"] == "sensitive"
    assert any("GB 11643-1999" in fact for fact in column.constraints.other)
    assert column.description is not None and column.description.startswith("公民身份号码")


def test_every_column_that_a_column_comes_from_is_there(specs: dict[AssetKey, AssetSpec]) -> None:
    """Of the asset named, which is one that the table is made after."""
    traced = 0
    for key, spec in specs.items():
        lineage = spec.metadata.get("dagster/column_lineage")
        if not isinstance(lineage, TableColumnLineage):
            continue
        known, upstream = {name for name, _ in columns(spec)}, {dep.asset_key for dep in spec.deps}
        for column, sources in lineage.deps_by_column.items():
            assert column in known, (key, column)
            for source in sources:
                assert source.asset_key in upstream, (key, column, source)
                schema = specs[source.asset_key].metadata.get("dagster/column_schema")
                traced += isinstance(schema, TableSchema)
                assert not isinstance(schema, TableSchema) or source.column_name in {c.name for c in schema.columns}
    assert traced > 500


@pytest.mark.parametrize(
    ("table", "column", "sources"),
    [
        (
            "person",
            "birth_date",
            {"birth.birth_time", "marriage.male_birth_date", "marriage.female_birth_date", "population.birth_date"},
        ),
        ("person", "person_id", {"person_link.person_id"}),
        ("organisation", "status_source", {"legal_person.status"}),
        ("couple", "wife_id", {"person_link.person_id"}),
        ("couple", "valid_to", {"marriage.registration_date", "population.status_date"}),
        ("couple", "row_id", set()),
        (
            "person_event",
            "detail",
            {
                "population.person_status",
                "education.stage",
                "marriage.office_name",
                "legal_person.name",
                "house.house_use",
            },
        ),
    ],
)
def test_a_derived_column_comes_from_what_the_declarations_name(
    specs: dict[AssetKey, AssetSpec], table: str, column: str, sources: set[str]
) -> None:
    lineage = specs[AssetKey(["masters", table])].metadata["dagster/column_lineage"]
    assert isinstance(lineage, TableColumnLineage)
    found = set()
    for dep in lineage.deps_by_column.get(column, ()):
        room, name = dep.asset_key.path
        found.add(f"{name if room == 'masters' else room}.{dep.column_name}")

    assert found == sources
    schema = specs[AssetKey(["masters", table])].metadata["dagster/column_schema"]
    assert isinstance(schema, TableSchema)
    (told,) = [each.description or "" for each in schema.columns if each.name == column]
    assert all(source in told for source in sources) and ("来自：" in told) == bool(sources)


def test_a_table_has_the_columns_that_are_shown(
    specs: dict[AssetKey, AssetSpec], registry: Registry, tmp_path: Path
) -> None:
    """What Dagster tells of a table is what an analyst finds, and of the raw one what reading writes."""
    built = rebuild_catalogue(Deployment(tmp_path), registry)
    with duckdb.connect(str(built), read_only=True) as connection:
        for name in registry.delivered:
            for stage in ("quarantine", "published"):
                view = connection.execute(f'DESCRIBE {stage}."{name}"').fetchall()
                assert columns(specs[AssetKey([name, stage])]) == [(row[0], row[1]) for row in view], (name, stage)
            written = raw_schema(registry.datasets[name])
            assert [column for column, _ in columns(specs[AssetKey([name, "raw"])])] == written.names


def columns(spec: AssetSpec) -> list[tuple[str, str]]:
    schema = spec.metadata["dagster/column_schema"]
    assert isinstance(schema, TableSchema)
    return [(column.name, column.type) for column in schema.columns]


def test_the_first_partition_is_the_first_deliverys_unless_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred empty days before anything was delivered would look like a broken system."""
    home, registry = Deployment(tmp_path), tiny_registry("alpha", "beta")

    def first() -> str:
        (spec,) = [
            spec
            for spec in build_definitions(home, registry).resolve_all_asset_specs()
            if spec.key == AssetKey(["alpha", "raw"])
        ]
        assert spec.partitions_def is not None
        return str(spec.partitions_def.get_first_partition_key())

    assert first() == beijing_today().isoformat()
    for name, folder in (
        ("alpha", "2026-11-20"),
        ("beta", "2026-11-18"),
        ("alpha", "20261101"),
        ("nobody", "2026-10-01"),
    ):
        (home.landing / name / folder).mkdir(parents=True)
    assert first() == "2026-11-18"
    home.snapshot("alpha", Date(2026, 11, 17)).mkdir(parents=True)  # its delivery was archived meanwhile
    assert first() == "2026-11-17"
    monkeypatch.setenv("GOVDATA_FIRST_DATE", "2026-11-02")
    assert first() == "2026-11-02"
