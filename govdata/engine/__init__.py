"""From declared standards to SQL, and from text rows to typed, judged rows."""

from govdata.engine.plans import source_values
from govdata.engine.session import session
from govdata.engine.standardization import ENGINE_VERSION, counts, standardize, write_duplicates

__all__ = ["ENGINE_VERSION", "counts", "session", "source_values", "standardize", "write_duplicates"]
