"""Points as they are written: what is read, what is shown, what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.grid import LARGEST, parse_point, parse_res, show_res, whole_number

law = settings(derandomize=True, deadline=None, max_examples=60)
sizes = st.integers(1, LARGEST)


@given(sizes, sizes)
@law
def test_a_map_size_is_read_as_it_is_shown(height, width):
    assert parse_res(show_res((height, width))) == (height, width)


@given(sizes, sizes, sizes)
@law
def test_a_point_is_channels_at_a_map_size(channels, height, width):
    assert parse_point(f"{channels}@{height}x{width}") == (channels, height, width)
    assert parse_point(f"{channels}@{height}") == (channels, height, height)


def test_a_square_is_shown_by_one_side():
    assert show_res((56, 56)) == "56"
    assert show_res((28, 40)) == "28x40"


@given(st.integers())
@law
def test_a_whole_number_is_between_1_and_the_largest(number):
    if 1 <= number <= 100:
        assert whole_number(number, 100, "a thing") == whole_number(str(number), 100, "a thing") == number
    else:
        with pytest.raises(ValueError, match=rf"^{number} is not a thing \(1\.\.100\)$"):
            whole_number(number, 100, "a thing")


@pytest.mark.parametrize("value", ["", "x", "1.5", 1.5, True, None, "0x10", [8]])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match="is not a thing"):
        whole_number(value, 100, "a thing")


@pytest.mark.parametrize("value", ["0", "-1", "x", "", "28x", "x28", "28x0", "1x2x3", 0, 8193, "56.0"])
def test_what_is_no_map_size_is_refused(value):
    with pytest.raises(ValueError, match=r"is not a size; write 56 or 28x40 \(1\.\.8192\)"):
        parse_res(value)


def test_the_whole_of_an_oblong_size_is_quoted():
    with pytest.raises(ValueError, match="^28x0 is not a size"):
        parse_res("28x0")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("64", "'64' is not a point"),
        ("0@56", "0 is not a number of channels"),
        ("64@", "is not a size"),
        ("@56", " is not a"),
    ],
)
def test_what_is_no_point_is_refused(value, says):
    with pytest.raises(ValueError, match=says):
        parse_point(value)
