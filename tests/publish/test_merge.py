"""Snapshots merged on read equal a full rebuild by a naive model, whatever the deltas, corrections, thresholds and
standards."""

from __future__ import annotations

import random
import tempfile
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.errors import GateBlocked
from govdata.publish import merge, visible
from tests.publish.nights import City, Row, person, registry

START = Date(2026, 3, 1)


def rows_of(city: City, snapshot: Snapshot) -> set[tuple]:
    """(key, name, operation) of the rows that count."""
    if not snapshot.files:
        return set()
    with duckdb.connect() as connection:
        found = connection.execute(visible(snapshot, city.deployment, "b.citizen_id, b.name, b.change_kind")).fetchall()
    assert len(found) == len(set(found)) == snapshot.rows
    return set(found)


def rebuilt(deliveries: dict[Date, tuple[str, list[Row]]], upto: Date) -> set[tuple]:
    """The naive model: all deliveries since the last whole, one below the other; the last row of each key counts unless
    it is cancelled."""
    frames: list[pd.DataFrame] = []
    for date in sorted(day for day in deliveries if day <= upto):
        mode, rows = deliveries[date]
        frame = pd.DataFrame(rows, columns=["citizen_id", "name", "change_kind"], dtype=object)
        frames = [frame] if mode == "snapshot" else [*frames, frame]
    every = pd.concat(frames)
    last = pd.concat(
        [every[every.citizen_id.isna()], every[every.citizen_id.notna()].drop_duplicates("citizen_id", keep="last")]
    )
    last = last[last.change_kind != "D"]
    return {tuple(None if pd.isna(value) else value for value in row) for row in last.itertuples(index=False)}


def stored(city: City, date: Date) -> Snapshot:
    snapshot = Snapshot.read(Snapshot.path(city.deployment, "people", date))
    assert snapshot is not None
    return snapshot


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, str, list[tuple[int, str | None]]]]:
    """(day, mode, [(person, operation)]) in the order they are delivered; a day may come again (corrected), and not in
    order of date."""
    change = st.tuples(st.integers(0, 12), st.sampled_from(["I", "U", "D", None]))
    whole = draw(st.lists(change, min_size=1, max_size=12))
    later = st.tuples(
        st.integers(0, 5), st.sampled_from(["delta", "delta", "delta", "snapshot"]), st.lists(change, max_size=6)
    )
    return [(0, "snapshot", whole), *draw(st.lists(later, min_size=1, max_size=6))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "unique"),
    [((0.03, 64), True), ((0.4, 64), True), ((0.25, 2), False), ((1.1, 2), False), ((1.1, 1000), False)],
    ids=[
        "usual limits",
        "some files",
        "some files, few files, keys repeat",
        "few files, keys repeat",
        "never compacted, keys repeat",
    ],
)
def test_equals_a_rebuild(limits: tuple[float, int], unique: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "MAX_HIDDEN", limits[0])
    monkeypatch.setattr(merge, "WORN", limits[0] / 2)
    monkeypatch.setattr(merge, "MAX_DELTA_FILES", limits[1])
    standards = registry(unique_key=unique)

    @settings(
        max_examples=7,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def check(history: list[tuple[int, str, list[tuple[int, str | None]]]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            city = City(Deployment(Path(folder)), standards)
            deliveries: dict[Date, tuple[str, list[Row]]] = {}
            for turn, (day, mode, changes) in enumerate(history):
                date = START + timedelta(days=day)
                if unique:
                    changes = list(dict(changes).items())
                rows = [
                    person(number, f"名{turn}-{index}", operation) for index, (number, operation) in enumerate(changes)
                ]
                if day == 0 and mode == "delta":
                    mode = "snapshot"
                deliveries[date] = (mode, rows)
                city.publish(city.deliver("people", date, rows, mode=mode, files=1 + turn % 2))  # type: ignore[arg-type]
                for known in deliveries:
                    assert rows_of(city, stored(city, known)) == rebuilt(deliveries, known)

    check()


@pytest.mark.slow
def test_many_nights(city: City) -> None:
    """Thirty nights at usual thresholds: every kind of change, compactions on the way, the view equals the model."""
    chance = random.Random(5)
    deliveries: dict[Date, tuple[str, list[Row]]] = {}
    compacted = 0
    for day in range(30):
        date = START + timedelta(days=day)
        if day == 0:
            rows = [person(number) for number in range(200)]
        else:
            rows = [person(number, f"名{day}", chance.choice("IUUUD")) for number in chance.sample(range(220), 4)]
        deliveries[date] = ("delta" if day else "snapshot", rows)
        snapshot = city.publish(city.deliver("people", date, rows, mode="delta" if day else "snapshot"))
        assert rows_of(city, snapshot) == rebuilt(deliveries, date)
        assert snapshot.hidden <= merge.MAX_HIDDEN * (snapshot.hidden + snapshot.rows)
        compacted += any(Path(file).name.startswith(f"base-{snapshot.snapshot_id}") for file in snapshot.files)
    assert 8 <= compacted <= 20


def test_the_same_few_people_night_after_night_leave_the_base_alone(city: City) -> None:
    """Their earlier rows are hidden in earlier deltas: those go, and the great file is neither read nor written
    anew."""
    first = city.publish(city.deliver("people", START, [person(number) for number in range(300)], mode="snapshot"))
    for day in range(1, 12):
        rows = [person(number, f"名{day}", "U") for number in range(3)]
        snapshot = city.publish(city.deliver("people", START + timedelta(days=day), rows))
        assert snapshot.files[0] == first.files[0] and snapshot.base_files <= 2
        assert snapshot.rows == 300 and len(snapshot.files) <= 4
    city.rebuild()
    assert city.query("SELECT name, count(*) FROM published.people GROUP BY 1 ORDER BY 2") == [
        ("名11", 3),
        ("张三", 297),
    ]


def test_many_delta_files_become_one_and_the_base_stays(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "MAX_DELTA_FILES", 3)
    first = city.publish(city.deliver("people", START, [person(number) for number in range(300)], mode="snapshot"))
    files = []
    for day in range(1, 6):
        snapshot = city.publish(
            city.deliver("people", START + timedelta(days=day), [person(day, f"名{day}", "U"), person(500 + day)])
        )
        files.append((snapshot.base_files, len(snapshot.files), snapshot.rows))
        assert snapshot.files[0] == first.files[0]
    assert files == [(1, 2, 301), (1, 3, 302), (1, 4, 303), (2, 2, 304), (2, 3, 305)]
    assert len(rows_of(city, snapshot)) == 305


def test_a_delta_costs_no_copy(city: City) -> None:
    first = city.publish(city.deliver("people", START, [person(n) for n in range(100)], mode="snapshot"))
    batch = city.deliver(
        "people", START + timedelta(days=1), [person(3, "新名", "U"), person(4, operation="D"), person(500)]
    )
    second = city.publish(batch)
    assert second.files[:1] == first.files and second.base_files == 1
    assert city.deployment.absolute(second.files[1]).samefile(city.deployment.absolute(batch.clean_files[0]))
    assert (second.rows, second.hidden) == (100, 3)
    assert second.base_snapshot_id == first.snapshot_id and second.lineage == (START, START + timedelta(days=1))


def test_rows_without_a_key_stay(city: City) -> None:
    city.registry = registry(unique_key=False)
    whole = [person(1), person(2, citizen_id=None), person(3, citizen_id=None)]
    city.publish(city.deliver("people", START, whole, mode="snapshot"))
    delta = [person(1, "乙", "U"), person(4, citizen_id=None)]
    assert city.publish(city.deliver("people", START + timedelta(days=1), delta)).rows == 4


def test_new_column(city: City) -> None:
    """A changed contract rewrites the older rows in its columns; a column that is new is NULL in them."""
    city.registry = registry(people_columns=("citizen_id", "name", "change_kind"))
    city.night("people", START, [person(1), person(2)], mode="snapshot")
    city.registry = registry(people_columns=("citizen_id", "amount", "name", "birth_date", "change_kind"))
    snapshot = city.night("people", START + timedelta(days=1), [person(2, "乙", "U"), person(3)])
    assert snapshot.rows == 3
    assert city.query("SELECT name, birth_date IS NULL, amount IS NULL FROM published.people ORDER BY citizen_id") == [
        ("张三", True, True),
        ("乙", False, False),
        ("张三", False, False),
    ]
    assert [row[0] for row in city.query("DESCRIBE published.people")][:5] == [
        "citizen_id",
        "amount",
        "name",
        "birth_date",
        "change_kind",
    ]


def test_changed_type(city: City) -> None:
    """Older rows are converted where all of them can be; where one cannot, the night is blocked and the old table
    stays."""
    text = {"birth_date": pa.string()}
    city.night(
        "people",
        START,
        [person(1, birth_date="1990-01-01"), person(2, birth_date="1991-02-03")],
        mode="snapshot",
        types=text,
    )
    city.night("people", START + timedelta(days=1), [person(2, "乙", "U")])
    assert city.query("SELECT birth_date FROM published.people ORDER BY citizen_id") == [(Date(1990, 1, 1),)] * 2
    city.night(
        "people",
        START + timedelta(days=2),
        [person(7, birth_date="某日"), person(8, birth_date="1990-01-01")],
        mode="snapshot",
        types=text,
    )
    with pytest.raises(GateBlocked, match="birth_date 的类型由 VARCHAR 改为 DATE，以前发布的 1 行"):
        city.publish(city.deliver("people", START + timedelta(days=3), [person(9)]))
    city.rebuild()
    assert city.query("SELECT count(*) FROM published.people") == [(2,)]
