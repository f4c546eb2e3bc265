"""Metrics of what is in a network: which operators ran, and in which stage."""

import json

import pytest

from attnprof.catalogue import entry
from attnprof.metrics import METRICS, Findings
from attnprof.metrics._measure import measure
from attnprof.records.case import Case
from attnprof.subject.counts import count

SETTINGS = {"bias": False, "reduction": 16}


def followed(name, case):
    return measure(METRICS.get(name), Findings(case, account=count(case)[0]))


@pytest.fixture(scope="module", params=["eval", "train"])
def case(request):
    return Case("se", 3, 64, 64, SETTINGS, host="resnet18", place="after_bn2", batch=2, mode=request.param)


def test_the_stages_have_all_macs_between_them(case):
    account = count(case)[0]
    stages = json.loads(followed("macs_by_stage", case).value)
    assert list(stages) == ["1", "2", "3", "4", "rest"]
    assert sum(stages.values()) == account.macs


def test_the_rest_is_stem_and_head():
    plain = Case("none", 3, 64, 64, host="resnet18")
    # 7x7 of 3 channels to 64 at half the size, and a linear layer of 512 to 1000.
    assert json.loads(followed("macs_by_stage", plain).value)["rest"] == 49 * 3 * 64 * 32 * 32 + 512 * 1000


def test_a_network_without_stages_is_told_apart_by_its_submodules(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\ndef net():\n    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 5, 1))\n"
    )
    case = Case("none", 3, 8, 8, host=f"{tmp_path / 'nets.py'}:net")
    assert json.loads(followed("macs_by_stage", case).value) == {"0": 3 * 4 * 64, "2": 4 * 5 * 64, "rest": 0}


def test_a_network_that_answers_with_a_dict_is_told_apart_alike(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.one = nn.Conv2d(3, 4, 1)\n"
        "    def forward(self, x):\n        return {'out': self.one(x)}\n"
    )
    case = Case("none", 3, 8, 8, host=f"{tmp_path / 'nets.py'}:Net")
    assert json.loads(followed("macs_by_stage", case).value) == {"one": 3 * 4 * 64, "rest": 0}


def test_outside_a_network_there_are_no_stages():
    found = followed("macs_by_stage", Case("se", 64, 7, 7, SETTINGS))
    assert (found.value, found.note) == (None, "it is in no network")


def test_the_operators_have_all_macs_between_them_and_none_of_the_backward_pass(case):
    kinds = json.loads(followed("operators", case).value)
    forward = [each for each in count(case)[0].operators if not each.backward]
    assert sum(kind[3] for kind in kinds.values()) == sum(each.macs for each in forward)
    assert sum(kind[0] for kind in kinds.values()) == len(forward)
    assert kinds["convolution"][0] == 20


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_elements_are_counted_and_not_bytes(dtype):
    kinds = json.loads(followed("operators", Case("none", 3, 64, 64, host="resnet18", dtype=dtype)).value)
    assert kinds["max_pool2d_with_indices"][1:3] == [64 * 32 * 32, 64 * 16 * 16]
    assert kinds["mean"][1:3] == [512 * 2 * 2, 512]
    assert kinds["addmm"][4] == 1000


def test_pooling_over_channels_is_told_apart():
    settings = dict(entry("cbam").hyperparameters)
    kinds = json.loads(followed("operators", Case("cbam", 64, 8, 8, settings)).value)
    assert {"mean", "amax", "mean@channels", "amax@channels"} <= set(kinds)
