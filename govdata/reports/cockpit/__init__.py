"""The cockpit: one page for the leaders of the city, in Chinese and English, and a page behind it for every department,
dataset, failing rule and district. Self-contained files without scripts that only read the catalogue.

write(registry, deployment, date) -> Cockpit
"""

from govdata.reports.cockpit.writing import Cockpit, write

__all__ = ["Cockpit", "write"]
