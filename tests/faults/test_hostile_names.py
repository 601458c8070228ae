"""Names that deliverers choose, through the real command line: nothing that a terminal obeys or a reader of Markdown
renders gets out."""

from __future__ import annotations

import json
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from openpyxl import Workbook

from govdata.night import instance
from tests.faults import city
from tests.faults.conftest import Place
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]

NAMES = [
    b"\x1b[2J\x1b[31m\xe7\xba\xa2.csv",
    "a\n数据集被阻断：人口\r\x07.csv".encode(),
    "发票\u202evsc.\u200b\u2066.csv".encode(),
    b"\xff\xfe\x9b31m.csv",
    b"<img src=x onerror=alert(1)>.csv",
    "![](图) [x](javascript:alert(1)).csv".encode(),
    b"# `x` | *y* | __z__ ~~w~~.csv",
]


def demand_harmless(text: str) -> None:
    found = {
        f"U+{ord(char):04X}"
        for char in text
        if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    assert not found, (found, text)
    text.encode("utf-8")


def live(page: str) -> set[str]:
    """What of a page would be rendered as anything but headings of ours, lists and text."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(page)
    kinds = {part.type for token in tokens for part in (token, *(token.children or ()))}
    plain = ("text", "text_special", "softbreak", "inline", "paragraph_open", "paragraph_close")
    return {
        kind for kind in kinds if kind not in plain and not kind.startswith(("bullet_list_", "list_item_", "heading_"))
    }


def test_names_of_files_members_and_sheets(zygote: Zygote, tmp_path: Path) -> None:
    place = Place(city.lay_down(tmp_path / "home", 1), zygote, tmp_path / "log")
    folder = place.deployment.delivery("cards", city.day(0))
    for name in NAMES:
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(b"")
    os.symlink("/etc/passwd", os.path.join(os.fsencode(folder), b"\x1b]0;x\x07link.csv"))
    assert place.run(0) == 3
    os.unlink(os.path.join(os.fsencode(folder), b"\x1b]0;x\x07link.csv"))
    assert place.run(0) == 3  # now for what is in the files
    pages = sorted(place.deployment.alerts.glob("*.md"))
    assert len(pages) == 2
    for page in pages:
        text = page.read_text(encoding="utf-8")
        demand_harmless(text)
        assert not live(text) and text.count("\n# ") == 0
        demand_harmless("".join(json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["reasons"]))
    assert "\\\\x1b\\[2J" in text and "\\\\u202e" in text and "\\\\udcff" in text and "&lt;img" in text
    demand_harmless(place.log.read_text(encoding="utf-8"))
    with instance(place.deployment) as dagster:
        for record in dagster.get_run_records():
            for entry in dagster.all_logs(record.dagster_run.run_id):
                failure = (
                    entry.dagster_event
                    and entry.dagster_event.is_step_failure
                    and entry.dagster_event.step_failure_data
                )
                if failure and failure.user_failure_data:
                    demand_harmless(failure.user_failure_data.description or "")


def test_what_is_read_well_under_such_a_name(zygote: Zygote, tmp_path: Path) -> None:
    """It is published, and the closing table, ``inspect`` and ``sql`` show the names."""
    place = Place(city.lay_down(tmp_path / "home", 1), zygote, tmp_path / "log")
    (plain,) = place.deployment.delivery("cards", city.day(0)).iterdir()
    packed, book = plain.with_name("借阅证_全量\x1b[2J\u202e.zip"), Workbook()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, "借阅证_全量\x1b[31m\n\u202e.csv")
    plain.unlink()
    book.active.title = "\u202e说明\u200b"  # type: ignore[union-attr]
    book.save(folder_of_rooms := place.deployment.delivery("rooms", city.day(0)) / "\u2067阅览室.xlsx")
    assert place.run(0) in (0, 3)
    home = place.deployment.home
    for path in (packed, folder_of_rooms):
        zygote.run(home, "inspect", str(path), log=place.log)
    assert (
        zygote.run(home, "sql", "SELECT DISTINCT _source_file, chr(27) || '[2J' FROM published.cards", log=place.log)
        == 0
    )
    said = place.log.read_text(encoding="utf-8")
    demand_harmless(said)
    assert "\\x1b[2J" in said
