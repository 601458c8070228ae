"""A folder of declared standards → a ``Registry``, or every problem at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from govdata.errors import Problem, StandardsError
from govdata.standards import (
    anomalies,
    binding,
    catalogue,
    codes,
    contracts,
    cross,
    elements,
    masters,
    origins,
    patterns,
    roles,
    scoring,
    workorders,
)
from govdata.standards.model import Registry
from govdata.standards.source import Document, Findings


def load(standards_dir: Path) -> Registry:
    """All standards under ``standards_dir``, checked and bound. Raises StandardsError with every problem at once.

    Validation of the contracts against the official ODCS JSON Schema is left to ``problems``: it costs more than all
    the rest.
    """
    findings = Findings()
    registry, _ = _assemble(Path(standards_dir), findings)
    if registry is None:
        raise StandardsError(f"标准有 {len(findings.found)} 处问题，没有装载", findings.ordered())
    return registry


def problems(standards_dir: Path, engine: patterns.Judge | None = None) -> list[Problem]:
    """Everything that is wrong with the standards under ``standards_dir``, by file and line; empty when they can be
    used.

    Also holds every contract against the official ODCS v3.1.0 JSON Schema, and every pattern against the limits of
    ``engine``.
    """
    return checked(standards_dir, engine)[1]


def checked(standards_dir: Path, engine: patterns.Judge | None = None) -> tuple[Registry | None, list[Problem]]:
    """The registry beside its ``problems``; None where they are such that there is none."""
    from govdata.standards import odcs

    findings = Findings()
    with patterns.judged_by(engine):
        registry, documents = _assemble(Path(standards_dir), findings)
    for document in documents:
        odcs.check(document, findings)
    return registry, findings.ordered()


def report(found: Iterable[Problem]) -> str:
    """Problems as text for a terminal: a heading per file, one line per problem, the count at the end."""
    lines: list[str] = []
    file = None
    total = 0
    for problem in found:
        if problem.file != file:
            file = problem.file
            lines.append(file)
        place = "" if problem.line is None else f"第 {problem.line} 行 "
        where = "" if problem.where is None else f"[{problem.where}] "
        lines.append(f"  {place}{where}{problem.message}")
        total += 1
    lines.append(f"共 {total} 处问题" if total else "标准没有问题")
    return "\n".join(lines)


def _assemble(root: Path, findings: Findings) -> tuple[Registry | None, list[Document]]:
    """The registry, or None where ``findings`` say why there is none; and the contracts as read."""
    if not root.is_dir():
        findings.add(".", "标准目录不存在")
        return None, []
    _check_links(root, findings)
    code_sets, declared_sets = codes.read(root, findings)
    known, declared, null_tokens, lists = elements.read(root, code_sets, declared_sets, findings)
    documents = contracts.read_documents(root, findings)
    pages = masters.read(root, findings)
    kinds = {name: page.master for name, page in pages.items()}
    read = contracts.read(documents, known, declared, code_sets, declared_sets, findings, lists, kinds)
    datasets = {name: contract.dataset for name, contract in read.items()}
    masters.check(pages, datasets, contracts.declared(documents), known, declared_sets, findings)
    written = dict(zip(contracts.declared(documents), documents, strict=True))
    origins.check(datasets, written, known, kinds, findings)
    orders = workorders.read(root, datasets, known, contracts.declared(documents), findings)
    days = workorders.working_days(root, findings)
    scored = scoring.read(root, datasets, contracts.declared(documents), known, findings)
    catalogue.check(documents, datasets, known, code_sets, orders.departments, findings)
    unusual = anomalies.read(root, datasets, contracts.declared(documents), findings)
    looking = roles.read(root, known, findings)
    across = cross.read(root, datasets, contracts.declared(documents), known, declared_sets, kinds, findings)
    if findings.found:
        return None, documents
    element_digests = {name: binding.digest(element) for name, element in known.items()}
    code_set_digests = {name: binding.digest(code_set) for name, code_set in code_sets.items()}
    registry = Registry(
        elements=known,
        code_sets=code_sets,
        datasets=datasets,
        null_tokens=null_tokens,
        bound={name: contract.rules for name, contract in read.items()},
        hashes={
            name: binding.dataset_hash(
                contract.dataset, contract.rules, known, element_digests, code_set_digests, null_tokens, kinds
            )
            for name, contract in read.items()
        },
        masters=kinds,
        folder=root,
        cross=across,
        workorders=orders,
        working_days=days,
        scoring=scored,
        anomalies=unusual,
        roles=looking,
    )
    return registry, documents


def _check_links(root: Path, findings: Findings) -> None:
    """Nothing outside the folder is read, even through a link."""
    home = root.resolve()
    for name in (
        "elements",
        "codes",
        "datasets",
        cross.FOLDER,
        masters.FOLDER,
        workorders.FILE,
        workorders.DAYS,
        scoring.FILE,
        anomalies.FILE,
        roles.FILE,
        "templates",
    ):
        for path in (root / name, *((root / name).iterdir() if (root / name).is_dir() else ())):
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                findings.add(path.relative_to(root).as_posix(), "是指向标准目录之外的链接")
