"""A delivery of many files is read by several processes as one process would read it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from govdata.batches import RawBatch
from govdata.errors import DeliveryError, GovdataError
from govdata.ingest import processes
from tests.ingest.conftest import Bureau

pytestmark = pytest.mark.skipif(processes.WORKERS < 2, reason="one core")

TABLES = {
    "a.csv": "GMSFHM,XM\n1,甲\n2,乙\n",
    "b.csv": "GMSFHM,XM,多余\n3,丙,x\n",
    "again/a.csv": "GMSFHM,XM\n1,甲\n2,乙\n",
    "c.csv": 'GMSFHM,XM\n4,"丁\n5,戊\n',
    "d.txt": "GMSFHM|XM\n6|己\n",
    "e.csv": "GMSFHM,XM\n",
}


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def begin() -> None:
        monkeypatch.setattr("govdata.ingest.run.MANY", 2)
        monkeypatch.setattr("govdata.ingest.run.SHARE_FILES", 2)

    return begin


def told(bureau: Bureau, batch: RawBatch) -> tuple[object, ...]:
    """All but in how many files it lies."""
    said = batch.model_dump(exclude={"files", "rejected_files"})
    return said, bureau.raw(batch), bureau.rejected(batch)


def test_rows_rejects_and_reports_are_those_of_one_process(bureau: Bureau, several: Callable[[], None]) -> None:
    for name, content in TABLES.items():
        bureau.deliver(name, content)
    alone = told(bureau, bureau.ingest())
    several()
    batch = bureau.ingest()
    assert told(bureau, batch) == alone
    assert len(batch.files) > 1 and batch.duplicates == 2 and batch.rejected
    kept = {bureau.deployment.absolute(file) for file in (*batch.files, *batch.rejected_files)}
    folders = {path.parent for path in kept}
    assert {path for folder in folders for path in folder.iterdir() if path.suffix != ".json"} == kept


def test_problems_are_those_of_one_process_and_the_batch_before_stays(
    bureau: Bureau, several: Callable[[], None]
) -> None:
    for name, content in TABLES.items():
        bureau.deliver(name, content)
    before = bureau.ingest()
    bureau.deliver("b0.csv", "XM,地址\n甲,x\n")
    bureau.deliver("z.csv", "GMSFHM,身份证号,XM\n1,2,甲\n")
    with pytest.raises(DeliveryError) as alone:
        bureau.ingest()
    several()
    with pytest.raises(DeliveryError) as together:
        bureau.ingest()
    assert together.value.problems == alone.value.problems
    folder = bureau.deployment.absolute(before.files[0]).parent
    assert {path.name for path in folder.iterdir()} == {Path(before.files[0]).name, "batch.json"}


def end(_: int) -> int:
    os._exit(3)


def test_a_process_that_ends_by_itself_is_told() -> None:
    with pytest.raises(GovdataError, match="意外结束"):
        list(processes.each(end, [1, 2]))


def refuse(number: int) -> int:
    if number == 2:
        raise ValueError(number)
    return number


def test_results_come_in_order_until_one_is_refused() -> None:
    given = processes.each(refuse, [3, 1, 2, 4])
    assert [next(given), next(given)] == [3, 1]
    with pytest.raises(ValueError, match="2"):
        next(given)


def sleep(folder: str) -> int:
    Path(folder, str(os.getpid())).touch()
    time.sleep(600)
    return 0


PARENT = """
import sys
from govdata.ingest import processes
from tests.ingest.test_processes import sleep
if __name__ == "__main__":
    list(processes.each(sleep, [sys.argv[1]] * 2))
"""


def test_the_processes_end_with_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    started = tmp_path / "started"
    started.mkdir()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, script, started], env=environment) as parent:
        wait(lambda: len(list(started.iterdir())) == 2)
        parent.send_signal(signal.SIGKILL)
    workers = [int(path.name) for path in started.iterdir()]
    wait(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def wait(until: Callable[[], bool]) -> None:
    for _ in range(1200):
        if until():
            return
        time.sleep(0.1)
    raise AssertionError("still not so")
