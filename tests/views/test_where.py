"""--where: the rows that meet conditions, and what is said of a condition that nobody can read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnprof.errors import UsageError
from attnprof.planning import plan
from attnprof.records.environment import Environment
from attnprof.records.record import Measurement, account_event, done_event
from attnprof.results import tabulate
from attnprof.spec import Spec
from attnprof.views.run import document, top
from attnprof.views.where import rows_where

CHANNELS = (16, 64)
PLAN = plan(
    Spec(modules="se,eca,cbam", channels=CHANNELS, res="7,14x28", counters="none", no_latency=True), "meta"
)
ENVIRONMENT: Environment = {"device": "meta", "run_id": "a"}


def _results():
    events = []
    for number, cell in enumerate(PLAN.cells):
        macs = Measurement("macs", 1000 * number, "count")
        params = [] if cell.case.module == "eca" else [Measurement("params", number, "count")]
        events += [account_event(cell.case, [macs, *params]), done_event(cell.case, "ok")]
    return tabulate(events, PLAN, ENVIRONMENT)


RESULTS = _results()


def numbers(text):
    """Of the rows, by their MACs."""
    return [row["macs"] // 1000 for row in rows_where(RESULTS, text).rows()]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("channels=64", lambda row: row["channels"] == 64),
        ("channels!=64, module=se", lambda row: row["channels"] != 64 and row["module"] == "se"),
        ("res=7", lambda row: (row["height"], row["width"]) == (7, 7)),
        ("res=14x28", lambda row: (row["height"], row["width"]) == (14, 28)),
        ("macs<5k", lambda row: row["macs"] < 5000),
        ("MACs >= 5000", lambda row: row["macs"] >= 5000),
        ("params>0", lambda row: (row["params"] or 0) > 0),
    ],
)
def test_the_rows_that_meet_every_condition_are_left_in_their_order(text, holds):
    assert numbers(text) == [row["macs"] // 1000 for row in RESULTS.rows() if holds(row)]


def test_without_conditions_all_rows_are_left():
    assert rows_where(RESULTS, "") is RESULTS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channels", "'channels' is no condition; write channels=64"),
        ("chanels=64", "no column 'chanels'. Did you mean 'channels'"),
        ("module<se", "module has no order"),
        ("macs<many", "macs: "),
        ("res=0", "0 is not a size"),
        ("channels=65", "no row of this run has channels=65"),
    ],
)
def test_a_condition_that_cannot_be_met_or_read_is_named(text, says):
    with pytest.raises(UsageError, match="--where: ") as problem:
        rows_where(RESULTS, text)
    assert says in str(problem.value)


@given(st.integers(1, 20), st.sampled_from(["", "macs", "-macs"]))
def test_the_top_of_a_table_is_the_beginning_of_the_whole_one(count, order):
    whole = document(RESULTS, ["module", "size", "macs"], order=order)
    cut = document(top(RESULTS, count, order=order), ["module", "size", "macs"], order=order)
    modules = [column.name for column in whole.columns].index("macs")
    assert [row[modules].value for row in cut.rows] == [row[modules].value for row in whole.rows[:count]]


def test_the_top_of_a_pivot_is_whole_lines():
    cut = top(RESULTS, 2, pivot="channels")
    assert len(cut.frame) == 2 * len(CHANNELS)
    assert len(document(cut, pivot="channels").rows) == 2
