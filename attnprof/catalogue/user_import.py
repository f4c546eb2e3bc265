"""Modules of the user's own, imported into this process: a worker, the child that describes them, or one
whose user builds modules in it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attnprof.catalogue.import_world import as_written, world_of
from attnprof.catalogue.user_location import Location, location_of
from attnprof.errors import UsageError, nearest

LONGEST = 300  # characters of an exception's text

_constructors: dict[Location, Callable[..., Any]] = {}  # by absolute location: what this process has imported


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


def cannot_import(name: str, problem: BaseException) -> str:
    """One line on a module whose import raised ``problem``."""
    if isinstance(problem, SystemExit):
        reason = f"it calls sys.exit({problem.code!r}); put that below if __name__ == '__main__':"
    else:
        lines = as_written(str(problem)).strip().splitlines() or [""]
        reason = f"{type(problem).__name__}: {lines[0][:LONGEST]}".rstrip(": ")
    return f"{name}: cannot import {location_of(name).where}: {reason}"


def _imported(name: str) -> Callable[..., Any]:
    location = location_of(name)
    try:
        module = _module_at(location)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 # the user's code may raise anything
        raise UsageError(cannot_import(name, problem)) from None
    constructor = getattr(module, location.name, None)
    if not callable(constructor):
        names = [
            key for key, value in vars(module).items() if inspect.isclass(value) or inspect.isfunction(value)
        ]
        hint = f"{name}: {location.where} has no class or function {location.name!r}."
        raise UsageError(f"{hint} {nearest(location.name, names)}".rstrip())
    return constructor  # type: ignore[no-any-return] # getattr knows no types


def _module_at(location: Location) -> Any:
    if not location.is_file:
        return world_of(Path.cwd()).import_package(location.where)
    path = location.path.resolve()
    if not path.is_file():
        raise FileNotFoundError("no such file")
    return world_of(path.parent).import_file(path)
