"""Two packages install what is imported as thop; which is there shows in what it counts, and so do the reasons."""

import sys
from copy import deepcopy
from importlib.metadata import PackageNotFoundError
from math import prod
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from attnprof.counters import COUNTERS, thop
from attnprof.counting import account
from attnprof.doctor.packages import installed
from attnprof.explaining.counters import differences
from attnprof.records import environment

# The package thop imports distutils, whose versions are deprecated, and calls what it deprecates itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This API is being deprecated:UserWarning"),
]


def convolved(part, x, y):
    return prod(part.weight.shape) * y.numel() // y.shape[1]


def convolved_back(part, x, y):
    return prod(part.weight.shape) * x.numel() // x.shape[1]


def normalized(part, x, y):
    return x.numel() * (4 if getattr(part, "affine", getattr(part, "elementwise_affine", False)) else 2)


def pooled(part, x, y):
    side = part.kernel_size if isinstance(part, nn.AvgPool2d) else x.shape[-1] // y.shape[-1]
    return (side * side + 1) * y.numel()


def weighed(part, x, y):
    rows, sides = x.numel() // x.shape[part.dim], x.shape[part.dim]
    return rows * (3 * sides - 1 + isinstance(part, nn.LogSoftmax)) + isinstance(part, nn.Softmin) * x.numel()


def enlarged(part, x, y):
    return {"nearest": 0, "bilinear": 11}[part.mode] * y.numel()


def attended(part, x, y):
    batch, length, width = x.shape
    products = 4 * length * width * width + 2 * length * length * width
    return batch * (products + part.num_heads * length * (3 * length - 1))


# The rules of ultralytics-thop that differ, and some that do not, by class; a subclass has its parent's.
RULES = {
    nn.Conv2d: convolved,
    nn.ConvTranspose2d: convolved_back,
    nn.modules.batchnorm._NormBase: normalized,
    nn.LayerNorm: normalized,
    nn.GroupNorm: normalized,
    nn.AvgPool2d: pooled,
    nn.AdaptiveAvgPool2d: pooled,
    nn.Softmax: weighed,
    nn.LogSoftmax: weighed,
    nn.Softmin: weighed,
    nn.PReLU: lambda part, x, y: x.numel(),
    nn.Linear: lambda part, x, y: part.in_features * y.numel(),
    nn.Upsample: enlarged,
    nn.MultiheadAttention: attended,
}


def profile(model, inputs, verbose=True):
    """(MACs, params) as ultralytics-thop counts them: each module once, in an attribute and not in a buffer."""
    handles = []
    for part in model.modules():
        part.total_ops = 0
        rule = next((RULES[kind] for kind in type(part).__mro__ if kind in RULES), None)
        if rule:
            handles.append(part.register_forward_hook(counting(rule)))
    model.eval()
    model(*inputs)
    for handle in handles:
        handle.remove()
    return float(sum(part.total_ops for part in model.modules())), 0.0


def counting(rule):
    def hook(part, inputs, output):
        part.total_ops += rule(part, inputs[0], output[0] if isinstance(output, tuple) else output)

    return hook


@pytest.fixture
def other_thop(monkeypatch):
    """The other package, under the same name, for as long as a test."""
    package = ModuleType("thop")
    package.profile = profile
    monkeypatch.setitem(sys.modules, "thop", package)
    forget()
    yield
    forget()


def forget():
    thop._rule.cache_clear()
    thop._counts_every_name.cache_clear()


COUNTER = COUNTERS.get("thop")
SHAPE = (1, 4, 8, 8)
ACT = nn.PReLU()
N = 64  # pixels


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return self.attend(tokens, tokens, tokens)[0]


class Own(nn.Conv2d):
    """A class of its own."""


# A module -> what each thop adds to its MACs, with a word of the reason.
CASES = {
    "norm": (nn.BatchNorm2d(4), (4 * 4 * N, "4 per element"), (4 * 4 * N, "4 per element")),
    "group norm": (nn.GroupNorm(2, 4), None, (4 * 4 * N, "4 per element")),
    "average": (nn.AvgPool2d(2), (4 * 16, "1 per element of the output"), (5 * 4 * 16, "taps + 1")),
    "average to a size": (nn.AdaptiveAvgPool2d(2), (17 * 16, "taps + 1"), (17 * 16, "taps + 1")),
    "softmax": (nn.Softmax(1), (N * 11, "3n - 1 per row"), (N * 11, "3n - 1 per row")),
    "logarithm of a softmax": (nn.LogSoftmax(1), None, (N * 12, "adds 3n per row")),
    "softmin": (nn.Softmin(1), None, (N * 15, "adds 4n - 1 per row")),
    "nearest": (nn.Upsample(scale_factor=2), (4 * 4 * N, "1 (nearest)"), None),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), (11 * 16 * N, "11 (bilinear)"), (11 * 16 * N, "11 per element of the output where")),
    "transposed convolution": (nn.ConvTranspose2d(4, 4, 2, 2), (3 * 64 * N, "over its output"), None),
    "convolution of another class": (Own(4, 4, 1), (-16 * N, "classes that it knows"), None),
    "two names": (nn.Sequential(nn.Sequential(ACT), nn.Sequential(ACT)), (8 * 4 * N, "adds 1 per element"), (2 * 4 * N, "adds 1 per element")),
    "attention": (Attending(), (-2 * N * 4 * (N + 8), "compute themselves"), (2 * N * (3 * N - 1), "softmax")),
}  # fmt: skip


def reasons(module):
    """The differences between thop and us, as (MACs, why)."""
    module = deepcopy(module).eval()
    ours = account(module.to("meta"), SHAPE)
    theirs = COUNTER.breakdown(module, torch.empty(SHAPE, device="meta"))
    classes = {path: type(part).__name__ for path, part in module.named_modules()}
    total = sum(part.macs for part in theirs.counted)
    found = differences(COUNTER, theirs, ours.operators, classes)
    assert total - ours.macs == sum(reason.macs for reason in found)
    return [(reason.macs, reason.why) for reason in found]


def check(found, wanted):
    if wanted is None:
        assert found == []
        return
    macs, word = wanted
    assert [figure for figure, _ in found] == [macs]
    assert word in found[0][1]


@pytest.mark.parametrize("name", CASES)
def test_the_reasons_are_those_of_thop(name):
    forget()
    module, of_thop, _ = CASES[name]
    check(reasons(module), of_thop)


@pytest.mark.parametrize("name", CASES)
def test_the_reasons_are_those_of_the_other_thop(name, other_thop):
    module, _, of_other = CASES[name]
    check(reasons(module), of_other)


def test_a_thop_with_a_rule_of_its_own_has_no_reason(other_thop, monkeypatch):
    monkeypatch.setitem(RULES, nn.PReLU, lambda part, x, y: 7 * x.numel())
    check(reasons(nn.PReLU()), (7 * 4 * N, ""))


def test_a_run_and_doctor_name_the_package_that_is_there(monkeypatch):
    def version(name):
        if name != "ultralytics-thop":
            raise PackageNotFoundError(name)
        return "2.2.3"

    monkeypatch.setattr(
        "importlib.metadata.distribution", lambda name: SimpleNamespace(version=version(name))
    )
    monkeypatch.setattr("attnprof.doctor.packages.version", version)
    assert environment.software()["thop_version"] == "ultralytics-thop 2.2.3"
    assert installed("thop") == "2.2.3 (ultralytics-thop)"
    assert installed("fvcore") is None
