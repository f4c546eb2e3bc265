"""Figures as tables print them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from attnprof.comparison.printed import BINARY, DECIMAL, cuts_to, prints_as

law = hypothesis_settings(derandomize=True, deadline=None, max_examples=100)


@pytest.mark.parametrize(
    ("value", "text", "is_it"),
    [
        ("25.557032", "25.56", True),
        ("25.557032", "25.55", False),
        ("25.557032", "26", True),
        ("3.855", "3.86", True),  # half goes up
        ("57.404", "57.40", True),
        ("57.41", "57.40", False),
        ("28.071976", "28.071976", True),
    ],
)
def test_a_figure_is_compared_to_as_many_places_as_it_has(value, text, is_it):
    assert prints_as(Decimal(value), text) is is_it


@given(st.integers(0, 10**12), st.integers(0, 6))
@law
def test_what_is_printed_is_recognised(count, places):
    value = DECIMAL.params(count)
    assert prints_as(value, f"{value.quantize(Decimal(1).scaleb(-places), 'ROUND_HALF_UP'):f}")


@pytest.mark.parametrize(
    ("value", "text", "is_it"),
    [("305.572", "305", True), ("305.572", "306", False), ("10.8266", "10.82", True), ("28.0", "28", True)],
)
def test_a_figure_may_be_cut_off_behind_its_last_place(value, text, is_it):
    assert cuts_to(Decimal(value), text) is is_it


def test_millions_of_two_are_smaller():
    assert f"{BINARY.params(25_557_032):.3f}" == "24.373"
    assert f"{DECIMAL.params(25_557_032):.3f}" == "25.557"


def test_what_is_below_a_billion_of_two_is_printed_in_millions_of_two():
    assert BINARY.macs(2**31) == 2
    assert BINARY.macs(319 * 2**20) == Decimal("0.319")
