"""Attention whose queries come in groups is fused as any other."""

import pytest
import torch
import torch.nn.functional as F

from attnprof import cost
from tests.counting.truth.table import Does

N, HEADS, GROUPS, T, E = 2, 8, 2, 256, 16
LOGITS = N * HEADS * T * T


def grouped(is_causal=False, scale=None):
    def forward(m, x):
        q = x.unflatten(2, (HEADS + 2 * GROUPS, E)).transpose(1, 2)
        q, k, v = q.split((HEADS, GROUPS, GROUPS), 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=is_causal, scale=scale, enable_gqa=True)
        return y.transpose(1, 2).flatten(2)

    return Does(forward)


SHAPE = (N, T, (HEADS + 2 * GROUPS) * E)


@pytest.mark.parametrize("is_causal", [False, True])
def test_grouped_queries_cost_two_products_and_keep_no_attention_map(is_causal):
    counts = cost(grouped(is_causal), SHAPE)
    assert counts.macs == 2 * LOGITS * E
    output, row_sums = 4 * N * HEADS * T * E, 4 * N * HEADS * T
    assert counts.activation_memory <= 2 * output + row_sums < 4 * LOGITS
    assert "flash" in counts.operators[0].name
    assert counts.operators[0].bytes == 4 * (2 * N * HEADS + 2 * N * GROUPS) * T * E + row_sums


def test_grouped_queries_cost_five_products_in_backward():
    counts = cost(grouped(), SHAPE, backward=True)
    assert counts.macs == (2 + 5) * LOGITS * E
    assert counts.activation_memory < 4 * LOGITS
    assert counts.output_shape == (N, T, HEADS * E)


def test_grouped_queries_that_do_not_divide_are_refused_as_torch_refuses_them():
    def forward(m, x):
        return F.scaled_dot_product_attention(x, x[:, :3], x[:, :3], enable_gqa=True)

    with pytest.raises(RuntimeError, match="must divide"):
        cost(Does(forward), (N, HEADS, T, E))
    with pytest.raises(RuntimeError):
        Does(forward)(torch.ones(N, HEADS, T, E))
