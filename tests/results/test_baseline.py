"""Ratios to a module of the run: at the same point, with the reason where there is none, unclear where noise
allows no more."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import UnknownNameError
from attnprof.results.baseline import UNCLEAR, over
from tests.synthetic import WIDTH, results

FEW = "se,eca,cbam,none"


def by_module(found, **where):
    return {
        row["module"]: row for row in found.rows() if all(row[name] == value for name, value in where.items())
    }


def test_a_ratio_is_the_figure_over_that_of_the_baseline_at_the_same_size():
    found = over(results(modules=FEW, channels="32,64", res="28,14"), "se")
    for channels in (32, 64):
        for height in (14, 28):
            rows = by_module(found, channels=channels, height=height)
            for row in rows.values():
                assert row["latency_over_se"] == row["latency_s"] / rows["se"]["latency_s"]
                assert row["params_over_se"] == row["params"] / rows["se"]["params"]


def test_a_ratio_is_to_the_baseline_at_the_same_batch():
    found = over(results(modules=FEW, channels="32", res="28", batch="1,8"), "se")
    for batch in (1, 8):
        rows = by_module(found, batch=batch)
        for row in rows.values():
            assert row["latency_over_se"] == row["latency_s"] / rows["se"]["latency_s"]
            assert row["macs_over_se"] == row["macs"] / rows["se"]["macs"]


def test_the_baseline_is_once_itself_and_never_unclear():
    found = over(results(modules=FEW, channels="32,64", res="28"), "se")
    for number, row in enumerate(found.rows()):
        if row["module"] == "se":
            assert row["latency_over_se"] == row["macs_over_se"] == 1
            assert (number, "latency_over_se") not in found.notes


def test_train_rows_are_held_to_the_baselines_train_row():
    found = over(results(modules=FEW, channels="32", res="28", train=True), "eca")
    for mode in ("eval", "train"):
        rows = by_module(found, mode=mode)
        assert rows["se"]["latency_over_eca"] == rows["se"]["latency_s"] / rows["eca"]["latency_s"]


def test_nothing_is_divided_by_nothing():
    found = over(results(modules=FEW, channels="32", res="28"), "none")
    row = by_module(found)["se"]
    number = found.rows().index(row)
    assert row["macs_over_none"] is None
    assert found.notes[number, "macs_over_none"] == "the figure of none at 32@28 is 0"
    assert row["latency_over_none"] > 1


def test_where_the_baseline_was_not_measured_the_ratio_is_blank_with_the_reason():
    def latency(case):
        return None if case.module == "se" and case.channels == 64 else 1e-4

    found = over(results(latency, modules=FEW, channels="32,64", res="28"), "se")
    for number, row in enumerate(found.rows()):
        blank = row["channels"] == 64
        assert (row["latency_over_se"] is None) == blank
        if blank and row["module"] != "se":
            assert found.notes[number, "latency_over_se"] == "there is no figure of se at 64@28"


@settings(max_examples=20, deadline=None)
@given(st.floats(0.9, 1.1))
def test_a_ratio_is_unclear_exactly_where_the_intervals_overlap(ratio):
    found = over(
        results(
            lambda case: 1e-4 * (ratio if case.module == "eca" else 1),
            modules="se,eca",
            channels="32",
            res="28",
        ),
        "se",
    )
    rows = by_module(found)
    number = found.rows().index(rows["eca"])
    low, high = sorted((1, ratio))
    overlap = high * (1 - WIDTH) <= low * (1 + WIDTH)
    assert (found.notes.get((number, "latency_over_se")) == UNCLEAR) == overlap


def test_a_variant_may_be_the_baseline():
    found = over(results(modules="se,se(r8)", channels="64", res="28"), "se(r8)")
    assert [row["params_over_se(r8)"] for row in found.rows()] == [0.5, 1]


def test_a_module_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="no 'see' in this run. Did you mean 'se'"):
        over(results(modules=FEW, channels="32", res="28"), "see")


def test_the_results_are_left_as_they_were():
    before = results(modules=FEW, channels="32", res="28")
    columns, notes = list(before.frame.columns), dict(before.notes)
    over(before, "se")
    assert (list(before.frame.columns), before.notes) == (columns, notes)


def with_ratios(interval, baseline="se"):
    """Results whose processes have found every cell to take 1.5 times as long as ``baseline``."""
    bare = results(modules=FEW, channels="32", res="28")
    low, high = interval
    columns = {
        "vs_baseline": 1.5,
        "vs_baseline_ci_low": low,
        "vs_baseline_ci_high": high,
        "baseline": baseline,
    }
    return replace(bare, frame=bare.frame.assign(**columns))


@pytest.mark.parametrize(
    ("interval", "unclear"), [((1.4, 1.6), False), ((0.9, 2.0), True), ((None, None), True)]
)
def test_the_ratio_that_the_processes_have_formed_is_the_ratio(interval, unclear):
    found = over(with_ratios(interval), "se")
    for number, row in enumerate(found.rows()):
        if row["module"] != "se":
            assert row["latency_over_se"] == 1.5
            assert (found.notes.get((number, "latency_over_se")) == UNCLEAR) is unclear
    assert by_module(found)["se"]["latency_over_se"] == 1


def test_ratios_to_another_module_are_of_the_two_latencies():
    rows = by_module(over(with_ratios((1.4, 1.6)), "eca"))
    assert rows["cbam"]["latency_over_eca"] == rows["cbam"]["latency_s"] / rows["eca"]["latency_s"]
