"""EMCAD's multi-scale convolutional attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def conv(x, w, name, **options):
    return batch_norm(conv2d(x, w[f"{name}.conv.weight"], **options), w, f"{name}.norm")


def restate(x, w, *, reduction, expansion, gates):
    c = x.shape[1]
    squeeze, excite = (w[f"{name}.weight"].flatten(1) for name in ("squeeze", "excite"))
    assert len(squeeze) == c // min(c, reduction)
    by_channel = sum((s @ squeeze.T).clamp(min=0) @ excite.T for s in (x.mean((2, 3)), x.amax((2, 3))))
    u = x * sigmoid(by_channel)[:, :, None, None]
    u = u * sigmoid(conv2d(torch.stack((u.mean(1), u.amax(1)), dim=1), w["place.weight"], padding=3))
    if gates:
        return u
    wide = conv(u, w, "scales.widen").clamp(0, 6)
    s = sum(
        conv(wide, w, f"scales.depthwise.{i}", padding=k // 2, groups=c * expansion).clamp(0, 6)
        for i, k in enumerate((1, 3, 5))
    )
    order = [i * expansion + j for j in range(expansion) for i in range(c)]
    return u + conv(s[:, order], w, "scales.narrow")
