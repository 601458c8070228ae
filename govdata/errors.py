"""Errors a user can act on, of three kinds: the delivery is at fault (``DeliveryError``, ``GateBlocked``: the dataset
is blocked, exit code 3), the declared standards are at fault (``StandardsError``: exit code 1, with file and line), or
the run failed (any other: exit code 1).

Every message is Chinese, names the place (file, line or sheet, column, standard) and never holds a record's value,
because messages end up in Dagster's event log.
"""

from __future__ import annotations

from dataclasses import dataclass

from govdata.escaping import visible


class GovdataError(Exception):
    """Base of all errors that are the user's to mend; ``str(error)`` is the Chinese message to show.

    ``delivery_at_fault``: the dataset is blocked for its date, and nothing but another delivery will help. Otherwise
    the run has failed."""

    delivery_at_fault = False


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a declared standard or a delivered file.

    ``file`` is relative to the folder it was found in; ``line`` counts from 1; ``where`` names a sheet, a column, an
    element or a rule; ``message`` is Chinese and holds no record's value.
    """

    file: str
    message: str
    line: int | None = None
    where: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return visible(f"{place}：{self.message}" if self.where is None else f"{place} [{self.where}]：{self.message}")


class ProblemsError(GovdataError):
    """Several problems, reported all at once."""

    def __init__(self, heading: str, problems: list[Problem]) -> None:
        self.heading = heading
        self.problems = tuple(problems)
        super().__init__("\n".join([heading, *(f"  - {problem}" for problem in problems)]))


class StandardsError(ProblemsError):
    """The declared standards contradict themselves or cannot be read."""


class DeliveryError(ProblemsError):
    """A delivery cannot be accepted: the dataset is blocked for that date, the others go on. ``read``: what was found
    out of its files up to then (``batches.IngestedFile``), for the report of the delivery."""

    delivery_at_fault = True

    def __init__(self, heading: str, problems: list[Problem], read: tuple[object, ...] = ()) -> None:
        super().__init__(heading, problems)
        self.read = read


class GateBlocked(GovdataError):
    """A snapshot must not be published: a gate check failed or never ran. ``reasons`` are Chinese sentences."""

    delivery_at_fault = True

    def __init__(self, dataset: str, date: str, reasons: list[str]) -> None:
        self.dataset = dataset
        self.date = date
        self.reasons = tuple(reasons)
        super().__init__(f"{dataset} {date} 未发布：" + "；".join(reasons))


class Waiting(GateBlocked):
    """Blocked only until the delivery of an earlier date has been dealt with: nothing is said of the delivery
    itself."""
