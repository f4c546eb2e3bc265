"""A user's own module, named by its location: 'my.py:MyGate', 'my_pkg.attn:MyGate', 'timm.layers:EcaModule'.

A class or a function that takes the number of channels first and returns an nn.Module on maps (N, C, H, W).
Arguments called height and width receive the map's size; the others are hyperparameters. There are no closed
forms, and no limits but the exceptions that it raises.
"""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from attnprof.catalogue.entry import Entry, Value
from attnprof.errors import UsageError, nearest

SIZE = ("height", "width")


def is_path(name: str) -> bool:
    """Whether ``name`` is the location of a module instead of a name of the catalogue."""
    return ":" in name


@cache
def load(name: str) -> Callable[..., Any]:
    """The class or function at the location ``name``, imported. Raises UsageError, in words for the user."""
    location, _, attribute = name.partition(":")
    try:
        module = _import_file(Path(location)) if location.endswith(".py") else _import_module(location)
    except Exception as problem:  # noqa: BLE001 # importing runs the user's code, which may raise anything
        raise UsageError(f"{name}: cannot import {location}: {type(problem).__name__}: {problem}") from None
    constructor = getattr(module, attribute, None)
    if not callable(constructor):
        names = [
            key for key, value in vars(module).items() if inspect.isclass(value) or inspect.isfunction(value)
        ]
        hint = f"{name}: {location} has no class or function {attribute!r}. {nearest(attribute, names)}"
        raise UsageError(hint.rstrip())
    return constructor  # type: ignore[no-any-return] # getattr knows no types


def entry_of(name: str) -> Entry:
    """The entry of a user's module, from its signature. Raises UsageError."""
    constructor = load(name)
    arguments = _arguments(name, constructor)
    class_name = name.partition(":")[2]
    return Entry(
        key=name,
        class_name=class_name,
        name=class_name,
        doc=inspect.getdoc(constructor) or "",
        paper=None,
        code="",
        family="",
        place="after",
        hyperparameters=_hyperparameters(arguments),
        sized=str(any(a.name in SIZE for a in arguments)),
        params_formula="",
        macs_formula="",
    )


def _arguments(name: str, constructor: Callable[..., Any]) -> list[inspect.Parameter]:
    """The named arguments of the constructor, the first of which is the number of channels."""
    try:
        parameters = inspect.signature(constructor).parameters.values()
    except (TypeError, ValueError):
        raise UsageError(f"{name}: its arguments cannot be read") from None
    arguments = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if not arguments or arguments[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise UsageError(
            f"{name}: its first argument has to be the number of channels;"
            f" it takes {len(arguments)} arguments"
        )
    return arguments


def _hyperparameters(arguments: Sequence[inspect.Parameter]) -> dict[str, Value]:
    """Arguments with a plain default, or without one (then None), apart from channels and size."""
    values: dict[str, Value] = {}
    for argument in arguments[1:]:
        default = None if argument.default is argument.empty else argument.default
        if argument.name not in SIZE and isinstance(default, Value):
            values[argument.name] = default
    return values


def source_of(name: str) -> Path:
    """The file that defines the module at ``name``. Raises UsageError."""
    return Path(inspect.getsourcefile(load(name)) or "")


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
