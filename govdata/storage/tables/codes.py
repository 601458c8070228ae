"""The tables ``codes.<code set>``."""

from __future__ import annotations

from govdata.storage.tables.model import Column, Columns

CODE = Column("code", "VARCHAR", "代码")
NAME_ZH = Column("name_zh", "VARCHAR", "名称")
VALID_FROM = Column("valid_from", "VARCHAR", "启用")
CURRENT = Column("current", "BOOLEAN", "是否现行")
VALUES: Columns = (
    CODE,
    NAME_ZH,
    Column("name_en", "VARCHAR", "英文名称"),
    Column("parent", "VARCHAR", "上级代码"),
    VALID_FROM,
    Column("valid_to", "VARCHAR", "停用"),
    Column("successor", "VARCHAR", "取代它的代码"),
    Column("note", "VARCHAR", "说明"),
)
"""What a code set's file says of each code."""
CODES: Columns = (*VALUES, Column("local", "BOOLEAN", "本地扩充"), CURRENT)
