"""A command called wrongly says so in Chinese, with how it is called, and ends with 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["explain"], "缺少参数 row_id"),
        (["fndings"], "没有命令 fndings；是否为 findings？"),
        (["findings", "--datset", "x"], "没有选项 --datset"),
        (["findings", "--rows"], "选项 --rows 后面缺少值"),
        (["findings", "--rows", "many"], "--rows 应为整数"),
        (["findings", "--rows", "0"], "--rows 应不小于 1"),
        (["findings", "more"], "多余的参数：more"),
        (["findings", "--csv=yes"], "选项 --csv 后面不带值"),
        (["standards", "chek"], "没有命令 chek；是否为 check？"),
    ],
)
def test_each_kind_of_mistake(call: Call, tmp_path: Path, arguments: list[str], told: str) -> None:
    code, out, err = call(tmp_path, *arguments)
    assert code == 2 and out == "" and err.startswith(told)
    assert err.splitlines()[-1].startswith("帮助：govdata") and err.endswith("--help\n")
    assert not {"Usage", "Error", "Invalid", "Missing"} & set(err.replace(":", " ").split())


@pytest.mark.parametrize("arguments", [[], ["standards"], ["orders"]])
def test_without_a_command_the_help_page(call: Call, tmp_path: Path, arguments: list[str]) -> None:
    code, out, err = call(tmp_path, *arguments)
    assert code == 2 and "命令：" in out + err and "帮助：" not in out + err


def test_help_is_no_mistake(call: Call, tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, "explain", "--help")
    assert (code == 0 and out.startswith("\n用法：")) or out.startswith("用法：")
