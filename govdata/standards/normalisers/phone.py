from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql
from govdata.trees.numerals import HAN

MOBILE = "(?:[+]?86[- ]?)?1[3-9][0-9][-._ ]?[0-9]{4}[-._ ]?[0-9]{4}"
LANDLINE = "0[0-9]{2,3}-?[2-9][0-9]{6,7}"
SERVICE = "[48]00-?[0-9]{3,4}-?[0-9]{3,4}"
ANOTHER_NUMBER = f"(?:1[3-9][0-9]-?[0-9]{{4}}-?[0-9]{{4}}|{LANDLINE}|[2-9][0-9]{{6,7}})"
LABEL = r"^(?:联系|办公|家庭|固定)*(?:手机|电话|座机|固话|[Tt][Ee][Ll]|[Mm]obile)(?:号码?)?[:：. ]*"
REMARK = rf"[ ]*[(（][{HAN}]+[)）]|[ ]*-?[ ]*[{HAN}]{{1,6}}"
"""Whose it is: 17939923123（妻）, 17939923123微信同号."""

FORMS = (
    (LABEL, ""),
    (r"[ ,，.。;；、#＃]+$", ""),
    # whose it is, before it
    (rf"^[{HAN}]{{1,4}}[:： ]*((?:[+]?86-?)?1[3-9][0-9]{{9}})$", r"\1"),
    # a number of 400 or 800
    (r"^([48]00)[ —]([0-9]{3,4})[- —]?([0-9]{3,4})", r"\1-\2-\3"),
    # +86 10 6234 5678
    (r"^(?:[+]|00)86[- —]*0?(10|2[0-9]|[3-9][0-9]{2})[- —]+([2-9][0-9]{3})[- —]([0-9]{4})$", r"0\1-\2\3"),
    # +86 10 62345678
    (r"^[(（]?(?:[+]|00)?86[)）]?[- —]*[(（]?0?([1-9][0-9]{1,2})[)） —-]+([2-9][0-9]{6,7})$", r"0\1-\2"),
    # 010-6234 5678
    (r"^[(（]?(0[0-9]{2,3})[)）]?[- —]*([2-9][0-9]{2,3})[- —]([0-9]{4})$", r"\1-\2\3"),
    (r"^(0[0-9]{2,3})--+", r"\1-"),
    # an area code set apart
    (
        rf"^[(（]?(0[0-9]{{2,3}})(?:[)）][- —]*|[ —/_]+|[ ]+-[ ]*|-[ ]+)([2-9][0-9]{{6,7}})({REMARK}|[^0-9].*)?$",
        r"\1-\2\3",
    ),
    (
        rf"^({MOBILE}|{LANDLINE}|{SERVICE})(?:{REMARK}|\s*(?:[/、,，;；|&+或]|\s)\s*{ANOTHER_NUMBER}(?:{REMARK})?)$",
        r"\1",
    ),
    # an extension; 转801 is how it is usually written, and stays
    (
        rf"^({LANDLINE})(?:[ ]*(?:转分机|分机|[ ]转|转[ :：])[ :：]*|[ ]*(?:[Ee][Xx][Tt][.]?|[xX#])[ ]*|[(（])"
        r"([0-9]{1,6})[)）]?$",
        r"\1-\2",
    ),
    # a nought before a mobile number, as it was dialled once
    (r"^0(1[3-9][0-9]{9})$", r"\1"),
)
"""Pattern → what it becomes, in order; what none of them knows stays."""


class Phone(NormaliserKind):
    """Separators and +86 go from a mobile number, so do what is written before it and whose it is, and of two numbers
    the first stays; an area code set apart and an extension get their hyphens. Another country's code stays."""

    name = "phone"
    title = "电话号码去除国家码和分隔符"
    types = TEXTUAL
    pattern = "[^0-9-]|-.*-|^0?0?86|^01[3-9]|^1.*-"
    examples = (
        Example("+86 179 3992 3123", "17939923123"),
        Example("17939923123（母亲）", "17939923123"),
        Example("手机：17939923123。", "17939923123"),
        Example("父亲17939923123", "17939923123"),
        Example("400 123 4567（客服）", "400-123-4567"),
        Example("(0551)62345678", "0551-62345678"),
        Example("+86-551-62345678", "0551-62345678"),
        Example("0551-62345678 ext.801", "0551-62345678-801"),
        Example("+1 650 555 0100", "+1 650 555 0100"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        for pattern, form in FORMS:
            x = sql("regexp_replace(:x, :p, :f)", x=x, p=pattern, f=form)
        bare = sql(r"regexp_replace(:x, '[-() （）—－._]', '', 'g')", x=x)
        return sql(
            "CASE WHEN regexp_full_match(:b, '(?:[+]?86|00?86|0086)?1[3-9][0-9]{9}') THEN right(:b, 11) ELSE :x END",
            b=bare,
            x=x,
        )
