"""The table of ``governance`` about who looked at whom: what ``storage.access_log`` keeps, shown in the catalogue."""

from __future__ import annotations

from govdata.storage.tables.model import Column, Table
from govdata.storage.tables.nights import DATASET

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
        Column("role", "VARCHAR", "以何种角色（standards/roles.yaml）：未脱敏的只是这一角色可看的数据元"),
    ),
    key=(),
    writer="查阅",
)

DAY = Column("day", "DATE", "哪一天（北京时间）")
RELATION = Column("relation", "VARCHAR", "表：模式.表名")
DOOR = Column("door", "VARCHAR", "经由哪个命令；load 为 Python 的 govdata.load")
READS = Column("reads", "BIGINT", "读取次数")

TABLE_READS = Table(
    "governance",
    "table_reads",
    "使用记录：哪一天经由哪个门读过哪张表。不含查询和记录的值；不经 govdata 直接打开目录文件的、没有写入权限的账户不计",
    (
        DAY,
        RELATION,
        DOOR,
        READS,
        Column("accounts", "BIGINT", "多少个系统账户"),
    ),
    key=(DAY, RELATION, DOOR),
    writer="更新目录",
)

TABLE_USAGE = Table(
    "governance",
    "table_usage",
    "各张已发布的表用得多少；建得多、用得少的：按 idle_days 从大到小",
    (
        DATASET,
        Column("title", "VARCHAR", "名称"),
        Column("owner", "VARCHAR", "责任部门"),
        Column("published_since", "DATE", "现存最早的一期"),
        Column("snapshots", "BIGINT", "现存几期"),
        READS.meaning("读取次数（记录以来）"),
        Column("reads_30", "BIGINT", "最近 30 天的读取次数，到最新一期的日期为止"),
        Column("accounts", "BIGINT", "多少个系统账户读过"),
        Column("doors", "VARCHAR", "经由哪些门"),
        Column("last_read", "DATE", "最近一次读取；空为从未"),
        Column("idle_days", "BIGINT", "到最新一期为止，多少天没有人读：从最近一次读取起，从未读过的从现存最早的一期起"),
    ),
    key=(DATASET,),
    writer="更新目录",
)

TABLES = (ACCESS_LOG, TABLE_READS, TABLE_USAGE)
