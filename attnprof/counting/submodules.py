"""Which submodule issued an operator: in the forward pass the one that is being called, in backward the one whose
forward made the graph's node."""

from types import TracebackType
from typing import Any, Self

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook


class Caller:
    """While active: knows the path of the submodule that runs, "" for the root. Hooks are global, and taken off at the end."""

    def __init__(self, root: nn.Module) -> None:
        self.backward = False
        self._paths = {id(module): name for name, module in root.named_modules()}
        self._stack: list[str] = [""]
        self._of_node: list[tuple[int, str]] = []
        self._hooks: list[Any] = []

    def __enter__(self) -> Self:
        self._hooks = [
            register_module_forward_pre_hook(self._enters),
            register_module_forward_hook(self._leaves, always_call=True),
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()

    def path(self) -> str:
        """Of the submodule that issued the operator that is running now."""
        if not self.backward:
            return self._stack[-1]
        node = torch._C._current_autograd_node()
        return "" if node is None else self._made(node._sequence_nr())

    def _enters(self, module: nn.Module, _: Any) -> None:
        path = self._paths.get(id(module))
        if path is not None:
            self._note()
            self._stack.append(path)

    def _leaves(self, module: nn.Module, *_: Any) -> None:
        if id(module) in self._paths and len(self._stack) > 1:
            self._note()
            self._stack.pop()

    def _note(self) -> None:
        """Autograd numbers its nodes as they are made: those since the last note were made by the module on top."""
        if torch.is_grad_enabled():
            self._of_node.append((torch._C._autograd._get_sequence_nr(), self._stack[-1]))

    def _made(self, number: int) -> str:
        low, high = 0, len(self._of_node)
        while low < high:  # the first note taken after the node was made
            middle = (low + high) // 2
            if self._of_node[middle][0] <= number:
                low = middle + 1
            else:
                high = middle
        return self._of_node[low][1] if low < len(self._of_node) else ""
