"""The least time that a device with measured peaks needs for a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from attnprof.units import show_bytes


@dataclass(frozen=True)
class Peaks:
    """What a device can do at best."""

    bandwidths: tuple[tuple[int, float], ...]  # (bytes of the working set, bytes per second), smallest first
    rates: dict[str, float]  # FLOP/s by category, as docs/counting.md defines them; of a GPU products alone
    launch: float  # seconds of the smallest operator
    cache: int  # bytes of the last-level cache
    clock: float | None = None  # Hz meanwhile; None where the device does not report it

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """The peaks that ``to_json`` wrote, perhaps another version's."""
        pairs = tuple((int(size), float(rate)) for size, rate in fields["bandwidths"])
        return cls(pairs, fields["rates"], fields["launch"], fields["cache"], fields.get("clock"))

    def to_json(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return {**vars(self), "bandwidths": [list(pair) for pair in self.bandwidths]}

    def bandwidth(self, working_set: int) -> tuple[float, int | None]:
        """Bytes per second for a working set, and the size of the smallest measured one that holds it.

        The best of all that hold it, because a small one is copied too quickly to show what the cache gives.
        Beyond the largest: that of the largest, and None.
        """
        holding = [(size, rate) for size, rate in self.bandwidths if size >= working_set]
        if not holding:
            return self.bandwidths[-1][1], None
        return max(rate for _, rate in holding), holding[0][0]


class OperatorWork(Protocol):
    """The part of an operator that the bound depends on."""

    @property
    def flops(self) -> Sequence[tuple[str, int]]:
        """FLOPs by category."""
        ...

    @property
    def out_shape(self) -> tuple[int, ...]:
        """Of its first output."""
        ...


class Work(Protocol):
    """The part of an account that the bound depends on."""

    @property
    def flops_by_category(self) -> Mapping[str, int]:
        """FLOPs of the call."""
        ...

    @property
    def minimal_bytes(self) -> int:
        """Input, output and parameters once."""
        ...

    @property
    def operators(self) -> Sequence[OperatorWork]:
        """What it issues, in order."""
        ...


@dataclass(frozen=True)
class Bound:
    """The least seconds of a call."""

    memory: float  # to move its minimal bytes
    arithmetic: float  # to compute its FLOPs
    launch: float  # to start its operators: no bound, because a fused operator would not have to
    level: str  # where the bytes are

    @property
    def seconds(self) -> float:
        """Moving and computing may overlap, so the longer of the two."""
        return max(self.memory, self.arithmetic)

    @property
    def binds(self) -> str:
        """What stands in the way of less: 'memory', 'arithmetic' or 'launch'."""
        seconds = {"memory": self.memory, "arithmetic": self.arithmetic, "launch": self.launch}
        return max(seconds, key=lambda name: seconds[name])


def bound(work: Work, peaks: Peaks, shape: tuple[int, ...], input_bytes: int) -> Bound:
    """The bound of a call with an input of ``shape``.

    Where a reduction over the whole map has to precede what rescales it, and the map does not stay in the
    cache, it is read once more. A category without a rate takes no time of its own.
    """
    moved = work.minimal_bytes + (
        input_bytes if input_bytes > peaks.cache and _reads_twice(work, shape) else 0
    )
    rate, size = peaks.bandwidth(moved)
    arithmetic = sum(
        flops / peaks.rates[category]
        for category, flops in work.flops_by_category.items()
        if category in peaks.rates
    )
    level = "memory" if size is None or size > peaks.cache else f"a working set of {show_bytes(size)}"
    return Bound(moved / rate, arithmetic, len(work.operators) * peaks.launch, level)


def _reads_twice(work: Work, shape: tuple[int, ...]) -> bool:
    """Whether a reduction of the whole map to channels comes before an output of the map's shape."""
    batch, channels, height, width = shape
    for number, operator in enumerate(work.operators):
        reduced = sum(flops for category, flops in operator.flops if category == "reduction")
        small = 1
        for extent in operator.out_shape:
            small *= extent
        if reduced >= batch * channels * (height * width - 1) and small <= batch * channels:
            return any(later.out_shape == shape for later in work.operators[number + 1 :])
    return False
