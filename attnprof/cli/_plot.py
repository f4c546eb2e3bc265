"""``attnprof plot``: a figure of a run."""

import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import click

from attnprof.catalogue.selection import split
from attnprof.choosing.candidates import candidates
from attnprof.choosing.measures import Measure, measure_named
from attnprof.cli._results import is_file, of_modules, results_of, write_file
from attnprof.cli._terminal import Terminal
from attnprof.errors import EnvironmentProblem, UnknownNameError
from attnprof.figures import AXES, FIGURES, FigureKind, Scene
from attnprof.grid import parse_point, show_res
from attnprof.records.characters import printable
from attnprof.records.journal import newest_folder
from attnprof.views.caption import conditions as conditions_of

SUFFIXES = (".pdf", ".svg", ".png")
PNG_DPI = 200
INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}
# A date would make every file of the same figure another one.
UNDATED: dict[str, dict[str, Any]] = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}


def plot(
    run: str | None,
    kind: str,
    x: str,
    y: str,
    against: str | None,
    at: str,
    modules: str,
    width: str,
    output: str | None,
    terminal: Terminal,
) -> int:
    """Draw the results of ``run`` into the file ``output``."""
    figure = _figure(kind)
    inches = _inches(width)
    path = Path(output) if output is not None else _folder(run) / f"{kind}.pdf"
    if path.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"-o: {output}: write a name that ends in {', '.join(SUFFIXES)}")
    results = results_of(run)
    horizontal, vertical = _measure("x", x), _measure("y", y)
    if against not in (None, *AXES):
        raise click.UsageError(f"--against: {against!r} is not one of {', '.join(AXES)}")
    points, entrants = candidates([*map(_printable, of_modules(results, modules).rows())], {})
    conditions = printable(conditions_of(results))
    scene = Scene(entrants, _points(points, at), conditions, horizontal, vertical, against or "", inches)
    for note in _save(figure, scene, path):
        terminal.note(note)
    terminal.note(str(path))
    return 0


def _printable(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without characters that no font draws and no SVG may hold."""
    return {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}


def _figure(kind: str) -> FigureKind:
    """The kind of figure. Raises UnknownNameError; EnvironmentProblem where matplotlib is missing."""
    FIGURES.module_name(kind)
    if find_spec("matplotlib") is None:
        raise EnvironmentProblem("attnprof plot needs matplotlib: pip install 'attnprof[plot]'")
    entry: FigureKind = FIGURES.get(kind)
    return entry


def _inches(text: str) -> float:
    unit = text.strip().lstrip("0123456789.")
    number = text.strip().removesuffix(unit)
    try:
        inches = float(number) * INCHES[unit.strip()]
    except (KeyError, ValueError):
        raise click.UsageError(f"--width: {text!r} is no width; write 7in, 8.5cm or 252pt") from None
    if not 2 <= inches <= 40:
        raise click.UsageError(f"--width: {text} is not between 2in and 40in")
    return inches


def _folder(run: str | None) -> Path:
    """The folder of the run, or of its CSV; the working directory for standard input."""
    if run == "-":
        return Path()
    path = Path(run) if run else newest_folder()
    return path.parent if is_file(path) else path


def _measure(option: str, name: str) -> Measure:
    try:
        measure = measure_named(name)
    except UnknownNameError as problem:
        raise click.UsageError(f"-{option}: {problem}") from None
    if not measure.column:
        raise click.UsageError(f"-{option}: {name} is published, not measured: it cannot be drawn")
    return measure


def _points(points: tuple[str, ...], at: str) -> list[str]:
    """Those of the run's points that ``at`` names; all where it names none."""
    selected = [point for text in split(at) for point in _matching(text, points)]
    return list(dict.fromkeys(selected)) or list(points)


def _matching(text: str, points: tuple[str, ...]) -> list[str]:
    """The points that ``text`` means: a network, or a size under any conditions. Raises click.UsageError."""
    of_network = [point for point in points if text in (point, point.partition("@")[0])]
    if of_network and not text.isdecimal():
        return of_network
    try:
        channels, *size = parse_point(text)
    except ValueError as problem:
        raise click.UsageError(f"--at: {problem}") from None
    name = f"{channels}@{show_res((size[0], size[1]))}"
    same_size = [point for point in points if point.partition(" ")[0] == name]
    if not same_size:
        raise click.UsageError(f"--at: {text} was not measured. There are: {', '.join(points)}")
    return same_size


def _save(kind: FigureKind, scene: Scene, path: Path) -> list[str]:
    """Draw and write the figure; notes on it."""
    from attnprof.figures._style import style  # matplotlib, which may be missing until the kind is imported

    with style(), warnings.catch_warnings():
        # Letters that the font has not are boxes in the figure: it shows them itself.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        # So is a name that leaves no room for the axes.
        warnings.filterwarnings("ignore", "constrained_layout not applied")
        figure, notes = kind.draw(scene)
        suffix = path.suffix.lower()
        picture = BytesIO()
        figure.savefig(picture, format=suffix[1:], dpi=PNG_DPI, metadata=UNDATED.get(suffix, {}))
    write_file(path, picture.getvalue())
    return notes
