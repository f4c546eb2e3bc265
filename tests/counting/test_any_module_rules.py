"""Operators that a network may call beside its layers: each has its rule, by hand from docs/counting.md."""

from math import ceil, log2

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attnprof import cost
from attnprof.counting import rules
from attnprof.counting.rules import detection
from tests.counting.truth.table import Does
from tests.every_case import every_case

N, C = 6, 5
ELEMENTS = N * C
CATEGORIES = dict.fromkeys(rules.CATEGORIES, 0)


def whole(*shape):
    return torch.zeros(shape, dtype=torch.long)


def profiled(x):
    with torch.autograd.profiler.record_function("a name"):
        return x


def weighted_bags(x):
    return F.embedding_bag(whole(4, 3), x, per_sample_weights=x.new_ones(4, 3), mode="sum")


# Of an input (6, 5): the function, and its FLOPs by category.
BESIDE_LAYERS = {
    "a name for the profiler": (profiled, {}),
    "the diagonal, copied": (lambda x: torch.diagonal_copy(x), {}),
    "another view, copied": (lambda x: torch.permute_copy(x, (1, 0)), {}),
    "trace": (torch.trace, {"reduction": C - 1}),
    "mean of bags of 3 rows": (
        lambda x: F.embedding_bag(whole(4, 3), x),
        {"reduction": 4 * 3 * C - 4 * C + 4 * C},
    ),
    "weighted sum of bags of 3 rows": (
        weighted_bags,
        {"reduction": 4 * 3 * C - 4 * C, "pointwise": 4 * 3 * C},
    ),
    "mean squared error": (lambda x: F.mse_loss(x, x), {"pointwise": 2 * ELEMENTS, "reduction": ELEMENTS}),
    "sum of squares": (
        lambda x: F.mse_loss(x, x, reduction="sum"),
        {"pointwise": 2 * ELEMENTS, "reduction": ELEMENTS - 1},
    ),
    "squares": (lambda x: F.mse_loss(x, x, reduction="none"), {"pointwise": 2 * ELEMENTS}),
    "Huber": (lambda x: F.huber_loss(x, x), {"pointwise": 5 * ELEMENTS, "reduction": ELEMENTS}),
    "smooth L1": (lambda x: F.smooth_l1_loss(x, x), {"pointwise": 6 * ELEMENTS, "reduction": ELEMENTS}),
    "soft margin": (
        lambda x: F.soft_margin_loss(x, x),
        {"pointwise": 3 * ELEMENTS, "transcendental": 2 * ELEMENTS, "reduction": ELEMENTS},
    ),
    "negative log likelihood": (
        lambda x: F.nll_loss(x, whole(N)),
        {"pointwise": N, "reduction": N},
    ),
    "binary cross entropy": (
        lambda x: F.binary_cross_entropy(x, x),
        {"pointwise": 6 * ELEMENTS, "transcendental": 2 * ELEMENTS, "reduction": ELEMENTS},
    ),
    "weighted binary cross entropy": (
        lambda x: F.binary_cross_entropy(x, x, weight=x),
        {"pointwise": 7 * ELEMENTS, "transcendental": 2 * ELEMENTS, "reduction": ELEMENTS},
    ),
    "binary cross entropy of logits": (
        lambda x: F.binary_cross_entropy_with_logits(x, x),
        {"pointwise": 3 * ELEMENTS, "transcendental": ELEMENTS, "reduction": ELEMENTS},
    ),
    "margins of classes": (
        lambda x: F.multi_margin_loss(x, whole(N)),
        {"pointwise": 3 * ELEMENTS, "reduction": ELEMENTS + N},
    ),
    "median": (torch.median, {"reduction": ELEMENTS * ceil(log2(ELEMENTS))}),
    "median of rows": (lambda x: torch.median(x, 1), {"reduction": ELEMENTS * ceil(log2(C))}),
    "histogram": (lambda x: torch.histc(x, 4, 0, 1), {"reduction": 3 * ELEMENTS}),
    "quotient of two numbers": (lambda x: x[: torch.div(5, 2, rounding_mode="trunc")], {}),
    "cross product": (lambda x: torch.linalg.cross(x[:, :3], x[:, :3]), {"pointwise": 3 * N * 3}),
}
WEIGHTED = ("weighted binary cross entropy",)  # by the input, to which torch has no gradient there
# Of the input's upper square (5, 5): MACs, half of the published operation counts.
FACTORIZATIONS = {
    "LU": (torch.linalg.lu_factor, round((2 / 3) * C**3 / 2)),
    "determinant": (torch.linalg.det, round((2 / 3) * C**3 / 2)),
    "Cholesky": (torch.linalg.cholesky, round(C**3 / 3 / 2)),
    "inverse": (torch.linalg.inv, C**3),
    "solve for a matrix": (
        lambda a: torch.linalg.solve(a, a[:, :3]),
        round(((2 / 3) * C**3 + 2 * C * C * 3) / 2),
    ),
    "solve for a vector": (lambda a: torch.linalg.solve(a, a[0]), round(((2 / 3) * C**3 + 2 * C * C) / 2)),
    "triangular system": (lambda a: torch.linalg.solve_triangular(a, a[:, :2], upper=True), C * C * 2 // 2),
    "QR": (torch.linalg.qr, round((4 - 4 / 3) * C**3 / 2)),
    "R alone": (lambda a: torch.linalg.qr(a, mode="r"), round((2 - 2 / 3) * C**3 / 2)),
    "singular values": (lambda a: torch.ops.aten._linalg_svd(a, False, False), round((4 - 4 / 3) * C**3 / 2)),
    "thin SVD": (lambda a: torch.linalg.svd(a, full_matrices=False), (14 + 8) * C**3 // 2),
    "symmetric eigenvectors": (torch.linalg.eigh, round(9 * C**3 / 2)),
    "symmetric eigenvalues": (
        lambda a: torch.ops.aten._linalg_eigh(a, "L", False),
        round((4 / 3) * C**3 / 2),
    ),
    "eigenvectors": (torch.linalg.eig, round(25 * C**3 / 2)),
}


def test_operators_beside_layers_have_rules():
    with every_case() as case:
        for name, (function, flops) in BESIDE_LAYERS.items():
            with case(name):
                counts = cost(Does(lambda m, x, f=function: f(x)), (N, C), device="meta")
                assert counts.flops_by_category == CATEGORIES | flops
                assert counts.unknown_ops == ()


def test_factorizations_cost_their_published_counts():
    with every_case() as case:
        for name, (function, macs) in FACTORIZATIONS.items():
            with case(name):
                counts = cost(Does(lambda m, x, f=function: f(x[:C])), (N, C), device="meta")
                assert (counts.macs, counts.unknown_ops) == (macs, ())


def test_losses_have_backward_rules_too():
    with every_case() as case:
        for name, (function, flops) in BESIDE_LAYERS.items():
            if "pointwise" in flops and name not in ("cross product", "soft margin", *WEIGHTED):
                with case(name):
                    module = Does(lambda m, x, f=function: f(x.sigmoid()).sum())
                    counts = cost(module, (N, C), backward=True)
                    assert counts.unknown_ops == ()
                    assert counts.flops > cost(module, (N, C)).flops


def test_a_module_of_data_parallel_costs_what_it_wraps():
    wrapped = nn.Linear(C, C)
    counts = cost(nn.DataParallel(wrapped), (N, C))
    assert (counts.macs, counts.unknown_ops) == (N * C * C, ())


LSTM = [
    (nn.LSTM(4, 6), (5, 3, 4)),
    (nn.LSTM(4, 6, bias=False, batch_first=True), (3, 5, 4)),
    (nn.LSTM(4, 6, num_layers=2, bidirectional=True), (5, 3, 4)),
]


@pytest.mark.parametrize(
    ("module", "shape"), LSTM, ids=["plain", "without bias", "two layers, two directions"]
)
def test_an_lstm_costs_the_same_as_one_operator_and_in_steps(module, shape):
    real, steps = (cost(module, shape, device=device) for device in ("real", "meta"))
    assert "aten.mkldnn_rnn_layer.default" in {operator.name for operator in real.operators}
    assert real.flops_by_category == steps.flops_by_category
    assert real.unknown_ops == ()


def test_backward_of_an_lstm_as_one_operator_costs_twice_its_products():
    module, shape = LSTM[0]
    forward, both = (cost(module, shape, device="real", backward=backward) for backward in (False, True))
    assert both.macs == 3 * forward.macs
    assert both.unknown_ops == ()


EXPERTS, WIDTH, HIDDEN, TOKENS = 3, 8, 16, 10


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "and backward"])
def test_groups_of_tokens_cost_a_product_with_their_own_matrix(dtype, backward):
    ends = torch.tensor([2, 5, TOKENS], dtype=torch.int32)
    module = Does(
        lambda m, x: torch._grouped_mm(x, m.weight, ends),
        weight=nn.Parameter(torch.zeros(EXPERTS, WIDTH, HIDDEN, dtype=dtype)),
    )
    counts = cost(module, (TOKENS, WIDTH), backward=backward)
    assert counts.macs == TOKENS * WIDTH * HIDDEN * (3 if backward else 1)
    assert (counts.output_shape, counts.unknown_ops) == ((TOKENS, HIDDEN), ())


def test_products_of_small_numbers_count_as_any():
    weight = torch.zeros(32, 32, dtype=torch.int8)
    integers = cost(Does(lambda m, x: torch._int_mm(weight.to(x.device), weight.to(x.device))), (1,))
    assert (integers.macs, integers.unknown_ops) == (32**3, ())
    packed = cost(Does(lambda m, x: torch._weight_int8pack_mm(x, weight, x.new_ones(32))), (4, 32))
    assert (packed.macs, packed.unknown_ops) == (4 * 32 * 32, ())
    assert packed.flops_by_category["pointwise"] == 4 * 32


def flops_of(name, *args, out):
    return dict(rules.find(name).flops(args, {}, out))


def test_attention_of_sequences_costs_the_square_of_each():
    flash = torch.ops.aten._flash_attention_forward.default
    heads, width = 2, 16
    starts = torch.tensor([0, 3, 8], dtype=torch.int32)
    q = torch.empty(8, heads, width, device="meta")
    logits = heads * (3 * 3 + 5 * 5)
    flops = flops_of(flash, q, q, q, starts, starts, 5, 5, 0.0, False, False, out=(q,))
    assert flops["mac"] == 2 * 2 * logits * width
    assert flops["softmax"] == 4 * logits - 2 * 8 * heads
    meta = starts.to("meta")
    longest = flops_of(flash, q, q, q, meta, meta, 5, 5, 0.0, False, False, out=(q,))
    assert longest["mac"] == 2 * 2 * heads * 2 * 5 * 5 * width
    dense = torch.empty(4, 7, heads, width, device="meta")
    flops = flops_of(flash, dense, dense, dense, None, None, 7, 7, 0.0, False, False, out=(dense,))
    assert flops["mac"] == 2 * 2 * 4 * heads * 7 * 7 * width
    back = torch.ops.aten._efficient_attention_backward.default
    flops = flops_of(
        back, dense, dense, dense, dense, None, dense, None, None, 7, 7, dense, 0.0, out=(dense,)
    )
    assert flops["mac"] == 5 * 2 * 4 * heads * 7 * 7 * width


def test_regions_and_shifted_taps_of_torchvision_have_rules():
    x, weight = torch.empty(2, 8, 10, 10), torch.empty(16, 4, 3, 3)
    out = torch.empty(2, 16, 10, 10)
    sizes = (1, 1, 1, 1, 1, 1, 2, 1, True)
    shifted = detection.RULES["torchvision::deform_conv2d"].flops((x, weight, x, x, weight, *sizes), {}, out)
    samples = 2 * 8 * 9 * 100
    assert dict(shifted) == {"mac": 2 * out.numel() * 4 * 9, "pointwise": samples * 12, "bias": out.numel()}
    bins = torch.empty(5, 8, 7, 7)
    region = detection.RULES["torchvision::roi_align"].flops(
        (x, torch.empty(5, 5), 1.0, 7, 7, 2, True), {}, bins
    )
    assert dict(region) == {"pointwise": bins.numel() * 4 * 11, "reduction": bins.numel() * 4}
