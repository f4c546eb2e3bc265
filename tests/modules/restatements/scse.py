"""Concurrent Spatial and Channel Squeeze & Excitation, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, sigmoid


def restate(x, w, *, reduction, mode, combine):
    c, height, width = x.shape[1:]

    def cse():
        assert w["channel.squeeze.weight"].shape == (c // reduction, c)
        s = x.sum(dim=(2, 3)) / (height * width)
        z = linear(s, w["channel.squeeze.weight"], w["channel.squeeze.bias"]).clamp(min=0)
        gate = sigmoid(linear(z, w["channel.excite.weight"], w["channel.excite.bias"]))
        return torch.einsum("nc,nchw->nchw", gate, x)

    def sse():
        score = torch.einsum("c,nchw->nhw", w["spatial.conv.weight"].reshape(c), x) + w["spatial.conv.bias"]
        return torch.einsum("nhw,nchw->nchw", sigmoid(score), x)

    if mode != "both":
        return {"cse": cse, "sse": sse}[mode]()
    one, two = cse(), sse()
    return {"max": torch.where(one > two, one, two), "add": one + two}[combine]
