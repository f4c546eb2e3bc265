"""Published figures: facts with their sources, as printed; a gain only beside a plain network of the same
recipe."""

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest

from attnprof.catalogue import MODULES
from attnprof.errors import UnknownNameError
from attnprof.published import (
    choose,
    dataset_key,
    evidence,
    figures,
    network_key,
    span,
    title_of,
    where_published,
)

FILE = Path(__file__).parent.parent.parent / "attnprof" / "published" / "published.csv"
NUMBER = re.compile(r"[0-9]+([.][0-9]+)?")


def test_every_row_of_the_file_is_read():
    with FILE.open(newline="", encoding="utf-8") as rows:
        assert len(figures()) == sum(1 for _ in csv.DictReader(rows)) == 291


@pytest.mark.parametrize("name", ["value", "top5", "plain", "params", "plain_params", "flops", "plain_flops"])
def test_figures_are_numbers_as_they_were_printed(name):
    printed = [getattr(figure, name) for figure in figures()]
    places = 9 if "flops" in name else 6  # of billions and of millions: whole operations and parameters
    assert any(printed)
    for text in printed:
        assert not text or NUMBER.fullmatch(text)
        assert len(text.partition(".")[2]) <= places, f"{text}: no paper prints a float's last digits"


def test_every_figure_has_its_source_and_its_network():
    for figure in figures():
        assert figure.source.startswith(("arXiv:", "github:"))
        assert figure.title
        assert figure.location
        assert figure.short
        assert figure.network


def test_a_count_of_operations_names_its_convention_and_a_count_of_params_its_unit():
    for figure in figures():
        assert bool(figure.flops) <= bool(figure.flops_convention)
        assert bool(figure.params) <= bool(figure.params_unit)


def test_every_module_is_one_of_the_catalogue_or_none():
    assert {figure.module for figure in figures()} - {""} <= set(MODULES.names())


def test_a_gain_stands_only_where_the_recipe_was_the_same():
    for figure in figures():
        assert (figure.gain is None) == bool(figure.no_gain)
        if figure.gain is not None:
            assert figure.recipe.startswith("yes")
            assert figure.gain == Decimal(figure.value) - Decimal(figure.plain)


@pytest.mark.parametrize(
    ("module", "low", "high", "gains"),
    [
        ("se", "76.71", "80.102", ["-1.016", "-0.370", "0.274", "0.8000"]),
        ("eca", "77.12", "77.48", []),
        ("sge", "77.5840", "77.5840", ["1.2000"]),
        ("nonlocal", "76.55", "76.55", ["-0.19"]),
    ],
)
def test_sources_that_disagree_are_a_range(module, low, high, gains):
    found = evidence(module)
    assert span(found.sound) == (low, high)
    assert [str(each.gain) for each in found.gains] == gains


def test_a_figure_whose_source_looks_wrong_is_shown_and_not_counted():
    (doubtful,) = [figure for figure in figures() if figure.doubtful]
    assert (doubtful.module, network_key(doubtful.network)) == ("bam", "resnet18")
    assert evidence("bam", "resnet18") is None


def test_what_nobody_published_has_no_evidence():
    assert evidence("acmix") is None
    assert where_published("acmix") == []


@pytest.mark.parametrize(
    ("printed", "key"),
    [
        ("ResNet-50", "resnet50"),
        ("ResNet50", "resnet50"),
        ("ResNet-50 (v1, stride in 1x1)", "resnet50"),
        ("MobileNetV2 (1.0×)", "mobilenetv2"),
        ("MobileNetV2-1.0", "mobilenetv2"),
        ("Mask R-CNN R50-FPN (fixBN)", "maskrcnnresnet50fpn"),
        ("Mask RCNN ResNet-50-FPN", "maskrcnnresnet50fpn"),
    ],
)
def test_spellings_of_one_network_are_one_network(printed, key):
    assert network_key(printed) == key


def test_a_user_may_write_a_network_and_the_beginning_of_a_dataset():
    assert choose("ResNet-50", "ImageNet") == ("resnet50", "imagenet1k")
    assert choose("Mask RCNN R50-FPN", "coco") == ("maskrcnnresnet50fpn", "cocoval2017")
    assert title_of("resnet50", "imagenet1k") == "ResNet-50, ImageNet-1k"


@pytest.mark.parametrize(
    ("network", "dataset", "says"),
    [
        ("resnet51", "imagenet", r"--network: .*'resnet51'\. Did you mean 'resnet50'.*"),
        ("resnet50", "voc", r"--dataset: .*'voc'\. .*"),
        (
            "mobilenetv2",
            "coco",
            r"--dataset: nothing .* MobileNetV2.* on COCO val2017\. There is: ImageNet-1k$",
        ),
        ("", "imagenet", r"--network: .*''\. There are: .*"),
    ],
)
def test_an_unknown_network_or_dataset_is_answered_with_the_nearest_or_all(network, dataset, says):
    with pytest.raises(UnknownNameError, match=says):
        choose(network, dataset)


def test_where_a_module_was_published_is_counted():
    places = {(network, dataset): many for network, dataset, many in where_published("se")}
    assert places["resnet50", "imagenet1k"] == 15
    assert all(dataset_key(dataset) == dataset for _, dataset in places)
