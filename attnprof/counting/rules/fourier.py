"""Fourier transforms: 5 n log2 n each, n being the elements of one transform."""

from math import log2, prod
from typing import Any

from attnprof.counting.rules import FFT, Cost, Rule


def _transforms(signal: Any, dims: Any) -> Cost:
    """signal: the side of the transform that is whole (complex, or the real one), (.., n along dims, ..)."""
    n = prod(signal.shape[d] for d in dims)
    return ((FFT, round(5 * signal.numel() * log2(n)) if n > 1 else 0),)


def _from_input(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return _transforms(args[0], args[1])


def _to_real(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return _transforms(out, args[1])


RULES = {
    "_fft_c2c": Rule(_from_input),
    "_fft_r2c": Rule(_from_input),
    "_fft_c2r": Rule(_to_real),
}
