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
from attnprof.measuring.trial import Trial

WARM_SHARE = 0.12  # of a cell's share of the budget, at most
WARM_SECONDS = (10e-3, 1.0)  # and no less, and no more, than this
LEAST_SECONDS = 50e-3  # for every cell, however little remains: expensive cells would starve the cheap ones
MOST_VISITS = 1000
CUT_SHORT = 3  # visits that a trial must have had to be kept when everything is stopped
REFERENCE_SHARE = 0.03  # of the time, for the kernel that watches the machine
REST_SECONDS = 0.5  # for a device that slows itself
REST_SHARE = 0.1  # of the budget, at most

Step = Callable[[Trial], None]


@dataclass(frozen=True)
class Effort:
    """How much is spent on cells measured together."""

    seconds: float = inf  # for all of them; infinite where only the precision ends it
    precision: float = 0.01  # half of the interval's width, as a share, at which a cell is finished
    fewest: int = 1  # visits of each cell, whatever the budget
    each: float = inf  # seconds after which a cell is finished with the samples that it has
    seed: int = 0  # of the order


class Rounds:
    """Visits ``trials`` in rounds. Iterate for the finished ones, each as soon as it is finished: with the
    precision of the effort, at the end of its share, or with its ``problem``. A trial that has no sample in
    the end is left out.

    ``stop`` is called between visits. ``reference`` is visited in every round, as long as it takes next to
    nothing.
    """

    def __init__(
        self,
        backend: Backend,
        trials: Sequence[Trial],
        effort: Effort,
        *,
        reference: Trial | None = None,
        stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = monotonic,
        rest: Callable[[float], None] = sleep,
    ) -> None:
        self._backend, self._effort, self._stop = backend, effort, stop
        self._clock, self._rest = clock, rest
        self._random = Random(effort.seed)
        self._open = list(trials)
        self._reference = reference
        self._started = clock()
        self._rested = 0.0

    def __iter__(self) -> Iterator[Trial]:
        yield from self._begin()
        while lot := self._lot():
            for trial in lot:
                if self._stop():
                    break
                if self._finished(trial, self._visit):
                    yield trial
            self._watch_machine()
        # One that was cut short has too few samples to keep: it is measured when the run goes on.
        fewest = CUT_SHORT if self._stop() else 1
        yield from [trial for trial in self._open if trial.visits >= fewest]

    def _begin(self) -> Iterator[Trial]:
        order = list(self._open)
        self._random.shuffle(order)
        if self._reference and not self._stop():
            self._try(self._reference, self._build)
            self._spend(self._reference, partial(Trial.begin, backend=self._backend, limit=WARM_SECONDS[0]))
        for waiting, trial in zip(range(len(order), 0, -1), order, strict=True):
            if self._stop():
                return
            trial.pace = self._random.random()
            # Building is not on the share of a trial: a compilation would use all of it.
            self._try(trial, self._build)
            limit = min(max(WARM_SHARE * self._remaining() / waiting, WARM_SECONDS[0]), WARM_SECONDS[1])
            if self._finished(trial, partial(Trial.begin, backend=self._backend, limit=limit)):
                yield trial

    def _remaining(self) -> float:
        return self._effort.seconds - (self._clock() - self._started)

    def _lot(self) -> list[Trial]:
        """The trials of the next round, in random order: those with most visits ahead always, others at their
        pace."""
        if self._stop():
            return []
        within = [trial for trial in self._open if trial.used < self._effort.each]
        spendings = [trial.spending for trial in within]
        due = visits_due(spendings, self._remaining(), self._effort.fewest, MOST_VISITS, LEAST_SECONDS)
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
        trial.visit(self._backend)
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
            self._spend(reference, partial(Trial.visit, backend=self._backend))
