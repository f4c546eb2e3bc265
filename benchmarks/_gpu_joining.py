"""Results of the script for a GPU in few files, each written anew as soon as there is more of it."""

import json
import os
import sys
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from subprocess import SubprocessError, run
from typing import Any

from benchmarks._bundle import Contents, commit_of, version_in
from benchmarks._gpu_running import Outcome

RUNS, SUMMARY, LOG = "runs.tar.gz", "summary.json", "log.txt"
MOST_FILES, MOST_BYTES = 8, 16 * 2**20
PACKAGES = ("torch", "triton", "numpy", "pydantic", "nvidia-ml-py")
QUERY = "name,driver_version,clocks.sm,clocks.mem,clocks.max.sm,power.limit,persistence_mode,ecc.mode.current"


def join_runs(work: Path, out: Path) -> None:
    """One archive of all run folders below ``work``; none where there are none."""
    folders = sorted(folder for folder in work.iterdir() if folder.is_dir()) if work.is_dir() else []
    if not folders:
        return
    part = out / f"{RUNS}.part"
    with tarfile.open(part, "w:gz") as archive:
        for folder in folders:
            archive.add(folder, arcname=folder.name)
    os.replace(part, out / RUNS)


def write_log(outcomes: Sequence[Outcome], out: Path) -> None:
    """All that the steps printed, one after the other."""
    texts = [
        f"== {each.name}: {each.status}, {each.seconds:.0f} s\n{each.output.rstrip()}\n" for each in outcomes
    ]
    (out / LOG).write_text("\n".join(texts), encoding="utf-8")


def write_summary(outcomes: Sequence[Outcome], machine: dict[str, Any], out: Path) -> None:
    """How every step ended, and where."""
    summary = {"machine": machine, "steps": [each.summary() for each in outcomes]}
    (out / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


def machine_of(device: str, contents: Contents | None) -> dict[str, Any]:
    """Versions, what this checkout is, and what nvidia-smi says."""
    machine: dict[str, Any] = {"device": device, "python": sys.version.split()[0]}
    machine |= {"attnprof": version_in(), "commit": commit_of(contents)}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            machine[name] = version(name)
    with suppress(OSError, SubprocessError):
        command = ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv"]
        machine["nvidia-smi"] = run(command, capture_output=True, text=True, timeout=10).stdout.splitlines()
    return machine


def too_much(out: Path) -> list[str]:
    """What of the files in ``out`` would not travel, a line each."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    lines = [f"{len(files)} files: more than {MOST_FILES}"] if len(files) > MOST_FILES else []
    large = [path for path in files if path.stat().st_size > MOST_BYTES]
    return lines + [f"{path.name}: {path.stat().st_size} bytes: more than {MOST_BYTES}" for path in large]
