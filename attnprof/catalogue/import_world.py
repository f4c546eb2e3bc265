"""The import world of a folder: what its Python files mean by ``import blocks``.

Two folders may each have a blocks.py. The files of a world, and those of its own that they import, are
modules of this process under names that nothing else has; Python's modules and installed packages are shared.
An import statement calls the ``__import__`` among the built-in names of its file, which here is that of the
file's world: it means the same in a constructor or a forward call. All other code imports as ever.

A module is looked for beside the file, among what is installed, and in the folders above the file, up to the
root of its repository. Names of Python's standard library and of torch are never a world's own.
"""

import ast
import builtins
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from attnprof.catalogue.user_location import spec_within

SHARED = sys.stdlib_module_names | {"torch", "attnprof"}
INSTALLED = ("site-packages", "dist-packages")  # names of folders whose modules are shared
SIGNS_OF_A_ROOT = ((".git",), ("pyproject.toml", "setup.py", "setup.cfg"))  # the first weigh more


class Origin(NamedTuple):
    """Where a top-level module of a world comes from."""

    world: "World"
    name: str  # as its files call it
    file: Path | None  # None: a folder without __init__.py
    folders: list[str] | None  # of a package; None: it is a module

    def spec(self, name: str) -> ModuleSpec | None:
        """For importing it as ``name``."""
        if self.file is None:
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = self.folders
            return spec
        loader = WorldLoader(name, str(self.file), self.world)
        return importlib.util.spec_from_file_location(
            name, self.file, loader=loader, submodule_search_locations=self.folders
        )


_origins: dict[str, Origin] = {}  # by name in sys.modules


class WorldLoader(SourceFileLoader):
    """Runs a file of a world."""

    def __init__(self, name: str, path: str, world: "World") -> None:
        super().__init__(name, path)
        self._builtins = world.builtins

    def exec_module(self, module: ModuleType) -> None:
        """Run its code with the built-in names of its world."""
        vars(module)["__builtins__"] = self._builtins
        super().exec_module(module)


class OriginFinder:
    """Python's import machinery finds the modules of all worlds by it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """How to import the module ``name``; None where it is of no world. path: of its package."""
        origin = _origins.get(name.partition(".")[0])
        if origin is None:
            return None
        if path is None:
            return origin.spec(name)
        spec = PathFinder.find_spec(name, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = WorldLoader(name, spec.loader.path, origin.world)
        return spec


class World:
    """The imports of the files of one folder."""

    def __init__(self, folder: Path) -> None:
        """folder: resolved."""
        self.roots: dict[str, Path] = {}  # its top-level modules from folders above it -> that folder
        self.builtins = {**vars(builtins), "__import__": self._import}
        self._folder = folder
        self._names: dict[str, str] = {}  # what its files call a top-level module -> its name in sys.modules
        self._others: set[str] = set()  # top-level modules that are not its own
        self._path = [*sys.path]  # without what its files add
        self._added: list[str] = []  # what they have added
        self._importlib = ModuleType("importlib")  # which its files have instead of Python's
        vars(self._importlib).update(
            __getattr__=partial(getattr, importlib), import_module=self._import_module
        )
        if not any(isinstance(finder, OriginFinder) for finder in sys.meta_path):
            sys.meta_path.insert(0, OriginFinder())

    def import_file(self, path: Path) -> ModuleType:
        """The module in the file ``path`` of this world's folder: a part of its package where it has
        package-relative imports. Exceptions of reading and of running it pass through."""
        package = _package_of(path)
        if package is None:
            return self._imported(self._own(path.stem, path, None))
        init = package / "__init__.py"
        parts = [part for part in path.relative_to(package).with_suffix("").parts if part != "__init__"]
        if package.parent.name in INSTALLED:
            return self._imported(".".join([package.name, *parts]))
        own = self._own(package.name, init if os.path.isfile(init) else None, [str(package)])
        return self._imported(".".join([own, *parts]))

    def import_package(self, name: str) -> ModuleType:
        """The module ``name``, installed or in this world's folder."""
        return self._imported(name if _is_installed(name) else self._translated(name))

    def _imported(self, name: str) -> ModuleType:
        """Import the module ``name`` of sys.modules. What it adds to sys.path is this world's alone."""
        importlib.invalidate_caches()
        self._path = before = [*sys.path]
        try:
            return importlib.import_module(name)
        finally:
            self._added += [folder for folder in sys.path if folder not in (*before, *self._added)]
            sys.path[:] = before

    def _import_module(self, name: str, package: str | None = None) -> ModuleType:
        """As importlib.import_module, called by one of its files."""
        return importlib.import_module(name if name.startswith(".") else self._translated(name), package)

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """As ``__import__``, called by one of its files."""
        if level == 0:
            name = self._translated(name, fromlist or ())
        module = builtins.__import__(name, globals, locals, fromlist or (), level)
        return self._importlib if module is importlib else module

    def _translated(self, name: str, parts: Sequence[str] = ()) -> str:
        """The name in sys.modules of what its files call ``name``. parts: what they import from it.

        Raises ModuleNotFoundError for what another world alone has.
        """
        top, dot, rest = name.partition(".")
        if top in SHARED or top in self._names.values():  # __package__ of its files is such a value
            return name
        if top not in self._names and top not in self._others:
            self._settle(top, name, parts)
        if top not in self._names and top in _origins:
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)
        return self._names.get(top, top) + dot + rest

    def _settle(self, top: str, name: str, parts: Sequence[str]) -> None:
        """Make the module ``top`` this world's own, if ``name`` lies in one of its folders."""
        folder = self._folder_with(name, parts)
        spec = PathFinder.find_spec(top, [str(folder)]) if folder else None
        if spec is None or not isinstance(spec.loader, SourceFileLoader | None):
            if _is_installed(top):
                self._others.add(top)
            return
        file = Path(spec.loader.path) if spec.loader else None
        folders = spec.submodule_search_locations
        self._own(top, file, None if folders is None else [*folders])

    def _folder_with(self, name: str, parts: Sequence[str]) -> Path | None:
        """Its folder that has the module ``name``, which is not Python's own."""
        new = [folder for folder in sys.path if folder not in self._path]
        for folder in (self._folder, *map(Path, self._added), *map(Path, new)):
            if _has(folder, name, parts):
                return folder
        if _is_installed(name):
            return None
        for folder in _above(self._folder):
            if _has(folder, name, parts):
                self.roots[name.partition(".")[0]] = folder
                return folder
        return None

    def _own(self, name: str, file: Path | None, folders: list[str] | None) -> str:
        """The name in sys.modules of its own top-level module ``name``."""
        if name not in self._names:
            self._names[name] = _free_name(name)
            _origins[self._names[name]] = Origin(self, name, file, folders)
        return self._names[name]


@cache
def world_of(folder: Path) -> World:
    """The world of the files in ``folder``, a resolved path."""
    return World(folder)


def as_written(text: str) -> str:
    """``text`` with its modules called as the files of their worlds call them."""
    for name, origin in _origins.items():
        if name != origin.name:
            text = re.sub(rf"\b{re.escape(name)}\b", origin.name, text)
    return text


def _free_name(name: str) -> str:
    """A name for a module of this process that is like ``name`` and that nothing has, or may come to have."""
    plain = re.sub(r"\W", "_", name)
    names = (f"{plain}__{number}" if number > 1 else plain for number in count(1))
    return next(
        each for each in names if each not in SHARED and each not in _origins and not _is_installed(each)
    )


def _package_of(path: Path) -> Path | None:
    """The folder of the outermost package that the file ``path`` is in; None for a file without
    package-relative imports, which needs none."""
    nodes = ast.walk(ast.parse(path.read_bytes(), filename=str(path)))
    levels = [node.level for node in nodes if isinstance(node, ast.ImportFrom)]
    depth = max(levels, default=0)
    if depth == 0:
        return None
    package = path.parents[min(depth, len(path.parents)) - 1]
    while os.path.isfile(package.parent / "__init__.py"):
        package = package.parent
    return package


def _above(folder: Path) -> list[Path]:
    """The folders above ``folder``, the nearest first: up to the root of its repository or project, or to the
    home folder, which is none of them."""
    chain = [folder, *folder.parents]
    for signs in SIGNS_OF_A_ROOT:
        for number, each in enumerate(chain):
            if any(os.path.exists(each / sign) for sign in signs):
                return chain[1 : number + 1]
    ends = (os.path.expanduser("~"), folder.anchor)
    return chain[1 : next(number for number, each in enumerate(chain) if str(each) in ends)]


def _has(folder: Path, name: str, parts: Sequence[str]) -> bool:
    """Whether the module ``name`` lies in ``folder``; nothing is imported. parts: what is imported from it,
    some of which a folder without __init__.py has to have."""
    if folder.name in INSTALLED:
        return False
    top, *others = name.split(".")
    spec = spec_within(PathFinder.find_spec(top, [str(folder)]), others)
    if spec is None:
        return False
    return spec.loader is not None or any(spec_within(spec, [part]) for part in parts)


def _is_installed(name: str) -> bool:
    """Whether all code of this process would find the module ``name``; nothing is imported."""
    top, *others = name.split(".")
    if top in _origins:
        return False
    if top in sys.modules and not others:
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return False
    return spec_within(spec, others) is not None
