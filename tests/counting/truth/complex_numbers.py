"""Complex numbers and Fourier transforms.

An addition of complex numbers is 2 operations, a multiplication 6, a multiply-accumulate 4 real ones, a
modulus 4, other things 2. Parameters are real, seen as complex, so that their gradients are real again
without a copy.
"""

from math import log2

import torch

from tests.counting.truth.table import C64, F32, Does, Pass, Truth, weight

GRID = round(8 * 5 * 24 * log2(24))  # 2 x 4 transforms of 6 x 4 real elements, 4402

TRUTHS = [
    Truth(
        # 48 products. Backward: conjugates are copies; g x*, g w*, the sum over the batch.
        "complex multiplication",
        lambda: Does(
            lambda m, x: torch.view_as_real(torch.view_as_complex(x) * torch.view_as_complex(m.w)),
            w=weight(4, 6, 2),
        ),
        (2, 4, 6, 2),
        (2, 4, 6, 2),
        params=48,
        forward=Pass(pointwise=6 * 48, moved=C64 * (48 + 24 + 48), peak=C64 * 48),
        backward=Pass(
            pointwise=6 * 48 + 6 * 48,
            reduction=2 * (48 - 24),
            moved=C64 * ((48 + 48) + 3 * 48 + (24 + 24) + (48 + 24 + 48) + (48 + 24)),
            peak=C64 * (48 + 48 + 48 + 24),
        ),
    ),
    Truth(
        # 8 x 6 times 6 x 3.
        "complex matrix product",
        lambda: Does(
            lambda m, x: torch.view_as_real(torch.view_as_complex(x) @ torch.view_as_complex(m.w)),
            w=weight(6, 3, 2),
        ),
        (2, 4, 6, 2),
        (2, 4, 3, 2),
        params=36,
        forward=Pass(macs=4 * 8 * 6 * 3, moved=C64 * (48 + 18 + 24), peak=C64 * 24),
        backward=Pass(
            macs=2 * (4 * 8 * 6 * 3),
            moved=C64 * ((48 + 24 + 18) + (24 + 18 + 48)),
            peak=C64 * (24 + 18 + 48),
        ),
    ),
    Truth(
        # Backward: z / |z|, and its product with the gradient, which is a product of complex numbers.
        "modulus",
        lambda: Does(lambda m, x: torch.view_as_complex(x).abs()),
        (2, 4, 6, 2),
        (2, 4, 6),
        forward=Pass(pointwise=4 * 48, moved=C64 * 48 + F32 * 48, peak=F32 * 48),
        backward=Pass(
            pointwise=2 * 48 + 6 * 48,
            moved=C64 * (48 + 48) + (F32 * 48 + C64 * (48 + 48)),
            peak=F32 * 48 + C64 * 96,
        ),
    ),
    Truth(
        # 6 x 4 real elements have 6 x 3 complex frequencies: 144 in 8 maps. There, times the filter, and
        # back. Backward: there; the inner column twice (in place); both products with conjugates that are
        # copied; the filter's sum over the batch; zeros for all 6 x 4 frequencies and the 6 x 3 set into
        # them; a complex transform, of which the real half is copied.
        "global filter of frequencies",
        lambda: Does(
            lambda m, x: torch.fft.irfft2(torch.fft.rfft2(x) * torch.view_as_complex(m.w), s=x.shape[-2:]),
            w=weight(4, 6, 3, 2),
        ),
        (2, 4, 6, 4),
        (2, 4, 6, 4),
        params=4 * 6 * 3 * 2,
        forward=Pass(
            fft=2 * GRID,
            pointwise=6 * 144,
            moved=(F32 * 192 + C64 * 144) + C64 * (144 + 72 + 144) + (C64 * 144 + F32 * 192),
            peak=C64 * (144 + 144),
        ),
        backward=Pass(
            fft=2 * GRID,
            pointwise=6 * 48 + 6 * 144 + 6 * 144,
            reduction=2 * (144 - 72),
            moved=(F32 * 192 + C64 * 144)
            + C64 * (48 + 48)
            + C64 * ((144 + 144) + 3 * 144 + (72 + 72) + (144 + 72 + 144) + (144 + 72))
            + C64 * (192 + (144 + 144) + (192 + 192))
            + F32 * (192 + 192),
            # output, kept frequencies, gradients of the product, of the filter in both samples and their sum,
            # of the input
            peak=F32 * 192 + C64 * (144 + 144 + 144 + 72 + 144),
        ),
    ),
    Truth(
        # 8 transforms of 32 elements: 5 * 32 * 5. Backward sets the gradient of the real half into zeros of
        # pairs.
        "real part of a complex transform",
        lambda: Does(lambda m, x: torch.fft.fft2(x).real),
        (2, 4, 4, 8),
        (2, 4, 4, 8),
        forward=Pass(
            fft=8 * 5 * 32 * 5,
            moved=(F32 * 256 + C64 * 256) + C64 * (256 + 256),
            peak=C64 * (256 + 256),
        ),
        backward=Pass(
            fft=8 * 5 * 32 * 5,
            moved=(F32 * 256 + F32 * 512) + C64 * (256 + 256) + F32 * (256 + 256),
            peak=C64 * (256 + 256 + 256),
        ),
    ),
]
