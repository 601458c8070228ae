"""Starts the process that reads, bounds it, and takes its answer."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from govdata.access.rendering import Result
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import files, usage_log

if TYPE_CHECKING:
    import pandas as pd

SECONDS, MEMORY, SPILL = "GOVDATA_QUERY_SECONDS", "GOVDATA_QUERY_MEMORY", "GOVDATA_QUERY_SPILL"

_SIZE = re.compile(r"[1-9]\d{0,5}(\.\d+)?(MB|GB|TB)")


@dataclass(frozen=True)
class Limits:
    """What one query may take: seconds until its last row is read, DuckDB's memory, scratch space on disk (beyond the
    memory)."""

    seconds: int = 600
    memory: str = "2GB"
    spill: str = "20GB"

    @classmethod
    def from_env(cls) -> Limits:
        """From $GOVDATA_QUERY_SECONDS, $GOVDATA_QUERY_MEMORY, $GOVDATA_QUERY_SPILL. Raises ``GovdataError`` for what is
        no such value."""
        seconds = os.environ.get(SECONDS, "").strip() or str(cls.seconds)
        if not (seconds.isascii() and seconds.isdigit() and 0 < int(seconds) < 1_000_000):
            raise GovdataError(f"环境变量 {SECONDS} 应为正整数（秒）")
        sizes = {
            name: os.environ.get(name, "").strip() or default
            for name, default in ((MEMORY, cls.memory), (SPILL, cls.spill))
        }
        for name, value in sizes.items():
            if not _SIZE.fullmatch(value):
                raise GovdataError(f"环境变量 {name} 应写作 500MB、2GB 等")
        return cls(int(seconds), sizes[MEMORY], sizes[SPILL])


def select(
    deployment: Deployment, text: str, limit: int | None, limits: Limits | None = None, *, by: str = "sql"
) -> Result:
    """At most ``limit`` rows (None: all) of the one SELECT in ``text``. ``by``: the command that asks, for the log of
    use. Raises ``GovdataError`` on anything but a SELECT that runs."""
    if not deployment.catalogue.is_file():
        raise GovdataError("还没有目录：请先运行 govdata run")
    request = {"text": text, "limit": None if limit is None else limit + 1}
    with _asked(deployment, "rows", request, limits) as answer:
        lines = [json.loads(line) for line in answer if line.endswith(b"\n")]
    head, rows = lines[0], [row for part in lines[1:] for row in part]
    usage_log.record(deployment, by, head["tables"])
    columns = tuple(head["columns"])
    return Result(columns, rows if limit is None else rows[:limit], limit is not None and len(rows) > limit)


def load(
    table: str,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    home: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """Rows of a table of the catalogue, with pyarrow-backed types (text string, dates date32, counts int64, amounts
    decimal).

    ``table``: ``population``, or with its schema ``quarantine.population``, ``governance.repairs``,
    ``codes.gbt_2261_1_sex``. ``columns``: their names, in the order wanted; None: all. ``where``: a SQL condition, e.g.
    ``birth_date >= DATE '2020-01-01'``. ``home``: the deployment, default ``$GOVDATA_HOME`` or the current folder.
    Always reads the newest catalogue, within ``Limits``. Raises ``GovdataError`` in Chinese on an unknown table or
    column and on a condition that cannot be read."""
    import pandas as pd
    import pyarrow as pa

    deployment = Deployment.from_env(home)
    if not deployment.catalogue.is_file():
        raise GovdataError(
            f"{deployment.home} 没有数据目录（data/published/govdata.duckdb）：请先运行 govdata run，或用 home "
            "指定部署目录"
        )
    if isinstance(columns, str):
        raise GovdataError("columns 应为列名的列表，例如 columns=['name', 'sex']")
    wanted = None if columns is None else [str(column) for column in columns]
    with _asked(deployment, "table", {"table": table, "columns": wanted, "where": where}) as answer:
        try:
            read = pa.ipc.open_stream(answer).read_all()
        except (OSError, pa.ArrowException):  # cut short: why is told when the process has ended
            read = None
    if read is None:
        raise GovdataError("查询进程没有给出完整的结果")
    usage_log.record(deployment, "load", [table if "." in table else f"published.{table}"])
    frame: pd.DataFrame = read.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


@contextmanager
def _asked(
    deployment: Deployment, kind: str, request: dict[str, Any], limits: Limits | None = None
) -> Iterator[IO[bytes]]:
    """The answer of a reading process as a stream to be read to its end. What went wrong there is raised here, at the
    end of the block."""
    limits = limits or Limits.from_env()
    with ExitStack() as stack:
        spill = _spill(deployment, stack)
        process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-m", "govdata.access.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
        )
        stack.callback(_end, process)
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        asked: dict[str, Any] = {
            "home": str(deployment.home),
            "kind": kind,
            "parent": os.getpid(),
            "spill": spill and str(spill),
        }
        asked |= {"seconds": limits.seconds, "memory": limits.memory, "spill_size": limits.spill}
        with suppress(BrokenPipeError):  # it died before it had read: told below
            process.stdin.write(json.dumps({**asked, "request": request}).encode())
            process.stdin.close()
        yield process.stdout
        process.stdout.read()
        told = process.stderr.read()
        code = process.wait()
    if code == 0:
        return
    if code == -getattr(signal, "SIGALRM", 0):
        raise GovdataError(f"查询超过 {limits.seconds} 秒，已中止（上限由环境变量 {SECONDS} 设定）")
    try:
        raise GovdataError(json.loads(told.splitlines()[-1])["error"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise GovdataError(f"查询进程异常结束（{code}），未给出结果") from None


def _spill(deployment: Deployment, stack: ExitStack) -> Path | None:
    """A scratch folder of the deployment's; an analyst who may only read has none, and a query that does not fit the
    memory ends."""
    if not deployment.temporary.parent.is_dir():
        return None
    try:
        return stack.enter_context(files.scratch(deployment, "query"))
    except OSError:
        return None


def _environment() -> dict[str, str]:
    """This very package is found by the process, however this one found it; nothing is taken from the current
    folder."""
    places = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(places)}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
