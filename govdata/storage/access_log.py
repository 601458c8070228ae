"""Who looked at whom, when, why, by which door: the append-only log behind ``governance.access_log``.

Every door that shows a person or an organisation by name adds its line before it shows anything, so a look that could
not be logged shows nothing. No value of a record is in it: a subject is a master's opaque id, a row id or the digest of
a file. A purpose is kept in the words of the one who looks, so it must not name anybody; a text that contains a number
as long as an identifier is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from datetime import date as Date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import journal

Action = Literal["look", "screen", "prefill"]

_IDENTIFIER = re.compile(r"[0-9０-９A-Za-z]{15,}")


class Access(BaseModel):
    """One line. ``at``: ISO time, UTC; ``actor``: who looks, as they say; ``account``: the system's account that ran
    the command, which nobody can say otherwise; ``rows``: lines of a list, or masters looked at; ``expires``: the day
    on which what was got must be destroyed; ``door``: the command; ``revealed``: values were shown in full, those that
    ``role`` (``standards/roles.yaml``) sees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    actor: str
    account: str
    action: Action
    purpose: str
    subject: str
    rows: int
    expires: Date | None = None
    door: str
    revealed: bool = False
    role: str | None = None


def record(
    deployment: Deployment,
    action: Action,
    *,
    purpose: str,
    subjects: Sequence[str],
    door: str,
    rows: int = 1,
    actor: str | None = None,
    expires: Date | None = None,
    revealed: bool = False,
    role: str | None = None,
) -> None:
    """Add a line for each of ``subjects``. ``actor`` None: the account that runs the process. Raises ``GovdataError``
    where no purpose is given, or purpose or actor hold what looks like an identifier."""
    who = (actor or account()).strip()
    for text, what in ((purpose, "用途（--purpose）"), (who, "查阅人（--by）")):
        if not text.strip():
            raise GovdataError(f"要写明{what}")
        if _IDENTIFIER.search(text):
            raise GovdataError(f"{what}会记入台账，其中不能写证件号码、信用代码等号码")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    lines = [
        Access(
            at=now,
            actor=who,
            account=account(),
            action=action,
            purpose=purpose.strip(),
            subject=subject,
            rows=rows,
            expires=expires,
            door=door,
            revealed=revealed,
            role=role,
        )
        for subject in subjects
    ]
    deployment.access_log.parent.mkdir(parents=True, exist_ok=True)
    journal.append(deployment.access_log, lines)


def read(deployment: Deployment) -> list[Access]:
    """Every line in order. Raises ``GovdataError`` where one is damaged."""
    return journal.read(deployment.access_log, Access, "查阅台账")


def account() -> str:
    """The account that runs this process: its name, or its number where it has none."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except ImportError:  # Windows
        return os.getlogin()
    except KeyError:
        return str(os.getuid())
