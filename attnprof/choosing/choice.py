"""The choice: who keeps the budget, in what order or on which front, who does not and why, and what came closest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from attnprof.choosing.budget import Budget, Limit
from attnprof.choosing.candidates import Candidate, Missing
from attnprof.choosing.judging import Verdict, loosened, verdicts
from attnprof.choosing.measures import Measure, measures
from attnprof.choosing.pareto import Span, dominates, front
from attnprof.choosing.ranking import cost, ranks, worst

Figures = Mapping[
    str, tuple[str, Span]
]  # measure -> the point where a candidate stands worst, and its figure there


@dataclass(frozen=True)
class Chosen:
    """A candidate that keeps the budget. rank: 0 where a Pareto front was asked for; shared: with another."""

    candidate: Candidate
    verdicts: Sequence[Verdict]
    figures: Figures
    rank: int = 0
    shared: bool = False


@dataclass(frozen=True)
class Rejected:
    """A candidate that is not in the answer. why: the reason where it is not a limit that it breaks."""

    candidate: Candidate
    verdicts: Sequence[Verdict]
    figures: Figures
    why: str = ""

    @property
    def broken(self) -> list[Verdict]:
        """The limits it breaks: first what could not be judged, then the worst."""
        return sorted(
            (v for v in self.verdicts if not v.holds), key=lambda v: (v.span is None, v.ratio), reverse=True
        )

    @property
    def kept(self) -> list[Verdict]:
        """The limits that it keeps."""
        return [verdict for verdict in self.verdicts if verdict.holds]

    @property
    def over(self) -> float:
        """By what factor it breaks the limit that it breaks most; inf where something could not be judged."""
        return max((verdict.ratio for verdict in self.broken), default=inf)

    @property
    def judged(self) -> bool:
        """Whether there was a figure for everything that had to be judged."""
        return not self.why and all(verdict.span is not None for verdict in self.verdicts)


@dataclass(frozen=True)
class Choice:
    """The answer to a budget. by: what the ranks are of, or the axes of the front.

    rejected: the nearest first.
    """

    budget: Budget
    points: Sequence[str]
    by: Sequence[Measure]
    pareto: bool
    chosen: Sequence[Chosen]
    rejected: Sequence[Rejected]


@dataclass(frozen=True)
class Relaxation:
    """A change of the budget with which a candidate would fit: limits and what has to stand in their place."""

    candidate: Candidate
    changes: Sequence[tuple[Limit, Limit]]


def choose(
    among: Sequence[Candidate],
    points: Sequence[str],
    budget: Budget,
    by: Sequence[Measure],
    pareto: bool = False,
) -> Choice:
    """Judge ``among`` at ``points``, then rank what fits by the first of ``by``, or keep its Pareto front.

    What lacks a figure that is asked for is rejected, and says so; the identity is no choice. Raises
    UnknownNameError for a limit relative to a module that the run has not.
    """
    fitting: list[Chosen] = []
    rejected: list[Rejected] = []
    for candidate in [each for each in among if not each.floor]:
        judged = verdicts(candidate, budget, points, among)
        found = {name: worst(candidate, measure, points) for name, measure in measures().items()}
        figures = {name: figure for name, figure in found.items() if not isinstance(figure, Missing)}
        lacking = [f"{m.title}: {f.why}" for m in by if isinstance(f := found[m.name], Missing)]
        if all(verdict.holds for verdict in judged) and not lacking:
            fitting.append(Chosen(candidate, judged, figures))
        else:
            broken = not all(verdict.holds for verdict in judged)
            rejected.append(Rejected(candidate, judged, figures, "" if broken else lacking[0]))
    chosen, dominated = _front(fitting, by) if pareto else (_ranked(fitting, by[0]), [])
    nearest_first = sorted(rejected, key=lambda each: (not each.judged, each.over))
    return Choice(budget, points, by, pareto, chosen, [*dominated, *nearest_first])


def _ranked(fitting: Sequence[Chosen], by: Measure) -> list[Chosen]:
    costs = [cost(each.figures[by.name][1], by) for each in fitting]
    placed = ranks(costs)
    order = sorted(range(len(fitting)), key=lambda n: (placed[n], costs[n].value, fitting[n].candidate.name))
    return [
        Chosen(each.candidate, each.verdicts, each.figures, placed[n], placed.count(placed[n]) > 1)
        for n in order
        for each in [fitting[n]]
    ]


def _front(fitting: Sequence[Chosen], by: Sequence[Measure]) -> tuple[list[Chosen], list[Rejected]]:
    costs = [[cost(each.figures[m.name][1], m) for m in by] for each in fitting]
    kept = sorted(front(costs), key=lambda n: ([span.value for span in costs[n]], fitting[n].candidate.name))
    dominated = []
    for n in [n for n in range(len(fitting)) if n not in kept]:
        others = [*kept, *range(len(fitting))]  # one of the front is named where one of it is better
        over = next(fitting[m].candidate.name for m in others if dominates(costs[m], costs[n]))
        dominated.append(
            Rejected(fitting[n].candidate, fitting[n].verdicts, fitting[n].figures, f"dominated by {over}")
        )
    return [fitting[n] for n in kept], dominated


def closest(choice: Choice) -> Rejected | None:
    """The rejected candidate whose worst excess is the least; None where none could be judged."""
    judged = [each for each in choice.rejected if each.judged and each.broken]
    return min(judged, key=lambda each: (each.over, len(each.broken)), default=None)


def relaxations(choice: Choice) -> list[Relaxation]:
    """What would have to give: for each limit alone, the least change that lets something in.

    Where no single one suffices, all that the closest candidate needs.
    """
    alone: dict[Limit, tuple[float, Rejected]] = {}
    for each in choice.rejected:
        if each.judged and len(each.broken) == 1:
            limit = each.broken[0].limit
            if limit not in alone or each.over < alone[limit][0]:
                alone[limit] = each.over, each
    near = [each for _, each in alone.values()] or [found for found in [closest(choice)] if found]
    made = []
    for each in near:
        changes = [(verdict.limit, to) for verdict in each.broken if (to := loosened(verdict)) is not None]
        if len(changes) == len(each.broken):
            made.append(Relaxation(each.candidate, changes))
    return made
