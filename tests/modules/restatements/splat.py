"""Split attention (ResNeSt), restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid, softmax


def restate(x, w, *, radix, groups, kernel_size, reduction, min_width, divisor):
    n, channels = x.shape[:2]
    u = conv2d(x, w["conv.weight"], padding=kernel_size // 2, groups=radix * groups)
    u = batch_norm(u, w, "norm").clamp(min=0).reshape(n, radix, channels, *x.shape[2:])
    pooled = u.sum(dim=(1, 3, 4))[:, :, None, None] / (x.shape[2] * x.shape[3])
    wide = channels * radix / reduction
    width = max(int(wide), min_width)
    if divisor > 1:
        width = max(min_width, divisor, int(wide + divisor / 2) // divisor * divisor)
        width += divisor if width < 0.9 * wide else 0
    assert w["squeeze.weight"].shape[0] == width
    hidden = conv2d(pooled, w["squeeze.weight"], w["squeeze.bias"], groups=groups)
    hidden = batch_norm(hidden, w, "squeeze_norm").clamp(min=0)
    logits = conv2d(hidden, w["select.weight"], w["select.bias"], groups=groups)[:, :, 0, 0]
    # The logit of channel c in split r: cardinal group first, then the split, then the place in the group.
    each = channels // groups
    channel = torch.arange(channels)
    index = (channel // each) * radix * each + channel % each
    logits = torch.stack([logits[:, index + r * each] for r in range(radix)], dim=1)
    share = sigmoid(logits) if radix == 1 else softmax(logits, 1)
    return torch.einsum("nrc,nrchw->nchw", share, u)
