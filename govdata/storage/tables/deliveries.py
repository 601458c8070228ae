"""The reading reports of ``governance``: a line per delivery, and a line per note of each."""

from __future__ import annotations

from govdata.storage.tables.model import Column, Columns, Table
from govdata.storage.tables.nights import COLUMN_NAME, DATASET, DATE

DELIVERY = Column("delivery", "VARCHAR", "交付的编号：同样的文件不变")

DELIVERIES = Table(
    "governance",
    "deliveries",
    "每一份交付读到了什么：实物行数＝读入＋重复＋拒收＋不是记录的行",
    (
        DATE,
        DATASET,
        DELIVERY,
        Column("number", "BIGINT", "该日的第几份：同一日期更正后再交的排在后面"),
        Column("outcome", "VARCHAR", "read 已读入，refused 读入时拒绝，blocked 被阻断，error 出错，published 已发布"),
        Column("reason", "VARCHAR", "为什么没有发布"),
        Column("files", "BIGINT", "数据文件数"),
        Column("physical", "BIGINT", "实物行数（文本行、表格行、记录），由另一遍清点得出；未清点的为空"),
        Column("read", "BIGINT", "读入的记录数"),
        Column("duplicates", "BIGINT", "重复交付的记录数"),
        Column("rejected", "BIGINT", "拒收（无法读取）的记录数"),
        Column("set_aside", "BIGINT", "不是记录的行数（表头、空行、表尾、没有读的工作表等）"),
    ),
    key=(DATE, DATASET, DELIVERY),
    writer="读入",
)

NOTE: Columns = (
    Column("file", "VARCHAR", "交付的文件"),
    Column("sheet", "VARCHAR", "工作表（名称可能是数据的只写位置）"),
    Column("fate", "VARCHAR", "归宿：read 读入，duplicate 重复，rejected 拒收，set_aside 留在一边"),
    Column("kind", "VARCHAR", "种类"),
    Column("first_row", "BIGINT", "第一处的行号"),
    Column("last_row", "BIGINT", "最后一处的行号"),
    COLUMN_NAME.meaning("列（名称可能是数据的只写位置）"),
    Column("reason", "VARCHAR", "说明"),
    Column("count", "BIGINT", "数量"),
    Column("unit", "VARCHAR", "数量的单位"),
)
_FIELDS = ", ".join(f'"{column}" {column.type}' for column in NOTE)
NOTES = Column("notes", f"STRUCT({_FIELDS})[]", "说明")
"""Of a delivery, in the small files: the notes stand in the line of their delivery."""

DELIVERY_NOTES = Table(
    "governance",
    "delivery_notes",
    "每一份交付中不是简单读入的部分：行、列、工作表、文件",
    (DATE, DATASET, DELIVERY, *NOTE),
    key=(),
    writer="读入",
)
