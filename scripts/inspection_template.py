"""Writes govdata/reports/templates/inspection.docx: the inspection report's default document.

Run in the project's environment. It is an ordinary document with the marks of docxtpl in it, so a bureau may open it in
Word or WPS, change fonts, order and words, and keep it as standards/templates/inspection.docx.
"""

from __future__ import annotations

import sys
from pathlib import Path

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

TARGET = Path(__file__).resolve().parent.parent / "govdata" / "reports" / "templates" / "inspection.docx"
SONG, HEI = "SimSun", "SimHei"
NOTICE = "本报告只依据已公布的数据标准检测，结果供参考"


def font(run, name: str = SONG, size: float = 10.5, bold: bool = False) -> None:
    run.font.name, run.font.size, run.font.bold = name, Pt(size), bold
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def paragraph(
    document, text: str, *, size: float = 10.5, centred: bool = False, bold: bool = False, indent: bool = False
):
    made = document.add_paragraph()
    made.paragraph_format.space_after = Pt(4)
    if centred:
        made.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        made.paragraph_format.first_line_indent = Pt(2 * size)
    font(made.add_run(text), HEI if bold else SONG, size, bold)
    return made


def heading(document, text: str, level: int = 1) -> None:
    made = document.add_heading(level=level)
    run = made.add_run(text)
    font(run, HEI, {1: 15, 2: 12}[level], True)
    run.font.color.rgb = RGBColor(0, 0, 0)


def table(document, name: str, columns: dict[str, str], widths: tuple[float, ...], size: float = 8.5) -> None:
    """A table with a line per item of the list ``name``. ``columns``: heading → field of the item; ``widths`` in cm."""
    made = document.add_table(rows=4, cols=len(columns))
    made.style, made.autofit = "Table Grid", False
    _margins(made)
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Cm(width)
    for cell, title in zip(made.rows[0].cells, columns, strict=True):
        _cell(cell, title, size, bold=True)
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    made.rows[0]._tr.get_or_add_trPr().append(repeat)
    _cell(made.rows[1].cells[0], "{%tr for line in " + name + " %}", size)
    for cell, field in zip(made.rows[2].cells, columns.values(), strict=True):
        _cell(cell, "{{ line." + field + " }}", size)
    _cell(made.rows[3].cells[0], "{%tr endfor %}", size)
    for row in made.rows:
        split = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().append(split)
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Cm(width)


def _margins(made) -> None:
    margins = OxmlElement("w:tblCellMar")
    for side, width in (("top", 45), ("left", 60), ("bottom", 45), ("right", 60)):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(width))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    made._tbl.tblPr.append(margins)


def _cell(cell, text: str, size: float, bold: bool = False) -> None:
    written = cell.paragraphs[0]
    written.paragraph_format.space_before = written.paragraph_format.space_after = Pt(0)
    written.paragraph_format.line_spacing = 1.0
    run = written.add_run(text)
    font(run, HEI if bold else SONG, size, bold)
    if bold:
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:fill"), "E7ECF3")
        cell._tc.get_or_add_tcPr().append(shade)


def listed(document, name: str) -> None:
    paragraph(document, "{%p for line in " + name + " %}")
    paragraph(document, "{{ line }}", indent=True)
    paragraph(document, "{%p endfor %}")


def page_number(made) -> None:
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        run = made.add_run()
        font(run, SONG, 9)
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._element.append(mark)


def write(target: Path = TARGET) -> None:
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height, section.orientation = Cm(21), Cm(29.7), WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin = section.bottom_margin = Cm(2.2)
    font(section.header.paragraphs[0].add_run(NOTICE + "　{{ number }}"), SONG, 8)
    section.footer.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    page_number(section.footer.paragraphs[0])

    for _ in range(6):
        paragraph(document, "")
    paragraph(document, "{{ title }}", size=28, centred=True, bold=True)
    paragraph(document, "")
    paragraph(document, "（{{ unit }}）", size=18, centred=True)
    for _ in range(12):
        paragraph(document, "")
    paragraph(document, "报告编码：{{ number }}", size=12, centred=True)
    paragraph(document, "检测单位：{{ issuer }}", size=12, centred=True)
    paragraph(document, "检测日期：{{ date }}", size=12, centred=True)
    document.add_page_break()

    heading(document, "一、概况")
    table(document, "head", {"项目": "name", "内容": "value"}, (5, 11.5))
    paragraph(document, "")
    listed(document, "paragraphs")

    heading(document, "二、得分")
    parts = {"维度": "name", "权重": "weight", "A": "a", "B": "b", "不合格": "failed", "豁免": "waived"}
    table(
        document,
        "parts",
        {**parts, "得分": "score", "等级": "level", "变化": "change", "": "bar"},
        (2.6, 1, 1.6, 1.6, 1.3, 1.1, 1.5, 1.2, 1.4, 3.4),
    )
    paragraph(document, "")
    paragraph(
        document, "合计 {{ total.score }} 分，{{ total.level }}；评估到的权重占 {{ total.assessed }}。", bold=True
    )
    paragraph(
        document, "{{ formula }}。变化是与上一次交付相比；＊表示其间标准或评分办法变过，变化不全是数据的。", size=9
    )
    heading(document, "各数据表", 2)
    scope = {"名称": "name", "得分": "score", "等级": "level", "给牌": "card", "名次": "rank", "列覆盖": "columns"}
    scope |= {"行覆盖": "rows", "落标率": "standard", "不合格": "failed", "豁免": "waived"}
    changes = {"比上次": "changes[0]", "比7次前": "changes[1]", "比30次前": "changes[2]"}
    widths = (2.5, 1.3, 1.0, 1.0, 1.6, 1.4, 1.4, 1.3, 1.1, 0.9, 1.1, 1.1, 1.1)
    table(document, "datasets", scope | changes, widths, 7.5)
    paragraph(document, "{%p if departments %}")
    heading(document, "各部门", 2)
    table(document, "departments", scope | changes, widths, 7.5)
    paragraph(document, "{%p endif %}")
    paragraph(document, "{%p if divisions %}")
    heading(document, "各区划（含下级）", 2)
    table(
        document,
        "divisions",
        {"区划": "name", "得分": "score", "等级": "level", "不合格": "failed", "变化": "changes[0]"},
        (6, 2.5, 2.5, 2.5, 3),
    )
    paragraph(document, "{%p endif %}")
    paragraph(document, "{%p if trend %}")
    heading(document, "得分变化", 2)
    table(document, "trend", {"日期": "date", "得分": "score", "说明": "note"}, (4, 3, 9.5))
    paragraph(document, "{%p endif %}")

    heading(document, "三、问题整改")
    table(document, "orders", {"工单": "name", "张数": "value"}, (5, 3))
    paragraph(document, "")
    paragraph(document, "{%p if open_orders %}")
    heading(document, "在办的工单（至多 20 张，先到期的在前）", 2)
    order = {"编号": "number", "问题": "problem", "状态": "state", "待整改": "count", "截止": "due"}
    table(document, "open_orders", order, (4.6, 6, 1.6, 1.5, 2.8))
    paragraph(document, "{%p endif %}")
    paragraph(document, "{%p if waivers %}")
    heading(document, "豁免", 2)
    waiver = {"数据表": "title", "规则": "rule", "条目": "count", "理由": "reason", "最早到期": "until"}
    table(document, "waivers", waiver, (3, 4, 1.5, 5, 3))
    paragraph(document, "{%p endif %}")

    heading(document, "四、结论与建议")
    listed(document, "advice")
    heading(document, "五、说明和局限")
    listed(document, "notes")
    source = {"评分办法": "name", "依据": "source", "可信等级": "grade", "执行起始": "since"}
    table(document, "sources", source, (3.5, 8, 2, 3))
    paragraph(document, "")
    paragraph(document, "检测人：　　　　　　　　审核人：　　　　　　　　批准人：")
    paragraph(document, "（盖章）　　　　　　　　　　年　　月　　日")
    document.add_page_break()

    heading(document, "附件1　检测依据")
    rule = {
        "维度": "dimension",
        "指标": "indicator",
        "数据表": "title",
        "规则": "rule",
        "描述": "message",
        "依据": "source",
        "级别": "severity",
    }
    table(document, "rules", rule, (1.3, 1.1, 2.3, 3, 4.5, 3.2, 1.2))
    heading(document, "附件2　检测结果")
    result = {"数据表": "title", "维度": "dimension", "分值": "weight", "规则数": "rules", "问题条数": "failed"}
    table(document, "results", {**result, "占比": "share", "得分": "score"}, (4, 3.5, 1.4, 1.5, 2, 2, 2.1))
    heading(document, "附件3　问题清单")
    problem = {
        "数据表": "title",
        "字段": "column",
        "原因": "message",
        "不符合": "failed",
        "豁免": "waived",
        "占比": "share",
    }
    table(document, "problems", {**problem, "级别": "severity"}, (2.6, 2.6, 6.3, 1.4, 1.2, 1.4, 1.1))
    paragraph(
        document,
        "每一行的问题清单只给数源部门和经批准的申请者，用 govdata sql 查询 governance.findings，或见工单。",
        size=9,
    )
    heading(document, "附件4　落标和按时交付")
    bound = {"数据表": "title", "主键": "key", "字段数": "columns", "绑定标准的": "bound", "有值的单元格": "cells"}
    table(document, "standards", {**bound, "落标率": "rate"}, (4, 4, 1.7, 2, 2.6, 2.2))
    paragraph(document, "")
    timely = {
        "数据表": "title",
        "周期": "period",
        "最近交付": "newest",
        "应有": "due",
        "按时": "on_time",
        "迟交": "late",
    }
    table(
        document, "punctuality", {**timely, "缺": "missing", "按时率": "rate"}, (4, 1.6, 2.8, 1.4, 1.4, 1.4, 1.4, 2.4)
    )
    heading(document, "附件5　检测范围")
    scope = {"数据表": "title", "期次日期": "date", "发布行数": "rows", "期次编号": "snapshot", "标准指纹": "standards"}
    table(document, "snapshots", scope, (4, 2.8, 2.6, 3.6, 3.5))
    target.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(target))


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
