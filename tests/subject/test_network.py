"""The network of a case, built: weights by the seed, mode and dtype of the case, answers that are tensors."""

from dataclasses import replace

import pytest
import torch

from attnprof.errors import ImpossibleShapeError
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.counts import count
from attnprof.subject.inputs import example

CPU, META = torch.device("cpu"), torch.device("meta")
NETS = """
from torch import nn
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
    def forward(self, x):
        y = self.stem(x)
        return {"map": y, "again": (y, x)}
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


def test_a_network_that_answers_with_nothing_says_so(nets):
    with pytest.raises(TypeError, match="the network answers with NoneType"):
        count(case("none", host=f"{nets}Nothing", place=""))


def test_a_module_that_does_not_fit_is_refused_with_its_place():
    with pytest.raises(
        ImpossibleShapeError, match=r"after layer1\.0\.bn2, 64@8x8: channels must be at least"
    ):
        build(replace(case(), hyperparameters={"bias": False, "reduction": 65}), META)
