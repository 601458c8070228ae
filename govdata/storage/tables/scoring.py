"""The tables of ``governance`` about scores, as the room of scoring keeps them for the catalogue."""

from __future__ import annotations

from govdata.storage.tables import anomalies
from govdata.storage.tables.model import Column, Table
from govdata.storage.tables.nights import (
    CHECKED,
    COLUMN_NAME,
    DATASET,
    DATE,
    DIMENSION,
    FAILED,
    INDICATOR,
    MESSAGE,
    RULE_ID,
    SEVERITY,
    STANDARDS_HASH,
)
from govdata.storage.tables.system_columns import IDENTITY, ROW_ID

DIVISION = Column("division", "VARCHAR", "行政区划代码，如交付所写；未知为没有或不在代码集中")
KIND = Column(
    "kind", "VARCHAR", "line：数据集×部门；dataset：数据集；department：部门；division：区划（含下级）；bureau：全市"
)
SCOPE = Column("scope", "VARCHAR", "数据集、部门、区划代码；全市为 bureau")
PART = Column("part", "VARCHAR", "计入权重的一项；空为合计")

PUNCTUALITY = Table(
    "governance",
    "punctuality",
    "各数据集每个交付日期是否有按周期应有的交付",
    (
        DATE,
        DATASET,
        Column(
            "state",
            "VARCHAR",
            "on_time：这一天有按周期应有的交付；late：后来才有；missing：没有；not_due：还没有到应交付的时候",
        ),
        Column("newest_delivery", "DATE", "当时最近一次交付的日期"),
        Column("period_days", "BIGINT", "合同的交付周期，天"),
    ),
    key=(DATE, DATASET),
    writer="评分",
)

COLUMN_RESULTS = Table(
    "governance",
    "column_results",
    "每次交付逐列的落标情况",
    (
        DATE,
        DATASET,
        COLUMN_NAME,
        Column("element", "VARCHAR", "数据元"),
        Column("standard", "VARCHAR", "数据元所依据的标准；空为没有标准，不算落标"),
        Column("cells", "BIGINT", "有值的单元格（读不出的也是）"),
        Column("conforming", "BIGINT", "其中符合该列数据元全部规则的（不含必填）"),
        STANDARDS_HASH,
        Column("batch_id", "VARCHAR", "批次编号"),
    ),
    key=(DATE, DATASET, COLUMN_NAME),
    writer="评分",
)

DIVISION_RESULTS = Table(
    "governance",
    "division_results",
    "每次交付按区划、规则的检查数和不合格数",
    (
        DATE,
        DATASET,
        DIVISION,
        RULE_ID,
        DIMENSION,
        CHECKED,
        FAILED,
        Column("batch_id", "VARCHAR", "批次编号"),
    ),
    key=(DATE, DATASET, DIVISION, RULE_ID),
    writer="评分",
)

STANDING_RESULTS = Table(
    "governance",
    "standing_results",
    "增量交付的表逐条规则的现况：已发布的行和仍被隔离的行",
    (
        DATE.meaning("截至哪一次交付"),
        DATASET,
        RULE_ID,
        CHECKED.meaning("检查的行数；规则有了以后交付的才算"),
        FAILED,
        Column("rows", "BIGINT", "全表的行数：已发布的和仍被隔离的"),
        Column("held", "BIGINT", "其中仍被隔离的"),
        Column("batch_id", "VARCHAR", "由哪些批次得来"),
    ),
    key=(DATE, DATASET, RULE_ID),
    writer="评分",
)

STANDING_FINDINGS = Table(
    "governance",
    "standing_findings",
    "增量交付的表现有的每一行不满足的每一条规则：已发布的行和仍被隔离的行，跨表规则不在内",
    (
        DATASET,
        DATE.meaning("截至哪一次交付"),
        *IDENTITY,
        RULE_ID,
        SEVERITY,
        COLUMN_NAME,
        MESSAGE,
        DIVISION.meaning("行政区划代码；未知为没有或不在代码集中；空为没有区划列"),
    ),
    key=(DATASET, DATE, ROW_ID, RULE_ID),
    writer="评分",
)

SCORECARD_RULES = Table(
    "governance",
    "scorecard_rules",
    "评分所用的规则结果",
    (
        DATE.meaning("评分的交付日期"),
        DATASET,
        Column("department", "VARCHAR", "应处理的部门"),
        PART.meaning("计入哪一项"),
        RULE_ID,
        Column("judged", "DATE", "规则结果所属的交付日期：不晚于评分日期的最近一次"),
        CHECKED.meaning("检查的行数（B）"),
        FAILED.meaning("不合格的行数（B－A）"),
        Column("waived", "BIGINT", "其中豁免期内的"),
        COLUMN_NAME,
        INDICATOR,
        SEVERITY,
        Column("standing", "BOOLEAN", "数的是增量交付的全表（standing_findings），不只是一次交付（findings）"),
    ),
    key=(DATE, DATASET, RULE_ID),
    writer="评分",
)

SCORECARD = Table(
    "governance",
    "scorecard",
    "数据质量评分：数据集、部门、区划、全市，按 GB/T 36344 的维度和合计；"
    "各期保留当时公布的结果，之后隔离复审放行的行不改写它",
    (
        DATE,
        KIND,
        SCOPE,
        Column("scope_name", "VARCHAR", "名称"),
        DATASET.meaning("数据集（line、dataset 才有）"),
        Column("department", "VARCHAR", "部门（line、dataset、department 才有）"),
        PART,
        DIMENSION.meaning("GB/T 36344 维度；合计为空"),
        Column("part_name", "VARCHAR", "维度分两项的，是哪一项"),
        Column(
            "a",
            "BIGINT",
            "A：满足要求的元素数。GB/T 36344 中越低越好的（0303、0305）也按满足要求的数。按时交付数的是日期",
        ),
        Column("b", "BIGINT", "B：被评价的元素数"),
        FAILED.meaning("B－A"),
        Column("waived", "BIGINT", "其中豁免期内的；得分不因豁免而变好"),
        Column("rules", "BIGINT", "评价所用的规则数"),
        Column("weight", "DOUBLE", "权重（standards/scoring.yaml）"),
        Column("assessed_weight", "DOUBLE", "合计：评估到的各项占全部权重的比例"),
        Column("state", "VARCHAR", "已评估；未评估（没有规则或没有交付，不算满分）；不适用（B＝0）"),
        Column("score", "DOUBLE", "A÷B×100；合计为已评估各项按权重的平均"),
        Column("score_less_waived", "DOUBLE", "豁免的不算时的得分：A÷(B－豁免)×100"),
        Column("level", "VARCHAR", "等级"),
        Column("quality_score", "DOUBLE", "合计：不含按时交付的得分"),
        Column("punctuality_score", "DOUBLE", "合计：按时交付率"),
        Column("card", "VARCHAR", "绿牌、黄牌、红牌；有一项未评估的为空"),
        Column("rank", "BIGINT", "同类中的名次，得分相同的名次相同；不上榜的为空"),
        Column("rank_note", "VARCHAR", "不上榜的原因"),
        Column("columns", "BIGINT", "合同的列数"),
        Column("assessed_columns", "BIGINT", "有规则评价到的列数"),
        Column("rows", "BIGINT", "交付的记录数，不含重复；增量交付的是全表的行数和这一次读不出的"),
        Column("assessed_rows", "BIGINT", "评价的行数；读不出的没有评价"),
        Column("bound_columns", "BIGINT", "合计：绑定了有标准的数据元的列数"),
        Column("cells", "BIGINT", "合计：这些列中有值的单元格数"),
        Column("conforming_cells", "BIGINT", "合计：其中符合标准的"),
        Column("standard_rate", "DOUBLE", "合计：落标率＝符合标准的单元格÷有值的单元格×100，越高越好"),
        Column("delivery_date", "DATE", "所评的最近一次交付"),
        STANDARDS_HASH.meaning("标准和评分办法的指纹"),
        Column("change_1", "DOUBLE", "比上一次交付高几分"),
        Column("change_7", "DOUBLE", "比 7 次交付以前高几分"),
        Column("change_30", "DOUBLE", "比 30 次交付以前高几分"),
        Column("standards_changed_1", "BOOLEAN", "上一次交付以来标准或评分办法变过：变化不全是数据的"),
        Column("standards_changed_7", "BOOLEAN", "7 次交付以来标准或评分办法变过"),
        Column("standards_changed_30", "BOOLEAN", "30 次交付以来标准或评分办法变过"),
        Column("query", "VARCHAR", "查询：不合格的每一行，行数等于 failed；空为没有"),
        Column("rules_query", "VARCHAR", "查询：逐条规则的检查数和不合格数"),
    ),
    key=(DATE, KIND, SCOPE, PART),
    writer="评分",
)

RULE_EXAM = Table(
    "governance",
    "rule_exam",
    "规则体检：把干净的样本按常见的毛病弄坏再判，每条规则查出多少、误报多少",
    (
        DATE.meaning("样本所取的一期"),
        DATASET,
        RULE_ID,
        SEVERITY,
        Column("message", "VARCHAR", "规则的说明"),
        Column("struck", "BIGINT", "弄坏的行数：只数这条规则至少查出过一行的那些毛病和列"),
        Column("hits", "BIGINT", "其中不符合这条规则的"),
        Column("recall", "DOUBLE", "检出率：hits÷struck；空为没有一种毛病碰到它"),
        Column("alone", "BIGINT", "只有这条规则查出的；0 为没有它也查得出"),
        Column("false_alarms", "BIGINT", "误报：没有毛病、或毛病已修复的行却不符合它"),
        Column("sampled", "BIGINT", "样本的行数"),
        STANDARDS_HASH,
    ),
    key=(DATE, DATASET, RULE_ID),
    writer="规则体检",
)

TABLES: tuple[Table, ...] = (
    PUNCTUALITY,
    COLUMN_RESULTS,
    DIVISION_RESULTS,
    STANDING_RESULTS,
    STANDING_FINDINGS,
    SCORECARD_RULES,
    SCORECARD,
    RULE_EXAM,
    *anomalies.TABLES,
)
