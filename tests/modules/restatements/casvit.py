"""CAS-ViT's convolutional additive self-attention, restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def restate(x, w, *, qkv_bias):
    c = x.shape[1]
    qkv = conv2d(x, w["qkv.weight"], w["qkv.bias"] if qkv_bias else None)
    q, k, v = qkv[:, :c], qkv[:, c : 2 * c], qkv[:, 2 * c :]

    def depthwise(t, name):
        return conv2d(t, w[f"{name}.weight"], w[f"{name}.bias"], padding=1, groups=c)

    def gated(t, name):
        inside = batch_norm(depthwise(t, f"{name}.spatial.depthwise"), w, f"{name}.spatial.norm")
        t = t * sigmoid(conv2d(inside.clamp(min=0), w[f"{name}.spatial.score.weight"]))
        return t * sigmoid(
            conv2d(t.mean(dim=(2, 3), keepdim=True), w[f"{name}.channel.score.weight"].reshape(c, c, 1, 1))
        )

    mixed = gated(q, "query_gates") + gated(k, "key_gates")
    return depthwise(depthwise(mixed, "context") * v, "project")
