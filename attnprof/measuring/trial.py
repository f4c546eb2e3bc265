"""One cell among those measured in turn: built, warmed up until it is steady, visited again and again."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import ceil
from statistics import median

from attnprof.backends import Backend, Burst, Call, CaptureFailed, Energy
from attnprof.measuring.estimators import MEDIAN, Estimator
from attnprof.measuring.shares import Spending
from attnprof.measuring.timing import Taken, Timing, judge, timed_of

BLOCK_SECONDS = 10e-3  # length of a warm-up block, where there is time for such
SHORTEST_BLOCK = 2e-3
WARM_UP_SECONDS = 20e-3  # that a warm-up takes, as far as is known before it
STEADY = 0.02  # the last three warm-up blocks agree within this
REWARM_SECONDS = 2e-3  # after another cell's visit caches and predictors are that cell's
SAMPLES = 2  # per visit at least: coming back costs more than a second sample
VISIT_SECONDS = 2e-3  # and as many short ones as fill this
LONG_SECONDS = 10e-3  # a call that takes longer has one sample on its first visit: coming back cost nothing
DEAR_SECONDS = 50e-3  # a call that takes longer warms itself up: one call is a warm-up, and one a sample
# The fewest samples that make a rough figure, by the seconds of a call: fewer of what disturbs less.
ROUGH = ((DEAR_SECONDS, 1), (LONG_SECONDS, 3), (0.0, 16))
ENOUGH_VISITS = 12  # before a precision is believed

Watch = Callable[["Trial"], None]
Around = Callable[[], AbstractContextManager[None]]


def rough_samples(per_call: float) -> int:
    """The fewest samples that make a rough figure of a call of so many seconds."""
    return next(samples for seconds, samples in ROUGH if per_call >= seconds)


class Trial:
    """One call that is timed: built, begun, visited.

    ``prepare`` builds the call; ``watch`` is called before everything that may take long. least_sample:
    seconds that a sample lasts at least, where the device would do with less. estimator: how its samples
    become a figure. around: entered and left, untimed, with each step: building, beginning, a visit.
    settling: calls behind the first that set something up, too; they are not timed.
    """

    def __init__(
        self,
        key: str,
        prepare: Callable[[], Call],
        watch: Watch = lambda trial: None,
        least_sample: float = 0.0,
        estimator: Estimator = MEDIAN,
        around: Around = nullcontext,
        settling: int = 0,
    ) -> None:
        self.key = key
        self.call: Call | None = None
        self.taken: list[Taken] = []
        self.visits = 0
        self.used = 0.0  # seconds since it was built, by the engine's clock
        self.pace = 0.0  # of a visit, how much has fallen due
        self.per_call = 0.0
        self.energy: Energy | None = None  # of calls back to back; None where nobody has asked, or can tell
        self.problem: Exception | None = None  # what it raised; then it is visited no more
        self._prepare, self._watch, self._least_sample = prepare, watch, least_sample
        self._estimator, self._around, self._settling = estimator, around, settling
        self.first = 0.0  # seconds of the first call, once it is built
        self._visit_seconds = 0.0
        self._dear = False
        self._rough = 1  # samples
        self._per_visit = 1  # samples
        self._calls = 1
        self._bursts: list[Burst] = []
        self._device_note = ""

    def spending(self, fewest: int, rough: float = 1.0) -> Spending:
        """What it has used, what its next visit will cost, and how many visits it is still to have.

        fewest: samples that it is to have, or as many as make a rough figure. rough: share of those.
        """
        samples = max(fewest, ceil(rough * self._rough)) - len(self.taken)
        needed = max(0, ceil(samples / self._per_visit))
        return Spending(self.used, self.visits, max(self._visit_seconds, 1e-9), needed)

    @property
    def samples(self) -> list[float]:
        """The samples that count: seconds per call."""
        return [seconds for _, seconds in timed_of(self.taken)]

    def build(self, backend: Backend) -> None:
        """Build it, and time its first call alone: what that sets up, or compiles, is set up once."""
        self._watch(self)
        with self._around():
            self.call = self._prepare()
            self.first = self.per_call = backend.sample(self.call, 1).wall
            for _ in range(self._settling):
                self.call()

    def begin(self, backend: Backend, limit: float) -> None:
        """Warm it up until the last three blocks agree or ``limit`` seconds are spent. The first visit
        follows at once.

        A dear call was warmed up by its first call, unless the second shows that this set something up.
        """
        self._watch(self)
        with self._around():
            self._begin(backend, limit)

    def _begin(self, backend: Backend, limit: float) -> None:
        assert self.call is not None
        self._dear = self.first >= DEAR_SECONDS and self._is_warm(backend, self.call)
        if self._dear:
            return
        self._warm_up(backend, self.call, limit)
        self._calls = max(1, ceil(max(backend.sample_seconds, self._least_sample) / self.per_call))
        self._per_visit = max(SAMPLES, ceil(VISIT_SECONDS / (self._calls * self.per_call)))
        self._rough = rough_samples(self.per_call) * self._per_visit // SAMPLES  # the same time
        first = 1 if self.per_call > LONG_SECONDS else self._per_visit
        taken = self._sample(backend, self.call, first, 0)
        self._visit_seconds = taken * self._per_visit / first + max(REWARM_SECONDS, self.per_call)

    def visit(self, backend: Backend, turn: int) -> None:
        """Come back to it after another, in the round ``turn``: warm up again, untimed, and take samples."""
        self._watch(self)
        with self._around():
            self._visit(backend, turn)

    def _visit(self, backend: Backend, turn: int) -> None:
        assert self.call is not None
        again = 0.0
        if not self._dear:
            again = backend.sample(self.call, max(1, ceil(REWARM_SECONDS / self.per_call))).wall
        self._visit_seconds = again + self._sample(backend, self.call, self._per_visit, turn)

    def reaches(self, precision: float) -> bool:
        """Whether it is known well enough."""
        # Sorting all samples after every visit would cost more than the visits.
        if self.visits < ENOUGH_VISITS or self.visits % max(1, self.visits // 8):
            return False
        samples = self.samples
        reached = self._estimator.half_width(samples) if samples else None
        return reached is not None and reached <= precision

    def time_device(self, backend: Backend, captured: bool = True, note: str = "") -> None:
        """Time calls by the device's own clock, where it has one: nothing else is called afterwards.

        captured: as a graph. note: what is to be said of the figure besides. Raises CaptureFailed; the trial
        then has a note that says why.
        """
        assert self.call is not None
        try:
            kernels = backend.capture(self.call, self._calls) if captured else None
        except CaptureFailed as problem:
            self._device_note = str(problem)
            raise
        kernels = kernels or backend.kernels(self.call, self._calls)
        if kernels is None:
            return
        slowed: list[Burst] = []
        for _ in range(rough_samples(self.per_call)):
            self._watch(self)
            burst, condition = kernels.sample(), backend.condition()
            (slowed if condition and condition.throttled else self._bursts).append(burst)
        self._bursts = self._bursts or slowed
        self._device_note = "; ".join(filter(None, [note, kernels.note]))

    def measure_energy(self, backend: Backend) -> None:
        """Ask the device's counter of energy, where it has one."""
        assert self.call is not None
        self._watch(self)
        with self._around():
            self.energy = backend.energy(self.call)

    def timing(self, spread: bool = False, reference: float | None = None) -> Timing:
        """What its samples say. reference: seconds of the control."""
        verdict = judge(self.taken, self._estimator, self._bursts)
        return Timing(
            verdict.samples,
            self._calls,
            len(self.taken),
            self.first,
            verdict.flags,
            spread,
            tuple(self._bursts),
            self._device_note,
            tuple(each.condition for each in self.taken if each.condition),
            reference,
            self._estimator,
        )

    def drop(self) -> None:
        """Give back what it holds."""
        self.call = None

    def _is_warm(self, backend: Backend, call: Call) -> bool:
        """Take the first sample of a call whose first time was dear; whether it is dear all the time.

        Where it is not, the first call set something up, and the second is none of its samples.
        """
        self._visit_seconds = self._sample(backend, call, 1, 0)
        if self.per_call >= DEAR_SECONDS:
            return True
        self.taken.clear()
        self.visits = 0
        return False

    def _warm_up(self, backend: Backend, call: Call, limit: float) -> None:
        length = min(BLOCK_SECONDS, max(SHORTEST_BLOCK, limit / 4))
        blocks: list[float] = []
        spent, calls = 0.0, 1
        while True:
            sample = backend.sample(call, calls)
            spent += sample.wall
            # What others took of the machine says nothing about whether the call has settled.
            blocks.append((sample.busy or sample.wall) / calls)
            last = sorted(blocks[-3:])
            steady = len(last) == 3 and last[2] - last[0] <= STEADY * last[1]
            if steady or spent >= limit:
                break
            self._watch(self)
            calls = max(1, ceil(length / blocks[-1]))
        self.per_call = median(last)

    def _sample(self, backend: Backend, call: Call, samples: int, turn: int) -> float:
        condition, spent = backend.condition(), 0.0
        for _ in range(samples):
            self._watch(self)
            sample = backend.sample(call, self._calls)
            spent += sample.wall
            self.taken.append(Taken(sample, self._calls, condition, turn))
        self.visits += 1
        self.per_call = self.taken[-1].sample.wall / self._calls
        return spent
