"""What a run ran on: machine, versions, device. Written once per run; two runs with one fingerprint may be joined."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
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


def begun(found: Environment) -> Environment:
    """The environment of a run that begins now: what the worker found, a run id, the time, the commit."""
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"run_id": uuid4().hex[:12], "started": started, "commit": _commit(), **found}


def fingerprint(found: Environment) -> str:
    """SHA-256 over what has to agree before two runs may be joined."""
    return sha256(json.dumps([found.get(name) for name in FINGERPRINT]).encode()).hexdigest()


def differences(before: Environment, now: Environment) -> list[str]:
    """'torch_version: 2.13.0 before, 2.14.0 now' for whatever keeps two runs from being joined."""
    return [
        f"{name}: {before.get(name)} before, {now.get(name)} now"
        for name in FINGERPRINT
        if before.get(name) != now.get(name)
    ]


def joined(runs: Mapping[str, Environment]) -> Environment:
    """The environment of a results set that several runs make up, by run id: what they share, and each of them.

    It has a run id of its own, which the same runs give again.
    """
    found = list(runs.values())
    shared = {
        name: value for name, value in found[0].items() if all(each.get(name) == value for each in found)
    }
    started = max((str(each["started"]) for each in found if each.get("started")), default=None)
    name = sha256(json.dumps(sorted(runs)).encode()).hexdigest()[:12]
    return {**shared, "run_id": name, "started": started, "runs": dict(runs)}


def machines(found: Environment) -> list[Environment]:
    """One environment for each machine that a results set was made on: one, unless runs were merged."""
    runs = found.get("runs") or {"": found}
    return list({fingerprint(each): each for each in runs.values()}.values())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    # Only of the folder that attnprof itself stands in: an installed copy has none.
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        found = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
