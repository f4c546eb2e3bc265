"""Other counters, kept as cross-check columns: one per file, each exporting PEER."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Peer:
    """Another counter. computes: it runs the module for real on the CPU; otherwise it counts on the meta device.

    count: its figure for a module and an input. Both are thrown away afterwards, so it may damage them. It may raise
    anything: whoever calls it turns that into a note.
    """

    count: "Callable[[nn.Module, torch.Tensor], int]"
    computes: bool
