"""What a budget may speak of, and how a bound on it is written and read."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from attnprof.errors import UnknownNameError, nearest
from attnprof.units import (
    parse_bytes,
    parse_count,
    parse_percentage,
    parse_rate,
    parse_seconds,
    show_bytes,
    show_count,
    show_seconds,
    significant,
)

LARGEST = Decimal(10) ** 18  # of any bound, in base units: more than anything counted or waited for here


@dataclass(frozen=True)
class Kind:
    """How figures of one kind are read, shown rounded to a person, and written exactly. like: an example of a bound."""

    read: Callable[[str], int | float | Decimal]
    show: Callable[[float], str]
    units: tuple[tuple[str, Decimal], ...]  # the largest first
    like: str
    suffix: str = ""  # of a column's heading, as in results.csv


@dataclass(frozen=True)
class Measure:
    """One metric that can be budgeted. column: of results.csv, empty where it is published. mode: of the rows it is in.

    more: whether more is better. exact: known by counting alone.  title: what a heading says.
    """

    name: str
    title: str
    column: str
    kind: Kind
    mode: str = "eval"
    more: bool = False
    exact: bool = False

    @property
    def noisy(self) -> bool:
        """Whether its figures have an interval."""
        return self.kind in (TIME, RATE)

    @property
    def sign(self) -> str:
        """The only sense in which a bound on it is a budget."""
        return ">=" if self.more else "<="

    @property
    def example(self) -> str:
        """A limit as it may be written."""
        return f"{self.name}{self.sign}{self.kind.like}"

    def read(self, text: str) -> Decimal:
        """The bound that ``text`` states, in base units. Raises ValueError."""
        found = self.kind.read(text)
        value = found if isinstance(found, Decimal) else Decimal(repr(found))
        if not value.is_finite() or value > LARGEST:
            raise ValueError(f"{text!r} is more than anything that is counted or measured here")
        return value

    def write(self, value: Decimal) -> str:
        """``value`` with every digit, as ``read`` reads it back: '10k', '0.2ms', '8MiB'."""
        scaled = [(unit, (value / scale).normalize()) for unit, scale in self.kind.units]
        unit, number = next((each for each in scaled if each[1] >= 1 and _short(each[1])), scaled[-1])
        return f"{number:f}{unit}"


def _short(value: Decimal) -> bool:
    return -int(value.as_tuple().exponent) <= 3


_SI = (("G", Decimal(10**9)), ("M", Decimal(10**6)), ("k", Decimal(10**3)), ("", Decimal(1)))
_TIME = (("s", Decimal(1)), ("ms", Decimal("1e-3")), ("us", Decimal("1e-6")), ("ns", Decimal("1e-9")))
_MEMORY = (("GiB", Decimal(2**30)), ("MiB", Decimal(2**20)), ("KiB", Decimal(2**10)), ("B", Decimal(1)))
COUNT = Kind(parse_count, lambda value: show_count(int(value)), _SI, "10k")
TIME = Kind(parse_seconds, show_seconds, _TIME, "0.2ms", "_s")
MEMORY = Kind(parse_bytes, lambda value: show_bytes(int(value)), _MEMORY, "8MiB", "_bytes")
RATE = Kind(parse_rate, significant, _SI, "5k", "_per_s")
PERCENTAGE = Kind(parse_percentage, lambda value: f"{Decimal(value):.4}", (("", Decimal(1)),), "77")

MEASURES = {
    measure.name: measure
    for measure in (
        Measure("params", "params", "params", COUNT, exact=True),
        Measure("macs", "MACs", "macs", COUNT, exact=True),
        Measure("flops", "FLOPs", "flops", COUNT, exact=True),
        Measure("activation_memory", "activations", "activation_memory_bytes", MEMORY, exact=True),
        Measure("latency", "latency", "latency_s", TIME),
        Measure("train_latency", "train latency", "latency_s", TIME, mode="train"),
        Measure("memory", "memory", "peak_memory_bytes", MEMORY),
        Measure("train_memory", "train memory", "peak_memory_bytes", MEMORY, mode="train"),
        Measure("throughput", "images/s", "throughput_per_s", RATE, more=True),
        Measure("top1", "top-1", "", PERCENTAGE, more=True),
    )
}


def measure_named(name: str) -> Measure:
    """The measure ``name``, hyphens or underscores. Raises UnknownNameError."""
    key = name.strip().lower().replace("-", "_")
    if key not in MEASURES:
        hint = nearest(key, MEASURES) or f"There are: {', '.join(MEASURES)}"
        raise UnknownNameError(f"{name.strip()!r}: no such metric. {hint}")
    return MEASURES[key]
