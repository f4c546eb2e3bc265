"""What a run is to do: Spec, its settings, its files.

Spec is imported on first use (PEP 562): the settings can be listed without pydantic, which checks values.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attnprof.spec.request import Spec as Spec

__all__ = ["Spec"]  # __getattr__ defines it


def __getattr__(name: str) -> Any:
    if name != "Spec":
        raise AttributeError(f"module 'attnprof.spec' has no attribute {name!r}")
    return import_module("attnprof.spec.request").Spec
