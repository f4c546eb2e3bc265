"""Tensors that are not plain, and operators that meta tensors do not run: sparse, nested, quantized, flexible."""

import pytest
import torch
from torch import nn
from torch.nn.attention.flex_attention import flex_attention

from attnprof import cost
from tests.counting.truth.table import Does

ROWS, COLUMNS, WIDTH = 6, 8, 5
sparse = pytest.mark.filterwarnings("ignore:Sparse:UserWarning", "ignore:Sparse invariant:UserWarning")


def adjacency():
    matrix = torch.zeros(ROWS, COLUMNS)
    matrix[0, 1] = matrix[2, 3] = matrix[5, 7] = 1
    return matrix


STORED = 3


@sparse
@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr], ids=["coo", "csr"])
@pytest.mark.parametrize("device", [None, "real"])
def test_a_sparse_product_costs_a_mac_per_stored_element_and_column(layout, device):
    module = Does(lambda m, x: m.matrix @ x)
    module.register_buffer("matrix", adjacency().to_sparse(layout=layout))
    counts = cost(module, (COLUMNS, WIDTH), device=device)
    assert (counts.macs, counts.output_shape, counts.unknown_ops) == (STORED * WIDTH, (ROWS, WIDTH), ())


def test_a_product_of_two_sparse_matrices_is_named_as_unknown():
    module = Does(lambda m, x: (m.matrix @ m.matrix.t()).to_dense() + x.sum(), matrix=adjacency().to_sparse())
    counts = cost(module, (1,))
    assert counts.macs == 0
    assert len(counts.unknown_ops) == 1


def nested(layout):
    def forward(m, x):
        parts = torch.nested.nested_tensor([x[0], x[1][:2]], layout=layout)
        return torch.nested.to_padded_tensor(m.linear(parts), 0.0)

    return Does(forward, linear=nn.Linear(8, 5))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged], ids=["strided", "jagged"])
def test_a_linear_of_nested_tensors_costs_what_its_parts_hold(layout):
    assert cost(nested(layout), (2, 3, 8)).macs == (3 + 2) * 8 * 5


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:torch.quantize:UserWarning")
def test_a_dynamically_quantized_linear_costs_the_macs_of_a_linear():
    plain = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4, bias=False))
    quantized = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear})
    counts = cost(quantized, (2, 8))
    assert (counts.macs, counts.inputs, counts.unknown_ops) == (2 * (8 * 16 + 16 * 4), "real", ())


def test_flex_attention_costs_its_two_products():
    heads, tokens, width = 2, 16, 32
    module = Does(lambda m, x: flex_attention(x, x, x, score_mod=lambda score, *places: 2 * score))
    counts = cost(module, (1, heads, tokens, width))
    assert counts.macs == 2 * heads * tokens * tokens * width
    assert (counts.inputs, counts.unknown_ops) == ("real", ())


def test_an_operator_without_a_meta_kernel_is_run():
    library = torch.library.Library("attnprof_test", "FRAGMENT")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: 2 * x, "CPU")
    module = Does(lambda m, x: torch.ops.attnprof_test.twice(m.linear(x)), linear=nn.Linear(8, 4))
    counts = cost(module, (2, 8))
    assert (counts.macs, counts.inputs) == (2 * 8 * 4, "real")
    assert counts.unknown_ops == ("attnprof_test.twice.default",)
