"""What is said at the end of a run."""

from types import SimpleNamespace

import pytest

from attnprof.cli._outcome import shortfall
from attnprof.spec import Spec


@pytest.mark.parametrize(
    ("time_budget", "more"), [("20s", "--time-budget auto"), ("auto", "--time-budget none")]
)
def test_a_run_with_few_processes_names_a_larger_budget_than_its_own(time_budget, more):
    rows = [{"status": "ok", "processes": 2}, {"status": "failed", "processes": None}]
    results = SimpleNamespace(rows=lambda: rows, spec=Spec(modules="se", time_budget=time_budget))
    [sentence] = shortfall(results)
    assert sentence == f"standard quality is 6 processes; the time budget allowed 2. More: {more}"
