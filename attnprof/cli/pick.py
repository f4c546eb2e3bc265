"""Choose modules under a budget: ranked, or their Pareto front"""

import click

from attnprof.cli._budget_options import budget_options
from attnprof.cli._command import (
    OUTPUT,
    PUBLISHING,
    command,
    output_options,
    publishing_options,
    run_argument,
    where_option,
)

HELP = """\
Choose among the modules of a run: those that keep a budget at every measured
point.

\b
  attnprof pick --max-params 10k --max-latency 0.5ms
  attnprof pick --budget 'latency<=1.2x:se, top1>=77' --network resnet50
  attnprof pick --pareto latency,params,top1 --at 256@56

RUN is a run folder, a results.csv, or - for a CSV on standard input; the
default is the newest folder under reports/. A latency is judged by the upper
end of its interval. Without options the budget is [budget] of ./attnprof.toml
or of the run's spec. Exit code 1: no module fits.
"""

COMMAND = command(
    "pick",
    "attnprof.cli._pick:pick",
    HELP,
    {
        "Budget": [run_argument(), *budget_options()],
        "Choice": [
            click.Option(["--rank"], metavar="METRIC", help="order by it (latency, else MACs, else params)"),
            click.Option(
                ["--pareto"], metavar="METRICS", help="two or more: keep the Pareto-optimal modules"
            ),
            click.Option(["--rejected"], is_flag=True, help="name every rejected module, with the reason"),
        ],
        "Where it is judged": [
            click.Option(["--at"], default="", metavar="POINTS", help="at these points only: 256@56"),
            where_option(),
            click.Option(["--device"], default="", metavar="NAME", help="on this machine only, of several"),
            click.Option(["--batch"], default="", metavar="N", help="at this batch only, of several; or all"),
            click.Option(
                ["--runtime"], default="", metavar="NAME", help="in this runtime only, of several; or all"
            ),
            click.Option(
                ["--network"], default="resnet50", metavar="NAME", help="of published figures [resnet50]"
            ),
            click.Option(
                ["--dataset"],
                default="imagenet-1k",
                metavar="NAME",
                help="of published figures [imagenet-1k]",
            ),
        ],
        "For a paper": publishing_options(),
        OUTPUT: output_options(),
    },
    rare=PUBLISHING,
)
