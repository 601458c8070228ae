"""What breaks stages of a night in ways a real one may break, quoting records in what they say."""

from __future__ import annotations

_BREAKING = """
import os, signal, sys
import duckdb
import govdata.checks, govdata.engine, govdata.ingest, govdata.publish
from tests.security.canaries import canaries

taken = canaries()


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


for way in DOORS:
    door, dataset, how = way.split(":")
    room, function = door.split(".")
    module = getattr(govdata, room)
    if function == "rebuild_catalogue":
        setattr(module, function, breaking(how))
    else:
        setattr(module, function, by_dataset(getattr(module, function), {dataset: how}))
"""


def breaking(*doors: str) -> str:
    """Python to run before a night (``Zygote.start``) in which the doors ``<room>.<function>:<dataset>:<how>`` break."""
    return f"DOORS = {doors!r}\n{_BREAKING}"
