"""Attention kept in one piece: on meta torch splits scaled dot product attention into its unfused form, which no device
that fuses it would run; its attention map would be most of the memory reported."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

_ATTENTION = torch.nn.functional.scaled_dot_product_attention
_FUSED = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default


class Fused(TorchFunctionMode):
    """While active: scaled dot product attention on meta is the fused operator, which has a backward of its own."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replace the one function, pass on all others."""
        if func is _ATTENTION:
            return _attention(*args, **(kwargs or {}))
        if func is F.multi_head_attention_forward:  # torch switches this mode off inside of it
            with _in_place_of_torchs():
                return func(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


@contextmanager
def _in_place_of_torchs() -> Iterator[None]:
    F.scaled_dot_product_attention = _attention
    try:
        yield
    finally:
        F.scaled_dot_product_attention = _ATTENTION


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    """The fused operator where the CPU has one for these arguments; what torch does on meta otherwise."""
    one_width = query.shape[-1] == key.shape[-1] == value.shape[-1]
    one_kind = query.dtype == key.dtype == value.dtype and query.is_floating_point()
    plain = (
        query.dim() == key.dim() == value.dim() == 4 and query.shape[:2] == key.shape[:2] == value.shape[:2]
    )
    masked = attn_mask is None or (
        not attn_mask.requires_grad and attn_mask.dim() in (2, 4) and not is_causal
    )
    adjacent = query.stride(-1) == key.stride(-1) == value.stride(-1) == 1
    if not (query.is_meta and one_width and one_kind and plain and masked and adjacent and dropout_p == 0.0):
        return _ATTENTION(
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
        )
    mask = attn_mask
    if mask is not None and mask.dtype == torch.bool:
        hidden, seen = (
            torch.scalar_tensor(n, dtype=query.dtype, device=mask.device) for n in (float("-inf"), 0.0)
        )
        mask = torch.where(mask, seen, hidden)
        del hidden, seen
    out: torch.Tensor = _FUSED(query, key, value, dropout_p, is_causal, attn_mask=mask, scale=scale)[0]
    return out
