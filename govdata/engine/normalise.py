"""A column's steps as expressions. What each normaliser is stands in its class, ``govdata.standards.normalisers``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp

from govdata.engine.syntax import literal, sql
from govdata.standards.model import Normaliser


def apply(step: Normaliser, value: exp.Expression) -> exp.Expression:
    """What the step makes of the text ``value``. Raises ``KeyError`` for a normaliser that is no more."""
    return step.kind.text(value, step.args)


def touched(
    steps: tuple[Normaliser, ...], value: exp.Expression, null_tokens: tuple[str, ...] = (), also: Iterable[str] = ()
) -> exp.Expression | None:
    """TRUE where some step may change ``value``, where it is one of ``null_tokens``, or where one of the patterns
    ``also`` is found in it; None where nothing can."""
    classes = "".join(step.kind.touches for step in steps)
    patterns = [f"[{classes}]"] if classes else []
    patterns += [pattern for step in steps if (pattern := step.kind.search(step.args))]
    if tokens := "|".join(re.escape(token) for token in null_tokens if token):
        patterns.append(f"^(?:{tokens})$")
    patterns.extend(also)
    return sql("regexp_matches(:x, :p)", x=value, p=literal("|".join(patterns))) if patterns else None
