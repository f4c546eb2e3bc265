"""Closed forms from data: the polynomial where there is one, in pieces where there are several, none where
there is none."""

from math import ceil, log2
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.catalogue.formula import stage
from attnprof.explaining.closed_form import closed_form, piece_at

law = settings(derandomize=True, deadline=None, max_examples=25)
AT = (64, 56, 56)


def pieces(count, at=AT):
    return [
        (str(piece.polynomial), piece.condition)
        for piece in closed_form(lambda point: count(*point), at).pieces
    ]


def around(count, at=AT):
    piece = piece_at(lambda point: count(*point), at)
    return piece and (str(piece.polynomial), piece.condition)


def kernel(channels):
    width = int(abs(log2(channels) + 1) / 2)
    return width if width % 2 else width + 1


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (lambda c, h, w: 4 * c * c * h * w + 2 * c * (h * w) ** 2, "2 C H W (H W + 2 C)"),
        (lambda c, h, w: 2 * c * 8 * (h + w), "16 C (H + W)"),
        (lambda c, h, w: c * h * w * (h + w - 1), "C H W (H + W - 1)"),
        (lambda c, h, w: 98 * h * w, "98 H W"),
        (lambda c, h, w: c**3 + 1, "C^3 + 1"),
        (lambda c, h, w: 0, "0"),
    ],
)
def test_a_polynomial_is_found_and_holds_everywhere(count, text):
    form = closed_form(lambda point: count(*point), AT)
    assert [(str(piece.polynomial), piece.condition) for piece in form.pieces] == [(text, "")]
    assert (form.more, form.without) == ((), ())


def test_a_reduction_holds_on_its_multiples_and_other_channels_are_named():
    form = closed_form(lambda point: 2 * point[0] * (point[0] // 16), AT)
    assert [(str(piece.polynomial), piece.condition) for piece in form.pieces] == [
        ("C^2/8", "C a multiple of 16")
    ]
    assert (form.more, form.without) == (((65, 56, 56),), ())


def test_a_kernel_by_the_channels_comes_in_pieces():
    assert pieces(lambda c, h, w: kernel(c) * c) == [
        ("3 C", "8 <= C <= 127"),
        ("5 C", "128 <= C <= 2047"),
        ("7 C", "C >= 2048"),
    ]


def test_a_least_width_comes_in_two_pieces_that_of_the_asked_size_first():
    def count(c, h, w):
        return 2 * c * max(8, c // 32)

    both = [("16 C", "C <= 287"), ("C^2/16", "C a multiple of 32, C >= 256")]
    assert pieces(count) == both
    assert pieces(count, (1024, 7, 7)) == both[::-1]


def test_windows_hold_where_they_divide_the_map_or_leave_the_same_rest():
    def count(c, h, w):
        return c * 49 * ceil(h / 7) * ceil(w / 7)

    assert around(count) == ("C H W", "H, W multiples of 7")
    assert around(count, (64, 13, 13)) == ("C (H W + H + W + 1)", "H, W mod 7 = 6")


def test_pooling_by_two_differs_for_odd_sides():
    def count(c, h, w):
        return c * h * w * (h // 2) * (w // 2)

    assert around(count, (64, 7, 7)) == ("C H W (H W - (H + W) + 1)/4", "H, W odd")
    assert around(count) == ("C (H W)^2/4", "H, W even")


def test_what_depends_on_the_smaller_side_holds_between_bounds_of_both():
    found = around(lambda c, h, w: c * 2 ** stage(h, w), (64, 28, 28))
    assert found == ("2 C", "20 <= H, W <= 39")


def test_what_holds_for_square_maps_alone_says_so():
    def count(c, h, w):
        return c * h**3 if h == w else c * h * w + max(h, w) ** 5

    assert around(count) == ("C H^3", "H = W")


def test_a_module_of_square_maps_alone_needs_no_word_for_other_maps():
    found = piece_at(lambda point: point[0] * point[1] if point[1] == point[2] else None, AT)
    assert (str(found.polynomial), found.square) == ("C H", True)
    assert (128, 7, 7) in found
    assert (128, 7, 8) not in found


def test_what_grows_as_no_polynomial_of_the_map_may_be_one_of_the_channels():
    assert around(lambda c, h, w: 3 * c * round(h * w * log2(h * w))) == ("109272 C", "H = W = 56")


@pytest.mark.parametrize(
    "count",
    [
        lambda c, h, w: round(5 * c * h * w * log2(h * w)),
        lambda c, h, w: 2**c * 3 ** (h * w),
        lambda c, h, w: c**4 * h**4,
    ],
)
def test_where_there_is_no_polynomial_none_is_given(count):
    form = closed_form(lambda point: count(*point), AT)
    assert form.pieces == ()
    assert form.without[0] == AT


@given(
    st.sampled_from([1, 2, 4, 8, 16]),
    st.sampled_from([1, 4, 16]),
    st.sampled_from([1, 2, 7]),
    st.lists(st.integers(-9, 9), min_size=5, max_size=5),
    st.integers(0, 10**6),
)
@law
def test_a_piece_says_what_the_count_says_wherever_it_claims_to_hold(reduction, least, window, weights, seed):
    def count(point):
        c, h, w = point
        hidden, rows, columns = max(least, c // reduction), ceil(h / window), ceil(w / window)
        kinds = (c * hidden, hidden, c * h * w, rows * columns * hidden, (rows * columns) ** 2)
        return sum(map(int.__mul__, weights, kinds))

    piece = piece_at(count, AT)
    assert AT in piece
    draw = Random(seed)
    for _ in range(40):
        point = tuple(each[draw.randrange(len(each))] for each in (piece.channels, *piece.sides))
        assert point in piece
        assert piece.polynomial(*point) == count(point)


def test_the_count_is_asked_for_each_size_once_and_a_few_hundred_in_all():
    asked = []

    def count(point):
        asked.append(point)
        return point[0] * (point[0] // 16) * point[1] * (point[2] // 2)

    closed_form(count, AT)
    assert len(asked) == len(set(asked)) < 1500
    assert all(1 <= c <= 8192 and max(h, w) <= 512 for c, h, w in asked)


def test_a_piece_tells_how_it_was_tried():
    piece = piece_at(lambda point: point[0] * point[1] * point[2], AT)
    assert piece.fitted == 8
    assert piece.held >= 24
