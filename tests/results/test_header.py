"""What the columns of results hold: dtypes that a notebook can compute with, exact integers, every
interval."""

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from attnprof.formats import FORMATS, Look
from attnprof.metrics import METRICS
from attnprof.planning import plan
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.results import tabulate
from attnprof.results.header import FIELDS, HEADER, column_kinds
from attnprof.spec import Spec
from attnprof.units import KINDS
from attnprof.views.run import document
from tests.synthetic import ENVIRONMENT, results

NOISY = {"device_time": "s", "back_to_back": "s", "throughput": "1/s", "efficiency": ""}
PLAN = plan(Spec(modules="se,eca", channels="32", res="28"), "cpu")


def timed(*values):
    """Results of two cells whose metrics in NOISY have these values, and intervals around those that there
    are."""
    events = []
    for cell, value in zip(PLAN.cells, values, strict=True):
        ends = None if value is None else (value / 2, 2 * value)
        note = "" if value else "no clock"
        kind = "samples" if value else ""
        measured = [Measurement(n, value, u, ends, kind, 9, note) for n, u in NOISY.items()]
        events += [
            account_event(cell.case, []),
            visit_event(cell.case, 0, measured),
            done_event(cell.case, "ok"),
        ]
    return tabulate(events, PLAN, ENVIRONMENT)


@pytest.fixture(scope="module")
def grid():
    return results(modules="se,eca,none", channels="32,64", res="28")


def test_every_column_has_one_of_the_nullable_dtypes(grid):
    assert {str(dtype) for dtype in grid.df.dtypes} <= {"Int64", "Float64", "string"}
    assert str(grid.df.dtypes["latency_s"]) == "Float64"
    assert str(grid.df.dtypes["macs"]) == "Int64"
    assert str(grid.df.dtypes["module"]) == "string"


def test_a_notebook_can_compute_with_the_figures(grid):
    assert len(grid.df.nsmallest(3, "latency_s")) == 3
    assert np.log(grid.df.latency_s).notna().all()
    assert grid.df.groupby("module").params.sum()["eca"] == 6


def test_what_is_missing_is_missing_to_pandas(grid):
    assert grid.df["device_time_s"].isna().all()
    assert str(grid.df.dtypes["device_time_s"]) == "Float64"


@pytest.mark.parametrize("count", [2**53 + 1, 2**63 - 1, 2**63, 10**30])
def test_every_integer_stays_exact(grid, count):
    frame = grid.frame.copy()
    frame.loc[0, "macs"] = count
    table = replace(grid, frame=frame).df
    assert table["macs"][0] == count
    assert (str(table.dtypes["macs"]) == "Int64") == (count < 2**63)


def test_the_frozen_header_has_no_column_that_nothing_declares():
    assert set(HEADER) <= column_kinds().keys()
    assert set(column_kinds().values()) <= KINDS.keys()
    assert set(FIELDS) <= set(HEADER)


def test_every_interval_is_in_the_csv_behind_all_other_columns():
    header, first, _ = csv.reader(
        io.StringIO(FORMATS.get("csv").write(document(timed(0.5, None)), Look()).text)
    )
    behind = header[header.index("processes") + 1 :]
    ends = [end for name in NOISY for end in METRICS.get(name).ends]
    assert set(behind) == {*ends, *(f"{name}_{what}" for name in NOISY for what in ("ci_kind", "n"))}
    shown = dict(zip(header, first, strict=True))
    assert {shown[end] for end in ends} == {"0.25", "1.0"}
    assert {shown[f"{name}_ci_kind"] for name in NOISY} == {"samples"}
    assert {shown[f"{name}_n"] for name in NOISY} == {"9"}


def test_a_metric_without_an_interval_in_any_row_has_no_columns_for_one():
    assert not [name for name in timed(None, None).frame.columns if name.startswith("throughput_")][1:]


def test_intervals_are_numbers_to_pandas():
    assert pd.api.types.is_float_dtype(timed(0.5, 0.25).df["efficiency_ci_low"])
