"""One module, one shape, in this process: what a notebook asks for."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from html import escape
from itertools import cycle
from typing import Any

import torch
from torch import nn

from attnprof.backends import BACKENDS, Arithmetic, Backend
from attnprof.catalogue import create, entry
from attnprof.counting import Account, cost
from attnprof.errors import UsageError
from attnprof.measuring.estimators import ESTIMATORS
from attnprof.measuring.rounds import Effort, time_alone
from attnprof.measuring.timing import Timing
from attnprof.measuring.trial import Trial
from attnprof.subject.calls import Forward, Step
from attnprof.subject.inputs import inputs_beyond
from attnprof.units import show_bytes, show_count, show_seconds, show_share


@dataclass(frozen=True)
class Profile:
    """The cost of one call of a module."""

    module: str
    counts: Account  # exact, of the whole batch
    latency_s: (
        float | None
    )  # by the device's estimator, inputs not in cache; None where other programs took too much ('contended')
    latency_interval_s: tuple[float, float] | None  # 95 %, within this process; None for too few samples
    peak_memory_bytes: int  # the most that a call allocates at once, its output included
    conditions: str  # shape, dtype, mode, device and threads, as a caption has them
    flags: tuple[str, ...] = ()  # of attnprof.records.record.FLAGS

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What is shown: titles and figures."""
        at_least = "≥ " if self.counts.unknown_ops else ""
        counts = {
            "params": show_count(self.counts.params),
            "MACs": at_least + show_count(self.counts.macs),
            "FLOPs": at_least + show_count(self.counts.flops),
        }
        latency = "" if self.latency_s is None else show_seconds(self.latency_s)
        if self.latency_s and self.latency_interval_s:
            low, high = self.latency_interval_s
            latency += f" ± {show_share(max(self.latency_s - low, high - self.latency_s) / self.latency_s)}"
        shown = {**counts, "latency": latency, "memory": show_bytes(self.peak_memory_bytes)}
        return [*shown.items(), *([("flags", ", ".join(self.flags))] if self.flags else [])]

    def __str__(self) -> str:
        return "\n".join(
            [f"{self.module}: {self.conditions}", *(f"  {title:<8} {text}" for title, text in self.lines)]
        )

    def _repr_html_(self) -> str:
        to_left, to_right = 'style="text-align:left"', 'style="text-align:right"'
        rows = "".join(
            f"<tr><th {to_left}>{title}</th><td {to_right}>{escape(text)}</td></tr>"
            for title, text in self.lines
        )
        head = f"<b>{escape(self.module)}</b>: {escape(self.conditions)}"
        return f"<table><caption {to_left}>{head}</caption>{rows}</table>"


def profile(
    module: nn.Module | str,
    shape: Sequence[int],
    *,
    train: bool = False,
    threads: int = 1,
    precision: float = 0.01,
    seconds: float = 1.0,
    tf32: bool = False,
    **settings: Any,
) -> Profile:
    """Count and measure one call of ``module`` for an input of ``shape``, (N, C, H, W) or another.

    module: any nn.Module, measured on the device and in the dtype that it is in; or a name of the catalogue
    with ``settings`` for its hyperparameters, on the CPU in fp32. train: forward + backward instead of
    forward without gradients. threads: of the CPU, while it is measured. precision: stop at this half-width
    of the interval, as a share of the median, or after ``seconds``. tf32: let an NVIDIA GPU round products
    of fp32 to it, whatever the process has set; ``conditions`` says so, and afterwards it is as before. The
    module is left as it was: a copy is measured. One process does not know how much processes differ: to
    compare modules, use a run.

    Raises UsageError for a module that cannot be copied, a device that cannot be measured, and tf32 where
    there is none; what the module's own forward raises passes through.
    """
    measured = _measured_module(module, shape, settings).train(train)
    tensors = [*measured.parameters(), *measured.buffers()]
    device = tensors[0].device if tensors else torch.device("cpu")
    dtype = next((t.dtype for t in tensors if t.is_floating_point()), torch.float32)
    backend = _backend(device)
    arithmetic = _arithmetic(tf32, dtype)
    maps = entry(module).maps if isinstance(module, str) else 1
    counts = cost(measured, (tuple(shape),) * maps, dtype=dtype, backward=train)
    with _threads(threads), _loan(backend, device, arithmetic):
        inputs = cycle(inputs_beyond(backend.cache_bytes(), shape, device, dtype, seed=1))
        call = (Step if train else Forward)(measured, zip(*[inputs] * maps, strict=False))
        timing, peak = _measured(backend, call, precision, seconds)
        where = _description(backend, device, threads)
        del inputs, call  # before the device is given back
    mode = "train" if train else "eval"
    conditions = [
        f"({', '.join(map(str, shape))})",
        str(dtype).removeprefix("torch."),
        mode,
        where,
    ]
    return Profile(
        module=module if isinstance(module, str) else type(module).__name__,
        counts=counts,
        latency_s=timing.seconds if timing.samples else None,
        latency_interval_s=timing.interval,
        peak_memory_bytes=peak,
        conditions=", ".join(conditions),
        flags=timing.flags,
    )


def _measured_module(module: nn.Module | str, shape: Sequence[int], settings: Mapping[str, Any]) -> nn.Module:
    """The module of the catalogue, or a copy of the user's."""
    if isinstance(module, str):
        height, width = (*shape, 1, 1)[2:4]
        return create(module, shape[1], height=height, width=width, settings=settings)
    if settings:
        names = ", ".join(sorted(settings))
        raise UsageError(f"profile: {names}: settings go with a name, not with a module")
    return _copy(module)


def _arithmetic(tf32: bool, dtype: torch.dtype) -> Arithmetic:
    """Raises UsageError for tf32 of another dtype than fp32."""
    if tf32 and dtype != torch.float32:
        raise UsageError(f"profile: tf32 is how fp32 is multiplied, and this module is of {dtype}")
    return Arithmetic(tf32)


@contextmanager
def _loan(backend: Backend, device: torch.device, arithmetic: Arithmetic) -> Iterator[None]:
    """The device for a while, computing so. Raises UsageError where it cannot."""
    with backend.loan(device.index or 0):
        if reason := backend.refusal(arithmetic):
            raise UsageError(f"profile: {device}: {reason}")
        backend.set_switches(arithmetic)
        yield


def _description(backend: Backend, device: torch.device, threads: int) -> str:
    name = backend.describe(device.index or 0)["device_name"]
    if device.type != "cpu":
        return f"{device} ({name}{_switches(backend)})"
    return f"{device} ({name}, {threads} thread{'' if threads == 1 else 's'})"


def _switches(backend: Backend) -> str:
    """The switches that were set while it was measured, behind a comma."""
    switches = backend.switches().items()
    return "".join(f", {name} {value}" for name, value in switches)


def _measured(backend: Backend, call: Forward | Step, precision: float, seconds: float) -> tuple[Timing, int]:
    """The engine's judgement of the call, and the bytes that it allocates at most."""
    trial = Trial("", lambda: call, estimator=ESTIMATORS[backend.estimator])
    timing = time_alone(backend, trial, Effort(seconds=seconds, precision=precision))
    call.clear()
    return timing, backend.weigh(call).peak


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _copy(module: nn.Module) -> nn.Module:
    try:
        return deepcopy(module)
    except Exception as problem:  # noqa: BLE001 # copying runs what the module's author wrote
        raise UsageError(f"profile: {type(module).__name__} cannot be copied: {problem}") from None


def _backend(device: torch.device) -> Backend:
    if device.type not in BACKENDS:
        raise UsageError(
            f"profile: a module on {device} cannot be measured. There are: {', '.join(BACKENDS.names())}"
        )
    backend: Backend = BACKENDS.get(device.type)
    reason = backend.unavailable()
    if reason:
        raise UsageError(f"profile: {reason}")
    return backend
