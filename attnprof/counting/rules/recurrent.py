"""Recurrent layers that run as one operator: their steps count as what they run as elsewhere."""

from typing import Any

from attnprof.counting.rules import BIAS, POINTWISE, REDUCTION, TRANSCENDENTAL, Cost, Rule
from attnprof.counting.rules.products import mac

_GATES = 4  # of an LSTM's cell


def _steps(args: tuple[Any, ...]) -> tuple[int, int, int]:
    """Steps of all sequences together, the width of the input, and that of the state."""
    x, weight = args[0], args[1]
    width = x.shape[-1]
    return x.numel() // width, width, weight.shape[0] // _GATES


def _lstm(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Per step: two products with two biases, 5 functions, and 8 operations per element of the state."""
    steps, width, state = _steps(args)
    has_biases = args[12]
    return (
        mac(steps * _GATES * state * (width + state), args[0]),
        (BIAS, 2 * steps * _GATES * state if has_biases else 0),
        (POINTWISE, 2 * steps * _GATES * state),
        (TRANSCENDENTAL, 5 * steps * state),
    )


def _lstm_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Twice forward's products; per element of the state 5 derivatives, 6 products and 2 sums; bias sums."""
    steps, width, state = _steps(args)
    return (
        mac(2 * steps * _GATES * state * (width + state), args[0]),
        (POINTWISE, 13 * steps * state),
        (REDUCTION, 2 * _GATES * state * (steps - 1)),
    )


RULES = {
    "mkldnn_rnn_layer": Rule(_lstm),
    "mkldnn_rnn_layer_backward": Rule(_lstm_backward),
}
