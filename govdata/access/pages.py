"""A dossier as one page that a clerk at a counter prints: no script, nothing from elsewhere, A4."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from govdata.access.dossier import Dossier
from govdata.escaping import visible

WHOLE = re.compile(r"[!-~]{8,24}")
"""Dates and names of rows and masters, which must not be broken at a hyphen."""
TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Printed:
    """Who has the page, for what, since when: it stands at its head."""

    by: str
    purpose: str
    at: datetime


def write_page(found: Dossier, printed: Printed, path: Path) -> None:
    """Write ``path``, which nobody but its owner and group may read. Raises ``FileExistsError`` where it is there."""
    page = render(found, printed)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8") as file:
        file.write(page)


def render(found: Dossier, printed: Printed) -> str:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value, keep="\n") if type(value) is str else value,
    )
    environment.tests["whole"] = WHOLE.fullmatch
    style = (TEMPLATES / "dossier.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("dossier.html.jinja").render(
        found=found, printed=printed, style=Markup(style), style_hash=f"sha256-{digest}"
    )
