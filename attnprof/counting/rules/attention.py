"""Scaled dot product attention as one operator, on whatever device fuses it.

q (N, heads, L, E), k (N, heads, S, E), v (N, heads, S, D). Grouped queries repeat k and v, and compute as if
repeated.
"""

from math import prod
from typing import Any

import torch

from attnprof.counting.rules import POINTWISE, REDUCTION, SOFTMAX, TRANSCENDENTAL, Cost, Rule
from attnprof.counting.rules._meta import fresh, like
from attnprof.counting.rules.products import mac
from attnprof.counting.rules.softmax import softmax_flops


def _logits(q: Any, k: Any) -> tuple[int, int]:
    """Rows of logits, and their length."""
    return prod(q.shape[:-1]), k.shape[-2]


def _forward(mask_place: int | None) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        q, k, v = args[:3]
        count, n = _logits(q, k)
        mask = kwargs.get("attn_mask", kwargs.get("attn_bias"))
        if mask is None and mask_place is not None and len(args) > mask_place:
            mask = args[mask_place]
        products = mac(count * n * (q.shape[-1] + v.shape[-1]), q)
        return (products, (POINTWISE, count * n * (1 if mask is None else 2)), *softmax_flops(count, n))

    return flops


def _backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """Five products: the logits again, then the gradients of the weights, v, q and k.

    Per logit: 2 scales, 1 exp, 3 of softmax (log-sum-exp off, row sum off, times weight). Per row of the
    output: its product with its gradient, summed.
    """
    gradient, q, k, v = args[:4]
    count, n = _logits(q, k)
    width, depth = v.shape[-1], q.shape[-1]
    return (
        mac(count * n * (3 * depth + 2 * width), q),
        (POINTWISE, 2 * count * n + count * width),
        (SOFTMAX, 3 * count * n),
        (REDUCTION, count * (width - 1)),
        (TRANSCENDENTAL, count * n),
    )


def _shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The output, and the logarithm of each row's sum, which the CPU's kernel saves for backward."""
    q = args[0]
    if not q.is_meta or q.dim() != 4:
        return None
    dtype = torch.float64 if q.dtype == torch.float64 else torch.float32
    return like(q), fresh((q.shape[0], q.shape[2], q.shape[1]), dtype).transpose(1, 2)


RULES = {
    "_scaled_dot_product_flash_attention_for_cpu": Rule(_forward(None), _shape),
    "_scaled_dot_product_flash_attention": Rule(_forward(None)),
    "_scaled_dot_product_efficient_attention": Rule(_forward(3)),
    "_scaled_dot_product_cudnn_attention": Rule(_forward(3)),
    "_scaled_dot_product_fused_attention_overrideable": Rule(_forward(3)),
    "_scaled_dot_product_flash_attention_for_cpu_backward": Rule(_backward),
    "_scaled_dot_product_flash_attention_backward": Rule(_backward),
    "_scaled_dot_product_efficient_attention_backward": Rule(_backward),
    "_scaled_dot_product_cudnn_attention_backward": Rule(_backward),
    "_scaled_dot_product_fused_attention_overrideable_backward": Rule(_backward),
}
