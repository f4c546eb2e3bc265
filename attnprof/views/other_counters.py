"""Other tools' counts of one module beside ours, each difference taken apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from attnprof.explaining.explanation import CounterDifference, CounterReport
from attnprof.units import show_count, significant

INDENT = "  "
OURS = "attnprof"


@dataclass(frozen=True)
class CountLayout:
    """Where names, figures and texts stand."""

    names: int  # characters of the longest
    figures: int  # likewise
    width: int  # of the page

    def lines(self, name: str, figure: str, text: str = "") -> list[str]:
        """A name, its figure, and a text as wide as the page allows."""
        before = f"{INDENT}{name:{self.names}}  {figure:>{self.figures}}  "
        below = " " * len(before)
        return wrap(text, self.width, initial_indent=before, subsequent_indent=below) or [before.rstrip()]


def counters_section(counters: Sequence[CounterReport], ours: int, width: int, is_training: bool) -> str:
    """Our MACs, then those of each counter with its differences to ours."""
    of_what = ", of the forward pass in eval" if is_training else ""
    lines = [f"MACs, as others count them{of_what}"]
    layout = _layout(counters, ours, width)
    lines += layout.lines(OURS, show_count(ours))
    for counter in counters:
        lines += _counter_lines(counter, ours, layout)
    return "\n".join(lines)


def _layout(counters: Sequence[CounterReport], ours: int, width: int) -> CountLayout:
    names = [OURS, *(counter.counter for counter in counters)]
    counts = [ours, *(counter.macs for counter in counters if counter.macs is not None)]
    return CountLayout(max(map(len, names)), max(len(show_count(count)) for count in counts), width)


def _counter_lines(counter: CounterReport, ours: int, layout: CountLayout) -> list[str]:
    if counter.macs is None:
        return layout.lines(counter.counter, "", counter.note)
    lines = layout.lines(counter.counter, show_count(counter.macs), ratio(counter.macs, ours))
    for difference in counter.differences:
        lines += _difference_lines(difference, layout)
    return lines


def _difference_lines(difference: CounterDifference, layout: CountLayout) -> list[str]:
    sign = "+" if difference.macs > 0 else "-"
    reason = f"{difference.what}: {difference.why}" if difference.why else difference.what
    return layout.lines("", f"{sign}{show_count(abs(difference.macs))}", reason or "unexplained")


def ratio(theirs: int, ours: int) -> str:
    """theirs over ours: '=', '0.145x'; with more digits where three would say 1.00; '' where ours is 0."""
    if theirs == ours:
        return "="
    if not ours:
        return ""
    value = theirs / ours
    # As many digits as it takes not to look like 1.
    digits = next((n for n in range(3, 9) if float(significant(value, n)) != 1), 9)
    return f"{significant(value, digits)}x"
