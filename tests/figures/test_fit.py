"""A power law is found again from its own points, and is the best line in logarithms."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnprof.figures._fit import PowerLaw, fit

SIZES = st.lists(st.integers(1, 8192), min_size=2, max_size=8, unique=True)


@given(SIZES, st.floats(1e-9, 1e3), st.floats(-2, 4))
def test_a_power_law_is_found_again_from_its_own_points(xs, factor, exponent):
    law = fit(xs, [factor * x**exponent for x in xs])
    assert law.exponent == pytest.approx(exponent, abs=1e-5)
    assert [law(x) for x in xs] == pytest.approx([factor * x**exponent for x in xs], rel=1e-6)


@given(SIZES, st.lists(st.floats(1e-6, 1e6), min_size=8, max_size=8), st.floats(-0.5, 0.5), st.floats(0.5, 2))
def test_no_other_line_is_nearer_in_logarithms(xs, ys, tilt, shift):
    ys = ys[: len(xs)]
    law = fit(xs, ys)

    def distance(other):
        return sum((log(other(x)) - log(y)) ** 2 for x, y in zip(xs, ys, strict=True))

    assert distance(law) <= distance(PowerLaw(law.centre, law.value * shift, law.exponent + tilt)) + 1e-6
