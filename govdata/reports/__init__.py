"""What people read: documents and pages that only read the catalogue. No record's value is in them.

write(registry, deployment, date, department) -> [Written]     数据质量检测报告 as .docx and .html
"""

from govdata.reports.writing import Written, write

__all__ = ["Written", "write"]
