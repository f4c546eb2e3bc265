"""Energy of calls, by a counter that a device updates now and then.

How often it is updated is polled. Then enough calls are issued that an update is a small share of what they
use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from attnprof.backends import Energy

UPDATES = 5  # that are waited for, to know how often they come
REST_SECONDS = 1.0  # at least, for these: power falls slowly behind a load
POLL_SECONDS = 2.0  # at most
RESOLUTION = 0.05  # of what the calls use, that an update is at most
MOST_SECONDS = 3.0  # of calls, whatever the resolution
WARM_SECONDS = 0.3  # of calls before they count: clock and power have to rise
TURN_SECONDS = 5e-3  # of calls between two looks at the clock
STANDS_STILL = f"NVML's counter of energy did not move for {POLL_SECONDS:g} s"
TOO_SLOW = f"NVML's counter of energy is updated too seldom for {MOST_SECONDS:g} s of calls"

Read = Callable[[], float]  # joules so far, or seconds of the host's clock
Issue = Callable[[int], object]  # so many calls, and wait for them


@dataclass(frozen=True)
class CounterAtRest:
    """A counter of energy while its device does nothing."""

    step: float  # seconds from one update to the next, at most
    watts: float  # that the device used in the second half of the time


@dataclass(frozen=True)
class _Update:
    before: float  # when the last reading without it was taken
    after: float  # when the first one with it was
    joules: float


def poll(joules: Read, clock: Read) -> CounterAtRest | None:
    """How often the counter is updated, looked at while its device rests; None where it stands still."""
    updates = _updates(joules, clock)
    if len(updates) < 2:
        return None
    step = max(later.after - earlier.before for earlier, later in pairwise(updates))
    middle, last = updates[(len(updates) - 1) // 2], updates[-1]
    return CounterAtRest(step, (last.joules - middle.joules) / (last.after - middle.after))


def _updates(joules: Read, clock: Read) -> list[_Update]:
    updates: list[_Update] = []
    begin = before = clock()
    last = joules()
    while before - begin < (REST_SECONDS if len(updates) > UPDATES else POLL_SECONDS):
        now, after = joules(), clock()
        if now != last:
            updates.append(_Update(before, after, now))
        before, last = after, now
    return updates


def measure_energy(counter: CounterAtRest, joules: Read, issue: Issue, clock: Read) -> Energy:
    """The joules of calls back to back: as many as it takes for the counter's resolution to be a small share,
    within a limit of time. Others come first, until the device and the counter have forgotten the rest."""
    each = _warm_up(max(counter.step, WARM_SECONDS), issue, clock)
    turn = max(1, ceil(TURN_SECONDS / each))
    begin, used = clock(), joules()
    calls, seconds = 0, 0.0
    while counter.step > RESOLUTION * seconds and seconds < MOST_SECONDS:
        issue(turn)
        calls += turn
        seconds = clock() - begin
    used = joules() - used
    seconds = clock() - begin
    if counter.step >= seconds or used <= 0:
        return Energy(note=TOO_SLOW)
    return Energy(used, calls, seconds, counter.step, counter.watts)


def _warm_up(seconds: float, issue: Issue, clock: Read) -> float:
    """Issue calls for so many seconds; how long one of them takes."""
    begin, calls, turn, spent = clock(), 0, 1, 0.0
    while spent < seconds:
        issue(turn)
        calls += turn
        spent = clock() - begin
        turn = min(2 * turn, max(1, ceil(TURN_SECONDS * calls / spent)))
    return spent / calls
