"""A clock is known by what it can tell apart; it is a script."""

from itertools import count

import pytest

from attnprof.measuring.timer import ERROR, Timer, timer


def ticking(step, readings_per_step):
    """A clock that moves by ``step`` at every so manieth reading."""
    numbers = count()
    return lambda: step * (next(numbers) // readings_per_step)


def test_a_coarse_clock_has_the_resolution_of_its_step():
    found = timer(ticking(1e-3, 50))
    assert found.resolution == pytest.approx(1e-3)
    assert found.cost == pytest.approx(1e-3 / 50, rel=0.02)


def test_a_fine_clock_is_limited_by_what_reading_it_costs():
    found = timer(ticking(5e-8, 1))
    assert (found.resolution, found.cost) == (pytest.approx(5e-8), pytest.approx(5e-8))


def test_a_sample_lasts_so_long_that_the_clock_is_half_a_percent_of_it():
    assert Timer(1e-6, 5e-7).least_sample == pytest.approx(2.5e-6 / ERROR)


def test_a_clock_that_stands_still_is_none():
    with pytest.raises(ValueError, match="does not move"):
        timer(lambda: 1.0)


def test_the_real_clock_is_good_enough_for_samples_of_a_millisecond():
    assert 0 < timer().least_sample < 1e-3
