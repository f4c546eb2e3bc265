"""The kernels of a call as they are shown: whole names for programs, short ones on a narrow terminal."""

import csv
import json
from dataclasses import replace

import pytest

from attnprof.explaining.kernels import KernelReport, KernelUse
from attnprof.formats import FORMATS, Look
from attnprof.measuring.timing import MeasuredTime
from attnprof.records.case import Case
from attnprof.views.kernels import document, short_name

ADD = (
    "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, "
    "std::array<char*, 3ul> >(int, at::native::CUDAFunctor_add<float>, std::array<char*, 3ul>)"
)
MUL = (
    "void at::native::(anonymous namespace)::elementwise_kernel<128, 2, at::native::MulFunctor<float> >(int)"
)
GEMM = "sm90_xmma_fprop_implicit_gemm_f32f32_tilesize128x128x8_stage3_warpsize2x2x1_g1_ffma_aligna4_cudnn"
COPY = "Memcpy DtoD (Device -> Device)"
CASE = Case("se", 64, 56, 56, device="cuda:0", threads=1, batch=8)
GPU = {"device": "cuda:0", "device_name": "NVIDIA H200", "threads": 1}
TIMES = {ADD: 8e-6, MUL: 5e-6, GEMM: 3e-6, COPY: 1.5e-6}
REPORT = KernelReport(
    "kernel",
    tuple(KernelUse(name, 1.0, s, (0.98 * s, 1.03 * s), s / 17.5e-6) for name, s in TIMES.items()),
    KernelUse("", 4.0, 17.5e-6, (17e-6, 18e-6)),
    32,
    "median",
    "",
    MeasuredTime(35e-6, (34e-6, 36e-6), "samples", 40),
)
NO_KERNELS = "the profiler sees no kernels: CUPTI is missing, or not allowed here"
BLIND = replace(REPORT, uses=(), total=None, note=NO_KERNELS)


def written(name, report=REPORT, case=CASE, environment=GPU, **look):
    title = "Squeeze-and-Excitation"
    return FORMATS.get(name).write(document(case, title, environment, report), Look(**look)).text


def said(report):
    """The text as one line."""
    return " ".join(written("text", report).split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_has_every_kernel_on_a_line_of_its_own_with_its_figures(width):
    text = written("text", width=width)
    assert max(map(len, text.splitlines())) <= width
    rows = [line for line in text.splitlines() if line.endswith(" %") and " µs " in line]
    assert [row.split()[-2] for row in rows] == ["46", "29", "17", "8.6", "100"]
    assert rows[0].startswith("vectorized_elementwise_kernel")
    assert rows[1].startswith("elementwise_kernel<128, 2, ")
    assert rows[-1].split()[:4] == ["all", "4", "17.5", "µs"]
    assert "whole names: --format csv" in text


def test_the_lines_above_say_what_was_measured_and_the_one_below_what_is_no_kernel():
    head, conditions, method, *_, last = written("text").splitlines()
    assert head == "se - Squeeze-and-Excitation"
    assert conditions == "8x64x56x56, fp32, eval, cuda:0 (NVIDIA H200, 1 thread), inputs not in cache (cold)"
    assert "median call (n = 32), ± 95 % interval" in method
    assert "17.5 µs of it (50 %) is no kernel" in written("text", width=200)
    assert last.endswith("the wait at the end.")


NODES = KernelReport(
    "node",
    (
        KernelUse("node_0_nchwc", 1.0, 9e-6, None, 0.9, "Conv", "channel.squeeze: Conv2d, channel: relu"),
        KernelUse("ReorderOutput", 1.0, 1e-6, None, 0.1, "ReorderOutput", "(layout)"),
    ),
    KernelUse("", 2.0, 10e-6),
    32,
    "median",
    "",
    MeasuredTime(12.5e-6, None, "samples", 40),
)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nodes_are_shown_by_operator_with_what_they_compute(width):
    text = written("text", NODES, width=width)
    assert max(map(len, text.splitlines())) <= width
    [conv] = [line for line in text.splitlines() if line.startswith("Conv ")]
    assert "channel.squeeze: Con" in conv
    assert "9.00 µs" in conv
    [whole] = [line for line in text.splitlines() if line.startswith("all ")]
    assert whole.split()[1:4] == ["10.0", "µs", "100"]
    assert "2.50 µs of it (20 %) is no node" in " ".join(text.split())


def test_a_program_reads_operator_and_origin_of_every_node():
    rows = list(csv.DictReader(written("csv", NODES).splitlines()))
    assert [row["operator"] for row in rows] == ["Conv", "ReorderOutput"]
    assert rows[0]["computes"] == "channel.squeeze: Conv2d, channel: relu"
    assert rows[0]["kernel"] == "node_0_nchwc"
    whole = json.loads(written("json", NODES))
    assert whole["uses"][1]["origin"] == "(layout)"


@pytest.mark.parametrize("name", FORMATS.names())
def test_every_format_shows_nodes(name):
    assert "channel.squeeze" in written(name, NODES)


def test_figures_without_an_interval_say_what_they_are():
    uses = tuple(replace(use, interval=None) for use in REPORT.uses)
    bare = replace(REPORT, uses=uses, total=replace(REPORT.total, interval=None))
    assert "median call (n = 32)." in said(bare)
    uneven = replace(bare, estimator="")
    assert "mean of 32 calls, which do not all run the same." in said(uneven)


def test_conditions_that_are_not_the_usual_ones_are_said():
    unusual = replace(
        CASE, mode="train", autocast="bf16", layout="channels_last", execution="compiled", inputs="hot"
    )
    conditions = written("text", case=unusual).splitlines()[1]
    for words in ("autocast bf16", "forward + backward", "channels_last", "compiled", "hot in cache"):
        assert words in conditions


def test_kernels_side_by_side_and_a_profiler_that_slows_are_told_apart():
    quick = replace(REPORT, latency=MeasuredTime(15e-6, None, "", 1))
    assert "2.50 µs less than these kernels; some of them run side by side." in said(quick)
    on_a_cpu = said(replace(quick, kind="operator"))
    assert (
        "less than these operators; the profiler, and other programs meanwhile, make them longer." in on_a_cpu
    )


def test_what_takes_little_is_one_row_of_a_terminal_and_complete_elsewhere():
    tiny = tuple(KernelUse(f"aten::tiny{n}", 1.5, 1e-8, None, 5e-4) for n in range(4))
    report = replace(REPORT, uses=(*REPORT.uses, *tiny))
    assert "\n4 others " in written("text", report, width=120)
    assert "tiny" not in written("text", report, width=120)
    assert all(use.name in written("text", report) for use in tiny)


@pytest.mark.parametrize("width", [None, 80])
def test_where_the_profiler_sees_nothing_the_reason_stands_in_place_of_the_table(width):
    text = written("text", BLIND, width=width)
    assert NO_KERNELS.split(",")[0] in " ".join(text.split())
    assert "latency 35.0 µs" in text
    assert "share" not in text


def test_csv_and_json_have_whole_names_and_exact_figures():
    rows = list(csv.DictReader(written("csv").splitlines()))
    assert [(row["kernel"], float(row["time_s"])) for row in rows] == list(TIMES.items())
    assert {row["calls"] for row in rows} == {"32"}
    assert written("csv", BLIND) == "kernel,runs,time_s,time_ci_low_s,time_ci_high_s,share,calls"
    data = json.loads(written("json"))
    assert [use["name"] for use in data["uses"]] == list(TIMES)
    assert (data["case"]["batch"], data["environment"]["device"]) == (8, "cuda:0")
    assert (data["total"]["seconds"], data["latency"]["seconds"]) == (17.5e-6, 35e-6)


def test_a_printed_page_has_names_that_fit_it():
    rows = [line for line in written("latex").splitlines() if line.endswith(r"\\") and "&" in line]
    assert all(len(row.partition(" & ")[0]) < 100 for row in rows)
    assert "elementwise" in rows[1]


@pytest.mark.parametrize(
    ("name", "width", "short"),
    [
        (COPY, 30, COPY),
        (MUL, 60, "elementwise_kernel<128, 2, MulFunctor<float> >"),
        (ADD, 90, "vectorized_elementwise_kernel<4, CUDAFunctor_add<float>, std::array<char*, 3ul> >"),
        (ADD, 40, "vectorized_elementwise_kernel<4, CUDAFu…"),
        ("autograd::engine::evaluate_function: MulBackward0", 30, "autograd::engine::evaluate_fu…"),
    ],
)
def test_a_name_loses_first_what_every_kernel_has(name, width, short):
    assert short_name(name, width) == short
    assert len(short) <= width
