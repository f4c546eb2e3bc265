"""Where a spec comes from: a TOML file, the environment, the command line; and the place of every mistake in it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnprof.errors import SpecError, nearest
from attnprof.spec import SECTIONS, Spec


@dataclass(frozen=True)
class Source:
    """Where some fields were asked for: a file, the environment, the command line.

    places: field -> the place as a user reads it, without the index of a list's element.
    """

    values: Mapping[str, Any]
    places: Mapping[str, str]


def merge(sources: Sequence[Source]) -> Spec:
    """The Spec of several sources, the later ones first in rank. Raises SpecError with every mistake and its place."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for source in sources:
        values |= source.values
        places |= source.places
    try:
        return Spec(**values)
    except SpecError as problem:
        lines = []
        for (field, index), says in zip(problem.fields, problem.problems, strict=True):
            place = places.get(field, field)
            lines.append(f"{place}{index if not place.startswith('--') else ''}: {says}")
        raise SpecError(lines) from None


def from_file(path: Path) -> Source:
    """The fields that a TOML spec file (or a pyproject.toml's [tool.attnprof]) sets, with file and line.

    Raises SpecError for a file that cannot be read, is no TOML, or has a key that means nothing.
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
    root: tuple[str, ...] = ()
    if path.name == "pyproject.toml":
        root, tables = ("tool", "attnprof"), tables.get("tool", {}).get("attnprof", {})
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    problems: list[str] = []
    for section, table in tables.items():
        known = [name for name, belongs in SECTIONS.items() if belongs == section and name != "set"]
        place = f"{path}:{line_of(text, (*root, section))}"
        if section == "variants":
            values["set"], places["set"] = table, f"{place}: variants"
        elif not known or not isinstance(table, dict):
            hint = nearest(section, {*SECTIONS.values()}) or f"There are: {', '.join(dict.fromkeys(SECTIONS.values()))}"
            problems.append(f"{place}: {section}: no such table. {hint}")
        else:
            for key, value in table.items():
                place = f"{path}:{line_of(text, (*root, section, key))}: {section}.{key}"
                if key in known:
                    values[key], places[key] = value, place
                else:
                    belongs = SECTIONS.get(key)
                    hint = f"It belongs in [{belongs}]." if belongs else nearest(key, known)
                    problems.append(f"{place}: no such key. {hint}".rstrip())
    if problems:
        # The rest is checked all the same, so that every mistake is reported at once.
        try:
            merge([Source(values, places)])
        except SpecError as more:
            problems += more.problems
        raise SpecError(problems)
    return Source(values, places)


def line_of(text: str, path: Sequence[str]) -> int:
    """The line (from 1) on which the key ``path`` of a TOML text is set; its table's line where it has none of its own.

    tomllib keeps no positions. This reads table headers and 'key =' lines, which is all that a spec has.
    """
    table: list[str] = []
    best = 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            table = [part.strip().strip("\"'") for part in header[1].split(".")]
            if table == list(path[: len(table)]):
                best = number
        key = re.match(r"\s*([A-Za-z0-9_\"'.-]+)\s*=", line)
        if key and [*table, *(part.strip("\"'") for part in key[1].split("."))] == list(path):
            return number
    return best
