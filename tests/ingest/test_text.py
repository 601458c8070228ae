"""Delimited text: encodings, dialects, quotes, lines that are no records, damage."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from govdata.deployment import Deployment
from govdata.errors import DeliveryError
from govdata.ingest import encodings, text
from govdata.standards.model import Column

from .conftest import PEOPLE, Bureau

HEADER = ["公民身份号码", "姓名", "住址", "备注信息"]
ROWS = [["190101199001010011", "甲某", "幸福路1号", "无"], ["190101199001010038", "乙某", "和平路2号", ""]]
RECORDS = [(2, *ROWS[0]), (3, *ROWS[1][:3], None)]


def lines(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in rows)


TABLE = lines([HEADER, *ROWS])


@pytest.mark.parametrize(
    ("encoding", "mark", "label"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8（带BOM）"),
        ("gb18030", b"", "GB18030"),
        ("utf-16-le", b"\xff\xfe", "UTF-16-LE（带BOM）"),
        ("utf-16-be", b"\xfe\xff", "UTF-16-BE（带BOM）"),
        ("utf-16-le", b"", "UTF-16-LE"),
        ("utf-16-be", b"", "UTF-16-BE"),
    ],
)
def test_encodings(bureau: Bureau, encoding: str, mark: bytes, label: str) -> None:
    bureau.deliver("a.txt", mark + TABLE.encode(encoding))
    batch = bureau.ingest()
    assert bureau.records(batch) == RECORDS
    assert batch.sources[0].encoding == label


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";", "|!|", "^^", "||", "@#@", "\x01", "，", "#", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(bureau: Bureau, delimiter: str, end: str) -> None:
    assert bureau.one(lines([HEADER, *ROWS], delimiter, end))[0] == RECORDS


def test_private_use_characters_of_gb18030(bureau: Bureau) -> None:
    """A6D9 and FE59 are U+FE10 and U+9FB4 in GB 18030-2022; Python's codec puts them into the private use area."""
    table = TABLE.encode("gb18030").replace("甲某".encode("gb18030"), b"\xa6\xd9\xfe\x59\x82\x35\x8f\x33\xa8\xbc")
    records, _ = bureau.one(table)
    assert records[0][2].startswith("\ufe10\u9fb4") and records[0][2].endswith("\u1e3f")
    assert not any("\ue000" <= char <= "\uf8ff" for char in records[0][2])


def test_every_remapped_character_comes_from_its_gb18030_bytes() -> None:
    for private in encodings.PRIVATE_USE:
        assert (
            len(chr(private).encode("gb18030")) == 2
        )  # the codec gives it two bytes, so bytes in deliveries do reach it


def test_gb18030_found_only_far_behind_the_sample(bureau: Bureau) -> None:
    rows = [["190101199001010011", "A", "x" * 200, "r"]] * 30_000
    table = lines([["GMSFHM", "XM", "ZZ", "BZ"], *rows, ["190101199001010038", "丙某", "女", ""]])
    assert len(table) > 5_000_000
    records, rejects = bureau.one(table.encode("gb18030"))
    assert records[-1] == (30_002, "190101199001010038", "丙某", "女", None) and not rejects and len(records) == 30_001


def test_a_rare_name_that_is_utf8_by_chance_is_read_in_the_encoding_of_the_file(bureau: Bureau) -> None:
    good = [lines([[f"19010119900101{i:04}", "张三丰", "幸福大道甲一号", "女"]]).encode("gb18030") for i in range(20)]
    rare = b"190101199001010038," + bytes.fromhex("ea90bc74") + b",,\n"
    assert rare.decode("utf-8") and rare.decode("gb18030")
    records, rejects = bureau.one(lines([HEADER]).encode("gb18030") + b"".join(good) + rare)
    assert not rejects and records[-1][2] == bytes.fromhex("ea90bc74").decode("gb18030")


def test_lines_of_another_encoding_are_rejected_with_their_number(bureau: Bureau) -> None:
    good = [lines([[f"19010119900101{i:04}", "张三丰", "幸福大道甲一号", "女"]]) for i in range(20)]
    gb = [line.encode("gb18030") for line in good]
    content = lines([HEADER]).encode("gb18030") + b"".join(gb[:5]) + good[5].encode() + b"".join(gb[6:])
    records, rejects = bureau.one(content)
    assert [row for row, *_ in rejects] == [7] and rejects[0][1] == encodings.OTHER_ENCODING
    assert len(records) == 19

    content = lines([HEADER]).encode() + "".join(good[:5]).encode() + gb[5] + "".join(good[6:]).encode()
    records, rejects = bureau.one(content)
    assert [(row, reason) for row, reason, _ in rejects] == [(7, encodings.UNDECODABLE)]
    assert len(records) == 19 and records[5][0] == 8


def test_woman_alone_in_gbk_is_not_taken_for_utf8(bureau: Bureau) -> None:
    """女 is C5 AE, which also is valid UTF-8."""
    records, rejects = bureau.one(lines([HEADER, ["1", "张某", "女", ""], ["2", "x", "女", ""]]).encode("gbk"))
    assert [record[3] for record in records] == ["女", "女"] and not rejects


def test_zero_bytes(bureau: Bureau) -> None:
    content = TABLE.encode() + b"190101199001010054,a\x00b,,\n" + b"\x00" * 300 + b"\n"
    records, rejects = bureau.one(content)
    assert records == [*RECORDS, (4, "190101199001010054", "a\x00b", None, None)]
    assert [row for row, *_ in rejects] == [5]


def test_preamble_blank_lines_footer_and_repeated_header(bureau: Bureau) -> None:
    table = "某市人口登记表\n\n" + TABLE + "\n,,,\n" + lines([HEADER, ["GMSFHM", "XM", "ZZ", "BZ"]])
    table += lines([["190101199001010054", "丙某", "", ""], ["合计", "", "3", ""]]) + "制表人：丁某\n\n共3条\n\n"
    bureau.deliver("a.csv", table)
    batch = bureau.ingest()
    assert [record[0] for record in bureau.records(batch)] == [4, 5, 10]
    assert batch.sources[0].not_records == {
        "表头之前的行": 1,
        "空行": 5,
        "表头": 1,
        "重复的表头": 2,
        "表尾（合计、制表人等）": 3,
    }
    assert batch.delivered == 3 and batch.rejected == 0


def test_words_of_a_footer_inside_the_table_are_not_dropped(bureau: Bureau) -> None:
    table = lines([HEADER, ROWS[0]]) + "备注：一段断开的记录\n" + lines([ROWS[1]] * 30)
    records, rejects = bureau.one(table)
    assert [(row, reason) for row, reason, _ in rejects] == [(3, "字段数不符：应为4个，实为1个")]
    assert len(records) == 31


def test_ragged_lines(bureau: Bureau) -> None:
    table = TABLE + "1,b\n2,b,c,d,\n3,b,c,d,,,\n4,b,c,d,e\n"
    records, rejects = bureau.one(table)
    assert records == RECORDS
    assert [(row, reason) for row, reason, _ in rejects] == [
        (4 + i, f"字段数不符：应为4个，实为{n}个") for i, n in enumerate((2, 5, 7, 5))
    ]


def test_a_field_too_many_before_an_empty_last_column_is_not_a_trailing_separator(bureau: Bureau) -> None:
    """Shifted by one, such a line would put every value into its neighbour's column."""
    good = [f"{i},某,路{i}号," for i in range(40)]
    records, rejects = bureau.one("GMSFHM,XM,ZZ,BZ\n" + "\n".join([*good[:20], "20,某,市,路号,", *good[21:]]) + "\n")
    assert [(row, reason, content) for row, reason, content in rejects] == [
        (22, "字段数不符：应为4个，实为5个", "20,某,市,路号,")
    ]
    assert len(records) == 39


def test_separators_at_the_end_are_forgiven_as_far_as_the_header_has_them(bureau: Bureau) -> None:
    table = (
        "GMSFHM,XM,ZZ,BZ,,\n"
        + "".join(f"{i},某,路,注,,\n" for i in range(9))
        + "9,某,路,注\n10,某,路,注,\n11,某,路,注,,,\n"
    )
    records, rejects = bureau.one(table + "12,某,路,注,x,\n")
    assert [record[0] for record in records] == list(range(2, 13))
    assert [(row, reason) for row, reason, _ in rejects] == [
        (13, "字段数不符：应为4个，实为7个"),
        (14, "字段数不符：应为4个，实为6个，末列之后还有内容"),
    ]


def test_every_line_ends_in_a_separator(bureau: Bureau) -> None:
    """Even where the header does not: it is the clear majority of lines."""
    table = "GMSFHM|XM|ZZ|BZ\n" + "".join(f"{i}|某|路|注|\n" for i in range(50)) + "50|某|路|注|多\n51|某|路|注\n"
    records, rejects = bureau.one(table)
    assert len(records) == 51 and records[-1][0] == 53
    assert [(row, content) for row, _, content in rejects] == [(52, "50|某|路|注|多")]


def test_less_than_a_clear_majority_of_lines_with_a_separator_at_the_end_is_not_the_files_manner(
    bureau: Bureau,
) -> None:
    table = "GMSFHM,XM,ZZ,BZ\n" + "".join(f"{i},某,路,注{',' if i % 3 else ''}\n" for i in range(60))
    records, rejects = bureau.one(table)
    assert len(records) == 20 and len(rejects) == 40


@pytest.mark.parametrize("said", [None, True, False])
@pytest.mark.parametrize("required", [True, False])
def test_a_file_without_a_required_column_is_refused_unless_allowed(
    tmp_path: Path, required: bool, said: bool | None
) -> None:
    told = {} if said is None else {"optional_header": said}
    people = PEOPLE.model_copy(
        update={
            "columns": (
                *PEOPLE.columns[:3],
                Column(name="remark", title="备注信息", element="e", required=required, **told),
            )
        }
    )
    bureau = Bureau(Deployment(tmp_path), people)
    bureau.deliver("a.csv", "GMSFHM,XM,ZZ\n1,某,路\n")
    if (said is None and required) or said is False:
        with pytest.raises(DeliveryError, match="缺少必需的列“备注信息”"):
            bureau.ingest()
    else:
        assert bureau.ingest().sources[0].missing_columns == ("remark",)


def test_quotes(bureau: Bureau) -> None:
    table = TABLE + '1,"a,b","say ""x""",""\n2,5" pipe,b"c"d,e\n3,"a"b,c,d\n"4","b","c","d"\n'
    records, rejects = bureau.one(table)
    assert records[2:] == [(4, "1", "a,b", 'say "x"', None), (5, "2", '5" pipe', 'b"c"d', "e"), (7, "4", "b", "c", "d")]
    assert [row for row, *_ in rejects] == [6] and "引号" in rejects[0][1]


def test_a_quoted_field_may_hold_line_ends(bureau: Bureau) -> None:
    table = lines([HEADER, ["1", "a", '"路\n2,b"', "c"], ["2", "b", "c", '"x\r\n\r\ny ""z"""'], ["3", "a", "b", "c"]])
    bureau.deliver("a.csv", table)
    batch = bureau.ingest()
    expected = [(2, "1", "a", "路\n2,b", "c"), (4, "2", "b", "c", 'x\r\n\r\ny "z"'), (7, "3", "a", "b", "c")]
    assert bureau.records(batch) == expected
    assert batch.sources[0].not_records["跨行记录的后续行"] == 3


@pytest.mark.parametrize("broken", ['x1,"abc,路,注', 'x1,abc,"路,注', 'x1,abc,路,"注', '"x1,abc,路,注'])
@pytest.mark.parametrize("second", [None, 'y,b,c",d', 'y,b,"c,d', 'y,"b",c,d'])
def test_an_unclosed_quote_costs_its_own_line(bureau: Bureau, broken: str, second: str | None) -> None:
    rows = [f"{i},甲,路,注" for i in range(3000)]
    rows[100] = broken
    if second is not None:
        rows[150] = second
    records, rejects = bureau.one(lines([HEADER]) + "\n".join(rows) + "\n")
    bad = [row for row, *_ in rejects]
    assert bad == ([102] if second is None or second.count('"') == 2 or second.endswith('c",d') else [102, 152])
    assert len(records) + len(rejects) == 3000
    assert {record[0] for record in records} == set(range(2, 3002)) - set(bad)


def test_an_unclosed_quote_at_the_end(bureau: Bureau) -> None:
    records, rejects = bureau.one(TABLE + '9,"abc,d,e')
    assert records == RECORDS and [(row, reason, content) for row, reason, content in rejects] == [
        (4, "引号未闭合", '9,"abc,d,e')
    ]


def test_two_stray_apostrophes_do_not_make_one_record_of_two(bureau: Bureau) -> None:
    rows = [["190101199001010000", "", "", "'"], ["190101199001010001", "", "", "'"]]
    records, rejects = bureau.one(lines([HEADER, *rows]))
    assert not rejects
    assert [record[1:] for record in records] == [tuple(cell or None for cell in row) for row in rows]


def test_single_quotes_and_backslashes(bureau: Bureau) -> None:
    table = "GMSFHM,XM,ZZ,BZ\n" + "".join(f"'{i}','a,b','c','d''e'\n" for i in range(20))
    assert bureau.one(table)[0][0] == (2, "0", "a,b", "c", "d'e")
    table = "GMSFHM,XM,ZZ,BZ\n" + "".join(f'"{i}","a \\"b\\", c","d","e\\\\"\n' for i in range(20))
    assert bureau.one(table)[0][0] == (2, "0", 'a "b", c', "d", "e\\")


def test_a_leading_apostrophe_is_not_a_quote(bureau: Bureau) -> None:
    table = "GMSFHM,XM,ZZ,BZ\n" + "".join(f"'1901011990010100{i:02},a,b,c\n" for i in range(20))
    records, rejects = bureau.one(table)
    assert records[0][1] == "'190101199001010000" and not rejects


def test_a_multi_character_separator_inside_quotes(bureau: Bureau) -> None:
    records, _ = bureau.one('GMSFHM||XM||ZZ||BZ\n1||"a||b"||c|d||\n')
    assert records == [(2, "1", "a||b", "c|d", None)]


def test_headers_in_any_order_and_shape(bureau: Bureau) -> None:
    table = '\ufeff 备 注 信 息 ,自定义,ｘｍ, "gmsfhm" ,多余\n注,1,某,7,\n注,,某,8,\n'
    bureau.deliver("a.csv", table)
    batch = bureau.ingest()
    assert bureau.records(batch) == [(2, "7", "某", None, "注"), (3, "8", "某", None, "注")]
    assert [row["_extra"] for row in bureau.raw(batch)] == ['{"自定义":"1"}', None]
    assert batch.sources[0].unknown_columns == ("第2列（名称未显示）", "第5列（名称未显示）") and batch.sources[
        0
    ].missing_columns == ("address",)


def test_a_header_over_two_lines(bureau: Bureau) -> None:
    assert bureau.one('"公民身份\n号码",姓名,住址,备注信息\n1,a,b,c\n')[0] == [(3, "1", "a", "b", "c")]


def test_a_line_that_is_too_long_is_rejected_alone(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "MAX_LINE", 10_000)
    monkeypatch.setattr(encodings, "TAIL", 100)
    original = encodings.chunks
    monkeypatch.setattr(
        text, "chunks", lambda path, encoding, size=4096, limit=None: original(path, encoding, 4096, limit)
    )
    table = TABLE + "9," + "x" * 3_000_000 + ",,\n" + lines([ROWS[0]])
    records, rejects = bureau.one(table)
    assert records == [*RECORDS, (5, *ROWS[0])]
    assert [(row, reason) for row, reason, _ in rejects] == [(4, encodings.TOO_LONG)] and len(rejects[0][2]) < 100_000


@pytest.mark.parametrize("size", [64, 257, 1000])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le"])
def test_chunks_change_nothing(bureau: Bureau, monkeypatch: pytest.MonkeyPatch, size: int, encoding: str) -> None:
    """Records, numbers and rejects are the same however the file is cut into chunks, multi-line records included."""
    parts = [
        '{0},甲,"多\r\n行\n{0}",注\r\n',
        "{0},乙,路,\r\n",
        '{0},"丙,路,注\r\n',
        "{0},丁\r\n",
        "\r\n",
        '{0},"戊","路""1""",注\r\n',
    ]
    table = ("GMSFHM,XM,ZZ,BZ\r\n" + "".join(parts[i % 6].format(i) for i in range(300))).encode(encoding)
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    whole = bureau.one(mark + table)
    original = encodings.chunks
    monkeypatch.setattr(encodings, "TAIL", 1)
    monkeypatch.setattr(
        text, "chunks", lambda path, encoding, s=size, limit=None: original(path, encoding, max(s, limit or 0), limit)
    )
    assert bureau.one(mark + table) == whole
    assert len(whole[0]) == 150 and len(whole[1]) == 100


def test_a_file_without_header_is_refused(bureau: Bureau) -> None:
    bureau.deliver("a.csv", lines(ROWS))
    with pytest.raises(DeliveryError) as caught:
        bureau.ingest()
    assert "没有找到表头" in str(caught.value) and "a.csv" in str(caught.value)
    assert all(cell not in str(caught.value) for row in ROWS for cell in row if cell)


def test_rows_written_by_pythons_csv_module(bureau: Bureau) -> None:
    """Numbers of physical lines are those Python's reader gives."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["GMSFHM", "XM", "ZZ", "BZ"])
    for i in range(500):
        writer.writerow(
            [i, "a\nb" if i % 7 == 0 else "c", 'd"e' if i % 5 == 0 else "f,g", "\r\n" if i % 11 == 0 else "h"]
        )
    table = out.getvalue()
    reader = csv.reader(io.StringIO(table, newline=""))
    expected, before = [], 0
    for fields in reader:
        expected.append((before + 1, *fields))
        before = reader.line_num
    records, rejects = bureau.one(table)
    assert records == expected[1:] and not rejects
