"""Every network: what it counts, what its places mean, and that it is the well-known one."""

import subprocess
import sys

import pytest
import torch

from attnprof.catalogue import entries, entry
from attnprof.catalogue.entry import FAMILIES as MODULE_FAMILIES
from attnprof.counting import cost, on_meta
from attnprof.networks import (
    FUSE,
    IMAGE,
    NETWORKS,
    build_network,
    lack_of_place,
    network_named,
    place_of,
    settings_in,
)
from attnprof.networks._places import RELATIONS, matches
from attnprof.subject.insertion import sites

SCORES = (1, 1000)
ANSWERS = {  # of the networks that do not classify images of 1000 kinds
    "deeplabv3plus": (1, 21, 513, 513),
    "unet": (1, 2, 256, 256),
    "yolov8n": (1, 144, 80 * 80 + 40 * 40 + 20 * 20),
    "yolov8s": (1, 144, 80 * 80 + 40 * 40 + 20 * 20),
}
RELATIVES = {
    "yolov8s",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet101_v1",
    "resnet152",
    "resnet152_v1",
    "resnext50_32x4d",
    "vgg16_bn",
    "mobilenetv3_large_no_se",
    "mobilenetv3_small_no_se",
}
FAMILIES = [name for name in NETWORKS.names() if name not in RELATIVES]  # one network of each, or all
COMPUTED = [
    name for name in FAMILIES if network_named(name).facts.params < 10**8
]  # others take seconds to build
ELSEWHERE = {
    "resnet18": "resnet18", "resnet34": "resnet34", "resnet50": "resnet50b", "resnet50_v1": "resnet50",
    "resnet101": "resnet101b", "resnet101_v1": "resnet101", "resnet152": "resnet152b", "resnet152_v1": "resnet152",
    "resnext50_32x4d": "resnext50_32x4d", "vgg16": "vgg16", "densenet121": "densenet121",
    "efficientnet_b0": "efficientnet_b0", "mixnet_s": "mixnet_s", "proxylessnas_mobile": "proxylessnas_mobile",
    "shufflenetv2": "shufflenetv2_w1",
}  # fmt: skip


def small_sides(name):
    """A small input that is not square, where the network takes one."""
    multiple = network_named(name).multiple
    return (33, 40) if multiple == 1 else (multiple, 64 if multiple < 64 else multiple)


@pytest.fixture(scope="module", params=NETWORKS.names())
def name(request):
    return request.param


@pytest.fixture(scope="module")
def network(name):
    with on_meta():
        return build_network(name).eval()


def test_it_counts_what_the_well_known_one_does(name, network):
    known = network_named(name)
    account = cost(network, (1, *known.input))
    assert (account.params, account.macs) == (known.facts.params, known.facts.macs)
    assert account.output_shape == ANSWERS.get(name, SCORES)
    assert account.unknown_ops == ()


@pytest.mark.slow
@pytest.mark.parametrize(("ours", "theirs"), ELSEWHERE.items())
def test_another_library_counts_the_same(ours, theirs):
    library = pytest.importorskip("pytorchcv.model_provider")
    with on_meta():
        other = library.get_model(theirs).eval()
    account = cost(other, (1, *IMAGE))
    facts = network_named(ours).facts
    assert (account.params, account.macs) == (facts.params, facts.macs)


def test_every_place_is_somewhere_and_in_a_stage(name, network):
    known = network_named(name)
    names = [found for found, _ in network.named_modules()]
    for place, spot in known.places.items():
        assert spot.relation in RELATIONS
        assert spot.description
        for pattern in spot.patterns:
            found = [each for each in names if matches(each, pattern)]
            assert found, f"{place}: {pattern}"
            assert {known.stage_of(each) for each in found} - {0} or pattern == "conv1"


@pytest.mark.parametrize("name", FAMILIES)
def test_every_place_has_a_map(name):
    known = network_named(name)
    side = max(64, known.multiple)
    with on_meta():
        network = build_network(name, (3, side, side))
    for place, spot in known.places.items():
        module = "aff_fusion" if spot.relation == FUSE else "none"
        found = sites(network, module, place, (1, 3, side, side), known)
        assert all(min(site.channels, site.height, site.width) >= 1 for site in found)
        assert {site.how for site in found} == {spot.relation}


def test_every_stage_has_submodules(name, network):
    names = [found for found, _ in network.named_modules()]
    for pattern in network_named(name).stages:
        assert any(matches(found, pattern) for found in names), pattern


def test_every_usual_place_is_one_of_its_own(name):
    known = network_named(name)
    assert {"after", "replace"} <= set(known.default_places) <= {"after", "replace", FUSE, *MODULE_FAMILIES}
    assert set(known.default_places.values()) <= set(known.places)


def test_it_says_how_many_submodules_its_usual_places_have(name, network):
    known = network_named(name)
    names = [each for each, _ in network.named_modules()]
    for relation, place in known.default_places.items():
        patterns = known.places[place].patterns
        there = [each for each in names if any(matches(each, pattern) for pattern in patterns)]
        assert known.facts.sites[relation] == len(there), place


def test_every_module_has_a_place_that_is_there(name, network):
    known = network_named(name)
    for module in entries():
        if lack_of_place(known, module):
            continue
        where = place_of(known, module)
        assert where.partition(":")[0] in known.places, module.key
        assert set(settings_in(known, module)) <= set(module.hyperparameters)


def test_a_module_of_two_maps_has_a_place_where_it_is_said(name):
    known = network_named(name)
    joins = {place for place, spot in known.places.items() if spot.relation == FUSE}
    assert bool(joins) == (FUSE in known.default_places)
    for module in entries():
        reason = f"takes two maps, and {known.title} has no place where two become one"
        assert lack_of_place(known, module) == (reason if module.maps > 1 and not joins else "")
        if module.maps > 1 and joins:
            assert place_of(known, module) in joins


def test_what_modules_say_of_networks_is_about_networks_there_are():
    entry_names = {each for found in NETWORKS.names() for each in network_named(found).entry_names}
    said = {each for module in entries() for each in module.inside}
    assert said <= entry_names


@pytest.mark.parametrize("name", COMPUTED)
def test_a_batch_of_images_gives_a_batch_of_answers(name):
    torch.manual_seed(0)
    sides = small_sides(name)
    answers = build_network(name, (3, *sides)).eval()(torch.randn(2, 3, *sides))
    assert answers.shape[:2] == (2, ANSWERS.get(name, SCORES)[1])
    assert torch.isfinite(answers).all()


@pytest.mark.parametrize(
    "name", [each for each in NETWORKS.names() if network_named(each).sized_by == ("channels",)]
)
def test_any_number_of_channels_is_taken_by_the_first_convolution_alone(name):
    known = network_named(name)
    side = max(64, known.multiple)
    with on_meta():
        one, six = (build_network(name, (channels, side, side)).eval() for channels in (1, 6))
    first, many = cost(one, (1, 1, side, side)), cost(six, (1, 6, side, side))
    assert many.params > first.params
    assert many.macs - first.macs == 5 * (first.operators[0].macs)


def test_a_version_has_its_relatives_settings():
    assert settings_in(network_named("resnet50_v1"), entry("eca")) == settings_in(
        network_named("resnet50"), entry("eca")
    )


def test_looking_at_networks_imports_no_torch():
    code = (
        "import sys; from attnprof.networks import NETWORKS, network_named; [network_named(n) for n in NETWORKS.names()];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
