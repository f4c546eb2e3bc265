"""A module of the user's own, named by where it is: 'my.py:MyGate', 'my_pkg.attn:MyGate', 'timm.layers:EcaModule'.

A class or a function that takes the number of channels first and returns an nn.Module: (N, C, H, W) in. Arguments called height and
width are given the map's size; the others are its hyperparameters. It has no closed forms, and no limits but those it raises.
"""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from attnprof.catalogue.entry import Entry, Value
from attnprof.errors import UsageError, nearest

SIZE = ("height", "width")


def is_path(name: str) -> bool:
    """Whether ``name`` says where a module is, instead of naming one of the catalogue."""
    return ":" in name


@cache
def load(name: str) -> Callable[..., Any]:
    """Import what ``name`` says and return the class or function. Raises UsageError, in words for the user."""
    where, _, attribute = name.partition(":")
    try:
        found = _import_file(Path(where)) if where.endswith(".py") else _import_module(where)
    except Exception as problem:  # noqa: BLE001 # importing runs the user's code, which may raise anything
        raise UsageError(f"{name}: cannot import {where}: {type(problem).__name__}: {problem}") from None
    made = getattr(found, attribute, None)
    if not callable(made):
        there = [
            key for key, value in vars(found).items() if inspect.isclass(value) or inspect.isfunction(value)
        ]
        raise UsageError(
            f"{name}: {where} has no class or function {attribute!r}. {nearest(attribute, there)}".rstrip()
        )
    return made  # type: ignore[no-any-return] # getattr knows no types


def entry_of(name: str) -> Entry:
    """The entry of a user's module, from its signature. Raises UsageError."""
    made = load(name)
    try:
        arguments = list(inspect.signature(made).parameters.values())
    except (TypeError, ValueError):
        raise UsageError(f"{name}: its arguments cannot be read") from None
    named = [a for a in arguments if a.kind not in (a.VAR_POSITIONAL, a.VAR_KEYWORD)]
    if not named or named[0].kind is named[0].KEYWORD_ONLY:
        raise UsageError(
            f"{name}: its first argument has to be the number of channels; it takes {len(named)} arguments"
        )
    values: dict[str, Value] = {
        a.name: a.default if isinstance(a.default, bool | int | float | str) else None
        for a in named[1:]
        if a.name not in SIZE
        and (a.default is a.empty or isinstance(a.default, bool | int | float | str | None))
    }
    return Entry(
        key=name,
        class_name=name.partition(":")[2],
        name=name.partition(":")[2],
        doc=inspect.getdoc(made) or "",
        paper=None,
        code="",
        family="",
        place="after",
        hyperparameters=values,
        sized=str(any(a.name in SIZE for a in named)),
        params_formula="",
        macs_formula="",
    )


def source_of(name: str) -> Path:
    """The file that defines what ``name`` says. Raises UsageError."""
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
