"""Complex products cost the real multiply-accumulates that run."""

import pytest
import torch
from torch import nn

from attnprof import cost

C, SIDE = 8, 6
PIXELS = SIDE * SIDE


@pytest.mark.parametrize("device", ["meta", "real"])
def test_a_complex_linear_multiplies_all_four_pairs_of_parts(device):
    module = nn.Linear(C, C, dtype=torch.complex64)
    counts = cost(module, (PIXELS, C), dtype=torch.complex64, device=device)
    assert counts.macs == 4 * PIXELS * C * C
    assert counts.flops_by_category["bias"] == 2 * PIXELS * C


@pytest.mark.parametrize("device", ["meta", "real"])
def test_a_complex_convolution_runs_as_three_real_ones_and_sums(device):
    module = nn.Conv2d(C, C, 3, padding=1, bias=False, dtype=torch.complex64)
    counts = cost(module, (1, C, SIDE, SIDE), dtype=torch.complex64, device=device)
    convolutions = [operator for operator in counts.operators if "convolution" in operator.name]
    assert [operator.macs for operator in convolutions] == 3 * [PIXELS * C * C * 9]
    # Sums of the parts of the input and of the weight; three differences of the products; one part times i, and
    # added to the other.
    assert counts.flops_by_category["pointwise"] == PIXELS * C + C * C * 9 + (3 + 6 + 2) * PIXELS * C
    assert counts.flops_by_category["bias"] == 0
