"""The log of who looked at whom: only added to, without values, shown in the catalogue."""

from __future__ import annotations

from datetime import date as Date

import duckdb
import pytest

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.publish import rebuild_catalogue
from govdata.standards import load
from govdata.storage import access_log

UNTIL = Date(2026, 12, 31)


@pytest.mark.slow
def test_a_line_for_each_subject_in_the_order_of_the_looks(deployment: Deployment) -> None:
    assert access_log.read(deployment) == []
    access_log.record(deployment, "look", purpose="窗口办理", subjects=["ab", "cd"], door="person", actor="张三")
    access_log.record(
        deployment, "screen", purpose="低保核对", subjects=["f" * 64], door="screen", rows=200, expires=UNTIL
    )
    looks = access_log.read(deployment)
    assert [(look.actor, look.action, look.subject, look.rows, look.expires) for look in looks] == [
        ("张三", "look", "ab", 1, None),
        ("张三", "look", "cd", 1, None),
        (access_log.account(), "screen", "f" * 64, 200, UNTIL),
    ]
    with duckdb.connect(str(rebuild_catalogue(deployment, load(deployment.standards))), read_only=True) as catalogue:
        shown = catalogue.execute("SELECT actor, account, subject, expires FROM governance.access_log").fetchall()
    assert shown == [(look.actor, access_log.account(), look.subject, look.expires) for look in looks]


def test_a_line_that_was_cut_off_was_never_said_and_a_damaged_one_is_named(deployment: Deployment) -> None:
    access_log.record(deployment, "look", purpose="一", subjects=["a"], door="person")
    with deployment.access_log.open("ab") as file:
        file.write(b'{"at":"2026')
    access_log.record(deployment, "look", purpose="二", subjects=["b"], door="person")
    assert [look.purpose for look in access_log.read(deployment)] == ["一", "二"]
    deployment.access_log.write_bytes(b"{}\n" + deployment.access_log.read_bytes())
    with pytest.raises(GovdataError, match=r"查阅台账损坏：access\.jsonl 第 1 行"):
        access_log.read(deployment)


@pytest.mark.parametrize(
    ("purpose", "actor", "told"),
    [
        ("", "张三", "要写明用途"),
        ("核对", " ", "要写明查阅人"),
        ("核对19010119900101001X", "张三", "不能写证件号码"),
        ("核对", "１９０１０１１９９００１０１００１", "不能写证件号码"),
    ],
)
def test_a_look_without_a_purpose_is_no_look(deployment: Deployment, purpose: str, actor: str, told: str) -> None:
    with pytest.raises(GovdataError, match=told):
        access_log.record(deployment, "look", purpose=purpose, subjects=["a"], door="person", actor=actor)
    assert access_log.read(deployment) == []
