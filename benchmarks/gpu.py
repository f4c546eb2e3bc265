"""Everything that needs a GPU, in seven minutes: a smoke, then runs, kernels and timers that are kept.

    python -m benchmarks.gpu --out FOLDER          (FOLDER is $OUT where that is set)
    python -m benchmarks.gpu --dry-run             says what would be done, and for how long
    python -m benchmarks.gpu_report FOLDER         prints the results as tables

A minute at most for the imports on a cold disk, one for the smoke, five and a half for the rest. Each step
has its own time limit; one that fails or is stopped does not stop the others, but for one that shows that
nothing can be measured. What is done is written at once, as few files. It needs no network and installs
nothing: it runs in the project's root, with the wheels of the bundle (make gpu-bundle) where there is one.
"""

import argparse
import os
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks._bundle import BUNDLE, contents_of, unpack
from benchmarks._gpu_joining import join_runs, machine_of, too_much, write_log, write_summary
from benchmarks._gpu_running import Interpreter, Outcome, run_part
from benchmarks._gpu_steps import ALL_SECONDS, NOTHING, ROOT, Part, Place, parts

NEEDED = ("torch", "click", "pydantic", "rich", "pandas", "numpy", "filelock", "msgspec", "tomli_w")
OPTIONAL = {
    "pynvml": "no clocks, throttling, temperature or power; a busy GPU is not noticed",
    "triton": "no do_bench",
    "pytest": "no tests",
    "hypothesis": "some tests cannot be collected",
}


def main(words: list[str] | None = None) -> int:
    """Do all steps; exit code 1 when one did not end well, 4 when none can be begun."""
    options = _arguments(words)
    with TemporaryDirectory(prefix="gpu-") as work:
        site = Path(work) / "site"
        _tell(unpack(options.bundle, site))
        sys.path.insert(0, str(site))  # of this process, which asks for names and versions
        invalidate_caches()
        try:
            return _main(options, Path(work), site)
        finally:
            sys.path.remove(str(site))


def _main(options: argparse.Namespace, work: Path, site: Path) -> int:
    missing = _tell_missing()
    place = Place(options.device, work / "runs", options.out)
    planned = [
        part for part in parts(place, options.seconds / ALL_SECONDS) if options.part in ("all", part.name)
    ]
    _tell_plan(planned)
    if missing or options.dry_run:
        return NOTHING if missing else 0
    if not options.through and (reason := _unavailable(options.device)):
        print(reason, file=sys.stderr)
        return NOTHING
    place.work.mkdir()
    place.out.mkdir(parents=True, exist_ok=True)
    return _run(planned, place, Interpreter(_variables(site), options.through), options.bundle)


def _run(planned: list[Part], place: Place, python: Interpreter, bundle: Path) -> int:
    """Run the parts. A smoke that fails where it matters is the end."""
    machine = machine_of(place.device, contents_of(bundle))
    outcomes: list[Outcome] = []

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        join_runs(place.work, place.out)
        write_log(outcomes, place.out)
        write_summary(outcomes, machine, place.out)
        seconds = f"{outcome.seconds:4.0f} of {outcome.limit:4.0f} s"
        print(f"{outcome.name:14} {seconds}  {outcome.status}", flush=True)

    try:
        if not all(run_part(part, python, note) for part in planned):
            last = outcomes[-1]
            _tell([*last.output.splitlines()[-20:], f"{last.name} failed: nothing else is begun"])
    finally:
        join_runs(place.work, place.out)  # of a step that was interrupted, too
    _tell(too_much(place.out))
    return int(any(outcome.status in ("failed", "stopped") for outcome in outcomes))


def _tell(lines: list[str]) -> None:
    for line in lines:
        print(line, flush=True)


def _tell_missing() -> list[str]:
    """Say which packages are missing; the names of those without which nothing works."""
    missing = [name for name in NEEDED if not find_spec(name)]
    for name in missing:
        print(f"{name} is not installed, and attnprof needs it: make gpu-bundle, and carry its folder")
    for name, means in OPTIONAL.items():
        if not find_spec(name):
            print(f"{name} is not installed: {means}")
    return missing


def _tell_plan(planned: list[Part]) -> None:
    for part in planned:
        print(f"{part.name}, {part.seconds:.0f} s")
        for step in part.steps:
            print(f"  {step.name:14} {step.seconds:4.0f} s  python {' '.join(step.words)}")
    print(f"in all, {sum(part.seconds for part in planned):.0f} s")


def _unavailable(device: str) -> str | None:
    """Why there is no such device; None where there is."""
    from attnprof.backends import BACKENDS

    reason: str | None = BACKENDS.get(device.partition(":")[0]).unavailable()
    return reason


def _variables(site: Path) -> dict[str, str]:
    paths = [str(ROOT), str(site), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=Path(os.environ.get("OUT", "gpu")), help="folder ($OUT, or gpu)"
    )
    parser.add_argument(
        "--device", default="cuda:0", help="cuda:0; cpu tries the steps where there is no GPU"
    )
    parser.add_argument("--part", choices=("all", "smoke", "kept"), default="all", help="all")
    parser.add_argument(
        "--seconds", type=float, default=ALL_SECONDS, help=f"for all parts ({ALL_SECONDS:.0f})"
    )
    parser.add_argument("--bundle", type=Path, default=BUNDLE, help=f"folder of wheels ({BUNDLE.name})")
    parser.add_argument("--through", default="", help="a module that runs the steps' modules on its device")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and end")
    options = parser.parse_args(words)
    options.out = options.out.resolve()
    return options


if __name__ == "__main__":
    sys.exit(main())
