"""Modules of the user's own, imported into this process: a worker, the child that describes them, or one
whose user builds modules in it."""

import inspect
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from attnprof.catalogue.description import Description, described
from attnprof.catalogue.import_world import as_written, world_of
from attnprof.catalogue.user_contents import require_name
from attnprof.catalogue.user_location import Location, location_of
from attnprof.errors import CannotImportError, UsageError, nearest

LONGEST = 300  # characters of an exception's text
# Packages that modules often need -> what pip calls them. Anything else may be a file of the user's that is
# missing, and a package of its name a stranger's.
PACKAGES = {
    **{name: name for name in ("einops", "fvcore", "kornia", "matplotlib", "mmcv", "mmengine", "numpy")},
    **{name: name for name in ("pandas", "scipy", "thop", "timm", "torchvision", "tqdm", "transformers")},
    **{"cv2": "opencv-python", "PIL": "pillow", "pywt": "PyWavelets", "skimage": "scikit-image"},
    **{"sklearn": "scikit-learn", "ultralytics": "ultralytics", "yaml": "pyyaml"},
}

_constructors: dict[Location, Callable[..., Any]] = {}  # by absolute location: what this process has imported
_described = cache(described)


def load(name: str) -> Callable[..., Any]:
    """The class or function at the location ``name``, imported into this process. Raises UsageError, in words
    for the user."""
    location = location_of(name).absolute()
    if location not in _constructors:
        _constructors[location] = _imported(name)
    return _constructors[location]


def is_loaded(name: str) -> bool:
    """Whether this process has imported what is at the location ``name``."""
    return location_of(name).absolute() in _constructors


def description_here(name: str) -> Description:
    """What the class or function at the location ``name``, imported into this process, says of itself. Raises
    UsageError."""
    return _described(load(name))._replace(roots=_roots(location_of(name)))


def _roots(location: Location) -> tuple[str, ...]:
    """What its file has imported from folders above it, for a reader."""
    if not location.is_file:
        return ()
    roots = world_of(location.path.resolve().parent).roots
    return tuple(f"{module} from {folder}" for module, folder in roots.items())


def cannot_import(name: str, problem: BaseException) -> str:
    """One line on a module whose import raised ``problem``."""
    return f"{name}: cannot import {location_of(name).where}: {_reason(problem)}"


def _reason(problem: BaseException) -> str:
    if isinstance(problem, SystemExit):
        return f"it calls sys.exit({problem.code!r}); put that below if __name__ == '__main__':"
    if isinstance(problem, ModuleNotFoundError):
        return absence(problem)
    return _in_one_line(problem)


def absence(problem: ModuleNotFoundError) -> str:
    """What to do about a package that is not there."""
    package = (problem.name or "").partition(".")[0]
    if package in PACKAGES:
        return f"needs {package}: pip install {PACKAGES[package]}"
    return f"{_in_one_line(problem)}; it is neither installed, nor beside the file, nor in a folder above it"


def _in_one_line(problem: BaseException) -> str:
    lines = as_written(str(problem)).strip().splitlines() or [""]
    return f"{type(problem).__name__}: {lines[0][:LONGEST]}".rstrip(": ")


def _imported(name: str) -> Callable[..., Any]:
    location = location_of(name)
    require_name(name)
    _require_file(name, location)
    try:
        module = _module_at(location)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 # the user's code may raise anything
        kind = UsageError if _is_absent(location, problem) else CannotImportError
        raise kind(cannot_import(name, problem)) from None
    constructor = getattr(module, location.name, None)
    if not callable(constructor):
        names = [
            key for key, value in vars(module).items() if inspect.isclass(value) or inspect.isfunction(value)
        ]
        hint = f"{name}: {location.where} has no class or function {location.name!r}."
        raise UsageError(f"{hint} {nearest(location.name, names)}".rstrip())
    return constructor  # type: ignore[no-any-return] # getattr knows no types


def _is_absent(location: Location, problem: BaseException) -> bool:
    """Whether there is no such module, or a package that it would lie in."""
    name = problem.name if isinstance(problem, ModuleNotFoundError) else None
    return name is not None and not location.is_file and f"{location.where}.".startswith(f"{name}.")


def _module_at(location: Location) -> Any:
    if not location.is_file:
        return world_of(Path.cwd()).import_package(location.where)
    path = location.path.resolve()
    return world_of(path.parent).import_file(path)


def _require_file(name: str, location: Location) -> None:
    """Raises UsageError where there is no file that Python could import."""
    path = location.path
    if not location.is_file:
        _require_module(name, location)
    elif os.path.isdir(path):
        raise UsageError(f"{name}: {path} is a folder; name a file in it")
    elif not os.path.isfile(path):
        hint = nearest(path.name, _files_beside(path))
        raise UsageError(f"{name}: cannot import {location.where}: no such file. {hint}".rstrip())
    elif path.suffix == ".ipynb":
        raise UsageError(f"{name}: {path.name} is a notebook; save its code as a file: {path.stem}.py")


def _files_beside(path: Path) -> list[str]:
    """The names of the Python files in the folder of ``path``."""
    try:
        return [name for name in os.listdir(path.parent) if name.endswith(".py")]
    except (OSError, ValueError):
        return []


def _require_module(name: str, location: Location) -> None:
    """Raises UsageError for what is no dotted name of a module, but may be meant for a file."""
    if all(part.isidentifier() for part in location.where.split(".")):
        return
    hints = (f"{location.where}.py", f"{location.where}/__init__.py")
    files = [hint for hint in hints if os.path.isfile(hint)]
    hint = f"Did you mean {files[0]}:{location.name}?" if files else "Write my.py:Gate, or my_pkg.attn:Gate"
    raise UsageError(f"{name}: no module is called {location.where!r}. {hint}")
