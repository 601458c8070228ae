"""Files that once broke the rule: each is read, its records accounted for, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from govdata.ingest.headers import Headers

from ..ingest.conftest import PEOPLE
from .accounting import account

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_file())
REFUSED = {
    "ods_sum_of_content.ods",
    "ods_tag_not_closed.ods",
    "parquet_name_not_utf8.parquet",
    "parquet_text_not_utf8.parquet",
    "xls_sector_of_2_gigabytes.xls",
    "zip_place_outside_the_file.zip",
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
@pytest.mark.parametrize("contract", [False, True])
def test_a_file_that_once_broke_the_rule(path: Path, contract: bool) -> None:
    read = account(path, Headers(PEOPLE) if contract else None)
    assert (read is None) == (path.name in REFUSED)
    if path.name == "few_quotes_behind_blanks.txt":
        assert read and len(read[0].records) == 12 and not read[0].rejects
