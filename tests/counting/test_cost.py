"""``attnprof.cost`` leaves the module and the process as they were, and takes what modules there are."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import module as torchs
from torch.nn.utils import parametrizations, weight_norm
from torch.nn.utils.parametrize import register_parametrization

import attnprof
from attnprof import cost
from attnprof.catalogue import MODULES
from attnprof.errors import ImpossibleShapeError, UnknownNameError, UsageError
from tests.counting.truth.table import Does
from tests.every_case import every_case

SHAPE = N, C, H, W = (2, 8, 4, 6)
both_passes = pytest.mark.parametrize("backward", [False, True], ids=["forward", "and backward"])


def tokens(x):
    return x.flatten(2).transpose(1, 2)


class Everything(nn.Module):
    """Draws numbers, updates statistics, keeps what it has met, writes to the class, and fails if it is told
    to."""

    met = 0

    def __init__(self, fails=False):
        super().__init__()
        self.conv = nn.Conv2d(C, C, 3, padding=1)
        self.norm = nn.BatchNorm2d(C)
        self.drop = nn.Dropout(0.5)
        self.tied = nn.Conv2d(C, C, 3, padding=1)
        self.tied.weight = self.conv.weight
        self.attention = nn.MultiheadAttention(C, 2, batch_first=True)
        self.scale = torch.ones(C, 1, 1)  # neither a parameter nor a buffer
        self.register_buffer("passes", torch.zeros(1))
        self.cache, self.fails, self.last = [], fails, None

    def forward(self, x):
        self.last = x
        self.cache.append(x.shape)
        self.passes += 1
        self.scale.mul_(1.5)
        noise = torch.randn(H, W) * random.random() * float(np.random.rand())
        x = self.tied(self.drop(self.norm(self.conv(x)))) * self.scale + noise
        if self.fails:
            raise RuntimeError("this module fails")
        return self.attention(*[tokens(x)] * 3)[0].transpose(1, 2).reshape(x.shape)


HOOKS = [
    name
    for name in vars(nn.Module())
    if name.endswith(("_hooks", "_hooks_with_kwargs", "_hooks_always_called"))
]


def state_of(module):
    """All that a count must not change: identities, values, flags, hooks, attributes."""
    parts = list(module.named_modules())
    tensors = [(name, t) for name, t in module.state_dict(keep_vars=True).items()]
    return {
        "parts": [(name, id(part), type(part), part.training, sorted(vars(part))) for name, part in parts],
        "hooks": [[list(getattr(part, kind).items()) for kind in HOOKS] for _, part in parts],
        "tensors": [(name, id(t), t.data_ptr(), t._version, t.device, t.stride()) for name, t in tensors],
        "values": [(name, t.detach().clone().tolist()) for name, t in tensors],
        "gradients": [(id(p.grad), None if p.grad is None else p.grad.tolist()) for p in module.parameters()],
        "requires": [(p.requires_grad, list(p._backward_hooks or ())) for p in module.parameters()],
        "plain": [
            (name, id(v), v.tolist()) for name, v in vars(module).items() if isinstance(v, torch.Tensor)
        ],
        "others": [(k, repr(v)) for k, v in vars(module).items() if k in ("cache", "fails", "last")],
    }


def state_of_the_process():
    """Generators, switches and registries that are everybody's."""
    kinds = [
        kind
        for kind in vars(torchs)
        if kind.startswith("_global") and isinstance(getattr(torchs, kind), dict)
    ]
    return {
        "torch": torch.get_rng_state().tolist(),
        "python": random.getstate(),
        "numpy": [part.tolist() if isinstance(part, np.ndarray) else part for part in np.random.get_state()],
        "hooks": [list(getattr(torchs, kind).items()) for kind in kinds],
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "default dtype": torch.get_default_dtype(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "attention": F.scaled_dot_product_attention,
        "modes": torch._C._len_torch_dispatch_stack() + torch._C._len_torch_function_stack(),
    }


def in_use(fails=False):
    """A module in the midst of its life: mixed modes, gradients, a frozen part, statistics, hooks of every
    kind."""
    torch.manual_seed(0)
    module = Everything(fails=False)
    module(torch.randn(SHAPE)).square().mean().backward()
    module.norm.eval()
    module.attention.out_proj.requires_grad_(False)
    module.conv.bias.grad = None
    module.conv.register_forward_hook(lambda part, given, out: out * 2)
    module.conv.register_forward_pre_hook(lambda part, given: given)
    module.tied.register_full_backward_hook(lambda part, into, out: None)
    module.tied.register_full_backward_pre_hook(lambda part, out: None)
    module.conv.weight.register_hook(lambda gradient: gradient * 2)
    module.fails = fails
    return module


@both_passes
@pytest.mark.parametrize("fails", [False, True], ids=["that returns", "that raises"])
def test_a_count_leaves_a_module_as_it_was(fails, backward):
    module = in_use(fails)
    before = state_of(module)
    if fails:
        with pytest.raises(RuntimeError, match="^this module fails$"):
            cost(module, SHAPE, backward=backward)
    else:
        assert cost(module, SHAPE, backward=backward).macs > 0
    after = state_of(module)
    for what in before:
        assert after[what] == before[what], what


@both_passes
@pytest.mark.parametrize("fails", [False, True], ids=["that returns", "that raises"])
def test_a_count_leaves_the_process_as_it_was(fails, backward):
    module = in_use(fails)
    mine = torchs.register_module_forward_hook(lambda part, given, out: None)
    try:
        before = state_of_the_process()
        if fails:
            with pytest.raises(RuntimeError, match="^this module fails$"):
                cost(module, SHAPE, backward=backward)
        else:
            cost(module, SHAPE, backward=backward)
        after = state_of_the_process()
    finally:
        mine.remove()
    for what in before:
        assert after[what] == before[what], what


@pytest.mark.parametrize(
    "switched",
    [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu"), lambda: torch.device("meta")],
    ids=["no_grad", "inference_mode", "autocast", "default device"],
)
def test_what_is_switched_on_around_a_count_changes_no_count(switched):
    module = nn.Sequential(nn.Conv2d(C, C, 3), nn.Flatten(2), nn.Linear(8, 5), nn.Softmax(1))
    plain = [cost(module, SHAPE, backward=backward) for backward in (False, True)]
    with switched():
        before = state_of_the_process()
        assert [cost(module, SHAPE, backward=backward) for backward in (False, True)] == plain
        assert state_of_the_process() == before


def test_the_counts_of_a_module_are_those_before_and_after_it_has_run():
    module = Everything().eval()
    first = cost(module, SHAPE)
    module(torch.randn(SHAPE))
    assert cost(module, SHAPE) == first


def test_a_count_by_name_draws_no_number():
    with every_case() as case:
        for name in MODULES.names():
            with case(name):
                shape = next(
                    (1, c, s, s)
                    for c, s in ((64, 14), (64, 28), (128, 28), (64, 16), (64, 56))
                    if attnprof.catalogue.entry(name).refusal(
                        c, s, s, attnprof.catalogue.entry(name).hyperparameters
                    )
                    is None
                )
                before = state_of_the_process()
                assert cost(name, shape).output_shape == shape
                assert state_of_the_process() == before


def test_a_name_is_counted_in_eval_and_with_its_settings():
    plain, settled = cost("se", (1, 64, 7, 7)), cost("se", (1, 64, 7, 7), reduction=8, bias=True)
    assert (plain.params, plain.macs) == (2 * 64 * 4, 2 * 64 * 4)
    assert (settled.params, settled.macs) == (2 * 64 * 8 + 64 + 8, 2 * 64 * 8)
    assert cost("cbam", (1, 64, 7, 7)).flops == cost(attnprof.create("cbam", 64).eval(), (1, 64, 7, 7)).flops


@pytest.mark.parametrize(
    ("asked", "settings", "mistake", "says"),
    [
        ("cbma", {}, UnknownNameError, "Did you mean 'cbam'"),
        ("se", {"ratio": 8}, UsageError, "se has no hyperparameter 'ratio'"),
        ("se", {"reduction": 128}, ImpossibleShapeError, "se@64"),
        (
            nn.Conv2d(64, 8, 1),
            {"reduction": 8},
            UsageError,
            "cost: Conv2d's forward has no argument 'reduction'; it takes input",
        ),
        (nn.LazyConv2d(8, 1), {}, UsageError, "cost: a lazy module has no parameters yet; call it once"),
        (nn.LazyBatchNorm2d(), {}, UsageError, "cost: a lazy module has no parameters yet; call it once"),
    ],
    ids=[
        "a typo",
        "unknown setting",
        "impossible setting",
        "settings of a module",
        "lazy",
        "lazy buffers",
    ],
)
def test_a_mistake_is_said_in_words(asked, settings, mistake, says):
    with pytest.raises(mistake, match=says):
        cost(asked, (1, 64, 7, 7), **settings)


def test_a_name_takes_maps_alone():
    with pytest.raises(UsageError, match=r"^cost: se takes maps \(N, C, H, W\), got a shape of 3 sides$"):
        cost("se", (1, 49, 64))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_is_refused():
    with pytest.raises(
        UsageError, match="TorchScript cannot be counted; count the module that it was compiled from"
    ):
        cost(nn.Sequential(torch.jit.script(nn.Conv2d(C, C, 1))), SHAPE)


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(C, C, 1).requires_grad_(False),
        Does(lambda m, x: x.detach() * 2),
        nn.Embedding(5, 3).requires_grad_(False),
    ],
    ids=["frozen, of an integer input", "detached", "frozen embedding"],
)
def test_no_gradient_is_no_backward_pass(module):
    integers = isinstance(module, nn.Embedding)
    if isinstance(module, nn.Conv2d):
        assert cost(module, SHAPE, backward=True).macs == 2 * cost(module, SHAPE).macs  # to the input alone
        return
    with pytest.raises(
        UsageError, match="backward: the module's output depends on nothing that requires a gradient"
    ):
        cost(module, (2, 3), dtype=torch.int64 if integers else None, backward=True)


@both_passes
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_module_is_counted_in_its_own_number_format(dtype, backward):
    module = nn.Sequential(nn.Conv2d(C, C, 3), nn.SiLU())
    single = cost(module, SHAPE, backward=backward)
    other = cost(module.to(dtype), SHAPE, backward=backward)
    assert other.flops_by_category == single.flops_by_category
    assert other.bytes_moved * 4 == single.bytes_moved * dtype.itemsize
    assert other.activation_memory * 4 == single.activation_memory * dtype.itemsize
    assert {p.dtype for p in module.parameters()} == {dtype}


def test_the_number_format_of_the_input_can_be_given():
    found = cost(nn.Embedding(7, 3), (2, 5), dtype=torch.int64)
    assert (found.output_shape, found.params, found.unknown_ops) == ((2, 5, 3), 21, ())
    assert (
        cost("se", (1, 64, 7, 7), dtype=torch.float16).bytes_moved * 2
        == cost("se", (1, 64, 7, 7)).bytes_moved
    )


def test_channels_last_parameters_are_counted_as_any_others():
    module = nn.Sequential(nn.Conv2d(C, 2 * C, 3), nn.BatchNorm2d(2 * C), nn.SiLU(), nn.AvgPool2d(2)).eval()
    forward, both = (cost(module, SHAPE, backward=backward) for backward in (False, True))
    module.to(memory_format=torch.channels_last)
    assert cost(module, SHAPE) == forward
    assert cost(module, SHAPE, backward=True).flops_by_category == both.flops_by_category
    assert module[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_tied_weights_are_counted_once_and_stay_tied():
    module = nn.Sequential(nn.Conv2d(C, C, 1), nn.Conv2d(C, C, 1))
    module[1].weight = module[0].weight
    assert cost(module, SHAPE).params == C * C + 2 * C
    assert module[1].weight is module[0].weight


def test_weight_norm_costs_a_norm_per_output_channel():
    n = C * C * 9
    for module in (weight_norm, parametrizations.weight_norm):
        with pytest.warns(FutureWarning) if module is weight_norm else torch.no_grad():
            normed = module(nn.Conv2d(C, C, 3, padding=1, bias=False))
        found, backward = cost(normed, SHAPE), cost(normed, SHAPE, backward=True)
        assert found.unknown_ops == backward.unknown_ops == ()
        assert found.params == n + C
        assert found.macs == N * n * H * W
        assert found.flops_by_category["reduction"] == 2 * n - C
        assert found.flops_by_category["transcendental"] == C
        assert found.flops_by_category["pointwise"] == n + C
        assert backward.flops_by_category["reduction"] == 2 * n - C + n - C
        assert backward.flops_by_category["pointwise"] == n + C + 4 * n + 3 * C
        assert backward.macs == 3 * found.macs


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT


def parametrized():
    module = nn.Linear(W, W, bias=False)
    register_parametrization(module, "weight", Symmetric())
    return module


@pytest.mark.parametrize(
    ("make", "more"),
    [
        (parametrized, 0),
        # A step of its power iteration first: W v, W' u; then W v and u W v for the norm. In eval the norm
        # alone.
        (lambda: parametrizations.spectral_norm(nn.Linear(W, W, bias=False)), 3 * W * W + W),
        (lambda: parametrizations.spectral_norm(nn.Linear(W, W, bias=False)).eval(), W * W + W),
    ],
    ids=["symmetric", "spectral norm", "spectral norm in eval"],
)
def test_a_parametrized_weight_is_computed_in_every_call(make, more):
    module = make()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    found = cost(module, SHAPE)
    assert found.params == W * W
    assert found.macs == N * C * H * W * W + more
    assert found.unknown_ops == ()
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize(
    ("forward", "pointwise", "macs"),
    [
        (lambda m, x: x * torch.arange(W), 1, 0),
        (lambda m, x: x + torch.linspace(0, 1, W), 1, 0),
        (lambda m, x: x.masked_fill(torch.ones(H, W).tril() == 0, 0.0), 1 + 1 / (N * C), 0),
        (lambda m, x: torch.cat([x, torch.zeros(N, 1, H, W)], 1)[:, 1:] * m.plain, 1, 0),
        (lambda m, x: x[:, torch.arange(C).flip(0)] * m.listed[0], 1, 0),
        (lambda m, x: torch.where(torch.tensor(True), x, -x), 2, 0),
        (lambda m, x: x @ torch.eye(W), 0, N * C * H * W * W),
        (lambda m, x: F.conv2d(x, torch.ones(C, C, 1, 1)), 0, N * C * H * W * C),
        (lambda m, x: x * torch.from_numpy(np.ones(W, dtype=np.float32)), 1, 0),
    ],
    ids=["arange", "linspace", "mask", "cat", "index", "where", "product", "convolution", "numpy"],
)
def test_a_constant_that_forward_makes_on_the_cpu_goes_with_the_map(forward, pointwise, macs):
    module = Does(forward, plain=torch.ones(W), listed=[torch.ones(C, 1, 1)])
    found = cost(module, SHAPE)
    assert found.output_shape == SHAPE
    assert found.flops_by_category["pointwise"] == pointwise * N * C * H * W
    assert (found.macs, found.unknown_ops) == (macs, ())


@both_passes
@pytest.mark.parametrize("fast_path", [True, False])
def test_the_fast_path_of_attention_is_not_taken(fast_path, backward):
    """It is one operator, which torch takes in eval without gradients alone: a count would not be that of a
    training."""
    module = nn.MultiheadAttention(C, 2, batch_first=True).eval()
    whole = Does(lambda m, x: m.attention(*[tokens(x)] * 3, need_weights=False)[0], attention=module)
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(fast_path)
    try:
        found = cost(whole, SHAPE, backward=backward)
        assert torch.backends.mha.get_fastpath_enabled() is fast_path
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
    t = H * W
    forward = N * (4 * t * C * C + 2 * t * t * C)
    # Backward computes the logits again: five products where forward has two.
    assert found.macs == (forward + N * (8 * t * C * C + 5 * t * t * C) if backward else forward)
    assert found.unknown_ops == ()


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_transformer_encoder_is_its_layers(layers, train):
    width, hidden, length = 16, 32, 5
    layer = nn.TransformerEncoderLayer(width, 4, hidden, batch_first=True)
    module = layer if layers == 1 else nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
    found = cost(module.train(train), (3, length, width))
    each = 4 * length * width**2 + 2 * length**2 * width + 2 * length * width * hidden
    assert found.macs == layers * 3 * each
    assert found.output_shape == (3, length, width)
    assert found.unknown_ops == ()


L, S, E, HEADS = 5, 7, 4, 3


def heads(x, length, layout):
    """q, k or v (N, heads, length, E) as modules make them."""
    if layout == "heads first":
        return x.new_empty(N, HEADS, length, E)
    if layout == "split off":  # (N, length, heads E), viewed and transposed
        return x.new_empty(N, length, HEADS * E).unflatten(2, (HEADS, E)).transpose(1, 2)
    if layout == "packed":  # one projection to q, k and v
        return x.new_empty(N, length, 3, HEADS, E).permute(2, 0, 3, 1, 4)[1]
    if layout == "channels first":  # a map's channels as heads, its places as tokens
        return x.new_empty(N, HEADS, E, length).transpose(2, 3)
    return x.new_empty(*(N * HEADS, length, E) if layout == "no heads" else (length, HEADS * N * E))


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "unfused"])
@pytest.mark.parametrize(
    "layout", ["heads first", "split off", "packed", "channels first", "no heads", "no batch"]
)
def test_scaled_dot_product_attention_costs_its_two_products_in_every_layout(layout, fused):
    def forward(module, x):
        return F.scaled_dot_product_attention(*(heads(x, length, layout) for length in (L, S, S)))

    found = cost(Does(forward), (1,), fused=fused)
    assert found.macs == 2 * N * HEADS * L * S * E
    assert found.flops_by_category["softmax"] == (1 if layout == "no batch" else N * HEADS) * L * (4 * S - 2)
    assert found.unknown_ops == ()


@pytest.mark.parametrize(
    ("more", "logits"),
    [
        (lambda x: {}, 1),
        (lambda x: {"is_causal": True}, 1),
        (lambda x: {"scale": 1.0}, 1),
        (lambda x: {"attn_mask": x.new_empty(L, S)}, 2),
        (lambda x: {"attn_mask": x.new_empty(N, 1, L, S)}, 2),
        (lambda x: {"attn_mask": x.new_empty(L, S, dtype=torch.bool)}, 2),
    ],
    ids=["plain", "causal", "scaled", "mask", "mask of a batch", "boolean mask"],
)
def test_fused_attention_scales_and_masks_its_logits(more, logits):
    def forward(module, x):
        q, k, v = (heads(x, length, "heads first") for length in (L, S, S))
        return F.scaled_dot_product_attention(q, k, v, **more(x))

    found = cost(Does(forward), (1,))
    assert found.macs == 2 * N * HEADS * L * S * E
    mask = more(torch.empty(1)).get("attn_mask")
    made = (
        mask.numel() if mask is not None and mask.dtype == torch.bool else 0
    )  # a mask of numbers is made of it first
    assert found.flops_by_category["pointwise"] == logits * N * HEADS * L * S + made


def test_fused_attention_keeps_no_attention_map_and_unfused_attention_does():
    t = 32 * 32

    def forward(module, x):
        q = x.flatten(2).transpose(1, 2).unsqueeze(1)
        return F.scaled_dot_product_attention(module.q(q), module.k(q), module.v(q))

    module = Does(forward, q=nn.Linear(C, C), k=nn.Linear(C, C), v=nn.Linear(C, C))
    fused, unfused = (cost(module, (N, C, 32, 32), fused=each) for each in (True, False))
    assert unfused.macs == fused.macs
    assert fused.activation_memory < 4 * N * t * t
    assert unfused.activation_memory > 4 * N * t * t
