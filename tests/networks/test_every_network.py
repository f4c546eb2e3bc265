"""Every network: what it counts, what its places mean, and that it is the well-known one."""

import subprocess
import sys

import pytest
import torch

from attnprof.catalogue import entries, entry
from attnprof.counting import cost, on_meta
from attnprof.networks import NETWORKS, build_network, network_named, place_of, settings_in
from attnprof.networks._places import RELATIONS, matches
from attnprof.subject.insertion import sites

SHAPE = (1, 3, 224, 224)
# Params; multiply-accumulates of convolution and linear at 224x224.
COUNTS = {
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet50_v1": (25_557_032, 3_857_973_248),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet101_v1": (44_549_160, 7_570_194_432),
    "resnet152": (60_192_808, 11_513_626_624),
    "resnet152_v1": (60_192_808, 11_282_415_616),
    "mobilenetv2": (3_504_872, 300_774_272),
    "mobilenext": (3_535_416, 311_342_592),
}
ELSEWHERE = {
    "resnet18": "resnet18", "resnet34": "resnet34", "resnet50": "resnet50b", "resnet50_v1": "resnet50",
    "resnet101": "resnet101b", "resnet101_v1": "resnet101", "resnet152": "resnet152b", "resnet152_v1": "resnet152",
}  # fmt: skip


@pytest.fixture(scope="module", params=NETWORKS.names())
def name(request):
    return request.param


@pytest.fixture(scope="module")
def network(name):
    with on_meta():
        return build_network(name).eval()


def test_it_counts_what_the_well_known_one_does(name, network):
    account = cost(network, SHAPE)
    assert (account.params, account.macs) == COUNTS[name]
    assert account.output_shape == (1, 1000)
    assert account.unknown_ops == ()


@pytest.mark.slow
@pytest.mark.parametrize(("ours", "theirs"), ELSEWHERE.items())
def test_another_library_counts_the_same(ours, theirs):
    library = pytest.importorskip("pytorchcv.model_provider")
    with on_meta():
        other = library.get_model(theirs).eval()
    account = cost(other, SHAPE)
    assert (account.params, account.macs) == COUNTS[ours]


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


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "mobilenetv2", "mobilenext"])
def test_every_place_has_a_map(name):
    with on_meta():
        network = build_network(name)
    for place, spot in network_named(name).places.items():
        found = sites(network, "none", place, (1, 3, 64, 64), network_named(name))
        assert all(min(site.channels, site.height, site.width) >= 1 for site in found)
        assert {site.how for site in found} == {spot.relation}


def test_every_stage_has_submodules(name, network):
    names = [found for found, _ in network.named_modules()]
    for pattern in network_named(name).stages:
        assert any(matches(found, pattern) for found in names), pattern


def test_every_usual_place_is_one_of_its_own(name):
    known = network_named(name)
    assert set(known.default_places) == {"after", "replace"}
    assert set(known.default_places.values()) <= set(known.places)


def test_every_module_has_a_place_that_is_there(name, network):
    known = network_named(name)
    for module in entries():
        where = place_of(known, module)
        assert where.partition(":")[0] in known.places, module.key
        assert set(settings_in(known, module)) <= set(module.hyperparameters)


def test_what_modules_say_of_networks_is_about_networks_there_are():
    entry_names = {each for found in NETWORKS.names() for each in network_named(found).entry_names}
    said = {each for module in entries() for each in module.inside}
    assert said <= entry_names


@pytest.mark.parametrize("name", ["resnet18", "resnet50_v1", "mobilenetv2", "mobilenext"])
def test_a_batch_of_images_gives_a_batch_of_scores(name):
    torch.manual_seed(0)
    scores = build_network(name).eval()(torch.randn(2, 3, 33, 40))
    assert scores.shape == (2, 1000)
    assert torch.isfinite(scores).all()


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
