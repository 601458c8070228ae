"""The JSON Schemas of editors: current, valid themselves, true to the loader."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft201909Validator
from referencing import Registry
from referencing.jsonschema import DRAFT201909

from govdata.standards import odcs, schemas
from govdata.standards.source import Findings, read_yaml
from tests.standards.conftest import Folder

STANDARDS = Path(__file__).resolve().parents[2] / "standards"
FILES = schemas.all_schemas()


def validator(name: str) -> Draft201909Validator:
    registry: Registry[Any] = Registry().with_resources(
        (file, DRAFT201909.create_resource(schema)) for file, schema in FILES.items()
    )
    return Draft201909Validator(FILES[name], registry=registry)


def schema_for(path: Path) -> str:
    if path.name == "_defaults.yaml":
        return "defaults.schema.json"
    names = {"elements": "elements", "codes": "index", "datasets": "dataset", "rules": "rules", "masters": "masters"}
    return f"{names[path.parent.name]}.schema.json"


def errors(path: Path) -> list[str]:
    findings = Findings()
    document = read_yaml(path, path.name, findings)
    assert document is not None, findings.found
    return [
        f"{list(error.absolute_path)}: {error.message}"
        for error in validator(schema_for(path)).iter_errors(document.data)
    ]


@pytest.mark.parametrize("name", FILES)
def test_the_kept_schemas_are_current(name: str) -> None:
    assert (STANDARDS / "schemas" / name).read_text(encoding="utf-8") == schemas.text(FILES[name]), (
        "run python -m govdata.standards.schemas standards"
    )


@pytest.mark.parametrize("name", FILES)
def test_they_are_json_schemas(name: str) -> None:
    Draft201909Validator.check_schema(FILES[name])


def test_the_official_schema_is_unchanged() -> None:
    content = odcs.SCHEMA_FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == "2cb7dd6fe43344d2233e0406438622681dc3ebadcf8f0d606a15b40c8f6752c0"
    assert json.loads(content)["properties"]["apiVersion"]["default"] == "v3.1.0"


@pytest.mark.parametrize("path", sorted(STANDARDS.glob("*/*.yaml")), ids=lambda path: path.name)
def test_the_repository_s_files_are_valid(path: Path) -> None:
    assert errors(path) == []


def test_a_sound_folder_is_valid(folder: Folder) -> None:
    for path in sorted(folder.root.glob("*/*.yaml")):
        assert errors(path) == [], path


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("elements/person.yaml", "  clause: '4'", "  clauses: '4'"),
        ("elements/person.yaml", "  clause: '4'", "  clause: 4"),
        ("elements/person.yaml", "[halfwidth, strip, uppercase]", "[halfwidht]"),
        ("elements/person.yaml", "{values: ['1900-01-01']}", "{}"),
        ("elements/person.yaml", "check_digit: gb11643", "check_digit: luhn"),
        ("elements/person.yaml", "check_digit: gb11643, ", "check_digit: gb11643, length: {max: 18}, "),
        ("elements/person.yaml", "note:\n", "Note:\n"),
        ("elements/_defaults.yaml", "null_tokens", "null_token"),
        ("codes/index.yaml", "grade: A", "grade: D"),
        ("codes/index.yaml", "grade: A", "grade: A\n  file: ../sex.csv"),
        ("datasets/person.odcs.yaml", "property: headers, value: [XB]", "property: header, value: [XB]"),
        ("datasets/person.odcs.yaml", "mode: delta", "mode: daily"),
        ("datasets/person.odcs.yaml", "{property: element, value: sex}", "{property: element, value: 1}"),
        ("datasets/person.odcs.yaml", "dimension: consistency", "dimension: coverage"),
        ("datasets/person.odcs.yaml", "row: birth_date = id", "rows: birth_date = id"),
        ("datasets/person.odcs.yaml", "        primaryKey: true", "        primarykey: true"),
    ],
)
def test_an_editor_sees_what_the_loader_sees(folder: Folder, file: str, old: str, new: str) -> None:
    folder.spoil(file, old, new)
    assert errors(folder.root / file)
    assert folder.problems()
