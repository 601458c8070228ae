"""A simulated city and what its departments deliver, with the truth about every defect in it. The pipeline never reads
the truth."""

from govdata.sample.committed import lay_down_standards
from govdata.sample.generate import DEFAULT_DATES, DEFAULT_RATES, SampleReport, generate
from govdata.sample.nights import quarter

__all__ = ["DEFAULT_DATES", "DEFAULT_RATES", "SampleReport", "generate", "lay_down_standards", "quarter"]
