"""A call as we time it in an engine beside that engine's own loop: same model, threads and input, in turns.

    python -m benchmarks.engines --out engines.json

The loops are what the engines' own tools do, in their Python API: onnxruntime_perf_test binds input and
output once and runs the session again and again; benchmark_app sets the input tensor once and calls infer(),
here without the copy of the output that Python would make. Both report on all calls alike, so that medians
are compared. Ours binds another input in every call, as whoever deploys a module does. From Python that takes
twenty to fifty microseconds, because the call before it has pushed Python's code out of the cache: the whole
difference, and most of it for the smallest module.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
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
from attnprof.runtimes import require_available
from attnprof.subject.calls import call_of, export
from attnprof.subject.inputs import example
from benchmarks._bars import Bar, percent

MODULES = ("se", "cbam", "nonlocal", "caa")
CPU = torch.device("cpu")
WARM_SHARE = 0.1  # of a loop's time, before it counts
MOST = 0.05  # that our median may be off, in the middle of all turns


@dataclass(frozen=True)
class Turn:
    """One turn of both: seconds per call, the median of each."""

    module: str
    runtime: str
    ours: float
    loop: float

    @property
    def ratio(self) -> float:
        """Ours over the loop's."""
        return self.ours / self.loop


def perf_test(model: bytes, x: torch.Tensor) -> Callable[[], object]:
    """A call as onnxruntime_perf_test makes it, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_cpu_input(session.get_inputs()[0].name, x.numpy())
    for output in session.get_outputs():
        binding.bind_output(output.name)
    return lambda: session.run_with_iobinding(binding)


def benchmark_app(model: bytes, x: torch.Tensor) -> Callable[[], object]:
    """A call as OpenVINO's benchmark_app makes it with -api sync, on one thread."""
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(x.numpy(), shared_memory=True))
    return lambda: request.infer(share_outputs=True)


LOOPS = {"onnxruntime": perf_test, "openvino": benchmark_app}


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


def turns(module: str, runtime: str, repeats: int, seconds: float) -> Iterator[Turn]:
    """Both in turns, of one module at 64@56, of the same input."""
    settings = dict(sorted(entry(module).settings({}).items()))
    case = Case(module, 64, 56, 56, settings, execution=runtime, inputs="hot")
    x = example(case, CPU)
    theirs = LOOPS[runtime](export(case).content, x)
    ours = call_of(case, CPU, cycle([x]))
    for _ in range(repeats):
        trial = Trial("", lambda: ours)
        time_alone(BACKENDS.get("cpu"), trial, Effort(seconds, precision=0.0))
        yield Turn(module, runtime, median(trial.samples), looped(theirs, seconds))


def bars(found: list[Turn]) -> list[Bar]:
    """How far ours is from the loop, in the middle of all turns, for each module in each engine."""
    ratios: dict[tuple[str, str], list[float]] = {}
    for turn in found:
        ratios.setdefault((turn.runtime, turn.module), []).append(turn.ratio)
    return [
        Bar(f"{runtime}, {module}: off the engine's own loop", abs(median(each) - 1), MOST)
        for (runtime, module), each in ratios.items()
    ]


def lines(found: list[Turn]) -> list[str]:
    """A line for each module in each engine: both medians, their ratio and how far turns are apart."""
    groups: dict[tuple[str, str], list[Turn]] = {}
    for turn in found:
        groups.setdefault((turn.runtime, turn.module), []).append(turn)
    text = [f"{'runtime':12} {'module':9} {'ours':>10} {'loop':>10} {'ratio':>7} {'turns apart':>12}"]
    for (runtime, module), each in groups.items():
        ratios = [turn.ratio for turn in each]
        ours, loop = (
            f"{1e6 * median(values):.1f} us" for values in zip(*((t.ours, t.loop) for t in each), strict=True)
        )
        apart = percent(max(ratios) / min(ratios) - 1)
        text.append(f"{runtime:12} {module:9} {ours:>10} {loop:>10} {median(ratios):>7.3f} {apart:>12}")
    return text


def _times(each: list[Turn]) -> tuple[list[float], list[float]]:
    return [turn.ours for turn in each], [turn.loop for turn in each]


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
    found: list[Turn] = []
    for runtime in asked.runtimes.split(","):
        for module in asked.modules.split(","):
            print(f"{runtime}: {module}", file=sys.stderr)
            found += turns(module, runtime, asked.repeats, asked.seconds)
    held = bars(found)
    print("\n".join([*lines(found), "", *(bar.text for bar in held)]))
    if asked.out:
        report = {"turns": [asdict(turn) for turn in found], "bars": [bar.text for bar in held]}
        asked.out.write_text(dumps(report, indent=1) + "\n", encoding="utf-8")
    return int(not all(bar.kept for bar in held))


if __name__ == "__main__":
    sys.exit(main())
