"""What the system adds to the rows of a delivery, and the small files that lie beside them in the lake."""

from __future__ import annotations

from govdata.storage.tables.model import Column, Columns

ROW_ID = Column("_row_id", "VARCHAR", "行标识：不透明，同一文件再次交付时不变", "行标识")
SOURCE_FILE = Column("_source_file", "VARCHAR", "来源文件（工作簿为 文件#工作表）", "来源文件")
SOURCE_ROW = Column("_source_row", "BIGINT", "来源文件中的行号", "来源行号")
DELIVERY_DATE = Column("_delivery_date", "DATE", "交付日期", "交付日期")
IDENTITY: Columns = (ROW_ID, SOURCE_FILE, SOURCE_ROW, DELIVERY_DATE)
"""Where a row comes from: in every table of rows."""

CHINESE = "_zh"
"""``published.<dataset>_zh`` shows the table under Chinese titles."""

EXTRA = Column("_extra", "VARCHAR", "合同外的列，JSON 对象；没有则为空")
UNPARSED = Column("_unparsed", "MAP(VARCHAR, VARCHAR)", "读不出而为空的列及其交付原文", "读不出的原文")
WARNINGS = Column("_warnings", "VARCHAR[]", "该行不满足的提示级规则", "提示")
FAILED_RULES = Column("failed_rules", "VARCHAR[]", "该行不满足的错误级规则", "不合格的规则")
REPAIR_FLAGS = "_repairs_"
"""What the columns of altered cells' flags begin with: ``_repairs_0`` and on (UBIGINT), as many as a contract needs."""

REASON = Column("reason", "VARCHAR", "拒收原因")
CONTENT = Column("content", "VARCHAR", "交付原文")
KEPT_ROW_ID = Column("kept_row_id", "VARCHAR", "保留的那一行的行标识")

RAW: Columns = (EXTRA, *IDENTITY)
"""After the contract's columns, text or typed as they came, in the files of ``lake/raw``."""
REJECTED_FILE: Columns = (*IDENTITY, REASON, CONTENT)
"""The columns of ``lake/rejected``."""
DUPLICATES_FILE: Columns = (*IDENTITY, KEPT_ROW_ID)
"""The columns of ``lake/rejected/…/duplicates-*``."""
PUBLISHED: Columns = (*IDENTITY, WARNINGS, UNPARSED)
"""After the contract's columns, which are typed, in ``published.<dataset>``."""
QUARANTINE: Columns = (*IDENTITY, FAILED_RULES, WARNINGS, UNPARSED)
"""The same in ``quarantine.<dataset>``. The files of ``lake/standardized`` and ``lake/quarantine`` hold these and the
flags of altered cells."""

REPAIR_COUNTS: Columns = (
    Column("dataset", "VARCHAR", "数据集"),
    Column("column_name", "VARCHAR", "被修复的列"),
    Column("cells", "BIGINT", "标准化改动的单元格数"),
)
"""The columns of ``lake/repairs``. Before and after of each cell are worked out by ``governance.repairs``."""
