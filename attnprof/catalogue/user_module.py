"""A user's own module, named by its location: 'my.py:MyGate', 'my_pkg.attn:MyGate', 'timm.layers:EcaModule'.

A class or a function that takes the number of channels first and returns an nn.Module on maps (N, C, H, W).
Arguments called height and width receive the map's size; the others are hyperparameters. There are no closed
forms, and no limits but the exceptions that it raises. With the switch gate=true the map is multiplied by
what the module gives, a gate (N, C, 1, 1) or (N, 1, H, W).

Importing it runs its code. A process that only has to know what it is asks a child process (importer.py).
"""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from attnprof.catalogue.description import KEYWORD, REST, Argument, Description, described
from attnprof.catalogue.entry import Entry, Value
from attnprof.errors import UsageError, nearest

SIZE = ("height", "width")
GATE = "gate"  # the switch that multiplies the map by what the module gives
LONGEST = 300  # characters of an exception's text
Stamp = tuple[object, ...]  # a name in a folder, with the state of its file

_constructors: dict[str, Callable[..., Any]] = {}  # those that this process has imported
_answers: dict[Stamp, Description | str] = {}  # what a child process said, or why it could not


def is_path(name: str) -> bool:
    """Whether ``name`` is the location of a module instead of a name of the catalogue."""
    return ":" in name


def load(name: str) -> Callable[..., Any]:
    """The class or function at the location ``name``, imported into this process: a worker, or one whose user
    builds modules in it. Raises UsageError, in words for the user."""
    if name not in _constructors:
        _constructors[name] = _imported(name)
    return _constructors[name]


def _imported(name: str) -> Callable[..., Any]:
    location, _, attribute = name.partition(":")
    try:
        module = _import_file(Path(location)) if location.endswith(".py") else _import_module(location)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 # the user's code may raise anything
        raise UsageError(cannot_import(name, problem)) from None
    constructor = getattr(module, attribute, None)
    if not callable(constructor):
        names = [
            key for key, value in vars(module).items() if inspect.isclass(value) or inspect.isfunction(value)
        ]
        hint = f"{name}: {location} has no class or function {attribute!r}. {nearest(attribute, names)}"
        raise UsageError(hint.rstrip())
    return constructor  # type: ignore[no-any-return] # getattr knows no types


def cannot_import(name: str, problem: BaseException) -> str:
    """One line on a module whose import raised ``problem``."""
    location = name.partition(":")[0]
    if isinstance(problem, SystemExit):
        reason = f"it calls sys.exit({problem.code!r}); put that below if __name__ == '__main__':"
    else:
        lines = str(problem).strip().splitlines() or [""]
        reason = f"{type(problem).__name__}: {lines[0][:LONGEST]}".rstrip(": ")
    return f"{name}: cannot import {location}: {reason}"


def describe(names: Iterable[str]) -> None:
    """Have a child process import the modules at the locations ``names`` and say what they are.

    All of them in one, as far as they have not said it yet: each may import torch.
    """
    stamps = {name: _stamped(name) for name in names if name not in _constructors}
    _ask({name: stamp for name, stamp in stamps.items() if not isinstance(_answers.get(stamp), Description)})


def _ask(stamps: Mapping[str, Stamp]) -> None:
    if not stamps:
        return
    # Whoever names no file of their own starts no process, and does without these imports.
    importer = importlib.import_module("attnprof.catalogue.importer")
    answers: dict[str, Description | str] = importer.answers_about(list(stamps))
    _answers.update((stamps[name], answer) for name, answer in answers.items())


def description_of(name: str) -> Description:
    """What the module at the location ``name`` says of itself: to this process where that has imported it,
    else to a child process. Raises UsageError, in words for the user."""
    if name in _constructors:
        return _described_here(name)
    stamp = _stamped(name)
    if stamp not in _answers:
        _ask({name: stamp})
    answer = _answers[stamp]
    if isinstance(answer, str):
        raise UsageError(answer)
    return answer


@cache
def _described_here(name: str) -> Description:
    return described(_constructors[name])


def _stamped(name: str) -> Stamp:
    """The name in this folder, with the state of its file: one that was changed is imported again."""
    folder = os.path.abspath(".")
    try:
        state = os.stat(name.partition(":")[0])
    except (OSError, ValueError):  # a package, or no file at all
        return folder, name
    return folder, name, state.st_mtime_ns, state.st_size


def entry_of(name: str) -> Entry:
    """The entry of a user's module, from its signature. Raises UsageError."""
    description = description_of(name)
    arguments = _arguments(name, description)
    class_name = name.partition(":")[2]
    return Entry(
        key=name,
        class_name=class_name,
        name=class_name,
        doc=description.doc,
        paper=None,
        code="",
        family="",
        place="after",
        hyperparameters=_hyperparameters(arguments),
        sized=str(any(argument.name in SIZE for argument in arguments)),
        params_formula="",
        macs_formula="",
        switches=_switches(arguments),
    )


def _arguments(name: str, description: Description) -> list[Argument]:
    """The named arguments of the constructor, the first of which is the number of channels."""
    if description.arguments is None:
        raise UsageError(f"{name}: its arguments cannot be read")
    arguments = [argument for argument in description.arguments if argument.kind != REST]
    if not arguments or arguments[0].kind == KEYWORD:
        raise UsageError(
            f"{name}: its first argument has to be the number of channels;"
            f" it takes {len(arguments)} arguments"
        )
    return arguments


def _hyperparameters(arguments: Sequence[Argument]) -> dict[str, Value]:
    """Arguments with a plain default, or without one (then None), apart from channels and size."""
    plain = [argument for argument in arguments[1:] if argument.is_plain and argument.name not in SIZE]
    return {argument.name: argument.default for argument in plain}


def _switches(arguments: Sequence[Argument]) -> dict[str, Value]:
    """The switches of a module; where an argument has the name of one, it is that argument."""
    return {} if any(argument.name == GATE for argument in arguments) else {GATE: False}


def required_arguments(name: str) -> list[str]:
    """The arguments without a default of the class or function at ``name``. Raises UsageError."""
    arguments = description_of(name).arguments or ()  # some built-in functions say nothing of theirs
    return [argument.name for argument in arguments if not argument.has_default and argument.kind != REST]


def source_of(name: str) -> Path:
    """The file that defines the module at ``name``. Raises UsageError."""
    return Path(description_of(name).source)


def file_at(name: str) -> Path:
    """Where the file at the location ``name`` is, or has to be. Nothing is imported: of a package that cannot
    be found without, it is a path where no file is."""
    location = name.partition(":")[0]
    if not location.endswith(".py"):
        with suppress(ImportError, ValueError, LookupError):
            module = _module_spec(location.split("."))
            return Path(module.origin or "" if module else "")
    return Path(location)


def _module_spec(parts: Sequence[str]) -> ModuleSpec | None:
    """Where importing would find the module a.b.c; its packages are looked into and not imported."""
    spec = importlib.util.find_spec(parts[0]) or PathFinder.find_spec(parts[0], [os.path.abspath(".")])
    for count in range(2, len(parts) + 1):
        folders = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(".".join(parts[:count]), folders) if folders else None
    return spec


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
