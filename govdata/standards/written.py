"""Pieces that written forms are made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Indicator = Annotated[str, Field(pattern=r"^0[1-6]0[1-9]$")]
IsoDate = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Sharing = Literal["unconditional", "conditional", "none"]

T = TypeVar("T")


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("值为空：请填写，或删去此键（文字 null 要加引号）")
    return value


Maybe = Annotated[T | SkipJsonSchema[None], BeforeValidator(_given)]
"""A key that may be left out, but not left empty."""


class Written(BaseModel):
    """Base of everything an officer writes: unknown keys and wrong types are errors, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
