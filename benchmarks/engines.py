"""A call as we time it in an engine beside a plain loop in that engine's own Python API: same model, threads
and inputs, in turns.

    python -m benchmarks.engines --out engines.json

Ours and the loop go through one ring of inputs, so large that none is in the cache when its turn comes, and
set another of them before every call. The loop does it as a program of one engine would, with inputs that it
has wrapped beforehand. A third loop is what the engines' own tools do (onnxruntime_perf_test, benchmark_app):
one input, bound once, and in the cache from then on. How much less that takes is told, and held to nothing.
All report on all calls alike, so that medians are compared.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from json import dumps
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

from attnprof.backends import BACKENDS
from attnprof.catalogue import entry
from attnprof.measuring.rounds import Effort, time_alone
from attnprof.measuring.trial import Trial
from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES, require_available
from attnprof.subject.calls import call_of, export
from attnprof.subject.inputs import inputs_beyond
from benchmarks._bars import Bar, percent

MODULES = ("se", "cbam", "nonlocal", "caa")
POINT = (64, 56, 56)  # channels, height, width
CPU = torch.device("cpu")
WARM_SHARE = 0.1  # of a loop's time, before it counts
MOST = 0.05  # that our median may be off, in the middle of all turns


@dataclass(frozen=True)
class Turn:
    """One turn of all: seconds per call, the median of each."""

    module: str
    runtime: str
    ours: float
    loop: float  # over the same inputs
    bound_once: float  # a loop over one input

    @property
    def ratio(self) -> float:
        """Ours over the loop's."""
        return self.ours / self.loop


def onnxruntime_loop(model: bytes, inputs: Sequence[torch.Tensor]) -> Callable[[], object]:
    """The next call of a loop over ``inputs`` in ONNX Runtime, on one thread. A single one is bound once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(x.numpy()) for x in inputs]
    binding = session.io_binding()
    binding.bind_ortvalue_input(name, values[0])
    for output in session.get_outputs():
        binding.bind_output(output.name)
    if len(values) == 1:
        return lambda: session.run_with_iobinding(binding) or binding
    following = cycle(values)

    def call() -> object:
        binding.bind_ortvalue_input(name, next(following))
        session.run_with_iobinding(binding)
        return binding

    return call


def openvino_loop(model: bytes, inputs: Sequence[torch.Tensor]) -> Callable[[], object]:
    """The next call of a loop over ``inputs`` in OpenVINO, on one thread. A single one is bound once. The
    output is not copied for Python."""
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()
    tensors = [openvino.Tensor(x.numpy(), shared_memory=True) for x in inputs]
    request.set_input_tensor(tensors[0])
    if len(tensors) == 1:
        return lambda: request.infer(share_outputs=True)
    following = cycle(tensors)

    def call() -> object:
        request.set_input_tensor(next(following))
        return request.infer(share_outputs=True)

    return call


LOOPS = {"onnxruntime": onnxruntime_loop, "openvino": openvino_loop}


def looped(call: Callable[[], object], seconds: float) -> float:
    """The median call of a loop that goes on for ``seconds``."""
    end = perf_counter() + WARM_SHARE * seconds
    while perf_counter() < end:
        call()
    samples = []
    end = perf_counter() + seconds
    while perf_counter() < end:
        began = perf_counter()
        call()
        samples.append(perf_counter() - began)
    return median(samples)


def cold_inputs(cache: int) -> Sequence[torch.Tensor]:
    """The inputs of a ring at 64@56 that are cold in a cache of so many bytes."""
    return inputs_beyond(cache, (1, *POINT), CPU, torch.float32, seed=1)


def turns(
    module: str, runtime: str, inputs: Sequence[torch.Tensor], repeats: int, seconds: float
) -> Iterator[Turn]:
    """All in turns, of one module at 64@56."""
    settings = dict(sorted(entry(module).settings({}).items()))
    case = Case(module, *POINT, settings, execution=runtime)
    content = export(case).content
    half = len(inputs) // 2  # so far behind ours the loop is, whose inputs are not in the cache either
    loop = LOOPS[runtime](content, [*inputs[half:], *inputs[:half]])
    bound_once = LOOPS[runtime](content, inputs[:1])
    ours = call_of(case, CPU, cycle(map(RUNTIMES.get(runtime).as_input, inputs)))
    for _ in range(repeats):
        trial = Trial("", lambda: ours)
        time_alone(BACKENDS.get("cpu"), trial, Effort(seconds, precision=0.0))
        yield Turn(module, runtime, median(trial.samples), looped(loop, seconds), looped(bound_once, seconds))


def bars(found: Sequence[Turn]) -> list[Bar]:
    """How far ours is from the loop, in the middle of all turns, for each module in each engine."""
    return [
        Bar(
            f"{runtime}, {module}: off a loop over the same inputs",
            abs(median(turn.ratio for turn in each) - 1),
            MOST,
        )
        for (runtime, module), each in _by_cell(found).items()
    ]


def lines(found: Sequence[Turn]) -> list[str]:
    """A line for each module in each engine: both medians, their ratio, how far turns are apart, and the
    loop over one input."""
    heading = f"{'runtime':12} {'module':9} {'ours':>10} {'loop':>10} {'ratio':>6} {'turns apart':>12}"
    text = [f"{heading} {'bound once':>11}"]
    for (runtime, module), each in _by_cell(found).items():
        ratios = [turn.ratio for turn in each]
        ours, loop, bound_once = (
            f"{1e6 * median(getattr(turn, name) for turn in each):.1f} us"
            for name in ("ours", "loop", "bound_once")
        )
        apart = percent(max(ratios) / min(ratios) - 1)
        cell = f"{runtime:12} {module:9} {ours:>10} {loop:>10} {median(ratios):>6.3f} {apart:>12}"
        text.append(f"{cell} {bound_once:>11}")
    return text


def _by_cell(found: Iterable[Turn]) -> dict[tuple[str, str], list[Turn]]:
    cells: dict[tuple[str, str], list[Turn]] = {}
    for turn in found:
        cells.setdefault((turn.runtime, turn.module), []).append(turn)
    return cells


def main(words: list[str] | None = None) -> int:
    """Run it all; exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser("python -m benchmarks.engines", description=__doc__.splitlines()[0])
    parser.add_argument("--runtimes", default=",".join(LOOPS), help=f"of {', '.join(LOOPS)} (all)")
    parser.add_argument("--modules", default=",".join(MODULES), help=f"({','.join(MODULES)})")
    parser.add_argument("--repeats", type=int, default=10, help="turns of each (10)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each in a turn (1)")
    parser.add_argument("--out", type=Path, help="write everything here as JSON")
    asked = parser.parse_args(words)
    require_available(asked.runtimes.split(","))
    torch.set_num_threads(1)
    inputs = cold_inputs(BACKENDS.get("cpu").cache_bytes())
    found: list[Turn] = []
    for runtime in asked.runtimes.split(","):
        for module in asked.modules.split(","):
            print(f"{runtime}: {module}", file=sys.stderr)
            found += turns(module, runtime, inputs, asked.repeats, asked.seconds)
    held = bars(found)
    print("\n".join([*lines(found), "", *(bar.text for bar in held)]))
    if asked.out:
        report = {"turns": [asdict(turn) for turn in found], "bars": [bar.text for bar in held]}
        asked.out.write_text(dumps(report, indent=1) + "\n", encoding="utf-8")
    return int(not all(bar.kept for bar in held))


if __name__ == "__main__":
    sys.exit(main())
