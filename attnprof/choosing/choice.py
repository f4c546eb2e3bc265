"""The choice: the candidates that keep the budget, ranked or as a front; the others, and why; the closest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from attnprof.choosing.budget import Budget, Limit
from attnprof.choosing.candidates import Candidate, Missing
from attnprof.choosing.judging import Verdict, loosened, verdicts
from attnprof.choosing.measures import Measure, measures
from attnprof.choosing.pareto import Span, dominates, front
from attnprof.choosing.ranking import cost, ranks, worst

# Of each measure: the point at which a candidate is worst, and its figure there.
Figures = Mapping[str, tuple[str, Span]]


@dataclass(frozen=True)
class Chosen:
    """A candidate that keeps the budget."""

    candidate: Candidate
    verdicts: Sequence[Verdict]
    figures: Figures
    rank: int = 0  # 0 on a Pareto front
    shared: bool = False  # whether another has the same rank

    @property
    def is_provisional(self) -> bool:
        """Whether a figure that it is judged by is rough."""
        return any(verdict.span is not None and verdict.span.rough for verdict in self.verdicts)


@dataclass(frozen=True)
class Rejected:
    """A candidate that is not in the answer."""

    candidate: Candidate
    verdicts: Sequence[Verdict]
    figures: Figures
    why: str = ""  # the reason, where it breaks no limit

    @property
    def broken(self) -> list[Verdict]:
        """The limits it breaks: first those that could not be judged, then the worst."""
        broken = [verdict for verdict in self.verdicts if not verdict.holds]
        return sorted(broken, key=lambda verdict: (verdict.span is None, verdict.ratio), reverse=True)

    @property
    def holding(self) -> list[Verdict]:
        """The limits that it keeps."""
        return [verdict for verdict in self.verdicts if verdict.holds]

    @property
    def over(self) -> float:
        """The factor by which it breaks its worst limit; inf where something could not be judged."""
        return max((verdict.ratio for verdict in self.broken), default=inf)

    @property
    def is_open(self) -> bool:
        """Whether it breaks limits by rough figures alone, and by better ones might keep them."""
        return bool(self.broken) and all(verdict.is_open for verdict in self.broken)

    @property
    def judged(self) -> bool:
        """Whether it has every figure that had to be judged."""
        return not self.why and all(verdict.span is not None for verdict in self.verdicts)


@dataclass(frozen=True)
class Choice:
    """The answer to a budget."""

    budget: Budget
    points: Sequence[str]
    by: Sequence[Measure]  # of the ranks, or the axes of the front
    pareto: bool
    chosen: Sequence[Chosen]
    rejected: Sequence[Rejected]  # the nearest first


@dataclass(frozen=True)
class Relaxation:
    """A change of the budget that admits a candidate."""

    candidate: Candidate
    changes: Sequence[tuple[Limit, Limit]]  # limits, and those to put in their place


def choose(
    among: Sequence[Candidate],
    points: Sequence[str],
    budget: Budget,
    by: Sequence[Measure],
    pareto: bool = False,
) -> Choice:
    """Judge ``among`` at ``points``, then rank what fits by the first of ``by``, or keep its Pareto front.

    A candidate without a figure of ``by`` is rejected; the identity is no choice. Raises UnknownNameError for
    a limit relative to a module that the run does not have.
    """
    fitting: list[Chosen] = []
    rejected: list[Rejected] = []
    for candidate in among:
        if candidate.floor:
            continue
        entry = _judged(candidate, points, budget, by, among)
        if isinstance(entry, Chosen):
            fitting.append(entry)
        else:
            rejected.append(entry)
    chosen, dominated = _front(fitting, by) if pareto else (_ranked(fitting, by[0]), [])
    nearest_first = sorted(rejected, key=lambda entry: (not entry.judged, entry.over))
    return Choice(budget, points, by, pareto, chosen, [*dominated, *nearest_first])


def _judged(
    candidate: Candidate,
    points: Sequence[str],
    budget: Budget,
    by: Sequence[Measure],
    among: Sequence[Candidate],
) -> Chosen | Rejected:
    judged = verdicts(candidate, budget, points, among)
    worsts = {name: worst(candidate, measure, points) for name, measure in measures().items()}
    figures = {name: figure for name, figure in worsts.items() if not isinstance(figure, Missing)}
    if not all(verdict.holds for verdict in judged):
        return Rejected(candidate, judged, figures)
    for measure in by:
        figure = worsts[measure.name]
        if isinstance(figure, Missing):
            return Rejected(candidate, judged, figures, f"{measure.title}: {figure.why}")
    return Chosen(candidate, judged, figures)


def _ranked(fitting: Sequence[Chosen], by: Measure) -> list[Chosen]:
    costs = [cost(entry.figures[by.name][1], by) for entry in fitting]
    placed = ranks(costs)
    order = sorted(range(len(fitting)), key=lambda n: (placed[n], costs[n].value, fitting[n].candidate.name))
    return [replace(fitting[n], rank=placed[n], shared=placed.count(placed[n]) > 1) for n in order]


def _front(fitting: Sequence[Chosen], by: Sequence[Measure]) -> tuple[list[Chosen], list[Rejected]]:
    costs = [[cost(entry.figures[measure.name][1], measure) for measure in by] for entry in fitting]
    best = sorted(front(costs), key=lambda n: ([span.value for span in costs[n]], fitting[n].candidate.name))
    dominated = []
    for number, entry in enumerate(fitting):
        if number in best:
            continue
        others = [*best, *range(len(fitting))]  # the reason names one of the front where one of it is better
        better = next(fitting[other] for other in others if dominates(costs[other], costs[number]))
        why = f"dominated by {better.candidate.name}"
        dominated.append(Rejected(entry.candidate, entry.verdicts, entry.figures, why))
    return [fitting[number] for number in best], dominated


def closest(choice: Choice) -> Rejected | None:
    """The rejected candidate whose worst excess is least; None where none could be judged."""
    judged = [entry for entry in choice.rejected if entry.judged and entry.broken]
    return min(judged, key=lambda entry: (entry.over, len(entry.broken)), default=None)


def relaxations(choice: Choice) -> list[Relaxation]:
    """The least changes that admit a candidate: one per limit that alone suffices.

    Where no single one suffices, all that the closest candidate needs.
    """
    nearest = closest(choice)
    entries = _broken_once(choice) or ([nearest] if nearest else [])
    changes = ((entry, [(verdict.limit, loosened(verdict)) for verdict in entry.broken]) for entry in entries)
    return [
        Relaxation(entry.candidate, [(limit, looser) for limit, looser in pairs if looser is not None])
        for entry, pairs in changes
        if all(looser is not None for _, looser in pairs)
    ]


def _broken_once(choice: Choice) -> list[Rejected]:
    """For each limit that some candidate breaks alone, the candidate that breaks it least."""
    nearest: dict[Limit, Rejected] = {}
    for entry in choice.rejected:
        if not entry.judged or len(entry.broken) != 1:
            continue
        limit = entry.broken[0].limit
        if limit not in nearest or entry.over < nearest[limit].over:
            nearest[limit] = entry
    return list(nearest.values())
