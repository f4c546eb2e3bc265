"""A case brought to life: its module and input on a device, and the call that is timed."""

from contextlib import suppress
from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn

from attnprof import user_module
from attnprof.backends import Backend, Call
from attnprof.case import Case
from attnprof.catalogue import MODULES, create, entry
from attnprof.counting import Account, account, on_meta
from attnprof.hosted import network
from attnprof.peers import Peer
from attnprof.spec import PEERS

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "fp64": torch.float64}
MOST_PEER_MACS = 20 * 10**9  # a peer that computes for real is not asked beyond this


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
    x = torch.empty(case.shape, device="meta")
    for takes, tokens in ((copy, False), (TokensIn(copy), True)):
        with torch.no_grad(), suppress(Exception):
            if takes(x).shape == x.shape:
                return tokens
    return False  # it fails on both: the row will say how


def example(case: Case, device: torch.device) -> torch.Tensor:
    """A random input (N, C, H, W): never zeros or ones, on which some kernels are faster."""
    generator = torch.Generator().manual_seed(case.seed + 1)
    x = torch.randn(case.shape, generator=generator).to(device, DTYPES[case.dtype])
    return x.contiguous(memory_format=torch.channels_last) if case.layout == "channels_last" else x


_OF_ANY_SIZE: dict[Case, nn.Module] = {}
MOST_KEPT = 64


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


def ask_peer(name: str, case: Case, macs: int, peer: Peer | None = None) -> int | str:
    """What the counter ``name`` counts on a copy of its own, or why it gives nothing. macs: our count.

    peer: asked in place of the registered one.
    """
    peer = peer or PEERS.get(name)
    if peer.computes and macs > MOST_PEER_MACS:
        return f"{name} not asked: it would compute {macs} MACs for real"
    device = torch.device("cpu" if peer.computes else "meta")
    # Peers count an eval-mode fp32 copy: some of their hooks and tracers know no other.
    plain = replace(case, mode="eval", dtype="fp32", layout="contiguous")
    try:
        x = example(plain, torch.device("cpu")) if peer.computes else torch.empty(plain.shape, device="meta")
        with torch.no_grad():
            return int(peer.count(build(plain, device), x))
    except ImportError as problem:
        return f"{name} is not installed ({problem})"
    except Exception as problem:  # noqa: BLE001 # whatever a peer dies of is its own affair, and our note
        return f"{name} failed: {type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"[:200]


def call_of(case: Case, backend: Backend, device: torch.device) -> Call:
    """The call that is measured: forward without gradients, or forward + backward with gradients cleared before."""
    module, x = build(case, device), example(case, device)
    if case.mode == "eval":

        def forward() -> object:
            with torch.no_grad():
                return module(x)

        return forward
    x.requires_grad_()
    with torch.no_grad():
        gradient = torch.randn_like(module(x))

    def step() -> object:
        module.zero_grad(set_to_none=True)
        x.grad = None
        output = module(x)
        output.backward(gradient)
        return output

    return step
