"""From declared standards to SQL, and from text rows to typed, judged rows."""

from govdata.engine.plans import source_values
from govdata.engine.session import session
from govdata.engine.standardization import ENGINE_VERSION, counts, standardize, write_duplicates
from govdata.engine.step_counts import StepCounts, step_counts
from govdata.engine.unchanged import of_a_sound_row

__all__ = [
    "ENGINE_VERSION",
    "StepCounts",
    "counts",
    "of_a_sound_row",
    "session",
    "source_values",
    "standardize",
    "step_counts",
    "write_duplicates",
]
