"""The switches of a process that decide how products and convolutions of fp32 are computed on a GPU."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch

from attnprof.backends import EXACT, Arithmetic

# torch does not say what its older switches are once its newer ones were set.
UNREADABLE = "set in two ways"


class Switch(NamedTuple):
    """One of them, and what it is while cells are measured."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    liberty: str  # the field of Arithmetic that decides
    without: Any
    with_it: Any


def _attribute(owner: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)


def _switches() -> tuple[Switch, ...]:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    matmul_precision = torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
    older = (
        Switch("cudnn_tf32", *_attribute(cudnn, "allow_tf32"), "tf32", False, True),
        Switch("matmul_precision", *matmul_precision, "tf32", "highest", "high"),
        Switch("cudnn_benchmark", *_attribute(cudnn, "benchmark"), "cudnn_benchmark", False, True),
    )
    if not hasattr(cudnn, "conv"):  # torch < 2.9
        return older
    owners = {"conv_fp32": cudnn.conv, "rnn_fp32": cudnn.rnn, "matmul_fp32": matmul}
    newer = (
        Switch(name, *_attribute(owner, "fp32_precision"), "tf32", "ieee", "tf32")
        for name, owner in owners.items()
    )
    return (*older, *newer)


SWITCHES = _switches()


def settings_of(arithmetic: Arithmetic = EXACT) -> dict[str, Any]:
    """What they are to be, by name.

    Without liberties convolutions do not round to tf32, which torch lets them do unless told otherwise: a
    case says fp32 and means it. And cuDNN does not search, because it finds another algorithm in every
    process.
    """
    return {
        switch.name: switch.with_it if getattr(arithmetic, switch.liberty) else switch.without
        for switch in SWITCHES
    }


def read_switches() -> dict[str, Any]:
    """What they are now, by name."""
    return {switch.name: _read(switch) for switch in SWITCHES}


def write_switches(values: Mapping[str, Any]) -> None:
    """Set them to ``values``, by name: those of ``settings_of``, or as ``read_switches`` returned them."""
    for switch in SWITCHES:
        value = values[switch.name]
        if value != UNREADABLE:  # then the newer ones, which follow, are what was set last
            switch.write(value)


def _read(switch: Switch) -> Any:
    try:
        return switch.read()
    except RuntimeError:
        return UNREADABLE
