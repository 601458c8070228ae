"""A page for people: one self-contained file without a script, whose policy lets it ask for nothing and names its one
style by hash."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
"""What no document can hold: rules, reasons and orders may quote what people wrote."""
TEMPLATES = Path(__file__).with_name("templates")


def rendered(template: str, style: str, told: dict[str, Any]) -> str:
    """``template`` and ``style``: names in ``templates``. ``told``: all that the template names beside its style."""
    from markupsafe import Markup

    text, digest = _style(style)
    made = _environment().get_template(template).render(**told, style=Markup(text), style_hash=digest)
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", made)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )


@cache
def _style(name: str) -> tuple[str, str]:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    return text, f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
