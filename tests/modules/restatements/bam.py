"""Bottleneck Attention Module, restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, conv2d, linear, sigmoid


def restate(x, w, *, reduction, dilation, convs, combine):
    n, c, height, width = x.shape
    assert w["channel.squeeze.weight"].shape == (c // reduction, c)
    assert f"spatial.dilated.{convs}.conv.weight" not in w

    s = x.sum(dim=(2, 3)) / (height * width)
    s = linear(s, w["channel.squeeze.weight"], w["channel.squeeze.bias"])
    s = batch_norm(s, w, "channel.norm").clamp(min=0)
    channel = linear(s, w["channel.excite.weight"], w["channel.excite.bias"]).reshape(n, c, 1, 1)

    t = conv2d(x, w["spatial.reduce.conv.weight"], w["spatial.reduce.conv.bias"])
    t = batch_norm(t, w, "spatial.reduce.norm").clamp(min=0)
    for i in range(convs):
        layer = f"spatial.dilated.{i}"
        assert w[f"{layer}.conv.weight"].shape[2:] == (3, 3)
        t = conv2d(t, w[f"{layer}.conv.weight"], w[f"{layer}.conv.bias"], dilation=dilation, padding=dilation)
        t = batch_norm(t, w, f"{layer}.norm").clamp(min=0)
    spatial = conv2d(t, w["spatial.project.weight"], w["spatial.project.bias"])
    assert spatial.shape == (n, 1, height, width)

    both = {"multiply": channel * spatial, "add": channel + spatial}[combine]
    return (1 + sigmoid(both)) * x
