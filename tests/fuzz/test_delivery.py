"""The whole ingest of hostile deliveries: names of files, names of columns, values; and spoilt files end to end. About
ten seconds."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import duckdb
import pytest

from govdata.deployment import Deployment
from govdata.errors import DeliveryError

from ..ingest.conftest import Bureau
from .accounting import check_message
from .mutation import HEADER, HOSTILE, write
from .test_text import keep, spoilt

FILE_NAMES = (
    b"a'; DROP TABLE x; --.csv",
    b'a".csv',
    b"*.csv",
    b"[a-z]?.csv",
    b"-rf.csv",
    b"a b\tc.csv",
    b"a\nb.csv",
    b"%s{0}{{7}}.csv",
    b"$(id).csv",
    b"a.csv#Sheet1",
    b"\xff\xfe.csv",
    b"\xe4\xba\xba.csv",
    "人口数据".encode("gb18030") + b".csv",
    b"\\..\\..\\x.csv",
    b"x" * 250 + b".csv",
    b"a.parquet",
    b"batch.json",
    b"\xe2\x80\xaevsc.csv",
    b"~a.csv",
    b"NUL.csv",
    b"a:b.csv",
    b"a|b>c.csv",
)


def test_names_of_files_are_only_names(tmp_path: Path) -> None:
    bureau = Bureau(Deployment(tmp_path))
    bureau.landing.mkdir(parents=True)
    for number, name in enumerate(FILE_NAMES):
        with open(os.path.join(os.fsencode(bureau.landing), name), "wb") as file:
            file.write(f"GMSFHM,XM,ZZ,BZ\n{number},某,路,注\n".encode())
    batch = bureau.ingest()
    assert batch.rows == len(FILE_NAMES) == len({row["_source_file"] for row in bureau.raw(batch)})
    assert sorted(int(row["id_number"]) for row in bureau.raw(batch)) == list(range(len(FILE_NAMES)))
    written = [path for path in tmp_path.rglob("*") if path.is_file() and bureau.landing not in path.parents]
    assert all((tmp_path / "data" / "lake") in path.parents for path in written)


def test_names_of_columns_and_values_are_only_text(tmp_path: Path) -> None:
    """Every hostile text as the name of an unknown column and as a value comes back as it was delivered."""
    texts = [text for text in HOSTILE if "\n" not in text and text.strip("\ufeff\u2028 \"'\x85")]
    bureau = Bureau(Deployment(tmp_path))
    records = [["1", text, "路", "注", *texts] for text in texts]
    bureau.deliver("a.csv", "".join(write([[*HEADER, *texts], *records], ",", "\n")))
    batch = bureau.ingest()
    rows = bureau.raw(batch)
    assert [row["name"] for row in rows] == texts and not batch.rejected
    for row in rows:
        assert list(json.loads(row["_extra"]).values()) == texts


@pytest.mark.slow
def test_spoilt_files_end_to_end(tmp_path: Path) -> None:
    """As tests/fuzz/test_text.py, through the writing of Parquet: what is in the lake is what the manifest says."""
    chance = random.Random(77)
    for number in range(300):
        bureau = Bureau(Deployment(tmp_path / str(number)))
        data = spoilt(chance)
        bureau.deliver("a.csv", data)
        try:
            try:
                batch = bureau.ingest()
            except DeliveryError as error:
                check_message(str(error))
                assert not list((tmp_path / str(number) / "data" / "lake").rglob("*.parquet"))
                continue
            counted = [
                duckdb.execute(
                    "SELECT count(*) FROM read_parquet(?)", [[str(bureau.deployment.absolute(f)) for f in files]]
                ).fetchone()
                if files
                else (0,)
                for files in (batch.files, batch.rejected_files)
            ]
            assert [found and found[0] for found in counted] == [batch.rows, batch.rejected]
            assert batch.delivered == batch.rows + batch.rejected + batch.duplicates
        except BaseException:
            keep(data)
            raise
