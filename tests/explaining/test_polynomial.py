"""Polynomials: what goes through values, what grows fastest, and how they are written."""

import re
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.explaining.polynomial import Polynomial, interpolate

law = settings(derandomize=True, deadline=None, max_examples=60)
NAMES = ("C", "H", "W")
powers = st.tuples(*[st.integers(0, 3)] * 3)
coefficients = st.fractions(-20, 20, max_denominator=16)
polynomials = st.dictionaries(powers, coefficients, max_size=7).map(lambda terms: Polynomial.of(NAMES, terms))
sizes = st.tuples(*[st.integers(1, 64)] * 3)


def read(text):
    """The function that a written polynomial stands for."""
    python = text.replace("^", "**")
    python = re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", python)
    code = compile(re.sub(r"\b(\d+)\b", r"F(\1)", re.sub(r"\*\*(\d)", r"**\1", python)), "polynomial", "eval")
    return lambda *values: eval(code, {"F": Fraction, **dict(zip(NAMES, values, strict=True))})


@given(polynomials, st.lists(st.integers(1, 200), min_size=4, max_size=4, unique=True))
@law
def test_a_polynomial_is_found_again_from_its_values(polynomial, places):
    nodes = [places, [n + 3 for n in places], sorted(places)]
    assert interpolate(NAMES, nodes, {at: polynomial(*at) for at in product(*nodes)}) == polynomial


@given(st.lists(st.integers(-(10**30), 10**30), min_size=2, max_size=4))
@law
def test_it_goes_exactly_through_any_values_however_large(values):
    places = [16, 48, 64, 1024][: len(values)]
    found = interpolate(["C"], [places], {(x,): value for x, value in zip(places, values, strict=True)})
    assert [found(x) for x in places] == values


@given(polynomials, sizes)
@law
def test_what_is_written_has_the_same_value(polynomial, at):
    assert read(str(polynomial))(*at) == polynomial(*at)


@given(polynomials)
@law
def test_what_it_grows_with_bounds_every_term_and_no_term_of_it_bounds_another(polynomial):
    kept = [powers for powers, _ in polynomial.growth().terms]
    for term, _ in polynomial.terms:
        assert any(all(a <= b for a, b in zip(term, bound, strict=True)) for bound in kept)
    for one, other in product(kept, kept):
        assert one == other or any(a > b for a, b in zip(one, other, strict=True))


@given(polynomials, st.randoms())
@law
def test_the_order_in_which_terms_are_given_does_not_matter(polynomial, draw):
    terms = list(polynomial.terms)
    draw.shuffle(terms)
    assert Polynomial.of(NAMES, dict(terms)) == polynomial
    assert hash(Polynomial.of(NAMES, dict(terms))) == hash(polynomial)


@pytest.mark.parametrize(
    ("terms", "text", "growth"),
    [
        ({}, "0", "0"),
        ({(0, 0, 0): 5}, "5", "1"),
        ({(2, 0, 0): Fraction(1, 8)}, "C^2/8", "C^2"),
        ({(2, 0, 0): Fraction(3, 8), (1, 0, 0): -1}, "3 C^2/8 - C", "C^2"),
        ({(1, 0, 0): -1, (0, 0, 0): 2}, "-C + 2", "C"),
        ({(2, 0, 0): 2, (1, 0, 0): 4}, "2 C^2 + 4 C", "C^2"),
        ({(2, 1, 1): 4, (1, 2, 2): 2}, "2 C H W (H W + 2 C)", "C H W (H W + C)"),
        ({(1, 2, 2): 7}, "7 C (H W)^2", "C (H W)^2"),
        ({(1, 1, 0): 16, (1, 0, 1): 16}, "16 C (H + W)", "C (H + W)"),
        ({(1, 1, 0): Fraction(1, 2), (1, 0, 1): Fraction(1, 2)}, "C (H + W)/2", "C (H + W)"),
        ({(1, 2, 0): 1, (1, 0, 2): 1}, "C (H^2 + W^2)", "C (H^2 + W^2)"),
        ({(1, 2, 1): 3, (1, 1, 2): 3, (1, 1, 1): -3}, "3 C H W (H + W - 1)", "C H W (H + W)"),
        ({(2, 0, 0): Fraction(1, 4), (0, 1, 1): 98}, "C^2/4 + 98 H W", "C^2 + H W"),
        ({(1, 1, 0): 98, (1, 0, 1): 98, (0, 1, 1): 98}, "98 C (H + W) + 98 H W", "C (H + W) + H W"),
        ({(1, 1, 1): Fraction(3, 4), (1, 0, 0): Fraction(-9, 4)}, "3 C (H W - 3)/4", "C H W"),
        ({(1, 1, 0): 1, (1, 0, 1): 2}, "C H + 2 C W", "C (H + W)"),
        (
            {(2, 1, 1): 2, (1, 1, 1): 29, (2, 0, 0): Fraction(1, 4), (1, 0, 0): 3, (0, 0, 0): -7},
            "H W (2 C^2 + 29 C) + C^2/4 + 3 C - 7",
            "C^2 H W",
        ),
        (
            {(1, 2, 1): -5, (0, 2, 1): -2, (1, 1, 2): -5, (0, 1, 2): -2, (3, 0, 0): 1, (0, 0, 0): 1},
            "-H W (H + W) (5 C + 2) + C^3 + 1",
            "C H W (H + W) + C^3",
        ),
    ],
)
def test_it_is_written_as_people_write_it(terms, text, growth):
    polynomial = Polynomial.of(NAMES, terms)
    assert str(polynomial) == text
    assert str(polynomial.growth()) == growth


def test_in_channels_and_one_side_it_is_written_with_these():
    assert str(Polynomial.of(("C", "H"), {(1, 4): 2, (2, 2): 1})) == "2 C H^4 + C^2 H^2"
