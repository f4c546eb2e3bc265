"""A figure of results: what is drawn, for the command and for Python."""

import importlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from attnprof.catalogue.selection import split
from attnprof.choosing.candidates import candidates
from attnprof.choosing.measures import Measure, measure_named
from attnprof.errors import EnvironmentProblem, UnknownNameError, UsageError
from attnprof.figures import AXES, FIGURES, FigureKind, Scene
from attnprof.grid import parse_point, show_res
from attnprof.records.characters import printable
from attnprof.results import Results
from attnprof.views.caption import conditions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_of(
    results: Results,
    kind: str = "pareto",
    *,
    x: str = "macs",
    y: str = "latency",
    against: str = "",
    at: str = "",
    width: float = 7.0,
) -> "Figure":
    """A figure of ``results``, for a notebook, which shows it.

    kind: 'pareto', 'scaling', 'memory', 'ranks', or a plug-in's. x, y: metrics, of the kinds that have such
    axes. against: 'channels', 'res' or 'batch', of scaling; empty: what varies most. at: points or networks,
    '64@56,256@14'; empty: all. width: in inches. What finds no room is a warning. Raises UsageError,
    UnknownNameError, EnvironmentProblem without matplotlib.
    """
    entry = figure_kind(kind)
    scene = scene_of(results, drawable(x, "x"), drawable(y, "y"), against, at, width)
    with drawing():
        figure, notes = entry.draw(scene)
    for note in notes:
        warnings.warn(note, stacklevel=3)
    return figure


def figure_kind(name: str) -> FigureKind:
    """The kind of figure. Raises UnknownNameError; EnvironmentProblem where matplotlib is missing."""
    FIGURES.module_name(name)
    if find_spec("matplotlib") is None:
        raise EnvironmentProblem("attnprof plot needs matplotlib: pip install 'attnprof[plot]'")
    entry: FigureKind = FIGURES.get(name)
    return entry


def drawable(name: str, axis: str) -> Measure:
    """The measure ``name`` for an axis, as it is called where it was written. Raises UsageError."""
    try:
        measure = measure_named(name)
    except UnknownNameError as problem:
        raise UsageError(f"{axis}: {problem}") from None
    if not measure.column:
        raise UsageError(f"{axis}: {name} is published, not measured: it cannot be drawn")
    return measure


def scene_of(
    results: Results, x: Measure, y: Measure, against: str, at: str, width: float, dashes: str = ""
) -> Scene:
    """What is to be drawn of ``results``.

    width: in inches. dashes: before the names of options, where they are options. Raises UsageError for a
    point or an axis that the results do not have.
    """
    if against and against not in AXES:
        raise UsageError(f"{dashes}against: {against!r} is not one of {', '.join(AXES)}")
    points, entrants = candidates([*map(_printable, results.rows())], {})
    selected = _points(points, at, f"{dashes}at")
    return Scene(entrants, selected, printable(conditions(results)), x, y, against, width)


@contextmanager
def drawing() -> Iterator[None]:
    """The rules of all figures, while one is drawn or saved; they import matplotlib."""
    with importlib.import_module("attnprof.figures._style").style(), warnings.catch_warnings():
        # Letters that the font has not are boxes in the figure: it shows them itself.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        # So is a name that leaves no room for the axes.
        warnings.filterwarnings("ignore", "constrained_layout not applied")
        yield


def _printable(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without characters that no font draws and no SVG may hold."""
    return {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}


def _points(points: Sequence[str], at: str, option: str) -> list[str]:
    """Those of the run's points that ``at`` names; all where it names none."""
    selected = [point for text in split(at) for point in _matching(text, points, option)]
    return list(dict.fromkeys(selected)) or list(points)


def _matching(text: str, points: Sequence[str], option: str) -> list[str]:
    """The points that ``text`` means: a network, or a size under any conditions. Raises UsageError."""
    of_network = [point for point in points if text in (point, point.partition("@")[0])]
    if of_network and not text.isdecimal():
        return of_network
    try:
        channels, *size = parse_point(text)
    except ValueError as problem:
        raise UsageError(f"{option}: {problem}") from None
    name = f"{channels}@{show_res((size[0], size[1]))}"
    same_size = [point for point in points if point.partition(" ")[0] == name]
    if not same_size:
        raise UsageError(f"{option}: {text} was not measured. There are: {', '.join(points)}")
    return same_size
