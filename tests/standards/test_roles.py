"""What an officer writes in ``standards/roles.yaml`` and how a mistake in it is told."""

from __future__ import annotations

import pytest

from govdata.standards import load, problems
from tests.standards.conftest import Folder

SOUND = "clerk:\n  name: 窗口\n  level: 1\n  elements: [citizen_id]\n  hides: [sex]\n  doors: [person]\n"


def test_a_role_sees_what_is_low_or_named_but_not_what_it_hides(folder: Folder) -> None:
    (folder.root / "roles.yaml").write_text(SOUND, encoding="utf-8")

    clerk = load(folder.root).roles["clerk"]

    seen = [clerk.sees(*asked) for asked in (("citizen_id", 3), ("sex", 1), ("other", 1), ("other", 2))]
    assert seen == [True, False, True, False]


def test_without_the_page_there_are_no_roles(folder: Folder) -> None:
    assert load(folder.root).roles == {}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[citizen_id]", "[citizen_di]", "没有数据元“citizen_di”，是否想写 citizen_id"),
        ("hides: [sex]", "hides: [sxe]", "没有数据元“sxe”，是否想写 sex"),
        ("doors: [person]", "doors: [vault]", "clerk.doors.0"),
        ("doors: [person]", "doors: []", "clerk.doors"),
        ("level: 1", "level: 9", "clerk.level"),
        ("clerk:", "Clerk:", "角色应以小写字母开头"),
        ("  name: 窗口\n", "", "clerk 缺少“name”"),
        (SOUND, "[clerk]\n", "应是 角色: 内容"),
    ],
)
def test_a_mistake_is_told_with_its_place(folder: Folder, old: str, new: str, told: str) -> None:
    (folder.root / "roles.yaml").write_text(SOUND.replace(old, new), encoding="utf-8")

    found = problems(folder.root)

    assert [
        problem for problem in found if problem.file == "roles.yaml" and told in f"{problem.where} {problem.message}"
    ], found
