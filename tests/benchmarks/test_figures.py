"""What repeated runs say: their variation, what their intervals hold, what they tell apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnprof.records.case import Case
from attnprof.records.record import account_event, visit_event
from benchmarks._figures import Ran, Share, coverage, found_slower, told_apart, variation
from benchmarks._methods import _visits

SIX = (1.00, 1.01, 0.99, 1.02, 0.98, 1.00)


def ran(**found):
    return Ran("ours", 1.0, {name: dict(enumerate(values)) for name, values in found.items()})


def test_a_ratio_is_formed_in_each_process_before_the_middle_is_taken():
    # The second process was slowed as a whole: its ratio is what all the others' are.
    one = ran(a=(2.0, 20.0, 2.0), b=(1.0, 10.0, 1.0))
    assert one.values("a", "b") == [2.0, 2.0, 2.0]
    assert one.figure("a", "b") == 2.0


def test_a_process_that_measured_only_one_of_two_has_no_ratio():
    one = Ran("ours", 1.0, {"a": {0: 2.0, 2: 6.0}, "b": {0: 1.0, 1: 5.0, 2: 2.0}})
    assert one.values("a", "b") == [2.0, 3.0]


def test_what_was_not_measured_has_no_figure_and_no_interval():
    assert ran().figure("a") is None
    assert ran().interval("a", "b") is None
    assert ran().processes == 0


@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=20), st.floats(1e-6, 1e3))
def test_variation_does_not_depend_on_the_unit(values, unit):
    seconds = variation([ran(a=(value,)) for value in values], "a")
    others = variation([ran(a=(value * unit,)) for value in values], "a")
    assert others == pytest.approx(seconds, abs=1e-9)


def test_one_run_in_ten_that_is_far_off_does_not_make_the_variation():
    calm = [ran(a=(value,)) for value in (0.99, 1.00, 1.01) * 3]
    assert variation([*calm, ran(a=(50.0,))], "a") < 0.02


def test_variation_of_a_normal_sample_is_its_standard_deviation():
    from statistics import NormalDist

    quantiles = NormalDist(1.0, 0.03).quantiles(400)
    assert variation([ran(a=(value,)) for value in quantiles], "a") == pytest.approx(0.03, rel=0.02)


def test_a_single_run_varies_by_nothing_that_could_be_told():
    assert variation([ran(a=(1.0,))], "a") is None


def test_an_interval_that_leaves_out_the_median_of_all_runs_is_counted_against_it():
    high = tuple(value + 1 for value in SIX)
    assert coverage([ran(a=SIX), ran(a=SIX), ran(a=SIX)], ["a"]) == Share(3, 3)
    assert coverage([ran(a=SIX), ran(a=SIX), ran(a=high)], ["a"]) == Share(2, 3)


def test_two_processes_have_no_interval_to_be_counted():
    assert coverage([ran(a=(1.0, 1.0)), ran(a=(1.0, 1.0))], ["a"]) == Share(0, 0)
    assert str(Share(0, 0)) == "-"


def test_two_that_are_alike_are_told_apart_only_where_the_interval_leaves_out_one():
    slower = tuple(1.05 * value for value in (1.0,) * 6)
    runs = [ran(a=SIX, b=(1.0,) * 6), ran(a=slower, b=(1.0,) * 6)]
    assert told_apart(runs, [("a", "b")]) == Share(1, 2)


def test_what_is_found_faster_is_no_slower_one_found():
    runs = [ran(a=(0.9,) * 6, b=(1.0,) * 6), ran(a=(1.1,) * 6, b=(1.0,) * 6)]
    assert found_slower(runs, [("a", "b")]) == Share(1, 2)
    assert told_apart(runs, [("a", "b")]) == Share(2, 2)


def test_figures_of_a_run_folder_are_by_title_and_process(tmp_path):
    from attnprof.records.codec import encode
    from attnprof.records.record import Measurement

    case = Case("se", 64, 56, 56, variant="reduction=8")
    found = [Measurement("latency", 2e-5, "s", n=6), Measurement("flops", 3, "count")]
    none = [Measurement("latency", None, "s", note="others took the machine")]
    events = [account_event(case, []), visit_event(case, 0, found), visit_event(case, 1, none)]
    (tmp_path / "records.jsonl").write_bytes(b"".join(map(encode, events)))
    assert _visits(tmp_path, "latency") == {"eager": {"se(reduction=8)": {0: 2e-5}}}
