"""``attnprof pick``: the modules of a run that keep a budget, ranked, or their Pareto front."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from textwrap import fill

from attnprof import published as published_figures
from attnprof.catalogue.selection import split
from attnprof.choosing.candidates import Candidate, Missing, candidates, label
from attnprof.choosing.choice import Choice, choose
from attnprof.choosing.measures import Measure, measure_named, measures
from attnprof.cli._budget import budget_or_default, sentence
from attnprof.cli._results import results_of
from attnprof.cli._terminal import Terminal
from attnprof.errors import NOT_MET, RunFolderError, UnknownNameError, UsageError
from attnprof.formats import md, text
from attnprof.grid import parse_point, show_res
from attnprof.results import Results
from attnprof.results.columns import COLUMNS, Column, Row
from attnprof.views import choice as view
from attnprof.views.caption import caption
from attnprof.views.choice import Published

USUAL = ("latency", "macs", "params")  # ranked by the first of these that the run has
WIDTH = 100  # columns of the notes where stdout is no terminal


@dataclass(frozen=True)
class Answer:
    """A choice with what its table says of it."""

    choice: Choice
    results: Results
    budget_source: str  # the file that the budget is from, empty where it is of the options
    published: Published


def pick(
    run: str | None,
    budget: str | None,
    rank: str | None,
    pareto: str | None,
    at: str,
    device: str,
    network: str,
    dataset: str,
    rejected: bool,
    format: str,
    terminal: Terminal,
    **limits: str | None,
) -> int:
    """Choose and print. limits: of the options of single metrics."""
    published = Published(*published_figures.choose(network, dataset))
    results = results_of(run)
    keep, source = budget_or_default(budget, limits, results.spec)
    results = _selected(results, at, device)
    points, entrants = candidates(
        results.rows(),
        results.notes,
        lambda name: published_figures.evidence(name, published.network, published.dataset),
    )
    order = _front_measures(pareto) if pareto else [_rank_measure(rank, entrants)]
    choice = choose(entrants, points, keep, order, pareto=bool(pareto))
    _show(Answer(choice, results, source, published), format, rejected, terminal)
    return 0 if choice.chosen else NOT_MET


def _selected(results: Results, at: str, device: str) -> Results:
    """The rows at the points or networks of ``at``, on the machines whose name contains ``device``."""
    rows = results.rows()
    if not rows:
        raise RunFolderError("no cell of this run was finished: there is nothing to choose from")
    at_points = _rows_at(rows, at)
    on_machines = _rows_on(rows, device)
    return results.only([number for number in on_machines if number in at_points])


def _rows_at(rows: Sequence[Row], at: str) -> AbstractSet[int]:
    """The numbers of the rows at the points or networks of ``at``; all where it is empty.

    Raises UsageError.
    """
    if not split(at):
        return set(range(len(rows)))
    labels = [label(row) for row in rows]
    networks = [row.get("host") for row in rows]
    points = {_point(text, {*labels, *filter(None, networks)}, labels) for text in split(at)}
    return {number for number in range(len(rows)) if {labels[number], networks[number]} & points}


def _rows_on(rows: Sequence[Row], device: str) -> list[int]:
    """The numbers of the rows measured on machines whose name contains ``device``. Raises UsageError."""
    machines = [" ".join(filter(None, (row["device"], row.get("device_name")))) for row in rows]
    numbers = [number for number, machine in enumerate(machines) if device.lower() in machine.lower()]
    if not numbers:
        names = ", ".join(sorted(set(machines)))
        raise UsageError(f"--device: no {device!r} in this run. There are: {names}")
    return numbers


def _point(text: str, names: AbstractSet[str], labels: Sequence[str]) -> str:
    """The label of the point, or the network, that ``text`` names. Raises UsageError."""
    if text in names:
        return text
    measured = ", ".join(dict.fromkeys(labels))
    try:
        channels, *size = parse_point(text)
    except ValueError as problem:
        inside_networks = any(not label[:1].isdigit() for label in labels)  # such labels begin with a network
        reason = f"{text!r} was not measured. There are: {measured}" if inside_networks else problem
        raise UsageError(f"--at: {reason}") from None
    point = f"{channels}@{show_res((size[0], size[1]))}"
    if point not in names:
        raise UsageError(f"--at: {point} was not measured. There are: {measured}")
    return point


def _front_measures(names: str) -> list[Measure]:
    front = _measures(names, "--pareto")
    if len(front) < 2:
        raise UsageError(f"--pareto: name two metrics or more, not {names!r}")
    return front


def _rank_measure(name: str | None, entrants: Sequence[Candidate]) -> Measure:
    if name is None:
        return _usual_measure(entrants)
    order = _measures(name, "--rank")
    if len(order) != 1:
        raise UsageError(f"--rank: name one metric, not {name!r}")
    return order[0]


def _measures(names: str, option: str) -> list[Measure]:
    try:
        return list(dict.fromkeys(measure_named(name) for name in split(names)))
    except UnknownNameError as problem:
        raise UsageError(f"{option}: {problem}") from None


def _usual_measure(entrants: Sequence[Candidate]) -> Measure:
    """The first of latency, MACs and params that any candidate has."""
    cells = [
        (candidate, point) for candidate in entrants for point, mode in candidate.cells if mode == "eval"
    ]
    for name in USUAL:
        measure = measures()[name]
        if any(not isinstance(candidate.figure(measure, point), Missing) for candidate, point in cells):
            return measure
    return measures()[USUAL[-1]]


def _show(answer: Answer, format: str, rejected: bool, terminal: Terminal) -> None:
    choice, published = answer.choice, answer.published
    look = terminal.look()
    width = look.width or WIDTH
    if format == "json":
        terminal.show(view.as_json(choice, answer.results.environment, published))
        return
    if format == "csv":
        terminal.show(view.as_csv(choice, answer.results.environment, published))
        return
    below = view.below(choice, width, rejected)
    sheet = view.sheet_of(choice, published)
    if not choice.chosen:
        terminal.show("\n".join([_heading(answer, [])[0], below]))
        return
    if format == "md":
        terminal.show(md.typeset(sheet, [*_heading(answer, sheet.columns), *below.splitlines()]))
        return
    footnotes = [fill(note, width, subsequent_indent="    ") for note in sheet.footnotes]
    table, hidden = text.typeset(
        replace(sheet, footnotes=footnotes), lambda columns: _heading(answer, columns), look
    )
    terminal.show("\n\n".join(filter(None, [table, below])), hidden)


def _heading(answer: Answer, shown: Sequence[Column]) -> list[str]:
    """The lines above the table: budget, order, conditions, and what the columns ``shown`` mean."""
    choice = answer.choice
    titles = " and ".join(measure.title for measure in choice.by)
    columns = {column.name for column in shown}
    several = len(choice.points) > 1
    place = "every measured point" if several else "the measured point"
    lines = [sentence(choice.budget, answer.budget_source, f"{place} ({', '.join(choice.points)})")]
    if choice.pareto:
        lines.append(f"Pareto front of {titles}")
    else:
        lines.append(f"rank: by {titles}; one more than how many are better beyond the noise")
    if "latency" in columns:
        lines += caption(answer.results, [column for column in COLUMNS if column.name == "latency_s"])
        lines.append("A latency counts by the upper end of its interval.")
    else:
        lines += caption(answer.results, [])
    if several:
        lines.append("Figures are of the point at which a module stands worst.")
    if "published" in columns:
        lines += answer.published.caption
    return lines
