"""Two runs: what is refused, what counts as a change, and what the machine itself did."""

from dataclasses import replace

import pytest

from attnprof.comparison.ratios import SAME, SLOWER
from attnprof.comparison.runs import compare
from attnprof.errors import RunFolderError, UsageError
from tests.comparison.scripted import case, cell, ran

STEADY = (1e-3, 1.001e-3, 0.999e-3)
SLOWED = (1.2e-3, 1.201e-3, 1.199e-3)


def test_one_cell_is_slower_and_the_other_the_same():
    before = ran("a", cell(case("se"), STEADY), cell(case("eca"), STEADY))
    after = ran("b", cell(case("se"), SLOWED), cell(case("eca"), STEADY))
    found = compare(before, after)
    assert [(each.case.module, each.outcome.verdict) for each in found.cells] == [
        ("se", SLOWER),
        ("eca", SAME),
    ]
    assert not found.holds
    assert found.overall.ratio == pytest.approx(1.2**0.5)


@pytest.mark.parametrize(
    ("changes", "environment", "says"),
    [
        ({"threads": 2}, {}, "threads: 1 and 2"),
        ({"dtype": "bf16", "batch": 8}, {}, "batch: 1 and 8; dtype: fp32 and bf16"),
        ({"tf32": True}, {}, "tf32: no and yes"),
        ({}, {"cudnn_benchmark": True}, "cudnn_benchmark: no and yes"),
        (
            {"execution": "compiled:max-autotune"},
            {},
            "execution: eager and compiled:max-autotune",
        ),
        ({}, {"device_name": "Other Processor"}, "device_name: Test Processor and Other Processor"),
    ],
)
def test_other_conditions_are_refused_and_named_whatever_is_asked(changes, environment, says):
    before = ran("a", cell(case(), STEADY), cudnn_benchmark=False)
    after = ran("b", cell(case(**changes), STEADY), **{"cudnn_benchmark": False, **environment})
    for across in (False, True):
        with pytest.raises(RunFolderError) as problem:
            compare(before, after, across=across)
        assert str(problem.value) == f"a and b are not comparable: {says}"


def test_variables_that_change_a_gpus_figures_are_named_one_by_one():
    before = ran("a", cell(case(), STEADY), cuda_variables={})
    after = ran("b", cell(case(), STEADY), cuda_variables={"PYTORCH_ALLOC_CONF": "backend:native"})
    with pytest.raises(RunFolderError, match=r"cuda_variables: none and PYTORCH_ALLOC_CONF=backend:native$"):
        compare(before, after)


def test_other_versions_are_refused_unless_they_are_asked_for_and_then_named():
    before, after = ran("a", cell(case(), STEADY)), ran("b", cell(case(), STEADY), torch_version="2.14.0")
    with pytest.raises(
        RunFolderError,
        match=r"torch_version: 2\.13\.0 and 2\.14\.0\. To compare them all the same: --across$",
    ):
        compare(before, after)
    assert [str(each) for each in compare(before, after, across=True).unlike] == [
        "torch_version: 2.13.0 and 2.14.0"
    ]


def test_another_commit_is_what_two_runs_are_compared_for():
    before, after = ran("a", cell(case(), STEADY), commit="1"), ran("b", cell(case(), STEADY), commit="2")
    assert [each.name for each in compare(before, after).unlike] == ["commit"]


def test_runs_without_a_common_cell_are_refused():
    with pytest.raises(RunFolderError, match="no cell in common; the first is se@64@28, and eca@64@28$"):
        compare(ran("a", cell(case("se"))), ran("b", cell(case("eca"))))
    with pytest.raises(RunFolderError, match="^b: no cell was finished"):
        compare(ran("a", cell(case("se"))), ran("b"))


def test_a_run_merged_from_several_machines_is_refused():
    whole = ran("a", cell(case(), STEADY))
    merged = replace(whole, environment={"runs": {"1": {"device_name": "x"}, "2": {"device_name": "y"}}})
    with pytest.raises(RunFolderError, match="^a was merged from several machines"):
        compare(replace(merged, name="a"), whole)


def test_a_run_whose_cells_name_the_number_of_their_gpu_is_compared_with_one_whose_cells_name_its_kind():
    older, newer = (
        ran(name, cell(case(device=device), STEADY), device="cuda:0")
        for name, device in (("a", "cuda:0"), ("b", "cuda"))
    )
    [compared] = compare(older, newer).cells
    assert compared.outcome.verdict == SAME


def test_a_module_of_the_users_own_stays_the_same_cell_when_its_file_is_edited():
    before, after = (ran(name, cell(case("my.py:Gate", source=name), STEADY)) for name in "ab")
    [found] = compare(before, after).cells
    assert found.edited
    assert found.outcome.verdict == SAME


def test_a_count_that_changed_is_named_exactly_and_does_not_hold():
    before, after = (
        ran("a", cell(case(), STEADY)),
        ran("b", cell(case(), STEADY, {"params": 513, "macs": 1024})),
    )
    found = compare(before, after)
    [(_, change)] = found.changed
    assert (change.metric, change.before, change.after, change.exact) == ("params", 512, 513, True)
    assert change.share == pytest.approx(1 / 512)
    assert not found.holds


@pytest.mark.parametrize(
    ("memory", "named", "holds"),
    [(2**20 + 1, 1, True), (2**21, 1, False), (2**19, 1, True), (2**20, 0, True)],
)
def test_measured_memory_is_named_whenever_it_changed_and_objected_to_where_it_grew_beyond_the_tolerance(
    memory, named, holds
):
    found = compare(ran("a", cell(case(), STEADY)), ran("b", cell(case(), STEADY, memory=memory)))
    assert (len(found.cells[0].changes), found.holds) == (named, holds)


def test_what_one_run_was_not_asked_for_is_no_change():
    before = ran("a", cell(case(), STEADY, {"params": 1, "fvcore_macs": 7}))
    assert compare(before, ran("b", cell(case(), STEADY, {"params": 1}))).holds


def test_a_cell_that_can_no_longer_be_measured_does_not_hold_and_one_that_now_can_does():
    well, ill = ran("a", cell(case(), STEADY)), ran("b", cell(case(), status="oom", reason="too large"))
    found = compare(well, ill)
    assert [(each.ended, each.reason, each.outcome) for each in found.broken] == [
        (("ok", "oom"), "too large", None)
    ]
    assert (found.holds, compare(ill, well).holds) == (False, True)


def test_cells_of_one_run_alone_are_listed_and_change_nothing():
    before = ran("a", cell(case("se"), STEADY), cell(case("eca"), STEADY))
    after = ran("b", cell(case("se"), STEADY), cell(case("cbam"), STEADY))
    found = compare(before, after)
    assert [each.module for each in (*found.only_before, *found.only_after)] == ["eca", "cbam"]
    assert found.holds


def test_a_machine_that_changed_is_told_from_a_module_that_did():
    before = ran("a", cell(case(), STEADY, reference=STEADY))
    assert compare(before, ran("b", cell(case(), SLOWED, reference=SLOWED))).machine_changed
    assert not compare(before, ran("b", cell(case(), SLOWED, reference=STEADY))).machine_changed
    assert compare(before, ran("b", cell(case(), SLOWED))).machine is None


def test_a_machine_that_changed_by_less_than_the_tolerance_is_told_all_the_same():
    before = ran("a", cell(case(), STEADY, reference=STEADY))
    slower, hardly = ([share * each for each in STEADY] for share in (1.04, 1.01))
    assert compare(before, ran("b", cell(case(), SLOWED, reference=slower))).machine_changed
    assert not compare(before, ran("b", cell(case(), SLOWED, reference=hardly))).machine_changed


def test_the_mean_is_formed_in_each_process_that_has_all_cells():
    before = ran("a", cell(case("se"), (*STEADY, 1e-3)), cell(case("eca"), STEADY))
    found = compare(before, before)
    assert len(found.overall.before.processes) == 3
    assert found.overall.ratio == 1


def test_a_cell_with_a_rough_figure_is_not_in_the_mean():
    before = ran("a", cell(case("se"), STEADY), cell(case("eca"), STEADY[:1]))
    assert len(compare(before, before).overall.before.processes) == 3


def test_a_machine_that_became_slower_is_no_slower_cell_where_there_is_a_control():
    before = ran("a", cell(case(), STEADY, reference=STEADY))
    slower = ran("b", cell(case(), SLOWED, reference=SLOWED))
    (found,) = compare(before, slower).cells
    assert (found.outcome.verdict, found.control) == (SAME, "the control product")
    assert found.seconds == pytest.approx((1e-3, 1.2e-3))
    assert compare(before, slower).holds
    (found,) = compare(before, slower, absolute=True).cells
    assert (found.outcome.verdict, found.control) == (SLOWER, "")


def test_a_cell_that_became_slower_on_a_machine_that_did_not_is_slower():
    before = ran("a", cell(case(), STEADY, reference=STEADY))
    after = ran("b", cell(case(), SLOWED, reference=STEADY))
    assert compare(before, after).cells[0].outcome.verdict == SLOWER


def test_ratios_to_the_baseline_are_the_control_where_both_runs_have_formed_them():
    def run(name, seconds, ratios):
        base = cell(case("se"), STEADY, reference=STEADY, ratios=(1.0,) * 3)
        return ran(name, base, cell(case("eca"), seconds, reference=STEADY, ratios=ratios))

    before, after = run("a", STEADY, (2.0, 2.01, 1.99)), run("b", SLOWED, (2.01, 2.0, 1.99))
    se, eca = compare(before, after).cells
    assert (eca.outcome.verdict, eca.control) == (SAME, "se")
    assert (se.outcome.verdict, se.control) == (SAME, "the control product")
    assert compare(before, after).controls == ["se", "the control product"]
    worse = run("b", STEADY, (2.4, 2.41, 2.39))
    assert compare(before, worse).cells[1].outcome.verdict == SLOWER


def test_ratios_to_another_baseline_are_not_compared():
    def run(baseline):
        return ran(
            baseline, cell(case("eca"), STEADY, reference=STEADY, ratios=(2.0,) * 3, baseline=baseline)
        )

    assert compare(run("se"), run("cbam")).cells[0].control == "the control product"


def test_another_time_than_latency_is_compared_by_name_and_an_unknown_one_is_a_mistake():
    run = ran("a", cell(case(), STEADY, reference=STEADY))
    assert compare(run, run, metric="reference").cells[0].outcome.before.seconds == 1e-3
    with pytest.raises(
        UsageError, match=r"^--metric: no process of these runs timed 'latenzy'\. Did you mean 'latency'\?$"
    ):
        compare(run, run, metric="latenzy")


def test_runs_that_only_counted_are_compared_by_counts_alone():
    run = ran("a", cell(case()))
    found = compare(run, run)
    assert (found.holds, found.overall, found.machine, found.cells[0].outcome) == (True, None, None, None)
