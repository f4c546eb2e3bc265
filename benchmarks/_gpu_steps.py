"""What the script for a GPU does, and for how long: the imports, a smoke, then the part that is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
START_SECONDS, SMOKE_SECONDS, KEPT_SECONDS = 60.0, 60.0, 330.0
ALL_SECONDS = START_SECONDS + SMOKE_SECONDS + KEPT_SECONDS
GRACE = 8.0  # seconds: after an interrupt a run finishes its case and writes its table
SHARE = 0.85  # of a run's limit, the grace taken off: the rest is its end
MISSED, SOME_FAILED = (1,), (3,)  # a benchmark's and a run's exit codes that are results
NOTHING = 4  # the exit code of what cannot be done here
SIX = "se,eca,cbam,ca,gc,nonlocal"
FIFTEEN = "none,se,eca,cbam,bam,ca,simam,gc,ema,triplet,scse,lka,nonlocal,mhsa,swin"
POINT = "64@56"
FOUR_POINTS = "64@56,128@28,256@14,512@7"
BATCHES = "1,32"
IMPORTS = "import pandas, torch; print('torch', torch.__version__)"
ARITHMETIC = {"fp32": (), "tf32": ("--tf32",), "bf16": ("--dtype", "bf16")}


@dataclass(frozen=True)
class Step:
    """One thing to do, in a process of its own. words: for Python. seconds: when it is stopped, the grace
    included. folder: that of a run, below the work folder; empty where it is none.

    results: exit codes beside 0 with which it has done what it should. vital: where it fails the rest would,
    too.
    """

    name: str
    words: tuple[str, ...]
    seconds: float
    folder: str = ""
    results: tuple[int, ...] = ()
    vital: bool = False


@dataclass(frozen=True)
class Part:
    """Steps that share an amount of time: what one leaves over the next may use."""

    name: str
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        """Of all steps together."""
        return sum(step.seconds for step in self.steps)


@dataclass(frozen=True)
class Place:
    """Where the steps run. device: 'cuda:0'. work: a folder for runs. out: where files are kept."""

    device: str
    work: Path
    out: Path

    @property
    def is_gpu(self) -> bool:
        """Whether it has tf32, and a counter of its energy."""
        return self.device.startswith("cuda")

    def run(self, name: str, seconds: float, *words: str, vital: bool = False) -> Step:
        """A run of attnprof's that ends in time. Other counters need no GPU, and take long."""
        budget = max(1.0, SHARE * seconds - GRACE)
        common = ("--device", self.device, "--counters", "none", "--time-budget", f"{budget:.1f}s")
        # The worker of a run that was stopped holds the device's lock for a moment more.
        common = (*common, "--allow-busy")
        command = ("-m", "attnprof", "run", *words, *common, "-o", str(self.work / name))
        return Step(name, command, seconds, name, SOME_FAILED, vital)

    def benchmark(self, name: str, seconds: float, *words: str) -> Step:
        """A benchmark that writes one file, and ends by itself before it is stopped."""
        budget = max(1.0, SHARE * seconds - GRACE)
        common = ("--device", self.device, "--seconds", f"{budget:.1f}")
        command = ("-m", f"benchmarks.{name}", *common, *words, "--out", str(self.out / f"{name}.json"))
        return Step(name, command, seconds, results=(*MISSED, NOTHING))


Share = tuple[float, Callable[[float], Step]]  # of the time, and the step that has so many seconds


def parts(place: Place, scale: float = 1.0) -> tuple[Part, Part]:
    """The smoke and the kept part. scale: of all times."""
    smoke = _smoke(place, START_SECONDS * scale, SMOKE_SECONDS * scale)
    return Part("smoke", smoke), Part("kept", _kept(place, KEPT_SECONDS * scale))


def files_with_gpu_tests() -> list[str]:
    """The test files that have one for a GPU: collecting all the others would take longer than running
    these."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    marked = [path for path in files if "pytest.mark.gpu" in path.read_text(encoding="utf-8")]
    return [str(path.relative_to(ROOT)) for path in marked]


def _smoke(place: Place, start: float, seconds: float) -> tuple[Step, ...]:
    """start: seconds for torch, which may have to come from a cold disk."""
    doctor = ("-m", "attnprof", "doctor", "--device", place.device)
    six = ("-m", SIX, "--points", POINT, "--train", "--quality", "quick")
    # Of no plugin but pytest's own, and of no library: what these warn of is not what is tested.
    quiet = ("-W", "default", "-p", "no:benchmark", "-p", "no:cacheprovider")
    tests = ("-m", "pytest", "-m", "gpu", "-x", "-n", "0", "-q", *quiet, *files_with_gpu_tests())
    wanted: list[Share] = [
        (1, lambda part: Step("doctor", doctor, part, vital=True)),
        (1, lambda part: Step("tests", tests, part)),
        (1, lambda part: place.run("six", part, *six, vital=True)),
    ]
    return Step("imports", ("-c", IMPORTS), start, vital=True), *_shared_out(seconds, wanted)


def _kept(place: Place, seconds: float) -> tuple[Step, ...]:
    """The surest first."""
    everything = ("-m", "all", "--points", POINT, "--train")
    wanted: list[Share] = [
        (100, lambda part: place.run("catalogue", part, *everything)),
        (65, lambda part: place.benchmark("kernels", part)),
        (48, _grid(place, "fp32")),
        (35, lambda part: place.benchmark("timers", part)),
        (40, _grid(place, "bf16")),
    ]
    if place.is_gpu:
        energy = (
            "-m",
            SIX,
            "--points",
            POINT,
            "--batch",
            "32",
            "--metrics",
            "usual,energy",
            "--quality",
            "quick",
        )
        wanted += [(36, _grid(place, "tf32")), (30, lambda part: place.run("energy", part, *energy))]
    return _shared_out(seconds, wanted)


def _shared_out(seconds: float, wanted: list[Share]) -> tuple[Step, ...]:
    unit = seconds / sum(share for share, _ in wanted)
    return tuple(step(share * unit) for share, step in wanted)


def _grid(place: Place, arithmetic: str) -> Callable[[float], Step]:
    """Fifteen modules at four points and two batches."""
    grid = ("-m", FIFTEEN, "--points", FOUR_POINTS, "--batch", BATCHES, "--quality", "quick")
    return lambda part: place.run(arithmetic, part, *grid, *ARITHMETIC[arithmetic])
