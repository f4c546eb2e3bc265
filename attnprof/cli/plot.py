"""Draw a run: Pareto front, scaling, memory or ranks"""

import click

from attnprof.cli._command import command, run_argument
from attnprof.figures import AXES, FIGURES

HELP = """\
Draw the results of a run as PDF, SVG or PNG.

\b
  attnprof plot -o front.pdf
  attnprof plot --kind scaling -m se,eca --against channels -o scaling.svg
  attnprof plot --kind scaling --against batch -y throughput
  attnprof plot -x params -y memory --at 256@56 --width 3.4in
  attnprof plot --kind ranks --width 3.4in -o ranks.pdf

RUN is a run folder, a results.csv, or - for a CSV on standard input; the
default is the newest folder under reports/. The figure goes into the run's
folder unless -o names a file. Needs matplotlib: pip install 'attnprof[plot]'.
"""

COMMAND = command(
    "plot",
    "attnprof.cli._plot:plot",
    HELP,
    [
        run_argument(),
        click.Option(
            ["--kind"], default="pareto", metavar="KIND", help=f"{', '.join(FIGURES.names())} [pareto]"
        ),
        click.Option(["-x"], default="macs", metavar="METRIC", help="horizontal axis [macs]"),
        click.Option(
            ["-y"],
            default="latency",
            metavar="METRIC",
            help="vertical axis: params, macs, flops, latency, memory, ... [latency]",
        ),
        click.Option(
            ["--against"], metavar="AXIS", help=f"of scaling: {', '.join(AXES)} (the one that varies most)"
        ),
        click.Option(["--at"], default="", metavar="POINTS", help="these points only: 64@56,256@28x40"),
        click.Option(
            ["-m", "--modules"], default="", metavar="LIST", help="only these: names, family:channel, !name"
        ),
        click.Option(["--width"], default="7in", metavar="LENGTH", help="of the figure: 3.4in, 8.5cm [7in]"),
        click.Option(["-o", "--output"], metavar="FILE", help="a .pdf, .svg or .png (in the run's folder)"),
    ],
)
