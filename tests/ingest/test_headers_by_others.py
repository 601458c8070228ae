"""Headers as other people write them, without a contract: what the survey files of the field are like."""

from __future__ import annotations

from pathlib import Path

import pytest

from govdata.ingest import inspect

READ = {
    # R's row names, which are words, beside names that repeat themselves
    "row names": (b"x;x;y;Load\r\nOrg;1;2;3;4\r\nOrg_k;1;2;3;5\r\nDim;1;1;3;6\r\n", ("\u52171", "x", "x", "y", "Load"), 3),
    "headings over repeated names": (b"2014-bp,,2014-lg,\nX,Y,X,Y\n7.07,5.65,7.38,5.56\n7.22,4.71,7.53,4.87\n", ("2014-bp X", "2014-bp Y", "2014-lg X", "2014-lg Y"), 2),
    "a blank line within the header": (
        b"DATES,PLACE,TRAVEL,,Total\n,,,,\n,,Air,Rail,\n13.04.12,Runcorn,,135.70,135.7\n14.04.12,Leeds,1.50,,1.5\n",
        ("DATES", "PLACE", "TRAVEL Air", "TRAVEL Rail", "Total"), 2,
    ),
    "three lines": (
        b"Organisation,Staff,,,,Total\n,AO,,EO,,\n,Headcount,FTE,Headcount,FTE,\nA,1,2,3,4,10\nB,1,2,3,4,10\n",
        ("Organisation", "Staff AO Headcount", "Staff AO FTE", "Staff EO Headcount", "Staff EO FTE", "Total"), 2,
    ),
    "a header of fewer columns above a wider table": (
        b"Meetings,,,,,,\nMinister,Date,Purpose,,,,\nA B,Oct-14,Education,,,,\nC D,12/2014,Health,,,,\n,03/2014,Schools,,,,\nE,01/2014,Roads,,,,\n",
        ("Minister", "Date", "Purpose"), 4,
    ),
    "a title with a comma": (b"New Dataset,Sample 012 Date Wednesday, January 20 2016\ncm-1,A\n4000.00,0.0066\n3999.00,0.0066\n3998.00,0.0067\n", ("cm-1", "A"), 3),
    "a separator too many among the names": (b"a,b,,c\n1,2,x\n3,4,y\n5,6,z\n", ("a", "b", "c"), 3),
    "single quotes and a sign of inches": (
        b"id,name,'note'\n1,table 48\",'round, wide'\n2,chair,'small, low'\n3,bench,'long, low'\n", ("id", "name", "note"), 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
def test_the_names_are_found(tmp_path: Path, kind: str) -> None:
    content, names, records = READ[kind]
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    (page,) = inspect(path).tables
    assert page.columns[: len(names)] == names and page.records == records and not page.rejected
