"""The benchmark of README's first command: what its runs are judged by, as a table and bars.

Everything here is a function of what the runs reported. The identity is left out: it costs what any call
costs, and each comparison with it would be right.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import exp, fsum, log
from statistics import median

from attnprof.choosing.pareto import Span, front
from attnprof.comparison.ratios import FASTER, SLOWER, UNCLEAR
from benchmarks._bars import Bar, percent, seconds
from benchmarks._figures import Share
from benchmarks._outputs import BASELINE, COSTS, Cell, Row

CHEAPEST = 20  # of each size
APART = 1.2  # two cells that differ by more have an order
ENOUGH_PROCESSES = 4
OFF = 0.15  # a figure that nothing marks is no further than this from the quiet mean

# The bars.
COUNTED, WALL = 5.0, 100.0  # seconds
ANSWERED, FLAGGED, HALF_WIDTH, OF_THE_OTHER = 1.0, 0.15, 0.08, 1 / 3
ORDER, BUSY_ORDER, COVERED = 0.95, 0.90, 0.85
DIFFERENT, UNDECIDED = 0.03, 0.50

Figure = Callable[[Row], float | None]
Means = Mapping[Cell, float]


@dataclass(frozen=True)
class Output:
    """What one run of the command reported, and how long it took."""

    wall: float  # seconds
    counted: float  # seconds from the start until the last cell's own counts were on disk
    import_torch: float  # seconds of a process that imports torch and does nothing else
    rows: Mapping[Cell, Row]


@dataclass
class Session:
    """The outputs of one session of the benchmark, all on one machine."""

    quiet: list[Output] = field(default_factory=list)
    busy: list[Output] = field(default_factory=list)  # of the same program beside a busy core
    other: list[Output] = field(default_factory=list)  # of another commit, with nothing else to do
    verdicts: list[str] = field(default_factory=list)  # of `attnprof diff` on two runs of one program


def ratio(row: Row) -> float | None:
    """The latency over the baseline's."""
    return row.ratio.value if row.ratio else None


def latency(row: Row) -> float | None:
    """Seconds per call."""
    return row.seconds


def means(outputs: Sequence[Output], figure: Figure) -> dict[Cell, float]:
    """The geometric mean over ``outputs`` of each cell that has the figure in some of them."""
    values: dict[Cell, list[float]] = {}
    for output in outputs:
        for cell, row in output.rows.items():
            value = figure(row)
            if value and not row.floor:
                values.setdefault(cell, []).append(value)
    return {cell: exp(fsum(map(log, own)) / len(own)) for cell, own in values.items()}


def cheapest(figures: Means, count: int = CHEAPEST) -> set[Cell]:
    """The ``count`` cells of each point whose figure is least."""
    return {cell for cells in _by_point(figures) for cell in sorted(cells, key=lambda c: figures[c])[:count]}


def on_fronts(rows: Mapping[Cell, Row]) -> set[Cell]:
    """The cells on a front of the latency with one of COSTS, at their point."""
    whole = {cell: row for cell, row in rows.items() if row.costs and not row.floor}
    members: set[Cell] = set()
    for cells in _by_point(whole):
        for number in range(len(COSTS)):
            points = [(whole[cell].latency, Span.exact(whole[cell].costs[number])) for cell in cells]
            members |= {cells[place] for place in front(points)}
    return members


def that_matter(output: Output) -> set[Cell]:
    """The cheapest cells of each point, and those on a front, as the run itself has them."""
    return cheapest(means([output], latency)) | on_fronts(output.rows)


def after_import(outputs: Sequence[Output]) -> list[float]:
    """Seconds of each output from the end of torch's import until its cells were counted. The import is taken
    to be as short as the shortest."""
    import_torch = min(output.import_torch for output in outputs)
    return [output.counted - import_torch for output in outputs]


def answered(outputs: Sequence[Output]) -> Share:
    """Of the cells that matter in each output: how many have an interval from enough processes."""
    rows = [output.rows[cell] for output in outputs for cell in that_matter(output)]
    return Share(sum(map(_is_answered, rows)), len(rows))


def _is_answered(row: Row) -> bool:
    return row.processes >= ENOUGH_PROCESSES and row.ratio is not None and row.ratio.processes


def flagged(outputs: Sequence[Output]) -> Share:
    """The rows that carry a flag."""
    rows = [row for output in outputs for row in output.rows.values()]
    return Share(sum(bool(row.flags) for row in rows), len(rows))


def half_width(outputs: Sequence[Output], cells: set[Cell]) -> tuple[float | None, Share]:
    """The median half-width of the ratios of ``cells``, and how many of them have one."""
    rows = [row for output in outputs for cell, row in output.rows.items() if cell in cells]
    widths = [row.ratio.half_width if row.ratio else None for row in rows]
    present = [width for width in widths if width is not None]
    return (median(present) if present else None), Share(len(present), len(rows))


def order(outputs: Sequence[Output], truth: Means, figure: Figure) -> Share:
    """Of the pairs of cells at one point that are APART by their ``truth``: how many have each output's
    figures in that order. A figure that is missing is in no order."""
    right = []
    for cells in _by_point(truth):
        for one, two in combinations(sorted(cells, key=lambda cell: truth[cell]), 2):
            if truth[two] > APART * truth[one]:
                right += [_is_less(output.rows, one, two, figure) for output in outputs]
    return Share(sum(right), len(right))


def _is_less(rows: Mapping[Cell, Row], one: Cell, two: Cell, figure: Figure) -> bool:
    if one not in rows or two not in rows:
        return False
    less, more = figure(rows[one]), figure(rows[two])
    return less is not None and more is not None and less < more


def coverage(outputs: Sequence[Output], truth: Means) -> Share:
    """How many of the intervals of the ratio hold the cell's ``truth``. The baseline's own is none."""
    intervals = [
        (cell, row.ratio.interval)
        for output in outputs
        for cell, row in output.rows.items()
        if cell in truth and cell[0] != BASELINE and row.ratio and row.ratio.interval
    ]
    return Share(sum(low <= truth[cell] <= high for cell, (low, high) in intervals), len(intervals))


def deviations(outputs: Sequence[Output], truth: Means, figure: Figure) -> list[tuple[float, Cell]]:
    """How far each figure that nothing marks is from its ``truth``, as a share; the furthest first."""
    pairs = [
        (abs(value / truth[cell] - 1), cell)
        for output in outputs
        for cell, row in output.rows.items()
        if cell in truth and not row.marked and (value := figure(row)) is not None
    ]
    return sorted(pairs, reverse=True)


def share_of(verdicts: Sequence[str], wanted: Iterable[str]) -> Share:
    """How many of ``verdicts`` are among ``wanted``."""
    counts = Counter(verdicts)
    return Share(sum(counts[verdict] for verdict in wanted), len(verdicts))


def bars(session: Session) -> list[Bar]:
    """What the session is held to; a part that was not measured has none."""
    return [
        *(_bars_of_one_run(session.quiet) if session.quiet else []),
        *(_bars_beside(session) if session.quiet and session.other else []),
        *(_bars_of_repeats(session.quiet) if len(session.quiet) > 1 else []),
        *(_bars_of_verdicts(session.verdicts) if session.verdicts else []),
        *(_bars_of_busy(session) if session.quiet and session.busy else []),
    ]


def _bars_of_one_run(quiet: Sequence[Output]) -> Iterator[Bar]:
    counted = max(after_import(quiet))
    yield Bar("own counts after importing torch", counted, COUNTED, show=seconds, note="the longest")
    wall = max(output.wall for output in quiet)
    yield Bar("in all", wall, WALL, show=seconds, note="the longest")
    enough = answered(quiet)
    what = f"cells that matter with an interval from {ENOUGH_PROCESSES} processes"
    yield Bar(what, enough.value, ANSWERED, least=True, note=f"of {enough.of}")
    flags = flagged(quiet)
    yield Bar("rows with a flag", flags.value, FLAGGED, note=f"of {flags.of}")
    width, present = _half_width_that_matters(quiet)
    yield Bar("median half-width of vs se", width, HALF_WIDTH, note=f"{present} have one")


def _half_width_that_matters(outputs: Sequence[Output]) -> tuple[float | None, Share]:
    return half_width(outputs, set().union(*map(that_matter, outputs)))


def _bars_beside(session: Session) -> Iterator[Bar]:
    """The cells are those that matter here, for both; of the other's those that have an interval at all."""
    cells = set().union(*map(that_matter, session.quiet))
    ours, _ = half_width(session.quiet, cells)
    theirs, present = half_width(session.other, cells)
    share = ours / theirs if ours is not None and theirs else None
    note = f"the other's is {percent(theirs)}, {present} have one"
    yield Bar("half-width over the other commit's", share, OF_THE_OTHER, note=note)


def _bars_of_repeats(quiet: Sequence[Output]) -> Iterator[Bar]:
    truth = _truth(quiet, ratio)
    for name, figure in (("vs se", ratio), ("latency", latency)):
        right = order(quiet, _truth(quiet, figure), figure)
        yield Bar(f"pairs over 1.2x apart in order, {name}", right.value, ORDER, True, note=f"of {right.of}")
    held = coverage(quiet, truth)
    yield Bar("intervals of vs se that hold the mean", held.value, COVERED, True, note=f"of {held.of}")


def _truth(quiet: Sequence[Output], figure: Figure) -> dict[Cell, float]:
    """The means of the cells that are the cheapest over all of ``quiet``."""
    cells = cheapest(means(quiet, latency))
    return {cell: mean for cell, mean in means(quiet, figure).items() if cell in cells}


def _bars_of_verdicts(verdicts: Sequence[str]) -> Iterator[Bar]:
    different = share_of(verdicts, (FASTER, SLOWER))
    note = f"of {different.of}"
    yield Bar("one program twice: cells called different", different.value, DIFFERENT, note=note)
    unclear = share_of(verdicts, (UNCLEAR,))
    yield Bar("one program twice: cells unclear", unclear.value, UNDECIDED, note=note)


def _bars_of_busy(session: Session) -> Iterator[Bar]:
    for name, figure in (("vs se", ratio), ("latency", latency)):
        off = deviations(session.busy, means(session.quiet, figure), figure)
        yield Bar(f"busy: unmarked {name} off by", off[0][0] if off else None, OFF, note=_furthest(off))
    right = order(session.busy, _truth(session.quiet, ratio), ratio)
    what = "busy: pairs over 1.2x apart in order, vs se"
    yield Bar(what, right.value, BUSY_ORDER, least=True, note=f"of {right.of}")


def _furthest(off: Sequence[tuple[float, Cell]]) -> str:
    if not off:
        return "every figure is marked"
    beyond = sum(share > OFF for share, _ in off)
    return f"{'@'.join(off[0][1])}; {beyond} of {len(off)} are beyond"


def table(session: Session) -> Iterator[str]:
    """The kinds of runs beside each other, in lines of at most 100 columns."""
    kinds = {"this": session.quiet, "this, busy": session.busy, "the other": session.other}
    yield "            runs   in all  own counts  answered  flagged  half-width  processes"
    for name, outputs in kinds.items():
        if outputs:
            yield f"{name:12}" + _line(outputs)


def _line(outputs: Sequence[Output]) -> str:
    wall = median(output.wall for output in outputs)
    counted = median(after_import(outputs))
    width, _ = _half_width_that_matters(outputs)
    processes = median(max(row.processes for row in output.rows.values()) for output in outputs)
    return (
        f"{len(outputs):4} {seconds(wall):>8} {seconds(counted):>11} {percent(answered(outputs).value):>9}"
        f" {percent(flagged(outputs).value):>8} {percent(width):>11} {processes:10.0f}"
    )


def _by_point(cells: Iterable[Cell]) -> list[list[Cell]]:
    """The cells of each point."""
    points: dict[str, list[Cell]] = {}
    for cell in cells:
        points.setdefault(cell[1], []).append(cell)
    return list(points.values())
