"""Latency, measured again and again: ours beside torch's Timer, a plain loop and, on a GPU, triton's
do_bench.

    python -m benchmarks.latency --busy --out latency.json
    python -m benchmarks.latency --runtime eager,onnxruntime,openvino --out runtimes.json

Each repeat runs every method once, one after the other, on the same modules in fresh processes, so that what
the machine does meets all of them. torch's Timer has as many processes and as much wall time as our run of
paper quality took. The modules are three known ones; one of them under two more names, which a method must
not tell apart; and a chain of 20 operators beside one of 21, which it must. The last step is README's first
command: how much of it is spent in samples. With --runtime each run has the three known modules in all these
runtimes, and ours alone are measured: the ratios are to vary in no engine more than beside it in eager.
``engines.py`` holds a call of ours against a loop in that engine.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from json import dumps
from pathlib import Path

import torch

from attnprof.runtimes import EAGER
from attnprof.spec.fields import PROCESSES
from benchmarks import _methods
from benchmarks._latency_report import KNOWN, MODULES, NAMES, Report, bars, tables
from benchmarks._methods import Failed, Subject

POINT = "64@56"
FIRST_COMMAND = ("--channels", "64,256", "--res", "56")
FAILED = 4


def main(words: list[str] | None = None) -> int:
    """Run it all; exit code 1 when a bar is missed, 4 when something could not be measured at all."""
    asked = _arguments(words)
    report = Report(_conditions(asked))
    others = len(os.sched_getaffinity(0)) - 1
    try:
        with _methods.busy(max(1, others)) if asked.busy else nullcontext():
            for _ in _steps(asked, report):
                if asked.out:
                    asked.out.write_text(dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")
    except KeyboardInterrupt:
        print("interrupted: what follows is of the repeats that are done", file=sys.stderr)
    print("\n".join(tables(report)))
    print("\n".join(["", *(bar.text for bar in bars(report))]))
    if report.failed:
        return FAILED
    return int(not all(bar.kept for bar in bars(report)))


def _steps(asked: argparse.Namespace, report: Report) -> Iterator[None]:
    modules = MODULES if asked.runtime == EAGER else KNOWN
    subject = Subject(",".join(modules), POINT, asked.device, asked.runtime)
    metric = "latency" if asked.device == "cpu" else "device_time"

    def step(what: str, does: Callable[[], None]) -> None:
        print(what, file=sys.stderr)
        try:
            does()
        except Failed as problem:
            print(problem, file=sys.stderr)
            report.failed.append(str(problem))

    def does(method: str) -> None:
        if method in PROCESSES:
            # The other qualities have fewer processes, and as much time for each of them.
            seconds = asked.seconds * PROCESSES[method] / PROCESSES[asked.methods[0]]
            ours, spent = _methods.attnprof(subject, method, seconds, metric)
            report.overhead.append(spent)
            report.runs += ours
        else:
            first = report.of(asked.methods[0])
            given = first[-1].wall if first else asked.seconds
            processes = PROCESSES[asked.methods[0]] if method == "autorange" else 1
            report.runs.append(_methods.peer(subject, method, processes, given))

    def command() -> None:
        with tempfile.TemporaryDirectory() as work:
            report.command = _methods.watched([*FIRST_COMMAND, "--device", asked.device, "-o", f"{work}/run"])

    for number in range(asked.repeats):
        for method in asked.methods:
            step(f"repeat {number + 1} of {asked.repeats}: {NAMES[method]}", partial(does, method))
        yield
    if asked.command:
        step("attnprof run " + " ".join(FIRST_COMMAND), command)
        yield


def _conditions(asked: argparse.Namespace) -> dict[str, object]:
    name = torch.cuda.get_device_name(asked.device) if asked.device != "cpu" else _methods.processor()
    return {
        "device": asked.device,
        "runtime": asked.runtime,
        "device_name": name,
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "torch": torch.__version__,
        "point": POINT,
        "busy": asked.busy,
        "repeats": asked.repeats,
        "seconds": asked.seconds,
    }


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.latency", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=16, help="runs of every method (16)")
    parser.add_argument(
        "--methods", type=_methods_of, help=f"of {', '.join(NAMES)}; a quality of ours first (all)"
    )
    parser.add_argument(
        "--seconds", type=float, default=15.0, help="time budget of the first method's runs (15)"
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1 (cpu)")
    parser.add_argument(
        "--runtime", default=EAGER, help="of ours, instead of torch beside its timers: eager,onnxruntime"
    )
    parser.add_argument("--busy", action="store_true", help="keep every core but one busy with other work")
    parser.add_argument(
        "--no-command", dest="command", action="store_false", help="leave out README's first command"
    )
    parser.add_argument("--out", type=Path, help="write everything here as JSON, anew after every repeat")
    asked = parser.parse_args(words)
    everywhere = "paper,autorange,standard,loop"
    asked.methods = asked.methods or _methods_of(
        everywhere if asked.device == "cpu" else f"{everywhere},do_bench"
    )
    if asked.runtime != EAGER:  # the others time torch
        asked.methods = [method for method in asked.methods if method in PROCESSES]
        asked.command = False
    return asked


def _methods_of(text: str) -> list[str]:
    names = text.split(",")
    if names[0] not in PROCESSES or not set(names) <= NAMES.keys():
        raise argparse.ArgumentTypeError(f"of {', '.join(NAMES)}, and the first paper, standard or quick")
    return names


if __name__ == "__main__":
    sys.exit(main())
