"""Files that the field delivers and readers stumble over (``nasty``): each is read right or refused by name, through
the doors that a night and a person use."""

from __future__ import annotations

import pytest

from govdata.errors import DeliveryError
from tests.ingest.conftest import Bureau
from tests.ingest.nasty import CASES


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
