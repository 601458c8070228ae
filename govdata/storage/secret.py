"""The deployment's one secret, under which records and masters are known by keyed digests.

A plain hash of a citizen number can be turned back by trying all numbers there can be (some 10¹¹, hours of work); one
made with a secret cannot. Whoever keeps the secret keeps the digests: the same on every night, after every rebuild, and
on another machine that a backup was restored to.
"""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import files

if TYPE_CHECKING:
    import duckdb

MACRO = "CREATE MACRO mac(t) AS left(sha256(getvariable('secret') || sha256(getvariable('secret') || t)), 32)"
"""``mac(text)``: 128 bits in hex. The secret is a variable of the connection, so it stands in no query."""


def secret(deployment: Deployment, *, in_use: bool = False) -> str:
    """64 hex digits, made at the first use. Raises ``GovdataError`` where it is not there although digests made with
    it are: there is a log of work orders, or the caller says so (``in_use``)."""
    path = deployment.secret
    in_use = in_use or path.with_name("events.jsonl").exists()
    with files.locked(path.with_name(".key.lock")):
        if not path.exists():
            if in_use:
                raise GovdataError(f"{deployment.relative(path)} 不在了：没有它认不出以前的记录和主体；请从备份恢复")
            written = files.temporary(path)
            with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                json.dump({"key": secrets.token_hex(32)}, file)
            files.put(written, path)
        return str(json.loads(path.read_text(encoding="ascii"))["key"])


def keyed(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Give the connection ``mac(text)`` under ``key``."""
    connection.execute("SET VARIABLE secret = $1", [key])
    connection.execute(MACRO)
