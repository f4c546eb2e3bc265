"""``list`` takes patterns, or lists the networks; ``show`` says everything that a module's file says, with its counts."""

import csv
import io
import json
import re

import pytest

from attnprof.catalogue import MODULES, entries, entry
from attnprof.catalogue.entry import FAMILIES, PLACES
from attnprof.catalogue.values import show_value
from attnprof.formats import FORMATS, Look
from attnprof.networks import NETWORKS, Network, network_named
from attnprof.units import show_count
from attnprof.views.networks import listing
from tests.every_case import every_case

NAMES = MODULES.names()


def listed(out):
    """The names in a listing: between the heading and the blank line."""
    heading, *rows = out.split("\n\n")[0].splitlines()
    assert heading.split()[0] == "module"
    return [row.split()[0] for row in rows]


def test_the_list_is_the_whole_catalogue_and_counts_it(cli):
    said = cli("list")
    assert (said.code, said.err) == (0, "")
    assert listed(said.out) == NAMES
    variants = sum(1 + len(known.variants) for known in entries())
    assert f"{len(NAMES)} modules, {variants} variants" in said.out


def test_a_line_of_the_list_has_name_family_place_and_year(cli):
    with every_case() as case:
        for name in NAMES:
            with case(name):
                known = entry(name)
                [row] = [line for line in cli("list", name).out.splitlines() if line.startswith(f"{name} ")]
                year = [str(known.paper.year)] if known.paper else []
                first = [name, known.name, known.family, known.place, *year, str(1 + len(known.variants))]
                assert re.split(r" {2,}", row)[: len(first)] == first


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_lists_its_members_alone(cli, family):
    members = [known.key for known in entries() if known.family == family]
    said = cli("list", f"family:{family}")
    assert (said.code, listed(said.out)) == (0, members)


@pytest.mark.parametrize("place", PLACES)
def test_a_place_lists_what_goes_there(cli, place):
    assert listed(cli("list", f"place:{place}").out) == [
        known.key for known in entries() if known.place == place
    ]


def test_patterns_are_listed_in_their_order_and_each_module_once(cli):
    assert listed(cli("list", "se,cbam,se,eca").out) == ["se", "cbam", "eca"]


def test_a_variant_lists_its_module(cli):
    assert listed(cli("list", "cbam(reduction=8)").out) == ["cbam"]


def test_an_exclamation_mark_takes_away(cli):
    assert listed(cli("list", "!se").out) == [name for name in NAMES if name != "se"]


def test_a_pattern_that_leaves_nothing_lists_nothing(cli):
    said = cli("list", "se,!se")
    assert said.code in (0, 2)
    assert "Traceback" not in said.err
    assert listed(said.out) == [] if said.code == 0 else said.err.startswith("error: ")


# Networks


@pytest.fixture
def networks():
    return {name: network_named(name) for name in NETWORKS.names()}


def test_the_networks_are_listed_with_their_figures_and_a_row_for_each_default_place(cli, networks):
    done = cli("list", "--networks")
    assert (done.code, done.err) == (0, "")
    rows = [re.split(r" {2,}", row.strip()) for row in done.out.split("\n\n")[0].splitlines()[1:]]
    expected = []
    for name, network in networks.items():
        figures = [name, show_count(network.facts.params), show_count(network.facts.macs)]
        sites = network.facts.sites.items()
        places = [f"{count} {network.default_places[relation]}" for relation, count in sites]
        first, *others = dict.fromkeys(places)  # two families may have the same
        expected += [[*figures, first], *([other] for other in others)]
    assert [[re.sub(r" \[\d+\]$", "", row[0]), *row[1:]] for row in rows] == expected
    assert f"{len(networks)} networks. " in done.out


def test_a_terminal_of_80_columns_has_room_for_the_networks(networks):
    written = FORMATS.get("text").write(listing(networks), Look(width=80))
    assert written.notes == ()
    rows = written.text.split("\n\n")[0].splitlines()
    assert len(rows) == 1 + sum(len(set(network.default_places.values())) for network in networks.values())
    assert max(map(len, written.text.splitlines())) <= 80


def test_the_networks_records_have_one_row_each_with_its_source(cli, networks):
    rows = list(csv.DictReader(io.StringIO(cli("list", "--networks", "--format", "csv").out)))
    data = json.loads(cli("list", "--networks", "--format", "json").out)["networks"]
    assert [row["network"] for row in rows] == [row["network"] for row in data] == list(networks)
    [resnet] = [row for row in data if row["network"] == "resnet50"]
    assert resnet["default_places"] == {"after_bn3": 16, "replace_conv2": 16, "fuse_add": 16}
    assert (resnet["params"], resnet["macs"], resnet["input"]) == (25_557_032, 4_089_184_256, "3x224x224")
    assert resnet["source"] == "Kaiming He et al., CVPR 2016, arXiv:1512.03385; counts of torchvision"


def test_a_network_that_states_nothing_is_listed_by_name(networks):
    bare = Network("Mine", None, "mine:Net")
    document = listing({"mine": bare, "resnet18": networks["resnet18"]})
    assert [cell.value for cell in document.rows[0]] == ["mine", None, None, None]
    assert document.footnotes[0] == "[1] no source"


@pytest.mark.parametrize("more", [["se"], ["--formula"], ["--at", "64@56"]])
def test_networks_are_listed_by_themselves(cli, more):
    done = cli("list", "--networks", *more)
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: --networks lists all networks: leave out PATTERN, --formula and --at\n"


def names_its_paper_with_its_year_and_its_arxiv_id(known, out):
    text = " ".join(out.split())
    assert out.startswith(f"{known.key} - {known.name}\n")
    if known.paper:
        assert str(known.paper.year) in text
        assert known.paper.author.split()[-1] in text
        assert f"arXiv:{known.paper.arxiv}" in text or not known.paper.arxiv


def names_every_argument_with_its_default_and_the_formulas(known, out):
    for argument, value in known.hyperparameters.items():
        assert f"  {argument} = {show_value(value)}\n" in out
    assert f"params = {known.params_formula}\n" in out
    assert known.macs_formula in out
    assert f'attnprof.create("{known.key}", 64' in out


def leaves_no_braces_of_a_sentence_unfilled(known, out):
    limits = out.partition("\nLimits\n")[2].partition("\n\n")[0]
    assert "{" not in limits
    assert bool(limits) == bool(known.limits)


PAGE = (
    names_its_paper_with_its_year_and_its_arxiv_id,
    names_every_argument_with_its_default_and_the_formulas,
    leaves_no_braces_of_a_sentence_unfilled,
)


def test_show_says_of_every_module_what_its_file_says(cli):
    with every_case() as case:
        for name in NAMES:
            page = cli("show", name)
            with case(name):
                assert (page.code, page.err) == (0, "")
            for law in PAGE:
                with case(name, law.__name__):
                    law(entry(name), page.out)


@pytest.mark.parametrize("name", [known.key for known in entries() if known.paper and known.paper.url])
def test_show_says_where_a_paper_without_an_arxiv_id_is_to_be_had(cli, name):
    assert entry(name).paper.url in cli("show", name).out


def test_show_counts_every_variant_at_the_size_asked_for(cli):
    with every_case() as case:
        for name in NAMES:
            with case(name):
                known = entry(name)
                lines = cli("show", name, "--at", "128@28").out.splitlines()
                for variant, given in {"": {}, **known.variants}.items():
                    title = f"{name}({variant})" if variant else name
                    rows = [line for line in lines if re.match(rf" +{re.escape(title)}  ", line)]
                    refusal = known.refusal(128, 28, 28, given)
                    shown = (
                        [refusal]
                        if refusal
                        else [show_count(f(128, 28, 28, given)) for f in (known.params, known.macs)]
                    )
                    assert len(rows) == 1
                    assert all(text in rows[0] for text in shown)


def test_show_at_a_size_that_a_module_refuses_says_why_instead_of_a_count(cli):
    [row] = [line for line in cli("show", "se", "--at", "8@28").out.splitlines() if line.startswith("  se  ")]
    assert "nearest 16" in row


def test_an_oblong_size_is_shown_as_it_was_asked_for(cli):
    assert "Variants at 256 channels, 28x40, batch 1" in cli("show", "nonlocal", "--at", "256@28x40").out


@pytest.mark.parametrize("at", ["64", "64@", "@56", "64@0", "0@56", "64@56@56", "64@9999", "x@y"])
def test_a_size_that_is_none_is_a_mistake_of_the_option(cli, at):
    said = cli("show", "se", "--at", at)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: --at: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("se", "C >= 16"),
        ("swin", "C % 32, H, W % 7"),
        ("nonlocal", "H, W >= 2"),
        ("cswin", "C % 64, H, W: see show"),
    ],
)
def test_list_says_which_sizes_a_module_takes(cli, name, rule):
    assert cli("list", name).out.splitlines()[1].endswith(f"  {rule}")


def test_list_says_nothing_of_sizes_where_any_will_do(cli):
    assert cli("list", "eca").out.splitlines()[1].split()[-1] == str(1 + len(entry("eca").variants))


# Published figures


def test_show_prints_what_is_published_as_it_was_printed_with_its_source(cli):
    section = cli("show", "se").out.partition("\nPublished for ResNet-50, ImageNet-1k")[2]
    rows = [re.split(r"  +", line.strip()) for line in section.splitlines()]
    assert ["77.1840", "93.6720", "+0.8000", "r=16, with bias"] in [row[:4] for row in rows]
    assert "github:implus/PytorchInsight@2864528, Classification table" in section
    assert "not measured here" in section
    assert "14 more" in section


def test_show_gives_conventions_and_recipes_where_they_are_asked_for(cli):
    out = cli("show", "se", "--network", "mobilenetv2", "--sources").out
    assert "params in units of 2^20" in out
    assert "M-Adds (MACs), rounded to 2 significant digits" in out


def test_show_says_where_else_there_is_something(cli):
    out = cli("show", "ca").out
    assert "Nothing is published here for ResNet-50, ImageNet-1k\n  Also on " in out
    assert "MobileNetV2, ImageNet-1k (1)" in out


def test_show_has_no_such_section_where_nothing_is_published(cli):
    assert "ublished" not in cli("show", "acmix").out


def test_a_network_of_which_nothing_is_published_is_a_mistake(cli):
    said = cli("show", "se", "--network", "resnet51")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(
        "error: --network: nothing is published here for 'resnet51'. Did you mean 'resnet50'"
    )
