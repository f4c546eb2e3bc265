"""The call that is timed: a forward pass, or a step of training."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache
from itertools import starmap
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn

from attnprof.backends import Call
from attnprof.counting import first_tensor
from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES, DifferentOutput, Engine, NotTaken, Runtime
from attnprof.runtimes._models import Model, read_model
from attnprof.subject.build import DTYPES, build
from attnprof.subject.inputs import by_call, only_example

PLAIN: AbstractContextManager[object] = nullcontext()
# Rows and columns of the product that is timed beside the cells. A GPU would spend a small one on its launch.
REFERENCE = {"cpu": 256}
LARGE_REFERENCE = 2048
LARGEST_ERROR = 1e-3  # of another runtime's output in fp32, over the largest value of torch's
LARGEST_TF32_ERROR = 1e-2  # where products may be of factors with ten bits of mantissa
_STARTED: set[str] = set()  # runtimes that keep something in this process already
SMALLEST = 1e-12  # that an error is divided by
CPU = torch.device("cpu")


class Forward:
    """The call of an eval cell: the next inputs, without gradients."""

    keeps = 0  # bytes that stay after a call
    preparation: float | None = None

    def __init__(
        self,
        module: nn.Module,
        inputs: Iterator[tuple[torch.Tensor, ...]],
        autocast: AbstractContextManager[object] = PLAIN,
    ) -> None:
        self._module, self._inputs, self._autocast = module, inputs, autocast

    def __call__(self) -> object:
        """One forward pass."""
        with torch.no_grad(), self._autocast:
            return self._module(*next(self._inputs))

    def output(self, *maps: torch.Tensor) -> object:
        """What the module returns for ``maps``."""
        return output_of(self._module, maps, self._autocast)

    def clear(self) -> None:
        """Nothing stays after a call."""


class Step:
    """The call of a train cell: forward and backward, to the inputs and to all parameters, gradients cleared
    before."""

    preparation: float | None = None

    def __init__(
        self,
        module: nn.Module,
        inputs: Iterator[tuple[torch.Tensor, ...]],
        autocast: AbstractContextManager[object] = PLAIN,
    ) -> None:
        self._module, self._inputs, self._autocast = module, inputs, autocast
        parameters = [p for p in module.parameters() if p.requires_grad]
        self.keeps = sum(p.numel() * p.element_size() for p in parameters)
        self._gradient: torch.Tensor | None = None

    def __call__(self) -> object:
        """One step."""
        self.clear()
        maps = [x.detach().requires_grad_() for x in next(self._inputs)]
        with self._autocast:
            output = self._module(*maps)
        first = first_tensor(output)
        if first is None:
            raise TypeError(f"the module returns no tensor but {type(output).__name__}")
        if self._gradient is None:  # made in the first call, because nothing runs the module before that
            self._gradient = torch.randn_like(first)
        first.backward(self._gradient)  # type: ignore[no-untyped-call] # torch has no annotation
        return output

    def output(self, *maps: torch.Tensor) -> object:
        """What the module returns for ``maps``, without gradients."""
        return output_of(self._module, maps, self._autocast)

    def clear(self) -> None:
        """Give back the gradients of the step before."""
        self._module.zero_grad(set_to_none=True)


class Delegated:
    """The call of an eval cell in another runtime than torch: the next inputs."""

    keeps = 0

    def __init__(self, engine: Engine, inputs: Iterator[tuple[Any, ...]], preparation: float) -> None:
        self._engine = engine
        # Python's code is out of the cache by the next call, so that less of it runs in one.
        self._calls = starmap(engine, inputs)
        self.preparation = preparation  # seconds

    def __call__(self) -> object:
        """One call."""
        return next(self._calls)

    def output(self, *maps: torch.Tensor) -> object:
        """What the runtime returns for ``maps``."""
        return self._engine.output(*maps)

    def clear(self) -> None:
        """Nothing stays after a call."""


MeasuredCall = Forward | Step | Delegated


def output_of(
    module: nn.Module, maps: Sequence[torch.Tensor], autocast: AbstractContextManager[object]
) -> object:
    """What ``module`` returns for ``maps``, without gradients."""
    with torch.no_grad(), autocast:
        return module(*maps)


def call_of(
    case: Case, device: torch.device, inputs: Iterator[Any], models: Path | None = None
) -> MeasuredCall:
    """The call that is measured, on ``inputs`` as ``ring`` makes them. models: the folder of the modules that
    are exported already. Raises NotTaken where its runtime does not compute what torch does."""
    runtime = RUNTIMES.get(case.runtime)
    if not runtime.is_torch:
        return _delegated(runtime, case, device, inputs, read_model(models, case))
    module = runtime.engine(build(case, device), None, case)
    own_inputs = by_call(case, device, inputs)
    return (Forward if case.mode == "eval" else Step)(module, own_inputs, _autocast(case))


def export(case: Case) -> Model:
    """The module of ``case`` as its runtime reads it. Raises NotTaken."""
    runtime = RUNTIMES.get(case.runtime)
    module, x = build(case, CPU), only_example(case, CPU, runtime.title)
    began = perf_counter()
    content = runtime.exported(module, x)
    return Model(content, perf_counter() - began)


@cache
def make_ready(runtime_name: str) -> None:
    """Let an exporter import what it needs when it is first called: it takes seconds, and changes the
    process, and neither is a module's doing."""
    runtime = RUNTIMES.get(runtime_name)
    if runtime.exporter:
        runtime.exported(nn.ReLU(), torch.zeros(1, 1, 2, 2))


def start_runtime(case: Case, device: torch.device, models: Path | None) -> None:
    """Let the runtime of ``case`` start what it keeps in the process, its threads above all: no module does
    that. Once it has, or without the case's model, nothing happens."""
    model = None if case.runtime in _STARTED else read_model(models, case)
    if model is None:
        return
    runtime = RUNTIMES.get(case.runtime)
    with suppress(Exception):  # the case itself says what is wrong with it
        x = only_example(case, CPU, runtime.title)
        runtime.engine(nn.Identity(), x, case, model.content)(runtime.as_input(x.to(device)))
        _STARTED.add(case.runtime)


def _delegated(
    runtime: Runtime,
    case: Case,
    device: torch.device,
    inputs: Iterator[Any],
    model: Model | None,
) -> Delegated:
    """The module of ``case`` in ``runtime``, whose output has been compared with torch's."""
    module, x = build(case, CPU), only_example(case, CPU, runtime.title)
    began = perf_counter()
    engine = runtime.engine(module, x, case, model.content if model else None)
    seconds = perf_counter() - began + (model.seconds if model else 0.0)
    expected = first_tensor(output_of(module, [x], PLAIN))
    if expected is None:
        raise NotTaken("the module returns no tensor")
    largest = LARGEST_TF32_ERROR if case.tf32 else LARGEST_ERROR
    require_equal(runtime.title, engine.output(x.to(device)).cpu(), expected, largest)
    return Delegated(engine, by_call(case, device, inputs), seconds)


def require_equal(
    title: str, output: torch.Tensor, expected: torch.Tensor, largest: float = LARGEST_ERROR
) -> float:
    """The relative error of ``output``, which ``title`` has computed: over the largest value of torch's.

    Raises DifferentOutput where it is beyond ``largest``: then it is not what torch has computed.
    """
    if output.shape != expected.shape:
        shapes = f"{tuple(output.shape)} instead of {tuple(expected.shape)}"
        raise DifferentOutput(f"{title} gives another output than torch: {shapes}")
    if expected.dtype is torch.bool:
        output, expected = output.int(), expected.int()
    scale = max(float(expected.abs().max()), SMALLEST)
    error = float((output - expected).abs().max()) / scale
    if not error <= largest:  # nor is it where the error is no number
        raise DifferentOutput(
            f"{title} gives another output than torch: relative error {error:.2g}, at most {largest:g}"
        )
    return error


def settling_calls(case: Case) -> int:
    """How many calls behind the first one set something up, too.

    Where torch.compile makes graphs it runs a function to warm up, records it in the next call, and replays
    it from then on.
    """
    return 3 if case.replays_graphs else 0


def reference(device: torch.device) -> Call:
    """A call that is the same in every run: a square product, which shows the device's clock and nothing of
    memory."""
    generator = torch.Generator().manual_seed(0)
    size = REFERENCE.get(device.type, LARGE_REFERENCE)
    a = torch.randn(size, size, generator=generator).to(device)
    return lambda: torch.mm(a, a)


def _autocast(case: Case) -> AbstractContextManager[object]:
    if not case.autocast:
        return PLAIN
    return torch.autocast(case.device.partition(":")[0], DTYPES[case.autocast])
