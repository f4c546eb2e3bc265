"""The catalogue of attention modules: names, aliases and entries without torch, and ``create`` with it."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnprof.catalogue import user_module
from attnprof.catalogue.absent import absent_named, bare
from attnprof.catalogue.entry import GATE, NOTHING, Entry, read
from attnprof.catalogue.user_location import is_path
from attnprof.catalogue.values import Value
from attnprof.errors import ImpossibleShapeError, UnknownNameError, UsageError, nearest
from attnprof.grid import Point
from attnprof.registry import Registry

if TYPE_CHECKING:
    from torch import nn

MODULES = Registry("attnprof.modules", "ENTRY", "module")


def entry(name: str) -> Entry:
    """The entry of the module ``name``: its key, or another of its names, in any case. Only a user's own,
    named by its location, is imported: by a child process, unless this one has.

    Raises UnknownNameError with the module to which a related name leads, or the nearest names; UsageError
    for a file without an entry, or that cannot be imported.
    """
    if is_path(name):
        return user_module.entry_of(name)
    return _entry(name if name in MODULES else _key_behind(name))


@cache
def _entry(name: str) -> Entry:
    try:
        return read(name, MODULES.source(name))
    except (OSError, SyntaxError, ValueError, LookupError, TypeError) as problem:
        raise UsageError(
            f"{MODULES.source(name)}: not a module's file: {type(problem).__name__}: {problem}"
        ) from None


def source_hash(name: str) -> str:
    """SHA-256 of a module's file where it is not part of attnprof, else empty."""
    if MODULES.is_own(name):
        return ""
    return file_hash(user_module.source_of(name) if is_path(name) else Path(MODULES.source(name)))


def file_hash(path: Path) -> str:
    """SHA-256 of a file; empty where there is none."""
    from hashlib import sha256  # OpenSSL, which the catalogue's own modules do not need

    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def entries() -> Iterator[Entry]:
    """Every entry, sorted by name."""
    return (entry(name) for name in MODULES.names())


def _key_behind(name: str) -> str:
    """The key of the module that people call ``name``: 'SE', 'coordatt', 'Non-local'. Raises
    UnknownNameError."""
    for spelled in (_hyphened, bare):  # 'ms-cam' and 'mscam' are two
        for module in entries():
            if spelled(name) in map(spelled, (module.key, *module.aliases)):
                return module.key
    raise UnknownNameError(_unknown(name))


def _hyphened(name: str) -> str:
    return name.lower().replace("_", "-")


def _unknown(name: str) -> str:
    """The message for a name that is no module's."""
    spelling = bare(name)
    for module in entries():
        if spelling in map(bare, module.related):
            return f"no module {name!r}. See {module.key}, {module.name}: attnprof show {module.key}"
    if absent := absent_named(name):
        return f"no module {name!r} here: {absent.answer}"
    names = [*MODULES.names(), *(alias for module in entries() for alias in module.aliases)]
    hint = f"no module {name!r}. {nearest(name, names)}".rstrip()
    return f"{hint}  All {len(MODULES.names())}: attnprof list"


def create(
    name: str,
    channels: int,
    /,
    *,
    height: int | None = None,
    width: int | None = None,
    settings: Mapping[str, Any] = NOTHING,
    **hyperparameters: Any,
) -> "nn.Module":
    """The attention module ``name`` for ``channels`` channels: a map (N, C, H, W) in, one of the
    same shape out; of the family fusion, two maps in.

    height, width: the map's size in pixels, for modules that are built for one. settings: hyperparameters,
    also those that are called height, width or settings. gate=True: of a module of your own that gives a
    gate, (N, C, 1, 1) or (N, 1, H, W), by which the map is to be multiplied.
    Raises UnknownNameError, UsageError (a hyperparameter it does not have) or ImpossibleShapeError.
    """
    own = user_module.load(name) if is_path(name) else None
    module_entry = entry(name)  # read in this process where the module is loaded
    settings = {**settings, **hyperparameters}
    changes = module_entry.changes(settings)
    if not (height and width) and module_entry.needs_size(settings):
        raise ImpossibleShapeError(f"{name} is built for one map size: give height and width")
    size = channels, height or 0, width or 0
    _require_possible(module_entry, size, settings)
    switches = {name: changes.pop(name) for name in module_entry.switches if name in changes}
    module: nn.Module = module_entry.build(own or _class_of(name, module_entry), size, changes)
    return _switched(module, switches)


def _require_possible(module_entry: Entry, point: Point, settings: Mapping[str, Any]) -> None:
    """Raises ImpossibleShapeError where a limit refuses ``point``: (C, H, W), H and W 0 where unknown."""
    refusal = module_entry.refusal(*point, settings)
    if refusal:
        channels, height, width = point
        place = f"@{height}x{width}" if height and width else ""
        raise ImpossibleShapeError(f"{module_entry.key}@{channels}{place} - {refusal}")


def _switched(module: "nn.Module", switches: Mapping[str, Value]) -> "nn.Module":
    """``module`` with what its switches add. Raises UsageError for one that is neither on nor off."""
    gate = switches.get(GATE, False)
    if not isinstance(gate, bool):
        raise UsageError(f"{GATE} is true or false, not {gate!r}")
    if not gate:
        return module
    gated: nn.Module = importlib.import_module("attnprof.modules._gated").Gated(module)
    return gated


def _class_of(name: str, module_entry: Entry) -> Callable[..., "nn.Module"]:
    module = importlib.import_module(MODULES.module_name(name))
    constructor: Callable[..., nn.Module] = getattr(module, module_entry.class_name)
    return constructor
