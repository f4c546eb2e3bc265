"""A machine that is a script: its clock moves only with the samples that are taken of it, and nothing is
computed."""

from attnprof.backends import Burst, Condition, Memory, Sample
from attnprof.measuring.trial import Trial


class Script:
    """A call that takes what it is told. Its samples are numbered from 0, the first call.

    seconds: n -> seconds per call. lost: n -> what others take, as a multiple of that; None: the machine
    cannot tell. raises: n -> an error, or None.
    """

    def __init__(self, seconds=lambda n: 1e-3, lost=lambda n: 0.0, raises=lambda n: None):
        self.seconds, self.lost, self.raises = seconds, lost, raises
        self.asked = []

    def __call__(self):
        raise AssertionError("the call is the machine's to make")


class Machine:
    """A backend whose calls are Scripts. threads: with more than one, CPU time may not stand for wall time.

    conditions: n -> the device's state when it is asked for the n-th time. launch: seconds of starting a
    call, for a device with a clock of its own.
    """

    estimator = "median"

    def __init__(self, sample_seconds=1e-3, threads=1, conditions=None, launch=None):
        self.sample_seconds, self.threads, self.launch = sample_seconds, threads, launch
        self.conditions = conditions
        self.now = 0.0
        self.rested = []
        self.visited = []
        self.looked = 0

    def clock(self):
        return self.now

    def rest(self, seconds):
        self.rested.append(seconds)
        self.now += seconds

    def sample(self, call, calls):
        number = len(call.asked)
        call.asked.append(calls)
        self.visited.append(call)
        if problem := call.raises(number):
            raise problem
        busy = call.seconds(number) * calls
        taken = 0.0 if call.lost is None else call.lost(number)
        wall = busy * (1 + taken)
        self.now += wall
        return Sample(wall, None if call.lost is None else wall - busy, busy if self.threads == 1 else None)

    def kernels(self, call, calls):
        return None if self.launch is None else Bursts(self, call, calls)

    def capture(self, call, calls):
        return self.kernels(call, calls)

    def condition(self):
        self.looked += 1
        return self.conditions(self.looked - 1) if self.conditions else None

    def cache_bytes(self):
        return 2**20

    def weigh(self, call):
        return Memory(2**20)


class Bursts:
    captured = True
    note = ""

    def __init__(self, machine, call, calls):
        self.machine, self.call, self.calls = machine, call, calls

    def sample(self):
        device = self.call.seconds(len(self.call.asked))
        host = max(device, self.machine.launch)
        self.machine.now += host * self.calls
        return Burst(device, host)


def trial(script=None, key="a", prepare=None, **more):
    """A trial of a script."""
    return Trial(key, prepare or (lambda: script), **more)


def hot(clock=1.5e9, **more):
    return Condition(clock, **more)
