"""A simulated city and what its departments deliver, with the truth about every defect in it. The pipeline never reads the truth."""

from govdata.sample.generate import DEFAULT_DATES, DEFAULT_RATES, SampleReport, generate

__all__ = ["DEFAULT_DATES", "DEFAULT_RATES", "SampleReport", "generate"]
