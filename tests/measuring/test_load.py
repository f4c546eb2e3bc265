"""What other programs use of the machine meanwhile."""

from attnprof.measuring.load import LOADED, Load, used_seconds


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def load(clock, used, own=0.0, cores=2):
    """The load of a machine of which ``used`` seconds a second are used, ``own`` of them by this process."""
    return Load(lambda: (100.0 + used * clock(), cores), lambda: 7.0 + own * clock(), clock)


def test_a_machine_of_two_cores_of_which_others_keep_one_busy():
    clock = Clock()
    meter = load(clock, used=2.0, own=1.0)
    clock.now += 4.0
    assert meter.share == 0.5
    assert meter.is_high


def test_what_this_process_uses_is_no_load():
    clock = Clock()
    meter = load(clock, used=1.05, own=1.0)
    clock.now += 4.0
    assert 0 < meter.share < LOADED
    assert not meter.is_high


def test_one_busy_core_of_many_is_no_load():
    clock = Clock()
    meter = load(clock, used=2.0, own=1.0, cores=64)
    clock.now += 4.0
    assert not meter.is_high


def test_where_the_system_does_not_say_and_after_too_short_a_time_nothing_is_known():
    clock = Clock()
    unknown, short = Load(lambda: None, lambda: 0.0, clock), load(clock, used=2.0)
    clock.now += 0.01
    assert unknown.share is short.share is None
    assert not unknown.is_high


def test_this_system_counts_upwards_if_it_says_anything():
    one, other = used_seconds(), used_seconds()
    assert one is other is None or (0 < one[0] <= other[0] and one[1] == other[1] >= 1)
