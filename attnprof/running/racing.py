"""Which cells the later processes of a run measure: those whose place is still open.

The first process gives every cell a rough figure. Most cells are then far from where anybody looks, and stay
with it; the others go on. Pure: figures in, keys out.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from attnprof.choosing.budget import Limit
from attnprof.stats import Interval, geometric_mean, mean_interval

SURE = 4  # processes that every cell whose place was open has: from then on only those where it still is
CHEAPEST = 25  # of each block: twenty that a table shows, and those that may yet be among them
COSTS = ("params", "macs", "peak_memory")  # what a front sets the latency against
CLEARLY = 1.2  # times the latency of another: beyond the noise of a rough figure
LATENCY = "latency"


@dataclass(frozen=True)
class Standing:
    """What is known of a cell when a process has ended."""

    key: str  # of its case
    title: str  # of its case, as a budget refers to it
    block: Hashable  # its size and conditions: only cells of one block are rivals
    seconds: tuple[float, ...]  # of a call, in each process that measured it; at least one
    ratios: tuple[float, ...] = ()  # to the baseline, in each process that formed one
    costs: Mapping[str, float] = field(default_factory=dict)  # of COSTS, those that are known
    stays: bool = False  # whether it is measured to the end whatever its figures are

    @property
    def latency(self) -> float:
        """Seconds of a call, over all processes."""
        return geometric_mean(self.seconds)

    @property
    def place(self) -> Interval | None:
        """The interval that its place in the block is judged by; None for too few processes."""
        return mean_interval(self.ratios) or mean_interval(self.seconds)


def contenders(standings: Sequence[Standing], limits: Sequence[Limit] = ()) -> frozenset[str]:
    """The keys of the cells that are worth a further process.

    Of each block the CHEAPEST; what no other cell beats in latency without costing more in one of COSTS; what
    may keep ``limits``; and those that stay.
    """
    return frozenset().union(*(_contenders_of(block, limits) for block in _blocks(standings)))


def _contenders_of(block: Sequence[Standing], limits: Sequence[Limit]) -> set[str]:
    cheapest = sorted(block, key=lambda each: each.latency)[:CHEAPEST]
    staying = [each for each in block if each.stays]
    on_fronts = [each for each in block if any(_is_on_front(each, block, cost) for cost in COSTS)]
    within = [each for each in block if limits and _may_keep(each, block, limits)]
    return {each.key for each in (*cheapest, *staying, *on_fronts, *within)}


def still_open(standings: Sequence[Standing]) -> frozenset[str]:
    """The keys of the cells whose place among ``standings`` another process may yet change.

    Those without an interval, those whose interval meets another's of their block, and those that stay.
    """
    keys: set[str] = set()
    for block in _blocks(standings):
        for each in block:
            rivals = [other.place for other in block if other is not each]
            if each.stays or any(_meet(each.place, rival) for rival in rivals):
                keys.add(each.key)
    return frozenset(keys)


def _blocks(standings: Iterable[Standing]) -> list[list[Standing]]:
    blocks: dict[Hashable, list[Standing]] = {}
    for each in standings:
        blocks.setdefault(each.block, []).append(each)
    return list(blocks.values())


def _is_on_front(each: Standing, block: Sequence[Standing], cost: str) -> bool:
    """Whether no other cell is clearly faster without costing more."""
    if cost not in each.costs:
        return False
    return not any(
        CLEARLY * other.latency < each.latency and other.costs[cost] <= each.costs[cost]
        for other in block
        if cost in other.costs
    )


def _may_keep(each: Standing, block: Sequence[Standing], limits: Sequence[Limit]) -> bool:
    """Whether it may keep every limit: costs to the digit, latencies but for the noise."""
    return all(_is_within(each, block, limit) for limit in limits)


def _is_within(each: Standing, block: Sequence[Standing], limit: Limit) -> bool:
    """Whether it may keep ``limit``; whatever the race does not know, it may."""
    metric = limit.measure.metric
    if metric is None or limit.measure.more or limit.measure.mode != "eval":
        return True
    value, bound = _figure(each, metric.name), _bound(limit, metric.name, block)
    if value is None or bound is None:
        return True
    return value <= bound * (CLEARLY if metric.name == LATENCY else 1.0)


def _bound(limit: Limit, metric: str, block: Sequence[Standing]) -> float | None:
    """The limit in base units; None where what it is relative to is not known."""
    if not limit.reference:
        return float(limit.value)
    reference = next((_figure(each, metric) for each in block if each.title == limit.reference), None)
    return None if reference is None else float(limit.value) * reference


def _figure(each: Standing, metric: str) -> float | None:
    return each.latency if metric == LATENCY else each.costs.get(metric)


def _meet(one: Interval | None, other: Interval | None) -> bool:
    if one is None or other is None:
        return True
    return one[0] <= other[1] and other[0] <= one[1]
