"""Delivered files → raw Parquet, text as delivered, typed columns typed. ``has_delivery`` and ``receive`` say what was
delivered, ``ingest`` reads it, ``inspect`` shows how one file is read, ``misplaced`` names deliveries that no night
reads because of where they lie.
"""

from govdata.ingest import report
from govdata.ingest.delivery import has_delivery, receive
from govdata.ingest.formats import open_file
from govdata.ingest.headers import Headers, shape
from govdata.ingest.inspection import InspectedTable, Inspection, inspect, write_csv
from govdata.ingest.misplaced import misplaced
from govdata.ingest.run import INGEST_VERSION, ingest
from govdata.ingest.source import Block, Opened, Reject, Source, Tally, Unreadable, register
from govdata.ingest.trial import ColumnSeen, Trial, trial

__all__ = [
    "INGEST_VERSION",
    "Block",
    "ColumnSeen",
    "Headers",
    "InspectedTable",
    "Inspection",
    "Opened",
    "Reject",
    "Source",
    "Tally",
    "Trial",
    "Unreadable",
    "has_delivery",
    "ingest",
    "inspect",
    "misplaced",
    "open_file",
    "receive",
    "register",
    "report",
    "shape",
    "trial",
    "write_csv",
]
