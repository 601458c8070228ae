"""What a register yields: the records of one file or one sheet, as an Arrow table of text in the contract's columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from govdata.sample.arrow import Column, join, null_where, pc, text


@dataclass(frozen=True)
class Part:
    """Records of one physical file, or of one sheet of a workbook. ``stem`` is the file's name without suffix."""

    stem: str
    records: pa.Table
    sheet: str | None = None
    group: int = 0  # what the department calls this part: the county, the level of schools


def table(**columns: Column | pa.Scalar) -> pa.Table:
    return pa.table({name: column.cast(pa.string()) for name, column in columns.items()})


def codes(numbers: np.ndarray) -> Column:
    """Codes as text; 0 is NULL."""
    return null_where(text(numbers), np.asarray(numbers) == 0)


def phones(numbers: np.ndarray) -> Column:
    return null_where(join("179", text(np.maximum(numbers, 0), 8)), numbers < 0)


def moment(seconds: np.ndarray) -> Column:
    return pc.strftime(pa.array(seconds, pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")
