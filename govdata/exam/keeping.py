"""The figures of an examination, for ``governance.rule_exam`` and as a workbook's sheets."""

from __future__ import annotations

from govdata.deployment import Deployment
from govdata.exam.examination import Exam
from govdata.publish import scorecard
from govdata.standards.model import Registry
from govdata.storage import files
from govdata.storage.tables.scoring import RULE_EXAM


def keep(exam: Exam, deployment: Deployment, registry: Registry) -> None:
    """A file per dataset and date of the sample; the catalogue shows it when it is built next. An examination of the
    same date takes the place of the one before."""
    for dataset, date in exam.dates.items():
        lines = [
            {
                "date": date,
                "dataset": dataset,
                "rule_id": told.rule.id,
                "severity": told.rule.severity,
                "message": told.rule.message,
                "struck": told.due,
                "hits": told.hits,
                "recall": told.recall,
                "alone": told.alone,
                "false_alarms": told.false_alarms,
                "sampled": exam.sampled[dataset],
                "standards_hash": registry.hashes[dataset],
            }
            for told in exam.rules
            if told.rule.dataset == dataset
        ]
        files.put_table(RULE_EXAM.arrow(lines), scorecard.path(deployment, RULE_EXAM, date, dataset))
