"""Delivered files → text Parquet. ``receive`` says what was delivered, ``ingest`` reads it, ``inspect`` shows how one file is read."""

from govdata.ingest.delivery import receive
from govdata.ingest.inspection import InspectedTable, Inspection, inspect, write_csv
from govdata.ingest.run import INGEST_VERSION, ingest
from govdata.ingest.source import Block, Opened, Reject, Source, Tally, Unreadable, register

__all__ = [
    "INGEST_VERSION", "Block", "InspectedTable", "Inspection", "Opened", "Reject", "Source", "Tally", "Unreadable",
    "ingest", "inspect", "receive", "register", "write_csv",
]  # fmt: skip
