"""What can go wrong when a batch is checked, as opposed to what a check can find wrong with it."""

from __future__ import annotations

from govdata.errors import GovdataError


class ChecksError(GovdataError):
    """The checks could not be run: a failed run, never a failed rule, and not the delivery's fault. The message is
    Chinese and holds no record's value."""
