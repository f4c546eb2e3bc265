"""Processes share a budget, and one that would not fit any more is not begun. The clock is a script."""

from math import inf

import pytest

from attnprof.running.schedule import OVERRUN, Processes


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def lived(budget, takes, processes=3, counting=0.0):
    """(numbers, seconds offered to each) of the processes that were begun, where ``takes(offered)`` seconds
    pass in each."""
    clock = Clock()
    numbers = Processes(processes, budget, 100.0, clock)
    clock.now += counting
    begun, offered = [], []
    for number in numbers:
        begun.append(number)
        offered.append(numbers.seconds(5, 5))
        clock.now += takes(offered[-1])
    return begun, offered, clock.now - 100


def test_processes_that_use_their_part_have_equal_parts_of_what_counting_left():
    begun, offered, total = lived(66.0, lambda part: part, counting=6.0)
    assert (begun, offered) == ([0, 1, 2], pytest.approx([20.0] * 3))
    assert total == pytest.approx(66.0)


def test_what_a_process_leaves_goes_to_the_later_ones():
    assert lived(60.0, lambda part: 0.0)[1] == pytest.approx([20, 30, 60])


def test_a_process_that_overruns_a_little_is_followed_by_the_others():
    begun, _, total = lived(60.0, lambda part: 22.0)
    assert begun == [0, 1, 2]
    assert total <= OVERRUN * 60


@pytest.mark.parametrize(("takes", "begun"), [(34.0, [0, 1]), (40.0, [0]), (1000.0, [0])])
def test_a_process_that_would_not_fit_any_more_is_not_begun(takes, begun):
    assert lived(60.0, lambda part: takes)[0] == begun


def test_the_first_process_is_begun_whatever_is_left():
    assert lived(10.0, lambda part: 1.0, counting=50.0)[:2] == ([0], [0.0])


def test_without_a_budget_nothing_is_divided():
    begun, offered, _ = lived(None, lambda part: 1e6, processes=6)
    assert (begun, offered) == (list(range(6)), [inf] * 6)


def test_blocks_of_a_process_have_their_cells_share_of_what_is_left_of_it():
    clock = Clock()
    processes_ = Processes(1, 60.0, 100.0, clock)
    next(iter(processes_))
    assert processes_.seconds(2, 6) == pytest.approx(20)
    clock.now += 30  # the first block overran, the others have what is left
    assert processes_.seconds(1, 4) == pytest.approx(7.5)
    clock.now += 100
    assert processes_.seconds(3, 3) == 0.0
