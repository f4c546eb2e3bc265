"""Our shape functions beside torch's own meta kernels: what ``verify`` compares, and what it must not."""

from typing import Any

import torch

# Meta kernels that differ from the kernels of every device. Some are never channels last, others are
# decomposed into operators with their own order of dimensions; norms save statistics that eval mode does not
# save, or of another dtype.
_DECOMPOSED_BACKWARD = [
    "elu",
    "gelu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "mish",
    "sigmoid",
    "softplus",
    "tanh",
    "threshold",
]
_OTHER_ORDER = frozenset(
    {
        "convolution",
        "floor_divide",
        "heaviside",
        "logaddexp",
        "native_batch_norm",
        "upsample_bilinear2d",
        "xlogy",
    }
    | {f"{name}_backward" for name in _DECOMPOSED_BACKWARD}
)
_OTHER_STATISTICS = frozenset({"native_batch_norm", "native_layer_norm"})


def check_output(func: Any, output: Any, args: Any, kwargs: Any) -> None:
    """Compare the output of a shape function with that of torch's own meta kernel. Raises AssertionError."""
    if output is args[0]:
        return  # in place
    name = func._schema.name.removeprefix("aten::")
    ours, theirs = _as_tuple(output), _as_tuple(func(*args, **kwargs))
    pairs = list(zip(ours, theirs, strict=True))
    for our, their in pairs[:1] if name in _OTHER_STATISTICS else pairs:
        if our is not None and not _agree(
            our, their, name in _OTHER_ORDER
        ):  # None: a gradient that is not needed
            raise AssertionError(
                f"{func}: our shape function gives {tuple(our.shape)} {our.stride()} {our.dtype}, "
                f"torch {tuple(their.shape)} {their.stride()} {their.dtype}"
            )


def _as_tuple(output: Any) -> tuple[Any, ...]:
    return tuple(output) if isinstance(output, tuple | list) else (output,)


def _agree(ours: torch.Tensor, theirs: torch.Tensor, any_order: bool) -> bool:
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return False
    return any_order or _relevant_strides(ours) == _relevant_strides(theirs)


def _relevant_strides(x: torch.Tensor) -> list[int]:
    """The strides of the sides longer than one."""
    return [stride for side, stride in zip(x.shape, x.stride(), strict=True) if side > 1] if x.numel() else []
