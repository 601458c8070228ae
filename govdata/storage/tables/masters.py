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

ELEMENT = Column("element", "VARCHAR", "主数据的属性")

ELEMENT_OVERLAP = Table(
    "governance",
    "element_overlap",
    "几个部门都有的属性：对同一主体说得是否一致、以谁为准、哪些不必再向群众采集；每晚一期",
    (
        DATE.meaning("比对的日期"),
        MASTER_KIND,
        ELEMENT,
        Column("element_name", "VARCHAR", "属性的中文名称"),
        DATASET.meaning("表：顺位较低的一方"),
        Column("department", "VARCHAR", "它的责任部门"),
        Column("other_dataset", "VARCHAR", "另一张表：顺位较高的一方"),
        Column("other_department", "VARCHAR", "它的责任部门"),
        Column("authority", "VARCHAR", "权威来源：按声明的顺位独占第一的表；没有则为空"),
        Column("compared", "BIGINT", "两张表都有这一属性的主体数（B）"),
        Column("agreeing", "BIGINT", "其中一致的主体数（A）"),
        Column("agreement", "DOUBLE", "一致率（A÷B）"),
        Column("cells", "BIGINT", "低顺位的表采集了多少格；由业务推知而不是填写的不算，如母亲的性别"),
        Column("asked_twice", "BIGINT", "其中另一张表已有的格数：群众填了两次"),
        Column("known_share", "DOUBLE", "asked_twice÷cells：另一张表能替它填的比例"),
        Column("stop_collecting", "BOOLEAN", "应停止采集：另一张表是权威来源，且一致率、能替填的比例达到声明的界限"),
    ),
    key=(DATE, MASTER_KIND, ELEMENT, DATASET, Column("other_dataset", "VARCHAR", "")),
    writer="主数据",
)

LINK_COVERAGE = Table(
    "governance",
    "link_coverage",
    "各表提到的人和组织有多少带有效标识、有多少在登记簿中找得到；每晚一期",
    (
        DATE.meaning("关联的日期"),
        MASTER_KIND,
        Column("role", "VARCHAR", "身份"),
        Column("role_name", "VARCHAR", "身份的中文名称"),
        DATASET.meaning("提及所在的表"),
        Column("department", "VARCHAR", "它的责任部门"),
        Column("mentions", "BIGINT", "提及数"),
        Column("identified", "BIGINT", "其中有有效标识的"),
        Column("identified_share", "DOUBLE", "有有效标识的比例"),
        Column("register", "VARCHAR", "作为登记簿的身份"),
        Column("found", "BIGINT", "其中主体在登记簿中的；外地户籍、外国人查不到属正常情形"),
        Column("found_share", "DOUBLE", "在登记簿中找得到的比例"),
    ),
    key=(DATE, MASTER_KIND, Column("role", "VARCHAR", "身份")),
    writer="主数据",
)

TABLES = (LINK_CANDIDATES, MASTER_CHANGES, ELEMENT_OVERLAP, LINK_COVERAGE)
