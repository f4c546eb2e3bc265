"""Networks of other packages take modules as by hand: parameters and MACs equal to those of a network whose
submodules are wrapped one by one, which our own insertion has no part in."""

import csv
import io
import re
from contextlib import suppress
from functools import cache, partial
from importlib.util import find_spec

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from attnprof.counting import cost, on_meta
from tests.cli.conftest import cli
from tests.networks import real
from tests.networks.real import PLACES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # those of the packages are theirs
]
__all__ = ["cli"]  # a fixture


class Gate(nn.Module):
    """se, written again: (N, C, H, W) to the same shape, with C // 16 channels between, no biases."""

    def __init__(self, channels):
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // 16, bias=False)
        self.excite = nn.Linear(channels // 16, channels, bias=False)

    def forward(self, x):
        weights = self.excite(self.squeeze(x.mean((2, 3))).relu()).sigmoid()
        return x * weights[:, :, None, None]


class Then(nn.Module):
    """A submodule, and a gate behind it. It has the attributes of the submodule, as networks read them."""

    def __init__(self, target, gate, channels_last):
        super().__init__()
        self.target, self.gate, self.channels_last = target, gate, channels_last

    def forward(self, *args, **kwargs):
        answer = self.target(*args, **kwargs)
        if not self.channels_last:
            return self.gate(answer)
        return self.gate(answer.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.target, name)


def wrapped(network, names, image, channels_last):
    """``network`` with a gate behind each of the submodules ``names``."""
    widths = {}

    def note(name, target, inputs, answer):
        widths[name] = answer.shape[-1 if channels_last else 1]

    hooks = [network.get_submodule(name).register_forward_hook(partial(note, name)) for name in names]
    with torch.no_grad():
        network(image)
    for hook in hooks:
        hook.remove()
    for name in names:
        gate = Gate(widths[name]).to(image.device)
        network.set_submodule(name, Then(network.get_submodule(name), gate, channels_last))
    return network


def matching(network, pattern):
    """The submodules that ``pattern`` names: a star or a question mark stands for signs other than a dot."""
    expression = re.compile(re.escape(pattern).replace(r"\*", "[^.]*").replace(r"\?", "[^.]"))
    return [name for name, _ in network.named_modules() if expression.fullmatch(name)]


def contractions(network, image):
    """Half of what torch's own counter counts. It has no formula for the CPU's fused attention."""
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        network(image)
    return counter.get_total_flops() // 2


def built(name):
    """The network and an input of it: on meta, or on the CPU where it reads values while it is built or run."""
    side = PLACES[name].side
    with suppress(RuntimeError, NotImplementedError), on_meta():
        network, image = real.build(name).eval(), torch.empty(1, 3, side, side)
        network(image)
        return network, image
    return real.build(name).eval(), torch.randn(1, 3, side, side)


@cache
def by_hand(name):
    """Params, our MACs, and torch's, of the network with gates that were put in by hand."""
    place = PLACES[name]
    network, image = built(name)
    names = matching(network, place.pattern)
    assert names
    network = wrapped(network, names, image, place.channels_last)
    params = sum(p.numel() for p in network.parameters())
    return len(names), params, cost(network, tuple(image.shape)).macs, contractions(network, image)


@pytest.mark.parametrize("name", PLACES)
def test_it_is_what_it_would_be_by_hand(name, cli):
    package = real.package_of(name)
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    place = PLACES[name]
    options = ("--at", f"after:{place.pattern}", "--res", place.side, "--no-latency", "--format", "csv")
    done = cli("host", f"{real.__file__}:{name}", "--insert", "se", *options)
    plain, gated = csv.DictReader(io.StringIO(done.out))
    assert (done.code, gated["reason"]) == (0, "")
    places, params, macs, others = by_hand(name)
    assert int(gated["params"]) == params > int(plain["params"])
    assert int(gated["macs"]) == macs == others > int(plain["macs"])
    assert gated["flags"] == ""
