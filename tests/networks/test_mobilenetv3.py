"""MobileNetV3 without SE is the published network less its SE, and a module costs the same in both."""

import pytest

from attnprof.catalogue import entry
from attnprof.counting import cost, on_meta
from attnprof.networks import build_network, network_named, place_of
from attnprof.networks._mobile import rounded
from attnprof.networks._places import parse_place
from attnprof.subject.insertion import insert

# Channels at each SE, from Tables 1 and 2 of the paper.
AT_SE = {
    "mobilenetv3_large": (72, 120, 120, 480, 672, 672, 960, 960),
    "mobilenetv3_small": (16, 96, 240, 240, 120, 144, 288, 576, 576),
}


@pytest.mark.parametrize("name", AT_SE)
def test_without_se_it_is_the_published_network_less_its_closed_form(name):
    pairs = [(channels, rounded(channels / 4)) for channels in AT_SE[name]]
    whole, less = network_named(name).facts, network_named(f"{name}_no_se").facts
    assert whole.params - less.params == sum(2 * outer * inner + outer + inner for outer, inner in pairs)
    assert whole.macs - less.macs == sum(2 * outer * inner for outer, inner in pairs)


@pytest.mark.parametrize("name", ["mobilenetv3_small", "mobilenetv3_small_no_se"])
def test_se_is_in_four_of_five_stages(name):
    host = network_named(name)
    assert host.stages_of(parse_place(place_of(host, entry("eca")))) == (1, 3, 4, 5)


def test_a_module_costs_the_same_in_place_of_se_and_where_se_was():
    counts = []
    for name in ("mobilenetv3_small", "mobilenetv3_small_no_se"):
        host = network_named(name)
        with on_meta():
            network = insert(build_network(name), "ca", at=place_of(host, entry("ca")), host=host)
        account = cost(network.eval(), (1, 3, 224, 224))
        counts.append((account.params, account.macs))
    assert counts[0] == counts[1]
    assert counts[0][0] > network_named("mobilenetv3_small_no_se").facts.params
