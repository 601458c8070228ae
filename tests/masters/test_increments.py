"""A night's difference laid on the snapshot before is what a rebuild of all rows gives, whatever the nights bring."""

from __future__ import annotations

import random
import shutil
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import pytest

from govdata import checks, engine, governance, ingest, masters, publish
from govdata.batches import RawBatch, Snapshot, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.errors import GateBlocked
from govdata.governance.log import Event, writing
from govdata.masters import increments
from govdata.masters.conflicts import LINE
from govdata.operations.backup import backup, restore
from govdata.publish import scorecard
from govdata.publish.layers import Layer
from govdata.standards.derivations import Links, Survivors
from govdata.storage import sql
from govdata.storage.secret import secret
from govdata.storage.tables.masters import ELEMENT_OVERLAP, LINK_COVERAGE, MASTER_CHANGES
from tests.governance.conftest import settings_text
from tests.masters import test_timelines
from tests.masters.conftest import ELEMENTS, PLACES, Small, contract, small_at
from tests.masters.test_masters import CONFLICT, LINK, MASTER, MORE

FIRST = Date(2026, 11, 1)
SECOND = FIRST + timedelta(days=1)
PAGE = """\
name: 自然人
owner: 数据局
identifiers:
  number: {name: 号码, valid: "matches(value, 'A[0-9]+')", implies: {old: "substr(value, 2)"}}
  old: {name: 旧号码, valid: "matches(value, '[0-9]+')"}
mentions:
  resident: {name: 居民, dataset: people, identifiers: {number: id}, values: {name: name, place: place, state: state}}
  husband: {name: 男方, dataset: weddings, identifiers: {number: man, old: man}, values: {name: man_name}, date: day}
  wife: {name: 女方, dataset: weddings, identifiers: {number: woman}}
  mother: {name: 母亲, dataset: births, identifiers: {number: mother, old: mother}, values: {place: place}, date: born}
  child: {name: 子女, dataset: births, identifiers: {number: child}}
elements:
  name: {name: 姓名, identifying: true, sources: [{mentions: [resident]}, {mentions: [husband]}]}
  place: {name: 地方, sources: [{mentions: [resident]}, {mentions: [mother], fills: false}]}
  state: {name: 状态, latest: true, sources: [{mentions: [resident], where: "value = '1'"}]}
bounds: {merged: 1, split: 1, moved: 1, gone: 1}
found_in: resident
"""
PEOPLE = {"op": "words", "name": "words", **test_timelines.PEOPLE}
WEDDINGS = {"no": "key", "kind": "words", "man": "words", "man_name": "words", "woman": "words", "day": "day"}
BIRTHS = {"no": "key", "mother": "words", "child": "words", "place": "place", "born": "day"}
SOURCES = {
    "people": (PEOPLE, "id", "{property: delivery, value: {mode: delta, key: [id], operation: op}}"),
    "weddings": (WEDDINGS, "no", "{property: delivery, value: {mode: delta, key: [no]}}"),
    "births": (BIRTHS, "no", "{property: delivery, value: {mode: snapshot}}"),
}
DERIVED = {
    "person_link": (LINK, "mention_id", "{property: origin, value: {links: {master: person}}}"),
    "person": (MASTER, "person_id", "{property: origin, value: {survivors: {master: person, links: person_link}}}"),
    "conflicts": (CONFLICT, LINE, "{property: origin, value: {conflicts: {links: {person: person_link}}}}"),
    **test_timelines.TABLES,
}
Rows = dict[str, dict[str, str]]


class City:
    """Three registers that change at random; ``deliver`` hands in what of them a night brings."""

    def __init__(self, small: Small, seed: int) -> None:
        self.small, self.chance = small, random.Random(seed)
        self.number = 0
        self.registers: dict[str, Rows] = {name: {} for name in SOURCES}
        for _ in range(12):
            self.add("people")
        for _ in range(6):
            self.add("weddings")
            self.add("births")

    def someone(self) -> str:
        """A number, its old form, or nothing that is one."""
        known = self.chance.choice(sorted(self.registers["people"]) or ["A1"])
        return self.chance.choice([known, known, known, known[1:], f"A{self.chance.randrange(90, 94)}", "无名"])

    def day(self) -> str:
        return str(Date(1990, 1, 1) + timedelta(days=self.chance.randrange(9000)))

    def add(self, name: str) -> str:
        self.number += 1
        key = f"{'A' if name == 'people' else 'N'}{self.number}"
        self.registers[name][key] = {}
        self.change(name, key)
        return key

    def change(self, name: str, key: str) -> None:
        chance, row = self.chance, self.registers[name][key]
        place, state = chance.choice(["190101", "190102", ""]), chance.choice("112")
        fresh = {
            "people": {
                "op": "U", "name": chance.choice("甲乙丙丁"), "id": key, "place": place,
                "home": chance.choice(["一号", "二号", ""]), "born": self.day(),
                "died": self.day() if state == "2" else "", "state": state,
            },
            "weddings": {
                "no": key, "kind": chance.choice("1123"), "man": self.someone(), "man_name": chance.choice("甲乙丙丁"),
                "woman": self.someone(), "day": self.day(),
            },
            "births": {
                "no": key, "mother": self.someone(), "child": self.someone(), "place": place, "born": self.day(),
            },
        }[name]  # fmt: skip
        kept = chance.sample(sorted(row), len(row) // 2)
        row.update(
            {column: text for column, text in fresh.items() if column not in kept or column in ("op", "id", "no")}
        )

    def night(self, date: Date) -> None:
        """What each register brings, if anything; a register that renumbers has the same rows under other keys."""
        for name in SOURCES:
            register, chance = self.registers[name], self.chance
            if date != FIRST and chance.random() < 0.3:
                continue
            news: list[dict[str, str]] = []
            touched = set(register) if date == FIRST else set(chance.sample(sorted(register), min(2, len(register))))
            for key in sorted(touched) if date != FIRST else ():
                self.change(name, key)
            if date != FIRST and chance.random() < 0.5:
                touched.add(self.add(name))
            if date != FIRST and chance.random() < 0.5 and len(register) > 3:
                gone = chance.choice(sorted(register))
                news += [register.pop(gone) | {"op": "D"}] if name == "people" else []
                touched.discard(gone)
                if name == "weddings":
                    touched.discard(gone)
            if name != "births":
                news += [register[key] for key in sorted(touched)]
            else:
                news = [register[key] for key in sorted(register)]
                chance.shuffle(news)
            self.hand_in(name, date, news)

    def hand_in(self, name: str, date: Date, rows: list[dict[str, str]]) -> None:
        """Publish the rows as the delivery of the date, in the place of what was delivered then."""
        registry, home = self.small.registry, self.small.deployment
        columns = SOURCES[name][0]
        lines = [",".join(columns), *(",".join(row[column] for column in columns) for row in rows)]
        folder = home.delivery(name, date)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "交付.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        dataset = registry.datasets[name]
        delivery = ingest.receive(home, dataset, date)
        assert delivery is not None
        batch = engine.standardize(ingest.ingest(delivery, dataset, registry, home), dataset, registry, home)
        checks.validate(batch, dataset, registry, home)
        publish.publish(batch, dataset, registry, home)


def derive(deployment: Deployment, date: Date) -> None:
    registry = Small(deployment).registry
    for name in registry.derived:
        masters.publish_derived(registry.datasets[name], registry, deployment, date)


def rebuilt(deployment: Deployment, date: Date, folder: Path, patch: pytest.MonkeyPatch) -> dict[str, list[tuple]]:
    """The derived tables of the date, made whole in a copy."""
    copy = Deployment(shutil.copytree(deployment.home, folder))
    with patch.context() as whole:
        whole.setattr(increments, "MOST_LAYERS", 0)
        derive(copy, date)
    made = shown(copy, date)
    shutil.rmtree(folder)
    return made


def shown(deployment: Deployment, date: Date) -> dict[str, list[tuple]]:
    """Table → its rows on the date, as they are published; with the figures of the checks of links and masters."""
    found = {}
    with sql.connection(deployment, "shown") as connection:
        for name, (columns, _, _) in DERIVED.items():
            snapshot = publish.newest(deployment, name, date)
            assert snapshot is not None and snapshot.date == date
            if not snapshot.files:
                found[name] = []
                continue
            query = publish.visible(snapshot, deployment, ", ".join(f"b.{column}" for column in (*columns, "_row_id")))
            found[name] = sorted(connection.execute(query).fetchall(), key=str)
            assert len(found[name]) == snapshot.rows
        for table in (ELEMENT_OVERLAP, LINK_COVERAGE, MASTER_CHANGES):
            path = scorecard.path(deployment, table, date, "person")
            if path.exists():  # of the first night nothing changed
                found[table.name] = connection.execute(f"FROM {sql.parquet([path])} ORDER BY ALL").fetchall()
    for name, checks_of in {"person_link": Links.CHECKS, "person": Survivors.CHECKS}.items():
        verdict = Verdict.read(Verdict.path(deployment, name, date))
        assert verdict is not None
        found[f"{name} checks"] = [
            (each.name, each.checked, each.failed, each.figures) for each in verdict.outcomes if each.name in checks_of
        ]
    return found


def declared(folder: Path) -> Small:
    small = small_at(folder)
    small.write("elements/more.yaml", MORE)
    for name, (columns, key, origin) in (SOURCES | DERIVED).items():
        small.write(f"datasets/{name}.odcs.yaml", contract(name, f"{name}部门", columns, key, origin.strip()))
    small.write("masters/person.yaml", PAGE)
    secret(small.deployment)  # a copy must know masters by the same
    return small


def is_layer(deployment: Deployment, name: str, date: Date) -> bool:
    raw = RawBatch.read(RawBatch.path(deployment, name, date))
    return raw is not None and raw.base is not None


def as_of(small: Small, date: Date) -> dict[str, list[tuple]]:
    """The same as the catalogue shows it."""
    rooms = {"conflicts": "governance"}
    return {
        name: sorted(
            small.ask(
                f"SELECT {', '.join(columns)}, _row_id FROM {rooms.get(name, 'published')}.{name}_at(DATE '{date}')"
            ),
            key=str,
        )
        for name, (columns, _, _) in DERIVED.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_nights_laid_on_one_another_are_what_rebuilds_give(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(increments, "MOST_NEW", 9.0)
    small = declared(tmp_path / "home")
    city, home = City(small, seed), small.deployment
    kept: dict[Date, dict[str, list[tuple]]] = {}
    for number in range(5):
        date = FIRST + timedelta(days=number)
        city.night(date)
        kept[date] = rebuilt(home, date, tmp_path / "whole", monkeypatch)
        derive(home, date)
        assert shown(home, date) == kept[date]
        assert is_layer(home, "person", date) == (number > 0)
        if number == 2:  # a past delivery is corrected, and its date run again, but not the dates after it
            past = FIRST + timedelta(days=1)
            corrected = [city.registers["weddings"][key] for key in sorted(city.registers["weddings"])]
            city.hand_in("weddings", past, corrected[:2])
            kept[past] = rebuilt(home, past, tmp_path / "whole", monkeypatch)
            derive(home, past)
        if number == 3:  # what nothing needs is removed; the night after it lies on what is left
            publish.prune(home, small.registry, keep_days=1, keep_month_ends=0, today=date, grace=timedelta(0))
            kept = {day: rows for day, rows in kept.items() if day >= date - timedelta(days=1)}
        for day, rows in kept.items():
            assert shown(home, day) == rows
    before = RawBatch.read(RawBatch.path(home, "person", date))
    derive(home, date)
    assert RawBatch.read(RawBatch.path(home, "person", date)) == before
    tables = {day: {name: rows[name] for name in DERIVED} for day, rows in kept.items()}
    assert {day: as_of(small, day) for day in kept} == tables


PERSON = dict.fromkeys(PEOPLE, "") | {"op": "U", "name": "甲", "state": "1"}
WEDDING = {"no": "N1", "kind": "1", "man": "A1", "man_name": "甲", "woman": "A2", "day": "2001-01-01"}
BIRTH = {"no": "N2", "mother": "A2", "child": "A9", "place": "190101", "born": "2003-01-01"}
SETTINGS = settings_text("[name]", "{people部门: {code: RK}, weddings部门: {code: HY}, births部门: {code: CS}}")


@pytest.fixture
def two_nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> City:
    """On the second one person is renamed and one is gone: of the rest nothing is written anew."""
    monkeypatch.setattr(increments, "MOST_NEW", 9.0)
    city = City.__new__(City)
    city.small = declared(tmp_path / "home")
    people = {key: PERSON | {"id": key} for key in ("A1", "A2", "A3")}
    city.hand_in("people", FIRST, list(people.values()))
    city.hand_in("weddings", FIRST, [WEDDING])
    city.hand_in("births", FIRST, [BIRTH])
    derive(city.small.deployment, FIRST)
    city.hand_in("people", SECOND, [people["A1"] | {"name": "乙"}, people["A3"] | {"op": "D"}])
    return city


def test_a_night_is_laid_on_the_one_before_and_shows_what_a_rebuild_does(
    two_nights: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = two_nights.small.deployment
    whole = rebuilt(home, SECOND, tmp_path / "whole", monkeypatch)

    derive(home, SECOND)

    assert shown(home, SECOND) == whole
    raw = RawBatch.read(RawBatch.path(home, "person", SECOND))
    snapshot = Snapshot.read(Snapshot.path(home, "person", SECOND))
    assert raw is not None and snapshot is not None
    assert (raw.rows, snapshot.rows) == (1, 3)  # A1 is told anew; A1, A2 and A9 are there
    assert raw.base == snapshot.base_snapshot_id


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True], ids=["damaged", "lost"])
def test_a_damaged_list_of_rows_that_are_gone_is_told_of_and_made_again(
    two_nights: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    home, third = two_nights.small.deployment, SECOND + timedelta(days=1)
    derive(home, SECOND)
    two_nights.hand_in("people", third, [PERSON | {"id": "A4"}])
    whole = rebuilt(home, third, tmp_path / "whole", monkeypatch)
    derive(home, third)
    layer = Layer.read(Layer.path(home, "person", SECOND))
    batch = StandardizedBatch.read(StandardizedBatch.path(home, "person", third))
    assert layer is not None and batch is not None and len(layer.gone) == 1
    damaged = home.absolute(layer.gone[0])
    damaged.unlink() if lost else damaged.write_bytes(damaged.read_bytes()[:-9])
    for date in (SECOND, third):  # to be merged again from their layers
        Snapshot.path(home, "person", date).unlink()

    with pytest.raises(GateBlocked, match=f"{SECOND} 的已发布文件缺失或损坏"):
        publish.publish(batch, two_nights.small.registry.datasets["person"], two_nights.small.registry, home)
    for date in (SECOND, third):
        derive(home, date)

    assert shown(home, third) == whole


@pytest.mark.slow
def test_a_restored_city_goes_on_with_the_difference(two_nights: City, tmp_path: Path) -> None:
    home, third = two_nights.small.deployment, SECOND + timedelta(days=1)
    derive(home, SECOND)
    backup(home, two_nights.small.registry, tmp_path / "city.tar")
    restore(tmp_path / "city.tar", tmp_path / "again")
    restored = Deployment(tmp_path / "again")
    assert shown(restored, SECOND) == shown(home, SECOND)

    for there in (home, restored):
        two_nights.small = Small(there)
        two_nights.hand_in("people", third, [PERSON | {"id": "A4"}])
        derive(there, third)

    assert is_layer(restored, "person", third) and is_layer(restored, "conflicts", third)
    assert shown(restored, third) == shown(home, third)


def waive(small: Small, rule_id: str, date: Date) -> None:
    governance.judge_night(small.registry, small.deployment, date)
    (order,) = [order for order in governance.state_of(small.deployment).orders.values() if order.rule_id == rule_id]
    said = {"date": date, "kind": "WAIVE", "actor": "张三", "order": order.number, "reason": "确有此地"}
    with writing(small.deployment) as log:
        log.append([Event.model_validate({**said, "until": date + timedelta(days=9)})])


@pytest.mark.slow
@pytest.mark.parametrize("waived", [False, True], ids=["standards", "waiver"])
def test_what_a_past_night_is_given_back_is_in_the_layers_of_the_nights_that_are_made_again(
    waived: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rejudging changes snapshots that derived tables were made of. Under new standards they are made whole; under a
    waiver they are layers whose base says nothing any more of what its inputs were."""
    monkeypatch.setattr(increments, "MOST_NEW", 9.0)
    city = City.__new__(City)
    city.small = small = declared(tmp_path / "home")
    home, third = small.deployment, SECOND + timedelta(days=1)
    small.write("elements/all.yaml", ELEMENTS.replace("severity: warning", "severity: error, empties: false"))
    small.write("workorders.yaml", SETTINGS)
    people = {key: PERSON | {"id": key, "place": "190101"} for key in ("A1", "A2", "A4")}
    held = people["A4"] | {"place": "199999"}
    city.hand_in("people", FIRST, [people["A1"], people["A2"], held])
    city.hand_in("weddings", FIRST, [WEDDING | {"man": "A4", "man_name": "丁"}])
    city.hand_in("births", FIRST, [BIRTH])
    derive(home, FIRST)
    city.hand_in("people", SECOND, [people["A1"] | {"name": "乙"}])
    derive(home, SECOND)
    if waived:
        waive(small, "place.code_set", FIRST)
    else:
        small.write("codes/places.csv", PLACES + "199999,新区,,190100,2000,,,\n")

    made = governance.rejudge(small.registry, home, SECOND)

    assert [(each.dataset, each.date, each.released, each.problem) for each in made] == [("people", FIRST, 1, None)]
    for date in (FIRST, SECOND):
        whole = rebuilt(home, date, tmp_path / "whole", monkeypatch)
        derive(home, date)
        assert shown(home, date) == whole
        assert "A4" in {row[2] for row in whole["person"]}
    assert is_layer(home, "person_link", SECOND)
    city.hand_in("people", third, [people["A2"] | {"name": "丙"}])
    whole = rebuilt(home, third, tmp_path / "whole", monkeypatch)
    derive(home, third)
    assert shown(home, third) == whole and is_layer(home, "person_link", third)
