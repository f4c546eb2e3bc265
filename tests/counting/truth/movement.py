"""What moves elements and computes nothing, with the gradients that are added up on the way back."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from tests.counting.truth.table import F16, F32, I64, Does, Pass, Truth, positions, weight

X = 2 * 4 * 6 * 5
IN = (2, 4, 6, 5)


def gated(_: Any, x: torch.Tensor) -> torch.Tensor:
    value, gate = x.chunk(2, 1)
    return value * gate.sigmoid()


TRUTHS = [
    Truth(
        # Nothing runs and the output is the input; the gradient given is copied, since it is not the input's
        # to keep.
        "identity",
        nn.Identity,
        IN,
        IN,
        forward=Pass(peak=0),
        backward=Pass(moved=F32 * (X + X), peak=F32 * X),
    ),
    Truth(
        "zero padding",
        lambda: nn.ZeroPad2d(1),
        IN,
        (2, 4, 8, 7),
        forward=Pass(moved=F32 * (X + 448), peak=F32 * 448),
        backward=Pass(moved=F32 * (448 + X), peak=F32 * (448 + X)),
    ),
    Truth(
        # Two halves of the gradient given; relu's way back; they meet.
        "concatenation",
        lambda: Does(lambda m, x: torch.cat([x, x.relu()], 1)),
        IN,
        (2, 8, 6, 5),
        forward=Pass(pointwise=X, moved=F32 * (2 * X + 4 * X), peak=F32 * (X + 2 * X)),
        backward=Pass(pointwise=X + X, moved=F32 * (3 * X + 3 * X), peak=F32 * (2 * X + X + X)),
    ),
    Truth(
        # Two views of 120; a gate. Backward: g a, g s, sigmoid's, and the two halves into one tensor.
        "halves, one gates the other",
        lambda: Does(gated),
        IN,
        (2, 2, 6, 5),
        forward=Pass(
            transcendental=120, pointwise=120, moved=F32 * (2 * 120 + 3 * 120), peak=F32 * (120 + 120)
        ),
        backward=Pass(
            pointwise=3 * 120,
            moved=F32 * (3 * 120 + 3 * 120 + 3 * 120 + (120 + 120 + 240)),
            peak=F32 * (120 + 120 + 3 * 120),
        ),
    ),
    Truth(
        "pixel shuffle",
        lambda: nn.PixelShuffle(2),
        IN,
        (2, 1, 12, 10),
        forward=Pass(moved=F32 * 2 * X, peak=F32 * X),
        backward=Pass(moved=F32 * 2 * X, peak=F32 * 2 * X),
    ),
    Truth(
        "roll",
        lambda: Does(lambda m, x: x.roll(1, 2)),
        IN,
        IN,
        forward=Pass(moved=F32 * 2 * X, peak=F32 * X),
        backward=Pass(moved=F32 * 2 * X, peak=F32 * 2 * X),
    ),
    Truth(
        "cast to float16 and back",
        lambda: Does(lambda m, x: x.half().float()),
        IN,
        IN,
        forward=Pass(moved=2 * (F32 + F16) * X, peak=(F16 + F32) * X),
        backward=Pass(moved=2 * (F32 + F16) * X, peak=(F32 + F16 + F32) * X),
    ),
    Truth(
        # Of the spread parameter 4 elements exist.
        "expanded parameter",
        lambda: Does(lambda m, x: x * m.scale.expand_as(x), scale=weight(1, 4, 1, 1)),
        IN,
        IN,
        params=4,
        forward=Pass(pointwise=X, moved=F32 * (X + 4 + X), peak=F32 * X),
        backward=Pass(
            pointwise=X + X,
            reduction=X - 4,
            moved=F32 * (3 * X + (X + 4 + X) + (X + 4)),
            peak=F32 * (X + X + X + 4),
        ),
    ),
    Truth(
        # Backward of a look-up: zeros, and one addition in them per element of the gradient.
        "gather",
        lambda: Does(lambda m, x: x.gather(1, m.places), places=positions(2, 2, 6, 5)),
        IN,
        (2, 2, 6, 5),
        forward=Pass(moved=F32 * (X + 120) + I64 * 120, peak=F32 * 120),
        backward=Pass(pointwise=120, moved=F32 * X + (F32 * (X + 120 + X) + I64 * 120), peak=F32 * (120 + X)),
    ),
    Truth(
        "indexing",
        lambda: Does(lambda m, x: x[:, m.places], places=positions(3)),
        IN,
        (2, 3, 6, 5),
        forward=Pass(moved=F32 * (X + 180) + I64 * 3, peak=F32 * 180),
        backward=Pass(pointwise=180, moved=F32 * X + (F32 * (X + 180 + X) + I64 * 3), peak=F32 * (180 + X)),
    ),
    Truth(
        "index_select",
        lambda: Does(lambda m, x: x.index_select(1, m.places), places=positions(3)),
        IN,
        (2, 3, 6, 5),
        forward=Pass(moved=F32 * (X + 180) + I64 * 3, peak=F32 * 180),
        backward=Pass(pointwise=180, moved=F32 * X + (F32 * (X + 180 + X) + I64 * 3), peak=F32 * (180 + X)),
    ),
    Truth(
        # A row of 5 for each of the 6 rows of the map. Backward: the sum to 6 x 5; the input's gradient is a
        # copy of the one given; one addition for each of the 30.
        "embedding of positions",
        lambda: Does(lambda m, x: x + m.rows(m.places), rows=nn.Embedding(7, 5), places=positions(6)),
        IN,
        IN,
        params=35,
        forward=Pass(pointwise=X, moved=F32 * (35 + 30) + I64 * 6 + F32 * (X + 30 + X), peak=F32 * (30 + X)),
        backward=Pass(
            reduction=X - 30,
            pointwise=30,
            moved=F32 * ((X + 30) + (X + X) + (30 + 35)) + I64 * 6,
            peak=F32 * (X + 30 + X + 35),
        ),
    ),
    Truth(
        # 4 * 9 rows of 30 columns; back: every one of them is added where it came from, or onto the padding.
        "unfold",
        lambda: nn.Unfold(3, padding=1),
        IN,
        (2, 36, 30),
        forward=Pass(moved=F32 * (X + 2160), peak=F32 * 2160),
        backward=Pass(pointwise=2160, moved=F32 * (2160 + X), peak=F32 * (2160 + X)),
    ),
    Truth(
        # Windows of 2 x 2 at 5 x 4 places.
        "unfold and fold",
        lambda: Does(lambda m, x: F.fold(F.unfold(x, 2), (6, 5), 2)),
        IN,
        IN,
        forward=Pass(pointwise=640, moved=F32 * ((X + 640) + (640 + X)), peak=F32 * (640 + X)),
        backward=Pass(pointwise=640, moved=F32 * ((X + 640) + (640 + X)), peak=F32 * (X + 640 + X)),
    ),
    Truth(
        # A view of 4 windows of 3 rows: of its 480 elements 240 exist. Backward adds up all 480.
        "windows as a view",
        lambda: Does(lambda m, x: x.unfold(2, 3, 1) * 2),
        IN,
        (2, 4, 4, 5, 3),
        forward=Pass(pointwise=480, moved=F32 * (X + 480), peak=F32 * 480),
        backward=Pass(pointwise=480 + 480, moved=F32 * ((480 + 480) + (480 + X)), peak=F32 * (480 + 480 + X)),
    ),
    Truth(
        # The mask is drawn, divided in place by what is kept, and multiplied; backward multiplies by it.
        "dropout, training",
        lambda: nn.Dropout(0.5),
        IN,
        IN,
        train=True,
        forward=Pass(pointwise=X + X, moved=F32 * (X + 2 * X + 3 * X), peak=F32 * (X + X)),
        backward=Pass(pointwise=X, moved=F32 * 3 * X, peak=F32 * (X + X + X)),
    ),
    Truth(
        # One number per channel and sample.
        "dropout of channels, training",
        lambda: nn.Dropout2d(0.5),
        IN,
        IN,
        train=True,
        forward=Pass(pointwise=8 + X, moved=F32 * (8 + 2 * 8 + (X + 8 + X)), peak=F32 * (8 + X)),
        backward=Pass(pointwise=X, moved=F32 * (X + 8 + X), peak=F32 * (X + 8 + X)),
    ),
]
