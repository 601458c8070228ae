"""The table of ``governance`` about who looked at whom: what ``storage.access_log`` keeps, shown in the catalogue."""

from __future__ import annotations

from govdata.storage.tables.model import Column, Table

AT = Column("at", "VARCHAR", "时间（UTC）")
SUBJECT = Column("subject", "VARCHAR", "看的是什么：主体编号、行标识或文件的SHA-256摘要，不含任何值")

ACCESS_LOG = Table(
    "governance",
    "access_log",
    "查阅台账：谁、何时、为什么看了哪个主体或核对了哪份名单；只追加，不含记录的值",
    (
        AT,
        Column("actor", "VARCHAR", "谁：本人所报的姓名，未报的为系统账户"),
        Column("account", "VARCHAR", "运行命令的系统账户"),
        Column("action", "VARCHAR", "look 查阅一个主体或一行，screen 名单比对，prefill 表格预填"),
        Column("purpose", "VARCHAR", "用途或依据"),
        SUBJECT,
        Column("rows", "BIGINT", "涉及的行数"),
        Column("expires", "DATE", "用途到期日：到期应销毁所得的文件"),
        Column("door", "VARCHAR", "经由哪个命令"),
        Column("revealed", "BOOLEAN", "是否看到未脱敏的值"),
    ),
    key=(),
    writer="查阅",
)

TABLES = (ACCESS_LOG,)
