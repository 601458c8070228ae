"""The tables of ``governance`` about what is unusual: counts kept of every delivery, and what stands out among them."""

from __future__ import annotations

from govdata.storage.tables.model import Column, Table
from govdata.storage.tables.nights import CHECKED, COLUMN_NAME, DATASET, DATE, FAILED, RULE_ID

DIVISION = Column("division", "VARCHAR", "行政区划代码；空为全部")
BATCH = Column("batch_id", "VARCHAR", "批次编号")

PROFILES = Table(
    "governance",
    "profiles",
    "每次交付的行数、有值的格数和不同值数，按列、按区划：异常提示的依据，不含值",
    (
        DATE,
        DATASET,
        Column("mode", "VARCHAR", "snapshot 全量，delta 增量：全量只和全量比"),
        DIVISION,
        COLUMN_NAME.meaning("列；空为整行"),
        Column("rows", "BIGINT", "行数"),
        Column("filled", "BIGINT", "有值的格数"),
        Column("distinct_values", "BIGINT", "不同值数（估计）；按区划的不数"),
        BATCH,
    ),
    key=(DATE, DATASET, DIVISION, COLUMN_NAME),
    writer="评分",
)

DISTRIBUTIONS = Table(
    "governance",
    "distributions",
    "每次交付各列的分布：代码按代码，日期按距交付日期多久，数按数量级，文字按长短；不含其他值",
    (
        DATE,
        DATASET,
        COLUMN_NAME,
        Column("bucket", "VARCHAR", "一档"),
        Column("rows", "BIGINT", "落在这一档的行数"),
        BATCH,
    ),
    key=(DATE, DATASET, COLUMN_NAME, Column("bucket", "VARCHAR", "一档")),
    writer="评分",
)

ANOMALIES = Table(
    "governance",
    "anomalies",
    "异常：与自身历史相比反常的交付，每个原因一条",
    (
        DATE,
        DATASET,
        Column("cause", "VARCHAR", "原因：volume 数量，nulls 空值，distinct 不同值，distribution 分布"),
        COLUMN_NAME.meaning("最突出的列；空为整行"),
        DIVISION.meaning("涉及的一个区划；几个或全部的为空"),
        Column("observed", "DOUBLE", "本次：行数，或空值、不同值的比例，或 PSI"),
        Column("expected", "DOUBLE", "通常：历史的中位数"),
        Column("score", "DOUBLE", "偏离历史波动（稳健标准差）的倍数；分布为 PSI 与界限之比"),
        Column("nights", "BIGINT", "所依据的历史交付次数，不含本次"),
        Column("baseline", "VARCHAR", "weekday 同星期（节假日同周末），all 全部，season 往年同期"),
        Column("since", "DATE", "连续反常的第一次交付"),
        Column("message", "VARCHAR", "说明"),
        Column("also", "VARCHAR[]", "同一原因的其他表现"),
        Column("owner", "VARCHAR", "基线的责任人（standards/anomalies.yaml）"),
        Column("expires", "DATE", "基线到期日：此后不再据此提示，直到有人续期"),
    ),
    key=(DATE, DATASET, Column("cause", "VARCHAR", ""), COLUMN_NAME),
    writer="异常提示",
)

STALE_RULES = Table(
    "governance",
    "stale_rules",
    "久不起作用的规则：从未不合格、全部不合格、从未有可判的行、长期豁免",
    (
        DATE,
        DATASET,
        RULE_ID,
        Column("state", "VARCHAR", "never_failed，always_failed，never_asked，long_waived"),
        Column("since", "DATE", "从哪次交付或哪天起一直如此"),
        Column("nights", "BIGINT", "其间的交付次数；豁免的为天数"),
        CHECKED,
        FAILED,
        Column("message", "VARCHAR", "说明"),
    ),
    key=(DATE, DATASET, RULE_ID, Column("state", "VARCHAR", "")),
    writer="异常提示",
)

TABLES = (PROFILES, DISTRIBUTIONS, ANOMALIES, STALE_RULES)
