"""What Great Expectations imports for nothing is loaded when it is used, and is then the real thing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(code: str) -> str:
    """In a process of its own, since in this one GX may be loaded."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_gx_comes_without_scipy_stats_and_altair_and_both_work_when_used() -> None:
    code = """
import sys
import govdata.checks.gx as gx
early = [name for name in ("scipy.stats", "altair") if name in sys.modules]
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as drawn
held = drawn.stats, drawn.alt
value = drawn.stats.entropy([0.5, 0.5], base=2)
import scipy.stats, altair
assert drawn.alt.Chart is altair.Chart and drawn.stats.norm is scipy.stats.norm
assert type(scipy.stats).__name__ == type(altair).__name__ == "module"
from scipy.stats import norm
print(early, round(float(value), 6), norm is scipy.stats.norm)
"""
    assert run(code) == "[] 1.0 True"


def test_a_module_that_is_loaded_already_is_used_as_it_is() -> None:
    code = """
import scipy.stats as real
import govdata.checks.gx
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as drawn
print(drawn.stats is real)
"""
    assert run(code) == "True"


def test_an_expectation_that_needs_scipy_works() -> None:
    code = """
import govdata.checks.gx as gx
import pandas as pd
import great_expectations as ge
source = gx._context().data_sources.add_pandas("frame")
frame = pd.DataFrame({"x": ["a", "b"] * 50})
batch = source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
expectation = ge.expectations.ExpectColumnKLDivergenceToBeLessThan(
    column="x", partition_object={"values": ["a", "b"], "weights": [0.5, 0.5]}, threshold=0.1
)
print(batch.validate(expectation).success)
"""
    assert run(code) == "True"
