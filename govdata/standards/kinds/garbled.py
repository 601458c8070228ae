from __future__ import annotations

import re
from typing import Any, Literal, Self

from sqlglot import exp

from govdata.standards.kinds.base import Form, Place, ValueRule
from govdata.trees import sql
from govdata.trees.mojibake import search


class Garbled(ValueRule):
    """The text was read as it was written: no mojibake, no lost characters, no left-over escapes
    (``govdata.trees.mojibake``)."""

    forms = {
        "not_garbled": Form(
            Literal[True],
            "文字没有乱码：错误编码读出的字、丢失的字（�、??、锟斤拷）、残留的网页或转义标记",
            True,
            "示例市光明路",
            "示例市锟斤拷路",
        )
    }
    types = frozenset({"text"})

    kind: Literal["garbled"] = "garbled"

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        return cls()

    def passes(self, value: str) -> bool:
        return re.search(search(), value) is None

    def predicate(self, value: exp.Expression) -> exp.Expression:
        return sql("NOT regexp_matches(:x, :p)", x=value, p=search())
