"""A network of the user's own: what is called to build it, or a module that is built already.

torchvision.models:resnet50, nets.py:Net    a function or class, called without arguments
nets.py:make(width=0.5)                     called with these
nets.py:NET                                 an nn.Module, copied for each use
"""

import importlib
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from attnprof.catalogue.declared import takes_list
from attnprof.catalogue.selection import name_and_settings
from attnprof.catalogue.signature import Signature, signature_of
from attnprof.catalogue.user_module import description_of, load
from attnprof.catalogue.values import Value, parse_settings, show_settings
from attnprof.errors import UsageError, nearest

if TYPE_CHECKING:
    from torch import nn


def location_and_settings(name: str) -> tuple[str, dict[str, Value]]:
    """The location in the name of a network, and the settings behind it. Raises UsageError."""
    location, settings = name_and_settings(name)
    try:
        return location, parse_settings(settings or "")
    except UsageError as problem:
        raise UsageError(f"{name}: {problem}") from None


def name_in_results(name: str) -> str:
    """The network ``name`` as results have it. Raises UsageError."""
    location, settings = location_and_settings(name)
    return f"{location}({show_settings(settings)})" if settings else location


def require_buildable(location: str, settings: Mapping[str, Value]) -> None:
    """Raises UsageError where the network at ``location`` cannot be built with ``settings``."""
    _arguments(location, settings)


def build(location: str, settings: Mapping[str, Value]) -> "nn.Module":
    """The network at ``location``, new, on the default device.

    Raises UsageError for what is no nn.Module, for settings that it does not take or lacks, and what its own
    code raises.
    """
    source: Any = load(location)
    arguments = _arguments(location, settings)
    network = _copied(location, source) if _is_built(location) else source(**arguments)
    if not hasattr(network, "named_modules"):
        raise UsageError(f"{location}: it returns {type(network).__name__}, not an nn.Module")
    return network  # type: ignore[no-any-return] # loaded by name


def _is_built(location: str) -> bool:
    return description_of(location).is_built


def _copied(location: str, network: Any) -> Any:
    device = importlib.import_module("torch").empty(0).device
    try:
        return deepcopy(network).to(device)
    except Exception as problem:  # noqa: BLE001 # its classes may raise anything
        raise UsageError(
            f"{location}: it cannot be copied for each use ({problem}); name a function that builds it"
        ) from None


def _arguments(location: str, settings: Mapping[str, Value]) -> dict[str, Any]:
    """``settings`` as the class or function at ``location`` takes them. Raises UsageError."""
    if _is_built(location):
        if settings:
            raise UsageError(f"{location}: it is built already, and takes no settings")
        return {}
    signature = signature_of(description_of(location))
    _require_names(location, signature, settings)
    return {name: _passed(location, signature, name, value) for name, value in settings.items()}


def _require_names(location: str, signature: Signature, settings: Mapping[str, Value]) -> None:
    """Raises UsageError for an argument that there is not, and for those that are missing."""
    unknown = [] if signature.takes_any else [name for name in settings if name not in signature.named]
    if unknown:
        hint = nearest(unknown[0], signature.named) or f"It has: {', '.join(signature.named) or 'none'}."
        raise UsageError(f"{location} has no argument {unknown[0]!r}. {hint}")
    _require_complete(location, signature, settings)


def _require_complete(location: str, signature: Signature, settings: Mapping[str, Value]) -> None:
    """Raises UsageError for arguments that are missing."""
    required = [name for name, argument in signature.named.items() if not argument.has_default]
    if missing := [name for name in required if name not in settings]:
        values = ",".join(f"{name}=..." for name in missing)
        raise UsageError(f"{location} needs {', '.join(missing)}: write {location}({values})")


def _passed(location: str, signature: Signature, name: str, value: Value) -> Any:
    try:
        typed: Any = signature.typed(name, value)
    except UsageError as problem:
        raise UsageError(f"{location}: {problem}") from None
    is_list = isinstance(typed, tuple) and name in signature.named and takes_list(signature.named[name])
    return list(typed) if is_list else typed
