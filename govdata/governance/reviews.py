"""The review of links as workbooks: one per reviewer, returned through the same door as work orders.

A row says only what pair it is about and carries a code that only this deployment can make for this reviewer: so a
copied row of another reviewer, or a second file under one's name, is not taken for a second opinion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from govdata import ingest, masters
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.governance import log as journal
from govdata.governance.returned import Form, text
from govdata.governance.signature import is_ours, row_code
from govdata.governance.workbook import COVER, file_name, formats
from govdata.standards.model import Registry
from govdata.storage import files
from govdata.storage.sheets import printed

if TYPE_CHECKING:
    from govdata.governance.replies import Receipt

PAIR, KIND, REVIEWER, CODE, VERDICT, REASON = "复核编号", "主数据", "复核人", "校验码", "结论", "理由"
MARKS = (PAIR, KIND, REVIEWER, CODE)
VERDICTS: dict[str, masters.Said] = {"同一个": "same", "不是同一个": "different", "无法判断": "unsure"}
FOLDER = "主数据复核"
SHEET = "复核"
FORM = Form("reviews", "关联复核", (*MARKS, VERDICT, REASON))


def write(
    registry: Registry,
    deployment: Deployment,
    kind: str,
    date: Date,
    reviewers: Sequence[str],
    most: int = 200,
    sample: int = 10,
) -> list[Path]:
    """One workbook per reviewer under ``data/workorders/主数据复核``, and a line in the log per pair asked; none for a
    reviewer who has answered everything. Raises ``GovdataError`` for a reviewer without a name or one named twice."""
    named = [" ".join(name.split()) for name in reviewers]
    if not named or not all(file_name(name) for name in named) or len(set(named)) < len(named):
        raise GovdataError("复核人要写姓名，不重复")
    made = []
    for reviewer in named:
        asked = masters.questions(registry, deployment, kind, date, reviewer, most, sample)
        if asked:
            made.append(_write(deployment, registry.masters[kind].name, kind, date, reviewer, asked))
            masters.record(deployment, kind, reviewer, asked, date)
    return made


def _write(
    deployment: Deployment, title: str, kind: str, date: Date, reviewer: str, asked: Sequence[masters.Question]
) -> Path:
    import xlsxwriter

    target = deployment.workorders / FOLDER / f"{date.isoformat()}-{title}关联复核-{file_name(reviewer)}.xlsx"
    written = files.temporary(target)
    key = journal.key(deployment)
    with xlsxwriter.Workbook(str(written), {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        book.set_properties({"title": f"{title}关联复核", "created": datetime.combine(date, datetime.min.time())})
        styles = formats(book)
        cover, sheet = book.add_worksheet(COVER), book.add_worksheet(SHEET)
        cover.set_column(0, 0, 100)
        lines = [
            f"{title}关联复核（{date.isoformat()}，复核人：{reviewer}，{len(asked)} 对）",
            "每行是一次没有有效标识的提及（左）和可能的主体（右），值已脱敏，“相似的程度”说明两边的值有多像。",
            f"请独立判断是不是同一个，在“{VERDICT}”列选一项；拿不准的选“无法判断”，不要与别的复核人商量。",
            "两位复核人结论一致的才生效，此后每晚照此关联或不再关联。做好后放进 data/workorders/inbox/。",
            f"不要改动“{'”“'.join(MARKS)}”几列；可以排序、筛选。",
        ]
        for number, line in enumerate(lines):
            cover.write_string(number, 0, line, styles["title" if number == 0 else "plain"])
        shown = [n for n in range(len(asked[0].sides)) if any(any(each.sides[n][1:]) for each in asked)]
        titles = [asked[0].sides[n][0] for n in shown]
        header = [
            *MARKS,
            *(f"{name}（{side}）" for name in titles for side in ("左", "右")),
            "相似的程度",
            VERDICT,
            REASON,
        ]
        widths = [30 if name in ("相似的程度", REASON) else 14 for name in header]
        for place, name in enumerate(header):
            sheet.set_column(place, place, widths[place])
            sheet.write_string(0, place, name, styles["answer" if name in (VERDICT, REASON) else "header"])
        for row, question in enumerate(asked, 1):
            marks = (question.pair, kind, reviewer, row_code(key, f"{kind}\x1f{reviewer}", question.pair))
            values = [value for n in shown for value in question.sides[n][1:]]
            for place, value in enumerate([*marks, *values, question.levels]):
                sheet.write_string(row, place, value, styles["text"])
            for place in (len(header) - 2, len(header) - 1):
                sheet.write_blank(row, place, None, styles["input"])
        column = header.index(VERDICT)
        sheet.data_validation(1, column, len(asked), column, {"validate": "list", "source": list(VERDICTS)})
        sheet.freeze_panes(1, 1)
        printed(sheet, f"{title}关联复核", widths, range(1))
    return files.put(written, target)


def read(deployment: Deployment, path: Path, receipt: Receipt, day: Date) -> bool:
    """Take the decisions of a returned review into the log and tell of them in the receipt; False where the file is no
    review. Raises ``ingest.Unreadable`` where it cannot be read."""
    from govdata.governance.replies import Refused

    _, opened = ingest.open_file(path, FORM.headers)
    lines = masters.read_decisions(deployment)
    asked = {(line.pair, line.reviewer): line for line in lines if line.kind == "asked"}
    key, said, ours = journal.key(deployment), {}, False
    for source in opened.sources:
        for row, cells in _rows(source):
            ours = True
            if not any(cells.values()):
                continue
            reason = _refusal(cells, key, asked)
            if reason is not None:
                receipt.refused.append(Refused(source.sheet, row, reason))
            elif not cells[VERDICT]:
                receipt.empty += 1
            else:
                known = asked[cells[PAIR], cells[REVIEWER]]
                said[known.pair, known.reviewer] = known.model_copy(
                    update={
                        "date": day,
                        "kind": "said",
                        "verdict": VERDICTS[cells[VERDICT]],
                        "reason": cells.get(REASON) or None,
                        "file": receipt.sha256,
                    }
                )
    if ours:
        masters.append_decisions(deployment, said.values())
        receipt.decided = len(said)
    return ours


def _rows(source: ingest.Source) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a sheet that has the marks of a review, and their cells by title; none of another sheet."""
    for block in source.blocks():
        columns = FORM.cells(block)
        if not {*MARKS, VERDICT} <= columns.keys():
            continue
        for number, row in enumerate(block.rows.to_pylist()):
            yield row, {name: text(values[number]) for name, values in columns.items()}


def _refusal(cells: dict[str, str], key: str, asked: dict[tuple[str, str], masters.Line]) -> str | None:
    pair, reviewer = cells[PAIR], cells[REVIEWER]
    if not is_ours(cells[CODE], key, f"{cells[KIND]}\x1f{reviewer}", pair):
        return f"{PAIR}、{REVIEWER}与{CODE}对不上：不是本系统发给这位复核人的，或被改动过"
    if (pair, reviewer) not in asked:
        return "没有向这位复核人问过这一对"
    if cells[VERDICT] and cells[VERDICT] not in VERDICTS:
        return f"“{VERDICT}”不是列表中的一项"
    return None
