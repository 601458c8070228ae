"""JSON lines, JSON arrays and Parquet files."""

from __future__ import annotations

import datetime
import decimal
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govdata.errors import DeliveryError
from govdata.ingest import jsonlines
from govdata.ingest.jsonplain import plain_lines
from govdata.ingest.scan import scan

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
    records, rejects = bureau.one(
        jsonl({"id_number": "1", "XM": "a"}) + line + "\n" + jsonl({"id_number": "2", "XM": "b"}), "a.jsonl"
    )
    assert [record[0] for record in records] == [1, 3]
    assert rejects == [(2, reason, line)]


@pytest.mark.parametrize(
    "number",
    ["1.50", "0.10", "-0", "1E3", "123456789012345678", "0.1234567890123456789", "5", "12345.25", "-7", "1.0", "-0.5"],
)
def test_numbers_keep_their_text(bureau: Bureau, number: str) -> None:
    assert bureau.one(f'{{"GMSFHM":{number},"XM":"a","BZ": [{number}] }}\n', "a.json")[0] == [
        (1, number, "a", None, f"[{number}]")
    ]


def test_gb18030_and_odd_keys(bureau: Bureau) -> None:
    content = jsonl({"id_number": "1", "XM": "甲", 'a"b\\.c[0]': "x"}, {"id_number": "2", "XM": "乙", "": "y"}, {})
    records, rejects = bureau.one(content.encode("gb18030"), "a.json")
    assert (
        records == [(1, "1", "甲", None, None), (2, "2", "乙", None, None), (3, None, None, None, None)] and not rejects
    )


def test_keys_that_come_later(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "_CHUNK", 5000)
    monkeypatch.setattr("govdata.ingest.encodings.TAIL", 10)
    lines = [{"id_number": str(i), "XM": "a"} | ({"ZZ": "路"} if i > 400 else {}) for i in range(1000)]
    records, _ = bureau.one(jsonl(*lines), "a.jsonl")
    assert [(record[0], record[3]) for record in records] == [(i + 1, "路" if i > 400 else None) for i in range(1000)]


def test_a_json_array(bureau: Bureau) -> None:
    content = json.dumps([{"id_number": 1, "XM": "a"}, 5, {"id_number": "2", "XM": "b"}], indent=1)
    records, rejects = bureau.one(content, "a.json")
    assert records == [(1, "1", "a", None, None), (3, "2", "b", None, None)] and rejects == [
        (2, jsonlines.NOT_OBJECT, "5")
    ]


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


JSON_VALUES = st.one_of(
    st.text(st.sampled_from('甲ab01 ,:{}[]"\\\n\t\x7f'), max_size=6),
    st.sampled_from([None, True, False, 0, -0.0, 7, -12, 10**20, 1.5, 1e300, "", "null", [], {}, [1], {"a": "b"}]),
)
BARE = st.sampled_from(
    [
        "1.50",
        "007",
        "-",
        "1e5",
        "1E+05",
        "nul",
        "NaN",
        "+1",
        "0",
        "-0",
        ".5",
        "5.",
        "tru",
        "１",
        '"a""b"',
        '"a" "b"',
        "1 2",
        "{}",
    ]
)


@st.composite
def json_lines(draw: st.DrawFn) -> str:
    """Lines of a few shapes, many times over, some of them spoilt: keys missing, doubled, in another order, numbers
    that are none."""
    shapes = draw(
        st.lists(
            st.lists(st.sampled_from(["k", "姓名", "a b", "k:", "", "q"]), min_size=1, max_size=4),
            min_size=1,
            max_size=3,
        )
    )
    comma, colon, end = draw(
        st.sampled_from([(", ", ": ", "\n"), (",", ":", "\n"), (" , ", " :", "\r\n"), (",", ": ", "\r")])
    )
    lines = []
    for _ in range(draw(st.integers(1, 25))):
        keys = draw(st.sampled_from(shapes))
        values = [
            json.dumps(draw(JSON_VALUES), ensure_ascii=False) if draw(st.integers(0, 9)) else draw(BARE) for _ in keys
        ]
        pairs = [json.dumps(key, ensure_ascii=False) + colon + value for key, value in zip(keys, values, strict=True)]
        line = "{" + comma.join(pairs) + "}"
        if not draw(st.integers(0, 9)):
            at = draw(st.integers(0, len(line)))
            line = (
                line[:at]
                + draw(st.sampled_from(["", " ", '"', ",", "}", "\\", "\x00", "\ufeff", "x"]))
                + line[at + draw(st.integers(0, 2)) :]
            )
        lines.append(line + end)
    return "".join(lines)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(json_lines())
def test_lines_of_a_shape_are_read_as_the_strict_parser_reads_them(text: str) -> None:
    data = text.encode()
    lines = scan(data, 10, None, None)
    read: set[int] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("govdata.ingest.jsonplain.FEW", 1)
        for chosen, keys, columns in plain_lines(data, lines, np.ones(len(lines), bool)):
            cells = list(zip(*(column.to_pylist() for column in columns), strict=True))
            for line, row in zip(chosen.tolist(), cells, strict=True):
                assert line not in read
                read.add(line)
                assert jsonlines.parse(data[lines.starts[line] : lines.stops[line]].decode()) == dict(
                    zip(keys, row, strict=True)
                )


def test_lines_of_a_shape_are_taken_together() -> None:
    """What programs write is read so, whatever its numbers look like; and nothing that is no JSON."""
    records = [{"a": f"甲{n}", "b": n, "c": None if n % 3 else "", "d": n / 2, "e": True} for n in range(100)]
    data = (
        "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        .replace("49.5", "49.50")
        .replace('"b": 13,', '"b": 013,')
        .encode()
    )
    lines = scan(data, 10, None, None)
    ((chosen, keys, columns),) = plain_lines(data, lines, np.ones(len(lines), bool))
    assert keys == ("a", "b", "c", "d", "e") and set(range(100)) - set(chosen.tolist()) == {13}
    assert [column.to_pylist()[98] for column in columns] == ["甲99", "99", None, "49.50", "true"]
