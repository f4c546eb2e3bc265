"""A choice as people read it: the table of what fits, what is published of it, who was rejected, what would have to give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isinf
from textwrap import fill

from attnprof.choosing.choice import Choice, Chosen, Rejected, closest, relaxations
from attnprof.choosing.judging import Verdict, counts
from attnprof.choosing.measures import MEASURES, Measure
from attnprof.choosing.pareto import Span
from attnprof.layout import Column, Sheet
from attnprof.reference import TOP1, Evidence, span, title_of
from attnprof.units import show_share, significant

USUAL = ("params", "macs", "latency", "memory")
NAMED = 6  # of a list of rejected modules, before the rest is counted


@dataclass(frozen=True)
class Published:
    """What network and dataset the published figures are of, by key."""

    network: str
    dataset: str

    @property
    def caption(self) -> list[str]:
        """What the headings mean."""
        place = title_of(self.network, self.dataset)
        return [
            f"published: {TOP1} of {place}; not measured here, recipes differ. Sources: attnprof show NAME",
            "gain: over the plain network, only where that was trained with the same recipe.",
        ]


def sheet_of(choice: Choice, published: Published) -> Sheet:
    """The table of what fits. A figure is that of the point at which the module stands worst."""
    known = [MEASURES[name] for name in USUAL]
    asked = [limit.measure for limit in choice.budget] + list(choice.by)
    measures = [m for m in dict.fromkeys([*known, *asked]) if m.column]
    notes: dict[str, int] = {}
    columns: list[tuple[Column, Callable[[Chosen], str]]]
    columns = [] if choice.pareto else [(Column("rank", "rank", 100, _nothing, right=False), _rank)]
    columns.append((Column("module", "module", 100, _nothing, right=False), lambda each: each.name))
    for n, measure in enumerate(measures):
        columns.append((Column(measure.name, measure.title, 90 - n, _nothing), _writer(measure)))
    if choice.budget:
        columns.append((Column("headroom", "headroom", 70, _nothing, right=False), _headroom))
    columns.append((Column("published", "published", 60, _nothing), lambda each: _accuracy(each, notes)))
    columns.append((Column("gain", "gain", 59, _nothing), _gain))
    cells = [[write(each) for _, write in columns] for each in choice.chosen]
    kept = [n for n in range(len(columns)) if any(row[n] for row in cells)]
    footnotes = [f"[{number}] {text}" for text, number in notes.items()]
    return Sheet([columns[n][0] for n in kept], [[row[n] for n in kept] for row in cells], footnotes)


def _nothing(row: object) -> str:
    return ""


def _rank(each: Chosen) -> str:
    return f"{each.rank}{'=' if each.shared else ''}"


def _writer(measure: Measure) -> Callable[[Chosen], str]:
    def write(each: Chosen) -> str:
        if measure.name not in each.figures:
            return ""
        return show_span(each.figures[measure.name][1], measure)

    return write


def show_span(found: Span, measure: Measure) -> str:
    """A figure with what its interval adds: '0.31 ms ± 1.0 %'."""
    share = max(found.high - found.value, found.value - found.low) / found.value if found.value else 0
    noise = f" ± {show_share(share)}" if found.low < found.high and measure.column else ""
    return measure.kind.show(found.value) + noise


def _headroom(each: Chosen) -> str:
    tightest = sorted(each.verdicts, key=lambda verdict: verdict.headroom)
    return ", ".join(f"{v.limit.measure.title} {show_share(v.headroom)}" for v in tightest)


def _accuracy(each: Chosen, notes: dict[str, int]) -> str:
    found = _of(each)
    if found is None:
        return ""
    number = notes.setdefault(f"{each.name}: {cited(found)}", len(notes) + 1)
    return f"{_between(*span(found.sound))} [{number}]"


def _gain(each: Chosen) -> str:
    found = _of(each)
    gains = found.gains if found else ()
    return _between(*(f"{gains[end].gain:+}" for end in (0, -1))) if gains else ""


def _of(each: Chosen) -> Evidence | None:
    return None if each.candidate.variant else each.candidate.published


def _between(low: str, high: str) -> str:
    low, high = _two_places(low), _two_places(high)
    return low if low == high else f"{low} to {high}"


def _two_places(printed: str) -> str:
    value = Decimal(printed)
    return f"{value.quantize(Decimal('0.01')) if -int(value.as_tuple().exponent) > 2 else value:{'+' if printed[0] in '+-' else ''}}"


def cited(found: Evidence) -> str:
    """Where the ends of a range come from, and the gains, or why there are none."""
    low, high = found.sound[0], found.sound[-1]
    ends = dict.fromkeys(f"{_two_places(each.value)} {each.short}" for each in (low, high))
    metric = "" if low.metric == TOP1 else f"{low.metric} "
    many = f", {len(found.sound)} figures" if len(found.sound) > 2 else ""
    gains: dict[str, list[str]] = {}
    for each in found.gains:
        gains.setdefault(each.short, []).append(_two_places(f"{each.gain:+}"))
    alike = ", ".join(f"{', '.join(points)} {source}" for source, points in gains.items())
    reasons = "; ".join(dict.fromkeys(each.no_gain for each in found.sound))
    return f"{metric}{' to '.join(ends)}{many}; " + (f"gain {alike}" if gains else f"no gain shown: {reasons}")


def below(choice: Choice, width: int, everyone: bool = False) -> str:
    """What stands under the table, or in its place: the rejected, and where nothing fits what would have to give."""
    parts = []
    if not choice.chosen:
        parts.append(fill(_nothing_fits(choice), width))
        parts.extend(fill(line, width, subsequent_indent="  ") for line in _would_have_to_give(choice))
    if everyone:
        parts.append("\n".join(["rejected:", *(f"  {each.candidate.name}: {why(each)}" for each in choice.rejected)]))
    else:
        parts.extend(fill(line, width, subsequent_indent="  ") for line in _rejected(choice))
    return "\n".join(part for part in parts if part)


def _rejected(choice: Choice) -> list[str]:
    judged = [f"{each.candidate.name} ({why(each)})" for each in choice.rejected if each.broken and each.judged]
    lines = [f"rejected: {_first(judged)}"] if judged else []
    reasons: dict[str, list[str]] = {}
    for each in choice.rejected:
        if not (each.broken and each.judged):
            reasons.setdefault(why(each), []).append(each.candidate.name)
    grouped = [f"{text}: {_first(names)}" for text, names in reasons.items()]
    return lines + grouped


def _first(texts: Sequence[str]) -> str:
    more = len(texts) - NAMED
    return ", ".join([*texts[:NAMED], *([f"and {more} more (--rejected shows all)"] if more > 0 else [])])


def why(each: Rejected) -> str:
    """Why a module is not in the answer, in a few words."""
    if each.why:
        return each.why
    return ", ".join(broken(verdict) for verdict in each.broken)


def broken(verdict: Verdict) -> str:
    """A limit that does not hold: 'latency 1.24 ms at 256@56', 'params 132 224', 'latency 1.35x:se', or why it cannot."""
    limit, measure = verdict.limit, verdict.limit.measure
    place = f" at {verdict.point}" if measure.column else ""
    if verdict.span is None:
        return f"{measure.title}: {verdict.why}{place}"
    if limit.reference and verdict.needed is not None:
        return f"{measure.title} {significant(float(verdict.needed))}x:{limit.reference}{place}"
    return f"{measure.title} {measure.kind.show(counts(verdict.span, measure))}{place}"


def _nothing_fits(choice: Choice) -> str:
    near = closest(choice)
    if near is None:
        return "nothing fits, and nothing could be judged by this budget."
    return f"nothing fits. closest: {near.candidate.name} ({'; '.join(excess(verdict) for verdict in near.broken)})."


def excess(verdict: Verdict) -> str:
    """A broken limit with how far it is broken: 'latency 310 µs at 256@56 is 310x the limit'."""
    if isinf(verdict.ratio):
        much = "is over any multiple of the limit"
    elif verdict.limit.measure.more:
        much = f"is {show_share(max(0.0, -(1 / verdict.ratio - 1)))} below the limit"
    elif verdict.ratio < 2:
        much = f"is {show_share(verdict.ratio - 1)} over"
    else:
        much = f"is {significant(verdict.ratio)}x the limit"
    return f"{broken(verdict)} {much}"


def _would_have_to_give(choice: Choice) -> list[str]:
    lines = []
    for each in relaxations(choice):
        changes = " and ".join(f"{limit} -> {to.bound}" for limit, to in each.changes)
        lines.append(f"would fit with {changes}: {each.candidate.name}")
    return lines
