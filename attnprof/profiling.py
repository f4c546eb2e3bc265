"""One module, one shape, in this process: what a notebook asks for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from html import escape
from itertools import cycle

import torch
from torch import nn

from attnprof.backends import BACKENDS, Backend
from attnprof.catalogue import create
from attnprof.catalogue.entry import Value
from attnprof.counting import Account, cost
from attnprof.errors import UsageError
from attnprof.measuring.rounds import Effort, Rounds
from attnprof.measuring.timing import Timing
from attnprof.measuring.trial import Trial
from attnprof.subject.calls import Forward, Step
from attnprof.subject.inputs import inputs_beyond
from attnprof.units import show_bytes, show_count, show_seconds, show_share


@dataclass(frozen=True)
class Profile:
    """What one call of a module costs. counts: exact, of the whole batch. latency_s: seconds per call, the median, on
    inputs that are not in the cache; None where others took too much of the machine (flag 'contended').

    latency_interval_s: the 95 % interval of that median within this process, in seconds, None where there were too few
    samples. peak_memory_bytes: the most that a call allocates at once, its output included. conditions: shape, dtype,
    mode, device and threads, as a caption says them. flags: what disturbed the figures, of attnprof.records.record.FLAGS.
    """

    module: str
    counts: Account
    latency_s: float | None
    latency_interval_s: tuple[float, float] | None
    peak_memory_bytes: int
    conditions: str
    flags: tuple[str, ...] = ()

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What is shown: titles and figures."""
        flops = ("≥ " if self.counts.unknown_ops else "") + show_count(self.counts.flops)
        counts = {
            "params": show_count(self.counts.params),
            "MACs": show_count(self.counts.macs),
            "FLOPs": flops,
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
        rows = "".join(
            f'<tr><th style="text-align:left">{title}</th><td style="text-align:right">{escape(text)}</td></tr>'
            for title, text in self.lines
        )
        head = f'<caption style="text-align:left"><b>{escape(self.module)}</b>: {escape(self.conditions)}</caption>'
        return f"<table>{head}{rows}</table>"


def profile(
    module: nn.Module | str,
    shape: Sequence[int],
    *,
    train: bool = False,
    threads: int = 1,
    precision: float = 0.01,
    seconds: float = 1.0,
    **settings: Value,
) -> Profile:
    """Count and measure one call of ``module`` for an input of ``shape`` (N, C, H, W), or whatever shape it takes.

    module: any nn.Module, measured on the device and in the dtype that it is in; or a name of the catalogue with
    ``settings`` for its hyperparameters, on the CPU in fp32. train: forward + backward instead of forward without
    gradients. threads: of the CPU, while it is measured. precision: stop at this half-width of the interval, as a share
    of the median, or after ``seconds``. The module is left as it was: a copy is measured. One process does not know how
    much processes differ: to compare modules, use a run.

    Raises UsageError for a module that cannot be copied, or a device that cannot be measured; what the module's own
    forward raises passes through.
    """
    if isinstance(module, str):
        height, width = (*shape, 1, 1)[2:4]
        measured: nn.Module = create(module, shape[1], height=height, width=width, **settings)
    else:
        if settings:
            raise UsageError(
                f"profile: {', '.join(sorted(settings))}: settings go with a name, not with a module"
            )
        measured = _copy(module)
    measured.train(train)
    tensors = [*measured.parameters(), *measured.buffers()]
    device = tensors[0].device if tensors else torch.device("cpu")
    dtype = next((t.dtype for t in tensors if t.is_floating_point()), torch.float32)
    backend = _backend(device)
    counts = cost(measured, tuple(shape), dtype=dtype, backward=train)
    with _threads(threads):
        inputs = cycle(inputs_beyond(backend.cache_bytes(), shape, device, dtype, seed=1))
        call = (Step if train else Forward)(measured, inputs)
        timing, peak = _measured(backend, call, precision, seconds)
    name = module if isinstance(module, str) else type(module).__name__
    conditions = [
        f"({', '.join(map(str, shape))})",
        str(dtype).removeprefix("torch."),
        "train" if train else "eval",
    ]
    where = f"{device} ({backend.describe(device.index or 0)['device_name']}"
    where += f", {threads} thread{'s' * (threads > 1)})" if device.type == "cpu" else ")"
    latency = timing.median if timing.samples else None
    return Profile(
        name, counts, latency, timing.interval, peak, ", ".join([*conditions, where]), timing.flags
    )


def _measured(backend: Backend, call: Forward | Step, precision: float, seconds: float) -> tuple[Timing, int]:
    """The engine's judgement of the call, and the bytes that it allocates at most."""
    trial = Trial("", lambda: call)
    for _ in Rounds(backend, [trial], Effort(seconds=seconds, precision=precision)):
        pass
    if trial.problem:
        raise trial.problem
    call.clear()
    return trial.timing(), backend.weigh(call).peak


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
