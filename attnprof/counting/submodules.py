"""Which submodule called an operator.

In the forward pass the one that runs; in backward the one whose forward created the graph's node.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import torch
from torch import nn

# What a module calls in place of its forward and hooks, where it is set: torch.compile's place for its own.
_CALL = "_compiled_call_impl"


class SubmoduleTracker:
    """While active: knows the path of the submodule that runs, "" for the root."""

    def __init__(self, submodules: Iterable[tuple[str, nn.Module]]) -> None:
        """submodules: the root's and its own, each once, by their paths."""
        self.backward = False  # set while the backward pass runs
        self._submodules = list(submodules)
        self._stack: list[str] = [""]
        # Autograd numbers its nodes in order: those below a number, and not below the one before, belong to
        # its path.
        self._node_numbers: list[int] = []
        self._node_paths: list[str] = []
        self._calls: list[Any] = []  # what was in their places

    def __enter__(self) -> Self:
        # Hooks of all modules would be torch's slow way to call one, and every thread's.
        self._calls = [module.__dict__.get(_CALL) for _, module in self._submodules]
        watch = self._watched_with_nodes if torch.is_grad_enabled() else self._watched
        for path, module in self._submodules:
            module.__dict__[_CALL] = watch(path, module)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for (_, module), call in zip(self._submodules, self._calls, strict=True):
            if call is None:
                del module.__dict__[_CALL]
            else:
                module.__dict__[_CALL] = call

    def path(self) -> str:
        """The path of the submodule that called the operator that is running now."""
        if not self.backward:
            return self._stack[-1]
        node = torch._C._current_autograd_node()
        return "" if node is None else self._path_of_node(node._sequence_nr())

    def _watched(self, path: str, module: nn.Module) -> Callable[..., Any]:
        stack = self._stack

        def call(*args: Any, **kwargs: Any) -> Any:
            stack.append(path)
            try:
                return module._call_impl(*args, **kwargs)  # type: ignore[no-untyped-call] # untyped
            finally:
                stack.pop()

        return call

    def _watched_with_nodes(self, path: str, module: nn.Module) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._note_nodes()
            self._stack.append(path)
            try:
                return module._call_impl(*args, **kwargs)  # type: ignore[no-untyped-call] # untyped
            finally:
                self._note_nodes()
                self._stack.pop()

        return call

    def _note_nodes(self) -> None:
        """The nodes created since the last note belong to the submodule on top of the stack."""
        self._node_numbers.append(torch._C._autograd._get_sequence_nr())
        self._node_paths.append(self._stack[-1])

    def _path_of_node(self, number: int) -> str:
        index = bisect_right(self._node_numbers, number)
        return self._node_paths[index] if index < len(self._node_paths) else ""
