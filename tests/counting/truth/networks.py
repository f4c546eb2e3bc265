"""Networks of a few layers: what is shared, called twice, frozen, in place, and gradients that meet.

Lone layers are 1x1 convolutions of 4 channels on 2 x 4 maps of 6 x 5: 240 * 4 MACs, 16 weights and 4 biases.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from tests.counting.truth.table import F32, Does, Pass, Truth, weight

X = 2 * 4 * 6 * 5
IN = (2, 4, 6, 5)

CONV = X + 16 + 4 + X  # elements that a layer moves, and its backward
CONV_BACK = (X + X + 16) + (X + 16 + 4)


def layer() -> nn.Conv2d:
    return nn.Conv2d(4, 4, 1)


def twice() -> nn.Module:
    conv = layer()
    return nn.Sequential(conv, conv)


def one_weight_in_two() -> nn.Module:
    net = nn.Sequential(layer(), layer())
    net[1].weight = net[0].weight
    return net


def first_frozen() -> nn.Module:
    net = nn.Sequential(layer(), nn.ReLU(), layer())
    net[0].requires_grad_(False)
    return net


def with_its_sigmoid(h: Tensor) -> Tensor:
    return h + h.sigmoid()


TRUTHS = [
    Truth(
        # Weight and bias get two gradients each, which meet.
        "a layer called twice",
        twice,
        IN,
        IN,
        params=20,
        forward=Pass(macs=2 * (X * 4), bias=2 * X, moved=F32 * 2 * CONV, peak=F32 * (X + X)),
        backward=Pass(
            macs=2 * 2 * (X * 4),
            reduction=2 * (X - 4),
            pointwise=16 + 4,
            moved=F32 * (2 * CONV_BACK + 3 * 16 + 3 * 4),
            # output, gradient between the two, both gradients of weight and bias, gradient of the input
            peak=F32 * (X + X + 20 + 20 + X),
        ),
    ),
    Truth(
        "two layers that share a weight",
        one_weight_in_two,
        IN,
        IN,
        params=16 + 4 + 4,
        forward=Pass(macs=2 * (X * 4), bias=2 * X, moved=F32 * 2 * CONV, peak=F32 * (X + X)),
        backward=Pass(
            macs=2 * 2 * (X * 4),
            reduction=2 * (X - 4),
            pointwise=16,
            moved=F32 * (2 * CONV_BACK + 3 * 16),
            peak=F32 * (X + X + 20 + 20 + X),
        ),
    ),
    Truth(
        # conv(x, w) * g + b. Backward: b's sum; g's product and its sum, while the one for conv is there too.
        "parameters of its own",
        lambda: Does(
            lambda m, x: F.conv2d(x, m.w) * m.g + m.b, w=weight(4, 4, 1, 1), g=weight(4, 1, 1), b=weight(1)
        ),
        IN,
        IN,
        params=16 + 4 + 1,
        forward=Pass(
            macs=X * 4,
            pointwise=X + X,
            moved=F32 * ((X + 16 + X) + (X + 4 + X) + (X + 1 + X)),
            peak=F32 * (X + X),
        ),
        backward=Pass(
            macs=2 * (X * 4),
            pointwise=X + X,
            reduction=(X - 1) + (X - 4),
            moved=F32 * ((X + 1) + 3 * X + (X + 4 + X) + (X + 4) + (X + X + 16 + X + 16)),
            peak=F32 * (X + X + 1 + X + X + 4),
        ),
    ),
    Truth(
        # relu works in the output of conv and keeps no other.
        "relu in place",
        lambda: nn.Sequential(layer(), nn.ReLU(inplace=True)),
        IN,
        IN,
        params=20,
        forward=Pass(macs=X * 4, bias=X, pointwise=X, moved=F32 * (CONV + 2 * X), peak=F32 * X),
        backward=Pass(
            macs=2 * (X * 4),
            reduction=X - 4,
            pointwise=X,
            moved=F32 * (3 * X + CONV_BACK),
            peak=F32 * (X + X + X + 20),
        ),
    ),
    Truth(
        # The gradient given goes to x as it is and must stay: its sum with conv's is a new tensor.
        "residual",
        lambda: Does(lambda m, x: x + m.conv(x), conv=layer()),
        IN,
        IN,
        params=20,
        forward=Pass(macs=X * 4, bias=X, pointwise=X, moved=F32 * (CONV + 3 * X), peak=F32 * (X + X)),
        backward=Pass(
            macs=2 * (X * 4),
            reduction=X - 4,
            pointwise=X,
            moved=F32 * (CONV_BACK + 3 * X),
            peak=F32 * (X + X + X + 20),
        ),
    ),
    Truth(
        # (h + sigmoid(h)) * 2 of h = relu(x). Backward's sum reuses the gradient that came first, as nobody
        # else has it.
        "residual in the middle",
        lambda: Does(lambda m, x: with_its_sigmoid(x.relu()) * 2),
        IN,
        IN,
        forward=Pass(
            pointwise=X + X + X,
            transcendental=X,
            moved=F32 * (2 * X + 2 * X + 3 * X + 2 * X),
            peak=F32 * 3 * X,
        ),
        backward=Pass(
            pointwise=X + X + X + X,
            moved=F32 * (2 * X + 3 * X + 3 * X + 3 * X),
            peak=F32 * 5 * X,  # output, h and its sigmoid, the gradient of the sum and sigmoid's
        ),
    ),
    Truth(
        # mean -> conv -> sigmoid -> times x. Backward: g x, g s, its sum over the map; sigmoid's; conv's on 1
        # x 1; the mean's, spread over the map, meets g s.
        "channel gate",
        lambda: Does(lambda m, x: x * m.conv(x.mean((2, 3), keepdim=True)).sigmoid(), conv=layer()),
        IN,
        IN,
        params=20,
        forward=Pass(
            macs=8 * 4,
            bias=8,
            transcendental=8,
            reduction=(X - 8) + 8,
            pointwise=X,
            moved=F32 * ((X + 8) + (8 + 16 + 4 + 8) + (8 + 8) + (X + 8 + X)),
            peak=F32 * (8 + X),
        ),
        backward=Pass(
            macs=2 * (8 * 4),
            reduction=(X - 8) + (8 - 4),
            pointwise=X + X + 8 + X + X,
            moved=F32 * (3 * X + (X + 8 + X) + (X + 8) + 3 * 8 + (8 + 8 + 16 + 8 + 16 + 4) + (8 + X) + 3 * X),
            peak=F32
            * (X + X + 20 + 8 + X),  # output, g s, gradients of conv, of the mean, of x by way of the mean
        ),
    ),
    Truth(
        # The first layer's weight asks for no gradient: only the input's.
        "first layer frozen",
        first_frozen,
        IN,
        IN,
        params=40,
        frozen=20,
        forward=Pass(
            macs=2 * (X * 4),
            bias=2 * X,
            pointwise=X,
            moved=F32 * (CONV + 2 * X + CONV),
            peak=F32 * (X + X),
        ),
        backward=Pass(
            macs=2 * (X * 4) + X * 4,
            reduction=X - 4,
            pointwise=X,
            moved=F32 * (CONV_BACK + 3 * X + (X + X + 16 + X)),
            peak=F32
            * (X + X + X + 20 + X),  # output, relu's, its gradient, the second layer's, the first layer's
        ),
    ),
]
