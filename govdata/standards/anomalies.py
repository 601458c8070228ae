"""``standards/anomalies.yaml`` → ``Anomalies``, or what is wrong with it by file and line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from govdata.deployment import iso_date
from govdata.standards.anomaly_settings import Anomalies
from govdata.standards.model import Dataset
from govdata.standards.source import Findings, read_yaml
from govdata.standards.spelling import suggestion
from govdata.standards.validation import validate

FILE = "anomalies.yaml"


def read(root: Path, datasets: Mapping[str, Dataset], declared: Collection[str], findings: Findings) -> Anomalies:
    """The settings under ``root``; what is wrong goes to ``findings`` with file and line. ``datasets``: those of the
    ``declared`` ones that were read without a problem."""
    if not (root / FILE).exists():
        return Anomalies()
    document = read_yaml(root / FILE, FILE, findings)
    written = None if document is None else validate(Anomalies, document.data, document, (), findings)
    if document is None or written is None:
        return Anomalies()

    def add(message: str, *path: str | int) -> None:
        findings.add(FILE, message, document.line(path), ".".join(map(str, path)))

    if written.until is not None and iso_date(written.until) is None:
        add("不是日期", "until")
    if written.least > written.history:
        add("least 不应多于 history", "least")
    for name, baseline in written.baselines.items():
        if name not in declared:
            add(f"没有名为“{name}”的数据集{suggestion(name, declared)}", "baselines", name)
        if baseline.until is not None and iso_date(baseline.until) is None:
            add("不是日期", "baselines", name, "until")
        known = [column.name for column in datasets[name].columns] if name in datasets else baseline.ignore
        for number, column in enumerate(baseline.ignore):
            if column not in known:
                add(f"数据集 {name} 没有列“{column}”{suggestion(column, known)}", "baselines", name, "ignore", number)
    return written
