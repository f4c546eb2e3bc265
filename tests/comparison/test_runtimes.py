"""Two runtimes of one run are compared cell by cell, and whose rank changes is told."""

from dataclasses import replace

import pytest

from attnprof.comparison.ratios import FASTER, SLOWER
from attnprof.comparison.runs import compare
from attnprof.comparison.runtimes import require_pair, sides
from attnprof.errors import RunFolderError, UsageError
from tests.comparison.scripted import case, cell, ran

FAST, SLOW = ([seconds * scale for scale in (0.99, 1.0, 1.01, 1.0)] for seconds in (1e-3, 2e-3))


def in_runtimes(name, latencies):
    """The cells of a module: runtime -> what its processes measured."""
    return [cell(case(name, execution=runtime), seconds) for runtime, seconds in latencies.items()]


@pytest.fixture
def run():
    return ran(
        "a",
        *in_runtimes("se", {"eager": FAST, "onnxruntime": SLOW, "openvino": FAST}),
        *in_runtimes("cbam", {"eager": SLOW, "onnxruntime": FAST}),
        cell(case("cbam", execution="openvino"), status="failed", reason="no operator"),
    )


def test_the_cells_of_a_runtime_are_held_to_those_of_eager(run):
    comparison = compare(*sides(run, require_pair(run, "onnxruntime"), "onnxruntime"), absolute=True)
    verdicts = {
        each.case.module: (each.outcome.verdict, round(each.outcome.ratio, 2)) for each in comparison.cells
    }
    assert verdicts == {"se": (SLOWER, 2.0), "cbam": (FASTER, 0.5)}
    assert (comparison.before.name, comparison.after.name) == ("a, eager", "a, onnxruntime")


def test_a_module_that_a_runtime_does_not_take_has_no_time_there(run):
    comparison = compare(*sides(run, "eager", "openvino"), absolute=True)
    assert [(each.case.module, each.reason) for each in comparison.broken] == [("cbam", "no operator")]


def test_a_run_without_eager_is_held_to_its_first_runtime(run):
    engines = replace(run, events=[event for event in run.events if "eager" not in keys_of(run, event)])
    assert require_pair(engines, "openvino") == "onnxruntime"


def keys_of(run, event):
    cases = {each.key: each.case for each in run.events if hasattr(each, "case")}
    return cases[event.key].execution


@pytest.mark.parametrize("runtime", ["tensorrt", ""])
def test_a_runtime_that_the_run_has_not_beside_eager_is_refused(run, runtime):
    with pytest.raises(
        UsageError, match="no such runtime to compare with eager; there are onnxruntime, openvino$"
    ):
        require_pair(run, runtime)
    with pytest.raises(UsageError, match="to compare with eager; it has no other$"):
        require_pair(ran("b", cell(case("se"), FAST)), runtime)


def test_what_cannot_be_compared_is_said_in_words(run):
    with pytest.raises(
        UsageError, match="^runtime:eager: the others are compared with it: onnxruntime, openvino$"
    ):
        require_pair(run, "eager")
    with pytest.raises(RunFolderError, match="^b: no cell was finished"):
        require_pair(ran("b"), "openvino")
