"""The files: ``data/reports/cockpit.html``, ``cockpit.en.html`` and, behind them, ``cockpit/zh`` and ``cockpit/en``.

Those are of the newest date that was scored; an older date's lie in the same order under ``data/reports/<date>``."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import Any

from govdata.deployment import SHANGHAI, Deployment
from govdata.reports import page
from govdata.reports.cockpit import pages
from govdata.reports.cockpit.figures import Scope
from govdata.reports.cockpit.reading import Told, read
from govdata.reports.cockpit.tables import Names, file_name
from govdata.reports.cockpit.words import Language
from govdata.standards.model import Registry
from govdata.storage import files, permissions

STYLE = "cockpit.css"
FRONT: dict[Language, str] = {"zh": "cockpit.html", "en": "cockpit.en.html"}
FOLDER = "cockpit"


@dataclass(frozen=True)
class Cockpit:
    """``page``: the front page, ``english`` the same in English; ``behind``: how many pages lie behind them."""

    page: Path
    english: Path
    behind: int


def write(
    registry: Registry, deployment: Deployment, date: Date | None = None, made: datetime | None = None
) -> Cockpit:
    """Write the cockpit of a date (default: the newest that was scored). ``made``: the time that is told, Beijing.

    Raises ``GovdataError`` where nothing was scored then."""
    told = read(registry, deployment, date)
    moment = made or datetime.now(SHANGHAI).replace(tzinfo=None)
    target = deployment.reports if told.is_newest else deployment.reports / told.asked.date.isoformat()
    things = pages.things(told)
    districts = {row["district"]: row["name"] for row in told.city["districts"]}
    known = {(of, value) for of, values in things.items() for value in values}
    built = _begun(target / FOLDER)
    fronts = {}
    for language in FRONT:
        front = Names(language, registry, districts, known, f"{FOLDER}/{language}/")
        fronts[language] = _front(told, registry, front, moment)
        behind = Names(language, registry, districts, known, "")
        (built / language).mkdir(parents=True)
        for of, values in things.items():
            for value in values:
                _put(built / language / file_name(of, value), _behind(told, behind, of, value, moment))
    _swap(built, target / FOLDER)
    for language, text in fronts.items():
        written = files.temporary(target / FRONT[language])
        _put(written, text)
        files.put(written, target / FRONT[language])
    return Cockpit(target / FRONT["zh"], target / FRONT["en"], len(FRONT) * sum(map(len, things.values())))


def _front(told: Told, registry: Registry, names: Names, made: datetime) -> str:
    other: Language = "en" if names.language == "zh" else "zh"
    return _page("cockpit.html.jinja", {**pages.city_page(told, registry, names, made), "other": FRONT[other]})


def _behind(told: Told, names: Names, of: Scope, value: str, made: datetime) -> str:
    other = "en" if names.language == "zh" else "zh"
    shown = pages.drill_page(told, names, of, value, made)
    home = f"../../{FRONT[names.language]}"
    return _page("cockpit_drill.html.jinja", {**shown, "other": f"../{other}/{shown['file']}", "home": home})


def _page(template: str, told: dict[str, Any]) -> str:
    return page.rendered(template, STYLE, told)


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    permissions.freeze(path)


def _begun(target: Path) -> Path:
    """An empty folder beside ``target`` to be filled; ``prune`` removes what a dead run left."""
    built = files.temporary(target)
    shutil.rmtree(built, ignore_errors=True)  # of this process, which failed before
    built.mkdir()
    return built


def _swap(built: Path, target: Path) -> None:
    """Pages of what is no more (a rule that passes again) go with the old folder. Whoever dies in between leaves no
    pages behind the front page until it is written again, as the next night does."""
    old = files.temporary(target.with_name(f"{target.name}.old"))
    if target.exists():
        target.rename(old)
    built.rename(target)
    shutil.rmtree(old, ignore_errors=True)
