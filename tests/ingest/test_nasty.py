"""Files that the field delivers and readers stumble over (``nasty``): each is read right or refused by name, through
the doors that a night and a person use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from govdata.batches import LINE_KINDS, NOTE_KINDS, IngestedFile
from govdata.cli import app
from govdata.errors import DeliveryError
from govdata.ingest import inspect, trial
from tests.ingest.conftest import DATE, PEOPLE, REGISTRY, Bureau
from tests.ingest.nasty import CASES, Case

ONLY_A_CONTRACT_REFUSES = {"a_column_twice": "列名出现不止一次：XM", "zip_with_a_letter": "没有记录，像是说明"}
"""Kind → what ``inspect`` warns of where it has no contract to refuse by."""


@pytest.mark.parametrize("kind", CASES)
def test_it_is_read_right_or_refused_by_name(bureau: Bureau, kind: str) -> None:
    case = CASES[kind]()
    if case.records is None:
        with pytest.raises(DeliveryError) as refused:
            bureau.one(case.content, case.name)
        assert case.said in str(refused.value)
        assert not any(value in str(refused.value) for value in ("19A", "路1号"))
        return
    records, rejects = bureau.one(case.content, case.name)
    assert sorted((record[1:] for record in records), key=str) == sorted(case.records, key=str)
    assert len(rejects) == case.rejects
    if case.said:
        (source, *_) = bureau.ingest().sources
        assert any(case.said in remark for each in bureau.ingest().sources for remark in map(str, each.remarks)), source


def delivered(tmp_path: Path, case: Case) -> Path:
    path = tmp_path / "asked" / case.name
    path.parent.mkdir()
    path.write_bytes(case.content)
    return path


def reasons(error: DeliveryError) -> list[str]:
    return str(error).splitlines()[1:]


def aside(source: IngestedFile) -> dict[str, int]:
    found: Counter[str] = Counter()
    for note in source.notes:
        if note.kind in LINE_KINDS:
            found[NOTE_KINDS[note.kind].title] += note.count
    return dict(found)


def rejected(sources: Iterable[IngestedFile]) -> Counter[str]:
    return Counter({n.reason: n.count for source in sources for n in source.notes if n.kind == "rejected"})


@pytest.mark.parametrize("kind", CASES)
def test_inspect_says_what_the_night_does(bureau: Bureau, tmp_path: Path, kind: str) -> None:
    case = CASES[kind]()
    path = delivered(tmp_path, case)
    shell = CliRunner().invoke(app, ["inspect", str(path)])
    assert not any(value in shell.output for value in ("19A", "路1号", "甲某"))
    bureau.deliver(case.name, case.content)
    if case.records is None and kind not in ONLY_A_CONTRACT_REFUSES:
        with pytest.raises(DeliveryError) as by_night:
            bureau.ingest()
        with pytest.raises(DeliveryError) as asked:
            inspect(path)
        assert reasons(asked.value) == reasons(by_night.value)
        assert shell.exit_code == 1
        return
    found = inspect(path)
    assert shell.exit_code == int(found.misread) == int(len(case.records or "") < case.rejects)
    if kind in ONLY_A_CONTRACT_REFUSES:
        assert any(ONLY_A_CONTRACT_REFUSES[kind] in table.details.get("注意", "") for table in found.tables)
        return
    sources = bureau.ingest().sources
    read = [source for source in sources if not {"ignored_sheet", "passed_over"} & {n.kind for n in source.notes}]
    explained = [table for table in found.tables if "像是说明" in table.details.get("注意", "")]
    tables = [table for table in found.tables if table not in explained]
    assert len(sources) == len(found.tables) + len(found.ignored)
    assert [(t.records, t.rejected, len(t.columns), t.details.get("表头行")) for t in tables] == [
        (s.raw, s.rejected, s.columns, s.header) for s in read
    ]
    assert [{k: n for k, n in t.not_records.items() if k != "表头"} for t in tables] == [
        {k: n for k, n in aside(s).items() if k != "表头"} for s in read
    ]
    assert sum(map(Counter, (t.rejects for t in tables)), Counter()) == rejected(sources)
    assert all(t.details["编码"] == s.encoding for t, s in zip(tables, read, strict=True) if s.encoding)


@pytest.mark.parametrize("kind", CASES)
def test_inspect_with_a_contract_says_what_the_night_does(bureau: Bureau, tmp_path: Path, kind: str) -> None:
    case = CASES[kind]()
    asked = trial(delivered(tmp_path, case), PEOPLE, REGISTRY, DATE)
    bureau.deliver(case.name, case.content)
    if case.records is None:
        with pytest.raises(DeliveryError) as refused:
            bureau.ingest()
        assert ["  - " + str(problem) for problem in asked.problems] == reasons(refused.value)
        return
    batch = bureau.ingest()
    assert asked.problems == () and asked.raw.sources == batch.sources
    assert asked.misread == (batch.rejected > batch.rows)
