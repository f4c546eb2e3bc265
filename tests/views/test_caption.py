"""What a caption says of the rows above it."""

from dataclasses import replace

import pytest

from attnprof.views.caption import conditions
from attnprof.views.run import document
from tests.report.conftest import results_of


@pytest.mark.parametrize("train", [True, False])
def test_where_rows_are_of_training_other_counters_are_said_to_count_the_forward_pass(train):
    table = document(results_of(modules="se", points="64@28", train=train))
    caption = "\n".join(table.remarks(table.columns))
    assert "thop: other tools' MACs / ours" in caption
    assert ("thop count the forward pass alone" in caption) == train


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "cuda:0 (GPU, 1 thread)"),
        ({"cuda_variables": {}, "rocm_version": None}, "cuda:0 (GPU, 1 thread)"),
        ({"cuda_variables": {"A": "1", "B": "x y"}}, "cuda:0 (GPU, 1 thread, A=1, B=x y)"),
        (
            {"rocm_version": "6.4"},
            "cuda:0 (GPU, 1 thread, ROCm 6.4, on which nobody has verified attnprof)",
        ),
    ],
)
def test_a_caption_says_what_sets_a_gpus_figures_apart(environment, says):
    results = results_of(modules="se", points="64@28")
    on_gpu = {"device": "cuda:0", "device_name": "GPU", **environment}
    results = replace(results, environment={**results.environment, **on_gpu})
    assert f" {says}, " in conditions(results)


def test_a_column_without_any_figure_says_why():
    results = results_of(modules="se,eca", points="64@28")
    results.frame["energy_j"] = None
    notes = {(0, "energy_j"): "no counter", (1, "energy_j"): "no counter"}
    table = document(replace(results, notes=notes), ("module", "energy"))
    assert "energy: no figure; no counter" in table.remarks(table.columns)
    results.frame.loc[0, "energy_j"] = 0.5
    table = document(replace(results, notes=notes), ("module", "energy"))
    assert not [remark for remark in table.remarks(table.columns) if "no figure" in remark]


@pytest.mark.parametrize(
    ("fields", "environment", "machine"),
    [
        ({}, {"tf32": False, "cudnn_benchmark": False}, "cuda:0 (GPU, 1 thread, tf32 off)"),
        ({"tf32": True}, {"tf32": True}, "cuda:0 (GPU, 1 thread, tf32 on)"),
        ({"dtype": "bf16"}, {"tf32": False}, "cuda:0 (GPU, 1 thread)"),
        (
            {},
            {"tf32": False, "cudnn_benchmark": True},
            "cuda:0 (GPU, 1 thread, tf32 off, cudnn.benchmark on)",
        ),
        ({}, {"tf32": False, "rocm_version": "7.0"}, "cuda:0 (GPU, 1 thread, ROCm"),
        ({}, {}, "cuda:0 (GPU, 1 thread)"),
    ],
)
def test_the_conditions_say_what_a_gpu_may_do_where_it_matters(fields, environment, machine):
    results = results_of(modules="se", points="64@28", device="cuda:0", **fields)
    ran = {"device": "cuda:0", "device_name": "GPU", "threads": 1, **environment}
    assert machine in conditions(replace(results, environment=ran))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "fp32, eval, cpu"),
        ({"compile": True}, "fp32, eval, compiled, cpu"),
        ({"compile_mode": "max-autotune"}, "fp32, eval, compiled:max-autotune, cpu"),
    ],
)
def test_the_conditions_say_how_modules_were_compiled(fields, says):
    assert says in conditions(results_of(modules="se", points="64@28", **fields))


def test_a_caption_explains_no_column_that_is_not_there():
    table = document(results_of(modules="se", points="64@28"))
    shown = [column for column in table.columns if column.name not in ("thop_macs", "peak_memory_bytes")]
    caption = "\n".join(table.remarks(shown))
    assert "MACs:" in caption
    assert "other tools" not in caption
    assert "memory:" not in caption
