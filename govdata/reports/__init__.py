"""What people read: documents and pages that only read the catalogue. No record's value is in them.

write(registry, deployment, date, department) -> [Written]     数据质量检测报告 as .docx and .html
write_cockpit(registry, deployment, date) -> Cockpit            the cockpit and the pages behind it
write_catalogue(registry, deployment, target) -> MadeCatalogue 政务数据目录: workbook, registration, JSON, DCAT, pages
"""

from govdata.reports.catalogue import DICTIONARY, MadeCatalogue, write_catalogue
from govdata.reports.cockpit import Cockpit
from govdata.reports.cockpit import write as write_cockpit
from govdata.reports.writing import Written, write

__all__ = ["DICTIONARY", "Cockpit", "MadeCatalogue", "Written", "write", "write_catalogue", "write_cockpit"]
