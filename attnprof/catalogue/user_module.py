"""A user's own module, named by its location: 'my.py:MyGate', 'my_pkg.attn:MyGate', 'timm.layers:EcaModule'.

A class or a function that returns an nn.Module on maps (N, C, H, W). What its arguments stand for is in
signature.py; there are no closed forms, and no limits but the exceptions that it raises. With the switch
gate=true the map is multiplied by what the module gives, a gate (N, C, 1, 1) or (N, 1, H, W).

Importing it (user_import.py) runs its code. A process that only has to know what it is asks a child process
(importer.py). Whoever names no file of their own starts without the code for either.
"""

import importlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnprof.catalogue.user_location import canonical, file_at, location_of
from attnprof.errors import UsageError

if TYPE_CHECKING:
    from attnprof.catalogue.description import Description
    from attnprof.catalogue.user_entry import UserEntry

Stamp = tuple[object, ...]  # a name in a folder, with the state of its file

_answers: dict[Stamp, "Description | UsageError"] = {}  # of child processes


def load(name: str) -> Callable[..., Any]:
    """The class or function at the location ``name``, imported into this process. Raises UsageError, in words
    for the user."""
    constructor: Callable[..., Any] = _part("user_import").load(name)
    return constructor


def describe(names: Iterable[str]) -> None:
    """Have a child process import the modules at the locations ``names`` and say what they are.

    All of them in one, as far as they have not said it yet: each may import torch.
    """
    complete = [name for name in names if location_of(name).name and not _is_loaded(name)]
    stamps = {name: _stamped(name) for name in complete}
    _ask({name: stamp for name, stamp in stamps.items() if not _is_described(stamp)})


def _is_described(stamp: Stamp) -> bool:
    return stamp in _answers and not isinstance(_answers[stamp], UsageError)


def _ask(stamps: Mapping[str, Stamp]) -> None:
    if not stamps:
        return
    answers: dict[str, Description | UsageError] = _part("importer").answers_about(list(stamps))
    _answers.update((stamps[name], answer) for name, answer in answers.items())


def description_of(name: str) -> "Description":
    """What the module at the location ``name`` says of itself: to this process where that has imported it,
    else to a child process. Raises UsageError, in words for the user."""
    _part("user_contents").require_name(name)
    if _is_loaded(name):
        description: Description = _part("user_import").description_here(name)
        return description
    stamp = _stamped(name)
    if stamp not in _answers:
        _ask({name: stamp})
    answer = _answers[stamp]
    if isinstance(answer, UsageError):
        raise answer.with_traceback(None)
    return answer


def _stamped(name: str) -> Stamp:
    """The name in this folder, with the state of its file: one that was changed is imported again."""
    folder = os.path.abspath(".")
    try:
        state = os.stat(location_of(name).path)
    except (OSError, ValueError):  # a package, or no file at all
        return folder, name
    return folder, name, state.st_mtime_ns, state.st_size


def entry_of(name: str) -> "UserEntry":
    """The entry of a user's module, from its signature. Raises UsageError."""
    description = description_of(name)
    if description.is_built:
        raise UsageError(
            f"{name}: it is built already, for the channels that it has; name its class, or a function of the"
            " number of channels that builds it"
        )
    entry: UserEntry = _part("user_entry").user_entry(canonical(name), location_of(name).name, description)
    return entry


def source_of(name: str) -> Path:
    """The file that defines the module at ``name``. Raises UsageError."""
    source = description_of(name).source
    return Path(source) if source else file_at(name)


def _is_loaded(name: str) -> bool:
    return bool(_part("user_import").is_loaded(name))


def _part(name: str) -> Any:
    """The module ``name`` of this package."""
    return importlib.import_module(f"attnprof.catalogue.{name}")
