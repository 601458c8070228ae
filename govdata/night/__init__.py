"""One delivery date from landing to the catalogue, run in this process through the same Dagster jobs that the daemon
runs.

Nights(deployment, registry, datasets).run(date) -> [DatasetNight]   what became of each dataset
Nights(…).follow(date) -> [DatasetNight]                             the city alone, by the tables as they are
delivery_dates(deployment, datasets) -> [date]                       the dates something was delivered for
instance(deployment)                                                 the deployment's own Dagster instance, open for a
block
summary.show(console, nights, registry, deployment)                  the closing table

What became of a stage is read from what the stage wrote of itself: ``govdata.operations.outcomes``.
"""

from govdata.night.nights import DatasetNight, Nights, delivery_dates, instance
from govdata.operations.outcomes import STAGE_NAMES, STAGES, StageOutcome

__all__ = ["STAGES", "STAGE_NAMES", "DatasetNight", "Nights", "StageOutcome", "delivery_dates", "instance"]
