"""Labels beside codes that no code set knows (6513-软件, 6513-餐饮): whether they may mean the code.

A label that is a name or synonym is looked up. Any other is compared with what the code, the terms around it and the
terms within it are called, by the pairs of neighbouring characters: who narrows a name or shortens it keeps most of
them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from govdata.engine import terms
from govdata.engine.plans import ColumnPlan, looked_up
from govdata.engine.session import map_table
from govdata.engine.syntax import sql
from govdata.standards.model import CodeSet, Registry
from govdata.trees.numerals import HAN

if TYPE_CHECKING:
    import pyarrow as pa


def source_map(plan: ColumnPlan, registry: Registry) -> pa.Table:
    """The table by which a code column's texts are looked up, see ``map_table``."""
    sources = looked_up(plan, registry)
    if not plan.labelled:
        return map_table(sources)
    assert plan.element.code_set is not None
    code_set = registry.code_sets[plan.element.code_set]
    return map_table(sources, wording(code_set, code_set.synonyms | plan.column.synonyms))


def wording(code_set: CodeSet, synonyms: Mapping[str, str]) -> dict[str, str]:
    """Code → all that it, the terms around it and the terms within it are called, ``synonyms`` (source value → code)
    among them. Empty where the set says that there are finer terms than its own."""
    if code_set.finer:
        return {}
    names = terms.names(code_set.codes)
    for synonym, code in synonyms.items():
        names.setdefault(code, set()).add(synonym)
    parents = terms.parents(code_set.codes)
    around: dict[str, set[str]] = defaultdict(set)
    for code, own in names.items():
        around[code] |= own
        for outer in terms.above(code, parents):
            around[outer] |= own
            around[code] |= names.get(outer, set())
    return {code: "|".join(sorted(words)) for code, words in around.items()}


def unlike(label: exp.Expression, words: exp.Expression) -> exp.Expression:
    """TRUE where less than half of the label's pairs of Chinese characters (软件业: 软件, 件业) occur in ``words``, its
    ``wording``; of one or two characters (男的, 私企) where the first does not."""
    return sql(
        "CASE WHEN length(:h) < 3 THEN NOT contains(:w, substr(:h, 1, 1)) "
        "ELSE len(list_intersect(:a, :b)) * 2 < len(list_distinct(:a)) END",
        h=_han(label),
        w=words,
        a=_pairs(_han(label)),
        b=_pairs(words),
    )


def _han(label: exp.Expression) -> exp.Expression:
    return sql("regexp_replace(:x, :p, '', 'g')", x=label, p=f"[^{HAN}]+")


def _pairs(text: exp.Expression) -> exp.Expression:
    return sql("list_concat(regexp_extract_all(:x, '..'), regexp_extract_all(substr(:x, 2), '..'))", x=text)
