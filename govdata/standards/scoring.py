"""``standards/scoring.yaml`` → ``Scoring``, or what is wrong with it by file and line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from govdata.standards import validity
from govdata.standards.model import Dataset, Element
from govdata.standards.scoring_settings import PARTS, Bounds, LevelsEntry, Scoring
from govdata.standards.source import Document, Findings, read_yaml
from govdata.standards.spelling import suggestion
from govdata.standards.validation import validate

FILE = "scoring.yaml"
Told = Iterator[tuple[str, tuple[str | int, ...]]]
"""Chinese message, path in the document."""


def read(
    root: Path,
    datasets: Mapping[str, Dataset],
    declared: Collection[str],
    elements: Mapping[str, Element],
    findings: Findings,
) -> Scoring:
    """The settings under ``root``; what is wrong goes to ``findings`` with file and line. ``datasets``: those of the
    ``declared`` ones that were read without a problem."""
    if not (root / FILE).exists():
        return Scoring()
    document = read_yaml(root / FILE, FILE, findings)
    written = None if document is None else validate(Scoring, document.data, document, (), findings)
    if document is None or written is None:
        return Scoring()
    for message, path in (*_of_itself(written), *_divisions(written, datasets, declared, elements)):
        _add(message, path, document, findings)
    return written


def _add(message: str, path: tuple[str | int, ...], document: Document, findings: Findings) -> None:
    findings.add(document.file, message, document.line(path), ".".join(map(str, path)))


def _of_itself(written: Scoring) -> Told:
    names = {"weights": "权重", "levels": "等级", "cards": "给牌办法", "ranking": "上榜条件", "window": "期间"}
    for field, what in names.items():
        for message, path in validity.faults(getattr(written, field), what):
            yield message, (field, *path)
    for number, weights in enumerate(written.weights):
        if not any(getattr(weights, part) for part in PARTS):
            yield "权重全是 0，算不出得分", ("weights", number)
    for number, levels in enumerate(written.levels):
        yield from _levels(levels, ("levels", number, "bands"))
    for number, cards in enumerate(written.cards):
        for name in ("punctuality", "quality"):
            bounds: Bounds = getattr(cards, name)
            if bounds.red > bounds.green:
                yield "红牌的界限不能高于绿牌的", ("cards", number, name, "red")


def _levels(levels: LevelsEntry, path: tuple[str | int, ...]) -> Told:
    bounds = [band.at_least for band in levels.bands]
    for number, (higher, lower) in enumerate(pairwise(bounds), start=1):
        if lower >= higher:
            yield "等级应从高到低写，界限各不相同", (*path, number, "at_least")
    if bounds[-1] != 0:
        yield "最低的一级应从 0 开始，否则有的得分没有等级", (*path, len(bounds) - 1, "at_least")
    if len({band.name for band in levels.bands}) < len(bounds):
        yield "有两级同名", path


def _divisions(
    written: Scoring, datasets: Mapping[str, Dataset], declared: Collection[str], elements: Mapping[str, Element]
) -> Told:
    for name, wanted in written.divisions.items():
        path = ("divisions", name)
        if name not in declared:
            yield f"没有名为“{name}”的数据集{suggestion(name, declared)}", path
        elif (dataset := datasets.get(name)) is not None:
            known = {column.name: elements[column.element] for column in dataset.columns}
            if dataset.derived is not None:
                yield f"{name} 是由已发布的表生成的，不评分", path
            elif wanted not in known:
                yield f"数据集 {name} 没有名为“{wanted}”的列{suggestion(wanted, known)}", path
            elif known[wanted].code_set is None:
                yield f"{name}.{wanted} 不是代码类的列，没有区划的层次", path
