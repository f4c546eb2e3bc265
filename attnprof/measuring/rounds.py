"""Cells that will be compared, visited in turn and in random order: what disturbs the machine disturbs
all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from random import Random
from time import monotonic, sleep

from attnprof.backends import Backend
from attnprof.measuring.shares import visits_due
from attnprof.measuring.timing import Timing
from attnprof.measuring.trial import Trial

WARM_SHARE = 0.12  # of a cell's share of the budget, at most
WARM_SECONDS = (10e-3, 1.0)  # and no less, and no more, than this
MOST_VISITS = 1000
CUT_SHORT = 3  # visits that a trial must have had to be kept when everything is stopped
REFERENCE_SHARE = 0.06  # of the time, for the kernel that watches the machine
BASELINE_VISITS = (
    4  # in a round, where it has as many cells: each cell's samples are divided by the baseline's
)
BASELINE_SHARE = 0.3  # of the time, at most
AS_DEAR_AS = 3  # cells begun last: the next is taken to be as dear as the dearest of them
REST_SECONDS = 0.5  # for a device that slows itself
REST_SHARE = 0.1  # of the budget, at most

Step = Callable[[Trial], None]


@dataclass(frozen=True)
class Effort:
    """How much is spent on cells measured together."""

    seconds: float = inf  # for all of them; infinite where only the precision ends it
    precision: float = 0.01  # half of the interval's width, as a share, at which a cell is finished
    fewest: int = 1  # samples of each cell, whatever ``seconds``; never fewer than make a rough figure
    each: float = inf  # seconds after which a cell has no further visit, however few it had
    seed: int = 0  # of the order
    most: float = inf  # seconds in which no cell is begun any more, however few were
    rough: float = 1.0  # share of a rough figure's samples that each cell has at least
    weighed: bool = False  # whether each cell is called once more when it is finished


def time_alone(backend: Backend, trial: Trial, effort: Effort) -> Timing:
    """The timing of ``trial``, with nothing beside it. Raises what its call raises."""
    for _ in Rounds(backend, [trial], effort):
        pass
    if trial.problem:
        raise trial.problem
    return trial.timing()


class Rounds:
    """Visits ``trials`` in rounds. Iterate for the finished ones, each as soon as it is finished: with the
    precision of the effort, at the end of its share, or with its ``problem``. A trial that has no sample in
    the end is left out.

    ``trials`` are begun in the order given, the cheapest first. ``stop`` is called between visits.
    ``reference`` is visited in every round, as long as it takes next to nothing. ``baseline`` is visited
    several times in every round, and is none of the trials.
    """

    def __init__(
        self,
        backend: Backend,
        trials: Sequence[Trial],
        effort: Effort,
        *,
        reference: Trial | None = None,
        baseline: Trial | None = None,
        stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = monotonic,
        rest: Callable[[float], None] = sleep,
    ) -> None:
        self._backend, self._effort, self._stop = backend, effort, stop
        self._clock, self._rest = clock, rest
        self._random = Random(effort.seed)
        self._waiting = list(trials)
        self._open: list[Trial] = []
        self._reference, self._baseline = reference, baseline
        self._round = 0
        self._started = clock()
        self._rested = 0.0

    def __iter__(self) -> Iterator[Trial]:
        yield from self._begin()
        while lot := self._lot():
            self._round += 1
            for place, trial in enumerate(lot):
                if self._stop():
                    break
                if _is_turn_of_baseline(place, len(lot)):
                    self._watch_baseline()
                if self._finished(trial, self._visit):
                    yield trial
            self._watch_machine()
        # One that was cut short has too few samples to keep: it is measured when the run goes on.
        fewest = CUT_SHORT if self._stop() else 1
        yield from [trial for trial in self._open if trial.visits >= fewest]

    def _begin(self) -> Iterator[Trial]:
        """Build, warm up and visit every trial, as long as there is time for one more."""
        self._begin_companions()
        waiting, self._waiting = self._waiting, []
        costs: list[float] = []  # seconds of a call of those begun
        for place, trial in enumerate(waiting):
            if self._stop() or not self._fits(max(costs[-AS_DEAR_AS:], default=0.0)):
                return
            if place and _is_turn_of_baseline(place, len(waiting)):
                self._watch_baseline()
            self._open.append(trial)
            trial.pace = self._random.random()
            # Building is not on the share of a trial: a compilation would use all of it.
            self._try(trial, self._build)
            limit = self._warm_seconds(len(waiting) - place)
            if self._finished(trial, partial(Trial.begin, backend=self._backend, limit=limit)):
                yield trial
            costs.append(trial.per_call)

    def _begin_companions(self) -> None:
        """Build and warm up the reference and the baseline."""
        for companion in (self._reference, self._baseline):
            if companion and not self._stop():
                self._try(companion, self._build)
                self._spend(companion, partial(Trial.begin, backend=self._backend, limit=WARM_SECONDS[0]))

    def _warm_seconds(self, cells: int) -> float:
        """How long the next of ``cells`` that are still to begin may be warmed up."""
        share = WARM_SHARE * self._remaining() / cells
        return min(max(share, WARM_SECONDS[0]), WARM_SECONDS[1])

    def _fits(self, per_call: float) -> bool:
        """Whether one more cell can be begun, a call of which takes so long, and all those begun can have
        their needed samples."""
        if self._effort.most == inf or not self._open:
            return True
        spendings = [trial.spending(self._effort.fewest, self._effort.rough) for trial in self._open]
        ahead = sum(each.needed * each.cost for each in spendings)
        ahead += 2 * per_call
        if self._effort.weighed:
            ahead += per_call + sum(trial.per_call for trial in self._open)
        return self._clock() - self._started + ahead <= self._effort.most

    def _remaining(self) -> float:
        return self._effort.seconds - (self._clock() - self._started)

    def _lot(self) -> list[Trial]:
        """The trials of the next round, in random order: those with most visits ahead always, others at their
        pace."""
        if self._stop():
            return []
        within = [trial for trial in self._open if trial.used < self._effort.each]
        spendings = [trial.spending(self._effort.fewest, self._effort.rough) for trial in within]
        due = visits_due(spendings, self._remaining(), MOST_VISITS)
        most = max(due, default=0)
        if most <= 0:
            return []
        lot = []
        for trial, visits in zip(within, due, strict=True):
            trial.pace += visits / most
            if trial.pace >= 1 and visits > 0:
                trial.pace -= 1
                lot.append(trial)
        self._random.shuffle(lot)
        return lot

    def _build(self, trial: Trial) -> None:
        trial.build(self._backend)

    def _visit(self, trial: Trial) -> None:
        trial.visit(self._backend, self._round)
        condition = trial.taken[-1].condition
        if condition and condition.throttled and self._rested < REST_SHARE * self._effort.seconds:
            self._rest(REST_SECONDS)
            self._rested += REST_SECONDS

    def _finished(self, trial: Trial, step: Step) -> bool:
        """Do one step of a trial; whether that was its last."""
        self._spend(trial, step)
        done = trial.problem is not None or trial.reaches(self._effort.precision)
        if done:
            self._open.remove(trial)
        return done

    def _spend(self, trial: Trial, step: Step) -> None:
        before = self._clock()
        self._try(trial, step)
        trial.used += self._clock() - before

    def _try(self, trial: Trial, step: Step) -> None:
        if trial.problem:
            return
        try:
            step(trial)
        except Exception as problem:  # noqa: BLE001 # whatever a module raises is its own row's reason
            trial.problem = problem.with_traceback(None)  # its frames hold tensors
            trial.drop()

    def _watch_machine(self) -> None:
        reference = self._reference
        if not reference or reference.problem or self._stop():
            return
        if reference.used < REFERENCE_SHARE * (self._clock() - self._started):
            self._spend(reference, self._visit)

    def _watch_baseline(self) -> None:
        baseline = self._baseline
        if not baseline or baseline.problem or self._stop():
            return
        if baseline.used < BASELINE_SHARE * (self._clock() - self._started):
            self._spend(baseline, self._visit)


def _is_turn_of_baseline(place: int, cells: int) -> bool:
    """Whether the baseline is visited before the cell at ``place`` of a round of so many ``cells``."""
    times = min(BASELINE_VISITS, max(1, cells // 2))
    return place * times // cells != (place - 1) * times // cells
