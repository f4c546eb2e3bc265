"""Rows become candidates: each with its figures at every point, or the reason why it has none."""

import pytest

from attnprof.choosing.candidates import Missing, candidates, label, named
from attnprof.choosing.measures import measures
from attnprof.choosing.pareto import Span
from attnprof.errors import UnknownNameError
from attnprof.published import evidence

PARAMS, LATENCY, TRAIN = measures()["params"], measures()["latency"], measures()["train_latency"]


def only(rows, notes=None, **more):
    _, (candidate,) = candidates(rows, notes or {}, **more)
    return candidate


def test_a_module_at_two_points_is_one_candidate_and_two_settings_are_two(row):
    rows = [
        row("se"),
        row("se", 256, 28),
        row("se", variant="reduction=8", hyperparameters='{"reduction": 8}'),
    ]
    points, among = candidates(rows, {})
    assert points == ("64@56", "256@28")
    assert [each.name for each in among] == ["se", "se(reduction=8)"]


def test_a_variant_that_has_a_name_is_called_by_it(row):
    given = row("se", variant="reduction=8", hyperparameters='{"bias": false, "reduction": 8}')
    assert only([given]).name == "se(r8)"
    assert named("se(r8)", [only([given])]) is not None
    assert named("se(reduction=8)", [only([given])]) is not None


def test_the_settings_of_a_reference_may_stand_in_any_order(row):
    settings = '{"bias": true, "reduction": 8}'
    given = only([row("se", variant="bias=true,reduction=8", hyperparameters=settings)])
    assert named("se(reduction=8, bias=true)", [given]) is given


def test_a_box_average_precision_is_no_top1(row):
    gc = only([row("gc")], published=lambda module: evidence(module, "maskrcnnresnet50fpn", "cocoval2017"))
    assert gc.figure(measures()["top1"], "64@56") == Missing("what is published here is box AP")


def test_conditions_that_differ_make_points_of_their_own(row):
    rows = [row("se"), row("se", device="cuda:0", device_name="a GPU"), row("se", batch=8)]
    points, _ = candidates(rows, {})
    assert points == (
        "64@56 batch 1 cpu on a CPU",
        "64@56 batch 1 cuda:0 on a GPU",
        "64@56 batch 8 cpu on a CPU",
    )


def test_a_map_that_is_not_square_is_named_with_both_sides(row):
    assert label(row("se", height=28, width=40)) == "64@28x40"


def test_a_figure_carries_the_ends_of_its_interval_and_a_count_none(row):
    se = only([row("se", latency=2e-3, ends=(1e-3, 4e-3), params=512)])
    assert se.figure(LATENCY, "64@56") == Span(1e-3, 2e-3, 4e-3)
    assert se.figure(PARAMS, "64@56") == Span(512, 512, 512)
    assert se.figure(measures()["throughput"], "64@56") == Span(250.0, 500.0, 1000.0)


@pytest.mark.parametrize(
    ("changes", "measure", "why"),
    [
        ({}, "params", "not counted"),
        ({"status": "oom", "reason": "9.4 GiB"}, "params", "oom: 9.4 GiB"),
        ({}, "train_latency", "no train rows; run with --train"),
        (
            {"flops": 7, "flops_incomplete": "true"},
            "flops",
            "at least 7, for some operators could not be counted",
        ),
        ({}, "top1", "nothing is published of it here"),
        ({"variant": "reduction=8"}, "top1", "what is published is of the default setting"),
    ],
)
def test_a_missing_figure_says_why(row, changes, measure, why):
    assert only([row("se", **changes)]).figure(measures()[measure], "64@56") == Missing(why)


def test_a_figure_without_an_interval_is_rough(row):
    se = only([row("se", latency=1.2e-3, ends=(None, None))])
    assert se.figure(LATENCY, "64@56") == Span.about(1.2e-3)
    assert se.figure(measures()["throughput"], "64@56").rough
    assert (Span.about(6.0).low, Span.about(6.0).high) == (5.0, pytest.approx(7.2))


def test_flops_that_are_complete_are_judged(row):
    assert only([row("se", flops=7, flops_incomplete="false")]).figure(
        measures()["flops"], "64@56"
    ) == Span.exact(7)


def test_the_note_on_a_cell_is_the_reason_why_its_figure_is_missing(row):
    se = only([row("se", peak_memory_bytes=None)], {(0, "peak_memory_bytes"): "the profiler saw nothing"})
    assert se.figure(measures()["memory"], "64@56") == Missing("the profiler saw nothing")


def test_forward_and_backward_have_rows_of_their_own(row):
    rows = [row("se", latency=1e-3), row("se", mode="train", latency=3e-3)]
    points, (se,) = candidates(rows, {})
    assert points == ("64@56",)
    assert (se.figure(LATENCY, "64@56").value, se.figure(TRAIN, "64@56").value) == (1e-3, 3e-3)


def test_what_is_published_is_a_range_that_counts_by_its_lower_end(row):
    se = only([row("se")], published=lambda module: evidence(module))
    span = se.figure(measures()["top1"], "64@56")
    assert span.value == span.low == 76.71
    assert span.high > 80


def test_a_name_that_the_run_has_not_is_answered_with_the_nearest(row):
    with pytest.raises(UnknownNameError, match=r"no 'cbma' in this run\. Did you mean 'cbam'\?"):
        named("cbma", [only([row("cbam")])])


def test_the_identity_is_the_floor(row):
    assert only([row("none", family="floor")]).floor
    assert not only([row("se")]).floor
