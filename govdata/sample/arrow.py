"""Text of a million rows without a Python loop: small helpers over Arrow's compute kernels.

A *column* here is a ``pyarrow.StringArray`` (nulls allowed); numbers come in as numpy arrays of equal length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute

# Arrow's kernels are made at import and its arrays are untyped: a type checker knows neither.
pc: Any = pyarrow.compute
Column: TypeAlias = Any
"""A ``pyarrow.StringArray``."""


def text(numbers: np.ndarray, width: int = 0) -> Column:
    """Decimal text of integers, left-padded with zeros to ``width``."""
    column = pc.cast(pa.array(numbers), pa.string())
    return pc.utf8_lpad(column, width, "0") if width else column


def words(choices: Sequence[str], index: np.ndarray) -> Column:
    """``choices[index]``; a negative index gives NULL."""
    return pa.array(list(choices), pa.string()).take(pa.array(index, mask=np.asarray(index) < 0))


def join(*parts: Column | str, separator: str = "") -> Column:
    """Row-wise concatenation; NULL where any part is NULL."""
    return pc.binary_join_element_wise(*parts, separator)


def iso(days: np.ndarray) -> Column:
    """ISO dates of days since 1970-01-01; a value below ``NO_DAY`` + 1 gives NULL."""
    days = np.asarray(days, dtype=np.int32)
    return pc.cast(pa.array(days, pa.int32(), mask=days <= NO_DAY).cast(pa.date32()), pa.string())


NO_DAY = -1_000_000
"""The "no date" of day arrays (far before any birth)."""


def null_where(column: Column, mask: np.ndarray) -> Column:
    return pc.if_else(pa.array(mask), pa.scalar(None, pa.string()), column)


def choose(mask: np.ndarray, yes: Column | str, no: Column | str) -> Column:
    return pc.if_else(pa.array(mask), yes, no)


def constant(value: str | None, rows: int) -> Column:
    return pa.array([value], pa.string()).take(pa.array(np.zeros(rows, np.int32)))


def recode(column: Column, names: Mapping[str, str]) -> Column:
    """Replace each value that is a key of ``names``; others stay."""
    found = pc.index_in(column, pa.array(list(names), pa.string()))
    return pc.coalesce(pa.array(list(names.values()), pa.string()).take(found), column)


def characters(codes: np.ndarray) -> Column:
    """Rows of a uint8 matrix of ASCII codes as text."""
    rows, width = codes.shape
    buffer = pa.py_buffer(np.ascontiguousarray(codes, dtype=np.uint8).tobytes())
    offsets = pa.py_buffer(np.arange(0, (rows + 1) * width, width, dtype=np.int32).tobytes())
    return pa.StringArray.from_buffers(rows, offsets, buffer)


def flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
