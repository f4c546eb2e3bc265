"""The attention gate of Attention U-Net, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, sigmoid


def restate(x, y, w, *, norms):
    def project(t, name, has_bias=True):
        t = torch.einsum("nchw,oc->nohw", t, w[f"{name}.conv.weight"].flatten(1))
        if has_bias:
            t = t + w[f"{name}.conv.bias"][:, None, None]
        return batch_norm(t, w, f"{name}.norm") if norms or name == "project" else t

    assert ("of_map.conv.bias" in w) == norms
    between = project(x, "of_map", has_bias=norms) + project(y, "of_gate")
    assert between.shape[1] == max(x.shape[1] // 2, 1)
    gated = x * sigmoid(project(between.clamp(min=0), "score"))
    return gated if norms else project(gated, "project")
