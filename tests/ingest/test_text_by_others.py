"""Text that others wrote: headers one name short or damaged, invented separators, stray quotes, other encodings."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from govdata.cli import app
from govdata.errors import DeliveryError
from govdata.ingest import inspect, write_csv

from .conftest import Bureau


def made(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    return path


def written(tmp_path: Path, content: bytes) -> list[list[str]]:
    out = tmp_path / "out.csv"
    write_csv(made(tmp_path, content), out)
    return list(csv.reader(io.StringIO(out.read_text(encoding="utf-8"))))


AMOUNTS = [b"d,t,$1,x, y\nd,t,$2,x\n", b"a,$1\nb,$2\nc,$4\n", "甲,¥1\n乙,¥2\n丙,¥3\n".encode(), b"a;+1\nb;+2\nc;+3\n"]


@pytest.mark.parametrize("content", AMOUNTS)
def test_a_sign_before_every_amount_is_no_part_of_the_separator(tmp_path: Path, content: bytes) -> None:
    sign = next(sign for sign in "$¥+" if sign in content.decode())
    rows = written(tmp_path, content)
    assert rows and all(any(cell.startswith(sign) for cell in row) for row in rows)


def test_an_apostrophe_closes_no_single_quotes(tmp_path: Path) -> None:
    lines = b"id,note,x\n1,'it won't, he said',a\n2,'it''s l'\xc3\xa9t\xc3\xa9',b\n3,'plain',c\n"
    rows = [["1", "it won't, he said", "a"], ["2", "it's l'été", "b"], ["3", "plain", "c"]]
    assert written(tmp_path, lines) == [["id", "note", "x"], *rows]


def test_records_are_written_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert written(tmp_path, b'a,b\n1,"x\ny"\n2,z\n') == [["a", "b"], ["1", "x\ny"], ["2", "z"]]


def test_json_lines_of_several_shapes_are_written_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = b"".join(b'{"a": %d, "b": "x"}\n' % n if n % 3 else b'{"b": "y", "a": %d}\n' % n for n in range(120))
    assert [row[1] for row in written(tmp_path, lines)[1:]] == [str(n) for n in range(120)]


def test_row_names_without_a_header(tmp_path: Path) -> None:
    content = b'"speed" "dist"\n"1" 4 2\n"2" 4 10\n"3" 7 4\n'
    assert written(tmp_path, content) == [["列1", "speed", "dist"], ["1", "4", "2"], ["2", "4", "10"], ["3", "7", "4"]]


def test_row_numbers_without_a_header_under_a_contract(bureau: Bureau) -> None:
    records, rejects = bureau.one("GMSFHM,XM,ZZ\n1,19A,甲,x\n2,19B,乙,y\n3,19C,丙,z\n")
    assert [record[1:4] for record in records] == [
        ("19A", "甲", "x"),
        ("19B", "乙", "y"),
        ("19C", "丙", "z"),
    ] and not rejects


@pytest.mark.parametrize("header", ["序号,GMSFHM,XM", "GMSFHM,XM,ZZ"])
def test_a_name_missing_elsewhere_moves_no_column(bureau: Bureau, header: str) -> None:
    """The records begin with the number that 序号 names, or with the key: which name is missing is not known."""
    first = ["1", "2", "3"] if header.startswith("序") else ["19A", "19B", "19C"]
    records, rejects = bureau.one(header + "\n" + "".join(f"{one},19{one},甲,x\n" for one in first))
    assert not records and len(rejects) == 3


def test_a_header_longer_than_the_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="表头有5列，记录却只有3列"):
        inspect(made(tmp_path, b"a,b,c,d,e\n1,2,3\n4,5,6\n7,8,9\n"))


@pytest.mark.parametrize("line", ['a,b,"c', 'a,"b"x,c', '"a,b,c'])
def test_a_damaged_header_line_costs_no_names(tmp_path: Path, line: str) -> None:
    (page,) = inspect(made(tmp_path, f"{line}\n1,2,3\n4,5,6\n7,8,9\n".encode())).tables
    assert page.records == 3 and not page.rejected and [name[0] for name in page.columns] == ["a", "b", "c"]


def test_names_of_any_length(tmp_path: Path) -> None:
    name = "Share of households with access to improved drinking water, total"
    (page,) = inspect(made(tmp_path, f"year;{name}\n2001;3.5\n2002;4.5\n2003;5.5\n".encode())).tables
    assert page.columns == ("year", name) and page.records == 3


def test_a_stray_quote_never_shifts_fields_in_silence(tmp_path: Path) -> None:
    (page,) = inspect(made(tmp_path, b'id,name,v\n1,"A, B",x\n2,"C, D",y\n3"D, E",z\n4,"F, G",w\n')).tables
    assert page.records == 3 and page.rejected_rows == (4,) and "引号" in next(iter(page.rejects))


def test_inches_are_no_stray_quotes(tmp_path: Path) -> None:
    (page,) = inspect(made(tmp_path, b'id,w,h\n1,5",7"\n2,6",8"\n3,"a",9"\n')).tables
    assert page.records == 3 and not page.rejected


WESTERN = "name,city,amount\nMüller,Zürich,12\nBézier,Genève,13\nJörg,Köln,14\n"


def test_western_text(tmp_path: Path) -> None:
    assert written(tmp_path, WESTERN.encode("cp1252")) == list(csv.reader(WESTERN.splitlines()))


def test_one_accented_letter_in_a_file(tmp_path: Path) -> None:
    assert written(tmp_path, "a,b\nx,y\nZürich,z\n".encode("latin-1"))[2] == ["Zürich", "z"]


@pytest.mark.parametrize("text", ["姓名,住址\n朱镕,幸福路1号\n", "a,b\n甲,1\n", "姓名,b\n镕,1\n喆,2\n"])
def test_chinese_text_stays_chinese(tmp_path: Path, text: str) -> None:
    assert written(tmp_path, text.encode("gb18030")) == list(csv.reader(text.splitlines()))


def test_text_that_is_implausible_for_its_encoding_is_said_to_be(tmp_path: Path) -> None:
    (page,) = inspect(made(tmp_path, "name,n\nМосква,1\nКазань,2\nОмск,3\n".encode("cp1251"))).tables
    assert "存疑" in page.details["编码"]
    (page,) = inspect(made(tmp_path, "姓名,n\n甲某,1\n乙某,2\n".encode("gb18030"))).tables
    assert page.details["编码"] == "GB18030"


def test_nothing_is_written_where_most_was_rejected(tmp_path: Path) -> None:
    path, out = made(tmp_path, b"a,b,c\n1,2,3\n" + b'1,"x\n' * 5), tmp_path / "out.csv"
    out.write_text("before")
    result = CliRunner().invoke(app, ["inspect", str(path), "--out", str(out)])
    assert result.exit_code == 1 and out.read_text() == "before" and "没有写出" in str(result.exception)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "out.csv"]


def test_a_mysql_outfile_escapes_line_ends(bureau: Bureau) -> None:
    rows = ["GMSFHM\tXM\tZZ", "19A\t甲\t幸福路\\\n1号", "19B\t乙\ta\\\tb", "19C\t丙\tc\\\\", "19D\t丁\t\\N"]
    records, rejects = bureau.one("\n".join(rows) + "\n", "a.txt")
    assert not rejects
    assert [record[3] for record in records] == ["幸福路\n1号", "a\tb", "c\\", "\\N"]


def test_a_backslash_at_the_end_of_a_value_is_no_escape_where_nothing_says_so(bureau: Bureau) -> None:
    records, rejects = bureau.one("GMSFHM,XM,ZZ\n19A,甲,C:\\\n19B,乙,D:\\\n19C,丙,x\n")
    assert [record[3] for record in records] == ["C:\\", "D:\\", "x"] and not rejects


@pytest.mark.parametrize(
    "end", ["\\.", "已选择3行。", "(3 行)", "3 rows in set (0.00 sec)", "(3 行受影响)", "+------+----+"]
)
def test_what_a_client_writes_below_is_no_record(bureau: Bureau, end: str) -> None:
    records, rejects = bureau.one(f"GMSFHM\tXM\n19A\t甲\n19B\t乙\n19C\t丙\n{end}\n")
    assert len(records) == 3 and not rejects


def test_rules_drawn_around_a_table_are_no_records(bureau: Bureau) -> None:
    rule = "+--------+----+------+\n"
    body = rule.join(f"| 19{letter}    | 甲 | x    |\n" for letter in "ABC")
    records, rejects = bureau.one(f"{rule}| GMSFHM | XM | ZZ   |\n{rule}{body}{rule}3 rows in set (0.00 sec)\n")
    assert [record[1] for record in records] and len(records) == 3 and not rejects


HEADERS = [
    "t_rk.GMSFHM,t_rk.XM", '"RK"."T_RK"."GMSFHM","RK"."T_RK"."XM"', "`t`.`GMSFHM`,`t`.`XM`", "[dbo].[t].[GMSFHM],[dbo].[t].[XM]",
    "身份证号(GMSFHM),姓名(XM)", "GMSFHM_身份证号,XM_姓名", "身份证号_GMSFHM,姓名_XM", "1.身份证号,2.姓名", "1 身份证号,2 姓名", "【身份证号】,【姓名】", "（1）"
    "身份证号,（2）姓名",
    "1、身份证号,2、姓名", "\u200b身份证号,姓\u200b名", "*1.身份证号(GMSFHM),*2.姓名（必填）", "身份证号/GMSFHM,姓名/XM",
    "一、身份证号,二、姓名", "（一）身份证号,（二）姓名", "[GMSFHM]身份证号,【XM】姓名",
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_the_ways_systems_write_a_header(bureau: Bureau, header: str) -> None:
    records, rejects = bureau.one(f"{header}\n19A,甲\n19B,乙\n")
    assert [record[1:3] for record in records] == [("19A", "甲"), ("19B", "乙")] and not rejects


@pytest.mark.parametrize(
    "header", ["姓名(曾用)", "(曾用)姓名", "[ZZ]姓名", "父亲.姓名代码", "XM_父亲", "住址(XM)", "姓名2"]
)
def test_a_name_beside_something_else_proves_nothing(bureau: Bureau, header: str) -> None:
    with pytest.raises(DeliveryError, match="缺少必需的列“姓名”"):
        bureau.one(f"GMSFHM,{header},ZZ\n19A,甲,x\n")


def test_where_no_header_is_found_its_shape_and_what_was_looked_for_are_told(bureau: Bureau) -> None:
    with pytest.raises(DeliveryError) as caught:
        bureau.one("190101196001011019,甲某某,幸福路1号\n190101196001011027,乙某,幸福路2号\n")
    message = str(caught.value)
    assert (
        "数18、汉3、汉3数1汉1" in message
        and "身份证号" not in message.split("要找的列")[0]
        and "公民身份号码（GMSFHM）" in message
    )
    assert "甲某某" not in message and "1901" not in message


@pytest.mark.parametrize("again", ["GMSFHM,XM,BZ,ZZ\n19B,乙,y,街\n", "BZ,ZZ,XM,GMSFHM\ny,街,乙,19B\n"])
def test_a_repeated_header_in_another_order_is_refused(bureau: Bureau, again: str) -> None:
    with pytest.raises(DeliveryError, match="第3行又是一个表头"):
        bureau.one(f"GMSFHM,XM,ZZ,BZ\n19A,甲,路,x\n{again}")


def test_a_repeated_header_in_another_language_is_passed_over(bureau: Bureau) -> None:
    records, _ = bureau.one("GMSFHM,XM,ZZ,BZ\n19A,甲,路,x\n身份证号,姓名,住址,备注信息\n19B,乙,街,y\n")
    assert [record[3:] for record in records] == [("路", "x"), ("街", "y")]


TWO_LINES = "GMSFHM,XM,住址,,BZ\n,,现居住址,籍贯,\n19A,甲,路,示例市,x\n19B,乙,街,,y\n"


def test_a_header_of_two_lines(bureau: Bureau, tmp_path: Path) -> None:
    path = made(tmp_path, TWO_LINES.encode())
    (page,) = inspect(path).tables
    assert (
        page.columns == ("GMSFHM", "XM", "住址-现居住址", "住址-籍贯", "BZ")
        and page.records == 2
        and page.not_records == {"表头": 2}
    )
    records, rejects = bureau.one(TWO_LINES.replace("现居住址", "住址"))
    assert [record[1:] for record in records] == [("19A", "甲", "路", "x"), ("19B", "乙", "街", "y")] and not rejects


@pytest.mark.parametrize("second", ["19A,甲,路,示例市,x", ",,路,,", ",甲,路,示例市,", ",,2020,2021,"])
def test_a_record_below_a_half_empty_header_is_a_record(bureau: Bureau, second: str) -> None:
    records, rejects = bureau.one("\n".join(["GMSFHM,XM,住址,,BZ", second, "19B,乙,街,市,y", "19C,丙,街,市,z"]) + "\n")
    assert [record[0] for record in records] == [2, 3, 4] and not rejects


@pytest.mark.parametrize("header", ["父亲-姓名", "父亲姓名-姓名", "配偶_姓名"])
def test_a_name_under_another_persons_heading_is_not_ours(bureau: Bureau, header: str) -> None:
    with pytest.raises(DeliveryError, match="缺少必需的列“姓名”"):
        bureau.one(f"GMSFHM,{header},ZZ\n19A,甲,x\n")


def test_another_table_above_is_not_lost(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="不止一张表"):
        inspect(made(tmp_path, b"t1\na,b\n1,2\n3,4\n\nt2\nx,y,z\n5,6,7\n8,9,0\n1,1,1\n"))


def test_pairs_of_name_and_value_above_are_no_table(tmp_path: Path) -> None:
    (page,) = inspect(made(tmp_path, b"station,5\nheight,7\nyear,2020\n\nx,y,z\n5,6,7\n8,9,0\n1,1,1\n")).tables
    assert page.columns == ("x", "y", "z") and page.records == 3
