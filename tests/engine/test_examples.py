from govdata.engine import examples
from govdata.standards.model import Examples
from tests.engine import small


def test_an_example_that_does_not_hold_is_a_problem_at_its_element():
    registry = small.registry()
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
