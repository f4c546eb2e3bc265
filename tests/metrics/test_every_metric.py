"""Laws that every metric keeps; a new file is tested the moment it exists. And what the timed ones say."""

import json
import re
from dataclasses import replace

import pytest

from attnprof.backends import Burst, Condition, Energy, KernelRun, KernelTrace, Memory
from attnprof.counters import COUNTERS
from attnprof.counting import cost
from attnprof.counting.rules import CATEGORIES
from attnprof.measuring.bound import Peaks
from attnprof.measuring.ratios import Ratio
from attnprof.measuring.timing import Timing
from attnprof.metrics import METRICS, SUFFIX, Findings, column
from attnprof.metrics._measure import measure
from attnprof.records.case import Case
from attnprof.results.header import HEADER

NAMES = METRICS.names()
CASE = Case("se", 64, 7, 7, batch=4, execution="compiled")
COUNTED = replace(cost("se", CASE.shape), channel_pairs=8)
HUGE = {**COUNTED.flops_by_category, "mac": 2 * (10**15 + 1)}
HUNDRED = tuple(
    float(100 - n // 2 if n % 2 else 1 + n // 2) for n in range(100)
)  # 1, 100, 2, 99, ...: no wave in it
FULL = Findings(
    CASE,
    account=replace(COUNTED, params=512, trainable_params=500, buffers=8, flops_by_category=HUGE),
    counters={name: 11 + n for n, name in enumerate(COUNTERS.names())},
    timing=Timing(HUNDRED, 1, 100, 250.0, bursts=(Burst(20.0, 30.0),) * 9, reference=0.5),
    baseline=Ratio("se", 1.25, (1.2, 1.3), 9),
    memory=Memory(2**40 + 1, 3, 2**40, 2**41),
    energy=Energy(600.0, 300, 2.0, 0.1, 75.0),
    kernels=KernelTrace((KernelRun("gemm", 30.0), KernelRun("relu", 6.0)), calls=2),
    peaks=Peaks(((2**20, 1e9), (2**30, 1e8)), dict.fromkeys(CATEGORIES, 1e15), 1e-6, 2**25),
)
POOR = replace(
    FULL,
    counters={name: f"{name} failed: no" for name in COUNTERS.names()},
    timing=Timing((3.0, 1.0, 2.0), 1, 3, 0.25),
    baseline=Ratio("se", None, why="no round in which se has a sample, too"),
    memory=Memory(2**40 + 1, 3),
    energy=Energy(note="no counter"),
    peaks=None,
)
NOTHING = replace(POOR, timing=Timing((), 1, 30, 0.25, ("contended",)))


def follow(name, found):
    return measure(METRICS.get(name), found)


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_has_the_name_and_the_unit_that_it_says(name):
    metric, found = METRICS.get(name), follow(name, FULL)
    assert found.metric == name
    assert found.unit == metric.unit
    assert metric.unit in SUFFIX


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_explains_itself_on_one_line(name):
    metric = METRICS.get(name)
    assert re.fullmatch(r"[A-Z][^\n]{9,99}(?<!\.)", metric.help)
    assert re.fullmatch(r"\S[^\n]{0,20}", metric.title)


def test_no_two_metrics_have_one_title():
    titles = [METRICS.get(name).title for name in NAMES]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_needs_no_more_than_it_says(name):
    metric = METRICS.get(name)
    found = {need: getattr(FULL, need) for need in (metric.needs, *metric.also)}
    assert follow(name, Findings(CASE, **found)) == follow(name, FULL)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "macs_by_stage"])  # of a network alone
def test_where_everything_was_found_the_value_is_there(name):
    inside = replace(FULL, case=replace(CASE, host="resnet50"))  # some are of networks alone
    assert follow(name, inside).value is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_value_has_a_note_and_is_never_zero(name):
    for findings in (POOR, NOTHING):
        found = follow(name, findings)
        assert found.value != 0
        if found.value is None:
            assert len(found.note) > 5


@pytest.mark.parametrize("name", NAMES)
def test_an_interval_holds_the_value_and_says_its_kind(name):
    for findings in (FULL, POOR):
        found = follow(name, findings)
        if found.interval:
            assert found.interval[0] <= found.value <= found.interval[1]
            assert found.interval_kind == ("resolution" if name == "energy" else "samples")
        else:
            assert found.interval_kind in ("", "exact")


@pytest.mark.parametrize("name", [name for name in NAMES if METRICS.get(name).unit in ("count", "bytes")])
def test_counts_and_bytes_are_exact_integers(name):
    assert type(follow(name, FULL).value) is int


@pytest.mark.parametrize("name", [name for name in NAMES if METRICS.get(name).counter])
def test_a_counters_count_is_the_counters_and_its_failure_the_note(name):
    counter = METRICS.get(name).counter
    assert counter in COUNTERS
    assert name.startswith(counter), "the counter is always in the column's name"
    assert follow(name, FULL).value == FULL.counters[counter]
    assert (follow(name, POOR).value, follow(name, POOR).note) == (None, f"{counter} failed: no")
    assert follow(name, Findings(CASE)).note == "not asked for"


@pytest.mark.parametrize(
    ("changes", "options"),
    [({"batch": 1}, ""), ({"batch": 8}, " --batch 8"), ({"batch": 8, "mode": "train"}, " --batch 8 --train")],
)
def test_a_count_that_differs_names_the_command_that_explains_it(changes, options):
    case = replace(CASE, **changes)
    findings = Findings(case, account=FULL.account, counters={"thop": FULL.account.macs + 1})
    note = follow("thop_macs", findings).note
    assert note == f"ours is {FULL.account.macs}; attnprof explain {case.target}{options} says why"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("params", 512),
        ("trainable_params", 500),
        ("buffers", 8),
        ("macs", 10**15 + 1),
        ("output_shape", "4x64x7x7"),
        ("peak_memory", 2**40 + 1),
        ("first_call", 250.0),
        ("latency", 50.5),
        ("throughput", 4 / 50.5),
        ("latency_p90", 90.0),
    ],
)
def test_values_follow_from_what_was_found(name, value):
    assert follow(name, FULL).value == value


def test_latency_is_the_median_with_the_interval_of_its_samples():
    found = follow("latency", FULL)
    assert (found.value, found.interval, found.interval_kind, found.n) == (50.5, (40.0, 61.0), "samples", 100)


def test_latency_of_too_few_samples_has_a_value_and_says_why_it_has_no_interval():
    found = follow("latency", POOR)
    assert (found.value, found.interval, found.interval_kind, found.n) == (2.0, None, "", 3)
    assert found.note == "3 samples: too few for an interval"


def test_latency_says_how_many_samples_were_left_out():
    found = follow("latency", replace(FULL, timing=Timing(HUNDRED[:30], 1, 40, 0.25)))
    assert (found.n, found.note) == (30, "10 of 40 samples were others' and are left out")
    on_a_gpu = Timing(HUNDRED[:30], 1, 40, 0.25, conditions=(Condition(1e9),) * 40)
    words = follow("latency", replace(FULL, timing=on_a_gpu)).note
    assert words == "10 of 40 samples were others', or of a slowed device, and are left out"


def test_without_a_sample_that_counts_there_is_no_latency():
    found = follow("latency", NOTHING)
    assert found.value is None
    assert "with several threads" in found.note


def test_a_quick_look_calls_its_quartiles_a_spread():
    found = follow("latency", replace(FULL, timing=replace(FULL.timing, spread=True)))
    assert (found.interval, found.interval_kind) == ((25.75, 75.25), "spread")


def test_an_efficiency_is_the_bound_over_the_device_time_and_without_one_over_the_latency():
    bound = follow("bound", FULL).value
    assert follow("efficiency", FULL).value == pytest.approx(bound / 20)
    without = replace(FULL, timing=replace(FULL.timing, bursts=()))
    assert follow("efficiency", without).value == pytest.approx(bound / 50.5)


def test_a_device_time_that_could_not_be_had_leaves_no_efficiency_and_says_why():
    bursts = (Burst(None, 30.0),) * 9
    timing = replace(FULL.timing, bursts=bursts, device_note="it cannot be captured: no")
    failed = replace(timing, bursts=())
    assert follow("efficiency", replace(FULL, timing=failed)).note == "it cannot be captured: no"
    for name in ("device_time", "efficiency", "launch_overhead"):
        found = follow(name, replace(FULL, timing=timing))
        assert (found.value, found.note) == (None, "it cannot be captured: no")


def test_a_launch_overhead_is_what_the_latency_has_beyond_the_device_time():
    assert follow("launch_overhead", FULL).value == pytest.approx(1 - 20 / 50.5)
    busy = replace(FULL, timing=replace(FULL.timing, bursts=(Burst(60.0, 60.0),) * 9))
    assert follow("launch_overhead", busy).value == 0


def test_a_launch_overhead_has_the_interval_of_the_worst_case():
    bursts = tuple(Burst(seconds, 30.0) for seconds in (18.0, 22.0, 20.0, 19.0, 21.0, 20.5, 19.5, 18.5, 21.5))
    timing = replace(FULL.timing, bursts=bursts)
    (shortest, longest), (least, most) = timing.by_device.interval, timing.by_host.interval
    reading = follow("launch_overhead", replace(FULL, timing=timing))
    assert reading.interval == pytest.approx((1 - longest / least, 1 - shortest / most))
    assert reading.interval[0] < reading.value < reading.interval[1]
    assert (reading.interval_kind, reading.n) == ("samples", 9)


def test_a_kernel_time_is_the_sum_over_kernels_and_says_how_the_device_time_differs():
    found = follow("kernel_time", FULL)
    assert (found.value, found.n) == (18.0, 2)
    assert found.note == "1 kernel; 2.00 s less than the device time, which has the gaps between them"
    side_by_side = replace(FULL, timing=replace(FULL.timing, bursts=(Burst(16.0, 30.0),)))
    assert "2.00 s more than the device time" in follow("kernel_time", side_by_side).note
    none = replace(FULL, kernels=KernelTrace((), 8, "the profiler sees no kernels"))
    assert follow("kernel_time", none).note == "the profiler sees no kernels"


def test_an_energy_has_the_counters_resolution_for_an_interval_and_says_what_power_it_came_from():
    reading = follow("energy", FULL)
    assert reading.value == 2.0
    assert reading.interval == pytest.approx((2.0 / 1.05, 2.0 / 0.95))
    assert (reading.interval_kind, reading.n) == ("resolution", 300)
    said = "300 W for 2.00 s, 75 W at rest; the counter is updated every 100 ms, by 30.0 J"
    assert reading.note == said


def test_an_energy_that_is_missing_says_why():
    assert follow("energy", POOR).note == "no counter"
    none = replace(FULL, energy=None)
    assert "RAPL" in follow("energy", replace(none, case=replace(CASE, device="cpu"))).note
    assert "no counter" in follow("energy", replace(none, case=replace(CASE, device="cuda:0"))).note


def test_a_kernel_time_has_the_interval_of_its_calls_where_they_have_as_many_kernels():
    seconds = (30.0, 6.0, 31.0, 6.0, 29.0, 7.0, 30.5, 6.5, 29.5, 6.0, 30.0, 6.0, 30.0, 6.0, 31.0, 7.0)
    runs = tuple(KernelRun("gemm", each) for each in seconds)
    reading = follow("kernel_time", replace(FULL, kernels=KernelTrace(runs, calls=8)))
    assert (reading.value, reading.interval, reading.interval_kind) == (36.0, (35.5, 38.0), "samples")
    uneven = follow("kernel_time", replace(FULL, kernels=KernelTrace(runs[:-1], calls=8)))
    assert (uneven.value, uneven.interval) == (pytest.approx(sum(seconds[:-1]) / 8), None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"timing": Timing((1e-12,) * 9, 1, 9, 1.0)}, "less than its bound"),
        ({"timing": replace(FULL.timing, bursts=(Burst(1e-12, 1.0),))}, "less than its bound"),
        ({"timing": Timing((), 1, 9, 1.0)}, "there is no latency"),
        ({"case": replace(CASE, inputs="hot")}, "hot in cache"),
        ({"account": replace(FULL.account, unknown_ops=("aten.foo",))}, "incomplete"),
        ({"account": replace(FULL.account, bytes_moved=0)}, "nothing"),
        ({"peaks": None}, "not measured"),
    ],
)
def test_an_efficiency_that_would_mislead_is_blank_and_says_why(change, why):
    found = follow("efficiency", replace(FULL, **change))
    assert found.value is None
    assert why in found.note


RATES = {"achieved_flops": FULL.account.flops, "achieved_bandwidth": FULL.account.minimal_bytes}


@pytest.mark.parametrize(("name", "amount"), RATES.items())
def test_an_achieved_rate_is_an_exact_count_over_the_device_time_and_without_one_over_the_latency(
    name, amount
):
    assert follow(name, FULL).value == pytest.approx(amount / 20)
    without = follow(name, replace(FULL, timing=replace(FULL.timing, bursts=())))
    assert without.value == pytest.approx(amount / 50.5)
    assert without.interval == pytest.approx((amount / 61.0, amount / 40.0))
    assert (without.interval_kind, without.n) == ("samples", 100)


@pytest.mark.parametrize(
    ("name", "rate", "peak"),
    [("share_of_peak_flops", "achieved_flops", 1e15), ("share_of_peak_bandwidth", "achieved_bandwidth", 1e9)],
)
def test_a_share_of_a_peak_is_the_achieved_rate_over_it_and_blank_where_that_is_beaten(name, rate, peak):
    timing = replace(FULL.timing, bursts=())
    share, achieved = (follow(each, replace(FULL, timing=timing)) for each in (name, rate))
    assert share.value == pytest.approx(achieved.value / peak)
    assert share.interval == pytest.approx(tuple(end / peak for end in achieved.interval))
    beaten = follow(name, replace(FULL, timing=Timing((1e-12,) * 9, 1, 9, 1.0)))
    assert beaten.value is None
    assert "more than the measured peak of 1" in beaten.note
    assert "peaks were not measured" in follow(name, replace(FULL, peaks=None)).note


@pytest.mark.parametrize(
    ("names", "change", "why"),
    [
        (("achieved_flops", "share_of_peak_flops"), {"unknown_ops": ("aten.foo",)}, "FLOPs are incomplete"),
        (("achieved_flops", "share_of_peak_flops"), {"flops_by_category": {}}, "a call computes nothing"),
        (("achieved_bandwidth", "share_of_peak_bandwidth"), {"bytes_moved": 0}, "a call moves nothing"),
    ],
)
def test_a_rate_of_work_that_is_not_known_or_not_there_is_blank(names, change, why):
    findings = replace(FULL, account=replace(FULL.account, **change))
    assert [(follow(name, findings).value, follow(name, findings).note) for name in names] == [
        (None, why)
    ] * 2


def test_hot_inputs_leave_no_bandwidth_and_a_device_without_a_time_no_rate():
    hot = replace(FULL, case=replace(CASE, inputs="hot"))
    assert "hot in cache" in follow("achieved_bandwidth", hot).note
    assert follow("achieved_flops", hot).value > 0
    failed = replace(FULL.timing, bursts=(), device_note="it cannot be captured: no")
    assert follow("achieved_flops", replace(FULL, timing=failed)).note == "it cannot be captured: no"


def test_a_bound_says_what_binds_and_where_the_bytes_are():
    assert follow("bound", FULL).note == "arithmetic binds; the bytes are in a working set of 1.00 MiB"


@pytest.mark.parametrize(
    ("extra", "words"), [(100, "100 bytes more than counted"), (-1, "1 bytes less than counted"), (0, "")]
)
def test_measured_memory_names_its_difference_from_the_counted(extra, words):
    memory = Memory(FULL.account.activation_memory + extra)
    assert follow("peak_memory", replace(FULL, memory=memory)).note.startswith(words)


def test_compiling_is_the_first_call_less_what_a_call_takes():
    timing = Timing((2.0,) * 9, 1, 9, 30.0)
    assert follow("compile_time", replace(FULL, timing=timing)).value == 28.0
    assert (
        follow("compile_time", replace(FULL, case=replace(CASE, execution="eager"))).note == "it runs eagerly"
    )


def test_throughput_is_the_batch_over_the_latency_with_its_ends_changed_round():
    found = follow("throughput", FULL)
    assert found.value * follow("latency", FULL).value == pytest.approx(4)
    assert found.interval == (4 / 61.0, 4 / 40.0)


@pytest.mark.parametrize(
    ("samples", "value"),
    [
        (tuple(range(1, 11)), 9),
        (tuple(range(20, 0, -1)), 18),
        (tuple(range(1, 12)), 10),
        ((1.0,) * 9 + (100.0,), 1.0),
        ((1.0,) * 8 + (100.0,) * 2, 100.0),
    ],
)
def test_nine_samples_in_ten_are_no_longer_than_the_90th_percentile(samples, value):
    found = follow("latency_p90", replace(FULL, timing=Timing(samples, 1, len(samples), 1.0)))
    assert (found.value, found.n) == (value, len(samples))


def test_nine_samples_have_no_90th_percentile():
    found = follow("latency_p90", replace(FULL, timing=Timing((1.0,) * 9, 1, 9, 1.0)))
    assert (found.value, found.note) == (None, "9 samples; a 90th percentile needs 10")


@pytest.mark.parametrize(
    ("metric", "unit", "heading"),
    [
        ("latency", "s", "latency_s"),
        ("peak_memory", "bytes", "peak_memory_bytes"),
        ("throughput", "1/s", "throughput_per_s"),
        ("params", "count", "params"),
        ("output_shape", "", "output_shape"),
    ],
)
def test_a_column_is_the_metric_with_its_unit(metric, unit, heading):
    assert column(metric, unit) == heading
    assert heading in HEADER


def test_no_two_metrics_share_a_column():
    columns = [column(name, METRICS.get(name).unit) for name in NAMES]
    assert len(set(columns)) == len(columns)


def test_flops_by_category_leave_out_what_there_is_none_of_and_sum_to_the_flops():
    by_category = json.loads(follow("flops_by_category", FULL).value)
    assert by_category == {category: n for category, n in HUGE.items() if n}
    assert sum(by_category.values()) == follow("flops", FULL).value
    assert "fft" not in by_category
