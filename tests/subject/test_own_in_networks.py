"""A module of one's own in a network is called there as it is by itself: on tokens, with several inputs."""

import copy
import csv
import pickle

import pytest
import torch
from torch import nn

from attnprof import cost, insert
from attnprof.cli._main import main
from attnprof.errors import AttnprofError

FILE = """\
import torch
from torch import nn


class Tokens(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.linear = nn.Linear(dim, dim, bias=False)

    def forward(self, x):
        n, length, width = x.shape
        return self.linear(x)


class ChannelsLast(Tokens):
    def forward(self, x):
        n, height, width, channels = x.shape
        return self.linear(x)


class Sized(Tokens):
    def forward(self, x, H, W):
        assert x.shape[1] == H * W
        return self.linear(x)


class Fusion(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x, residual):
        return self.conv(x + residual)


class Pair(Fusion):
    def forward(self, x):
        return self.conv(x), x.mean()


class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.LazyConv2d(1, 1, bias=False)

    def forward(self, x):
        return x * self.conv(x)


class Reading(Fusion):
    def forward(self, x):
        return self.conv(x) if x.abs().sum() >= 0 else x


class Volume(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv3d(channels, channels, 1)

    def forward(self, x):
        return self.conv(x)


def network():
    return nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(16, 32, 3, 2, 1))
"""
WIDE = ["Tokens", "ChannelsLast", "Sized", "Fusion", "Pair", "Reading"]  # C x C weights at every pixel
INPUT = (2, 3, 24, 32)
PIXELS = 2 * 12 * 16


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_in_networks.py").write_text(FILE, encoding="utf-8")
    return "own_in_networks.py"


def plain():
    return nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU())


def added(network):
    before, after = cost(plain(), INPUT), cost(network, INPUT)
    return after.params - before.params, after.macs - before.macs


@pytest.mark.parametrize("name", WIDE)
def test_it_is_called_as_it_wants_to_be_and_costs_what_it_does(own, name):
    network = insert(plain(), f"{own}:{name}", at="0", shape=INPUT)
    assert added(network) == (16 * 16, 16 * 16 * PIXELS)
    x = torch.randn(INPUT)
    y = network(x)
    assert y.shape == (2, 16, 12, 16)
    assert torch.equal(copy.deepcopy(network)(x), y)
    assert len(pickle.dumps(network.state_dict()))


def test_the_tokens_become_the_map_again(own):
    network = insert(plain(), f"{own}:Tokens", at="0", shape=INPUT)
    stem = next(part for part in network.modules() if isinstance(part, nn.Conv2d))
    (linear,) = (part for part in network.modules() if isinstance(part, nn.Linear))
    with torch.no_grad():
        linear.weight.copy_(2 * torch.eye(16))
        x = torch.randn(INPUT)
        expected = (2 * nn.functional.conv2d(x, stem.weight, stem.bias, 2, 1)).relu()
        assert torch.allclose(network(x), expected, atol=1e-6)


def test_a_lazy_one_has_its_parameters(own):
    network = insert(plain(), f"{own}:Lazy", at="0", shape=INPUT)
    assert added(network) == (16, 16 * PIXELS)


def test_it_has_the_mode_of_the_network(own):
    network = insert(plain().train(), f"{own}:Tokens", at="0", shape=INPUT)
    assert all(part.training for part in network.modules())


def test_what_takes_no_map_is_refused_in_words_and_changes_nothing(own):
    network = plain()
    names = [name for name, _ in network.named_modules()]
    with pytest.raises(AttnprofError, match=r"takes \(N, C, D, H, W\)"):
        insert(network, f"{own}:Volume", at="0", shape=INPUT)
    assert [name for name, _ in network.named_modules()] == names


def test_host_counts_it_at_each_place_and_says_how_it_is_called(own, capfd):
    modules = ",".join(f"{own}:{name}" for name in WIDE)
    line = f"host {own}:network --insert {modules} --at [01] --res 32 --no-latency --counters none"
    assert main([*line.split(), "--format", "csv"]) == 0
    table = list(csv.DictReader(capfd.readouterr().out.splitlines()))
    without, *rows = [
        (row["module"].partition(":")[2], int(row["params"]), int(row["macs"])) for row in table
    ]
    params, macs = 16**2 + 32**2, 16**2 * 16 * 16 + 32**2 * 8 * 8
    assert rows == [(name, without[1] + params, without[2] + macs) for name in WIDE]
    remarks = dict(zip(WIDE, (row["remarks"] for row in table[1:]), strict=True))
    assert remarks["Tokens"] == "at the first place: takes (N, L, C): the map is given as 1x256x16"
    assert "x and residual: each is given the map" in remarks["Fusion"]
