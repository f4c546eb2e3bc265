"""Small networks and their costs, counted by hand."""

from tests.counting.truth import (
    attention,
    complex_numbers,
    convolutions,
    movement,
    networks,
    norms,
    pointwise,
    pooling,
    products,
)

TRUTHS = [
    *convolutions.TRUTHS,
    *products.TRUTHS,
    *attention.TRUTHS,
    *pooling.TRUTHS,
    *norms.TRUTHS,
    *pointwise.TRUTHS,
    *movement.TRUTHS,
    *complex_numbers.TRUTHS,
    *networks.TRUTHS,
]
