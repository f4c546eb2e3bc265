"""What a count that computes may use of the machine: a share of the free memory, and a time."""

from math import prod
from time import monotonic
from typing import Any

from attnprof.counting.rules._meta import broadcast
from attnprof.counting.tensors import tensors_in
from attnprof.errors import UsageError
from attnprof.system.memory import available
from attnprof.units import show_bytes

SECONDS = 60
_ELEMENT = 4  # bytes of a number that nothing else says more of
_SHARE = 0.5  # of the memory that is free when it begins


class Guard:
    """Stops a forward pass that the machine has no room or no time for."""

    def __init__(self, most_bytes: int | None = None, seconds: float = SECONDS) -> None:
        """most_bytes: that the call may allocate at once; None for half of what is free."""
        self._most_bytes = int(_SHARE * available()) if most_bytes is None else most_bytes
        self._seconds = seconds
        self._start = monotonic()

    def check(self, operator: Any, args: Any, kwargs: Any, alive: int) -> None:
        """Raise UsageError where ``operator`` would exceed a limit. alive: bytes that the call has now."""
        if monotonic() - self._start > self._seconds:
            raise UsageError(self._refusal(f"takes more than {self._seconds:g} s"))
        needed = alive + _estimate(operator, args, kwargs)
        if needed > self._most_bytes:
            raise UsageError(
                self._refusal(
                    f"needs {show_bytes(needed)} at {operator}, more than {show_bytes(self._most_bytes)}"
                )
            )

    def _refusal(self, why: str) -> str:
        return (
            f"the forward pass reads values, so that it has to be computed, which {why}; count a smaller "
            "input, or lift the limits by cost(..., device='real')"
        )


def _estimate(operator: Any, args: Any, kwargs: Any) -> int:
    """About the bytes of the operator's output: of its largest input, or of what two of them make."""
    tensors = tensors_in((*args, *kwargs.values()))
    if not tensors:
        return _bytes_of_new(args)
    largest = max(x.numel() * x.element_size() for x in tensors)
    if len(tensors) < 2 or any(x.is_nested for x in tensors):
        return largest
    a, b = tensors[:2]
    if operator._schema.name in ("aten::mm", "aten::bmm"):
        return int(prod(a.shape[:-1]) * b.shape[-1] * a.element_size())
    common = broadcast(a.shape, b.shape)
    return max(largest, prod(common) * a.element_size() if common else 0)


def _bytes_of_new(args: Any) -> int:
    """About the bytes of a tensor made from a shape, as zeros is."""
    sides = args[0] if args and isinstance(args[0], list | tuple) else ()
    return _ELEMENT * prod(side for side in sides if isinstance(side, int))
