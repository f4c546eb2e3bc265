"""Modules in several runtimes: what is compared there, who moves, and how many orders are reversed."""

import pytest

from attnprof.choosing.candidates import candidates
from attnprof.choosing.runtimes import across_runtimes
from tests.synthetic import results

LATENCIES = {  # module: its latency in eager and in the other runtime
    "se": (1.0e-4, 3.0e-4),
    "eca": (1.1e-4, 1.0e-4),  # no clear difference to se in eager
    "ca": (3e-4, 4e-4),
    "cbam": (4e-4, 2e-4),  # reversed with ca and with se in the other
    "simam": (5e-4, None),
    "none": (1e-6, 1e-6),
}


@pytest.fixture(scope="module")
def block():
    found = results(
        lambda case: LATENCIES[case.module][case.execution != "eager"],
        modules=",".join(LATENCIES),
        points="64@28",
        runtime="compiled,eager",
    )
    points, among = candidates(found.rows(), {})
    (only,) = across_runtimes(among, points)
    return only


def test_eager_comes_first_and_what_a_runtime_lacks_is_named(block):
    assert block.size == "64@28"
    assert block.runtimes == ("eager", "compiled")
    assert block.absent == ("simam",)
    assert {module.name for module in block.modules} == {"se", "eca", "ca", "cbam"}


def test_modules_are_ranked_among_those_of_every_runtime(block):
    assert {module.name: module.ranks for module in block.modules} == {
        "se": (1, 3),
        "eca": (2, 1),
        "ca": (3, 4),
        "cbam": (4, 2),
    }
    assert [module.name for module in block.movers] == ["se", "cbam", "eca", "ca"]


def test_orders_count_where_they_are_clear_in_both_runtimes(block):
    # Clear in eager: all pairs but se and eca; all of them in the other.
    # Reversed: se and cbam, ca and cbam.
    assert block.reversals(1) == (2, 5)


def test_a_runtime_is_correlated_with_itself(block):
    assert block.correlation(0) == pytest.approx(1)
    assert block.correlation(1) == pytest.approx(1 - 6 * (4 + 1 + 1 + 4) / (4 * 15))


def test_a_run_of_one_runtime_has_nothing_to_compare():
    found = results(modules="se,eca", points="64@28,64@14")
    points, among = candidates(found.rows(), {})
    assert across_runtimes(among, points) == []
