"""From a Spec to its cells: the product of modules, points and modes, with the impossible ones explained."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.backends import Arithmetic
from attnprof.catalogue import MODULES, entry
from attnprof.errors import UsageError
from attnprof.grid import PRESETS, show_res
from attnprof.metrics import METRICS, Metric
from attnprof.planning import plan
from attnprof.planning.shards import expected_work
from attnprof.records.case import conditions
from attnprof.spec import Spec

law = settings(derandomize=True, deadline=None, max_examples=30)
TIMED = [name for name in METRICS.names() if METRICS.get(name).needs in ("timing", "memory")]


def labels(planned):
    return [cell.case.label for cell in planned.cells]


@given(
    st.lists(st.sampled_from(["se", "cbam", "eca", "none", "simam"]), min_size=1, max_size=4),
    st.lists(st.integers(16, 512), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=1, max_size=3),
    st.booleans(),
)
@law
def test_the_cells_are_the_product_each_once(modules, channels, res, train):
    planned = plan(Spec(modules=modules, channels=channels, res=res, train=train), "cpu")
    found = [
        (c.case.module, c.case.channels, (c.case.height, c.case.width), c.case.mode) for c in planned.cells
    ]
    modes = ["eval", "train"] if train else ["eval"]
    assert len(found) == len(set(found))
    assert set(found) == {(m, c, s, mode) for m in modules for c in channels for s in res for mode in modes}


def test_cells_come_by_mode_then_point_then_module():
    planned = plan(Spec(modules="se,none", points="64@7,32@5", train=True), "cpu")
    eval_cells = ["se@64@7", "none@64@7", "se@32@5", "none@32@5"]
    assert labels(planned) == [*eval_cells, *(f"{label} (train)" for label in eval_cells)]


def test_points_are_no_product():
    assert labels(plan(Spec(modules="se", points="64@56,256@28x40"), "cpu")) == ["se@64@56", "se@256@28x40"]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_presets_points_are_planned(preset):
    planned = plan(Spec(modules=["none"], preset=preset), "cpu")
    assert (
        tuple((c.case.channels, c.case.height, c.case.width) for c in planned.cells) == PRESETS[preset].points
    )


def test_every_module_is_planned_by_default():
    assert {cell.case.module for cell in plan(Spec(channels=64, res=56), "cpu").cells} == set(MODULES.names())


def test_a_cell_that_cannot_run_is_a_cell_with_its_reason():
    planned = plan(Spec(modules="se,none", points="8@7"), "cpu")
    assert [(cell.case.module, cell.refusal) for cell in planned.cells] == [
        ("se", "channels must be at least the reduction = 16; nearest 16"),
        ("none", None),
    ]


def test_what_cannot_be_trained_can_still_be_evaluated():
    planned = plan(Spec(modules=["cbam"], points="64@1", train=True), "cpu")
    assert [(cell.case.mode, cell.refusal is None) for cell in planned.cells] == [
        ("eval", True),
        ("train", False),
    ]


def test_a_larger_batch_can_be_trained():
    planned = plan(Spec(modules=["cbam"], points="64@1", train=True, batch=2), "cpu")
    assert [cell.refusal for cell in planned.cells] == [None, None]


batches = st.lists(st.integers(1, 64), min_size=1, max_size=3)


@given(
    st.lists(st.sampled_from(["se", "cbam", "eca", "none"]), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(["16@7", "16@7x8", "64@7"]), min_size=1, max_size=3),
    batches,
    st.booleans(),
)
@law
def test_the_cells_are_the_product_of_the_axes_each_once(modules, points, batch, train):
    planned = plan(Spec(modules=modules, points=points, batch=batch, train=train), "cpu")
    modes = ("eval", "train")[: 1 + train]
    points_once, batches_once = dict.fromkeys(points), dict.fromkeys(batch)
    expected = list(product(modes, points_once, batches_once, modules))
    cells = [
        (cell.case.mode, point_of(cell.case), cell.case.batch, cell.case.module) for cell in planned.cells
    ]
    assert cells == expected
    assert len({cell.case.key for cell in planned.cells}) == len(expected)


def point_of(case):
    return f"{case.channels}@{show_res((case.height, case.width))}"


def test_what_needs_a_larger_batch_to_be_trained_is_refused_at_one_alone():
    planned = plan(Spec(modules=["cbam"], points="64@1", train=True, batch="1,2"), "cpu")
    cells = {(cell.case.mode, cell.case.batch): cell.refusal is None for cell in planned.cells}
    assert cells == {("eval", 1): True, ("eval", 2): True, ("train", 1): False, ("train", 2): True}


def test_every_batch_has_a_baseline_of_its_own():
    planned = plan(Spec(modules="se,eca", points="16@7,64@7", batch="1,4"), "cpu")
    assert [(case.module, case.channels, case.batch) for case in planned.baselines] == [
        ("se", 16, 1), ("se", 16, 4), ("se", 64, 1), ("se", 64, 4),
    ]  # fmt: skip


def test_training_adds_rows_and_changes_none():
    without = plan(Spec(modules="se,cbam", channels="64", res="7"), "cpu")
    with_training = plan(Spec(modules="se,cbam", channels="64", res="7", train=True), "cpu")
    assert with_training.cells[: len(without.cells)] == without.cells
    assert [cell.case.mode for cell in with_training.cells[len(without.cells) :]] == ["train", "train"]


def test_a_case_carries_every_condition_of_the_spec():
    spec = Spec(
        modules=["cbam(reduction=8)"],
        points="64@28x40",
        batch=3,
        dtype="bf16",
        channels_last=True,
        threads=2,
        seed=7,
    )
    (cell,) = plan(spec, "cpu").cells
    case = cell.case
    assert (case.module, case.variant, case.channels, case.height, case.width) == (
        "cbam",
        "reduction=8",
        64,
        28,
        40,
    )
    assert (case.batch, case.dtype, case.layout, case.threads, case.seed) == (
        3,
        "bf16",
        "channels_last",
        2,
        7,
    )
    assert (case.device, case.mode, case.execution, case.source) == ("cpu", "eval", "eager", "")


def test_runtimes_are_an_axis_within_a_batch():
    spec = Spec(modules="se,eca", points="64@7", batch="1,2", runtime="compiled,eager")
    cases = [cell.case for cell in plan(spec, "cpu").cells]
    assert [(case.batch, case.execution, case.module) for case in cases] == [
        (batch, runtime, module)
        for batch in (1, 2)
        for runtime in ("compiled", "eager")
        for module in ("se", "eca")
    ]
    assert len(plan(spec.model_copy(update={"no_latency": True})).cells) == 4


def test_a_case_says_what_a_gpu_may_do_and_how_it_was_compiled():
    spec = Spec(modules="se", points="64@7", tf32=True, cudnn_benchmark=True, compile_mode="reduce-overhead")
    planned = plan(spec, "cuda:0")
    (cell,) = planned.cells
    assert (cell.case.tf32, cell.case.execution, cell.case.replays_graphs) == (
        True, "compiled:reduce-overhead", True,
    )  # fmt: skip
    assert planned.arithmetic == Arithmetic(tf32=True, cudnn_benchmark=True)
    (counted,) = plan(spec.model_copy(update={"no_latency": True})).cells
    assert (counted.case.tf32, counted.case.execution) == (False, "eager")


@pytest.mark.parametrize(
    ("field", "value"), [("tf32", True), ("cudnn_benchmark", True), ("compile_mode", "reduce-overhead")]
)
def test_what_is_a_gpus_is_refused_where_auto_is_the_cpu(field, value):
    with pytest.raises(UsageError, match=r"^cpu: .* on GPUs alone|^cpu: tf32 exists on NVIDIA GPUs alone"):
        plan(Spec(modules="se", points="64@7", **{field: value}), "cpu")
    assert plan(Spec(modules="se", points="64@7", compile_mode="max-autotune"), "cpu").cells


def test_a_case_holds_all_hyperparameters_sorted():
    (cell,) = plan(Spec(modules=["cbam(reduction=8)"], points="64@7"), "cpu").cells
    settings_of_it = entry("cbam").settings({"reduction": 8})
    assert cell.case.hyperparameters == settings_of_it


def test_a_sweep_multiplies_the_cells_of_modules_that_have_it():
    planned = plan(Spec(modules="eca,se", points="64@7", set="reduction=4,8"), "cpu")
    assert labels(planned) == ["eca@64@7", "se(reduction=4)@64@7", "se(reduction=8)@64@7"]


def test_all_variants_are_planned_once_each():
    planned = plan(Spec(modules="se", variants="all", points="64@7"), "cpu")
    assert len(planned.cells) == 1 + len(entry("se").variants)


def test_keys_of_a_plan_are_all_different():
    planned = plan(Spec(variants="all", channels="64,256", res="7,8", train=True), "cpu")
    assert len({cell.case.key for cell in planned.cells}) == len(planned.cells)


def test_planning_twice_gives_the_same_cells():
    spec = Spec(variants="all", preset="yolo-n")
    assert plan(spec, "cpu") == plan(spec, "cpu")


def test_by_default_every_metric_but_those_of_further_counters_is_found():
    planned = plan(Spec(modules="se,eca"), "cpu")
    others = {
        n for n in METRICS.names() if not METRICS.get(n).usual or METRICS.get(n).counter == "flopcounter"
    }
    assert tuple(planned.metrics) == tuple(n for n in METRICS.names() if n not in others)
    assert planned.timed


def test_the_usual_metrics_can_have_others_beside_them():
    usual = plan(Spec(modules="se"), "cpu").metrics
    assert set(plan(Spec(modules="se", metrics="usual,operators"), "cpu").metrics) == {*usual, "operators"}
    assert list(plan(Spec(modules="se", metrics="operators"), "cpu").metrics) == ["operators"]


def test_without_counters_their_metrics_are_left_out():
    planned = plan(Spec(modules="se,eca", counters="none"), "cpu")
    usual = {n for n in METRICS.names() if METRICS.get(n).usual}
    assert usual - set(planned.metrics) == {n for n in usual if METRICS.get(n).counter}
    assert not any(metric.counter for metric in planned.metrics.values())


def test_one_counter_leaves_the_other_out():
    planned = plan(Spec(modules="se", counters="thop"), "cpu")
    assert "thop_macs" in planned.metrics
    assert "fvcore_macs" not in planned.metrics


def test_counts_only_means_nothing_is_timed_and_no_device_is_needed():
    planned = plan(Spec(modules="se", no_latency=True, threads=4), "cpu")
    assert not set(planned.metrics) & set(TIMED)
    assert {"params", "macs"} <= set(planned.metrics)
    assert (planned.timed, planned.device) == (False, "meta")
    assert {(c.case.device, c.case.threads) for c in planned.cells} == {("meta", 0)}


def test_metrics_that_are_counts_need_no_device_either():
    assert plan(Spec(modules="se", metrics="params,macs"), "cpu").device == "meta"
    assert plan(Spec(modules="se", metrics="params,latency"), "cpu").device == "cpu"


def test_only_the_metrics_asked_for_are_found_in_their_order():
    assert list(plan(Spec(modules="se", metrics="latency,params"), "cpu").metrics) == ["latency", "params"]


def test_the_device_of_the_spec_is_taken_where_it_is_named():
    assert plan(Spec(modules="se", device="cuda:1")).device == "cuda:1"
    assert plan(Spec(modules="se", device="cpu")).device == "cpu"


@pytest.mark.parametrize("there", [True, False])
def test_auto_is_the_best_device_there_is(monkeypatch, there):
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    assert plan(Spec(modules="se")).device == ("cuda:0" if there else "cpu")


@pytest.mark.parametrize("name", ["bound", "efficiency", "share_of_peak_flops"])
def test_the_peaks_are_measured_for_every_metric_that_looks_at_them(name):
    assert plan(Spec(modules="se", metrics=name), "cpu").needs_peaks
    assert not plan(Spec(modules="se", metrics="latency"), "cpu").needs_peaks


def test_a_metric_is_had_by_its_name():
    assert isinstance(METRICS.get("latency"), Metric)


@given(
    st.lists(st.sampled_from(["se", "cbam", "eca", "none", "sa"]), min_size=1, max_size=5, unique=True),
    st.lists(st.integers(1, 300), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(1, 64), min_size=1, max_size=2),
    st.integers(1, 9),
    st.booleans(),
)
@law
def test_shards_part_the_plan_into_whole_blocks_in_its_order(modules, channels, batch, hands, train):
    spec = Spec(modules=modules, channels=channels, res="7,14", batch=batch, train=train)
    whole = plan(spec, "cpu").cells
    hands = min(hands, len({conditions(cell.case) for cell in whole}))
    shards = [plan(spec.model_copy(update={"shard": f"{n + 1}/{hands}"}), "cpu").cells for n in range(hands)]
    dealt = [cell for shard in shards for cell in shard]
    assert len(dealt) == len(whole)
    assert set(dealt) == set(whole)
    blocks = [{conditions(cell.case) for cell in shard} for shard in shards]
    assert all(blocks)
    assert sum(map(len, blocks)) == len(set().union(*blocks))
    for shard in shards:
        assert list(shard) == [cell for cell in whole if cell in shard]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"points": "64@7"}, "this plan has one size under one set of conditions; cells of one size are"),
        ({"points": "64@7,64@14"}, "this plan has 2 sizes and sets of conditions to deal; .*: at most"),
        ({"points": "64@7", "train": True}, ".*: at most --shard 1/2 to 2/2$"),
    ],
)
def test_more_hands_than_blocks_are_refused(fields, words):
    with pytest.raises(UsageError, match=f"^--shard 2/3: {words}"):
        plan(Spec(modules="se,cbam", shard="2/3", **fields), "cpu")


def test_a_shard_has_all_runtimes_of_its_sizes():
    spec = Spec(modules="se,eca", points="64@7,64@14", runtime="eager,compiled", shard="1/2")
    cases = [cell.case for cell in plan(spec, "cpu").cells]
    assert {case.execution for case in cases} == {"eager", "compiled"}
    assert len({case.height for case in cases}) == 1


def test_every_machine_deals_alike():
    spec = Spec(channels="64,256", res="56,14", shard="2/3")
    cells = [[cell.case.label for cell in plan(spec, device).cells] for device in ("cpu", "cuda:0", "cuda:1")]
    assert cells[0] == cells[1] == cells[2]


def test_a_cell_is_the_same_on_every_device_of_a_kind():
    spec = Spec(modules="se", points="64@7")
    first, second = (plan(spec, device) for device in ("cuda:0", "cuda:1"))
    assert (first.device, second.device) == ("cuda:0", "cuda:1")
    assert first.cells[0].case.device == "cuda"
    assert first.cells[0].case.key == second.cells[0].case.key != plan(spec, "cpu").cells[0].case.key


@pytest.mark.parametrize("hands", [2, 3, 4])
def test_shards_of_many_sizes_have_about_the_same_work(hands):
    def work(shard):
        cells = plan(
            Spec(modules="se,cbam", channels="64,96,128,192", res="28,27,26,25", shard=shard), "cpu"
        ).cells
        return sum(expected_work(cell) for cell in cells)

    works = [work(f"{n + 1}/{hands}") for n in range(hands)]
    assert max(works) < 1.25 * min(works)
