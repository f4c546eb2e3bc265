"""The network of a case, built: weights by the seed, mode and dtype of the case, answers that are tensors."""

from dataclasses import replace

import pytest
import torch

from attnprof.errors import ImpossibleShapeError
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.counts import WITH_CONSTANTS, count
from attnprof.subject.inputs import example

CPU, META = torch.device("cpu"), torch.device("meta")
NETS = """
import torch
from torch import nn
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
    def forward(self, x):
        y = self.stem(x)
        return {"map": y, "again": (y, x)}
class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
class Branching(Stem):
    def forward(self, x):
        y = self.stem(x)
        return y.relu() if y.mean() > 0 else y
class Scaled(Stem):
    def forward(self, x):
        y = self.stem(x)
        return y * y.amax().item()
class Strided(Stem):
    def __init__(self):
        super().__init__()
        y = self.stem(torch.zeros(1, 3, 8, 8))
        self.stride = torch.tensor([8 / side for side in y.shape[2:]])
        self.step = int(self.stride.max())
    def forward(self, x):
        return self.stem(x)[:, :, :: int(self.stride.max()), :: self.step]
class Positions(Stem):
    def forward(self, x):
        y = self.stem(x)
        mask = torch.zeros(y.shape[0], *y.shape[2:], dtype=torch.bool, device=x.device)
        rows = (~mask).cumsum(1)
        return y + torch.arange(int(rows.max()), device=x.device).view(-1, 1)
class Nothing(nn.Module):
    def forward(self, x):
        return None
"""


def case(module="se", host="resnet18", place="after_bn2", **more):
    settings = {} if module == "none" else {"bias": False, "reduction": 16}
    return Case(module, 3, 32, 32, hyperparameters=settings, host=host, place=place, **more)


@pytest.fixture
def nets(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    return f"{tmp_path / 'nets.py'}:"


def test_the_plain_network_is_the_network_alone():
    assert count(case("none", place=""))[0].params == 11_689_512
    assert not any("attention" in name for name, _ in build(case("none", place=""), META).named_modules())


def test_the_module_is_counted_with_the_network():
    added = sum(2 * 2 * c * c // 16 for c in (64, 128, 256, 512))
    assert count(case())[0].params == 11_689_512 + added


def test_the_plain_part_has_the_same_weights_with_and_without_a_module():
    plain, gated = build(case("none", place=""), CPU).state_dict(), build(case(), CPU).state_dict()
    assert all(torch.equal(gated[name], value) for name, value in plain.items())


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_mode_and_dtype_reach_every_part(mode):
    network = build(case(mode=mode, dtype="bf16"), CPU)
    assert {part.training for part in network.modules()} == {mode == "train"}
    assert {p.dtype for p in network.parameters()} == {torch.bfloat16}


def test_an_answer_that_is_no_tensor_is_made_one(nets):
    asked = replace(case(host=f"{nets}Two", place="stem"))
    account, flags, _ = count(asked)
    assert account.output_shape == (1, 16, 32, 32)
    assert build(asked, CPU)(example(asked, CPU)).shape == (1, 16, 32, 32)
    assert flags == ()


# A stem of 3 x 16 x 9 weights, and se (reduction 16) of 16 + 16 behind it.
@pytest.mark.parametrize(
    ("network", "flags", "remarks"),
    [
        ("Branching", ("real-run",), ()),
        ("Scaled", ("real-run",), ()),
        ("Strided", (), (WITH_CONSTANTS,)),
        ("Positions", (), (WITH_CONSTANTS,)),
    ],
)
@pytest.mark.parametrize(("module", "place", "added"), [("none", "", 0), ("se", "stem", 32)])
def test_a_network_that_reads_values_says_how_it_was_counted(
    nets, network, flags, remarks, module, place, added
):
    counted = count(case(module, host=nets + network, place=place))
    assert counted.account.params == 3 * 16 * 9 + added
    assert counted.account.macs == 3 * 16 * 9 * 32 * 32 + added
    assert (counted.flags, counted.remarks) == (flags, remarks)


def test_a_network_that_answers_with_nothing_says_so(nets):
    with pytest.raises(TypeError, match="the network answers with NoneType"):
        count(case("none", host=f"{nets}Nothing", place=""))


def test_a_module_that_does_not_fit_is_refused_with_its_place():
    with pytest.raises(
        ImpossibleShapeError, match=r"after layer1\.0\.bn2, 64@8x8: channels must be at least"
    ):
        build(replace(case(), hyperparameters={"bias": False, "reduction": 65}), META)
