"""Stretches: how far a count stays one polynomial, with which step, and how that is said."""

from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.explaining.progression import DEGREE, Lattice, longest

law = settings(derandomize=True, deadline=None, max_examples=60)
STEPS = (1, 2, 3, 4, 6, 7, 8, 12, 16, 24, 32, 64)
LARGEST = 4096


def found(value, at, largest=LARGEST):
    return longest(value, at, STEPS, largest)


def test_what_is_a_polynomial_everywhere_needs_no_condition():
    stretch = found(lambda n: 3 * n**3 - n + 7, 64)
    assert (stretch.lattice, stretch.degree) == (Lattice(1, 1, LARGEST), 3)
    assert stretch.lattice.condition("C") == ""


@pytest.mark.parametrize("step", [2, 3, 4, 7, 16, 24])
def test_what_rounds_a_quotient_down_is_one_polynomial_on_the_multiples(step):
    stretch = found(lambda n: n * (n // step), 336)
    assert (stretch.lattice.first, stretch.lattice.step, stretch.degree) == (step, step, 2)
    says = "C even" if step == 2 else f"C a multiple of {step}"
    assert stretch.lattice.condition("C") == says


def test_beside_the_multiples_it_is_another_polynomial_for_each_remainder():
    lattice = found(lambda n: n * (n // 16), 72).lattice
    assert (lattice.first, lattice.step) == (8, 16)
    assert lattice.condition("C") == "C mod 16 = 8"
    assert found(lambda n: n // 2, 7).lattice.condition("H, W") == "H, W odd"


def test_a_least_width_ends_one_stretch_and_begins_another():
    def hidden(n):
        return max(n // 32, 8)

    below, above = found(hidden, 64), found(hidden, 512)
    assert (below.lattice.condition("C"), below.degree) == ("C <= 287", 0)
    assert (above.lattice.condition("C"), above.degree) == ("C a multiple of 32, C >= 256", 1)


def test_a_kernel_that_follows_the_channels_is_constant_between_two_bounds():
    def kernel(n):
        width = int(abs(log2(n) + 1) / 2)
        return width if width % 2 else width + 1

    assert [found(kernel, n).lattice.condition("C") for n in (64, 512)] == [
        "8 <= C <= 127",
        "128 <= C <= 2047",
    ]


def test_sizes_that_cannot_be_are_no_condition():
    stretch = found(lambda n: n * n if n % 8 == 0 and 64 <= n <= 1024 else None, 256)
    assert stretch.lattice == Lattice(64, 8, 1024)
    assert stretch.lattice.condition("C") == ""


CURVES = {
    "n log n": lambda n: round(n * log2(n)),
    "n^4": lambda n: n**4,
    "2^n": lambda n: 2**n,
    "nothing": lambda n: None,
}


@pytest.mark.parametrize("value", CURVES.values(), ids=CURVES)
def test_what_is_no_polynomial_of_this_degree_has_no_stretch(value):
    assert found(value, 100) is None


def test_too_few_sizes_are_no_evidence():
    assert found(lambda n: n if n <= DEGREE + 3 else None, 3) is None


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=4),
    st.sampled_from(STEPS),
    st.integers(0, 63),
    st.integers(64, 2000),
)
@law
def test_every_number_of_a_stretch_follows_one_polynomial(coefficients, step, shift, at):
    def value(n):
        return sum(c * ((n + shift) // step) ** power for power, c in enumerate(coefficients))

    stretch = found(value, at)
    assert at in stretch.lattice
    assert stretch.degree < len(coefficients)
    row = [value(stretch.lattice[k]) for k in range(len(stretch.lattice))]
    for _ in range(stretch.degree + 1):
        row = [b - a for a, b in zip(row, row[1:], strict=False)]
    assert set(row) <= {0}


@given(st.integers(1, 40), st.integers(1, 64), st.integers(0, 100), st.integers(1, 6), st.data())
@law
def test_the_numbers_around_one_are_neighbours_on_the_lattice(first, step, length, many, data):
    lattice = Lattice(first, step, first + step * length)
    at = lattice[data.draw(st.integers(0, length))]
    chosen = lattice.around(at, many)
    assert len(chosen) == min(many, len(lattice))
    assert all(n in lattice for n in chosen)
    assert [b - a for a, b in zip(chosen, chosen[1:], strict=False)] == [step] * (len(chosen) - 1)


@pytest.mark.parametrize(
    ("lattice", "text"),
    [
        (Lattice(7, 7, 700, between=True), "H, W multiples of 7"),
        (Lattice(7, 7, 700), ""),
        (Lattice(10, 7, 700, between=True, below=True), "H, W mod 7 = 3, H, W >= 10"),
        (Lattice(1, 1, 99, above=True), "H, W <= 99"),
        (Lattice.only(56), "H, W = 56"),
    ],
)
def test_a_condition_is_said_in_few_words(lattice, text):
    assert lattice.condition("H, W") == text
