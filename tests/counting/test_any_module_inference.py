"""A forward pass in inference mode, where torch takes no operator apart, costs what any other costs."""

import pytest
import torch
from torch import nn

from attnprof import cost
from attnprof.counting import account
from tests.counting.truth import TRUTHS
from tests.counting.truth.table import Does
from tests.every_case import every_case

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")


class InInferenceMode(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    @torch.inference_mode()
    def forward(self, x):
        return self.module(x)


def test_every_network_counted_by_hand_costs_the_same_in_inference_mode():
    with every_case() as case:
        for truth in TRUTHS:
            with case(truth.name):
                counts = account(InInferenceMode(truth.network("meta")), truth.shape, truth.dtype)
                assert counts.flops_by_category == truth.forward.flops
                assert counts.unknown_ops == ()
                # A linear's bias and a dropout's mask may be fused there.
                assert counts.bytes_moved <= truth.forward.moved
                assert counts.activation_memory <= truth.forward.peak


@pytest.mark.parametrize("device", ["meta", "real"])
def test_only_a_part_of_the_forward_pass_in_inference_mode_is_counted_too(device):
    def forward(m, x):
        with torch.inference_mode():
            x = torch.softmax(m.linear(m.conv(x)), 1)
        return torch.maximum(x, torch.max(x, x)).amax((2, 3))

    module = Does(forward, conv=nn.Conv2d(3, 4, 3), linear=nn.Linear(8, 5))
    counts = cost(module, (1, 3, 10, 10), device=device)
    positions = 8 * 8
    assert counts.macs == positions * 4 * 27 + 8 * 4 * 8 * 5
    assert counts.flops_by_category["softmax"] == 8 * 5 * (4 * 4 - 2)
    assert counts.flops_by_category["pointwise"] == 2 * 8 * 5 * 4
    assert counts.unknown_ops == ()
