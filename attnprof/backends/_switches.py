"""The switches of a process that decide how products and convolutions of fp32 are computed on a GPU."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch

# torch does not say what its older switches are once its newer ones were set.
UNREADABLE = "set in two ways"


class Switch(NamedTuple):
    """One of them, and what it is while cells are measured."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    ours: Any


def _precision_of(owner: Any) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    return lambda: owner.fp32_precision, lambda value: setattr(owner, "fp32_precision", value)


def _switches() -> tuple[Switch, ...]:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    older = (
        # torch lets cuDNN round fp32 convolutions to tf32 unless told otherwise; a case says fp32 and means
        # it.
        Switch(
            "cudnn_tf32",
            lambda: cudnn.allow_tf32,
            lambda value: setattr(cudnn, "allow_tf32", value),
            False,
        ),
        Switch(
            "matmul_precision",
            torch.get_float32_matmul_precision,
            torch.set_float32_matmul_precision,
            "highest",
        ),
        # A search for the fastest algorithm finds another one in every process.
        Switch(
            "cudnn_benchmark",
            lambda: cudnn.benchmark,
            lambda value: setattr(cudnn, "benchmark", value),
            False,
        ),
    )
    if not hasattr(cudnn, "conv"):  # torch < 2.9
        return older
    owners = {"conv_fp32": cudnn.conv, "rnn_fp32": cudnn.rnn, "matmul_fp32": matmul}
    return (*older, *(Switch(name, *_precision_of(owner), "ieee") for name, owner in owners.items()))


SWITCHES = _switches()


def read_switches() -> dict[str, Any]:
    """What they are now."""
    return {switch.name: _read(switch) for switch in SWITCHES}


def write_switches(values: Mapping[str, Any] | None = None) -> None:
    """Set them to ``values`` as ``read_switches`` returned them; without them, to ours."""
    for switch in SWITCHES:
        value = switch.ours if values is None else values[switch.name]
        if value != UNREADABLE:  # then the newer ones, which follow, are what was set last
            switch.write(value)


def _read(switch: Switch) -> Any:
    try:
        return switch.read()
    except RuntimeError:
        return UNREADABLE
