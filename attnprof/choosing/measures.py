"""Measures: what a budget can limit, the metrics that name a limit and top-1, and how a limit is written."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from attnprof.errors import UnknownNameError, nearest
from attnprof.metrics import COUNTED, METRICS, Metric, aliases, column, in_order, plain_name
from attnprof.units import KINDS, Kind, KindName

LARGEST = Decimal(10) ** 18  # of any bound, in base units: more than anything counted or waited for here


@dataclass(frozen=True)
class Measure:
    """One metric that can be budgeted, in one mode; or a published figure."""

    name: str  # in a budget
    title: str  # in headings
    kind: KindName
    metric: Metric | None = None  # None: it is published, and no column of results.csv
    mode: str = "eval"  # of the rows that it is in
    more: bool = False  # whether more is better
    exact: bool = False  # whether it is known by counting alone

    @property
    def column(self) -> str:
        """Its column of results.csv; empty where it is published."""
        return self.metric.column if self.metric else ""

    @property
    def noisy(self) -> bool:
        """Whether its figures have an interval."""
        return self.metric is not None and self.metric.interval

    @property
    def headings(self) -> tuple[str, ...]:
        """Its columns in the CSV of a choice: the figure, and the ends of its interval where it has one."""
        ends = (f"{self.name}_ci_low", f"{self.name}_ci_high") if self.noisy else ()
        return tuple(column(name, self.quantity.unit) for name in (self.name, *ends))

    @property
    def quantity(self) -> Kind:
        """How its figures are read and printed."""
        return KINDS[self.kind]

    @property
    def sign(self) -> str:
        """The only sense in which a limit on it is a budget."""
        return ">=" if self.more else "<="

    @property
    def parameter(self) -> str:
        """The name of an argument that limits it: 'max_train_latency', 'min_throughput'."""
        return f"{'min' if self.more else 'max'}_{self.name}"

    @property
    def example(self) -> str:
        """A limit as it may be written."""
        return f"{self.name}{self.sign}{self.quantity.example}"

    def show(self, value: float) -> str:
        """A figure of it, rounded, with its unit."""
        return self.quantity.show(value)

    def read(self, text: str) -> Decimal:
        """The bound that ``text`` states, in base units. Raises ValueError."""
        value = self.quantity.parse(text)
        exact = value if isinstance(value, Decimal) else Decimal(repr(value))
        if not exact.is_finite() or exact > LARGEST:
            raise ValueError(f"{text!r} is more than anything that is counted or measured here")
        return exact

    def write(self, value: Decimal) -> str:
        """``value`` with every digit, as ``read`` reads it back: '10k', '0.2ms', '8MiB'."""
        return self.quantity.write(value)


TOP1 = Measure("top1", "top-1", "percentage", more=True)


@cache
def measures() -> dict[str, Measure]:
    """Everything that a budget may speak of, by its name there, in the order of a table."""
    limited = [metric for metric in in_order(METRICS.names()) if metric.limit]
    named = {measure.name: measure for metric in limited for measure in _measures(metric)}
    return {**named, TOP1.name: TOP1}


def _measures(metric: Metric) -> list[Measure]:
    more, exact = metric.better == "more", metric.needs in COUNTED
    evaluated = Measure(metric.limit, metric.title, metric.kind, metric, more=more, exact=exact)
    if not metric.train_limit:
        return [evaluated]
    trained = Measure(metric.train_limit, f"train {metric.title}", metric.kind, metric, "train", more, exact)
    return [evaluated, trained]


def measure_named(name: str) -> Measure:
    """The measure ``name``: its name in a budget, or any name of its metric. Raises UnknownNameError."""
    key = plain_name(name)
    if key in measures():
        return measures()[key]
    meant = aliases().get(key)
    for measure in measures().values():
        if measure.metric and measure.metric.name == meant and measure.mode == "eval":
            return measure
    hint = nearest(key, measures()) or f"There are: {', '.join(measures())}"
    raise UnknownNameError(f"{name.strip()!r}: no such metric. {hint}")
