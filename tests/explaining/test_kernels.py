"""The kernels of a trace, each once: runs, seconds and shares of one call."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.backends import KernelRun, KernelTrace
from attnprof.explaining.kernels import all_kernels, kernel_uses
from attnprof.measuring.estimators import MEDIAN

law = settings(derandomize=True, deadline=None, max_examples=50)


def traced(*calls):
    """Calls of (name, seconds) pairs."""
    return KernelTrace(tuple(KernelRun(*run) for call in calls for run in call), len(calls))


def test_the_runs_of_a_kernel_are_added_up_in_each_call_and_the_longest_comes_first():
    calls = [[("mul", 1.0), ("gemm", 2.0 + n / 10), ("mul", 3.0)] for n in range(9)]
    mul, gemm = kernel_uses(traced(*calls), MEDIAN)
    assert (mul.name, mul.runs, mul.seconds, mul.interval) == ("mul", 2.0, 4.0, (4.0, 4.0))
    assert (gemm.name, gemm.runs, gemm.seconds) == ("gemm", 1.0, 2.4)
    assert gemm.interval[0] < 2.4 < gemm.interval[1]
    assert mul.share == pytest.approx(4.0 / 6.4)
    assert all_kernels(traced(*calls), MEDIAN).seconds == pytest.approx(6.4)


def test_calls_that_do_not_launch_the_same_have_their_mean_and_no_interval():
    trace = traced([("mul", 1.0)], [("mul", 1.0), ("add", 5.0)])
    uses = {use.name: (use.runs, use.seconds, use.interval) for use in kernel_uses(trace, MEDIAN)}
    assert uses == {"mul": (1.0, 1.0, None), "add": (0.5, 2.5, None)}


def test_a_trace_without_kernels_has_none_and_no_sum():
    trace = KernelTrace((), 8, "a call launches no kernel")
    assert kernel_uses(trace, MEDIAN) == ()
    assert all_kernels(trace, MEDIAN) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(1e-7, 1e-3)), min_size=1, max_size=6))
@law
def test_shares_add_up_to_one_and_runs_to_those_of_a_call(call):
    uses = kernel_uses(traced(*[call] * 6), MEDIAN)
    assert sum(use.share for use in uses) == pytest.approx(1.0)
    assert sum(use.runs for use in uses) == len(call)
    assert sum(use.seconds for use in uses) == pytest.approx(sum(seconds for _, seconds in call))
