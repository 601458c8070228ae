"""`govdata run` in a process of its own, whole or with stages that break in ways a real one may, quoting records in
what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from govdata.deployment import Deployment

_BROKEN = """
import os, signal, sys
import duckdb
import govdata.checks, govdata.engine, govdata.ingest, govdata.publish
from tests.security.canaries import canaries

taken = canaries()
WAYS = sys.argv.pop(1).split(",")


def breaking(how):
    def stage(*arguments, **options):
        name, number, address = taken.names[7], taken.ids[7], taken.addresses[7]
        if how == "chained":
            try:
                raise KeyError(number)
            except KeyError as inner:
                error = ValueError(f"could not convert {name} at {address}")
                error.add_note(f"while reading {number}")
                raise error from inner
        if how == "conversion":
            duckdb.sql(f"SELECT CAST('{name}{number}' AS DATE)").fetchall()
        if how == "group":
            raise ExceptionGroup(name, [ValueError(number), RuntimeError(address)])
        if how == "panic":  # what a Rust library raises: not an Exception
            raise type("PanicException", (BaseException,), {})(f"byte index 1 is not a char boundary; it is inside {name}{number}")
        if how == "memory":
            raise MemoryError(f"{name} {number}")
        if how == "exit":
            sys.exit(f"{name} {number}")
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)

    return stage


def by_dataset(door, ways):
    original = door

    def stage(*arguments, **options):
        name = getattr(arguments[0], "dataset", None)
        if name in ways:
            return breaking(ways[name])()
        return original(*arguments, **options)

    return stage


for way in WAYS:
    door, dataset, how = way.split(":")
    room, function = door.split(".")
    module = getattr(govdata, room)
    if function == "rebuild_catalogue":
        setattr(module, function, breaking(how))
    else:
        setattr(module, function, by_dataset(getattr(module, function), {dataset: how}))

from govdata.cli import main

main()
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: bytes
    err: bytes


def run(deployment: Deployment, *arguments: str, broken: tuple[str, ...] = ()) -> Ran:
    """``govdata run`` with ``arguments``. ``broken``: ``<room>.<function>:<dataset>:<how>`` of the doors that break."""
    repository = Path(__file__).resolve().parents[2]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GOVDATA_", "DAGSTER_"))}
    environment |= {"GOVDATA_HOME": str(deployment.home), "COLUMNS": "200", "PYTHONPATH": str(repository)}
    start = [sys.executable, "-c", _BROKEN, ",".join(broken)] if broken else [sys.executable, "-m", "govdata"]
    result = subprocess.run([*start, "run", *arguments], env=environment, capture_output=True, check=False, timeout=300)
    return Ran(result.returncode, result.stdout, result.stderr)
