"""Specs from a TOML file, the environment and the command line, and the place of every mistake in them."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnprof.choosing.budget import as_table, limits_of
from attnprof.errors import SpecError, UnknownNameError, nearest
from attnprof.spec import Spec
from attnprof.spec.locations import locations
from attnprof.spec.settings import SECTIONS

HERE = ("local", "none", "None")  # places that are this machine


@dataclass(frozen=True)
class Source:
    """Fields that a file, the environment or the command line sets."""

    values: Mapping[str, Any]
    places: Mapping[str, str]  # field -> its place as a user reads it, without the index of a list's element
    problems: Sequence[str] = ()  # mistakes of the source itself, each with its place
    # How the user asks for what is read without being named: such a source may name no file that would run.
    # Empty: the user has named the source.
    how_to_ask: str = ""

    def objection(self, field: str) -> str:
        """One line where the value of ``field`` is not UTF-8, as arguments need not be, or names a file that
        nobody has asked to run; else ''."""
        place, value = self.places.get(field, field), self.values[field]
        if field != "output" and not _is_text(value):  # a folder may have any name
            return f"{place}: not a text in UTF-8"
        if field == "output" and "\0" in str(value):
            return f"{place}: no name of a folder holds NUL"
        if self.how_to_ask and field == "on" and str(value).partition(":")[0] not in HERE:
            return f"{place}: workers would start by {value}, and nobody asked for it: {self.how_to_ask}"
        files = locations({field: value}) if self.how_to_ask else []
        if not files:
            return ""
        return f"{place}: {files[0]} would run, and nobody asked for it: {self.how_to_ask}"


def _is_text(value: Any) -> bool:
    """Whether ``value``, if it is a text, can be written as UTF-8."""
    return not isinstance(value, str) or value.encode(errors="replace").decode() == value


def merge(sources: Sequence[Source]) -> Spec:
    """The Spec of several sources; later ones override. Raises SpecError with every mistake and its place."""
    return _merged(sources, Spec)


def recorded(path: Path) -> Spec:
    """The Spec of a run folder's file at ``path``, whose names are not looked up: see ``Spec.recorded``.

    Tables and keys that a newer version has added are passed over. Raises SpecError.
    """
    reader = _read_spec(path)
    problems = [problem for problem in reader.problems if problem not in reader.unknown]
    return _merged([Source(reader.values, reader.places, problems)], Spec.recorded)


def _merged(sources: Sequence[Source], of_values: Callable[..., Spec]) -> Spec:
    highest = {field: source for source in sources for field in source.values}
    objections = {field: source.objection(field) for field, source in highest.items()}
    values = {field: source.values[field] for field, source in highest.items() if not objections[field]}
    lines = [problem for source in sources for problem in source.problems]
    lines += filter(None, objections.values())
    try:
        spec = of_values(**values)
    except SpecError as problem:
        lines += _placed(problem, sources)
    if lines:
        raise SpecError(lines) from None
    return spec


def _placed(problem: SpecError, sources: Sequence[Source]) -> Iterator[str]:
    """The mistakes of a Spec, each with its place in the highest source that has one."""
    places = {field: place for source in sources for field, place in source.places.items()}
    for (field, index), message in zip(problem.fields, problem.problems, strict=True):
        place = places.get(field, field)
        yield f"{place}{index if not place.startswith('--') else ''}: {message}"


def from_file(path: Path, how_to_ask: str = "") -> Source:
    """The fields that a TOML spec file (or a pyproject.toml's [tool.attnprof]) sets, with file and line.

    how_to_ask: that of the Source. Unknown keys are its problems. Raises SpecError for a file that cannot be
    read or is not TOML.
    """
    reader = _read_spec(path)
    return Source(reader.values, reader.places, tuple(reader.problems), how_to_ask)


def _read_spec(path: Path) -> "_Reader":
    text = _read(path)
    tables = _parsed(path, text)
    root = ("tool", "attnprof") if path.name == "pyproject.toml" else ()
    for name in root:
        tables = tables.get(name, {}) if isinstance(tables, dict) else {}
    if not isinstance(tables, dict):
        raise SpecError([f"{path}:{line_of(text, root)}: {'.'.join(root)} has to be a table"])
    reader = _Reader(path, text, root)
    for section, table in tables.items():
        reader.read(section, table)
    return reader


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise SpecError([f"{path}: cannot read it: {problem.strerror}"]) from None
    except UnicodeDecodeError:
        raise SpecError([f"{path}: not a text file in UTF-8"]) from None
    except ValueError as problem:
        raise SpecError([f"{path}: cannot read it: {problem}"]) from None


def _parsed(path: Path, text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        line = re.search(r"at line (\d+)", str(problem))
        place = f"{path}:{line[1]}" if line else str(path)
        raise SpecError([f"{place}: not TOML: {re.sub(r' *[(]at .*[)]', '', str(problem))}"]) from None
    except RecursionError:
        raise SpecError([f"{path}: not read: brackets within brackets, hundreds deep"]) from None
    except ValueError:
        raise SpecError([f"{path}: not read: a number of thousands of digits"]) from None


class _Reader:
    """Reads the tables of one file."""

    def __init__(self, path: Path, text: str, root: tuple[str, ...]) -> None:
        self.values: dict[str, Any] = {}
        self.places: dict[str, str] = {}
        self.problems: list[str] = []
        self.unknown: set[str] = set()  # of the problems: a table or a key that no setting has
        self._path, self._text = path, text
        self._root = root  # tables that the spec is below: tool, attnprof

    def read(self, section: str, table: Any) -> None:
        """One table of the spec."""
        sections = dict.fromkeys(SECTIONS.values())
        place = self._place(section)
        if section not in sections:
            hint = nearest(section, sections) or f"There are: {', '.join(sections)}"
            self._note_unknown(f"{place}: no such table. {hint}")
        elif not isinstance(table, dict):
            self.problems.append(f"{place} is a table: write [{section}], and its keys below it")
        elif section == "variants":
            self._set("set", table, place)
        elif section == "budget":
            self._set("budget", {}, place)
            for key, bounds in table.items():
                self._read_limit(key, bounds)
        else:
            for key, value in table.items():
                self._read_key(section, key, value)

    def _read_limit(self, key: str, bounds: Any) -> None:
        try:
            self.values["budget"] |= as_table(limits_of(key, bounds))
        except (ValueError, UnknownNameError) as problem:
            message = str(problem).removeprefix(f"{key!r}: ")
            self.problems.append(f"{self._place('budget', key)}: {message}")

    def _read_key(self, section: str, key: str, value: Any) -> None:
        place = self._place(section, key)
        own_section = SECTIONS.get(key)
        if own_section == section:
            self._set(key, value, place)
            return
        names = [name for name, other in SECTIONS.items() if other == section]
        hint = f"It belongs in [{own_section}]." if own_section else nearest(key, names)
        self._note_unknown(f"{place}: no such key. {hint}".rstrip())

    def _note_unknown(self, problem: str) -> None:
        self.problems.append(problem)
        self.unknown.add(problem)

    def _set(self, field: str, value: Any, place: str) -> None:
        self.values[field], self.places[field] = value, place

    def _place(self, *keys: str) -> str:
        return f"{self._path}:{line_of(self._text, (*self._root, *keys))}: {'.'.join(keys)}"


@dataclass(frozen=True)
class _Line:
    """A line of a TOML text that sets something."""

    number: int  # from 1
    path: tuple[str, ...]  # the table of a header, or the whole path of a key
    is_header: bool


def line_of(text: str, path: Sequence[str]) -> int:
    """The line (from 1) on which ``path`` of a TOML text is set: its key, else its table, else a key in it.

    tomllib keeps no positions. This reads table headers and 'key =' lines, which is all that a spec has.
    """
    path = tuple(path)
    within: list[int] = []
    around = 1
    for line in _lines(text):
        if line.path == path:
            return line.number
        if line.path[: len(path)] == path:
            within.append(line.number)
        if line.is_header and line.path == path[: len(line.path)]:
            around = line.number
    return within[0] if within else around


def _lines(text: str) -> Iterator[_Line]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        key = re.match(r"\s*([A-Za-z0-9_\"'.-]+)\s*=", line)
        if header:
            table = _parts(header[1])
            yield _Line(number, table, is_header=True)
        elif key:
            yield _Line(number, (*table, *_parts(key[1])), is_header=False)


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
