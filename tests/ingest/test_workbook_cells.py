"""What a workbook says beside its cells' values, in every spelling of its XML: saved results, formats, merged cells,
remarks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from govdata.batches import RawBatch
from govdata.errors import DeliveryError
from govdata.ingest import account, archive, inspect

from .conftest import Bureau
from .test_workbook import HEADER, plain, xlsx

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
NO_RESULT = "没有保存计算结果"


def cell(text: str, at: str | None = None, prefix: str = "") -> str:
    place = f' r="{at}"' if at else ""
    return f'<{prefix}c{place} t="inlineStr"><{prefix}is><{prefix}t>{text}</{prefix}t></{prefix}is></{prefix}c>'


def by_hand(
    rows: list[str],
    *,
    prefix: str = "",
    book: str = "xl/workbook.xml",
    sheet: str = "worksheets/sheet1.xml",
    rename: Callable[[str], str] = str,
    encoding: str = "utf-8",
    top: str = "",
    behind: str = "",
) -> bytes:
    """A workbook of one sheet, whose rows are given as XML."""
    folder, _, name = book.rpartition("/")
    colon = f"{prefix}:" if prefix else ""
    space = f'xmlns{":" if prefix else ""}{prefix}="{MAIN}"'
    body = "".join(f"<{colon}row>{row}</{colon}row>" for row in rows)
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" Type="{OFFICE}/officeDocument" Target="{book}"/>'
        "</Relationships>",
        book: f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="人口" sheetId="1" r:id="b"/></sheets></workbook>',
        f"{folder}/_rels/{name}.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="b" Type="{OFFICE}/worksheet" Target="{sheet}"/>'
        "</Relationships>",
        f"{folder}/{sheet}": f"{top}<{colon}worksheet "
        f"{space}><{colon}sheetData>{body}</{colon}sheetData>{behind}</{colon}worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part, text in parts.items():
            info = zipfile.ZipInfo("x")
            info.filename = rename(part)
            target.writestr(info, text.encode(encoding if part.endswith(sheet) else "utf-8"))
    return out.getvalue()


TITLES = "".join(cell(title, f"{letter}1") for letter, title in zip("ABCD", HEADER, strict=True))
PERSON = "".join(cell(text, f"{letter}2") for letter, text in zip("ABCD", ["1", "甲", "路", "x"], strict=True))
READ = [(2, "1", "甲", "路", "x")]


def _notes(bureau: Bureau, batch: RawBatch) -> str:
    return "\n".join(account.notes(batch, bureau.people))


@pytest.mark.parametrize(
    "made",
    [
        {"book": "xl/workbook2.xml"},
        {"book": "表/book.xml", "sheet": "s/一.xml"},
        {"rename": lambda name: name.replace("/", "\\")},
        {"rename": str.upper},
        {"encoding": "utf-16"},
        {"top": "<?xml version='1.0'?><!-- made by hand -->"},
    ],
    ids=["workbook2", "other folder", "back-slashes", "upper case", "UTF-16", "comment"],
)  # fmt: skip
def test_parts_are_found_by_their_relationships(bureau: Bureau, made: dict[str, Any]) -> None:
    assert bureau.one(by_hand([TITLES, PERSON], **made), "a.xlsx")[0] == READ


def test_prefixes_and_cells_that_do_not_say_where_they_are(bureau: Bureau) -> None:
    rows = ["".join(cell(text, None, "x:") for text in texts) for texts in (HEADER, ["1", "甲", "路", "x"])]
    assert bureau.one(by_hand(rows, prefix="x"), "a.xlsx")[0] == READ


def test_text_in_cdata_is_not_lost(bureau: Bureau) -> None:
    """The reader gives an empty cell for the first and ``ac`` for the second."""
    person = (
        '<c r="A2"><v><![CDATA[1]]></v></c><c r="B2" t="str"><v>a<![CDATA[<b>]]>c</v></c><c r="C2" '
        't="e"><v><![CDATA[#N/A]]></v></c>' + cell("<![CDATA[路]]>", "D2")
    )
    assert bureau.one(by_hand([TITLES, person]), "a.xlsx")[0] == [(2, "1", "a<b>c", "#N/A", "路")]


@pytest.mark.parametrize("mark", ['<!DOCTYPE a [<!ENTITY x "y">]>', '<!DOCTYPE a SYSTEM "file:///etc/passwd">'])
def test_a_document_type_is_refused(bureau: Bureau, mark: str) -> None:
    with pytest.raises(DeliveryError, match="文档类型声明"):
        bureau.one(by_hand([TITLES, PERSON], top=mark), "a.xlsx")


@pytest.mark.parametrize(
    "formula",
    [
        "<x:c r='C2'><x:f>1</x:f></x:c>",
        "<x:c><x:f>1</x:f><x:v/></x:c>",
        '<x:c r="C2"><x:f><![CDATA[1]]></x:f><x:v></x:v></x:c>',
        '<x:c r="C2"><x:f t="shared" si="0"/></x:c>',
        '<x:c r="C2" t="str"><x:f>1</x:f></x:c>',
    ],
)
@pytest.mark.parametrize("prefix", ["x", ""])
def test_a_formula_without_its_result_is_refused_in_every_spelling(bureau: Bureau, formula: str, prefix: str) -> None:
    colon = f"{prefix}:" if prefix else ""
    rows = ["".join(cell(text, None, colon) for text in HEADER), cell("1", None, colon) + cell("甲", None, colon)]
    rows[1] += formula.replace("x:", colon)
    with pytest.raises(DeliveryError, match=NO_RESULT):
        bureau.one(by_hand(rows, prefix=prefix), "a.xlsx")


@pytest.mark.parametrize("saved", ["<v></v>", "<v/>", '<v xml:space="preserve"> </v>'])
def test_an_empty_text_is_a_result(bureau: Bureau, saved: str) -> None:
    person = cell("1", "A2") + cell("甲", "B2") + f'<c r="C2" t="str"><f>IF(1,"","")</f>{saved}</c>' + cell("x", "D2")
    records = bureau.one(by_hand([TITLES, person]), "a.xlsx")[0]
    assert [(record[1], (record[3] or "").strip(), record[4]) for record in records] == [("1", "", "x")]


def test_errors_in_every_spelling(bureau: Bureau) -> None:
    person = (
        """<c t='e'\n><v>#N/A</v></c><c\nt = "e" ><f>x</f><v>#REF!</v></c>"""
        """<c t="str"><v>路</v></c><c s='0' t='e' r='D2'><v>#DIV/0!</v></c>"""
    )
    assert bureau.one(by_hand([TITLES, person]), "a.xlsx")[0] == [(2, "#N/A", "#REF!", "路", "#DIV/0!")]


def test_formatted_empty_cells_far_away_are_harmless_and_filled_ones_are_not(bureau: Bureau) -> None:
    far = '<c r="XFD2" s="0"/><c r="XFD1048576" s="0"/>'
    assert bureau.one(by_hand([TITLES, PERSON + far]), "a.xlsx")[0] == READ
    with pytest.raises(DeliveryError, match="范围过大"):
        bureau.one(by_hand([TITLES, PERSON, far.replace('s="0"/>', "><v>1</v></c>")]), "b.xlsx")


def test_the_reader_keeps_the_shown_zeros(bureau: Bureau) -> None:
    def fill(book: Any) -> None:
        four, six, amount = (book.add_format({"num_format": form}) for form in ("0000", "[$-804]000000;@", "0.00"))
        page = book.add_worksheet()
        page.write_row(0, 1, HEADER)
        page.write_row(1, 1, [111, 5, 7, 8])
        page.write_row(2, 1, [111, 5, 7.5, 8], four)
        page.write_row(3, 1, [-112, 12345, 7, "0x"], four)
        page.write(4, 1, 112, six)
        page.write(4, 2, 1000.1000000000001, amount)
        page.write_formula(4, 3, "=1", four, 3)

    assert bureau.one(xlsx(fill), "a.xlsx")[0] == [
        (2, "111", "5", "7", "8"),
        (3, "0111", "0005", "7.5", "0008"),
        (4, "-0112", "12345", "0007", "0x"),
        (5, "000112", "1000.1", "0003", None),
    ]


def test_merged_cells_down_a_column_belong_to_every_record(bureau: Bureau) -> None:
    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.merge_range("B1:E2", "标题")
        page.write_row(2, 1, HEADER)
        for row in range(3, 9):
            page.write_row(row, 1, [str(row), "甲"])
        page.merge_range("D4:D6", "路")
        page.merge_range("D7:E8", "街")
        page.merge_range("B10:B12", "审核人：")

    bureau.deliver("a.xlsx", xlsx(fill))
    batch = bureau.ingest()
    assert [(row["address"], row["remark"]) for row in bureau.raw(batch)] == [("路", None)] * 3 + [("街", None)] * 2 + [
        (None, None)
    ]
    assert "2 处纵向合并的单元格" in _notes(bureau, batch) and "（3 格）" in _notes(bureau, batch)


def test_bands_are_no_records_and_their_numbers_are_held_against_what_was_read(bureau: Bureau) -> None:
    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        row = 1
        for band, records in (
            ("全国（共5所）", 0),
            ("北京市（2所）", 2),
            ("天津市（3所）", 3),
            ("河北省（9所）", 1),
            ("其他", 1),
        ):
            page.merge_range(row, 0, row, 3, band)
            for _ in range(records):
                row += 1
                page.write_row(row, 0, [str(row), "甲", "路", "x"])
            row += 1
        page.write(row, 0, "共 8 条")

    bureau.deliver("a.xlsx", xlsx(fill))
    batch = bureau.ingest()
    assert batch.rows == 7
    assert batch.sources[0].not_records == {"表头": 1, "通栏的分组行": 5, "表尾（合计、制表人等）": 1}
    told = _notes(bureau, batch)
    assert (
        "第10行的分组行写明 9，其下读到 1 条" in told
        and "3 个分组行写明的数目与读到的相符" in told
        and "表尾写明 8，读到 7 条" in told
    )


def test_a_remark_right_of_the_table_is_a_cell_more(bureau: Bureau) -> None:
    rows = [
        [str(n), "甲", "路", f"x{n}", *(["", "已核"] if n == 3 else ["电话不通"] if n % 2 else [])] for n in range(6)
    ]
    bureau.deliver("a.xlsx", plain([HEADER, *rows]))
    batch = bureau.ingest()
    extra = [row["_extra"] for row in bureau.raw(batch)]
    assert extra == [
        None,
        '{"列5":"电话不通","列6":null}',
        None,
        '{"列5":null,"列6":"已核"}',
        None,
        '{"列5":"电话不通","列6":null}',
    ]
    assert "合同外的列" in _notes(bureau, batch) and batch.rejected == 0


def test_a_row_into_which_a_cell_was_put_is_rejected(bureau: Bureau) -> None:
    rows = [[str(n), "甲", "路", f"x{n}"] for n in range(6)]
    rows[2].insert(1, "乙")
    records, rejects = bureau.one(plain([HEADER, *rows]), "a.xlsx")
    assert len(records) == 5 and [(row, content) for row, _, content in rejects] == [(4, "2\t乙\t甲\t路\tx2")]
    assert "末列之后" in rejects[0][1]


def test_records_of_a_hidden_sheet_are_told(bureau: Bureau) -> None:
    def fill(book: Any) -> None:
        for name, count in (("名单", 2), ("旧数据", 3)):
            page = book.add_worksheet(name)
            page.write_row(0, 0, HEADER)
            for row in range(count):
                page.write_row(row + 1, 0, [f"{name}{row}", "甲"])
        page.hide()

    path = bureau.deliver("a.xlsx", xlsx(fill))
    assert "来自隐藏的工作表，3 条记录" in _notes(bureau, bureau.ingest())
    assert inspect(path).tables[1].details["注意"] == "来自隐藏的工作表，3 条记录"


def test_what_nearly_all_programs_write_needs_no_close_look(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """The close look costs ten times what the search costs: a plain sheet must not need it."""
    monkeypatch.setattr(archive, "look", lambda *_: pytest.fail("looked"))
    rows = [[str(number), "甲 = 乙", "路<!", number / 7] for number in range(500)]
    monkeypatch.setattr(archive, "_PIECE", 777)
    assert len(bureau.one(plain([HEADER, *rows]), "a.xlsx")[0]) == 500


def test_the_search_finds_what_stands_on_the_edge_of_two_pieces(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = by_hand([TITLES, PERSON, cell("2", "A3") + "<c r='B3' t='e'><v>#N/A</v></c>"])
    for size in range(40, 90):
        monkeypatch.setattr(archive, "_PIECE", size)
        (bureau.deployment.home / "x").mkdir(exist_ok=True)
        path = bureau.deployment.home / "x" / "a.xlsx"
        path.write_bytes(content)
        assert archive.survey(path)[0]["人口"].errors == {(2, 1): "#N/A"}
