"""Scaled dot product attention as one operator, on whatever device fuses it.

q (N, heads, L, E), k (N, heads, S, E), v (N, heads, S, D). Grouped queries repeat k and v, and compute as if
repeated. The operators below them take tokens before heads: q (N, L, heads, E), or with sequences of many
lengths q (tokens of all, heads, E) and the places where each begins.
"""

from math import prod
from typing import Any

import torch

from attnprof.counting.rules import POINTWISE, REDUCTION, SOFTMAX, TRANSCENDENTAL, Cost, Rule
from attnprof.counting.rules._meta import fresh, like
from attnprof.counting.rules.products import mac


def _forward_cost(logits: int, rows: int, q: Any, v: Any, has_mask: bool) -> Cost:
    """logits: of all rows together."""
    return (
        mac(logits * (q.shape[-1] + v.shape[-1]), q),
        (POINTWISE, logits * (2 if has_mask else 1)),
        (SOFTMAX, 4 * logits - 2 * rows),
        (TRANSCENDENTAL, logits),
    )


def _backward_cost(logits: int, rows: int, q: Any, v: Any) -> Cost:
    """Five products: the logits again, then the gradients of the weights, v, q and k.

    Per logit: 2 scales, 1 exp, 3 of softmax (log-sum-exp off, row sum off, times weight). Per row of the
    output: its product with its gradient, summed.
    """
    width, depth = v.shape[-1], q.shape[-1]
    return (
        mac(logits * (3 * depth + 2 * width), q),
        (POINTWISE, 2 * logits + rows * width),
        (SOFTMAX, 3 * logits),
        (REDUCTION, rows * (width - 1)),
        (TRANSCENDENTAL, logits),
    )


def _forward(mask_place: int | None) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        q, k, v = args[:3]
        mask = kwargs.get("attn_mask", kwargs.get("attn_bias"))
        if mask is None and mask_place is not None and len(args) > mask_place:
            mask = args[mask_place]
        rows = prod(q.shape[:-1])
        return _forward_cost(rows * k.shape[-2], rows, q, v, mask is not None)

    return flops


def _backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    gradient, q, k, v = args[:4]
    rows = prod(q.shape[:-1])
    return _backward_cost(rows * k.shape[-2], rows, q, v)


def _logits_of_tokens(q: Any, k: Any, starts: Any, more: tuple[Any, ...]) -> int:
    """Of tokens before heads. starts: where each sequence of q begins; more: those of k, and the longest.

    Starts on the meta device have no values: then every sequence is as long as the longest.
    """
    if starts is None:
        return int(prod(q.shape[:-1]) * k.shape[1])
    key_starts, longest, longest_key = more
    heads = q.shape[-2]
    if starts.is_meta or key_starts.is_meta:
        return int((starts.numel() - 1) * longest * longest_key * heads)
    lengths, key_lengths = starts.diff().tolist(), key_starts.diff().tolist()
    return int(heads * sum(a * b for a, b in zip(lengths, key_lengths, strict=True)))


def _tokens_forward(mask_place: int | None, place: int) -> Any:
    """mask_place, place: positions of the mask and of the places where the sequences of q begin."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        q, k, v = args[:3]
        logits = _logits_of_tokens(q, k, args[place], args[place + 1 : place + 4])
        has_mask = mask_place is not None and args[mask_place] is not None
        return _forward_cost(logits, prod(q.shape[:-1]), q, v, has_mask)

    return flops


def _tokens_backward(place: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        q, k, v = args[1:4]
        logits = _logits_of_tokens(q, k, args[place], args[place + 1 : place + 4])
        return _backward_cost(logits, prod(q.shape[:-1]), q, v)

    return flops


def _shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The output, and the logarithm of each row's sum, which the CPU's kernel saves for backward."""
    q = args[0]
    if not q.is_meta or q.dim() != 4 or not q.is_floating_point():
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
    "_flash_attention_forward": Rule(_tokens_forward(None, 3)),
    "_efficient_attention_forward": Rule(_tokens_forward(3, 4)),
    "_cudnn_attention_forward": Rule(_tokens_forward(3, 4)),
    "_flash_attention_backward": Rule(_tokens_backward(6)),
    "_efficient_attention_backward": Rule(_tokens_backward(6)),
}
