"""One unit and one number of decimals per column; nothing that is more than 0 is shown as 0; counts keep every digit."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnprof.units import MOST_DECIMALS, common_scale

KINDS = ("seconds", "bytes", "ratio", "plain")
FIGURES = st.floats(min_value=1e-9, max_value=1e15)
COUNTS = st.integers(min_value=0, max_value=10**18)


def decimals(text):
    return len(text.partition(".")[2])


@given(st.sampled_from(KINDS), st.lists(FIGURES, min_size=1))
def test_all_figures_of_a_column_have_the_same_decimals(kind, values):
    scale = common_scale(kind, values)
    assert {decimals(scale.write(value).removeprefix("<")) for value in values} == {scale.decimals}
    assert scale.decimals <= MOST_DECIMALS


@given(st.sampled_from(KINDS), st.lists(FIGURES, min_size=1))
def test_a_written_figure_is_the_value_rounded_or_says_that_it_is_less(kind, values):
    scale = common_scale(kind, values)
    for value in values:
        text = scale.write(value)
        exact = Fraction(value) / Fraction(scale.factor)
        if text[0] == "<":
            assert exact < Fraction(text[1:])
        else:
            rounding = Fraction(1, 2 * 10**scale.decimals) + exact * Fraction(1, 10**15)  # a float's own, too
            assert abs(Fraction(text) - exact) <= rounding


@given(st.sampled_from(KINDS), st.lists(FIGURES, min_size=1))
def test_only_nothing_is_written_as_nothing(kind, values):
    scale = common_scale(kind, [0.0, *values])
    assert scale.write(0) == "0"
    assert all(scale.write(value).strip("0.") for value in values)


@given(st.lists(COUNTS, min_size=1))
def test_an_exact_count_keeps_every_digit(values):
    scale = common_scale("exact", values)
    assert [scale.write(value) for value in values] == [str(value) for value in values]
    assert scale.unit == ""


@given(st.lists(st.integers(min_value=1, max_value=1023), min_size=1))
def test_below_a_kibibyte_bytes_are_whole(values):
    scale = common_scale("bytes", values)
    assert scale.unit == "B"
    assert [scale.write(value) for value in values] == [str(value) for value in values]


def test_the_unit_suits_the_middle_and_the_decimals_the_smallest():
    scale = common_scale("seconds", [57e-6, 1.2e-3, 115e-3])
    assert (scale.unit, scale.decimals) == ("ms", 3)
    assert [scale.write(value) for value in (57e-6, 1.2e-3, 115e-3)] == ["0.057", "1.200", "115.000"]


def test_an_outlier_asks_for_no_decimals():
    values = [2.5e-6, 70.1e-6, 361e-6]
    assert common_scale("seconds", values).decimals == 2
    assert common_scale("seconds", values, outliers=[2.5e-6]).decimals == 1


@pytest.mark.parametrize("kind", [*KINDS, "exact"])
def test_a_column_without_figures_has_a_scale_all_the_same(kind):
    assert common_scale(kind, []).write(0) == "0"
    assert common_scale(kind, [0, 0]).write(0) == "0"
