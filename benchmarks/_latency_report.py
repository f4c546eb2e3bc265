"""What the benchmark of latency found, as tables and bars."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

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

    def of(self, method: str) -> list[Ran]:
        """The runs of one method."""
        return [ran for ran in self.runs if ran.method == method]

    @property
    def methods(self) -> list[str]:
        """Those that ran, as they came."""
        return list(dict.fromkeys(ran.method for ran in self.runs))

    def to_json(self) -> dict[str, Any]:
        """Everything, with the tables and bars that follow from it."""
        said = {"tables": list(tables(self)), "bars": [bar.text for bar in bars(self)]}
        return {**asdict(self), **said}


def tables(report: Report) -> Iterator[str]:
    """The tables, in lines of at most 80 columns."""
    width = max(map(len, NAMES.values()))
    count = max((len(report.of(method)) for method in report.methods), default=0)
    yield f"{f'variation, {count} runs':{width}} proc  s/run" + "".join(
        f"{name:>{_wide(name)}}" for name in FIGURES
    )
    for method in report.methods:
        runs = report.of(method)
        seconds = sum(ran.wall for ran in runs) / len(runs)
        cells = (f"{percent(variation(runs, *pair)):>{_wide(name)}}" for name, pair in FIGURES.items())
        processes = median(ran.processes for ran in runs)
        yield f"{NAMES.get(method, method):{width}} {processes:4.0f} {seconds:6.1f}" + "".join(cells)
    yield ""
    yield f"{'95 % intervals':{width}}  hold the median  ratio to SE's   false alarms  5 % found"
    for method in report.methods:
        runs = report.of(method)
        held = coverage(runs, MODULES)
        if held.of:
            alarms, found = told_apart(runs, ALIKE), found_slower(runs, [(LONG, SHORT)])
            ratios = coverage(runs, [name for name in MODULES if name != SE], SE)
            shares = f"{held!s:>15} {ratios!s:>14} {alarms!s:>14} {found!s:>10}"
            yield f"{NAMES.get(method, method):{width}}  {shares}"
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
    ours, theirs = report.of(next(iter(report.methods), "")), report.of("autorange")
    found = []
    if ours:
        gpu = report.conditions.get("device", "cpu") != "cpu"
        most = GPU_BAR if gpu else BUSY_BAR if report.conditions.get("busy") else QUIET_BAR
        for name, share in (("Non-local/SE", HALF), ("CBAM/SE", 1.0)):
            mine, other = variation(ours, *FIGURES[name]), variation(theirs, *FIGURES[name])
            if other is not None:
                of = "half of " if share == HALF else ""
                found.append(Bar(f"{name}, {of}blocked_autorange's", mine, share * other))
            found.append(Bar(f"{name}, variation", mine, most))
        # A single process has no such intervals, and an engine may fuse the chains that are to be told apart.
        if ours[0].method != "quick" and report.conditions.get("runtime", "eager") == "eager":
            found += [
                Bar("intervals that hold the median", coverage(ours, MODULES).value, COVERED, least=True),
                Bar("false alarms", told_apart(ours, ALIKE).value, FALSE),
                Bar(
                    "true 5 % differences found", found_slower(ours, [(LONG, SHORT)]).value, FOUND, least=True
                ),
            ]
    if spent := report.command:
        found += [
            Bar("first command, time in samples", spent.inside / spent.wall, INSIDE, least=True),
            Bar(
                "the same, once all is counted",
                spent.inside / (spent.wall - spent.counting),
                INSIDE,
                least=True,
            ),
        ]
    return found


def _wide(name: str) -> int:
    return max(len(name), 6) + 2
