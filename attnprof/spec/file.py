"""Where a spec comes from: a TOML file, the environment, the command line; and the place of every mistake in it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnprof.choosing.budget import as_table, limits_of
from attnprof.errors import SpecError, UnknownNameError, nearest
from attnprof.spec import SECTIONS, Spec


@dataclass(frozen=True)
class Source:
    """Where some fields were asked for: a file, the environment, the command line.

    places: field -> the place as a user reads it, without the index of a list's element. problems: what is wrong with
    the source itself, each with its place.
    """

    values: Mapping[str, Any]
    places: Mapping[str, str]
    problems: Sequence[str] = ()


def merge(sources: Sequence[Source]) -> Spec:
    """The Spec of several sources, the later ones first in rank. Raises SpecError with every mistake and its place."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for source in sources:
        values |= source.values
        places |= source.places
    lines = [problem for source in sources for problem in source.problems]
    try:
        spec = Spec(**values)
    except SpecError as problem:
        for (field, index), says in zip(problem.fields, problem.problems, strict=True):
            place = places.get(field, field)
            lines.append(f"{place}{index if not place.startswith('--') else ''}: {says}")
    if lines:
        raise SpecError(lines) from None
    return spec


def from_file(path: Path) -> Source:
    """The fields that a TOML spec file (or a pyproject.toml's [tool.attnprof]) sets, with file and line.

    Keys that mean nothing are its problems. Raises SpecError for a file that cannot be read or is no TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tables: Any = tomllib.loads(text)
    except OSError as problem:
        raise SpecError([f"{path}: cannot read it: {problem.strerror}"]) from None
    except UnicodeDecodeError:
        raise SpecError([f"{path}: not a text file in UTF-8"]) from None
    except tomllib.TOMLDecodeError as problem:
        line = re.search(r"at line (\d+)", str(problem))
        where = f"{path}:{line[1]}" if line else str(path)
        raise SpecError([f"{where}: not TOML: {re.sub(r' *[(]at .*[)]', '', str(problem))}"]) from None
    root = ("tool", "attnprof") if path.name == "pyproject.toml" else ()
    for name in root:
        tables = tables.get(name, {}) if isinstance(tables, dict) else {}
    if not isinstance(tables, dict):
        raise SpecError([f"{path}:{line_of(text, root)}: {'.'.join(root)} has to be a table"])
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    problems: list[str] = []
    sections = dict.fromkeys(SECTIONS.values())
    for section, table in tables.items():
        place = f"{path}:{line_of(text, (*root, section))}: {section}"
        if section not in sections:
            hint = nearest(section, sections) or f"There are: {', '.join(sections)}"
            problems.append(f"{place}: no such table. {hint}")
        elif not isinstance(table, dict):
            problems.append(f"{place} is a table: write [{section}], and its keys below it")
        elif section == "variants":
            values["set"], places["set"] = table, place
        elif section == "budget":
            values["budget"], places["budget"] = {}, place
            for key, bounds in table.items():
                place = f"{path}:{line_of(text, (*root, section, key))}: {section}.{key}"
                try:
                    values["budget"] |= as_table(limits_of(key, bounds))
                except (ValueError, UnknownNameError) as problem:
                    problems.append(f"{place}: {str(problem).removeprefix(f'{key!r}: ')}")
        else:
            known = [name for name, belongs in SECTIONS.items() if belongs == section]
            for key, value in table.items():
                place = f"{path}:{line_of(text, (*root, section, key))}: {section}.{key}"
                if key in known:
                    values[key], places[key] = value, place
                else:
                    belongs = SECTIONS.get(key)
                    hint = f"It belongs in [{belongs}]." if belongs else nearest(key, known)
                    problems.append(f"{place}: no such key. {hint}".rstrip())
    return Source(values, places, tuple(problems))


def line_of(text: str, path: Sequence[str]) -> int:
    """The line (from 1) on which ``path`` of a TOML text is set: its key, else its table, else what lies within it.

    tomllib keeps no positions. This reads table headers and 'key =' lines, which is all that a spec has.
    """
    table: list[str] = []
    within: list[int] = []
    around = 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        key = re.match(r"\s*([A-Za-z0-9_\"'.-]+)\s*=", line)
        if not header and not key:
            continue
        parts = [part.strip().strip("\"'") for part in (header or key)[1].split(".")]  # type: ignore[index] # one matched
        table = parts if header else table
        here = parts if header else [*table, *parts]
        if here == list(path):
            return number
        if here[: len(path)] == list(path):
            within.append(number)
        if header and here == list(path[: len(here)]):
            around = number
    return within[0] if within else around
