"""Everything that needs a GPU, within ten minutes, as small files: tests, peers, kernels, tables, training,
compiled modules.

    python -m benchmarks.gpu --out FOLDER          (FOLDER is $OUT where that is set)
    python -m benchmarks.gpu --dry-run             says what would be done, and for how long

Each step has its own time limit and its own file; one that fails or is stopped does not stop the others. It
needs no network and no installation: it runs in the project's root. What is missing there is said first.
fvcore and thop are not asked.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tarfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

ROOT = Path(__file__).parent.parent
ALL_SECONDS = 570.0  # of ten minutes; the rest is for packing and the way back
GRACE = 8.0  # after an interrupt a run finishes its case and writes its table
MISSED, SOME_FAILED = (1,), (3,)
NOTHING = 4
TRACEBACK = "Traceback (most recent call last):"
LINES = 60  # kept of what a step said
NEEDED = ("torch", "click", "pydantic", "rich", "pandas", "numpy", "filelock", "tomli_w")
OPTIONAL = {
    "pynvml": "no clocks, throttling, temperature or power; a busy GPU is not noticed",
    "triton": "no do_bench and no compiled modules",
    "pytest": "no tests",
    "hypothesis": "some tests cannot be collected",
}


@dataclass(frozen=True)
class Step:
    """One thing to do. words: for Python. share: of the time there is. makes: the folder of a run, '' where
    it is none.

    results: exit codes beside 0 with which it has done what it should.
    """

    name: str
    words: tuple[str, ...]
    share: float
    makes: str = ""
    results: tuple[int, ...] = ()

    def limit(self, seconds: float) -> float:
        """Seconds after which it is stopped, the grace included."""
        return self.share * seconds


@dataclass(frozen=True)
class Outcome:
    """How a step ended. status: 'ok', 'failed' or 'stopped'. said: the last lines of what it printed."""

    name: str
    status: str
    code: int | None
    seconds: float
    limit: float
    said: list[str]


def steps(device: str, seconds: float, out: Path) -> list[Step]:
    """What is to be done, the surest and cheapest first; the shares add up to one."""

    def run(name: str, share: float, *words: str) -> Step:
        # The start of processes, counting, and what is said at the end are in the limit, but not in the
        # budget.
        budget = max(1.0, 0.75 * share * seconds - GRACE)
        # Other counters need no GPU, and are often not installed where one is.
        asked = ("--device", device, "--counters", "none", "--time-budget", f"{budget:.1f}s")
        return Step(
            name, ("-m", "attnprof", "run", *words, *asked, "-o", str(out / name)), share, name, SOME_FAILED
        )

    # A process on a GPU takes seconds to start: fewer of them than on a CPU, and these long enough.
    budget = f"{0.22 * seconds / 10:.1f}"
    peers = ("--device", device, "--methods", "standard,do_bench", "--repeats", "4", "--seconds", budget)
    tests = (
        "-m",
        "pytest",
        "-m",
        "gpu",
        "-n",
        "0",
        "-q",
        "--continue-on-collection-errors",
        "-p",
        "no:benchmark",
        *tests_of_gpus(),
    )
    return [
        Step("tests", tests, 0.10),
        Step(
            "kernels",
            ("-m", "benchmarks.kernels", "--device", device, "--out", str(out / "kernels.json")),
            0.14,
            "",
            MISSED,
        ),
        run("paper-fp32", 0.12, "specs/paper.toml", "--quality", "standard"),
        run("paper-bf16", 0.12, "specs/paper.toml", "--quality", "standard", "--dtype", "bf16"),
        run("resnet50-fp32", 0.09, "specs/resnet50.toml", "--quality", "quick"),
        run("resnet50-bf16", 0.09, "specs/resnet50.toml", "--quality", "quick", "--dtype", "bf16"),
        run("compiled", 0.12, "-m", "se,eca,cbam,ca,nonlocal", "--points", "64@56", "--compile", "--train"),
        Step(
            "peers",
            ("-m", "benchmarks.latency", *peers, "--no-command", "--out", str(out / "peers.json")),
            0.22,
            "",
            MISSED,
        ),
    ]


def tests_of_gpus() -> list[str]:
    """The test files that have one for a GPU: collecting all the others would take longer than running
    these."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [
        str(path.relative_to(ROOT)) for path in files if "pytest.mark.gpu" in path.read_text(encoding="utf-8")
    ]


def main(words: list[str] | None = None) -> int:
    """Do all steps; exit code 1 when one did not end well, 4 when none can be begun."""
    asked = _arguments(words)
    planned = steps(asked.device, asked.seconds, asked.out)
    missing = [name for name in NEEDED if not find_spec(name)]
    for name in missing:
        print(f"{name} is not installed, and attnprof needs it: bring its wheel, and put it on PYTHONPATH")
    for name, means in OPTIONAL.items():
        if not find_spec(name):
            print(f"{name} is not installed: {means}")
    for step in planned:
        print(f"{step.name:14} {step.limit(asked.seconds):4.0f} s  python {' '.join(step.words)}")
    print(f"{'in all':14} {sum(step.limit(asked.seconds) for step in planned):4.0f} s")
    if missing or asked.dry_run:
        return NOTHING if missing else 0
    if reason := absent(asked.device):
        print(reason, file=sys.stderr)
        return NOTHING
    asked.out.mkdir(parents=True, exist_ok=True)
    ended: list[Outcome] = []
    for step in planned:
        ended.append(do(step, step.limit(asked.seconds)))
        pack(step, asked.out)
        summary = {"environment": environment(asked.device), "steps": [asdict(each) for each in ended]}
        (asked.out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        print(f"{step.name:14} {ended[-1].seconds:4.0f} s  {ended[-1].status}", flush=True)
    return int(any(each.status != "ok" for each in ended))


def absent(device: str) -> str | None:
    """Why there is no such device; None where there is."""
    from attnprof.backends import BACKENDS  # not before what it needs is known to be there

    found: str | None = BACKENDS.get(device.partition(":")[0]).unavailable()
    return found


def do(step: Step, limit: float) -> Outcome:
    """One step in a process of its own: interrupted when its time is up, and killed when that does not
    help."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    start = monotonic()
    process = subprocess.Popen(
        [sys.executable, *step.words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    said, stopped = "", False
    for seconds, ends_with in (
        (max(0.0, limit - GRACE), signal.SIGINT),
        (GRACE, signal.SIGKILL),
        (None, None),
    ):
        try:
            said, _ = process.communicate(timeout=seconds)
            break
        except subprocess.TimeoutExpired:
            stopped = True
            with suppress(ProcessLookupError):
                os.killpg(process.pid, ends_with) if ends_with else None
    lines = said.splitlines()
    # Some exit codes only say that a bar is missed, or that some cells cannot be measured: that is a result.
    well = process.returncode in (0, *step.results) and TRACEBACK not in lines
    status = "stopped" if stopped else "ok" if well else "failed"
    return Outcome(step.name, status, process.returncode, monotonic() - start, limit, lines[-LINES:])


def pack(step: Step, out: Path) -> None:
    """Make one file of a run folder."""
    folder = out / step.makes
    if step.makes and folder.is_dir():
        with tarfile.open(out / f"{step.makes}.tar.gz", "w:gz") as packed:
            packed.add(folder, arcname=step.makes)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()


def environment(device: str) -> dict[str, Any]:
    """Versions, and what nvidia-smi says."""
    found: dict[str, Any] = {"device": device}
    for name in ("torch", "triton", "nvidia-ml-py"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    with suppress(OSError, subprocess.SubprocessError):
        query = [
            "nvidia-smi",
            "--query-gpu=name,driver_version,clocks.sm,clocks.mem,power.limit",
            "--format=csv",
        ]
        found["nvidia-smi"] = subprocess.run(
            query, capture_output=True, text=True, timeout=10
        ).stdout.splitlines()
    return found


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=Path(os.environ.get("OUT", "gpu")), help="folder ($OUT, or gpu)"
    )
    parser.add_argument(
        "--device", default="cuda:0", help="cuda:0; cpu tries the steps where there is no GPU"
    )
    parser.add_argument(
        "--seconds", type=float, default=ALL_SECONDS, help=f"for all steps ({ALL_SECONDS:.0f})"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and end")
    asked = parser.parse_args(words)
    asked.out = asked.out.resolve()
    return asked


if __name__ == "__main__":
    sys.exit(main())
