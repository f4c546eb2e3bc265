"""The tree: it adds up to the account, at every level, and says how each part grows."""

import pytest
import torch
from msgspec import convert

from attnprof.catalogue import MODULES
from attnprof.counting import account
from attnprof.explaining.explanation import Explanation
from attnprof.explaining.tree import explain, tree
from attnprof.subject.build import build
from attnprof.subject.counts import count


def every_part(part):
    yield part
    for below in part.parts:
        yield from every_part(below)


def adds_up(case):
    whole = count(case)[0]
    root = tree(build(case, torch.device("meta")), whole.operators, lambda places: "")
    assert (root.params, root.macs, root.flops, root.bytes) == (
        whole.params,
        whole.macs,
        whole.flops,
        whole.bytes_moved,
    )
    for part in every_part(root):
        if part.kind:
            for field in ("macs", "flops", "bytes"):
                assert getattr(part, field) == sum(getattr(below, field) for below in part.parts)
            assert part.params >= sum(below.params for below in part.parts)
    operators = [part for part in every_part(root) if not part.kind]
    assert sum(part.calls for part in operators) == len(whole.operators)


@pytest.mark.parametrize("module", MODULES.names())
def test_the_parts_add_up_to_the_account(module, case_of):
    adds_up(case_of(f"{module}@256@56"))


@pytest.mark.parametrize("module", ["se", "bam", "danet", "mhsa", "none"])
def test_backward_adds_up_too(module, case_of):
    adds_up(case_of(f"{module}@64@14", train=True, batch=2))


def test_operators_are_below_the_submodule_that_issued_them_in_the_order_in_which_they_ran(case_of):
    tree = explain(case_of("nonlocal@64@56")).tree
    assert [part.name for part in tree.parts] == [
        "query", "key", "pool", "value", "aten.bmm.default", "aten._softmax.default", "aten.bmm.default",
        "project", "norm", "aten.add.Tensor",
    ]  # fmt: skip
    assert [part.name for part in tree.parts[0].parts] == ["aten.convolution.default"]


@pytest.mark.parametrize(
    ("target", "grows"),
    [
        (
            "nonlocal@64@56",
            {"bmm": "C (H W)^2", "_softmax": "(H W)^2", "convolution": "C^2 H W", "": "C H W (H W + C)"},
        ),
        ("mhsa@256@28", {"_scaled_dot_product_flash_attention_for_cpu": "C (H W)^2", "": "C H W (H W + C)"}),
        ("eca@64@56", {"mean": "C H W", "convolution": "C", "sigmoid": "C", "": "C H W"}),
        ("ca@64@56", {"cat": "C (H + W)", "": "C H W"}),
        ("cca@64@28", {"": "C H W (C + H + W)"}),
        ("se@64@28x40", {"mm": "C^2", "mean": "C H W"}),
    ],
)
def test_an_operator_says_with_what_it_grows(target, grows, case_of):
    tree = explain(case_of(target)).tree
    found = {
        part.name.split(".")[1] if part.name else "": part.grows for part in every_part(tree) if not part.kind
    }
    found[""] = tree.grows
    assert {name: found[name] for name in grows} == grows


@pytest.mark.parametrize("target", ["nonlocal@64@56", "mhsa@256@28"])
def test_what_grows_with_the_square_of_the_map_is_sixteen_times_as_much_at_twice_the_sides(target, case_of):
    name, channels, side = target.split("@")
    small, large = (
        {
            (part.name, n): part
            for n, part in enumerate(every_part(explain(case_of(f"{name}@{channels}@{s}")).tree))
            if part.grows in ("C (H W)^2", "C H W", "C^2 H W")
        }
        for s in (int(side), 2 * int(side))
    )
    assert small.keys() == large.keys()
    for key, part in small.items():
        expected = 16 if part.grows == "C (H W)^2" else 4
        measure = "flops" if part.flops else "bytes"
        assert getattr(large[key], measure) / getattr(part, measure) == pytest.approx(expected, rel=0.02)


def test_what_does_not_grow_is_constant_and_what_grows_as_no_polynomial_says_nothing(user_case):
    body = (
        "class Gate(nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n        self.w = nn.Parameter(torch.zeros(8, 8))\n"
        "    def forward(self, x):\n        y = self.w.exp()\n"
        "        return torch.fft.irfft2(torch.fft.rfft2(x)) + y.sum()"
    )
    found = {part.name.split(".")[1]: part.grows for part in explain(user_case(body)).tree.parts}
    assert found == {"exp": "constant", "_fft_r2c": "", "_fft_c2r": "", "sum": "constant", "add": "C H W"}


SHARED = """
class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.one = nn.Conv2d(channels, channels, 1, bias=False)
        self.other = nn.Conv2d(channels, channels, 1, bias=False)
        self.other.weight = self.one.weight
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        self.idle = nn.Identity()

    def forward(self, x):
        return self.other(self.one(self.one(x))) * self.scale
"""


def test_a_shared_parameter_is_counted_where_it_is_first_met_and_calls_alike_are_one_part(user_case):
    case = user_case(SHARED)
    adds_up(case)
    found = explain(case)
    one, other, mul = found.tree.parts
    assert (one.params, other.params, found.tree.params) == (64 * 64, 0, 64 * 64 + 64)
    assert [(part.name, part.calls) for part in one.parts] == [("aten.convolution.default", 2)]
    assert (mul.name, mul.kind) == ("aten.mul.Tensor", "")


def test_a_module_that_takes_tokens_is_the_root_of_its_tree(user_case):
    body = (
        "class Gate(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n        self.fc = nn.Linear(dim, dim)\n"
        "    def forward(self, tokens):\n        n, positions, width = tokens.shape\n        return self.fc(tokens)"
    )
    case = user_case(body)
    found = explain(case)
    adds_up(case)
    assert found.remarks[0].startswith("takes (N, L, C): the map is given as ")
    assert found.tree.kind == "Gate"
    assert "fc" in [part.name for part in found.tree.parts]


def test_backward_operators_are_told_apart(case_of):
    found = explain(case_of("se@64@14", train=True))
    operators = [part for part in every_part(found.tree) if not part.kind]
    assert {part.backward for part in operators} == {True, False}
    assert found.forward_macs == 512
    assert found.tree.macs == 3 * 512


def test_the_memory_of_unfused_attention_is_told_where_there_is_attention(case_of):
    assert explain(case_of("se@64@14")).unfused_activations is None
    found = explain(case_of("mhsa@256@28"))
    assert found.unfused_activations > found.activations + 4 * (28 * 28) ** 2 * 4


def test_an_explanation_survives_the_way_through_json(case_of):
    import json

    found = explain(case_of("danet@64@14"))
    assert convert(json.loads(json.dumps(found.to_json())), Explanation) == found


def test_verifying_agrees_with_torchs_own_kernels(case_of):
    found = explain(case_of("cbam@64@14"), verify=True)
    assert (found.verified, found.differs) == (len(count(case_of("cbam@64@14"))[0].operators), "")
    assert explain(case_of("cbam@64@14")).verified is None


def test_a_shape_that_is_not_torchs_is_told(case_of, monkeypatch):
    def one_disagrees(module, shape, dtype, *, verify=False, **how):
        if verify:
            raise AssertionError("aten.mean.dim: our shape function gives (1, 65)")
        return account(module, shape, dtype, **how)

    monkeypatch.setattr("attnprof.subject.counts.account", one_disagrees)
    assert (
        explain(case_of("se@64@14"), verify=True).differs == "aten.mean.dim: our shape function gives (1, 65)"
    )
