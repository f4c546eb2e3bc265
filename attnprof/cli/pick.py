"""Choose modules under a budget: ranked, or their Pareto front"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from attnprof.cli._budget_options import budget_of, budget_options, sentence
from attnprof.cli._output import SHARED

if TYPE_CHECKING:
    from collections.abc import Set

    from attnprof.choosing.candidates import Candidate
    from attnprof.choosing.choice import Choice
    from attnprof.choosing.measures import Measure
    from attnprof.formats import Look
    from attnprof.results import Results
    from attnprof.results.columns import Column
    from attnprof.views.choice import Published

HELP = """\
Choose among the modules of a run: what keeps a budget at every measured point.

\b
  attnprof pick --max-params 10k --max-latency 0.5ms
  attnprof pick --budget 'latency<=1.2x:se, top1>=77' --network resnet50
  attnprof pick --pareto latency,params,top1 --at 256@56

RUN is a run folder, a results.csv, or - for a CSV on standard input; else the newest under reports/. A latency counts
by the upper end of its interval. Without options, [budget] of ./attnprof.toml or of the run's spec. Exit code 1: nothing fits.
"""
NOTHING_FITS = 1
FORMS = ("text", "json", "csv", "md")


def _pick(run: str | None, **given: Any) -> int:
    from attnprof import published as reference
    from attnprof.choosing.candidates import candidates
    from attnprof.choosing.choice import choose
    from attnprof.cli._output import look, results_of
    from attnprof.views.choice import Published

    published = Published(*reference.choose(given["network"], given["dataset"]))
    whole = results_of(run)
    budget, origin = budget_of(given, whole.spec)
    results = _narrowed(whole, given["at"], given["device"])
    points, among = candidates(
        results.rows(),
        results.notes,
        lambda name: reference.evidence(name, published.network, published.dataset),
    )
    by = _measures(given["pareto"] or given["rank"], "--pareto" if given["pareto"] else "--rank", among)
    choice = choose(among, points, budget, by, pareto=bool(given["pareto"]))
    _show(choice, results, origin, published, given, look(no_color=given["no_color"]))
    return 0 if choice.chosen else NOTHING_FITS


def _narrowed(results: "Results", at: str, device: str) -> "Results":
    """The rows at the points ``at``, sizes or networks, and of the machines that ``device`` names."""
    from attnprof.catalogue.selection import split
    from attnprof.choosing.candidates import label
    from attnprof.errors import RunFolderError, UsageError

    rows = results.rows()
    if not rows:
        raise RunFolderError("no cell of this run was finished: there is nothing to choose from")
    labels = [label(row) for row in rows]
    meant = {*labels, *(row["host"] for row in rows if row.get("host"))}
    wanted = {_point(text, meant, labels) for text in split(at)}
    machines = [" ".join(filter(None, (row["device"], row.get("device_name")))) for row in rows]
    if not any(device.lower() in machine.lower() for machine in machines):
        raise UsageError(
            f"--device: no {device!r} in this run. There are: {', '.join(sorted(set(machines)))}"
        )
    kept = [
        n
        for n, (row, machine) in enumerate(zip(rows, machines, strict=True))
        if device.lower() in machine.lower() and (not wanted or {labels[n], row.get("host")} & wanted)
    ]
    return results.only(kept)


def _point(text: str, meant: "Set[str]", labels: Sequence[str]) -> str:
    """The label of a point, or the network, that ``text`` means. Raises UsageError."""
    from attnprof.errors import UsageError
    from attnprof.grid import parse_point, show_res

    if text in meant:
        return text
    there = ", ".join(dict.fromkeys(labels))
    try:
        channels, *size = parse_point(text)
    except ValueError as problem:
        inside = any(not label[:1].isdigit() for label in labels)  # of networks, whose names they begin with
        says = f"{text!r} was not measured. There are: {there}" if inside else problem
        raise UsageError(f"--at: {says}") from None
    point = f"{channels}@{show_res((size[0], size[1]))}"
    if point not in meant:
        raise UsageError(f"--at: {point} was not measured. There are: {there}")
    return point


def _measures(text: str | None, option: str, among: "list[Candidate]") -> "list[Measure]":
    """The measures that ``text`` names; where it is None the first of latency, MACs and params that was found."""
    from attnprof.catalogue.selection import split
    from attnprof.choosing.candidates import Missing
    from attnprof.choosing.measures import measure_named, measures
    from attnprof.errors import UnknownNameError, UsageError

    if text is not None:
        try:
            asked = list(dict.fromkeys(measure_named(name) for name in split(text)))
        except UnknownNameError as problem:
            raise UsageError(f"{option}: {problem}") from None
        least = 2 if option == "--pareto" else 1
        if len(asked) < least or (option == "--rank" and len(asked) > 1):
            raise UsageError(
                f"{option}: name {'two metrics or more' if least == 2 else 'one metric'}, not {text!r}"
            )
        return asked
    usual = [measures()[name] for name in ("latency", "macs", "params")]
    cells = [(each, point) for each in among for point, mode in each.cells if mode == "eval"]
    return [
        next((m for m in usual if any(not isinstance(e.figure(m, p), Missing) for e, p in cells)), usual[-1])
    ]


def _show(
    choice: "Choice",
    results: "Results",
    origin: str,
    published: "Published",
    given: dict[str, Any],
    how: "Look",
) -> None:
    from dataclasses import replace
    from textwrap import fill

    from attnprof.formats import md, text
    from attnprof.views import choice as view

    if given["format"] in ("json", "csv"):
        click.echo(getattr(view, f"as_{given['format']}")(choice, results.environment, published))
        return
    under = view.below(choice, how.width or 100, given["rejected"])
    laid = view.sheet_of(choice, published)
    if not choice.chosen:
        click.echo("\n".join([_heading(choice, results, origin, published, [])[0], under]))
        return
    if given["format"] == "md":
        head = _heading(choice, results, origin, published, laid.columns)
        click.echo(md.typeset(laid, [*head, *under.splitlines()]))
        return
    laid = replace(
        laid, footnotes=[fill(each, how.width or 100, subsequent_indent="    ") for each in laid.footnotes]
    )
    table, dropped = text.typeset(laid, lambda kept: _heading(choice, results, origin, published, kept), how)
    click.echo("\n\n".join(filter(None, [table, under])), color=how.colour or None)
    for note in [] if given["quiet"] else dropped:
        click.echo(f"{note}. All of them: --format csv", err=True)


def _heading(
    choice: "Choice", results: "Results", origin: str, published: "Published", shown: "Sequence[Column]"
) -> list[str]:
    """The lines above the table: the budget, the order, the conditions, and what the columns ``shown`` mean."""
    from attnprof.results.columns import COLUMNS
    from attnprof.views.caption import caption

    names, columns = " and ".join(measure.title for measure in choice.by), {column.name for column in shown}
    several = len(choice.points) > 1
    place = f"{'every measured point' if several else 'the measured point'} ({', '.join(choice.points)})"
    order = f"rank: by {names}; one more than how many are better beyond the noise"
    head = [sentence(choice.budget, origin, place), f"Pareto front of {names}" if choice.pareto else order]
    timed = "latency" in columns
    head += caption(results, [column for column in COLUMNS if timed and column.name == "latency_s"])
    head += ["A latency counts by the upper end of its interval."] if timed else []
    head += ["Figures are of the point at which a module stands worst."] if several else []
    return head + (published.caption if "published" in columns else [])


COMMAND = click.Command(
    "pick",
    callback=_pick,
    help=HELP,
    params=[
        click.Argument(["run"], required=False, metavar="[RUN]"),
        *budget_options(),
        click.Option(["--rank"], metavar="METRIC", help="order by it (latency, else MACs, else params)"),
        click.Option(
            ["--pareto"], metavar="METRICS", help="two or more: keep what nothing else beats in all of them"
        ),
        click.Option(["--at"], default="", metavar="POINTS", help="judge there only: 256@56"),
        click.Option(
            ["--device"], default="", metavar="NAME", help="judge on that one only, of several machines"
        ),
        click.Option(
            ["--network"], default="resnet50", metavar="NAME", help="of published figures [resnet50]"
        ),
        click.Option(
            ["--dataset"], default="imagenet-1k", metavar="NAME", help="of published figures [imagenet-1k]"
        ),
        click.Option(["--rejected"], is_flag=True, help="name every rejected module, with the reason"),
        click.Option(
            ["--format"],
            type=click.Choice(FORMS),
            default="text",
            metavar="FORMAT",
            help=f"{', '.join(FORMS)} [text]",
        ),
        *SHARED,
    ],
)
