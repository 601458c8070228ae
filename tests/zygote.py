"""The command line in processes of its own that start in no time: a parent that has everything imported, which costs a
fresh process five CPU seconds and more, forks one for each command. What a command had to import beyond that, the
parent imports for the next one. The repository's standards it has read too; a command on a copy of them reads none.

``python -m tests.zygote`` reads lines of JSON {"home", "arguments", "log", "errors", "folder", "environment", "before"}
and answers each with the process number, then with the exit code (negative: the signal that ended it) and the CPU
seconds. The driver may kill the process in between.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self

REPOSITORY = Path(__file__).resolve().parents[1]


def no_waiting_for_the_disk(descriptor: object) -> None:
    """In place of ``os.fsync``: processes of tests are killed, but no test cuts the machine's power, and what was written
    everybody sees without it."""


class Night:
    """One process. ``pid`` may be killed; ``wait`` gives its exit code, negative for a signal; ``seconds`` are then
    what it has cost."""

    def __init__(self, pid: int, server: subprocess.Popen[str]) -> None:
        self.pid, self.seconds, self._server = pid, 0.0, server

    def wait(self) -> int:
        assert self._server.stdout is not None
        code, seconds = self._server.stdout.readline().split()
        self.seconds = float(seconds)
        return int(code)

    def spent(self) -> float | None:
        """CPU seconds so far (the machine's load does not matter to it, as it does to the clock); None: it has
        ended."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Zygote:
    """The parent; nights run one after another (two at once take two parents). ``environment``: of all its nights."""

    def __init__(self, **environment: str) -> None:
        self._environment = environment

    def __enter__(self) -> Self:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("GOVDATA_", "DAGSTER_"))
        }
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote"],
            cwd=REPOSITORY,
            env=environment | self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == "ready\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(timeout=30)

    def start(
        self,
        home: Path,
        *arguments: str,
        log: Path | None = None,
        errors: Path | None = None,
        folder: Path | None = None,
        before: str = "",
        **environment: str,
    ) -> Night:
        """``govdata <arguments>`` on ``home``, in ``folder``. What is printed is added to ``log``, what goes to standard
        error to ``errors`` where that is another file. ``before``: Python run in the new process first, to break
        something there."""
        assert self._server.stdin is not None and self._server.stdout is not None
        order = {
            "home": str(home),
            "arguments": arguments,
            "log": str(log or os.devnull),
            "errors": str(errors or log or os.devnull),
            "folder": str(folder or REPOSITORY),
            "before": before,
            "environment": environment,
        }
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return Night(int(self._server.stdout.readline()), self._server)

    def run(self, home: Path, *arguments: str, **how: Any) -> int:
        """The exit code; ``how`` as in ``start``."""
        return self.start(home, *arguments, **how).wait()


def _serve() -> None:
    os.fsync = no_waiting_for_the_disk
    from tests import read_once

    read_once.install()  # before a module is imported that reads standards
    read_once.load(REPOSITORY / "standards")

    import dagster
    import duckdb
    import duckdb_sqlalchemy
    import great_expectations
    import pandas
    import pyarrow.parquet
    import rich.progress
    import sqlglot.dialects.duckdb

    import govdata.cli
    import govdata.definitions
    import govdata.night
    import govdata.night.summary
    from govdata import checks, engine, ingest, publish
    from govdata.checks import gx, suite, validation
    from govdata.deployment import Deployment

    with tempfile.TemporaryDirectory() as folder, govdata.night.instance(Deployment(Path(folder))) as opened:
        opened.get_runs()  # Dagster imports its storage, and SQLAlchemy its dialects, when they are first asked for
    assert threading.active_count() == 1  # a forked process would have lost the others
    del dagster, duckdb, duckdb_sqlalchemy, great_expectations, pandas, pyarrow, rich, sqlglot
    del checks, engine, ingest, publish, gx, suite, validation
    answer = os.fdopen(os.dup(1), "w")
    print("ready", file=answer, flush=True)
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as imported:
            pid = os.fork()
            if pid == 0:
                _become(order, imported)
            print(pid, file=answer, flush=True)
            _, status, usage = os.wait4(pid, 0)
            print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, file=answer, flush=True)
            imported.seek(0)
            _import(imported.read().split())


def _import(names: list[str]) -> None:
    for name in names:
        with suppress(Exception):  # some modules can be imported by another of their package only
            importlib.import_module(name)
    assert threading.active_count() == 1


def _become(order: dict[str, Any], imported: IO[str]) -> NoReturn:
    """This process is the command; the names of the modules it imports are written to ``imported``."""
    import govdata.cli

    known = set(sys.modules)
    log, errors = (os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for name in ("log", "errors"))
    for theirs, ours in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (errors, 2)):
        os.dup2(theirs, ours)
    os.chdir(order["folder"])
    os.environ |= {"GOVDATA_HOME": order["home"], "COLUMNS": "200", **order["environment"]}
    sys.argv = ["govdata", *order["arguments"]]
    code = 70
    try:
        exec(order["before"], {})
        govdata.cli.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        imported.write("\n".join(name for name in sys.modules if name not in known))
        imported.flush()
        os._exit(code)  # the parent's exit handlers are not this process's


if __name__ == "__main__":
    _serve()
