"""One cell, driven by a scripted machine: its first call, its warm-up, its visits. No clock is read, no call
is made."""

from itertools import cycle

import pytest

from attnprof.backends import CaptureFailed
from attnprof.measuring.trial import ENOUGH_VISITS, REWARM_SECONDS, SAMPLES, rough_samples
from tests.measuring.machine import Machine, Script, hot, trial


def begun(script, limit=10.0, machine=None):
    this, machine = trial(script), machine or Machine()
    this.build(machine)
    this.begin(machine, limit)
    return this


def test_the_first_call_is_timed_alone_and_is_no_sample():
    script = Script(lambda n: 0.25 if n == 0 else 1e-3)
    found = begun(script).timing()
    assert script.asked[0] == 1
    assert found.first == 0.25
    assert max(found.samples) == pytest.approx(1e-3)


def test_it_is_built_when_it_is_told_to_and_not_before():
    made = []
    this = trial(prepare=lambda: made.append(1) or Script())
    assert not made
    this.build(Machine())
    assert made == [1]


def test_warm_up_ends_when_three_blocks_agree_and_is_no_sample():
    script = Script(lambda n: 1e-3 if n >= 9 else 1e-3 * (10 - n))
    found = begun(script).timing()
    assert found.samples == pytest.approx([1e-3] * SAMPLES)
    assert found.flags == ()


@pytest.mark.parametrize("seconds", [1e-6, 1e-4, 1e-2, 1.0])
def test_warm_up_takes_no_more_than_its_limit_and_one_block(seconds):
    machine = Machine()
    script = Script(lambda n: seconds * (1 + n % 2))
    begun(script, limit=0.1, machine=machine)
    samples = sum(script.seconds(n) * calls for n, calls in enumerate(script.asked[-SAMPLES:]))
    assert machine.now - samples - seconds <= 0.1 + 2 * max(0.025, 2 * seconds)


def test_a_call_that_never_settles_is_said_to():
    machine = Machine()
    this = begun(Script(lambda n: 1e-2 * 0.99 ** min(n, 300)), limit=0.05, machine=machine)
    for turn in range(20):
        this.visit(machine, turn)
    assert this.timing().flags == ("not-steady",)


def test_a_warm_up_that_was_cut_short_is_no_flag_where_the_samples_are_steady():
    machine = Machine()
    this = begun(Script(lambda n: 1e-3 * (3 if n < 3 else 1)), limit=0.0, machine=machine)
    for turn in range(20):
        this.visit(machine, turn)
    assert this.timing().flags == ()


def test_a_call_too_dear_to_warm_up_long_is_steady_where_its_samples_agree_with_the_last_block():
    script = Script(lambda n: 3.0 if n == 0 else 0.5)
    found = begun(script, limit=0.01).timing()
    assert len(script.asked) == 1 + 1
    assert found.flags == ()


def test_contention_does_not_keep_warm_up_from_ending():
    noise = cycle([0.5, 3.0, 1.0, 7.0])
    found = begun(Script(lost=lambda n: next(noise))).timing()
    assert found.flags == ("contended",)


def test_threads_that_wait_longer_than_the_call_lasts_do_not_make_its_samples_long():
    script = Script(lambda n: 1e-3, lost=lambda n: 50.0)
    found = begun(script, limit=0.01, machine=Machine(threads=4)).timing()
    assert found.calls == 1
    assert max(script.asked) <= 10


@pytest.mark.parametrize(("seconds", "calls"), [(1e-5, 100), (3e-4, 4), (1e-3, 1), (0.5, 1)])
def test_a_sample_has_as_many_calls_as_the_timer_needs(seconds, calls):
    script = Script(lambda n: seconds)
    found = begun(script).timing()
    assert script.asked[-1] == calls == found.calls
    assert found.samples == pytest.approx([seconds] * found.taken)


def test_a_coarse_clock_needs_longer_samples_than_the_device_asks_for():
    this = trial(Script(lambda n: 1e-3), least_sample=8e-3)
    this.build(Machine())
    this.begin(Machine(), 1.0)
    assert this.timing().calls == 8


@pytest.mark.parametrize(("seconds", "samples"), [(1e-5, SAMPLES), (1e-3, SAMPLES), (0.1, 1)])
def test_the_first_visit_takes_one_sample_of_a_long_call(seconds, samples):
    assert begun(Script(lambda n: seconds)).timing().taken == samples


@pytest.mark.parametrize(
    ("seconds", "calls", "samples"),
    [(1e-5, 10, 20), (2.5e-4, 1, 8), (1.9e-3, 1, SAMPLES), (9e-3, 1, SAMPLES)],
)
def test_a_visit_has_as_many_short_samples_as_fill_it(seconds, calls, samples):
    machine = Machine(sample_seconds=1e-4)
    this = begun(Script(lambda n: seconds), machine=machine)
    this.visit(machine, 1)
    assert this.timing().calls == calls
    assert this.timing().taken == 2 * samples
    assert this.spending(fewest=1).needed == 8 - 2  # visits of a rough figure


def test_a_finer_timer_needs_fewer_calls():
    assert begun(Script(lambda n: 1e-5), machine=Machine(sample_seconds=2e-4)).timing().calls == 20


@pytest.mark.parametrize(("seconds", "calls"), [(1e-5, 200), (1e-3, 2), (0.04, 1)])
def test_coming_back_it_is_warmed_up_again_untimed(seconds, calls):
    machine, script = Machine(), Script(lambda n: seconds)
    this = begun(script, machine=machine)
    before, taken = len(script.asked), this.timing().taken
    this.visit(machine, 1)
    assert script.asked[before] == calls
    assert calls * seconds >= REWARM_SECONDS * 0.999
    assert len(script.asked) - before == 1 + SAMPLES
    assert this.timing().taken == taken + SAMPLES


def test_a_dear_call_needs_no_warming_up_again_and_is_one_sample():
    machine, script = Machine(), Script(lambda n: 0.1)
    this = begun(script, machine=machine)
    before = len(script.asked)
    this.visit(machine, 1)
    assert script.asked[before:] == [1]


def test_what_others_leave_in_the_caches_is_in_no_sample():
    machine = Machine()
    cold = []
    script = Script(lambda n: 1e-5 if n not in cold else 5e-4)
    this = begun(script, machine=machine)
    for _ in range(20):
        cold.append(len(script.asked))
        this.visit(machine, 1)
    assert max(this.timing().samples) == pytest.approx(1e-5)


def test_a_precision_is_believed_only_after_enough_visits():
    machine = Machine()
    this = begun(Script(), machine=machine)
    while this.visits < ENOUGH_VISITS:
        assert not this.reaches(0.5)
        this.visit(machine, 1)
    assert this.reaches(0.01)


def test_a_noisy_call_does_not_reach_a_precision():
    machine = Machine()
    this = begun(Script(lambda n: 1e-3 * (1 + 0.2 * (-1) ** n)), machine=machine)
    for _ in range(60):
        this.visit(machine, 1)
    assert not this.reaches(0.01)
    assert "bimodal" in this.timing().flags


def test_a_call_without_a_value_reaches_nothing():
    machine = Machine(threads=4)
    this = begun(Script(lost=lambda n: 1.0), machine=machine)
    for _ in range(20):
        this.visit(machine, 1)
    assert not this.reaches(0.5)
    assert this.timing().samples == ()


def test_a_device_with_a_clock_of_its_own_gives_bursts_behind_the_last_visit():
    machine = Machine(launch=4e-5)
    this = begun(Script(lambda n: 1e-5), machine=machine)
    assert this.timing().bursts == ()
    this.time_device(machine)
    found = this.timing()
    assert found.by_device == (1e-5, (1e-5, 1e-5), "samples", rough_samples(1e-5))
    assert found.flags == ("launch-bound",)


def test_bursts_of_a_device_that_slowed_itself_are_left_out_where_others_are_not():
    machine = Machine(launch=4e-5, conditions=lambda n: hot(throttled=n % 2 == 1))
    this = begun(Script(lambda n: 1e-5), machine=machine)
    this.time_device(machine)
    assert len(this.timing().bursts) == rough_samples(1e-5) / 2
    always = Machine(launch=4e-5, conditions=lambda n: hot(throttled=True))
    slow = begun(Script(lambda n: 1e-5), machine=always)
    slow.time_device(always)
    assert len(slow.timing().bursts) == rough_samples(1e-5)


def test_a_capture_that_fails_is_the_note_and_is_told():
    class Refusing(Machine):
        def capture(self, call, calls):
            raise CaptureFailed("it cannot be captured as a graph: no")

    this = begun(Script(), machine=Refusing())
    with pytest.raises(CaptureFailed):
        this.time_device(Refusing())
    assert this.timing().device_note == "it cannot be captured as a graph: no"


def test_who_watches_is_told_before_everything_that_may_take_long():
    told = []
    script = Script(lambda n: 1.0)
    this = trial(script, watch=lambda seen: told.append(len(script.asked)))
    this.build(Machine())
    this.begin(Machine(), 0.1)
    assert told[:2] == [0, 1]
    assert max(b - a for a, b in zip(told, [*told[1:], len(script.asked)], strict=True)) <= 1


def test_what_is_dropped_holds_nothing():
    this = begun(Script())
    this.drop()
    assert this.call is None
    assert this.timing().samples
