"""What a run ran on: machine, versions, device. Written once per run; two runs with one fingerprint may be
joined."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

from msgspec import UNSET, Meta, MsgspecError, Struct, UnsetType, convert

from attnprof.records.case import Whole, device_kind
from attnprof.records.codec import DEEP, in_words

if TYPE_CHECKING:
    from importlib.metadata import Distribution

Environment = dict[str, Any]
Figure = Annotated[float, Meta(ge=0, le=1e70)]
# What has to agree before the cells of one run may be completed by another.
FINGERPRINT = (
    "attnprof_version",
    "torch_version",
    "python_version",
    "device",
    "device_name",
    "cuda_version",
    "cuda_variables",
    "threads",
    "runtimes",
)

PLACEMENTS = "placements"  # what a run says that it has at each of its points: Case.placement, in order
CELLS = "cells"  # how many cells the run has, of its shard alone where it is one
SHARD = "shard"  # 'i/n' where the run is a part of a plan
LANES = "lanes"  # of a run on several: name of a lane -> id of its run
# What has to agree before lanes may share a run, besides.
LANES_AGREE = ("driver_version", "malloc", "tf32", "cudnn_benchmark")
FILES = "files"  # location of a user's own module or network -> SHA-256 of the file there


# The number of a run folder's schema. A version may add fields under it: others pass them over.
SCHEMA = 1
Bytes = Whole | None  # None where the device does not report it
Text = str | None


SPEC_TEXT = "spec"  # the text of spec.toml, which it can be restored from


class NewerSchema(ValueError):
    """A run folder that a newer version wrote in another way."""


class HostTimer(Struct):
    """The clock of the host, in seconds."""

    resolution: float
    cost: float


class RecordedPeaks(Struct):
    """See ``attnprof.measuring.bound.Peaks``."""

    bandwidths: Annotated[list[tuple[Whole, Figure]], Meta(min_length=1)]
    rates: dict[str, Figure]
    launch: Figure
    cache: Whole
    clock: Figure | None = None


class KnownEnvironment(Struct):
    """What this version reads of environment.json; all of it may be missing, and more may be there."""

    schema: Annotated[int, Meta(ge=1)] = SCHEMA
    run_id: str = ""
    started: Text = None
    merged: Text = None
    commit: Text = None
    attnprof_version: Text = None
    python_version: Text = None
    torch_version: Text = None
    fvcore_version: Text = None
    thop_version: Text = None
    cuda_version: Text = None
    rocm_version: Text = None
    cuda_variables: dict[str, str] | None = None
    platform: Text = None
    malloc: dict[str, str] | None = None
    device: str = ""
    device_name: Text = None
    threads: Whole = 0
    cores: Bytes = None
    cache_bytes: Bytes = None
    device_memory_bytes: Bytes = None
    memory_limit: Bytes = None
    timer: HostTimer | None = None
    peaks: RecordedPeaks | UnsetType = UNSET
    estimator: str = ""
    runtimes: dict[str, str] | None = None
    converters: dict[str, str] | None = None
    tf32: bool | None = None
    cudnn_benchmark: bool | None = None
    placements: list[str] | UnsetType = UNSET
    cells: Whole | UnsetType = UNSET
    shard: Text = None
    files: dict[str, str] | UnsetType = UNSET
    spec: str = ""
    lanes: dict[str, str] | UnsetType = UNSET
    runs: dict[str, "KnownEnvironment"] | UnsetType = UNSET


def checked(environment: Environment) -> Environment:
    """``environment`` as it was read, with what other versions write in it.

    Raises NewerSchema; ValueError where a field cannot be what it says.
    """
    schema = environment.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerSchema(
            f"written under schema {schema} by a newer attnprof; this one reads schema {SCHEMA}: upgrade it"
        )
    try:
        convert(environment, KnownEnvironment)
    except MsgspecError as problem:
        raise ValueError(in_words(problem)) from None
    except RecursionError:
        raise ValueError(DEEP) from None
    return environment


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def core_numbers() -> list[str]:
    """The cores that this process may use, each with what tells machines apart: where two processes have one
    in common, they may disturb each other."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        numbers = sorted(os.sched_getaffinity(0))
    except (OSError, AttributeError):
        return []
    machine = sha256(boot.encode()).hexdigest()[:8]
    return [f"{machine}:{number}" for number in numbers]


def software() -> Environment:
    """Versions and machine, without importing what they are versions of."""
    return {
        "attnprof_version": installed_version("attnprof"),
        "python_version": platform.python_version(),
        "torch_version": installed_version("torch"),
        "fvcore_version": installed_version("fvcore"),
        "thop_version": installed_version("thop") or _version_of("ultralytics-thop"),
        "platform": platform.platform(),
        "malloc": {key: os.environ[key] for key in sorted(os.environ) if key.startswith("MALLOC_")},
    }


def begun(environment: Environment) -> Environment:
    """The environment of a run that begins now: the worker's, with a run id, the time and the commit."""
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"run_id": _run_id(uuid4().hex), "started": started, "commit": _commit(), **environment}


def fingerprint(environment: Environment) -> str:
    """SHA-256 over what has to agree before two runs may be joined."""
    return sha256(json.dumps([_entry(environment, name) for name in FINGERPRINT]).encode()).hexdigest()


def differences(before: Environment, now: Environment) -> list[str]:
    """'torch_version: 2.13.0 before, 2.14.0 now' for whatever keeps two runs from being joined."""
    return [
        f"{name}: {_in_words(before, name)} before, {_in_words(now, name)} now"
        for name in FINGERPRINT
        if _entry(before, name) != _entry(now, name)
    ]


def kind_of_lane(environment: Environment) -> tuple[tuple[str, str], ...]:
    """What lanes that share blocks agree on: its names, and what they are here."""
    return tuple((name, _in_words(environment, name)) for name in (*FINGERPRINT, *LANES_AGREE))


def _entry(environment: Environment, name: str) -> Any:
    """Nothing is the same as no entry, and one device the same as another of its kind."""
    entry = environment.get(name) or None
    return device_kind(entry) if name == "device" and isinstance(entry, str) else entry


def _in_words(environment: Environment, name: str) -> str:
    entry = _entry(environment, name)
    if isinstance(entry, dict):
        return " ".join(f"{key}={entry[key]}" for key in sorted(entry))
    return "none" if entry is None else str(entry)


def joined(runs: Mapping[str, Environment]) -> Environment:
    """The environment of several runs, by run id: what they share, and each of them.

    Its own run id depends on theirs alone.
    """
    first, *others = runs.values()
    shared = {
        name: value for name, value in first.items() if all(other.get(name) == value for other in others)
    }
    starts = [str(run["started"]) for run in runs.values() if run.get("started")]
    run_id = _run_id(sha256(json.dumps(sorted(runs)).encode()).hexdigest())
    return {**shared, "run_id": run_id, "started": max(starts, default=None), "runs": dict(runs)}


def _run_id(digits: str) -> str:
    """A run id from hexadecimal ``digits``. It begins with a letter that none of them is: without it pandas
    reads '1234567e8901' as the number infinity."""
    return f"r{digits[:11]}"


def machines(environment: Environment) -> list[Environment]:
    """One environment for each machine: one in all, unless runs were merged."""
    runs = environment.get("runs") or {"": environment}
    return list({fingerprint(run): run for run in runs.values()}.values())


def kind_of_device(environment: Environment) -> str:
    """'cpu', 'cuda', 'meta': figures of two kinds are never compared."""
    return device_kind(str(environment.get("device", "cpu")))


def device_words(environment: Environment, dtype: str) -> str:
    """The device as a caption of figures of ``dtype`` has it: 'cpu (Intel Xeon, 1 thread)'."""
    threads = environment.get("threads")
    name = environment.get("device_name") or ""
    words = [name, f"{threads} thread{'' if threads == 1 else 's'}"]
    about = [*words, *liberties(environment, dtype), *_of_gpu(environment)]
    return f"{environment.get('device')} ({', '.join(about)})"


def _of_gpu(environment: Environment) -> list[str]:
    """What a reader has to know of a GPU's figures besides: an unverified platform, and variables that change
    them."""
    version, variables = environment.get("rocm_version"), environment.get("cuda_variables") or {}
    platform = [f"ROCm {version}, on which nobody has verified attnprof"] if version else []
    return platform + [f"{name}={value}" for name, value in sorted(variables.items())]


def liberties(environment: Environment, dtype: str) -> list[str]:
    """What a GPU may do to compute faster, as far as it bears on figures of ``dtype``: 'tf32 off'."""
    words = []
    if environment.get("tf32"):
        words.append("tf32 on")
    elif environment.get("tf32") is False and dtype == "fp32" and not environment.get("rocm_version"):
        words.append("tf32 off")
    if environment.get("cudnn_benchmark"):
        words.append("cudnn.benchmark on")
    return words


def installed_version(package: str) -> str | None:
    """The version of the distribution ``package``; None where it is not installed."""
    installed = _installed(package)
    return installed.version if installed else None


def _version_of(package: str) -> str | None:
    """The version with the package's name before it, where it is another than what is imported."""
    number = installed_version(package)
    return number and f"{package} {number}"


def _installed(package: str) -> "Distribution | None":
    from importlib.metadata import PackageNotFoundError, distribution  # a run alone needs it: it takes 10 ms

    try:
        return distribution(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """That of attnprof's own checkout, or the one that it was installed from."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return _installed_commit()
    try:
        process = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return process.stdout.strip() or None


def _installed_commit() -> str | None:
    """What an installer wrote down of a commit (PEP 610), as ``pip install git+https://...`` does."""
    installed = _installed("attnprof")
    text = installed.read_text("direct_url.json") if installed else None
    try:
        commit = json.loads(text or "{}").get("vcs_info", {}).get("commit_id")
    except (ValueError, AttributeError):
        return None
    return commit[:12] if isinstance(commit, str) else None
