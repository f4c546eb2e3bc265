"""What a module adds to a network: over the plain one, under the same conditions, with an interval."""

from math import isclose, sqrt

import pytest

from attnprof.records.case import ROW_CONDITIONS
from attnprof.results.baseline import increases

PLAIN = {
    "host": "resnet50", "module": "none", "mode": "eval", "batch": 1, "params": 100, "macs": 2000, "flops": 0,
    "latency_s": 0.010, "latency_ci_low_s": 0.009, "latency_ci_high_s": 0.012, "peak_memory_bytes": 50,
}  # fmt: skip
SE = {
    **PLAIN, "module": "se", "params": 110, "macs": 2001, "flops": 7,
    "latency_s": 0.012, "latency_ci_low_s": 0.0116, "latency_ci_high_s": 0.0125, "peak_memory_bytes": 40,
}  # fmt: skip


def of(row, *others):
    found, notes = increases([*others, row])
    return found[-1], {column: text for (number, column), text in notes.items() if number == len(others)}


def test_each_figure_is_compared_with_the_plain_networks():
    added, notes = of(SE, PLAIN)
    assert notes == {}
    assert (added["added_params"], added["added_params_share"]) == (10, 0.1)
    assert (added["added_macs"], added["added_macs_share"]) == (1, 0.0005)
    assert isclose(added["added_latency_s"], 0.002)
    assert isclose(added["added_latency_share"], 0.2)
    assert (added["added_peak_memory_bytes"], added["added_peak_memory_share"]) == (-10, -0.2)


def test_there_is_no_share_of_nothing():
    added, _ = of(SE, PLAIN)
    assert added["added_flops"] == 7
    assert "added_flops_share" not in added


def test_the_latencys_increase_has_an_interval_of_both():
    added, _ = of(SE, PLAIN)
    down, up = sqrt(0.0004**2 + 0.002**2), sqrt(0.0005**2 + 0.001**2)
    assert isclose(added["added_latency_ci_low_s"], 0.002 - down)
    assert isclose(added["added_latency_ci_high_s"], 0.002 + up)
    assert isclose(added["added_latency_share_ci_high"], (0.002 + up) / 0.010)


def paired(ours, theirs):
    (_, added), _ = increases([PLAIN, SE], [dict(enumerate(theirs)), dict(enumerate(ours))])
    return added


def test_with_three_processes_the_increase_is_formed_inside_each():
    # The machine was twice as slow in one of them: that says nothing of the ratio.
    added = paired([0.0121, 0.0242, 0.0121], [0.011, 0.022, 0.011])
    assert isclose(added["added_latency_share"], 0.1)
    assert isclose(added["added_latency_share_ci_low"], 0.1)
    assert isclose(added["added_latency_share_ci_high"], 0.1)
    assert isclose(added["added_latency_s"], 0.1 * PLAIN["latency_s"])


def test_the_interval_holds_what_the_processes_found():
    added = paired([0.011, 0.012, 0.0115], [0.010, 0.010, 0.010])
    low, high = added["added_latency_share_ci_low"], added["added_latency_share_ci_high"]
    assert low < 0.1 < added["added_latency_share"] < 0.2 < high
    assert isclose(added["added_latency_ci_low_s"], low * PLAIN["latency_s"])


def test_two_processes_are_too_few_to_pair():
    assert paired([0.02, 0.02], [0.01, 0.01]) == of(SE, PLAIN)[0]


def test_without_both_intervals_there_is_none():
    added, _ = of({**SE, "latency_ci_low_s": None}, PLAIN)
    assert "added_latency_s" in added
    assert not [name for name in added if "ci" in name]


def test_a_module_that_costs_nothing_adds_nought():
    added, _ = of({**SE, "params": 100, "macs": 2000}, PLAIN)
    assert (added["added_params"], added["added_macs"], added["added_macs_share"]) == (0, 0, 0.0)


@pytest.mark.parametrize("condition", ROW_CONDITIONS)
def test_under_another_condition_nothing_is_compared_and_the_reason_is_said(condition):
    added, notes = of({**SE, condition: "another"}, PLAIN)
    assert added == {}
    assert notes["added_params"] == "the plain network has no such figure under these conditions"


def test_a_figure_that_is_missing_has_no_increase():
    added, notes = of({**SE, "macs": None}, PLAIN)
    assert "added_macs" not in added
    assert "added_macs" not in notes
    added, notes = of(SE, {**PLAIN, "macs": None})
    assert "added_macs" not in added
    assert "added_macs" in notes


@pytest.mark.parametrize("row", [PLAIN, {**SE, "host": ""}])
def test_the_plain_network_and_modules_alone_have_no_increase(row):
    assert of(row, PLAIN) == ({}, {})
