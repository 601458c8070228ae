from pathlib import Path

from govdata.engine import examples
from govdata.standards import load
from govdata.standards.model import Examples, Pattern, Rule
from tests.engine import by_hand
from tests.standards.conftest import Folder


def test_an_example_that_does_not_hold_is_a_problem_at_its_element():
    registry = by_hand.registry()
    element = registry.elements["birth_date"].model_copy(
        update={
            "file": "elements/person.yaml",
            "line": 7,
            "examples": Examples(
                valid=("1990-01-01", "1990/01/01"),
                invalid={"19900231": "type"},
                repairs={"19900101": "1990-01-02", "00000000": None},
            ),
        }
    )
    broken = registry.model_copy(update={"elements": registry.elements | {"birth_date": element}})
    found = examples.problems(broken)
    assert [(problem.file, problem.line) for problem in found] == [("elements/person.yaml", 7)] * 3
    messages = {problem.where: problem.message for problem in found}
    assert messages["birth_date.examples.valid"] == "示例“1990/01/01”标准化后应为“1990/01/01”，实际为“1990-01-01”"
    assert messages["birth_date.examples.repairs"] == "示例“19900101”标准化后应为“1990-01-02”，实际为“1990-01-01”"
    # The small element declares no rule of its own, so nothing can fail.
    assert messages["birth_date.examples.invalid"] == "示例“19900231”应当不符合规则 type，实际全部符合"


def test_it_is_told_at_its_own_line_and_of_its_own_element(tmp_path: Path):
    folder = Folder(tmp_path)
    line = folder.spoil(
        "elements/person.yaml", "'无': null", "无: null"
    )  # its rule ``birth`` fails where there is nothing
    (problem,) = examples.problems(load(folder.root))
    assert (problem.line, problem.where) == (line, "citizen_id.examples.repairs")
    line = folder.spoil("elements/person.yaml", "repairs: {男: '1'}", "repairs: {男: '1', 女: '1'}")
    found = {problem.where: problem for problem in examples.problems(load(folder.root))}
    assert found["sex.examples.repairs"].line == line and "女" in found["sex.examples.repairs"].message


def test_elements_of_one_form_are_told_of_each_at_its_own_place():
    """What they are called and who may see them says nothing of their cells."""
    registry = by_hand.registry()
    born = registry.elements["birth_date"]
    examples_of = {
        "issued": Examples(valid=("2020-02-29",), repairs={"20200229": "2020-02-29"}),
        "ended": Examples(valid=("2020/02/29",)),
        "began": Examples(valid=("2020-02-29",), repairs={"20200301": "2020-03-02"}),
    }
    alike = {
        name: born.model_copy(update={"id": name, "name": name, "definition": name, "line": line, "examples": each})
        for line, (name, each) in enumerate(examples_of.items())
    }
    found = examples.problems(registry.model_copy(update={"elements": registry.elements | alike}))
    assert [(problem.where, problem.line) for problem in found] == [
        ("ended.examples.valid", 1),
        ("began.examples.repairs", 2),
    ]
    assert "标准化后应为“2020-03-02”，实际为“2020-03-01”" in found[1].message


def test_what_no_engine_compiles_is_told_of_every_element_that_says_it():
    registry = by_hand.registry()
    too_much = Rule(
        name="shape",
        spec=Pattern(pattern="((a{1,30}){1,30}){1,30}"),
        dimension="conformity",
        severity="error",
        message="",
    )
    update = {"rules": (too_much,), "examples": Examples(valid=("a",))}
    name = registry.elements["name"].model_copy(update=update)
    other = name.model_copy(update={"id": "other", "name": "另"})
    found = examples.problems(
        registry.model_copy(update={"elements": registry.elements | {"name": name, "other": other}})
    )
    assert [problem.where for problem in found] == ["name", "other"]
    assert all("引擎不能执行本数据元" in problem.message for problem in found)
