"""Results: a frozen header, exact figures, blanks that are never 0, and CSV that reads back as it was."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import RunFolderError
from attnprof.formats import FORMATS, Look
from attnprof.formats.csv import csv_text
from attnprof.metrics import METRICS, column
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.records.characters import csv_cell
from attnprof.records.journal import Journal
from attnprof.records.record import DoneEvent, Measurement, account_event, done_event, visit_event
from attnprof.results import of_csv, of_folder, tabulate
from attnprof.results.columns import varying
from attnprof.results.header import HEADER
from attnprof.results.table import SCHEMA
from attnprof.spec import Spec
from attnprof.views.run import document

law = settings(derandomize=True, deadline=None, max_examples=60)

SCHEMA_1 = """
schema, run_id, host, place, network_input, module, variant, hyperparameters, family, channels, height, width, batch, dtype, layout,
device, threads, mode, execution, status, reason, params, trainable_params, buffers, macs, flops, flops_incomplete, bytes_moved,
minimal_bytes, arithmetic_intensity, activation_memory_bytes, fvcore_macs, thop_macs, latency_s, latency_ci_low_s,
latency_ci_high_s, latency_ci_kind, latency_p90_s, latency_n, device_time_s, throughput_per_s, bound_s, efficiency,
peak_memory_bytes, flags, output_shape, seed, attnprof_version, torch_version, device_name
"""
SPEC = Spec(modules="se,cbam(reduction=8)", points="64@28x40,8@7", device="cpu")
PLAN = plan(SPEC, "cpu")
ENVIRONMENT = {
    "run_id": "0123456789ab",
    "started": "2026-01-02T03:04:05+00:00",
    "attnprof_version": "0.1.0",
    "torch_version": "2.13.0+cpu",
    "device": "cpu",
    "device_name": "Some CPU @ 2.00GHz",
    "threads": 1,
}
BIG = 2**60 + 1  # no float holds it


def told(case, params=BIG):
    counted = [
        Measurement("params", params, "count"),
        Measurement("macs", 0, "count"),
        Measurement("fvcore_macs", None, "count", note="fvcore failed: no"),
        Measurement("output_shape", "1x64x28x40", ""),
    ]
    measured = [
        Measurement("latency", 1.1e-3, "s", (1e-3, 1.2e-3), "samples", 40),
        Measurement("peak_memory", BIG, "bytes", None, "exact", 1),
        Measurement("zeta", 0.1, "s"),
        Measurement("alpha", 3, "bytes"),
    ]
    return [
        account_event(case, counted),
        visit_event(case, 0, measured, ["contended"]),
        done_event(case, "ok"),
    ]


EVENTS = [
    event
    for cell in PLAN.cells
    for event in ([done_event(cell.case, "skipped", cell.refusal)] if cell.refusal else told(cell.case))
]


@pytest.fixture(scope="module")
def results():
    return tabulate(EVENTS, PLAN, ENVIRONMENT)


def csv_of(results, path):
    path.write_text(FORMATS.get("csv").write(document(results), Look()).text + "\n", encoding="utf-8")
    return path


def typed(rows):
    return [{name: (type(value), value) for name, value in row.items()} for row in rows]


def test_the_header_of_schema_1_is_frozen():
    assert SCHEMA == 1
    assert list(HEADER) == [name.strip() for name in SCHEMA_1.split(",")]


def test_the_columns_are_the_header_and_then_further_metrics_sorted(results):
    assert tuple(results.frame.columns) == (*HEADER, "alpha_bytes", "processes", "zeta_s")


def test_without_further_metrics_the_columns_are_the_header():
    assert tuple(tabulate([], PLAN, ENVIRONMENT).frame.columns) == HEADER


def test_every_metric_but_the_declared_ones_is_a_further_column():
    columns = {column(name, METRICS.get(name).unit) for name in METRICS.names()}
    assert columns - set(HEADER) == {
        *(
            "first_call_s",
            "compile_time_s",
            "back_to_back_s",
            "reference_s",
            "latency_median_s",
            "vs_baseline",
            "baseline",
            "flops_by_category",
            "flopcounter_macs",
        ),
        *("channel_pairs", "leaf_params", "macs_by_stage", "operators", "kernel_time_s", "launch_overhead"),
        "energy_j",
        *("achieved_flops_per_s", "achieved_bandwidth_bytes_per_s"),
        *("share_of_peak_flops", "share_of_peak_bandwidth"),
        *("kept_memory_bytes", "requested_memory_bytes", "reserved_memory_bytes"),
    }


def test_rows_come_in_the_order_of_the_plan_whatever_the_order_of_the_events(results):
    assert [(row["module"], row["channels"]) for row in results.rows()] == [
        ("se", 64),
        ("cbam", 64),
        ("se", 8),
        ("cbam", 8),
    ]
    again = tabulate(EVENTS[::-1], PLAN, ENVIRONMENT)
    assert typed(again.rows()) == typed(results.rows())
    assert again.notes == results.notes


def test_a_row_carries_its_case(results):
    row = results.rows()[1]
    assert (row["module"], row["variant"], row["family"]) == ("cbam", "reduction=8", "channel+spatial")
    assert (row["channels"], row["height"], row["width"], row["batch"]) == (64, 28, 40, 1)
    assert (row["dtype"], row["layout"], row["device"], row["threads"]) == ("fp32", "contiguous", "cpu", 1)
    assert (row["mode"], row["execution"], row["seed"], row["status"], row["flags"]) == (
        "eval",
        "eager",
        0,
        "ok",
        "contended",
    )
    assert json.loads(row["hyperparameters"])["reduction"] == 8


def test_a_row_carries_its_run(results):
    for row in results.rows():
        assert row["schema"] == 1
        for name in ("run_id", "attnprof_version", "torch_version", "device_name"):
            assert row[name] == ENVIRONMENT[name]


def test_integers_are_exact_beyond_what_a_float_holds(results):
    row = results.rows()[0]
    assert (row["params"], row["peak_memory_bytes"]) == (BIG, BIG)
    assert type(row["params"]) is int


def test_what_is_missing_is_none_and_never_0(results):
    measured, skipped = results.rows()[0], results.rows()[2]
    assert measured["fvcore_macs"] is None
    assert measured["flops"] is None
    for name in (
        *HEADER[HEADER.index("params") : HEADER.index("flags")],
        "alpha_bytes",
        "zeta_s",
        "processes",
    ):
        assert skipped[name] is None


def test_a_zero_that_was_counted_is_a_zero(results):
    assert results.rows()[0]["macs"] == 0
    assert type(results.rows()[0]["macs"]) is int


def test_a_row_that_was_skipped_says_why(results):
    row = results.rows()[2]
    assert (row["status"], row["reason"]) == (
        "skipped",
        "channels must be at least the reduction = 16; nearest 16",
    )


def test_a_missing_value_has_its_note(results):
    assert results.notes == {(n, "fvcore_macs"): "fvcore failed: no" for n in (0, 1, 3)}


def test_the_interval_of_the_latency_has_columns_of_its_own(results):
    row = results.rows()[0]
    assert (row["latency_s"], row["latency_ci_low_s"], row["latency_ci_high_s"]) == (1.1e-3, 1e-3, 1.2e-3)
    assert (row["latency_ci_kind"], row["latency_n"]) == ("samples", 40)


def test_a_cell_that_was_not_finished_is_no_row():
    results = tabulate(EVENTS[:-2], PLAN, ENVIRONMENT)
    assert len(results.rows()) == len(PLAN.cells) - 1 == results.planned - 1


def test_a_cell_that_some_of_its_processes_measured_is_a_row_and_says_by_how_many():
    begun = [event for event in EVENTS if not isinstance(event, DoneEvent)]
    rows = tabulate(begun, PLAN, ENVIRONMENT).rows()
    assert [(row["module"], row["status"], row["processes"]) for row in rows] == [
        ("se", "ok", 1),
        ("cbam", "ok", 1),
        ("cbam", "ok", 1),
    ]


def test_a_case_that_the_plan_does_not_know_comes_last():
    stranger = Case("gone", 64, 7, 7)
    results = tabulate([done_event(stranger, "ok"), *EVENTS], PLAN, ENVIRONMENT)
    assert [row["module"] for row in results.rows()][-1] == "gone"
    assert results.rows()[-1]["family"] == ""


def test_a_notebook_finds_the_table_under_its_usual_name(results):
    assert isinstance(results.df, pd.DataFrame)
    assert list(results.df.columns) == list(results.frame.columns)


def test_the_csv_of_results_reads_back_as_it_was(results, tmp_path):
    again = of_csv(csv_of(results, tmp_path / "results.csv"))
    assert list(again.frame.columns) == list(results.frame.columns)
    for one, other in zip(results.rows(), again.rows(), strict=True):
        differ = {name for name in one if (type(one[name]), one[name]) != (type(other[name]), other[name])}
        assert {name: (one[name], other[name]) for name in differ if one[name] or other[name]} == {}
    assert again.environment["device_name"] == ENVIRONMENT["device_name"]
    assert (again.environment["device"], again.environment["threads"]) == ("cpu", 1)


@given(st.floats(1e-12, 1e12), st.integers(0, 2**90))
@law
def test_figures_survive_csv_to_the_last_digit(tmp_path_factory, seconds, number):
    case = PLAN.cells[0].case
    events = [
        account_event(
            case, [Measurement("params", number, "count"), Measurement("latency", seconds, "s", n=3)]
        ),
        done_event(case, "ok"),
    ]
    path = tmp_path_factory.getbasetemp() / "figures.csv"
    (row,) = of_csv(csv_of(tabulate(events, PLAN, ENVIRONMENT), path)).rows()
    assert (row["params"], row["latency_s"]) == (number, seconds)
    assert (type(row["params"]), type(row["latency_s"])) == (int, float)


def test_empty_cells_of_a_csv_are_none(results, tmp_path):
    rows = of_csv(csv_of(results, tmp_path / "results.csv")).rows()
    assert rows[2]["params"] is None
    assert rows[2]["latency_s"] is None
    assert rows[0]["macs"] == 0


def test_a_csv_without_rows_has_no_rows(tmp_path):
    again = of_csv(csv_of(tabulate([], PLAN, ENVIRONMENT), tmp_path / "results.csv"))
    assert again.rows() == []
    assert again.planned == 0


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=cmd|"/C calc"!A0'])
def test_text_that_a_spreadsheet_would_run_is_quoted_in_csv(tmp_path, text):
    case = PLAN.cells[0].case
    results = tabulate([done_event(case, "failed", text)], PLAN, {**ENVIRONMENT, "device_name": text})
    path = csv_of(results, tmp_path / "results.csv")
    raw = pd.read_csv(path, dtype=str, keep_default_na=False).iloc[0]
    assert (raw["reason"], raw["device_name"]) == (f"'{text}", f"'{text}")
    (row,) = of_csv(path).rows()
    assert (row["reason"], row["device_name"]) == (text, text)
    assert results.rows()[0]["reason"] == text


@given(st.text(max_size=6).filter(lambda text: text.isprintable() and "\\u{" not in text))
@law
def test_only_a_text_with_a_dangerous_beginning_is_quoted(text):
    is_dangerous = text.lstrip("'")[:1] in {"=", "+", "-", "@", "＝", "＋", "－", "＠"} - {""}
    assert csv_cell(text) == (f"'{text}" if is_dangerous else text)


@pytest.mark.parametrize("value", [-1, -0.5, None, 0])
def test_figures_are_not_quoted(value):
    assert csv_text(["x", "y"], [{"x": value, "y": 1}]) == f"x,y\n{'' if value is None else value},1"


@pytest.mark.parametrize(
    "reason", ["a, b", 'a "quoted" word', "two\nlines", "µ ± é", "'quoted'", "nan", "", "12"]
)
def test_a_reason_survives_csv(tmp_path, reason):
    case = PLAN.cells[0].case
    event = done_event(case, "failed" if reason else "ok", reason)
    (row,) = of_csv(csv_of(tabulate([event], PLAN, ENVIRONMENT), tmp_path / "results.csv")).rows()
    assert row["reason"] == reason


@pytest.mark.parametrize(
    ("name", "text"), [("run_id", "123456789012"), ("run_id", "0000000001e9"), ("torch_version", "2.10")]
)
def test_a_text_that_looks_like_a_number_stays_a_text(tmp_path, name, text):
    case = PLAN.cells[0].case
    results = tabulate([done_event(case, "ok")], PLAN, {**ENVIRONMENT, name: text})
    (row,) = of_csv(csv_of(results, tmp_path / "results.csv")).rows()
    assert row[name] == text


def test_a_csv_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(RunFolderError, match=r"not a results\.csv of attnprof: no column 'schema'"):
        of_csv(path)


def test_a_csv_of_another_schema_is_refused(results, tmp_path):
    path = csv_of(results, tmp_path / "results.csv")
    path.write_text("\n".join(line.replace("1,", "2,", 1) for line in path.read_text().splitlines()))
    with pytest.raises(RunFolderError, match="schema is not 1"):
        of_csv(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'a,b\n"1,2\n'])
def test_a_file_that_is_no_csv_is_refused(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match="x.csv"):
        of_csv(path)


def test_a_csv_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="cannot read"):
        of_csv(tmp_path / "none.csv")


def test_a_run_folder_gives_the_results_of_its_events(results, tmp_path):
    with Journal.create(tmp_path / "run") as journal:
        environment = journal.begin(SPEC.to_toml(), ENVIRONMENT)
        for event in EVENTS:
            journal.append(event)
    again = of_folder(tmp_path / "run")
    assert typed(again.rows()) == typed(results.rows())
    assert (again.notes, again.environment, again.planned) == (results.notes, environment, len(PLAN.cells))


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="holds no run"):
        of_folder(tmp_path)


def test_columns_vary_where_their_values_differ():
    rows = [{"a": 1, "b": 1, "c": None}, {"a": 1, "b": 2, "c": 0}]
    assert varying(rows, ["a", "b", "c", "d"]) == ["b", "c"]
    assert varying([], ["a"]) == []


def test_the_rows_are_made_once(results):
    again = results.rows()
    again.pop()
    assert all(row is other for row, other in zip(results.rows(), again, strict=False))
    assert len(results.rows()) == len(results.frame)
