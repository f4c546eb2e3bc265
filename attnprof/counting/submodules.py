"""Which submodule called an operator.

In the forward pass the one that runs; in backward the one whose forward created the graph's node.
"""

from bisect import bisect_right
from types import TracebackType
from typing import Any, Self

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook


class SubmoduleTracker:
    """While active: knows the path of the submodule that runs, "" for the root."""

    def __init__(self, root: nn.Module) -> None:
        self.backward = False  # set while the backward pass runs
        self._paths = {id(module): name for name, module in root.named_modules()}
        self._stack: list[str] = [""]
        # Autograd numbers its nodes in order: those below a number, and not below the one before, belong to
        # its path.
        self._node_numbers: list[int] = []
        self._node_paths: list[str] = []
        self._hooks: list[Any] = []

    def __enter__(self) -> Self:
        self._hooks = [
            register_module_forward_pre_hook(self._enter_submodule),
            register_module_forward_hook(self._leave_submodule, always_call=True),
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()

    def path(self) -> str:
        """The path of the submodule that called the operator that is running now."""
        if not self.backward:
            return self._stack[-1]
        node = torch._C._current_autograd_node()
        return "" if node is None else self._path_of_node(node._sequence_nr())

    def _enter_submodule(self, module: nn.Module, _: Any) -> None:
        path = self._paths.get(id(module))
        if path is not None:
            self._note_nodes()
            self._stack.append(path)

    def _leave_submodule(self, module: nn.Module, *_: Any) -> None:
        if id(module) in self._paths and len(self._stack) > 1:
            self._note_nodes()
            self._stack.pop()

    def _note_nodes(self) -> None:
        """The nodes created since the last note belong to the submodule on top of the stack."""
        if torch.is_grad_enabled():
            self._node_numbers.append(torch._C._autograd._get_sequence_nr())
            self._node_paths.append(self._stack[-1])

    def _path_of_node(self, number: int) -> str:
        index = bisect_right(self._node_numbers, number)
        return self._node_paths[index] if index < len(self._node_paths) else ""
