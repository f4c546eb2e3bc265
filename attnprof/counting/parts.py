"""The parts of a module: its submodules, parameters and buffers, each once, collected in one walk."""

from collections.abc import Collection

import torch
from torch import nn

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class Parts:
    """A module and everything that is registered below it."""

    def __init__(self, root: nn.Module) -> None:
        self.root = root
        self.by_path: dict[str, nn.Module] = {}  # the root's path is ""
        self._modules: set[int] = set()
        # By id: a tensor that several submodules share is there once.
        self._parameters: dict[int, torch.Tensor] = {}
        self._buffers: dict[int, torch.Tensor] = {}
        self._collect("", root)
        self.parameters = tuple(self._parameters.values())  # in the order of ``nn.Module.parameters``
        self.buffers = tuple(self._buffers.values())  # in the order of ``nn.Module.buffers``

    @property
    def modules(self) -> Collection[nn.Module]:
        """The module itself and all below it."""
        return self.by_path.values()

    def _collect(self, path: str, module: nn.Module) -> None:
        if id(module) in self._modules:
            return
        self._modules.add(id(module))
        self.by_path[path] = module
        for parameter in module._parameters.values():
            if parameter is not None:
                self._parameters[id(parameter)] = parameter
        for buffer in module._buffers.values():
            if buffer is not None:
                self._buffers[id(buffer)] = buffer
        for name, part in module._modules.items():
            if part is not None:
                self._collect(f"{path}.{name}" if path else name, part)


def is_leaf(module: nn.Module) -> bool:
    """Whether it has no submodules, or is torch's own layer, even where a module was added to it."""
    parts = module._modules
    has_parts = bool(parts) and any(part is not None for part in parts.values())
    return not has_parts or type(module).__module__.startswith("torch.nn.")


def own_elements(module: nn.Module) -> int:
    """Elements of the parameters that are its own and not of a submodule."""
    parameters = module._parameters
    return sum(p.numel() for p in parameters.values() if p is not None) if parameters else 0


def channel_pairs(module: nn.Module) -> int:
    """(input, output) pairs of channels of a convolution without bias; 0 for any other module."""
    if not isinstance(module, _CONVOLUTIONS) or module.bias is not None:
        return 0
    return module.in_channels * module.out_channels // module.groups
