"""What keeps a budget, and what no other module beats: the rows of some modules of a run, for Python."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from attnprof import published
from attnprof.catalogue.selection import split
from attnprof.choosing.budget import Budget, parse_bound, read_budget
from attnprof.choosing.candidates import Candidate, Missing, candidates, label, varying_conditions
from attnprof.choosing.choice import Chosen, choose
from attnprof.choosing.measures import Measure, measure_named, measures
from attnprof.errors import UsageError, nearest
from attnprof.grid import parse_point, show_res
from attnprof.results.columns import Row

if TYPE_CHECKING:
    from attnprof.results.table import Results

RANKED_BY = ("latency", "macs", "params")  # the first of them that a run has


def pick(results: "Results", budget: str, rank: str, at: str, limits: Mapping[str, str | float]) -> "Results":
    """See ``Results.pick``."""
    results = results.only(sorted(rows_at(results.rows(), at, "at")))
    keep = read_budget([*([budget] if budget else []), *_limits(limits)])
    points, entrants = _candidates(results)
    order = [measure_named(rank) if rank else usual_measure(entrants)]
    return _rows_of(results, choose(entrants, points, keep, order).chosen)


def pareto(results: "Results", metrics: Iterable[str], at: str) -> "Results":
    """See ``Results.pareto``."""
    order = list(dict.fromkeys(measure_named(name) for name in metrics))
    if len(order) < 2:
        raise UsageError("a Pareto front is of two metrics or more: pareto('params', 'latency')")
    results = results.only(sorted(rows_at(results.rows(), at, "at")))
    points, entrants = _candidates(results)
    return _rows_of(results, choose(entrants, points, (), order, pareto=True).chosen)


def rows_at(rows: Sequence[Row], at: str, option: str) -> AbstractSet[int]:
    """The numbers of the rows at the points or networks of ``at``; all where it is empty.

    option: what ``at`` is called where it was written. Raises UsageError.
    """
    if not split(at):
        return set(range(len(rows)))
    vary, labels = varying_conditions(rows), [label(row) for row in rows]
    names = [{str(row.get("host") or ""), label(row), label(row, vary)} - {""} for row in rows]
    points = {_point(text, set().union(*names), labels, option) for text in split(at)}
    return {number for number in range(len(rows)) if names[number] & points}


def _point(text: str, names: AbstractSet[str], labels: Sequence[str], option: str) -> str:
    """The label of the point, or the network, that ``text`` names. Raises UsageError."""
    if text in names:
        return text
    measured = ", ".join(dict.fromkeys(labels))
    try:
        channels, *size = parse_point(text)
    except ValueError as problem:
        inside_networks = any(not label[:1].isdigit() for label in labels)  # such labels begin with a network
        reason = f"{text!r} was not measured. There are: {measured}" if inside_networks else problem
        raise UsageError(f"{option}: {reason}") from None
    point = f"{channels}@{show_res((size[0], size[1]))}"
    if point not in names:
        raise UsageError(f"{option}: {point} was not measured. There are: {measured}")
    return point


def _limits(limits: Mapping[str, str | float]) -> Budget:
    """The limits of arguments: max_params='20k', max_latency='1.2x:se', min_top1=77."""
    by_name = {measure.parameter: measure for measure in measures().values()}
    if unknown := limits.keys() - by_name:
        name = min(unknown)
        hint = nearest(name, by_name) or f"There are: {', '.join(by_name)}"
        raise UsageError(f"no limit {name!r}. {hint}")
    return tuple(parse_bound(by_name[name], str(bound)) for name, bound in limits.items())


def _candidates(results: "Results") -> tuple[tuple[str, ...], list[Candidate]]:
    """The points of the run and its candidates, with what is published of them on the usual network."""
    return candidates(results.rows(), results.notes, published.evidence)


def usual_measure(entrants: Sequence[Candidate]) -> Measure:
    """The first of latency, MACs and params that any candidate has."""
    cells = [
        (candidate, point) for candidate in entrants for point, mode in candidate.cells if mode == "eval"
    ]
    for name in RANKED_BY:
        measure = measures()[name]
        if any(not isinstance(candidate.figure(measure, point), Missing) for candidate, point in cells):
            return measure
    return measures()[RANKED_BY[-1]]


def _rows_of(results: "Results", chosen: Sequence[Chosen]) -> "Results":
    """The rows of the candidates ``chosen``, in their order, each one's in the order of the run."""
    keys = [(row["module"], row["variant"], row.get("place", "")) for row in results.rows()]
    numbers: dict[tuple[str, str, str], list[int]] = {}
    for number, key in enumerate(keys):
        numbers.setdefault(key, []).append(number)
    places = [_places(entry.candidate) for entry in chosen]
    return results.only([number for keys_of in places for key in keys_of for number in numbers[key]])


def _places(candidate: Candidate) -> list[tuple[str, str, str]]:
    rows = [row for row, _ in candidate.cells.values()]
    return list(dict.fromkeys((row["module"], row["variant"], row.get("place", "")) for row in rows))
