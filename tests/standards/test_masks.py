"""A citizen number whose region and last four signs are shown beside the birth date is the whole number."""

import pytest

from tests.standards.conftest import Folder

ELEMENTS, CONTRACT = "elements/person.yaml", "datasets/person.odcs.yaml"


@pytest.mark.parametrize(
    ("mask", "refused"), [("keep_6_4", True), ("keep_7_5", True), ("keep_6_0", False), ("keep_3_4", False)]
)
def test_a_mask_that_hides_only_the_birth_date_is_refused_beside_one(folder: Folder, mask: str, refused: bool) -> None:
    folder.spoil(ELEMENTS, "mask: keep_6_0", f"mask: {mask}")
    told = [(problem.file, problem.where, mask in problem.message) for problem in folder.problems()]
    assert told == ([(CONTRACT, "citizen_id", True)] if refused else [])


def test_without_a_birth_date_beside_it_the_mask_hides_the_date(folder: Folder) -> None:
    folder.spoil(ELEMENTS, "mask: keep_6_0", "mask: keep_6_4")
    folder.spoil(ELEMENTS, "name: 出生日期", "name: 登记日期")
    assert folder.problems() == []
