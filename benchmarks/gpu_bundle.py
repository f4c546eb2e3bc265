"""Gather what attnprof imports as wheels for a machine with a GPU and without a network: ``make gpu-bundle``.

    python -m benchmarks.gpu_bundle

The list follows from the requirements of the package as it is installed here, in the versions of
constraints.txt; PRESENT is taken to be on the machine, with all that it requires itself.
"""

import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path
from shutil import rmtree

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks._bundle import BUNDLE, PYTHON, ROOT, Contents, digest, version_in

# Large, tied to a build of CUDA or of C libraries, and wherever torch measures on a GPU. setuptools has to be
# installed to stand in for distutils, which thop imports.
PRESENT = frozenset(["torch", "numpy", "pandas", "pillow", "setuptools"])
# pip takes a wheel only for the very version of the C library that it names.
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (34, 28, 27, 24, 17)]
PLATFORMS += ["manylinux2014_x86_64", "manylinux1_x86_64"]
TARGET = {
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
    "platform_machine": "x86_64",
    "sys_platform": "linux",
    "extra": "",
}


def carried(name: str = "attnprof", present: Iterable[str] = PRESENT) -> list[str]:
    """The names of all packages that ``name`` requires, and that these require, but for those present."""
    present = set(present)
    names: set[str] = set()
    waiting = [name]
    while waiting:
        direct = {each for each in requirements(waiting.pop()) if each not in present | names}
        names |= direct
        waiting += direct
    return sorted(names)


def requirements(name: str) -> list[str]:
    """What ``name``, which is installed, requires on the target itself."""
    environment = {**default_environment(), **TARGET}
    parsed = map(Requirement, requires(name) or [])
    return [
        canonicalize_name(each.name)
        for each in parsed
        if each.marker is None or each.marker.evaluate(environment)
    ]


def download(name: str, folder: Path) -> str:
    """Have a wheel of ``name`` for the target in ``folder``. Returns what went wrong; empty: nothing."""
    common = ["-q", "--no-deps", "-c", str(ROOT / "constraints.txt")]
    target = ["--python-version", PYTHON, "--implementation", "cp"]
    target += [word for platform in PLATFORMS for word in ("--platform", platform)]
    ready = _pip("download", *common, "--only-binary=:all:", *target, "-d", str(folder), name)
    if not ready:
        return ""
    # Some packages of Python alone are in the index as sources only.
    before = set(folder.glob("*.whl"))
    built = _pip("wheel", *common, "-w", str(folder), name)
    new = set(folder.glob("*.whl")) - before
    if not built and all(wheel.name.endswith("-none-any.whl") for wheel in new):
        return ""
    for wheel in new:
        wheel.unlink()
    return ready


def _pip(*words: str) -> str:
    """Run pip; its last line of complaint where it fails, else nothing."""
    process = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words], capture_output=True, text=True
    )
    lines = process.stderr.strip().splitlines() or [f"pip ended with {process.returncode}"]
    return lines[-1] if process.returncode else ""


def commit_of(root: Path = ROOT) -> str:
    """The commit of the checkout; empty where git knows none, or where the package differs from it."""

    def git(*words: str) -> str | None:
        try:
            process = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True)
        except OSError:
            return None
        return None if process.returncode else process.stdout.strip()

    return (git("rev-parse", "HEAD") or "") if git("status", "--porcelain", "--", "attnprof") == "" else ""


def main(bundle: Path = BUNDLE) -> int:
    """Gather everything; exit code 1 where a wheel is not to be had."""
    rmtree(bundle, ignore_errors=True)
    bundle.mkdir()
    problems = {name: problem for name in carried() if (problem := download(name, bundle))}
    for name, problem in problems.items():
        print(f"{name}: no wheel for Python {PYTHON}: {problem}", file=sys.stderr)
    wheels = sorted(bundle.glob("*.whl"))
    commit = commit_of()
    Contents(version_in(), commit, digest(), PYTHON, tuple(wheel.name for wheel in wheels)).write(bundle)
    size = sum(wheel.stat().st_size for wheel in wheels)
    origin = f"commit {commit[:12]}" if commit else "files that are no commit's"
    print(f"{bundle.name}: {len(wheels)} wheels, {size / 1e6:.1f} MB, of {origin}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
