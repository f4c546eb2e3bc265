"""A folder is a registry: one file, one entry; listing imports nothing.

``Registry("attnprof.metrics", "METRIC")`` holds every file of that package whose name does not begin
with an underscore, and every entry point of the group ``attnprof.metrics``. A file that is added is an
entry from that moment; nothing else has to be edited.
"""

import importlib
import importlib.util
import os
import pkgutil
import re
import sys
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from attnprof.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ABOUT = ("dist-info", "egg-info")  # how folders end that describe an installed distribution


class Registry:
    """The entries of one package, by name.

    package: dotted name of the folder; also the entry-point group of plug-ins.
    symbol: the one name that each file exports.
    word: what an entry is called in messages.
    """

    def __init__(self, package: str, symbol: str, word: str) -> None:
        self.package, self.symbol, self.word = package, symbol, word

    @cached_property
    def _files(self) -> dict[str, str]:
        path = importlib.import_module(self.package).__path__
        names = [file.name for file in pkgutil.iter_modules(path) if not file.name.startswith("_")]
        return {name: f"{self.package}.{name}" for name in names}

    @cached_property
    def _plugins(self) -> "dict[str, EntryPoint]":
        if self.package not in _declared_groups(tuple(sys.path)):
            return {}
        from importlib.metadata import entry_points  # email, zipfile and random: a third of the start-up

        return {point.name: point for point in entry_points(group=self.package)}

    def names(self) -> list[str]:
        """Every entry's name, sorted. Imports no entry."""
        return sorted({*self._files, *self._plugins})

    def __contains__(self, name: str) -> bool:
        return name in self._files or name in self._plugins

    def is_own(self, name: str) -> bool:
        """Whether ``name`` is a file of the folder, and no plug-in."""
        return name in self._files

    def module_name(self, name: str) -> str:
        """The dotted name of the Python module that defines the entry ``name``.

        Raises UnknownNameError with the nearest names.
        """
        if name in self._files:
            return self._files[name]
        if name in self._plugins:
            return self._plugins[name].module
        hint = nearest(name, self.names()) or f"There are: {', '.join(self.names())}"
        raise UnknownNameError(f"no {self.word} {name!r}. {hint}")

    def source(self, name: str) -> str:
        """The path of the file that defines ``name``, without importing it."""
        spec = importlib.util.find_spec(self.module_name(name))
        if spec is None or spec.origin is None:
            raise UnknownNameError(f"the {self.word} {name!r} has no source file")
        return spec.origin

    def get(self, name: str) -> Any:
        """The entry ``name``: imports its one file and returns what it exports."""
        return getattr(importlib.import_module(self.module_name(name)), self.symbol)


@cache
def _declared_groups(folders: tuple[str, ...]) -> frozenset[str]:
    """The entry-point groups of the distributions that are installed in ``folders``."""
    groups: set[str] = set()
    for folder in folders:
        for about in _folders_about(folder or "."):
            groups.update(_groups_in(os.path.join(about, "entry_points.txt")))
    return frozenset(groups)


def _folders_about(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as items:
            return [item.path for item in items if item.name.lower().endswith(ABOUT)]
    except OSError:  # it does not exist, or is an archive
        return []


def _groups_in(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return re.findall(r"^\[(.+)\]", file.read(), flags=re.MULTILINE)
    except OSError:
        return []
