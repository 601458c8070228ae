"""The sample in the repository is what the generator makes, so that nobody mends it by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from govdata.sample import generate

DATA = Path(__file__).parents[2] / "data"
PEOPLE, SEED = 2000, 1


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return generate(PEOPLE, SEED, tmp_path_factory.mktemp("city")).out / "data"


def _content(path: Path) -> object:
    """Bytes; of a workbook the bytes of its members, since compression differs between zlib builds."""
    if path.suffix != ".xlsx":
        return path.read_bytes()
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name) for name in book.namelist()}


def test_landing_is_as_generated(made):
    def names(root: Path) -> set[str]:
        return {path.relative_to(root).as_posix() for path in (root / "landing").rglob("*") if path.is_file()}

    assert names(made) == names(DATA)
    assert [name for name in sorted(names(made)) if _content(made / name) != _content(DATA / name)] == []


def test_truth_is_as_generated(made):
    assert pq.read_table(DATA / "truth.parquet").equals(pq.read_table(made / "truth.parquet"))


def test_it_is_small():
    assert sum(path.stat().st_size for path in (DATA / "landing").rglob("*") if path.is_file()) < 3_000_000
