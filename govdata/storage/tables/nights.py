"""The tables of ``governance`` about deliveries: what came, what was judged, what was found and altered.

In each, ``dataset`` and ``date`` say which delivery a line is about; a line about one row carries the row's identity
besides, whose ``_delivery_date`` may be another where a rule across tables was judged on a later night.
"""

from __future__ import annotations

from govdata.storage.tables.model import Column, Columns, Table
from govdata.storage.tables.system_columns import CONTENT, DELIVERY_DATE, IDENTITY, KEPT_ROW_ID, REASON, ROW_ID

DIMENSION_NAMES: dict[str, str] = {
    "conformity": "规范性",
    "completeness": "完整性",
    "accuracy": "准确性",
    "consistency": "一致性",
    "timeliness": "时效性",
    "uniqueness": "唯一性",
}
"""Quality dimensions, as they stand in tables and as people read them (GB/T 36344-2018, where uniqueness is 0304)."""

_DIMENSIONS = "，".join(f"{name} {title}" for name, title in DIMENSION_NAMES.items())

DATE = Column("date", "DATE", "交付日期")
DATASET = Column("dataset", "VARCHAR", "数据集")
RULE_ID = Column("rule_id", "VARCHAR", "规则编号")
COLUMN_NAME = Column("column_name", "VARCHAR", "列", former=("column",))
DIMENSION = Column("dimension", "VARCHAR", f"质量维度（{_DIMENSIONS}）")
SEVERITY = Column("severity", "VARCHAR", "error：该行隔离；warning：照常发布并提示")
MESSAGE = Column("message", "VARCHAR", "规则说明")
INDICATOR = Column("indicator", "VARCHAR", "GB/T 36344 指标编码")
SOURCE = Column("source", "VARCHAR", "规则依据")
CHECKED = Column("checked", "BIGINT", "检查的行数")
FAILED = Column("failed", "BIGINT", "不合格的行数")
STANDARDS_HASH = Column("standards_hash", "VARCHAR", "所依据标准的指纹")

RULE_RESULTS = Table(
    "governance",
    "rule_results",
    "每条规则每个交付日的检查数与不合格数",
    (DATE, DATASET, RULE_ID, DIMENSION, SEVERITY, CHECKED, FAILED, COLUMN_NAME, INDICATOR, MESSAGE),
    key=(DATE, DATASET, RULE_ID),
    writer="检查；跨表核对",
)

PUBLISHED_ROWS = Column("published", "BIGINT", "发布后该表的行数")
COUNTS: Columns = (
    Column("delivered", "BIGINT", "交付的记录数"),
    Column("rejected", "BIGINT", "拒收（无法读取）的记录数"),
    Column("duplicates", "BIGINT", "重复交付的记录数"),
    Column("quarantined", "BIGINT", "隔离的行数"),
    Column("clean", "BIGINT", "合格的行数"),
    PUBLISHED_ROWS,
)
DAMAGED = Column(
    "damaged",
    "VARCHAR",
    "数据湖中缺失或损坏的部分：各视图少列该日的这些行，重新运行该日即可重做；为空表示完好",
)
RECONCILIATION = Table(
    "governance",
    "reconciliation",
    "每个交付日记录的去向；published 为空表示未发布",
    (DATE, DATASET, *COUNTS, DAMAGED),
    key=(DATE, DATASET),
    writer="发布",
)

RELEASES = Table(
    "governance",
    "releases",
    "隔离复审放行的行：标准修改或准予豁免之后，隔离的行重新判定，合格的并入它那一期；"
    "复审之前各期的派生表和评分仍是当时的结果",
    (
        DATASET,
        DATE,
        *IDENTITY,
        Column("released_on", "DATE", "复审的日期"),
        Column("reason", "VARCHAR", "standards：按修改后的标准合格；waiver：不合格的规则都在豁免期内"),
        Column("failed_before", "VARCHAR[]", "原来不满足的规则"),
        Column("standards_before", "VARCHAR", "原来所依据标准的指纹"),
        STANDARDS_HASH.meaning("复审所依据标准的指纹"),
        Column("batch_id", "VARCHAR", "放行后并入的批次；这一天整日重做之后，这里仍留着当时的放行"),
    ),
    key=(),
    writer="隔离复审",
)

RULES = Table(
    "governance",
    "rules",
    "现行规则",
    (DATASET, RULE_ID, COLUMN_NAME, DIMENSION, SEVERITY, MESSAGE, INDICATOR, SOURCE),
    key=(DATASET, RULE_ID),
    writer="更新目录",
)

SNAPSHOTS = Table(
    "governance",
    "snapshots",
    "已发布各期；current 为现行一期",
    (
        DATASET,
        DATE,
        Column("rows", "BIGINT", "行数"),
        Column("current", "BOOLEAN", "是否现行"),
        Column("complete", "BOOLEAN", "文件是否齐全"),
        Column("snapshot_id", "VARCHAR", "期次编号"),
        Column("batch_id", "VARCHAR", "批次编号"),
        STANDARDS_HASH,
        Column("since", "DATE", "本期由该日起的交付合并而成"),
        Column("files", "BIGINT", "文件数"),
        Column("hidden_rows", "BIGINT", "文件中已被后来的交付取代或注销的行数"),
    ),
    key=(DATASET, DATE),
    writer="更新目录",
)

REPAIRED_BY = Column("rule", "VARCHAR", "修改所依据的标准化步骤")
CELLS = Column("cells", "BIGINT", "标准化改动的单元格数")

REPAIRS = Table(
    "governance",
    "repairs",
    "修复台账：标准化改动过的每一个单元格",
    (
        DATASET,
        DATE,
        *IDENTITY,
        COLUMN_NAME,
        Column("before", "VARCHAR", "修改前（交付原文）"),
        Column("after", "VARCHAR", "修改后（标准值）"),
        REPAIRED_BY,
    ),
    key=(DATASET, DATE, ROW_ID, COLUMN_NAME),
    writer="标准化",
)

REPAIR_COUNTS = Table(
    "governance",
    "repair_counts",
    "修复台账的计数：每列标准化改动的单元格数，与 governance.repairs 的行数相符，不必逐格重算",
    (DATE, DATASET, COLUMN_NAME, CELLS),
    key=(DATASET, DATE, COLUMN_NAME),
    writer="更新目录",
)

REPAIR_STEPS = Table(
    "governance",
    "repair_steps",
    "修复台账按步骤的计数：每列由哪些步骤改动了多少格，与 governance.repairs 按列和 rule 汇总的相同，不必逐格重算；"
    "旧版本标准化的交付没有这一计数，重做该日后才有",
    (DATE, DATASET, COLUMN_NAME, REPAIRED_BY, CELLS),
    key=(DATASET, DATE, COLUMN_NAME, REPAIRED_BY),
    writer="更新目录",
)

REJECTED = Table(
    "governance",
    "rejected",
    "拒收的记录及原因",
    (DATASET, DATE, *IDENTITY, REASON, CONTENT),
    key=(),
    writer="读入",
)

DUPLICATES = Table(
    "governance",
    "duplicates",
    "因完全重复而略去的行",
    (DATASET, DATE, *IDENTITY, KEPT_ROW_ID),
    key=(DATASET, DATE, ROW_ID),
    writer="标准化",
)

FINDINGS = Table(
    "governance",
    "findings",
    "每一行不满足的每一条规则（跨表规则在内），供来源部门整改",
    (DATASET, DATE, *IDENTITY, RULE_ID, SEVERITY, COLUMN_NAME, MESSAGE),
    key=(DATASET, DATE, ROW_ID, RULE_ID),
    writer="检查；跨表核对",
)

CROSS_FINDINGS = Table(
    "governance",
    "cross_findings",
    "跨表规则发现的问题：本行、另一张表的对应行和应处理的部门",
    (
        DATE.meaning("核对的日期"),
        DATASET,
        RULE_ID,
        SEVERITY,
        COLUMN_NAME,
        MESSAGE,
        Column("owner", "VARCHAR", "应处理的部门"),
        *IDENTITY[:-1],
        DELIVERY_DATE.meaning("本行的交付日期"),
        Column("other_dataset", "VARCHAR", "另一张表"),
        Column("other_row_id", "VARCHAR", "另一张表中对应的一行（不止一行的取其一；没有对应行的为空）"),
        Column("other_rows", "BIGINT", "对应的行数"),
    ),
    key=(DATE, DATASET, RULE_ID, ROW_ID),
    writer="跨表核对",
)
