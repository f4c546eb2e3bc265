"""Draw a run: costs with their Pareto front, scaling with fitted exponents, memory"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attnprof.cli._output import SHARED
from attnprof.figures import FIGURES

if TYPE_CHECKING:
    from attnprof.figures import FigureKind, Scene
    from attnprof.results import Results

SUFFIXES = (".pdf", ".svg", ".png")
PNG_DPI = 200
INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}
HELP = """\
Draw the results of a run as PDF, SVG or PNG.

\b
  attnprof plot -o front.pdf                             latency against MACs, a panel per point
  attnprof plot --kind scaling -m se,eca,cbam --against channels -o scaling.svg
  attnprof plot -x params -y memory --at 256@56 --width 3.4in

RUN is a run folder, a results.csv, or - for a CSV on standard input; else the newest under reports/. The figure goes
into the run's folder unless -o names a file. Needs matplotlib: pip install 'attnprof[plot]'.
"""


def _plot(run: str | None, **given: Any) -> int:
    from attnprof.cli._output import results_of

    kind: FigureKind = _kind(given["kind"])
    width = _inches(given["width"])
    output = Path(given["output"]) if given["output"] else _beside(run) / f"{given['kind']}.pdf"
    if output.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"-o: {output}: write a name that ends in {', '.join(SUFFIXES)}")
    scene = _scene(results_of(run), given, width)
    notes = _save(kind, scene, output)
    if not given["quiet"]:
        for line in [*notes, output]:
            print(line, file=sys.stderr)
    return 0


def _kind(name: str) -> "FigureKind":
    from attnprof.errors import EnvironmentProblem

    FIGURES.module_name(name)
    try:
        import matplotlib  # noqa: F401 # asked for here, before anything is read
    except ImportError:
        raise EnvironmentProblem("attnprof plot needs matplotlib: pip install 'attnprof[plot]'") from None
    kind: FigureKind = FIGURES.get(name)
    return kind


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


def _beside(run: str | None) -> Path:
    """The folder of the run, or of its CSV; the working directory for standard input."""
    from attnprof.records.journal import newest_folder

    if run == "-":
        return Path()
    path = Path(run) if run else newest_folder()
    return path if path.is_dir() else path.parent


def _scene(results: "Results", given: dict[str, Any], width: float) -> "Scene":
    from attnprof.choosing.candidates import candidates
    from attnprof.choosing.measures import measure_named
    from attnprof.cli._output import of_modules
    from attnprof.errors import UnknownNameError
    from attnprof.figures import Scene
    from attnprof.views.caption import caption

    measures = {}
    for option in ("x", "y"):
        try:
            measures[option] = measure_named(given[option])
        except UnknownNameError as problem:
            raise click.UsageError(f"-{option}: {problem}") from None
        if not measures[option].column:
            raise click.UsageError(
                f"-{option}: {given[option]} is published, not measured: it cannot be drawn"
            )
    if given["against"] not in (None, "channels", "res"):
        raise click.UsageError(f"--against: {given['against']!r} is neither channels nor res")
    points, among = candidates(of_modules(results, given["modules"]).rows(), {})
    asked = _points(points, given["at"])
    return Scene(
        among, asked, caption(results, [])[0], measures["x"], measures["y"], given["against"] or "", width
    )


def _points(points: tuple[str, ...], at: str) -> list[str]:
    """Those of the run's points that ``at`` names; all where it names none."""
    from attnprof.catalogue.selection import split

    asked = [point for text in split(at) for point in _meant(text, points)]
    return list(dict.fromkeys(asked)) or list(points)


def _meant(text: str, points: tuple[str, ...]) -> list[str]:
    """The points that ``text`` means: a network, or a size under whatever conditions. Raises click.UsageError."""
    from attnprof.grid import parse_point, show_res

    inside = [point for point in points if text in (point, point.partition("@")[0]) and not text.isdecimal()]
    if inside:
        return inside
    try:
        channels, *size = parse_point(text)
    except ValueError as problem:
        raise click.UsageError(f"--at: {problem}") from None
    name = f"{channels}@{show_res((size[0], size[1]))}"
    same = [point for point in points if point.partition(" ")[0] == name]
    if not same:
        raise click.UsageError(f"--at: {text} was not measured. There are: {', '.join(points)}")
    return same


def _save(kind: "FigureKind", scene: "Scene", output: Path) -> list[str]:
    from attnprof.errors import EnvironmentProblem
    from attnprof.figures._style import style

    # The date would make every file of the same figure another one.
    stamp: dict[str, Any] = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}.get(
        output.suffix.lower(), {}
    )
    with style():
        figure, notes = kind.draw(scene)
        try:
            figure.savefig(output, dpi=PNG_DPI, metadata=stamp)
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {output}: {(problem.strerror or '').lower()}") from None
    return notes


COMMAND = click.Command(
    "plot",
    callback=_plot,
    help=HELP,
    params=[
        click.Argument(["run"], required=False, metavar="[RUN]"),
        click.Option(
            ["--kind"], default="pareto", metavar="KIND", help=f"{', '.join(FIGURES.names())} [pareto]"
        ),
        click.Option(["-x"], default="macs", metavar="METRIC", help="across [macs]"),
        click.Option(
            ["-y"],
            default="latency",
            metavar="METRIC",
            help="up: params, macs, flops, latency, memory, ... [latency]",
        ),
        click.Option(
            ["--against"], metavar="channels|res", help="what scaling goes along (what varies more)"
        ),
        click.Option(["--at"], default="", metavar="POINTS", help="only there: 64@56,256@28x40"),
        click.Option(
            ["-m", "--modules"], default="", metavar="LIST", help="only these: names, family:channel, !name"
        ),
        click.Option(["--width"], default="7in", metavar="LENGTH", help="of the figure: 3.4in, 8.5cm [7in]"),
        click.Option(["-o", "--output"], metavar="FILE", help=f"{', '.join(SUFFIXES)} (in the run's folder)"),
        *SHARED,
    ],
)
