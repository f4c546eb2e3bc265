"""The catalogue of attention modules: names, aliases and entries, without torch; and ``create``, with it."""

import importlib
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from attnprof.catalogue import user_module
from attnprof.catalogue.entry import Entry, Value, read
from attnprof.errors import ImpossibleShapeError, UnknownNameError, UsageError, nearest
from attnprof.registry import Registry

if TYPE_CHECKING:
    from torch import nn

MODULES = Registry("attnprof.modules", "ENTRY", "module")


@cache
def entry(name: str) -> Entry:
    """The entry of the module ``name``. Imports neither the module nor torch, unless it is a path to a user's own.

    Raises UnknownNameError with the alias's real name or the nearest names; UsageError for a file that is no module's.
    """
    if user_module.is_path(name):
        return user_module.entry_of(name)
    if name not in MODULES:
        raise UnknownNameError(_unknown(name))
    try:
        return read(name, MODULES.source(name))
    except (OSError, SyntaxError, ValueError, LookupError, TypeError) as problem:
        raise UsageError(
            f"{MODULES.source(name)}: not a module's file: {type(problem).__name__}: {problem}"
        ) from None


def source_hash(name: str) -> str:
    """SHA-256 of the file of a module that is not part of attnprof; empty for one that is."""
    path = user_module.source_of(name) if user_module.is_path(name) else Path(MODULES.source(name))
    return "" if path.parent == Path(__file__).parents[1] / "modules" else file_hash(path)


def file_hash(path: Path) -> str:
    """SHA-256 of a file; empty where there is none."""
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def entries() -> Iterator[Entry]:
    """Every entry, sorted by name."""
    return (entry(name) for name in MODULES.names())


def _unknown(name: str) -> str:
    asked = name.lower().replace("_", "-")
    for known in entries():
        if asked in known.aliases or asked == known.key:
            return f"no module {name!r}. {known.name} is called {known.key!r} here."
    names = [*MODULES.names(), *(alias for known in entries() for alias in known.aliases)]
    return (
        f"no module {name!r}. {nearest(name, names)}".rstrip()
        + f"  All {len(MODULES.names())}: attnprof list"
    )


def create(
    name: str, channels: int, *, height: int | None = None, width: int | None = None, **hyperparameters: Value
) -> "nn.Module":
    """The attention module ``name`` for ``channels`` channels, ready to use: (N, C, H, W) in, same shape out.

    height, width: the map's size in pixels; needed only by modules that bake it in.
    Raises UnknownNameError, UsageError (a hyperparameter it does not have) or ImpossibleShapeError.
    """
    known = entry(name)
    changes = known.changes(hyperparameters)
    sized = known.needs_size(hyperparameters)
    if sized and (height is None or width is None):
        raise ImpossibleShapeError(f"{name} is built for one map size: give height and width")
    refusal = known.refusal(channels, height or 0, width or 0, hyperparameters)
    if refusal:
        place = f"@{height}x{width}" if height and width else ""
        raise ImpossibleShapeError(f"{name}@{channels}{place} - {refusal}")
    size = {"height": height, "width": width} if sized else {}
    if user_module.is_path(name):
        made = user_module.load(name)
    else:
        made = getattr(importlib.import_module(MODULES.module_name(name)), known.class_name)
    module: nn.Module = made(channels, **changes, **size)
    return module
