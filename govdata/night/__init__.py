"""One delivery date from landing to the catalogue, run in this process through the same Dagster jobs that the schedule runs.

Nights(deployment, registry, datasets).run(date) -> [DatasetNight]   what became of each dataset
delivery_dates(deployment, datasets) -> [date]                       the dates something was delivered for
instance(deployment)                                                 the deployment's own Dagster instance, open for a block
summary.show(console, nights, registry, deployment)                  the closing table
"""

from govdata.night.nights import STAGE_NAMES, STAGES, DatasetNight, Nights, delivery_dates, instance

__all__ = ["STAGES", "STAGE_NAMES", "DatasetNight", "Nights", "delivery_dates", "instance"]
