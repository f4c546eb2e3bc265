"""Which cells are the baseline, and which the user named."""

import pytest

from attnprof.errors import UsageError
from attnprof.planning import plan
from attnprof.spec import Spec


def planned(**asked):
    return plan(Spec(counters="none", **asked), "cpu")


def labels(this):
    return [case.label for case in this.baselines]


def test_by_default_se_is_the_baseline_at_every_size():
    assert labels(planned(modules="se,eca", channels="32,64", res="8")) == ["se@32@8", "se@64@8"]


@pytest.mark.parametrize("modules", ["eca,cbam", "se", "se(reduction=4),eca"])
def test_where_se_is_not_in_the_run_or_alone_in_it_there_is_no_baseline_and_no_ratio(modules):
    this = planned(modules=modules, channels="32", res="8")
    assert this.baselines == ()
    assert not {"vs_baseline", "baseline"} & set(this.metrics)


def test_a_baseline_can_be_named_with_its_settings():
    this = planned(modules="se,cbam(reduction=8)", channels="32", res="8", baseline="cbam(reduction=8)")
    assert labels(this) == ["cbam(reduction=8)@32@8"]
    assert {"vs_baseline", "baseline"} <= set(this.metrics)


def test_a_run_can_do_without_a_baseline():
    assert planned(modules="se,eca", baseline="none").baselines == ()


def test_a_baseline_that_is_not_in_the_run_is_refused():
    with pytest.raises(UsageError, match=r"--baseline: no cbam in this run\."):
        planned(modules="se,eca", baseline="cbam")


def test_in_networks_the_plain_one_is_there_to_compare_with_and_a_baseline_has_to_be_named():
    networks = {"modules": "se,eca", "networks": "resnet50"}
    assert planned(**networks).baselines == ()
    assert {case.module for case in planned(**networks, baseline="se").baselines} == {"se"}


def test_every_part_of_a_plan_has_the_baselines_of_its_sizes():
    request = {"modules": "se,eca,none", "channels": "32", "res": "8,16,24"}
    parts = [planned(**request, shard=f"{n}/3") for n in (1, 2, 3)]
    assert [labels(part) for part in parts] == [["se@32@24"], ["se@32@16"], ["se@32@8"]]


@pytest.mark.parametrize(
    ("modules", "named"),
    [("se,eca", {"se", "eca"}), ("all", set()), ("family:floor,se", {"se"}), ("!cbam", set())],
)
def test_named_are_the_cells_whose_modules_stand_there_by_name(modules, named):
    this = planned(modules=modules, channels="32", res="8")
    assert {cell.case.module for cell in this.cells if cell.case.key in this.named} == named
