"""Ranks across runtimes as the page holds them: those of choosing/runtimes.py, with the rows they are of."""

import pytest

from attnprof.report import page
from attnprof.report.data import contents
from attnprof.report.ranks import COLOURS, runtime_ranks
from tests.report.conftest import results_of
from tests.synthetic import results

LATENCIES = {  # module: its latency in eager and in the other runtime
    "se": (1e-4, 3e-4),
    "eca": (2e-4, 2e-4),
    "ca": (3e-4, 4e-4),
    "cbam": (4e-4, 1e-4),
    "simam": (5e-4, None),
    "none": (1e-6, 1e-6),
}


@pytest.fixture
def two(stub_runtimes):
    return results(
        lambda case: LATENCIES[case.module][case.execution == "stub"],
        modules=",".join(LATENCIES),
        points="64@28,64@14",
        runtime="stub,eager",
    )


def test_a_block_has_each_modules_ranks_and_the_rows_they_are_of(two):
    rows = two.rows()
    blocks = runtime_ranks(rows)
    assert len(blocks) == 2
    for block in blocks:
        assert block["runtimes"] == ("eager", "stub")
        assert block["absent"] == ("simam",)
        sources = {}
        for module in block["modules"]:
            ours = [rows[number] for number in module["rows"]]
            assert [row["execution"] for row in ours] == ["eager", "stub"]
            sources[ours[0]["module"]] = module["ranks"]
        assert sources == {"se": (1, 3), "eca": (2, 2), "ca": (3, 4), "cbam": (4, 1)}
    sides = [{rows[module["rows"][0]]["height"] for module in block["modules"]} for block in blocks]
    assert sides == [{28}, {14}]


def test_those_that_move_most_come_first_and_a_third_of_them_is_in_colour(two):
    block = runtime_ranks(two.rows())[0]
    moves = [max(module["ranks"]) - min(module["ranks"]) for module in block["modules"]]
    assert moves == [3, 2, 1, 0]
    assert block["coloured"] == 2
    assert block["correlations"] == pytest.approx([1.0, 1 - 6 * (4 + 0 + 1 + 9) / (4 * 15)])


def test_a_correlation_that_is_no_number_is_none(stub_runtimes):
    (block,) = runtime_ranks(results(modules="se", points="64@28", runtime="eager,stub").rows())
    assert block["correlations"] == [None, None]
    assert block["coloured"] == 0


def test_a_run_of_one_runtime_or_without_latencies_has_no_ranks(small, two):
    assert contents(small, "x")["ranks"] == []
    assert runtime_ranks([{**row, "latency_s": None} for row in two.rows()]) == []


def test_modes_have_blocks_of_their_own():
    rows = results(modules="se,eca", points="64@28", runtime="eager,compiled", train=True).rows()
    blocks = runtime_ranks(rows)
    modes = [
        {rows[number]["mode"] for module in block["modules"] for number in module["rows"]} for block in blocks
    ]
    assert modes == [{"eval"}, {"train"}]


def test_the_catalogue_in_three_runtimes_is_less_than_300_kb(stub_runtimes):
    found = results_of(modules="all", points="64@56", runtime="eager,stub,reader")
    (block,) = contents(found, "x")["ranks"]
    assert block["coloured"] == COLOURS
    assert len(page(found, "x").encode()) < 300_000
