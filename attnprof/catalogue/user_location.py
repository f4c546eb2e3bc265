"""Where a module or a network of the user's own is, as text.

    my.py:Gate            a class or function in a file, by the file's path
    my_pkg.attn:Gate      one in a module that Python imports
    "my, dir/a.py":Gate   quotes, single or double, around the path or around all of it

A path is written as it is: blanks, parentheses, colons and '~' are part of it, and so are commas where a file
of that name exists. 'my.py::Gate' is 'my.py:Gate'.
"""

import importlib.util
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import NamedTuple

SUFFIXES = (".py", ".ipynb")  # of a file; a notebook is one that cannot be imported
MOST_COMMAS = 8  # in a path without quotes
QUOTES = ("'", '"')
_NAME = r"::?(?P<name>[^\W\d]\w*)"
_BEHIND_QUOTES = re.compile(_NAME)
_END = r"(?=\s*(?:\(|$))"  # settings may follow
_IN_FILE = re.compile(rf"(?P<where>.+?\.(?:py|ipynb)){_NAME}{_END}", re.DOTALL)
_IN_MODULE = re.compile(rf"(?P<where>[^\s()]*?){_NAME}{_END}")
_FILE_ALONE = re.compile(r"(?P<where>.+\.(?:py|ipynb)):{0,2}(?P<name>)\s*$", re.DOTALL)


class Location(NamedTuple):
    """A place in Python code."""

    where: str  # a file's path, or the dotted name of a module
    name: str  # of a class or function there; empty where the text has none

    def __str__(self) -> str:
        return f"{self.where}:{self.name}"

    @property
    def is_file(self) -> bool:
        """Whether it is in a file that is named by its path."""
        return self.where.endswith(SUFFIXES)

    @property
    def path(self) -> Path:
        """The path of the file, where it is in one."""
        return Path(os.path.expanduser(self.where))

    def absolute(self) -> "Location":
        """The same place, seen from any working directory. A module's name is as it is in this one."""
        here = os.getcwd()
        where = os.path.join(here, self.path) if self.is_file else f"{here}:{self.where}"
        return Location(where, self.name)


def is_path(name: str) -> bool:
    """Whether ``name`` is the location of a module instead of a name of the catalogue."""
    return ":" in name or name.strip("\"' ").endswith(SUFFIXES)


def location_of(text: str) -> Location:
    """The location that ``text`` is, apart from settings behind it. A text that is none is one where nothing
    can be."""
    location, _ = cut_location(text)
    return location or Location(*text.partition(":")[::2])


def cut_location(text: str) -> tuple[Location | None, str]:
    """The location that ``text`` begins with, and what follows it; None and all of it where it begins with
    none."""
    stripped = text.lstrip()
    if stripped.startswith(QUOTES):
        return _cut_quoted(stripped)
    for pattern in (_IN_FILE, _IN_MODULE, _FILE_ALONE):
        if match := pattern.match(stripped):
            return Location(match["where"], match["name"]), stripped[match.end() :]
    return None, text


def _cut_quoted(text: str) -> tuple[Location | None, str]:
    inside, end, rest = text[1:].partition(text[0])
    if not end:
        return None, text
    if match := _BEHIND_QUOTES.match(rest):
        return Location(inside, match["name"]), rest[match.end() :]
    location, others = cut_location(inside)
    return (None, text) if others.strip() else (location, rest)


def canonical(name: str) -> str:
    """``name`` as results have it: a location without quotes; any other name as it is."""
    return str(location_of(name)) if is_path(name) else name


def as_pattern(name: str) -> str:
    """The location ``name`` as it is written in a list: with quotes around a path with a comma."""
    location = location_of(name)
    return f'"{location.where}":{location.name}' if "," in location.where else name


def with_commas(parts: Sequence[str]) -> list[str]:
    """``parts`` of a list that was cut at its commas, with those put together again that are one path."""
    whole: list[str] = []
    for part in parts:
        starts = range(max(0, len(whole) - MOST_COMMAS), len(whole)) if ".py" in part else ()
        start = next((n for n in starts if _are_one_path(",".join(whole[n:]), part)), len(whole))
        whole[start:] = [",".join([*whole[start:], part])]
    return whole


def _are_one_path(before: str, part: str) -> bool:
    """Whether ``before`` and ``part``, with a comma between them, are the location of a file that exists."""
    beginning = before.lstrip(" !") + ","
    location, _ = cut_location(beginning + part)
    return location is not None and location.where.startswith(beginning) and os.path.isfile(location.path)


def file_at(name: str) -> Path:
    """Where the file at the location ``name`` is, or has to be. Nothing is imported: of a package that cannot
    be found without, it is a path where no file is."""
    location = location_of(name)
    if location.is_file:
        return location.path
    top, *others = location.where.split(".")
    with suppress(ImportError, ValueError, LookupError):
        package = importlib.util.find_spec(top) or PathFinder.find_spec(top, [os.path.abspath(".")])
        module = spec_within(package, others)
        return Path(module.origin or "" if module else "")
    return location.path


def spec_within(spec: ModuleSpec | None, parts: Sequence[str]) -> ModuleSpec | None:
    """Where importing would find the module that lies at ``parts``, one in the other, in the package of
    ``spec``; None where there is none. Nothing is imported."""
    for part in parts:
        folders = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(part, [*folders]) if folders else None
    return spec
