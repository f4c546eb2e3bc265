"""``attnprof pick``: the modules of a run that keep a budget, ranked, or their Pareto front."""

from collections.abc import Mapping, Sequence

from attnprof import published as published_figures
from attnprof.catalogue.selection import split
from attnprof.choosing.candidates import Candidate, candidates
from attnprof.choosing.choice import Choice, choose
from attnprof.choosing.measures import Measure, measure_named
from attnprof.cli._budget import budget_or_default, sentence
from attnprof.cli._output import Outlet
from attnprof.cli._results import results_of
from attnprof.cli._terminal import Terminal
from attnprof.errors import NOT_MET, RunFolderError, UnknownNameError, UsageError
from attnprof.records.journal import newest_folder
from attnprof.results import Results
from attnprof.results.columns import Row
from attnprof.results.selection import rows_at, usual_measure
from attnprof.views.choice import Published
from attnprof.views.choice import document as document_of_choice
from attnprof.views.where import rows_where

ALL = "all"  # every batch, every runtime
AXES = {"batch": ("batches", "batch"), "runtime": ("runtimes", "execution")}  # option: in words, its column


def pick(
    run: str | None,
    budget: str | None,
    rank: str | None,
    pareto: str | None,
    at: str,
    where: str,
    device: str,
    batch: str,
    runtime: str,
    network: str,
    dataset: str,
    rejected: bool,
    format: str | None,
    output: str | None,
    units: str,
    caption: str,
    label: str,
    no_notes: bool,
    terminal: Terminal,
    **limits: str | None,
) -> int:
    """Choose and print. limits: of the options of single metrics."""
    outlet = Outlet(format, output, units, caption, label, no_notes)
    published = Published(*published_figures.choose(network, dataset))
    results = results_of(run)
    keep, source = budget_or_default(budget, limits, results.spec)
    results = _selected(rows_where(results, where), at, device, {"batch": batch, "runtime": runtime})
    points, entrants = candidates(
        results.rows(),
        results.notes,
        lambda name: published_figures.evidence(name, published.network, published.dataset),
    )
    order = _front_measures(pareto) if pareto else [_rank_measure(rank, entrants)]
    choice = choose(entrants, points, keep, order, pareto=bool(pareto))
    line = _budget_line(choice, source) + (f", in {newest_folder()}, the newest run" if run is None else "")
    document = document_of_choice(choice, results, line, published, rejected)
    outlet.deliver(document, terminal)
    return 0 if choice.chosen else NOT_MET


def _selected(results: Results, at: str, device: str, conditions: Mapping[str, str]) -> Results:
    """The rows at the points or networks of ``at``, on the machines whose name contains ``device``, under the
    ``conditions``: name of an option -> its text."""
    rows = results.rows()
    if not rows:
        raise RunFolderError("no cell of this run was finished: there is nothing to choose from")
    at_points = rows_at(rows, at, "--at")
    numbers = [number for number in _rows_on(rows, device) if number in at_points]
    for option, text in conditions.items():
        numbers = [numbers[n] for n in _rows_of([rows[number] for number in numbers], option, text)]
    return results.only(numbers)


def _rows_on(rows: Sequence[Row], device: str) -> list[int]:
    """The numbers of the rows measured on machines whose name contains ``device``. Raises UsageError."""
    machines = [" ".join(filter(None, (row["device"], row.get("device_name")))) for row in rows]
    numbers = [number for number, machine in enumerate(machines) if device.lower() in machine.lower()]
    if not numbers:
        names = ", ".join(sorted(set(machines)))
        raise UsageError(f"--device: no {device!r} in this run. There are: {names}")
    return numbers


def _rows_of(rows: Sequence[Row], option: str, text: str) -> list[int]:
    """The numbers of the rows of the batches, or runtimes, ``text``: a list or ALL; empty: of the only one.

    Raises UsageError, also where there are several and none is named: a limit on a latency means another
    thing at each.
    """
    plural, column = AXES[option]
    values = [str(row[column]) for row in rows]
    measured = list(map(str, sorted({row[column] for row in rows})))
    wanted = set(split(text)) or set(measured)
    if ALL in wanted:
        return list(range(len(rows)))
    if not split(text) and len(measured) > 1:
        raise UsageError(
            f"this run has {plural} {', '.join(measured)}: choose at one, --{option} {measured[0]}, or at"
            f" every one, --{option} all"
        )
    if missing := wanted - set(measured):
        raise UsageError(f"--{option}: {min(missing)} was not measured. There are: {', '.join(measured)}")
    return [number for number, value in enumerate(values) if value in wanted]


def _front_measures(names: str) -> list[Measure]:
    front = _measures(names, "--pareto")
    if len(front) < 2:
        raise UsageError(f"--pareto: name two metrics or more, not {names!r}")
    return front


def _rank_measure(name: str | None, entrants: Sequence[Candidate]) -> Measure:
    if name is None:
        return usual_measure(entrants)
    order = _measures(name, "--rank")
    if len(order) != 1:
        raise UsageError(f"--rank: name one metric, not {name!r}")
    return order[0]


def _measures(names: str, option: str) -> list[Measure]:
    try:
        return list(dict.fromkeys(measure_named(name) for name in split(names)))
    except UnknownNameError as problem:
        raise UsageError(f"{option}: {problem}") from None


def _budget_line(choice: Choice, source: str) -> str:
    """The budget, and where it is judged.

    source: the file that it is from, empty where it is of the options.
    """
    several = len(choice.points) > 1
    place = f"{'every measured point' if several else 'the measured point'} ({', '.join(choice.points)})"
    return sentence(choice.budget, source, place)
