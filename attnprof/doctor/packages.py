"""What else is installed, and what is blank without it. Nothing is imported."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from attnprof.doctor import FINE, NOTE, Finding

# What a package is for; those that only a GPU needs apart.
OPTIONAL = {
    "fvcore": "the column of its counts",
    "thop": "the column of its counts",
    "matplotlib": "figures as files",
}
OTHERS = {"thop": "ultralytics-thop"}  # packages that install what is imported by the name of another
GPU = {"nvidia-ml-py": "the clock, heat, throttling or energy of a GPU, nor who else computes on it"}
COMPILERS = ("c++", "g++", "clang++")


def installed(name: str) -> str | None:
    """The version of a package, or of another that takes its place; None where neither is there."""
    try:
        return version(name)
    except PackageNotFoundError:
        number = installed(OTHERS[name]) if name in OTHERS else None
        return number and f"{number} ({OTHERS[name]})"


def packages(gpu: bool, find: Callable[[str], str | None] = installed) -> Iterator[Finding]:
    """One finding for all that are there, and one for each that is not."""
    purposes = OPTIONAL | (GPU if gpu else {})
    versions = {name: find(name) for name in purposes}
    present = [f"{name} {number}" for name, number in versions.items() if number]
    if present:
        yield Finding("packages", FINE, ", ".join(present))
    for name in [name for name, number in versions.items() if not number]:
        yield Finding(
            "packages",
            NOTE,
            f"no {name}: without it no {purposes[name].removeprefix('the ')}",
            f"pip install {name}",
        )


def compiler(
    environ: Mapping[str, str] = os.environ, which: Callable[[str], str | None] = shutil.which
) -> Finding:
    """The C++ compiler that torch.compile calls on a CPU."""
    variable = environ.get("CXX", "")
    path = next(filter(None, map(which, [variable] if variable else COMPILERS)), None)
    if path:
        return Finding("compiler", FINE, path)
    says = f"CXX={variable} is not there" if variable else "no C++ compiler"
    return Finding("compiler", NOTE, says, "--compile needs one on the CPU: apt-get install g++, or the like")
