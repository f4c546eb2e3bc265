"""A case brought to life: its module and inputs on a device, and the call that is timed."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from copy import deepcopy
from dataclasses import replace
from itertools import cycle
from math import ceil, prod
from typing import Any

import torch
from torch import nn

from attnprof import user_module
from attnprof.backends import Call
from attnprof.case import Case
from attnprof.catalogue import MODULES, create, entry
from attnprof.counting import Account, account, on_meta
from attnprof.hosted import network
from attnprof.measuring.inputs import random_inputs
from attnprof.peers import Peer
from attnprof.spec import PEERS
from attnprof.units import show_bytes

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "fp64": torch.float64}
MOST_PEER_MACS = 20 * 10**9  # a peer that computes for real is not asked beyond this
PLAIN: AbstractContextManager[object] = nullcontext()
MOST_INPUTS = 2**15  # of a ring: tiny inputs would be without number
REFERENCE = 256  # rows and columns of the product that is timed beside the cells


def build(case: Case, device: torch.device) -> nn.Module:
    """The case's module on ``device``, in its mode, dtype and layout; the same weights for the same seed."""
    if device.type != "meta":  # where there are no values to draw
        torch.manual_seed(case.seed)
    if case.host:
        return _settled(case, network(case, device))
    with on_meta() if device.type == "meta" else device:
        module = create(case.module, case.channels, height=case.height, width=case.width, **dict(case.hyperparameters))
    if user_module.is_path(case.module) and _wants_tokens(module, case):
        module = TokensIn(module)
    return _settled(case, module)


def _settled(case: Case, module: nn.Module) -> nn.Module:
    """``module`` in the dtype, the mode and the layout of ``case``."""
    module = module.to(DTYPES[case.dtype]).train(case.mode == "train")
    if case.layout == "channels_last":
        for parameter in (p for p in module.parameters() if p.dim() == 4):  # Module.to() refuses those of 5 dimensions
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module


class TokensIn(nn.Module):
    """A module that takes tokens (N, L, C), made to take maps: (N, C, H, W) to the same shape."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Flatten x (N, C, H, W) to H*W tokens, row by row, and give the module's answer its shape again."""
        answer = self.module(x.flatten(2).transpose(1, 2))
        tokens: torch.Tensor = answer[0] if isinstance(answer, tuple) else answer
        return tokens.transpose(1, 2).reshape(x.shape[0], -1, *x.shape[2:])


def _wants_tokens(module: nn.Module, case: Case) -> bool:
    """Whether it refuses a map and takes tokens, tried on meta tensors with a copy that is thrown away."""
    copy = deepcopy(module).to("meta").eval()
    for takes, tokens in ((copy, False), (TokensIn(copy), True)):
        # Counting knows the operators' shapes: without it torch would import a second's worth of its own for some of them.
        with suppress(Exception):
            if account(takes, case.shape).output_shape == case.shape:
                return tokens
    return False  # it fails on both: the row will say how


def example(case: Case, device: torch.device) -> torch.Tensor:
    """A random input (N, C, H, W): never zeros or ones, on which some kernels are faster."""
    generator = torch.Generator().manual_seed(case.seed + 1)
    x = torch.randn(case.shape, generator=generator).to(device, DTYPES[case.dtype])
    return x.contiguous(memory_format=torch.channels_last) if case.layout == "channels_last" else x


_OF_ANY_SIZE: dict[Case, nn.Module] = {}
MOST_KEPT = 512  # more than the catalogue has variants: a grid comes back to each of them at every size


def _to_count(case: Case) -> nn.Module:
    """The case's module on meta. One of ours that does not have the size built in serves all sizes; a user's may keep
    anything of a size that it has met, and is built anew."""
    meta = torch.device("meta")
    if case.module not in MODULES or case.host or entry(case.module).needs_size(dict(case.hyperparameters)):
        return build(case, meta)
    key = replace(case, height=0, width=0)
    if key not in _OF_ANY_SIZE:
        if len(_OF_ANY_SIZE) == MOST_KEPT:
            _OF_ANY_SIZE.clear()
        _OF_ANY_SIZE[key] = build(case, meta)
    return _OF_ANY_SIZE[key]


def count(case: Case) -> tuple[Account, tuple[str, ...]]:
    """The exact account of the case, on the meta device, and flags: 'tokens' for a module that takes them."""
    module = _to_count(case)
    counted = account(module, case.shape, DTYPES[case.dtype], backward=case.mode == "train")
    return counted, ("incomplete",) * bool(counted.unknown_ops) + ("tokens",) * isinstance(module, TokensIn)


def static_of(case: Case, counted: Account) -> dict[str, int | str]:
    """What a run needs to know of a case before it is started: MACs, bytes of activations at their peak and of weights, and
    its largest tensor in words."""
    size = DTYPES[case.dtype].itemsize
    made = [(prod(each.out_shape) * size, each) for each in counted.issued]
    most, operator = max(made, key=lambda pair: pair[0], default=(0, None))
    extents = "x".join(map(str, operator.out_shape)) if operator else ""
    return {
        "macs": counted.macs,
        "peak": counted.activation_memory,
        "weights": (counted.params + counted.buffers) * size,
        "largest": f"{extents}, is {show_bytes(most)}" if operator else "",
    }


def ask_peer(name: str, case: Case, macs: int, peer: Peer | None = None) -> int | str:
    """What the counter ``name`` counts on a copy of its own, or why it gives nothing. macs: our count.

    peer: asked in place of the registered one.
    """
    peer = peer or PEERS.get(name)
    if peer.computes and macs > MOST_PEER_MACS:
        return f"{name} not asked: it would compute {macs} MACs for real"
    device = torch.device("cpu" if peer.computes else "meta")
    # Peers count an eval-mode fp32 copy: some of their hooks and tracers know no other.
    plain = replace(case, mode="eval", dtype="fp32", layout="contiguous", autocast="", execution="eager")
    try:
        x = example(plain, torch.device("cpu")) if peer.computes else torch.empty(plain.shape, device="meta")
        with torch.no_grad():
            return int(peer.count(build(plain, device), x))
    except ImportError as problem:
        return f"{name} is not installed ({problem})"
    except Exception as problem:  # noqa: BLE001 # whatever a peer dies of is its own affair, and our note
        return f"{name} failed: {type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"[:200]


def ring(case: Case, device: torch.device, cache: int) -> Iterator[torch.Tensor]:
    """Random inputs (N, C, H, W) without end, for all cells of a block: one for 'hot' inputs, else so many in turn that more
    than twice ``cache`` bytes pass before one comes again."""
    if case.inputs == "hot":
        return cycle([example(case, device)])
    dtype = DTYPES[case.dtype]
    if case.layout != "channels_last":
        return cycle(inputs_beyond(cache, case.shape, device, dtype, case.seed + 1))
    batch, channels, height, width = case.shape
    turned = inputs_beyond(cache, (batch, height, width, channels), device, dtype, case.seed + 1)
    return cycle([x.movedim(-1, 1) for x in turned])


def inputs_beyond(
    cache: int, shape: Sequence[int], device: torch.device, dtype: torch.dtype, seed: int
) -> Sequence[torch.Tensor]:
    """So many random inputs of ``shape`` that, one after the other, more than twice ``cache`` bytes pass before the first."""
    count = min(MOST_INPUTS, ceil(2 * cache / (prod(shape) * dtype.itemsize)) + 1)
    return random_inputs(count, shape, device, dtype, seed)


class Forward:
    """The call of an eval cell: the next input, without gradients. keeps: bytes that stay after a call."""

    keeps = 0

    def __init__(
        self, module: nn.Module, inputs: Iterator[torch.Tensor], autocast: AbstractContextManager[object] = PLAIN
    ) -> None:
        self._module, self._inputs, self._autocast = module, inputs, autocast

    def __call__(self) -> object:
        """One forward pass."""
        with torch.no_grad(), self._autocast:
            return self._module(next(self._inputs))

    def clear(self) -> None:
        """Nothing stays after a call."""


class Step:
    """The call of a train cell: forward and backward, to the input and to all parameters, gradients cleared before."""

    def __init__(
        self, module: nn.Module, inputs: Iterator[torch.Tensor], autocast: AbstractContextManager[object] = PLAIN
    ) -> None:
        self._module, self._inputs, self._autocast = module, inputs, autocast
        parameters = [p for p in module.parameters() if p.requires_grad]
        self.keeps = sum(p.numel() * p.element_size() for p in parameters)
        self._gradient: torch.Tensor | None = None

    def __call__(self) -> object:
        """One step."""
        self.clear()
        x = next(self._inputs).detach().requires_grad_()
        with self._autocast:
            output = self._module(x)
        first = _first(output)
        if self._gradient is None:  # made in the first call, because nothing runs the module before that
            self._gradient = torch.randn_like(first)
        first.backward(self._gradient)  # type: ignore[no-untyped-call] # torch has no annotation
        return output

    def clear(self) -> None:
        """Give back the gradients of the step before."""
        self._module.zero_grad(set_to_none=True)


def call_of(case: Case, device: torch.device, inputs: Iterator[torch.Tensor]) -> Forward | Step:
    """The call that is measured, on ``inputs`` as ``ring`` makes them."""
    module = build(case, device)
    if case.execution == "compiled":
        module = _compiled(module)
    return (Forward if case.mode == "eval" else Step)(module, inputs, _autocast(case))


def reference(device: torch.device) -> Call:
    """A call that is the same in every run: a square product, which shows the device's clock and nothing of memory."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(REFERENCE, REFERENCE, generator=generator).to(device)
    return lambda: torch.mm(a, a)


def _compiled(module: nn.Module) -> nn.Module:
    import torch._dynamo

    # Cells of one class share their code, and beyond eight of them dynamo would quietly run eagerly.
    torch._dynamo.config.recompile_limit = MOST_INPUTS
    torch._dynamo.config.accumulated_recompile_limit = MOST_INPUTS
    compiled: Any = torch.compile(module, dynamic=False)
    return compiled  # type: ignore[no-any-return]


def _autocast(case: Case) -> AbstractContextManager[object]:
    if not case.autocast:
        return PLAIN
    return torch.autocast(case.device.partition(":")[0], DTYPES[case.autocast])


def _first(output: object) -> torch.Tensor:
    if isinstance(output, torch.Tensor):
        return output
    parts = list(output.values()) if isinstance(output, dict) else output
    if isinstance(parts, list | tuple) and parts:
        return _first(parts[0])
    raise TypeError(f"the module returns no tensor but {type(output).__name__}")
