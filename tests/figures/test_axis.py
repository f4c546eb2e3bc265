"""A logarithmic axis shows every figure, 0 too at a place of its own, with few ticks that say their unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnprof.choosing.measures import measures
from attnprof.figures._axis import MOST_TICKS, log_axis, tick

MEASURED = {"latency": st.floats(1e-7, 1e3), "macs": st.integers(0, 10**13), "memory": st.integers(0, 10**12)}


@given(st.data(), st.sampled_from(sorted(MEASURED)))
def test_every_figure_lies_on_the_axis(data, name):
    values = data.draw(st.lists(MEASURED[name], min_size=1).filter(any))
    axis = log_axis(measures()[name], values)
    assert 0 < axis.low < axis.high
    assert all(axis.low < axis.place(value) < axis.high for value in values)
    assert all(axis.low <= at <= axis.high for at in axis.ticks)


@given(st.data(), st.sampled_from(sorted(MEASURED)))
def test_nothing_stands_apart_from_the_least_that_is_more(data, name):
    values = data.draw(st.lists(MEASURED[name], min_size=1).filter(any))
    axis = log_axis(measures()[name], values)
    assert (axis.zero is None) == all(values)
    if axis.zero is not None:
        assert axis.zero < min(value for value in values if value) / 1.5
        assert all(at > axis.zero for at in axis.ticks)


@given(st.data(), st.sampled_from(sorted(MEASURED)))
def test_there_are_ticks_but_not_many(data, name):
    values = data.draw(st.lists(MEASURED[name], min_size=1).filter(any))
    axis = log_axis(measures()[name], values)
    assert 1 <= len(axis.ticks) <= 2 * MOST_TICKS
    assert list(axis.ticks) == sorted(set(axis.ticks))


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("seconds", 1e-4, "100 µs"),
        ("seconds", 1.0, "1 s"),
        ("count", 10**7, "10 M"),
        ("count", 100, "100"),
        ("bytes", 2**20, "1 MiB"),
        ("bytes", 2**16, "64 KiB"),
    ],
)
def test_a_tick_says_its_unit(kind, value, text):
    assert tick(kind, value) == text
