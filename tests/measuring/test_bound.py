"""A bound is the least time that measured peaks allow: nothing in it that a call would not need."""

import json
from dataclasses import asdict, dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.counting import cost
from attnprof.counting.rules import CATEGORIES
from attnprof.measuring.bound import Peaks, bound

law = settings(derandomize=True, deadline=None, max_examples=60)
PEAKS = Peaks(((2**15, 8e9), (2**20, 4e9), (2**28, 1e9)), dict.fromkeys(CATEGORIES, 1e9), 1e-6, 2**24)
SHAPE = (1, 64, 56, 56)


@dataclass
class Op:
    flops: tuple = ()
    out_shape: tuple = ()


@dataclass
class Work:
    flops_by_category: dict = field(default_factory=dict)
    minimal_bytes: int = 0
    operators: tuple = ()


def of(work, input_bytes=0, peaks=PEAKS):
    return bound(work, peaks, SHAPE, input_bytes)


def test_moving_and_computing_may_overlap_so_the_longer_of_them_bounds():
    found = of(Work({"mac": 10**6}, 2**20))
    assert found.memory == pytest.approx(2**20 / 4e9)
    assert found.arithmetic == pytest.approx(1e-3)
    assert (found.seconds, found.binds) == (found.arithmetic, "arithmetic")


def test_each_category_has_its_own_rate_and_they_add_up():
    peaks = replace(PEAKS, rates={"mac": 1e9, "softmax": 1e8, "fft": 1.0})
    assert of(Work({"mac": 10**6, "softmax": 10**6, "fft": 0}), peaks=peaks).arithmetic == pytest.approx(
        1e-3 + 1e-2
    )


@pytest.mark.parametrize(
    ("moved", "rate", "level"),
    [
        (2**10, 8e9, "a working set of 32.0 KiB"),
        (2**15, 8e9, "a working set of 32.0 KiB"),
        (2**15 + 1, 4e9, "a working set of 1.00 MiB"),
        (2**21, 1e9, "memory"),
        (2**40, 1e9, "memory"),
    ],
)
def test_bytes_move_at_the_speed_of_the_smallest_cache_that_holds_them(moved, rate, level):
    found = of(Work(minimal_bytes=moved))
    assert found.memory == pytest.approx(moved / rate)
    assert (found.level, found.binds) == (level, "memory")


def test_a_small_copy_that_is_slow_because_it_is_short_bounds_nothing():
    peaks = replace(PEAKS, bandwidths=((2**15, 1e9), (2**20, 4e9), (2**28, 2e9)))
    assert of(Work(minimal_bytes=100), peaks=peaks).memory == pytest.approx(100 / 4e9)


def test_starting_operators_binds_where_it_takes_longest_and_bounds_nothing():
    found = of(Work({"mac": 10}, 10, (Op(),) * 9))
    assert (found.launch, found.binds) == (pytest.approx(9e-6), "launch")
    assert found.seconds == max(found.memory, found.arithmetic)


POOL = Op((("reduction", 64 * (56 * 56 - 1)),), (1, 64, 1, 1))
SCALE = Op((("pointwise", 64 * 56 * 56),), SHAPE)
LARGE = 2**25


@pytest.mark.parametrize(
    ("operators", "input_bytes", "twice"),
    [
        ((POOL, SCALE), LARGE, True),
        ((POOL, SCALE), 2**20, False),
        ((SCALE, POOL), LARGE, False),
        ((SCALE,), LARGE, False),
        ((Op((("reduction", 64 * 49),), (1, 64, 8, 8)), SCALE), LARGE, False),
    ],
)
def test_a_map_beyond_the_cache_is_read_again_by_what_rescales_it_after_a_reduction(
    operators, input_bytes, twice
):
    once = Work(minimal_bytes=2 * LARGE, operators=operators)
    assert of(once, input_bytes).memory == pytest.approx((2 * LARGE + twice * input_bytes) / 1e9)


@pytest.mark.parametrize(("name", "twice"), [("se", True), ("none", False), ("eca", True), ("lka", False)])
def test_it_is_seen_in_real_modules_which_read_twice(name, twice):
    account = cost(name, SHAPE)
    small = replace(PEAKS, cache=1)
    extra = of(account, 10**9, small).memory - of(account, 0, small).memory
    assert (extra > 0) is twice


works = st.builds(
    Work,
    st.dictionaries(st.sampled_from(CATEGORIES), st.integers(0, 10**12)),
    st.integers(0, 2**40),
)


@given(works, st.floats(1, 100))
@law
def test_a_better_device_never_has_a_longer_bound(work, factor):
    better = replace(
        PEAKS,
        bandwidths=tuple((size, rate * factor) for size, rate in PEAKS.bandwidths),
        rates={name: rate * factor for name, rate in PEAKS.rates.items()},
    )
    assert of(work, peaks=better).seconds <= of(work).seconds


@given(works)
@law
def test_more_work_never_has_a_shorter_bound(work):
    more = Work(
        {**work.flops_by_category, "mac": work.flops_by_category.get("mac", 0) + 1}, work.minimal_bytes + 1
    )
    assert of(more).seconds >= of(work).seconds


def test_peaks_survive_json():
    assert Peaks.from_json(json.loads(json.dumps(asdict(PEAKS)))) == PEAKS
