"""What people read: documents and pages that only read the catalogue. No record's value is in them.

write(registry, deployment, date, department) -> [Written]     数据质量检测报告 as .docx and .html
write_cockpit(registry, deployment, date) -> Cockpit            the cockpit and the pages behind it
"""

from govdata.reports.cockpit import Cockpit
from govdata.reports.cockpit import write as write_cockpit
from govdata.reports.writing import Written, write

__all__ = ["Cockpit", "Written", "write", "write_cockpit"]
