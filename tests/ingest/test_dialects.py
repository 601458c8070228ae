"""How well text files are read that are polluted in every way we could think of (the corpus says how a careful person
reads them).

A few seconds. The comparison with other readers on the same files is benchmarks/dialects.py; its result stands in
docs/ingest.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from govdata.ingest.source import Unreadable

from . import producers
from .own_reading import read, read_with_contract
from .pollution import Case, cases, same

NOT_YET = {"delimiter/cn <TAB>", "delimiter/spaces in columns", "preamble/Markdown table"}
"""Kinds that are not read as a careful person would: a tag as separator, columns of fixed width, a frame of
separators."""


def test_the_corpus_is_broad_and_holds_no_real_person() -> None:
    assert len(cases()) >= 400 and len({case.family for case in cases()}) >= 12
    assert len({case.data for case in cases()}) == len(cases()), "two kinds of pollution give the same file"


@pytest.mark.slow
@pytest.mark.parametrize("contract", [False, True], ids=["without a contract", "with a contract"])
def test_the_corpus_is_read_exactly(tmp_path: Path, contract: bool) -> None:
    wrong = set()
    for number, case in enumerate(cases()):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(case.data)
        if not _exact(case, path, contract and case.header is not None):
            wrong.add(case.name)
    assert wrong <= NOT_YET


def test_what_producers_write_is_read_exactly(tmp_path: Path) -> None:
    kinds = producers.cases()
    assert len(kinds) >= 70 and len({case.family for case in kinds}) >= 7
    wrong = []
    for number, case in enumerate(kinds):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(case.data)
        if not _exact(case, path, contract=False):
            wrong.append(case.name)
    assert wrong == []


def _exact(case: Case, path: Path, contract: bool) -> bool:
    try:
        reading, rejected = read_with_contract(path, case.header or ()) if contract else read(path)
    except Unreadable:
        return False
    return same(case, reading) and (rejected == case.rejected or bool(case.alternatives))
