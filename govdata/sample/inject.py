"""Injects the defects of the table into the delivered records of one dataset on one date, part by part, and keeps the
truth of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date

import numpy as np
import pyarrow as pa

from govdata.sample.arrow import flat, pc
from govdata.sample.city import City
from govdata.sample.contradictions import CONTRADICTIONS
from govdata.sample.corruption import Chosen, Defect
from govdata.sample.defects import DEFECTS, LINE_DEFECTS, ROW_DEFECTS
from govdata.sample.departments import Department
from govdata.sample.writers import Delivered, Written

# From here on every kind a dataset can have appears at least once, however low its rate.
ENOUGH_ROWS = 150

TRUTH_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()), ("delivery_date", pa.date32()), ("file", pa.string()), ("row", pa.int64()), ("column", pa.string()),
        ("kind", pa.string()), ("repairable", pa.bool_()), ("row_detectable", pa.bool_()), ("delivered", pa.string()), ("true_value",
            pa.string()),
    ]
)  # fmt: skip


@dataclass
class Finding:
    """A defect before its record has a place in a file: ``places`` count from 0 in the part."""

    kind: str
    column: str | None
    repairable: bool
    row_detectable: bool
    places: np.ndarray
    delivered: list[str | None]
    true_values: list[str | None]


@dataclass
class Injector:
    """Spreads each kind's quota evenly over the parts of one delivery of ``rows`` records in all. ``rates``: kind →
    share of rows."""

    city: City
    dataset: str
    department: Department
    date: Date
    number: int
    rows: int
    rates: Mapping[str, float]
    rng: np.random.Generator
    _passed: int = 0
    _done: dict[str, int] = field(default_factory=dict)
    _offset: dict[str, float] = field(default_factory=dict)

    def _due(self, kind: str, rate: float, rows: int) -> int:
        """How many rows of this part (``rows`` long) bear ``kind``: the quota so far less what was done."""
        if kind not in self._offset:
            self._offset[kind] = float(self.rng.random())
        target = max(rate * self.rows, 1.0 if rate > 0 and self.rows >= ENOUGH_ROWS else 0.0)
        # A fraction of a defect becomes a whole one with its own probability.
        share = target * (self._passed + rows) / self.rows
        due = int(np.floor(share + self._offset[kind]))
        if self.department.format == "workbook":
            # Sheets differ in kind: what may only strike the first sheet must not fall due in the last.
            due = min(int(np.ceil(share)), int(np.floor(target + self._offset[kind])))
        return max(0, due - self._done.get(kind, 0))

    def inject(self, records: pa.Table, sheet: str | None) -> tuple[Delivered, list[Finding]]:
        """Delivered text of ``records`` with this part's share of defects, and where they are. Some records appear
        twice: the result may be longer."""
        size = records.num_rows
        used = np.zeros(size, bool)
        findings: list[Finding] = []
        records, used, doubled = self._double(records, used)
        columns = self.department.render(records, sheet)
        delivered = Delivered(columns, records.num_rows)
        changes: dict[str, list[tuple[np.ndarray, list[str | None]]]] = {}
        findings += self._change_doubles(records, doubled, changes)
        table = [
            defect
            for defect in (*DEFECTS, *CONTRADICTIONS)
            if self.rates.get(defect.kind) and self.dataset in defect.targets and self.number >= defect.first_delivery
        ]
        for turn in self.rng.permutation(len(table)):
            defect = table[turn]
            wanted = self._due(defect.kind, self.rates[defect.kind], size)
            columns_struck = [column for column in defect.targets[self.dataset] if column in columns]
            for turn_column, column in enumerate(columns_struck):
                count = wanted // len(columns_struck) + (turn_column < wanted % len(columns_struck))
                places = self._pick(records, used, defect, column, count)
                if len(places):
                    self._done[defect.kind] = self._done.get(defect.kind, 0) + len(places)
                    used[places] = True
                    findings.append(self._strike(records, defect, column, places, sheet, changes, delivered))
        for column, struck in changes.items():
            delivered.columns[column] = _replaced(delivered.columns[column], struck)
        self._break_lines(size, used, delivered, findings)
        self._passed += size
        return delivered, findings

    def _pick(self, records: pa.Table, used: np.ndarray, defect: Defect, column: str, count: int) -> np.ndarray:
        """``count`` unused rows that the defect can strike (fewer where there are no more): a random sample first, all
        rows if that is not enough."""
        if count <= 0:
            return np.empty(0, np.int64)
        free = np.flatnonzero(~used)
        order = self.rng.permutation(len(free))
        for size in (count * 40, len(free)):
            sample = free[order[:size]]
            fit = sample[eligible(records.take(pa.array(sample)), defect, column, self.city)]
            if len(fit) >= count or size >= len(free):
                return np.sort(fit[:count])
        return np.empty(0, np.int64)

    def _strike(
        self, records: pa.Table, defect: Defect, column: str, places: np.ndarray, sheet: str | None,
        changes: dict[str, list[tuple[np.ndarray, list[str | None]]]], delivered: Delivered,
    ) -> Finding:  # fmt: skip
        workbook = self.department.format == "workbook"
        chosen = Chosen(self.dataset, column, records.take(pa.array(places)), self.rng, self.city, self.date, workbook)
        result = defect.damage(chosen)
        damaged = dict(result) if isinstance(result, Mapping) else {column: list(result)}
        for name, values in damaged.items():
            texts = list(values)
            if defect.spelled:
                texts = self._spelled(records, name, places, texts, sheet)
            changes.setdefault(name, []).append((places, texts))
            damaged[name] = texts
        if defect.number and workbook:
            mask = delivered.numbers.setdefault(column, np.zeros(records.num_rows, bool))
            mask[places] = True
        true_values = [None] * len(places) if defect.true_null else records[column].take(pa.array(places)).to_pylist()
        return Finding(
            defect.kind, column, defect.repairable, defect.row_detectable, places, list(damaged[column]), true_values
        )

    def _spelled(
        self, records: pa.Table, column: str, places: np.ndarray, texts: list[str | None], sheet: str | None
    ) -> list[str | None]:
        """Standard text as this department spells it."""
        rows = records.take(pa.array(places))
        rows = rows.set_column(rows.column_names.index(column), column, pa.array(texts, pa.string()))
        return list(self.department.render(rows, sheet)[column].to_pylist())

    def _double(
        self, records: pa.Table, used: np.ndarray
    ) -> tuple[pa.Table, np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
        """Put second copies of some records at random places. Returns kind → places of (originals, copies)."""
        size = records.num_rows
        sources: list[np.ndarray] = []
        kinds: list[str] = []
        free = self.rng.permutation(size)
        taken = 0
        for defect in ROW_DEFECTS:
            rate = self.rates.get(defect.kind, 0.0)
            count = min(self._due(defect.kind, rate, size), size - taken) if rate else 0
            self._done[defect.kind] = self._done.get(defect.kind, 0) + count
            sources.append(np.sort(free[taken : taken + count]))
            kinds.append(defect.kind)
            taken += count
        if not taken:
            return records, used, {}
        source = np.concatenate(sources)
        # a copy stands somewhere below its original
        after = source + 1 + (self.rng.random(len(source)) * (size - source)).astype(np.int64)
        order = np.insert(np.arange(size), after, source)
        is_copy = np.insert(np.zeros(size, bool), after, True)
        which = np.insert(np.full(size, -1), after, np.arange(len(source)))
        place_of = np.flatnonzero(~is_copy)
        copies = np.empty(len(source), np.int64)
        copies[which[is_copy]] = np.flatnonzero(is_copy)
        used = np.zeros(len(order), bool)
        used[place_of[source]] = used[copies] = True
        doubled: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        start = 0
        for kind, rows in zip(kinds, sources, strict=True):
            doubled[kind] = (place_of[rows], copies[start : start + len(rows)])
            start += len(rows)
        return records.take(pa.array(order)), used, doubled

    def _change_doubles(
        self,
        records: pa.Table,
        doubled: dict[str, tuple[np.ndarray, np.ndarray]],
        changes: dict[str, list[tuple[np.ndarray, list[str | None]]]],
    ) -> list[Finding]:
        findings = []
        for defect in ROW_DEFECTS:
            originals, copies = doubled.get(defect.kind, (np.empty(0, np.int64), np.empty(0, np.int64)))
            if not len(copies):
                continue
            if not defect.changed:
                findings.append(
                    Finding(
                        defect.kind, None, defect.repairable, True, copies, [None] * len(copies), [None] * len(copies)
                    )
                )
                continue
            column = defect.changed[self.dataset]
            order = np.argsort(copies)
            texts = [value + "（旧）" for value in records[column].take(pa.array(copies[order])).to_pylist()]
            changes.setdefault(column, []).append((copies[order], texts))
            both = np.sort(np.r_[originals, copies])
            findings.append(
                Finding(defect.kind, None, defect.repairable, True, both, [None] * len(both), [None] * len(both))
            )
        return findings

    def _break_lines(self, size: int, used: np.ndarray, delivered: Delivered, findings: list[Finding]) -> None:
        for defect in LINE_DEFECTS:
            rate = self.rates.get(defect.kind, 0.0)
            if not rate or self.dataset not in defect.datasets:
                continue
            free = np.flatnonzero(~used)
            count = min(self._due(defect.kind, rate, size), len(free))
            if not count:
                continue
            places = np.sort(self.rng.choice(free, count, replace=False))
            self._done[defect.kind] = self._done.get(defect.kind, 0) + count
            used[places] = True
            delivered.broken[defect.kind] = places
            findings.append(Finding(defect.kind, None, False, True, places, [None] * count, [None] * count))


def eligible(rows: pa.Table, defect: Defect, column: str, city: City | None = None) -> np.ndarray:
    """Whether the defect can strike each row; where only the city as built tells and there is none, it cannot."""
    if defect.fit is not None and city is None:
        return np.zeros(rows.num_rows, bool)
    fit = np.ones(rows.num_rows, bool)
    for name, pattern in ((column, defect.matching), *defect.when.items()):
        values = flat(rows[name])
        matches = (
            pc.is_null(values) if pattern is None else pc.fill_null(pc.match_substring_regex(values, pattern), False)
        )
        fit &= matches.to_numpy(zero_copy_only=False)
    if not defect.repairable and "change_kind" in rows.column_names:
        # Of a cancelled record only the key counts: what else it says is not judged.
        fit &= ~pc.fill_null(pc.equal(rows["change_kind"], "D"), False).to_numpy(zero_copy_only=False)
    return fit if defect.fit is None or city is None else fit & defect.fit(city, rows)


def _replaced(column: pa.StringArray, struck: list[tuple[np.ndarray, list[str | None]]]) -> pa.StringArray:
    places = np.concatenate([places for places, _ in struck])
    texts = pa.array([text for _, texts in struck for text in texts], pa.string())
    order = np.argsort(places, kind="stable")
    mask = np.zeros(len(column), bool)
    mask[places] = True
    return flat(pc.replace_with_mask(column, pa.array(mask), texts.take(pa.array(order))))


def truth_of(findings: list[Finding], written: Written, dataset: str, date: Date) -> pa.Table:
    """Rows of the truth file for one part, now that it is known on which physical row each record lies."""
    parts = []
    for finding in findings:
        size = len(finding.places)
        delivered = written.lines.get(finding.kind, finding.delivered)
        parts.append(
            pa.table(
                [
                    pa.array([dataset] * size), pa.array([date] * size, pa.date32()), pa.array([written.source_file] * size),
                    pa.array(written.rows[finding.places], pa.int64()), pa.array([finding.column] * size, pa.string()),
                        pa.array([finding.kind] * size),
                    pa.array([finding.repairable] * size), pa.array([finding.row_detectable] * size), pa.array(delivered, pa.string()),
                    pa.array(finding.true_values, pa.string()),
                ],
                schema=TRUTH_SCHEMA,
            )
        )  # fmt: skip
    return pa.concat_tables(parts) if parts else TRUTH_SCHEMA.empty_table()
