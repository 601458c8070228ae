import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2, mod_11_10

from govdata.trees.check_digits import check_digit_ok, gb11643_digit
from tests.engine.support import evaluate

VECTORS = [
    ("gb11643", "440524188001010014", True),
    ("gb11643", "11010519491231002X", True),
    ("gb11643", "110105194912310021", False),
    ("gb11643", "11010519491231002x", False),  # stored X is upper case (GB 11643-1999 §4.2)
    ("gb11643", "1101051949123100", False),
    ("gb11643", "", False),
    ("gb32100", "91110000600037341L", True),
    ("gb32100", "91350100M000100Y43", True),
    ("gb32100", "91350100M000100Y4I", False),
    ("gb32100", "91110000600037341", False),
    ("gb11714", "60003734-1", True),
    ("gb11714", "600037341", True),
    ("gb11714", "D2143569-X", True),
    ("gb11714", "60003734-2", False),
    ("gs15", "110108000000016", True),
    ("gs15", "110108000000015", False),
    ("gs15", "11010800000001", False),
]


@pytest.mark.parametrize(("algorithm", "value", "expected"), VECTORS)
def test_published_vectors(algorithm, value, expected):
    assert evaluate(lambda x: check_digit_ok(algorithm, x), [value]) == [expected]


def test_null_is_neither_right_nor_wrong():
    for algorithm in ("gb11643", "gb32100", "gb11714", "gs15"):
        assert evaluate(lambda x, algorithm=algorithm: check_digit_ok(algorithm, x), [None]) == [None]


def test_citizen_numbers_agree_with_mod_11_2():
    chance = random.Random(11643)
    bodies = ["19" + "".join(chance.choices("0123456789", k=15)) for _ in range(5000)]
    assert evaluate(gb11643_digit, bodies) == [mod_11_2.calc_check_digit(body) for body in bodies]
    wrong = [
        body + chance.choice([d for d in "0123456789X" if d != mod_11_2.calc_check_digit(body)]) for body in bodies
    ]
    assert not any(evaluate(lambda x: check_digit_ok("gb11643", x), wrong))


def test_credit_codes_agree_with_stdnum():
    chance = random.Random(32100)
    bodies = ["9119" + "".join(chance.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=13)) for _ in range(5000)]
    right = [body + uscc.calc_check_digit(body) for body in bodies]
    assert all(evaluate(lambda x: check_digit_ok("gb32100", x), right))
    swapped = [code[:9] + code[10] + code[9] + code[11:] for code in right]
    expected = [uscc.calc_check_digit(code[:17]) == code[17] for code in swapped]
    assert evaluate(lambda x: check_digit_ok("gb32100", x), swapped) == expected


def test_registration_numbers_agree_with_mod_11_10():
    chance = random.Random(15)
    bodies = ["".join(chance.choices("0123456789", k=14)) for _ in range(5000)]
    right = [body + mod_11_10.calc_check_digit(body) for body in bodies]
    assert all(evaluate(lambda x: check_digit_ok("gs15", x), right))
    wrong = [code[:14] + str((int(code[14]) + 1) % 10) for code in right]
    assert not any(evaluate(lambda x: check_digit_ok("gs15", x), wrong))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=22), min_size=1, max_size=60))
def test_any_text_is_judged_without_an_error(values):
    for algorithm in ("gb11643", "gb32100", "gb11714", "gs15"):
        clean = [value.replace("\x00", "") for value in values]
        assert all(result in (True, False) for result in evaluate(lambda x, a=algorithm: check_digit_ok(a, x), clean))
