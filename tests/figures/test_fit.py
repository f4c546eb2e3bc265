"""A power law is found again from its own points, and is the best line in logarithms."""

from math import log

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attnprof.figures._fit import PowerLaw, fit

SIZES = st.lists(st.integers(1, 10**6), min_size=2, max_size=8, unique=True)


@given(SIZES, st.floats(1e-9, 1e3), st.floats(-2, 4))
def test_a_power_law_is_found_again_from_its_own_points(xs, factor, exponent):
    law = fit(xs, [factor * x**exponent for x in xs])
    assert law.exponent == pytest.approx(exponent, abs=1e-6)
    assert law.factor == pytest.approx(factor, rel=1e-4)


@given(SIZES, st.lists(st.floats(1e-6, 1e6), min_size=8, max_size=8), st.floats(-0.5, 0.5), st.floats(0.5, 2))
def test_no_other_line_is_nearer_in_logarithms(xs, ys, tilt, shift):
    ys = ys[: len(xs)]
    assume(len(set(xs)) > 1)
    law = fit(xs, ys)

    def distance(other):
        return sum((log(other(x)) - log(y)) ** 2 for x, y in zip(xs, ys, strict=True))

    assert distance(law) <= distance(PowerLaw(law.factor * shift, law.exponent + tilt)) + 1e-6
