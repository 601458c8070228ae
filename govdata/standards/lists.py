"""Named lists: what several steps are given alike is written once, in ``elements/_defaults.yaml`` under ``lists``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from govdata.standards.arguments import Texts
from govdata.standards.model import Normaliser
from govdata.standards.normalisers import NORMALISERS
from govdata.standards.spelling import suggestion

Lists = Mapping[str, list[str]]


def with_lists(
    steps: Iterable[tuple[str, Mapping[str, Any]]], lists: Lists | None, refuse: Callable[[int, str], None]
) -> tuple[Normaliser, ...]:
    """``steps`` as written (name, arguments), every named list in place of its name. ``refuse`` is called with a step's
    position and a Chinese reason for a name that stands for no list; where the lists could not be read (None) nothing
    that names one is to blame."""
    made = []
    for position, (name, written) in enumerate(steps):
        arguments = dict(written)
        for argument in (item.name for item in NORMALISERS[name].arguments if isinstance(item, Texts)):
            given = written.get(argument)
            if not isinstance(given, str):
                continue
            if lists is not None and given not in lists:
                refuse(
                    position,
                    f"没有名为“{given}”的列表{suggestion(given, lists)}（列表写在 elements/_defaults.yaml 的 lists "
                    "里）",
                )
            arguments[argument] = list((lists or {}).get(given, ()))
        made.append(Normaliser(name=name, args=arguments))
    return tuple(made)
