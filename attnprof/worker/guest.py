"""A user's module in a process that measures others, too: what it changes is put back after each of its
steps, and is told by flags of its row."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import torch

from attnprof.catalogue.user_location import is_path
from attnprof.counting import first_tensor
from attnprof.errors import AttnprofError, text_of
from attnprof.measuring.inputs import RandomPool
from attnprof.records.case import Case
from attnprof.subject.calls import MeasuredCall
from attnprof.subject.refusals import line_that_raised
from attnprof.worker.settings import HEAP
from attnprof.worker.state import Changes, State

DEAR_SECONDS = 1.0  # a call that takes longer is not made twice to compare its outputs
FIRST_STEPS = 4  # building, the first call, a look at its output, the first visit: then it has shown itself
ALIKE = 1e-2  # relative to the largest value: an order of summation changes less


class ProcessSpoilt(BaseException):
    """A module has changed what cannot be put back, beside others: they are measured again without it."""


class Guest:
    """One case of a user's module. Its ``flags`` are of attnprof.records.record.FLAGS."""

    def __init__(self, case: Case, pool: RandomPool | None = None, alone: bool = True) -> None:
        """pool: where its inputs lie. alone: no other case is measured in this process after it."""
        self._case, self._pool, self._alone = case, pool, alone
        self._flags: set[str] = set()
        self._steps = 0
        self._writes = False
        self.was_seen = False  # whether what it returns was looked at

    @property
    def flags(self) -> tuple[str, ...]:
        """What it does that it should not."""
        return tuple(sorted(self._flags))

    @contextmanager
    def step(self) -> Iterator[None]:
        """Something that it may do. Then all is as before; raises ProcessSpoilt where it cannot be."""
        before = State(compiles=bool(self._case.compile_mode))
        version = self._pool.version if self._pool else 0
        try:
            yield
        except Exception as problem:
            _note_place(problem, self._case)
            raise
        finally:
            self._steps += 1
            self._clean_up(before.put_back(thorough=self._steps <= FIRST_STEPS))
            if self._pool and (self._writes or self._pool.version != version):
                self._clean_inputs(self._pool)

    def look_at(self, call: MeasuredCall, x: torch.Tensor) -> None:
        """Look at what ``call`` returns for x (N, C, H, W), a tensor of its own, and at what it does to x."""
        self.was_seen = True
        with self.step():
            began, y = monotonic(), x.clone()
            first = first_tensor(call.output(y))
            is_dear = monotonic() - began > DEAR_SECONDS
            if y.shape != x.shape or not torch.equal(x, y):
                self._writes = True
                self._flags.add("changes-input")
            if first is None:
                return
            self._flags |= _faults(first, x, self._case)
            if self._case.mode == "eval" and not is_dear:
                before = first.clone()  # a graph of torch.compile's writes each output to the same place
                second = first_tensor(call.output(x.clone()))
                if second is None or not _are_alike(before, second):
                    self._flags.add("not-repeatable")

    def leave(self) -> None:
        """Look for what no step has shown: functions replaced late, inputs written to without torch's
        knowledge, a heap given back to the collector."""
        self._clean_up(State().put_back())
        if HEAP.freeze_again():
            self._flags.add("changes-settings")
        if self._pool and not self._pool.is_clean():
            self._clean_inputs(self._pool)

    def _clean_inputs(self, pool: RandomPool) -> None:
        pool.clean()
        self._flags.add("changes-input")

    def _clean_up(self, changes: Changes) -> None:
        if changes.settings:
            self._flags.add("changes-settings")
        if not changes.lasting:
            return
        self._flags.add("changes-process")
        if not self._alone:
            raise ProcessSpoilt(", ".join(changes.lasting))


def guest_of(case: Case, pool: RandomPool | None = None, alone: bool = True) -> Guest | None:
    """The guest that the module of ``case`` is; None where it is one of the catalogue."""
    return Guest(case, pool, alone) if is_path(case.module) else None


def _faults(output: torch.Tensor, x: torch.Tensor, case: Case) -> set[str]:
    """The flags of an output for the input x (N, C, H, W)."""
    faults = set()
    if not case.host and output.shape != x.shape:
        faults.add("other-shape")
    if not case.host and not case.autocast and output.dtype != x.dtype:
        faults.add("other-dtype")
    if not torch.isfinite(output).all():
        faults.add("not-finite")
    return faults


def _are_alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if not one.is_floating_point():
        return torch.equal(one, other)
    one, other = one.double(), other.double()
    most = one.abs().nan_to_num(posinf=0.0).max().item() if one.numel() else 0.0
    return torch.allclose(one, other, rtol=ALIKE, atol=ALIKE * most, equal_nan=True)


def _note_place(problem: Exception, case: Case) -> None:
    """Say in a note of a problem without a text which line of the user's file raised it."""
    if text_of(problem).strip() or isinstance(problem, AttnprofError) or hasattr(problem, "__notes__"):
        return
    if line := line_that_raised(problem, case.module):
        problem.add_note(line)
