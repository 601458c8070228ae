"""隔离复审: when standards or waivers have changed, what is held back is judged again and what passes is published.

Of every kept date whose batch is published, the rows in quarantine go through ``again.judge``. What is released joins
the batch of its own date: its files are added to the batch's, and publishing does with the batch what it does with any:
the layer of that date grows by the released rows, later layers lie on it as before, so a newer version of a key stays.
Rows that were published stay as they were, whatever the new standards say of them. A date that was blocked, whose
columns have changed, or whose delivered text is gone cannot be judged in part: it is told.

The steps survive a death between any two: files, the verdict to come, the manifest (from here on the batch is the new
one), the verdict, publishing. ``_finish`` does what is left.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from govdata import engine, publish
from govdata.batches import LedgerColumn, Looked, RawBatch, Rejudged, StandardizedBatch, Verdict
from govdata.checks import results, table
from govdata.checks.findings import figures
from govdata.deployment import Deployment
from govdata.engine import rules
from govdata.errors import GovdataError
from govdata.governance import again, items
from govdata.governance import log as journal
from govdata.governance.again import Again
from govdata.governance.evidence import DELIVERY
from govdata.governance.orders import fold, item_id
from govdata.publish import layers
from govdata.publish.layers import Layer
from govdata.standards.model import Dataset, Registry, Unique
from govdata.storage import files, sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables import arrow_table
from govdata.storage.tables.nights import RELEASES
from govdata.storage.tables.system_columns import FAILED_RULES, IDENTITY, REPAIR_COUNTS, ROW_ID


@dataclass(frozen=True)
class Rejudgement:
    """What became of the rows that one date's delivery had in quarantine. ``problem``: Chinese, why they could not be
    judged on their own; then nothing was changed."""

    dataset: str
    date: Date
    judged: int
    released: int = 0
    by_waiver: int = 0
    duplicates: int = 0
    held: int = 0
    problem: str | None = None


def rejudge(
    registry: Registry,
    deployment: Deployment,
    on: Date,
    *,
    datasets: Iterable[str] | None = None,
    since: Date | None = None,
    dry_run: bool = False,
    tell: Callable[[str, Date], None] = lambda dataset, date: None,
) -> list[Rejudgement]:
    """Judge again what is in quarantine of deliveries from ``since`` to ``on`` and was judged by other standards, or is
    waived by now; a line for every date that had something to judge. ``tell`` hears of each before it begins. Again: an
    empty list. Raises ``GovdataError`` where the log of work orders is damaged."""
    waived = _waived(registry, deployment, on)
    made = []
    for name in sorted(registry.delivered):
        if datasets is not None and name not in set(datasets):
            continue
        dataset = registry.datasets[name]
        for date in layers.dates(deployment.lake_of("standardized", name)):
            if (since is None or since <= date) and date <= on:
                work = _Date(dataset, date, registry, deployment, on, waived.get((name, date), {}), tell)
                with files.locked(deployment.stage_lock(name)):
                    found = work.rejudge(dry_run)
                made += [found] if found is not None else []
    return made


def _waived(registry: Registry, deployment: Deployment, on: Date) -> dict[tuple[str, Date], dict[str, set[str]]]:
    """Dataset and date of delivery → row → rules that it failed when it was last seen and that are waived on ``on``. A
    waiver lets no row through that has no key of its own."""
    events = journal.read(deployment)
    if not any(event.kind == "WAIVE" for event in events):
        return {}
    runs = items.runs(deployment, events)
    state = fold(events, runs)
    on_key = {
        (name, rule.id)
        for name in registry.delivered
        for rule in registry.rules(name)
        if isinstance(rule.spec, Unique) or set(registry.datasets[name].key) & set(rule.columns)
    }
    found: dict[tuple[str, Date], dict[str, set[str]]] = {}
    for run in runs.to_pylist():
        item = (run["dataset"], run["scope"], run["rule_id"], run["identity"])
        number = state.of_item.get(item)
        if number is None or run["scope"] != DELIVERY or (run["dataset"], run["rule_id"]) in on_key:
            continue
        order, name = state.orders[number], item_id(item)
        if run["state"] == items.OPEN and order.waived.get(name, Date.min) >= on:
            rows = found.setdefault((run["dataset"], run["delivered"]), {})
            rows.setdefault(run["row_id"], set()).add(run["rule_id"])
    return found


@dataclass(frozen=True)
class _Date:
    """The quarantine of one dataset and date."""

    dataset: Dataset
    date: Date
    registry: Registry
    deployment: Deployment
    on: Date
    waived: again.Waived
    tell: Callable[[str, Date], None]

    def rejudge(self, dry_run: bool) -> Rejudgement | None:
        batch = layers.read(StandardizedBatch, StandardizedBatch.path(self.deployment, self.dataset.name, self.date))
        if batch is None:
            return None
        try:
            return self._rejudge(batch, dry_run)
        except GovdataError as error:
            return self._told(batch, str(error))

    def _rejudge(self, batch: StandardizedBatch, dry_run: bool) -> Rejudgement | None:
        if batch.rejudged and not dry_run:
            self._finish(batch)
        if not batch.quarantined or not self._is_due(batch):
            return None
        self.tell(self.dataset.name, self.date)
        raw = layers.read(RawBatch, RawBatch.path(self.deployment, self.dataset.name, self.date))
        if (why := self._refusal(batch, raw)) is not None or raw is None:
            return self._told(batch, why or "")
        with files.scratch(self.deployment, "rejudge") as scratch:
            held = again.Held(batch, raw, self.dataset, self.registry, self.deployment)
            found = again.judge(held, self.waived, scratch)
            made = self._counted(batch, found)
            if not dry_run and not found.same:
                self._finish(self._join(batch, raw, found))
            elif not dry_run:
                self._looked(batch)
            return made

    def _is_due(self, batch: StandardizedBatch) -> bool:
        if batch.standards_hash != self.registry.hashes[self.dataset.name]:
            looked = layers.read(Looked, Looked.path(self.deployment, self.dataset.name, self.date))
            if looked is None or (looked.batch_id, looked.standards_hash) != (
                batch.batch_id,
                self.registry.hashes[self.dataset.name],
            ):
                return True
        return bool(self.waived) and self._has_waived(batch)

    def _has_waived(self, batch: StandardizedBatch) -> bool:
        """Whether a row is held back for nothing but rules that are waived."""
        paths = [self.deployment.absolute(name) for name in batch.quarantine_files]
        if not all(files.is_sound(path) for path in paths):
            return False
        with sql.connection(self.deployment, "waived") as connection:
            known = f"SELECT {ROW_ID}, {FAILED_RULES} FROM {sql.parquet(paths)} WHERE list_contains($1, {ROW_ID})"
            rows = connection.execute(known, [sorted(self.waived)]).fetchall()
        return any(set(failed) <= set(self.waived[row_id]) for row_id, failed in rows)

    def _refusal(self, batch: StandardizedBatch, raw: RawBatch | None) -> str | None:
        """Chinese; None where the rows can be judged on their own."""
        name = self.dataset.name
        layer = layers.read(Layer, Layer.path(self.deployment, name, self.date))
        whole = f"要整日重做：govdata run --date {self.date} --dataset {name}"
        if layer is None or layer.batch_id != batch.batch_id:
            return f"这一天的交付没有发布，{whole}"
        if raw is None or raw.batch_id != batch.raw_batch_id:
            return "没有隔离行的交付原文，无法复审"
        if raw.columns != tuple(column.name for column in self.dataset.columns):
            return f"合同的列已改变，{whole}"
        named = (*raw.files, *batch.clean_files, *batch.quarantine_files)
        if not all(files.is_sound(self.deployment.absolute(file)) for file in named):
            return f"数据湖中的文件缺失或损坏，{whole}"
        return None

    def _told(self, batch: StandardizedBatch, problem: str) -> Rejudgement:
        return Rejudgement(self.dataset.name, self.date, batch.quarantined, held=batch.quarantined, problem=problem)

    def _counted(self, batch: StandardizedBatch, found: Again) -> Rejudgement:
        import pyarrow.parquet as pq

        reasons = pq.read_table(found.reasons, columns=["reason"])["reason"].to_pylist()
        return Rejudgement(
            self.dataset.name,
            self.date,
            batch.quarantined,
            found.counts["released"],
            reasons.count("waiver"),
            found.counts["duplicates"],
            found.counts["held"],
        )

    def _looked(self, batch: StandardizedBatch) -> None:
        looked = Looked(batch_id=batch.batch_id, standards_hash=self.registry.hashes[self.dataset.name])
        looked.write(Looked.path(self.deployment, self.dataset.name, self.date))

    def _join(self, batch: StandardizedBatch, raw: RawBatch, found: Again) -> StandardizedBatch:
        """The batch with the rows judged anew in place of those held back, kept with its files and the verdict to
        come."""
        made = self._joined(batch, raw, found)
        verdict = self._verdict(batch, made, raw, found)
        self._keep_releases(batch, made, found)
        files.put_manifest(verdict, self._verdict_to_come)
        files.put_manifest(made, StandardizedBatch.path(self.deployment, self.dataset.name, self.date))
        return made

    @property
    def _verdict_to_come(self) -> Path:
        return Verdict.path(self.deployment, self.dataset.name, self.date).with_name("verdict.next.json")

    def _joined(self, batch: StandardizedBatch, raw: RawBatch, found: Again) -> StandardizedBatch:
        name, hashed = self.dataset.name, self.registry.hashes[self.dataset.name]
        batch_id = fingerprint("rejudged", batch.batch_id, hashed, {row: sorted(of) for row, of in self.waived.items()})
        released = self._place(found.released, "standardized", f"{batch_id}-released.parquet", found.counts["released"])
        held = self._place(found.held, "quarantine", f"{batch_id}-held.parquet", found.counts["held"])
        dropped = self._place_dropped(found, f"duplicates-{batch_id}.parquet")
        former = [self.deployment.absolute(file) for file in batch.quarantine_files]
        old_rules, old_cells = engine.counts(self.dataset, self.registry, [], former)
        new_rules, new_cells = engine.counts(
            self.dataset,
            self.registry,
            [self.deployment.absolute(f) for f in released],
            [self.deployment.absolute(f) for f in held],
        )
        cells = {
            column: count - old_cells.get(column, 0) + new_cells.get(column, 0)
            for column, count in batch.repaired_cells.items()
        }
        counted = arrow_table(REPAIR_COUNTS, [(name, column, count) for column, count in cells.items()])
        files.put_table(counted, self.deployment.lake("repairs", name, self.date) / f"{batch_id}.parquet")
        earlier = [
            part.model_copy(update={"files": still})
            for part in batch.rejudged
            if (still := tuple(file for file in part.files if file in batch.clean_files))
        ]
        part = Rejudged(on=self.on, standards_hash=hashed, files=(*released, *held), ledger=found.judged.ledger)
        return batch.model_copy(
            update={
                "batch_id": batch_id,
                "former_batch_id": batch.batch_id,
                "standards_hash": hashed,
                "clean_files": (*batch.clean_files, *released),
                "quarantine_files": held,
                "duplicate_files": (*batch.duplicate_files, *dropped),
                "clean": batch.clean + found.counts["released"],
                "quarantined": found.counts["held"],
                "duplicates": batch.duplicates + found.counts["duplicates"],
                "rule_failures": {
                    rule.id: batch.rule_failures.get(rule.id, 0) - old_rules.get(rule.id, 0) + new_rules.get(rule.id, 0)
                    for rule in self.registry.rules(name)
                },
                "repaired_cells": cells,
                "repaired_steps": self._steps(batch, raw, part),
                "rejudged": (*earlier, part),
            }
        )

    def _steps(self, batch: StandardizedBatch, raw: RawBatch, part: Rejudged) -> engine.StepCounts:
        """The counts by step with the rows of ``part`` in place of those held back; none where none were kept, or can
        no longer be made."""
        if not batch.repaired_steps and any(batch.repaired_cells.values()):
            return {}
        held = set(batch.quarantine_files)
        ledgers = [(earlier.ledger, held.intersection(earlier.files)) for earlier in batch.rejudged]
        ledgers.append((batch.ledger, held.difference(*(named for _, named in ledgers))))
        total = Counter({(c, rule): n for c, rules in batch.repaired_steps.items() for rule, n in rules.items()})
        try:
            with sql.connection(self.deployment, "steps") as connection:
                for kept, former in ledgers:
                    total.subtract(self._cells_by_step(connection, kept, raw, former))
                total.update(self._cells_by_step(connection, part.ledger, raw, part.files))
        except (KeyError, ValueError):  # a step of then is no more, or takes other arguments
            return {}
        steps: engine.StepCounts = {}
        for (column, rule), cells in sorted(total.items()):
            if cells:
                steps.setdefault(column, {})[rule] = cells
        return steps

    def _cells_by_step(
        self, connection: sql.Session, kept: tuple[LedgerColumn, ...], raw: RawBatch, files: Iterable[str]
    ) -> dict[tuple[str, str], int]:
        delivered, judged = ([self.deployment.absolute(name) for name in named] for named in (raw.files, sorted(files)))
        counted = engine.step_counts(connection, kept, {plan.name for plan in kept}, delivered, judged)
        return {(column, rule): cells for column, rules in counted.items() for rule, cells in rules.items()}

    def _place(self, written: Path, stage: str, file: str, rows: int) -> tuple[str, ...]:
        if not rows:
            return ()
        target = self.deployment.lake(stage, self.dataset.name, self.date) / file  # type: ignore[arg-type]
        target.parent.mkdir(parents=True, exist_ok=True)
        return (self.deployment.relative(files.put(written, target)),)

    def _place_dropped(self, found: Again, file: str) -> tuple[str, ...]:
        import pyarrow.parquet as pq

        if not found.counts["duplicates"]:
            return ()
        written = found.duplicates.with_suffix(".arrow")
        engine.write_duplicates(pq.read_table(found.duplicates).to_reader(), written)
        return self._place(written, "rejected", file, found.counts["duplicates"])

    def _verdict(self, batch: StandardizedBatch, made: StandardizedBatch, raw: RawBatch, found: Again) -> Verdict:
        """The verdict of the delivery with the rows that were judged anew counted as they are now. Raises
        ``GovdataError`` where the records do not add up."""
        kept = Verdict.read(Verdict.path(self.deployment, self.dataset.name, self.date))
        assert kept is not None and kept.batch_id == batch.batch_id
        outcomes = {outcome.rule_id or outcome.name: outcome for outcome in kept.outcomes}
        fresh = {outcome.rule_id: outcome for outcome in found.verdict.outcomes if outcome.kind == "rule"}
        before = self._assessed(batch)
        for rule in self.registry.rules(self.dataset.name):
            now, then = fresh[rule.id], outcomes.get(rule.id)
            checked = now.checked + (then.checked - before[rule.id] if then is not None else 0)
            failed = made.rule_failures[rule.id]
            outcomes[rule.id] = now.model_copy(
                update={
                    "checked": max(checked, failed),
                    "failed": failed,
                    "passed": not failed,
                    "figures": figures(self.dataset.name, self.date, rule.id, checked, failed),
                }
            )
        counted = {
            "clean": self._rows(made.clean_files),
            "quarantined": self._rows(made.quarantine_files),
            "dropped": self._rows(made.duplicate_files),
            "raw": self._rows(raw.files),
            "rejected": self._rows(raw.rejected_files),
            "judged": made.rows,
        }
        balance = table.reconciliation(made, raw, counted)
        if not balance.passed:
            raise GovdataError(balance.description)
        outcomes |= {each.name: each for each in (balance, table.quarantine_share(made, self.dataset.volume))}
        declared = {rule.id for rule in self.registry.rules(self.dataset.name)}
        told = [each for each in outcomes.values() if each.kind == "table" or each.rule_id in declared]
        return Verdict(
            dataset=self.dataset.name,
            date=self.date,
            batch_id=made.batch_id,
            standards_hash=made.standards_hash,
            outcomes=tuple(told),
        )

    def _rows(self, named: Sequence[str]) -> int:
        return sum(files.row_count(self.deployment.absolute(name)) for name in named)

    def _assessed(self, batch: StandardizedBatch) -> dict[str, int]:
        """Rule → rows of the quarantine, as they were, that it could be judged by."""
        bound = self.registry.rules(self.dataset.name)
        asked = {name for rule in bound for name in rule.spec.code_sets()}
        relation = sql.parquet(self.deployment.absolute(name) for name in batch.quarantine_files)
        query = ", ".join(f"count(*) FILTER (WHERE ({rules.assessed(rule, self.registry)}) IS TRUE)" for rule in bound)
        with files.scratch(self.deployment, "assessed") as scratch:
            connection = engine.session(self.registry, temp=scratch, as_of=self.date, code_sets=asked)
            try:
                rows = rules.judged_rows(self.dataset.name, self.registry, relation)
                (counts,) = connection.execute(f"SELECT {query} FROM ({rows})").fetchall()
            finally:
                connection.close()
        return {rule.id: count for rule, count in zip(bound, counts, strict=True)}

    def _keep_releases(self, batch: StandardizedBatch, made: StandardizedBatch, found: Again) -> None:
        """The lines of ``governance.releases``, beside those of earlier judgements of the date."""
        import pyarrow.parquet as pq

        target = self.deployment.governance / RELEASES.name / self.dataset.name / f"{self.date.isoformat()}.parquet"
        known = pq.read_table(target).to_pylist() if files.is_sound(target, RELEASES.columns) else []
        lines = [
            {
                **{column: row[column] for column in IDENTITY},
                "dataset": self.dataset.name,
                "date": self.date,
                "released_on": self.on,
                "reason": row["reason"],
                "failed_before": row["failed"],
                "standards_before": batch.standards_hash,
                "standards_hash": made.standards_hash,
                "batch_id": made.batch_id,
            }
            for row in pq.read_table(found.reasons).to_pylist()
        ]
        if lines:
            kept = [line for line in known if line["batch_id"] != made.batch_id]
            files.put_table(RELEASES.arrow([*kept, *lines]), target)

    def _finish(self, batch: StandardizedBatch) -> None:
        """What is left to do once the manifest stands."""
        to_come = self._verdict_to_come
        coming = layers.read(Verdict, to_come)
        if coming is not None and coming.batch_id == batch.batch_id:
            os.replace(to_come, Verdict.path(self.deployment, self.dataset.name, self.date))
        layer = layers.read(Layer, Layer.path(self.deployment, self.dataset.name, self.date))
        verdict = layers.read(Verdict, Verdict.path(self.deployment, self.dataset.name, self.date))
        if verdict is None or verdict.batch_id != batch.batch_id or (layer and layer.batch_id == batch.batch_id):
            return
        results.write(list(verdict.outcomes), batch, self.dataset, self.registry, self.deployment)
        publish.publish(batch, self.dataset, self.registry, self.deployment)
