"""Marks that part fields, and marks that do not."""

from __future__ import annotations

LONG = (
    "|!|",
    "|@|",
    "@#@",
    "#|#",
    "|+|",
    "|#|",
    "|$|",
    "~|~",
    "||",
    "^^",
    "&&",
    "~~",
    "$$",
    ";;",
    "@@",
    "##",
    "::",
    "|~|",
    "\t|\t",
)
SHORT = (",", "\t", "|", ";", "\x01", "\x02", "\x1f", "\x1e", "\x07", "^", "~", "¦", "§", "、", "；", "，", "｜")
WITH_CONTRACT = (
    " ",
    "#",
    "*",
    "!",
    "%",
    "$",
    "@",
    "&",
    ":",
    "/",
    "=",
    "+",
    "\x03",
    "\x05",
    "\x08",
    "\x1c",
    "\x1d",
    "\x7f",
)
"""Separators that only a header known from a contract can prove, unless nothing better is seen."""
NEVER = frozenset(".-_/\\()\"'\ufeff\n\r\x00")  # too common within values
VALUE_MARKS = frozenset("$¥￥€£%‰+-(（[<")  # what values begin or end with
SUSPECT = (",", "\t", "|", ";", "^^")
