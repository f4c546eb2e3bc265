"""Modules of the user's own, imported into this process: a worker, the child that describes them, or one
whose user builds modules in it."""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attnprof.catalogue.user_location import location_of
from attnprof.errors import UsageError, nearest

LONGEST = 300  # characters of an exception's text

_constructors: dict[str, Callable[..., Any]] = {}  # by location: what this process has imported


def load(name: str) -> Callable[..., Any]:
    """The class or function at the location ``name``, imported into this process. Raises UsageError, in words
    for the user."""
    if name not in _constructors:
        _constructors[name] = _imported(name)
    return _constructors[name]


def is_loaded(name: str) -> bool:
    """Whether this process has imported what is at the location ``name``."""
    return name in _constructors


def cannot_import(name: str, problem: BaseException) -> str:
    """One line on a module whose import raised ``problem``."""
    if isinstance(problem, SystemExit):
        reason = f"it calls sys.exit({problem.code!r}); put that below if __name__ == '__main__':"
    else:
        lines = str(problem).strip().splitlines() or [""]
        reason = f"{type(problem).__name__}: {lines[0][:LONGEST]}".rstrip(": ")
    return f"{name}: cannot import {location_of(name).where}: {reason}"


def _imported(name: str) -> Callable[..., Any]:
    location = location_of(name)
    try:
        module = _import_file(location.path) if location.is_file else _import_module(location.where)
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


def _import_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError("no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # dataclasses and pickling look their module up there
    sys.path.append(str(path.parent.resolve()))  # a file may import its neighbours
    spec.loader.exec_module(module)
    return module


def _import_module(name: str) -> Any:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # as with python -m: a package in the working directory is found
    return importlib.import_module(name)
