"""torch's caching allocator, as far as its statistics and limits show it."""

from dataclasses import dataclass, field
from math import ceil

import torch

ROUNDED_TO = 512
SMALL = 2**20  # the largest request that goes into a small segment
SMALL_SEGMENT, LARGE_SEGMENT, MULTIPLE = 2 * 2**20, 20 * 2**20, 2 * 2**20
LARGE = 10 * 2**20  # a larger request has a segment of its own

Pool = tuple[int, int]
NO_POOL: Pool = (0, 0)


@dataclass(eq=False)
class Segment:
    """Memory taken from the device at once, for the blocks of one pool."""

    size: int
    pool: Pool
    small: bool
    free: int = 0


@dataclass(eq=False)
class Block:
    """What one tensor takes of a segment."""

    segment: Segment
    requested: int
    size: int


@dataclass
class Gauge:
    """Bytes now, and the most since the last reset."""

    current: int = 0
    peak: int = 0

    def add(self, size: int) -> None:
        self.current += size
        self.peak = max(self.peak, self.current)


@dataclass
class Allocator:
    """The allocator of one device with ``total`` bytes."""

    total: int
    backend: str = "native"
    fraction: float = 1.0
    taken_by_others: int = 0
    segments: list[Segment] = field(default_factory=list)
    allocated: Gauge = field(default_factory=Gauge)
    requested: Gauge = field(default_factory=Gauge)
    reserved: Gauge = field(default_factory=Gauge)
    captures: list[Pool] = field(default_factory=list)  # under way, as it believes
    users: dict[Pool, int] = field(default_factory=dict)  # graphs of each pool

    def allocate(self, nbytes: int, pool: Pool = NO_POOL) -> Block:
        """A block of ``pool``. Raises torch.OutOfMemoryError beyond the limit."""
        size = max(1, ceil(nbytes / ROUNDED_TO)) * ROUNDED_TO
        small = size <= SMALL
        fitting = (s for s in self.segments if s.pool == pool and s.small == small and s.free >= size)
        segment = next(fitting, None) or self._reserve(size, pool, small)
        segment.free -= size
        self.allocated.add(size)
        self.requested.add(nbytes)
        return Block(segment, nbytes, size)

    def release(self, block: Block) -> None:
        """Take a block back; its segment stays."""
        block.segment.free += block.size
        self.allocated.add(-block.size)
        self.requested.add(-block.requested)

    def empty_cache(self) -> None:
        """Give back segments without blocks, those of pools in use apart. During a capture: nothing."""
        if self.captures:
            return
        idle = [s for s in self.segments if s.free == s.size and not self.users.get(s.pool)]
        for segment in idle:
            self.segments.remove(segment)
            self.reserved.add(-segment.size)

    def reset_peaks(self) -> None:
        for gauge in (self.allocated, self.requested, self.reserved):
            gauge.peak = gauge.current

    def stats(self) -> dict[str, int]:
        """torch.cuda.memory_stats, as far as anybody reads it."""
        gauges = {"allocated": self.allocated, "requested": self.requested, "reserved": self.reserved}
        if self.backend != "native":
            gauges["requested"] = Gauge()
        stats = {}
        for name, gauge in gauges.items():
            stats[f"{name}_bytes.all.current"] = gauge.current
            stats[f"{name}_bytes.all.peak"] = gauge.peak
        return stats

    def _reserve(self, size: int, pool: Pool, small: bool) -> Segment:
        large = LARGE_SEGMENT if size < LARGE else ceil(size / MULTIPLE) * MULTIPLE
        needed = SMALL_SEGMENT if small else large
        if not self._fits(needed):
            self.empty_cache()
        if not self._fits(needed):
            raise torch.OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {needed / 2**20:.2f} MiB. GPU 0 has a total capacity of"
                f" {self.total / 2**30:.2f} GiB, and this process may use {self.fraction:.4f} of it."
            )
        segment = Segment(needed, pool, small, free=needed)
        self.segments.append(segment)
        self.reserved.add(needed)
        return segment

    def _fits(self, size: int) -> bool:
        reserved = self.reserved.current + size
        return reserved <= self.fraction * self.total and reserved <= self.total - self.taken_by_others
