"""What an output folder reports of its cells, with a column of ratios or without one."""

import csv
import json

import pytest

from attnprof.stats import process_interval
from benchmarks._outputs import rows_of

LINE = {
    "module": "se",
    "variant": "",
    "family": "channel",
    "channels": 64,
    "height": 56,
    "width": 56,
    "latency_s": 2e-4,
    "latency_ci_low_s": 1.9e-4,
    "latency_ci_high_s": 2.2e-4,
    "latency_ci_kind": "processes",
    "processes": 3,
    "flags": "",
    "params": 512,
    "macs": 512,
    "peak_memory_bytes": 4096,
}


def write_table(folder, *lines):
    with (folder / "results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def write_journal(folder, **latencies):
    """A journal in which each module has a latency and half of its interval's width for each process."""
    events = []
    for module, processes in latencies.items():
        case = {name: LINE[name] for name in ("channels", "height", "width", "variant")} | {"module": module}
        events.append({"event": "account", "key": module, "case": case})
        for number, (value, half) in enumerate(processes):
            interval = [value - half, value + half] if half else None
            measured = [{"metric": "reference", "value": 1.0, "interval": None}]
            measured.append({"metric": "latency", "value": value, "interval": interval})
            events.append({"event": "visit", "key": module, "repeat": number, "measurements": measured})
    text = "".join(json.dumps(event) + "\n" for event in events)
    (folder / "records.jsonl").write_text(text, encoding="utf-8")


def test_a_row_is_read_as_the_table_has_it(tmp_path):
    write_journal(tmp_path)
    write_table(tmp_path, LINE | {"variant": "theta", "flags": "drift leak", "width": 28})
    ((cell, row),) = rows_of(tmp_path).items()
    assert cell == ("se(theta)", "64@56x28")
    assert (row.latency.low, row.seconds, row.latency.high) == (1.9e-4, 2e-4, 2.2e-4)
    assert (row.flags, row.rough, row.processes) == ({"drift", "leak"}, False, 3)
    assert row.costs == (512, 512, 4096)


def test_a_cell_without_a_latency_is_none_of_the_rows(tmp_path):
    write_journal(tmp_path)
    write_table(tmp_path, LINE | {"latency_s": ""})
    assert rows_of(tmp_path) == {}


@pytest.mark.parametrize("column", ["latency_ci_kind", "vs_baseline_ci_kind"])
def test_a_figure_from_few_processes_is_rough(tmp_path, column):
    ratio = {
        "vs_baseline": 1.4,
        "vs_baseline_ci_low": "",
        "vs_baseline_ci_high": "",
        "vs_baseline_ci_kind": "",
    }
    write_table(tmp_path, LINE | ratio | {column: "rough"})
    (row,) = rows_of(tmp_path).values()
    assert row.rough
    assert row.ratio.interval is None


def test_without_an_interval_the_ends_are_the_figure(tmp_path):
    write_journal(tmp_path)
    write_table(tmp_path, LINE | {"latency_ci_low_s": "", "latency_ci_high_s": "", "params": ""})
    (row,) = rows_of(tmp_path).values()
    assert row.latency.low == row.latency.high == row.seconds
    assert row.costs == ()
    assert row.ratio is None


def test_the_ratio_of_the_table_is_taken_where_it_has_one(tmp_path):
    ratio = {"vs_baseline": 1.4, "vs_baseline_ci_low": 1.3, "vs_baseline_ci_high": 1.6}
    blank = {name: "" for name in (*ratio, "vs_baseline_ci_kind")}
    line = LINE | {"module": "gc", **ratio, "vs_baseline_ci_kind": "processes"}
    write_table(tmp_path, line, LINE | blank)
    gc, se = rows_of(tmp_path).values()
    assert (gc.ratio.value, gc.ratio.interval, gc.ratio.processes) == (1.4, (1.3, 1.6), True)
    assert gc.ratio.half_width == pytest.approx(0.15 / 1.4)
    assert se.ratio is None


def test_a_table_in_which_no_ratio_has_an_interval_has_no_columns_of_its_ends(tmp_path):
    write_table(tmp_path, LINE | {"module": "gc", "vs_baseline": 1.4})
    (row,) = rows_of(tmp_path).values()
    assert (row.ratio.value, row.ratio.interval) == (1.4, None)


def test_else_it_is_formed_inside_each_process(tmp_path):
    # The second process was slowed as a whole.
    write_journal(tmp_path, se=[(1.0, 0), (10.0, 0), (1.0, 0)], gc=[(2.0, 0), (20.0, 0), (2.2, 0)])
    write_table(tmp_path, LINE | {"module": "gc"})
    (row,) = rows_of(tmp_path).values()
    assert row.ratio.value == 2.0
    assert row.ratio.interval == process_interval([2.0, 2.0, 2.2])
    assert row.ratio.processes


def test_two_processes_have_the_hull_of_their_own_intervals(tmp_path):
    write_journal(tmp_path, se=[(1.0, 0.03), (1.0, 0.03)], gc=[(2.0, 0.08), (2.4, 0.0)])
    write_table(tmp_path, LINE | {"module": "gc"})
    (row,) = rows_of(tmp_path).values()
    # 3 % and 4 % together are 5 %.
    assert row.ratio.interval == pytest.approx((2.0 * 0.95, 2.4 * 1.03))
    assert not row.ratio.processes


def test_a_process_that_lacks_the_baseline_has_no_ratio(tmp_path):
    write_journal(tmp_path, gc=[(2.0, 0.1)])
    write_table(tmp_path, LINE | {"module": "gc"})
    assert rows_of(tmp_path)["gc", "64@56"].ratio is None


def test_figures_without_any_interval_have_none_as_a_ratio(tmp_path):
    write_journal(tmp_path, se=[(1.0, 0)], gc=[(2.0, 0)])
    write_table(tmp_path, LINE | {"module": "gc"})
    ratio = rows_of(tmp_path)["gc", "64@56"].ratio
    assert (ratio.value, ratio.interval, ratio.half_width) == (2.0, None, None)
