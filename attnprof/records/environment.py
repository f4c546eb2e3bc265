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
from typing import Any
from uuid import uuid4

Environment = dict[str, Any]
# What has to agree before the cells of one run may be completed by another.
FINGERPRINT = (
    "attnprof_version",
    "torch_version",
    "python_version",
    "device",
    "device_name",
    "cuda_version",
    "threads",
)

PLACEMENTS = "placements"  # what a run says that it has at each of its points: Case.placement, in order
FILES = "files"  # location of a user's own module or network -> SHA-256 of the file there


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def software() -> Environment:
    """Versions and machine, without importing what they are versions of."""
    return {
        "attnprof_version": _version("attnprof"),
        "python_version": platform.python_version(),
        "torch_version": _version("torch"),
        "fvcore_version": _version("fvcore"),
        "thop_version": _version("thop"),
        "platform": platform.platform(),
        "malloc": {key: os.environ[key] for key in sorted(os.environ) if key.startswith("MALLOC_")},
    }


def begun(environment: Environment) -> Environment:
    """The environment of a run that begins now: the worker's, with a run id, the time and the commit."""
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"run_id": _run_id(uuid4().hex), "started": started, "commit": _commit(), **environment}


def fingerprint(environment: Environment) -> str:
    """SHA-256 over what has to agree before two runs may be joined."""
    return sha256(json.dumps([environment.get(name) for name in FINGERPRINT]).encode()).hexdigest()


def differences(before: Environment, now: Environment) -> list[str]:
    """'torch_version: 2.13.0 before, 2.14.0 now' for whatever keeps two runs from being joined."""
    return [
        f"{name}: {before.get(name)} before, {now.get(name)} now"
        for name in FINGERPRINT
        if before.get(name) != now.get(name)
    ]


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


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # a run alone needs it, and it takes 10 ms

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    # Of attnprof's own checkout; an installed copy has none.
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
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
