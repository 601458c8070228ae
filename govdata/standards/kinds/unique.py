from __future__ import annotations

from typing import Any, Literal

from govdata.standards.kinds.base import RuleKind


class Unique(RuleKind):
    """No two rows of the delivery share ``columns``; rows where any of them is NULL are not judged. All rows of a
    shared key fail. A rule of a dataset, judged over the table."""

    kind: Literal["unique"] = "unique"
    columns: tuple[str, ...]

    def written(self) -> tuple[str, Any]:
        return "unique", list(self.columns)
