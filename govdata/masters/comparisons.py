"""How alike two values of a field are: for each ``compare`` of ``govdata.standards.linking`` its levels, best first, as
Splink writes a comparison; and what a record must hold for it.

A record has a column per field under the field's own name: text, a list of texts for ``any``, a whole number for
``year``. A name has besides ``<field>_form`` and ``<field>_sound`` (``govdata.masters.names``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from govdata.standards.linking import LinkField, Linking

LONGEST = 6
"""Characters of a name that are held against each other one by one; longer names are ethnic or foreign."""


@dataclass(frozen=True)
class Level:
    """``m``, ``u``: how often pairs of one person, and of two, stand at this level, before anything was learnt.
    ``slip``: an automatic link may rest on it."""

    label: str
    condition: str
    m: float
    u: float
    slip: bool = False


def _name(f: str) -> list[Level]:
    form_l, form_r = f"{f}_form_l", f"{f}_form_r"
    differing = " + ".join(
        f"CASE WHEN substr({form_l}, {place}, 1) <> substr({form_r}, {place}, 1) THEN 1 ELSE 0 END"
        for place in range(1, LONGEST + 1)
    )
    of_three = f"length({form_l}) = length({form_r}) AND length({form_l}) BETWEEN 3 AND {LONGEST} AND ({differing}) = 1"
    long = f"length({form_l}) > {LONGEST} AND jaro_winkler_similarity({form_l}, {form_r}) >= 0.93"
    return [
        Level("相同", f"{f}_l = {f}_r", 0.95, 0.0003, True),
        Level("异体或繁简", f"{form_l} = {form_r}", 0.01, 0.0001, True),
        Level("同音", f"{f}_sound_l = {f}_sound_r", 0.015, 0.0003, True),
        Level("三字以上差一字", f"({of_three}) OR ({long})", 0.01, 0.01),
        Level("不同", "ELSE", 0.015, 0.9893),
    ]


def _text(f: str) -> list[Level]:
    alike = f"jaro_winkler_similarity({f}_l, {f}_r) >= "
    return [
        Level("相同", f"{f}_l = {f}_r", 0.85, 0.002, True),
        Level("很像", f"{alike}0.92", 0.07, 0.003, True),
        Level("像", f"{alike}0.8", 0.03, 0.02),
        Level("不同", "ELSE", 0.05, 0.975),
    ]


def _date(f: str) -> list[Level]:
    left, right = f"{f}_l", f"{f}_r"
    swapped = (
        f"left({left}, 4) = left({right}, 4) AND substr({left}, 6, 2) = substr({right}, 9, 2) "
        f"AND substr({left}, 9, 2) = substr({right}, 6, 2)"
    )
    one_place = f"damerau_levenshtein(replace({left}, '-', ''), replace({right}, '-', '')) <= 1"
    return [
        Level("相同", f"{left} = {right}", 0.96, 0.00005, True),
        Level("笔误", f"({swapped}) OR ({one_place})", 0.03, 0.0008, True),
        Level("同年", f"left({left}, 4) = left({right}, 4)", 0.005, 0.014),
        Level("不同", "ELSE", 0.005, 0.98515),
    ]


def _year(f: str) -> list[Level]:
    apart = f"abs({f}_l - {f}_r)"
    return [
        Level("相同", f"{f}_l = {f}_r", 0.8, 0.014, True),
        Level("差一年", f"{apart} = 1", 0.17, 0.028, True),
        Level("差二三年", f"{apart} <= 3", 0.02, 0.055),
        Level("不同", "ELSE", 0.01, 0.903),
    ]


def _code(f: str) -> list[Level]:
    return [Level("相同", f"{f}_l = {f}_r", 0.995, 0.5, True), Level("不同", "ELSE", 0.005, 0.5)]


def _division(f: str) -> list[Level]:
    return [
        Level("相同", f"{f}_l = {f}_r", 0.7, 0.1, True),
        Level("同地级", f"left({f}_l, 4) = left({f}_r, 4)", 0.25, 0.7, True),
        Level("不同", "ELSE", 0.05, 0.2),
    ]


def _any(f: str) -> list[Level]:
    return [
        Level("有一个相同", f"list_has_any({f}_l, {f}_r)", 0.95, 0.00005, True),
        Level("不同", "ELSE", 0.05, 0.99995),
    ]


LEVELS: Mapping[str, Callable[[str], list[Level]]] = {
    "person_name": _name,
    "text": _text,
    "date": _date,
    "year": _year,
    "code": _code,
    "division": _division,
    "any": _any,
}


def levels(name: str, field: LinkField) -> list[Level]:
    """Best first; ``gamma`` of Splink counts from the end: the last is 0, an unknown value -1."""
    return LEVELS[field.compare](name)


def sure(name: str, field: LinkField) -> int:
    """The lowest gamma that an automatic link may rest on."""
    known = levels(name, field)
    return len(known) - sum(level.slip for level in known)


def best(name: str, field: LinkField) -> int:
    return len(levels(name, field)) - 1


def settings(linking: Linking) -> dict[str, Any]:
    """Splink's settings before anything was learnt."""
    return {
        "link_type": "link_only",
        "unique_id_column_name": "unique_id",
        "blocking_rules_to_generate_predictions": [{"blocking_rule": "l.pair = r.pair", "sql_dialect": "duckdb"}],
        "comparisons": [_comparison(name, field) for name, field in linking.fields.items()],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": False,
        "probability_two_random_records_match": 0.0001,
    }


def _comparison(name: str, field: LinkField) -> dict[str, Any]:
    nothing = f"{name}_l IS NULL OR {name}_r IS NULL"
    if field.compare == "any":
        nothing = f"{nothing} OR len({name}_l) = 0 OR len({name}_r) = 0"
    written: list[dict[str, Any]] = [{"sql_condition": nothing, "label_for_charts": "没有值", "is_null_level": True}]
    for number, level in enumerate(levels(name, field)):
        told = {"sql_condition": level.condition, "label_for_charts": level.label}
        learnt: dict[str, Any] = {"m_probability": level.m, "u_probability": level.u}
        if field.compare == "person_name" and number == 0:
            learnt |= {"tf_adjustment_column": name, "tf_adjustment_weight": 1.0}
        written.append({**told, **learnt})
    return {"output_column_name": name, "comparison_levels": written}
