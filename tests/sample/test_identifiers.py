"""Check digits against python-stdnum and the published vectors."""

from __future__ import annotations

import numpy as np
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2, mod_11_10

from govdata.sample.identifiers import citizen_ids, organisation_codes, registration_numbers, usccs, yyyymmdd

RNG = np.random.default_rng(5)
REGIONS = RNG.integers(190101, 190113, 2000)


def test_citizen_ids():
    days = RNG.integers(-20_000, 20_700, 2000)
    for number, day in zip(
        citizen_ids(REGIONS, yyyymmdd(days), RNG.integers(1, 996, 2000)).to_pylist(), days, strict=True
    ):
        assert mod_11_2.is_valid(number) and len(number) == 18
        assert number[6:14] == str(np.datetime64(int(day), "D")).replace("-", "")
    assert citizen_ids(np.array([110105]), np.array([19491231]), np.array([2])).to_pylist() == ["11010519491231002X"]
    assert citizen_ids(np.array([440524]), np.array([18800101]), np.array([1])).to_pylist() == ["440524188001010014"]


def test_social_credit_codes_hold_their_organisation_code():
    codes, organisation = organisation_codes(np.arange(2000), "MA")
    numbers = usccs("91", REGIONS, organisation).to_pylist()
    assert len(set(numbers)) == 2000
    for number, code in zip(numbers, codes.to_pylist(), strict=True):
        assert uscc.calc_check_digit(number[:-1]) == number[-1]
        assert number[8:17] == code.replace("-", "")


def test_organisation_code_check_character():
    # GB 11714 by hand: weights 3 7 9 10 5 8 4 2, letters from A=10.
    for code in organisation_codes(np.arange(500), "MA")[0].to_pylist():
        total = sum(
            int(character, 36) * weight for character, weight in zip(code[:8], (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
        )
        assert code[9] == {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def test_registration_numbers():
    numbers = registration_numbers(REGIONS, np.arange(2000)).to_pylist()
    assert all(mod_11_10.is_valid(number) and len(number) == 15 for number in numbers)
    assert registration_numbers(np.array([110108]), np.array([1])).to_pylist() == ["110108000000016"]
