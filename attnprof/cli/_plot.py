"""``attnprof plot``: a figure of a run."""

from io import BytesIO
from pathlib import Path
from typing import Any

import click

from attnprof.cli._results import is_file, of_modules, results_of, write_file
from attnprof.cli._terminal import Terminal
from attnprof.figures import FigureKind, Scene
from attnprof.records.journal import newest_folder
from attnprof.views.figure import drawable, drawing, figure_kind, scene_of

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
    figure = figure_kind(kind)
    inches = _inches(width)
    path = Path(output) if output is not None else _folder(run) / f"{kind}.pdf"
    if path.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"-o: {output}: write a name that ends in {', '.join(SUFFIXES)}")
    results = results_of(run)
    axes = drawable(x, "-x"), drawable(y, "-y")
    scene = scene_of(of_modules(results, modules), *axes, against or "", at, inches, dashes="--")
    for note in _save(figure, scene, path):
        terminal.note(note)
    terminal.note(str(path))
    return 0


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


def _save(kind: FigureKind, scene: Scene, path: Path) -> list[str]:
    """Draw and write the figure; notes on it."""
    with drawing():
        figure, notes = kind.draw(scene)
        suffix = path.suffix.lower()
        picture = BytesIO()
        figure.savefig(picture, format=suffix[1:], dpi=PNG_DPI, metadata=UNDATED.get(suffix, {}))
    write_file(path, picture.getvalue())
    return notes
