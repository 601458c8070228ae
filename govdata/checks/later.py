"""Modules that a library imports at its top and we never use, loaded when they are used.

Great Expectations imports ``scipy.stats`` (about a second) for expectations about distributions and ``altair`` (a third) for drawing them.
While it is imported, stand-ins lie in ``sys.modules`` in their place; they forward every attribute to the real module, which the first one
loads. So whoever declares such an expectation, or imports these modules, gets the real thing, only at another time.
``importlib.util.LazyLoader`` will not do: a second ``import`` of a module it holds back already loads it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Asked for an attribute it has not: any but a few of a module's own."""

    def __getattr__(self, attribute: str) -> Any:
        if attribute in ("__file__", "__path__"):  # what import asks of it, and the traceback module
            raise AttributeError(attribute)
        _make_way(self)
        return getattr(importlib.import_module(self.__name__), attribute)


def _make_way(stand_in: _Later) -> None:
    if sys.modules.get(stand_in.__name__) is stand_in:
        del sys.modules[stand_in.__name__]


@contextmanager
def loaded_later(*names: str) -> Iterator[None]:
    """Within it, an import of one of ``names`` gives a stand-in, unless the module is loaded already."""
    stand_ins = [_Later(name) for name in names if name not in sys.modules]
    for stand_in in stand_ins:
        sys.modules[stand_in.__name__] = stand_in
    try:
        yield
    finally:
        for stand_in in stand_ins:
            _make_way(stand_in)
