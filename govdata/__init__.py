"""govdata: turns what a city's departments deliver into data that can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from govdata.access import load as load

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # On first use only: a stage that never reads the catalogue need not import what reading it takes.
    if name == "load":
        from govdata.access import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
