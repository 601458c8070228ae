"""The types an element may have, one class in one file each. A new type: its file, and its place in ``ALL``."""

from govdata.standards.types.base import ElementType, RowKind
from govdata.standards.types.boolean import Boolean
from govdata.standards.types.code import CodeType
from govdata.standards.types.date import DateType
from govdata.standards.types.datetime import DateTime
from govdata.standards.types.decimal import DecimalType
from govdata.standards.types.integer import Integer
from govdata.standards.types.text import TextType

ALL: tuple[ElementType, ...] = (TextType(), CodeType(), DateType(), DateTime(), Integer(), DecimalType(), Boolean())
TYPES: dict[str, ElementType] = {item.name: item for item in ALL}

__all__ = ["ALL", "TYPES", "ElementType", "RowKind"]
