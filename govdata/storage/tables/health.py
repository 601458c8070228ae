"""The tables of ``governance`` about how the nights went: what became of each stage, and of each night as a whole.

They tell how the tables came about and not what is in them: two deployments in the same state may differ here.
"""

from __future__ import annotations

from govdata.storage.tables.model import Column, Table
from govdata.storage.tables.nights import DATASET, DATE

STAGE = Column("stage", "VARCHAR", "环节；派生表的为表名")
ENDED = Column("ended", "TIMESTAMP", "结束的时间（北京时间）")
SECONDS = Column("seconds", "DOUBLE", "用时（秒）；空为不知道")

STAGE_RUNS = Table(
    "governance",
    "stage_runs",
    "每夜各环节的结果：每个交付日期、每个数据集（或整个城市）的每个环节一行，重做的只留最后一次",
    (
        DATE,
        DATASET.meaning("数据集；governance 为整个城市的环节，masters 为派生表"),
        STAGE,
        Column("stage_name", "VARCHAR", "环节的名称"),
        Column("outcome", "VARCHAR", "done 完成，nothing 没有可做的，blocked 被阻断（交付的原因），error 出错"),
        Column("waiting", "BOOLEAN", "被阻断是因为要等更早的日期先处理"),
        Column("reason", "VARCHAR", "停下的原因"),
        SECONDS,
        ENDED,
    ),
    key=(DATE, DATASET, STAGE),
    writer="更新目录",
)

NIGHT_RUNS = Table(
    "governance",
    "night_runs",
    "每夜运行得怎样：从第一夜起每个日期一行，没有运行的夜也在内",
    (
        DATE,
        Column(
            "state",
            "VARCHAR",
            "complete 走完，stopped 有环节被阻断或出错，unfinished 没有走完，not_run 应运行而没有运行，"
            "idle 没有运行，当天也没有应有的交付",
        ),
        Column("deliveries", "BIGINT", "处理的交付（份）"),
        Column("published", "BIGINT", "其中已发布"),
        Column("blocked", "BIGINT", "其中被阻断"),
        Column("failed", "BIGINT", "其中出错"),
        Column("unread", "BIGINT", "放在那里而没有读的交付（份）"),
        Column("stages", "BIGINT", "有结果的环节"),
        Column("stopped_stages", "BIGINT", "其中被阻断或出错的环节，城市的环节在内"),
        SECONDS.meaning("各环节用时之和（秒）；空为不知道"),
        ENDED.meaning("最后一个环节结束的时间（北京时间）"),
    ),
    key=(DATE,),
    writer="更新目录",
)

TABLES = (NIGHT_RUNS, STAGE_RUNS)
