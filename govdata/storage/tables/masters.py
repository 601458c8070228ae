"""The tables of ``governance`` about master data, as the room of masters keeps them for the catalogue."""

from __future__ import annotations

from govdata.storage.tables.model import Column, Table
from govdata.storage.tables.nights import DATASET, DATE

MASTER_KIND = Column("master_kind", "VARCHAR", "主数据种类：person 自然人，organisation 组织")
MENTION_ID = Column("mention_id", "VARCHAR", "提及编号：同一记录的同一身份不变")

LINK_CANDIDATES = Table(
    "governance",
    "link_candidates",
    "没有有效标识的提及可能属于哪个主体：已自动关联的、待人复核的、复核为不是的；每晚一期",
    (
        DATE.meaning("关联的日期"),
        MASTER_KIND,
        MENTION_ID,
        DATASET.meaning("提及所在的表"),
        Column("role", "VARCHAR", "身份"),
        Column("row_id", "VARCHAR", "提及所在的行"),
        Column("candidate_id", "VARCHAR", "可能的主体"),
        Column("anchor", "VARCHAR", "可能的主体中的一次提及：主体编号变了，复核的结论仍跟着它"),
        Column("score", "DOUBLE", "是同一个的概率"),
        Column("weight", "DOUBLE", "证据的分量，以2为底的对数"),
        Column(
            "state", "VARCHAR", "linked 已关联，candidate 待复核，unlikely 得分太低不问，different 复核为不是同一个"
        ),
        Column("method", "VARCHAR", "similar 按相似自动关联，reviewed 经复核关联"),
        Column("agreed", "VARCHAR", "一致的项"),
        Column("levels", "VARCHAR", "各项相似的程度"),
    ),
    key=(DATE, MASTER_KIND, MENTION_ID, Column("candidate_id", "VARCHAR", "可能的主体")),
    writer="主数据",
)

MASTER_CHANGES = Table(
    "governance",
    "master_changes",
    "主体编号的变动：哪一天哪个编号并入、分出或改为哪个编号",
    (
        DATE.meaning("变动的日期"),
        MASTER_KIND,
        Column("change", "VARCHAR", "merged 并入，split 分出，renamed 改号（原编号的提及全部归到新编号）"),
        Column("old_id", "VARCHAR", "上一期的主体编号"),
        Column("new_id", "VARCHAR", "本期的主体编号"),
        Column("mentions", "BIGINT", "换了主体的提及数"),
        Column("previous_date", "DATE", "上一期的日期"),
    ),
    key=(DATE, MASTER_KIND, Column("old_id", "VARCHAR", ""), Column("new_id", "VARCHAR", "")),
    writer="主数据",
)

TABLES = (LINK_CANDIDATES, MASTER_CHANGES)
