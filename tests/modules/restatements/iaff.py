"""Iterative attentional feature fusion, restated: the second share is from the two maps mixed by the first share."""

from tests.modules.restatements.aff_fusion import share


def restate(x, y, w, *, reduction, separate):
    assert len(w["local_path.squeeze.bias"]) == x.shape[1] // reduction
    first, second = x.flatten(2).mT, y.flatten(2).mT
    once = share(first + second, w, "local_path", "global_path")
    mixed = second + once * (first - second)
    global_path = "second_global_path" if separate else "global_path"
    twice = share(mixed, w, "second_local_path", global_path)
    return (second + twice * (first - second)).mT.reshape(x.shape)
