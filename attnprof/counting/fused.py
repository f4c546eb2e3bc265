"""Scaled dot product attention as one operator.

On meta torch splits it into its unfused form, whose attention map would be most of the reported memory,
though no device that fuses it allocates one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

_ATTENTION = torch.nn.functional.scaled_dot_product_attention
_FUSED = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default


class FusedAttentionMode(TorchFunctionMode):
    """While active: scaled dot product attention on meta is the fused operator, with its own backward."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replace the one function and pass on all others."""
        if func is _ATTENTION:
            return _attention(*args, **(kwargs or {}))
        if func is F.multi_head_attention_forward:  # torch switches this mode off inside of it
            with _torchs_function_replaced():
                return func(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


@contextmanager
def _torchs_function_replaced() -> Iterator[None]:
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
    is_fusible = dropout_p == 0.0 and _fit(query, key, value, enable_gqa)
    is_fusible = is_fusible and _is_fusible_mask(attn_mask, is_causal)
    if not is_fusible:
        return _ATTENTION(
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
        )
    mask = attn_mask
    if mask is not None and mask.dtype == torch.bool:
        mask = _as_summand(mask, query.dtype)
    out: torch.Tensor = _FUSED(query, key, value, dropout_p, is_causal, attn_mask=mask, scale=scale)[0]
    return out


def _fit(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, is_grouped: bool) -> bool:
    """Whether the fused operator takes these: on meta, of one dtype, (N, heads, tokens, width).

    is_grouped: a head of the key and the value may serve several of the query.
    """
    if not query.is_meta or not query.is_floating_point() or not query.dtype == key.dtype == value.dtype:
        return False
    if not query.dim() == key.dim() == value.dim() == 4:
        return False
    heads_fit = query.shape[1] % key.shape[1] == 0 if is_grouped else query.shape[1] == key.shape[1]
    if (
        not heads_fit
        or key.shape[1] != value.shape[1]
        or not query.shape[0] == key.shape[0] == value.shape[0]
    ):
        return False
    is_one_width = query.shape[-1] == key.shape[-1] == value.shape[-1]
    return is_one_width and query.stride(-1) == key.stride(-1) == value.stride(-1) == 1


def _is_fusible_mask(mask: torch.Tensor | None, is_causal: bool) -> bool:
    return mask is None or (not mask.requires_grad and mask.dim() in (2, 4) and not is_causal)


def _as_summand(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A boolean mask (True: attend) as what is added to the logits."""
    hidden = torch.scalar_tensor(float("-inf"), dtype=dtype, device=mask.device)
    visible = torch.scalar_tensor(0.0, dtype=dtype, device=mask.device)
    return torch.where(mask, visible, hidden)
