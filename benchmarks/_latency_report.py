"""What the benchmark of latency found, as tables and bars."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from attnprof.runtimes import EAGER
from benchmarks._bars import Bar, percent
from benchmarks._figures import Ran, coverage, found_slower, told_apart, variation
from benchmarks._methods import Overhead

CHAINS = "benchmarks/chains.py"
SE, CBAM, NONLOCAL = KNOWN = ("se", "cbam", "nonlocal")
TWINS = (SE, f"{CHAINS}:twin", f"{CHAINS}:twin(copy=2)")
ALIKE = tuple((other, one) for n, one in enumerate(TWINS) for other in TWINS[n + 1 :])
SHORT, LONG = f"{CHAINS}:Chain", f"{CHAINS}:Chain(repeats=21)"
MODULES = (*KNOWN, *TWINS[1:], SHORT, LONG)
FIGURES = {
    "SE": (SE, ""),
    "CBAM": (CBAM, ""),
    "Non-local": (NONLOCAL, ""),
    "CBAM/SE": (CBAM, SE),
    "Non-local/SE": (NONLOCAL, SE),
}
NAMES = {
    "paper": "attnprof, paper",
    "standard": "attnprof, standard",
    "quick": "attnprof, quick",
    "autorange": "blocked_autorange",
    "loop": "10 + 100 calls",
    "do_bench": "do_bench",
}
HALF = 0.5
BUSY_BAR, QUIET_BAR, GPU_BAR = 0.05, 0.03, 0.02
COVERED, FALSE, FOUND, INSIDE = 0.85, 0.05, 0.80, 0.80


@dataclass
class Report:
    """All that was found so far. conditions: busy, device and whatever else is to be told.

    overhead: of our runs. command: of README's first command. failed: what did not end well.
    """

    conditions: dict[str, Any]
    runs: list[Ran] = field(default_factory=list)
    overhead: list[Overhead] = field(default_factory=list)
    command: Overhead | None = None
    failed: list[str] = field(default_factory=list)

    def of(self, method: str, runtime: str = EAGER) -> list[Ran]:
        """The runs of one method, in one runtime."""
        return [ran for ran in self.runs if (ran.method, ran.runtime) == (method, runtime)]

    @property
    def methods(self) -> list[str]:
        """Those that ran, as they came."""
        return list(dict.fromkeys(ran.method for ran in self.runs))

    @property
    def runtimes(self) -> list[str]:
        """Those that ran, as they came."""
        return list(dict.fromkeys(ran.runtime for ran in self.runs))

    @property
    def rows(self) -> dict[str, list[Ran]]:
        """The runs of each method in each runtime, by what a table calls them."""
        rows: dict[str, list[Ran]] = {}
        for ran in self.runs:
            own = NAMES.get(ran.method, ran.method)
            rows.setdefault(own if ran.runtime == EAGER else f"{ran.method}, {ran.runtime}", []).append(ran)
        return rows

    def to_json(self) -> dict[str, Any]:
        """Everything, with the tables and bars that follow from it."""
        said = {"tables": list(tables(self)), "bars": [bar.text for bar in bars(self)]}
        return {**asdict(self), **said}


def tables(report: Report) -> Iterator[str]:
    """The tables, in lines of at most 80 columns."""
    width = max(map(len, (*NAMES.values(), *report.rows)))
    count = max(map(len, report.rows.values()), default=0)
    yield f"{f'variation, {count} runs':{width}} proc  s/run" + "".join(
        f"{name:>{_wide(name)}}" for name in FIGURES
    )
    for title, runs in report.rows.items():
        seconds = sum(ran.wall for ran in runs) / len(runs)
        cells = (f"{percent(variation(runs, *pair)):>{_wide(name)}}" for name, pair in FIGURES.items())
        processes = median(ran.processes for ran in runs)
        yield f"{title:{width}} {processes:4.0f} {seconds:6.1f}" + "".join(cells)
    yield ""
    yield f"{'95 % intervals':{width}}  hold the median  ratio to SE's   false alarms  5 % found"
    for title, runs in report.rows.items():
        held = coverage(runs, MODULES)
        if held.of:
            alarms, found = told_apart(runs, ALIKE), found_slower(runs, [(LONG, SHORT)])
            ratios = coverage(runs, [name for name in MODULES if name != SE], SE)
            shares = f"{held!s:>15} {ratios!s:>14} {alarms!s:>14} {found!s:>10}"
            yield f"{title:{width}}  {shares}"
    spent: dict[str, list[Overhead | None]] = {
        "attnprof, all runs": [*report.overhead],
        "first command": [report.command],
    }
    yield ""
    yield f"{'wall time':{width}}  in samples  between them  counting  starts and ends"
    for name, given in spent.items():
        times = [each for each in given if each]
        if times:
            wall = sum(each.wall for each in times)
            inside, working, counting = (
                sum(getattr(each, part) for each in times) / wall
                for part in ("inside", "working", "counting")
            )
            between, ends = percent(working - inside), percent(1 - working - counting)
            time = f"{percent(inside):>10}  {between:>12}  {percent(counting):>8}"
            yield f"{name:{width}}  {time}  {ends:>15}"


def bars(report: Report) -> list[Bar]:
    """What the figures of the first method, one of ours, are held to."""
    first = next(iter(report.methods), "")
    found = [bar for runtime in report.runtimes for bar in _variation_bars(report, first, runtime)]
    if first != "quick":  # a single process has no such intervals
        found += _interval_bars(report.of(first))
    return [*found, *_command_bars(report.command)]


def _variation_bars(report: Report, method: str, runtime: str) -> Iterator[Bar]:
    """In another runtime than eager figures may vary as much as they do there."""
    ours, beside = report.of(method, runtime), [] if runtime == EAGER else report.of(method)
    peers = report.of("autorange") if runtime == EAGER else []
    gpu = report.conditions.get("device", "cpu") != "cpu"
    most = GPU_BAR if gpu else BUSY_BAR if report.conditions.get("busy") else QUIET_BAR
    where = "" if runtime == EAGER else f"{runtime}, "
    for name, share in (("Non-local/SE", HALF), ("CBAM/SE", 1.0)):
        mine, other, eager = (variation(runs, *FIGURES[name]) for runs in (ours, peers, beside))
        if other is not None:
            of = "half of " if share == HALF else ""
            yield Bar(f"{name}, {of}blocked_autorange's", mine, share * other)
        note = "" if eager is None else f"{percent(eager)} in eager"
        yield Bar(f"{where}{name}, variation", mine, max(most, eager or 0.0), note=note)


def _interval_bars(ours: list[Ran]) -> list[Bar]:
    """None without the chains, which an engine may fuse, so that runs in several runtimes leave them out."""
    if not any(SHORT in ran.found for ran in ours):
        return []
    found = found_slower(ours, [(LONG, SHORT)]).value
    return [
        Bar("intervals that hold the median", coverage(ours, MODULES).value, COVERED, least=True),
        Bar("false alarms", told_apart(ours, ALIKE).value, FALSE),
        Bar("true 5 % differences found", found, FOUND, least=True),
    ]


def _command_bars(spent: Overhead | None) -> list[Bar]:
    if spent is None:
        return []
    counted = spent.inside / (spent.wall - spent.counting)
    return [
        Bar("first command, time in samples", spent.inside / spent.wall, INSIDE, least=True),
        Bar("the same, once all is counted", counted, INSIDE, least=True),
    ]


def _wide(name: str) -> int:
    return max(len(name), 6) + 2
