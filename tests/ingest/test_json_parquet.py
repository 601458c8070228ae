"""JSON lines, JSON arrays and Parquet files."""

from __future__ import annotations

import datetime
import decimal
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from govdata.errors import DeliveryError
from govdata.ingest import jsonlines

from .conftest import Bureau, jsonl


def test_json_lines(bureau: Bureau) -> None:
    content = (
        jsonl({"id_number": "1", "XM": "甲\n某", "new": None})
        + "\n"
        + '{"XM":"乙","id_number":190101199001010038,"ZZ":1.50,"new":{"a":[1.50,"x"]}}\n'
    )
    content += '{"XM":"丙","id_number":1e5}\n{"XM":"丁","id_number":12345678901234567890123,"ZZ":true,"BZ":false}\n'
    bureau.deliver("a.jsonl", content)
    batch = bureau.ingest()
    assert bureau.records(batch) == [
        (1, "1", "甲\n某", None, None),
        (3, "190101199001010038", "乙", "1.50", None),
        (4, "1e5", "丙", None, None),
        (5, "12345678901234567890123", "丁", "true", "false"),
    ]
    extra = [row["_extra"] and json.loads(row["_extra"]) for row in bureau.raw(batch)]
    assert extra == [None, {"new": '{"a":[1.50,"x"]}'}, None, None]
    assert batch.sources[0].unknown_columns == ("new",) and batch.sources[0].not_records == {"空行": 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"XM":"a"', jsonlines.NOT_JSON), ('{"XM":"a",}', jsonlines.NOT_JSON), ('{"XM":NaN}', jsonlines.NOT_JSON),
        ("[1]", jsonlines.NOT_OBJECT),
        ('"x"', jsonlines.NOT_OBJECT), ('{"XM":"a"}{"XM":"b"}', jsonlines.NOT_JSON), ('{"XM":"a","XM":"b"}', jsonlines.KEY_TWICE),
        ('{"XM":1.50,"XM":2}', jsonlines.KEY_TWICE), ("text", jsonlines.NOT_JSON),
        ("[" * 3000, jsonlines.NOT_JSON), ("{'XM':'a'}", jsonlines.NOT_JSON),
        ('{"XM":"a"} // x', jsonlines.NOT_JSON), ('{"XM":Infinity}', jsonlines.NOT_JSON), ('{"XM":01}', jsonlines.NOT_JSON),
    ],
)  # fmt: skip
def test_malformed_lines(bureau: Bureau, line: str, reason: str) -> None:
    records, rejects = bureau.one(jsonl({"id_number": "1", "XM": "a"}) + line + "\n" + jsonl({"id_number": "2", "XM": "b"}), "a.jsonl")
    assert [record[0] for record in records] == [1, 3]
    assert rejects == [(2, reason, line)]


@pytest.mark.parametrize(
    "number", ["1.50", "0.10", "-0", "1E3", "123456789012345678", "0.1234567890123456789", "5", "12345.25", "-7", "1.0", "-0.5"]
)
def test_numbers_keep_their_text(bureau: Bureau, number: str) -> None:
    assert bureau.one(f'{{"GMSFHM":{number},"XM":"a","BZ": [{number}] }}\n', "a.json")[0] == [(1, number, "a", None, f"[{number}]")]


def test_gb18030_and_odd_keys(bureau: Bureau) -> None:
    content = jsonl({"id_number": "1", "XM": "甲", 'a"b\\.c[0]': "x"}, {"id_number": "2", "XM": "乙", "": "y"}, {})
    records, rejects = bureau.one(content.encode("gb18030"), "a.json")
    assert records == [(1, "1", "甲", None, None), (2, "2", "乙", None, None), (3, None, None, None, None)] and not rejects


def test_keys_that_come_later(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "_CHUNK", 5000)
    monkeypatch.setattr("govdata.ingest.encodings.TAIL", 10)
    lines = [{"id_number": str(i), "XM": "a"} | ({"ZZ": "路"} if i > 400 else {}) for i in range(1000)]
    records, _ = bureau.one(jsonl(*lines), "a.jsonl")
    assert [(record[0], record[3]) for record in records] == [(i + 1, "路" if i > 400 else None) for i in range(1000)]


def test_a_json_array(bureau: Bureau) -> None:
    content = json.dumps([{"id_number": 1, "XM": "a"}, 5, {"id_number": "2", "XM": "b"}], indent=1)
    records, rejects = bureau.one(content, "a.json")
    assert records == [(1, "1", "a", None, None), (3, "2", "b", None, None)] and rejects == [(2, jsonlines.NOT_OBJECT, "5")]


@pytest.mark.parametrize("content", ['[{"id_number": 1', "{\n", '{\n "id_number": 1\n}\n', "[]", '{"id_number"'])
def test_json_that_is_neither(bureau: Bureau, content: str) -> None:
    bureau.deliver("a.json", content)
    with pytest.raises(DeliveryError, match=r"a\.json"):
        bureau.ingest()


def parquet(tmp_path: Path, **columns: pa.Array) -> bytes:
    path = tmp_path / "made.parquet"
    pq.write_table(pa.table(columns), path)
    return path.read_bytes()


def test_parquet(bureau: Bureau, tmp_path: Path) -> None:
    content = parquet(
        tmp_path,
        GMSFHM=pa.array([190101199001010011, None]),
        XM=pa.array(["甲", ""]).dictionary_encode(),
        ZZ=pa.array([decimal.Decimal("1.50"), None]),
        BZ=pa.array([datetime.date(2020, 1, 2), None]),
        extra=pa.array([[1, 2], None]),
        when=pa.array([datetime.datetime(2020, 1, 2, 3), None]),
    )
    bureau.deliver("a.parquet", content)
    batch = bureau.ingest()
    assert bureau.records(batch) == [(1, "190101199001010011", "甲", "1.50", "2020-01-02"), (2, None, None, None, None)]
    assert [row["_extra"] and json.loads(row["_extra"]) for row in bureau.raw(batch)] == [
        {"extra": "[1,2]", "when": "2020-01-02 03:00:00"},
        None,
    ]


@pytest.mark.parametrize("cut", [10, 500])
def test_truncated_parquet(bureau: Bureau, tmp_path: Path, cut: int) -> None:
    content = parquet(tmp_path, GMSFHM=pa.array([str(i) for i in range(1000)]), XM=pa.array(["a"] * 1000))
    bureau.deliver("a.parquet", content[:-cut])
    with pytest.raises(DeliveryError, match="Parquet"):
        bureau.ingest()


def test_a_damaged_page(bureau: Bureau, tmp_path: Path) -> None:
    content = bytearray(parquet(tmp_path, GMSFHM=pa.array([str(i) for i in range(20000)]), XM=pa.array(["a"] * 20000)))
    content[100:3000] = bytes(2900)
    bureau.deliver("a.parquet", bytes(content))
    with pytest.raises(DeliveryError, match="损坏"):
        bureau.ingest()
