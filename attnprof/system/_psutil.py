"""psutil, once it is needed: its import takes 16 ms, which most commands do without."""

import importlib
from typing import Any


def psutil() -> Any:
    """The package."""
    return importlib.import_module("psutil")
