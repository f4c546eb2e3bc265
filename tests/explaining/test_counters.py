"""Other counters beside ours: the reasons add up to the difference, and are those of what the module really
does."""

import pytest
import torch
from torch import nn

from attnprof.catalogue import MODULES
from attnprof.counters import COUNTERS, Breakdown, Counter
from attnprof.counting import account
from attnprof.explaining.counters import compare, differences
from attnprof.explaining.explanation import CounterReport
from attnprof.subject.build import build
from attnprof.subject.counts import count

# thop imports distutils, whose versions are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning")


def reasons(says):
    return {part.what: (part.macs, part.why) for part in says.differences}


def explained(counter, case):
    says = compare(counter, case)
    if says.macs is None:
        assert says.note
        return says
    assert says.macs - count(case)[0].macs == sum(part.macs for part in says.differences)
    assert all(part.what and part.why for part in says.differences)
    return says


SOME = ("cbam", "nonlocal", "mhsa", "danet", "swin")


@pytest.mark.parametrize("counter", COUNTERS.names())
@pytest.mark.parametrize("module", SOME)
def test_the_reasons_add_up_to_the_difference(module, counter, case_of):
    explained(counter, case_of(f"{module}@64@14"))


@pytest.mark.slow
@pytest.mark.parametrize("module", [name for name in MODULES.names() if name not in SOME])
def test_they_do_for_every_other_module(module, case_of):
    case = case_of(f"{module}@128@28")
    for counter in COUNTERS.names():
        explained(counter, case)


@pytest.mark.parametrize("counter", COUNTERS.names())
def test_a_breakdown_is_the_count_in_parts(counter, case_of):
    counter, case = COUNTERS.get(counter), case_of("cbam@64@14")
    device = torch.device("cpu")
    x = torch.randn(case.shape)
    with torch.no_grad():
        parts = counter.breakdown(build(case, device), x).counted
        assert sum(part.macs for part in parts) == counter.count(build(case, device), x)


GATE = """
class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        {made}

    def forward(self, x):
        {does}
"""
N = 14 * 14
TOKENS = "t = x.flatten(2).transpose(1, 2)"


def gate(made, does):
    return GATE.format(made=made.replace("; ", "\n        "), does=does.replace("; ", "\n        "))


# What the module does -> what fvcore, thop and torch's FlopCounterMode add to its MACs, or leave out, and a
# word of why.
RULES = {
    "conv": (gate("self.conv = nn.Conv2d(channels, channels, 3, padding=1)", "return self.conv(x)"), {}),
    "pooling and norm": (
        gate("self.pool = nn.AdaptiveAvgPool2d(1); self.norm = nn.BatchNorm2d(channels)", "return self.norm(x) * self.pool(x)"),
        {
            "fvcore": [(2 * 64 * N, "2 per element"), (64 * N, "1 per element of the input")],
            "thop": [(4 * 64 * N, "4 per element"), (64 * (N + 1), "taps + 1")],
        },
    ),
    "padding by name": (
        gate("self.conv = nn.Conv2d(channels, channels, 3, padding='same')", "return self.conv(x)"),
        {"fvcore": [(-64 * 64 * 9 * N, "padding='same'")]},
    ),
    "matmul": (
        gate("pass", f"{TOKENS}; return (t @ (t.transpose(1, 2) @ t)).transpose(1, 2).reshape(x.shape)"),
        {"thop": [(-2 * 64 * 64 * N, "compute themselves")]},
    ),
    "attention that is not fused": (  # on the CPU, because its last dimension is not dense
        gate("pass", f"{TOKENS}; t = t[:, None]; t = F.scaled_dot_product_attention(t, t, t); return t.transpose(2, 3).reshape(x.shape)"),
        {
            "fvcore": [(-2 * 64 * N * N, "scaled_dot_product_attention")],
            "thop": [(-2 * 64 * N * N, "compute themselves")],
        },
    ),
    "fused attention": (
        gate("pass", f"{TOKENS}; t = t[:, None].contiguous(); t = F.scaled_dot_product_attention(t, t, t); return t.transpose(2, 3).reshape(x.shape)"),
        {
            "fvcore": [(-2 * 64 * N * N, "scaled_dot_product_attention")],
            "thop": [(-2 * 64 * N * N, "compute themselves")],
            "flopcounter": [(-2 * 64 * N * N, "fused attention")],
        },
    ),
    "nn.MultiheadAttention": (
        gate(
            "self.attend = nn.MultiheadAttention(channels, 4, batch_first=True)",
            f"{TOKENS}; return self.attend(t, t, t)[0].transpose(1, 2).reshape(x.shape)",
        ),
        {
            "fvcore": [(-2 * 64 * N * (N + 128), "_native_multi_head_attention")],
            "thop": [(-2 * 64 * N * (N + 128), "compute themselves")],
            "flopcounter": [(-2 * 64 * N * (N + 128), "_native_multi_head_attention")],
        },
    ),
    "matrix times vector": (
        gate("self.w = nn.Parameter(torch.zeros(channels))", f"{TOKENS}; return x * (t[0] @ self.w).view(1, 1, *x.shape[2:])"),
        {"thop": [(-64 * N, "compute themselves")], "flopcounter": [(-64 * N, "aten.mv")], "fvcore": None},
    ),
    "transposed convolution": (
        gate("self.up = nn.ConvTranspose2d(channels, channels, 2, stride=2)", "return F.max_pool2d(self.up(x), 2)"),
        {"thop": [(3 * 64 * 64 * 4 * N, "over its output")]},
    ),
    "a class of one's own": (
        "class Mine(nn.Conv2d):\n    pass\n\n\n" + gate("self.conv = Mine(channels, channels, 1)", "return self.conv(x)"),
        {"thop": [(-64 * 64 * N, "classes that it knows")]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("counter", COUNTERS.names())
@pytest.mark.parametrize("what", RULES)
def test_the_reason_is_the_rule_that_applies(what, counter, user_case):
    source, expected = RULES[what]
    says = explained(counter, user_case(source))
    wanted = expected.get(counter, [])
    if wanted is None:
        assert says.macs is None
        return
    found = sorted((part.macs, part.why) for part in says.differences)
    assert [macs for macs, _ in found] == sorted(macs for macs, _ in wanted)
    for (_, why), (_, word) in zip(found, sorted(wanted), strict=True):
        assert word in why


def test_a_factor_broadcast_over_the_batch_is_counted_once_by_fvcore(case_of, user_case):
    from dataclasses import replace

    source = gate(
        "self.w = nn.Parameter(torch.zeros(channels, channels))",
        "return (self.w @ x.flatten(2)).view(x.shape)",
    )
    case = replace(user_case(source), batch=2)
    says = explained("fvcore", case)
    assert says.macs == 64 * 64 * N
    assert "broadcast" in says.differences[0].why


def test_train_mode_and_number_format_do_not_change_what_is_compared(case_of):
    assert compare("thop", case_of("cbam@64@14", train=True)) == compare("thop", case_of("cbam@64@14"))


def test_what_a_counter_dies_of_is_its_note(case_of, monkeypatch):
    def fail(module, x):
        raise KeyError("prim::x")

    monkeypatch.setattr("attnprof.explaining.counters.COUNTERS", {"some": Counter(fail, False, title="Some")})
    assert compare("some", case_of("se@64@14")) == CounterReport("Some", None, "failed: KeyError: 'prim::x'")


def test_a_counter_without_a_breakdown_has_a_difference_without_a_reason(case_of, monkeypatch):
    counters = {"some": Counter(lambda module, x: 500, False), "same": Counter(lambda module, x: 512, False)}
    monkeypatch.setattr("attnprof.explaining.counters.COUNTERS", counters)
    (difference,) = compare("some", case_of("se@64@14")).differences
    assert (difference.macs, difference.why) == (-12, "")
    assert compare("same", case_of("se@64@14")).differences == ()


def test_attention_that_the_other_met_as_products_is_no_difference():
    module = nn.MultiheadAttention(64, 4, batch_first=True, device="meta").eval()
    heads = nn.Identity()
    heads.forward = lambda x: nn.functional.scaled_dot_product_attention(x, x, x)
    ours = account(heads, (1, 4, 49, 16)).operators
    from attnprof.counters import PRODUCT, CountedPart

    theirs = Breakdown((CountedPart("bmm", 2 * 4 * 49 * 49 * 16, PRODUCT),))
    assert differences(Counter(lambda m, x: 0, False), theirs, ours, {"": type(module).__name__}) == []
