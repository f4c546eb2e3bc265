"""The catalogue of attention modules: names, aliases and entries, without torch; and ``create``, with it."""

import importlib
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from attnprof.entry import Entry, Value, read
from attnprof.errors import ImpossibleShapeError, UnknownNameError, nearest
from attnprof.registry import Registry

if TYPE_CHECKING:
    from torch import nn

MODULES = Registry("attnprof.modules", "ENTRY", "module")


@cache
def entry(name: str) -> Entry:
    """The entry of the module ``name``. Imports neither the module nor torch.

    Raises UnknownNameError with the alias's real name or the nearest names.
    """
    if name not in MODULES:
        raise UnknownNameError(_unknown(name))
    return read(name, MODULES.source(name))


def source_hash(name: str) -> str:
    """SHA-256 of the file of a module that is not part of attnprof; empty for one that is."""
    path = Path(MODULES.source(name))
    return "" if path.parent == Path(__file__).parent / "modules" else sha256(path.read_bytes()).hexdigest()


def entries() -> Iterator[Entry]:
    """Every entry, sorted by name."""
    return (entry(name) for name in MODULES.names())


def _unknown(name: str) -> str:
    asked = name.lower().replace("_", "-")
    for known in entries():
        if asked in known.aliases or asked == known.key:
            return f"no module {name!r}. {known.name} is called {known.key!r} here."
    names = [*MODULES.names(), *(alias for known in entries() for alias in known.aliases)]
    return f"no module {name!r}. {nearest(name, names)}".rstrip() + f"  All {len(MODULES.names())}: attnprof list"


def create(
    name: str, channels: int, *, height: int | None = None, width: int | None = None, **hyperparameters: Value
) -> "nn.Module":
    """The attention module ``name`` for ``channels`` channels, ready to use: (N, C, H, W) in, same shape out.

    height, width: the map's size in pixels; needed only by modules that bake it in.
    Raises UnknownNameError, UsageError (a hyperparameter it does not have) or ImpossibleShapeError.
    """
    known = entry(name)
    settings = known.settings(hyperparameters)
    sized = known.needs_size(hyperparameters)
    if sized and (height is None or width is None):
        raise ImpossibleShapeError(f"{name} is built for one map size: give height and width")
    refusal = known.refusal(channels, height or 0, width or 0, hyperparameters)
    if refusal:
        place = f"@{height}x{width}" if height and width else ""
        raise ImpossibleShapeError(f"{name}@{channels}{place} - {refusal}")
    size = {"height": height, "width": width} if sized else {}
    made = getattr(importlib.import_module(MODULES.module_name(name)), known.class_name)
    module: nn.Module = made(channels, **settings, **size)
    return module
