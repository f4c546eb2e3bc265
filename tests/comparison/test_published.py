"""Published figures against a run: reproduced, explained by how the table counts, or not."""

from dataclasses import replace

import pytest

from attnprof.comparison.published import ABSENT, EXPLAINED, NOT, REPRODUCED, Way, compare, named
from attnprof.errors import RunFolderError, UsageError
from attnprof.published import figures

OPERATORS = '{"convolution":[1,0,0,%d,0],"native_batch_norm":[1,0,%d,0,0],"mean":[1,%d,0,0,0]}'
TEMPLATE = next(each for each in figures() if each.module == "se" and each.network == "ResNet-50")


def row(module="se", host="resnet50", *, params=28_071_976, macs=4_091_699_200, norms=0, averaged=0, **more):
    counted = {
        "params": params,
        "leaf_params": params,
        "channel_pairs": 0,
        "macs": macs,
        "operators": OPERATORS % (macs, norms, averaged),
    }
    plain = {
        "host": host,
        "module": module,
        "variant": "",
        "hyperparameters": "{}",
        "status": "ok",
        "reason": "",
        "mode": "eval",
    }
    return {**plain, "network_input": "224x224", **counted, **more}


PLAIN = row("none", params=25_557_032, macs=4_089_184_256, norms=11_113_984)
SE = row(norms=11_113_984, averaged=5_519_360)


def figure(params="28.07", flops="4.09", **more):
    asked = {
        "title": "A table",
        "source": "somewhere",
        "flops_convention": "",
        "setting": "",
        "insertion": "",
        **more,
    }
    return replace(
        TEMPLATE, **{"network": "ResNet-50", "module": "se", "params": params, "flops": flops, **asked}
    )


def only(rows, *of):
    (table,) = compare(rows, of)
    return table


def test_what_our_own_counts_print_is_reproduced():
    (verdict,) = only([PLAIN, SE], figure()).verdicts
    assert (verdict.kind, verdict.says) == (REPRODUCED, [])


def test_a_figure_of_one_kind_is_judged_by_it_alone():
    table = only([PLAIN, SE], figure(flops=""), figure(params=""), figure(params="28.08", flops=""))
    assert [verdict.kind for verdict in table.verdicts] == [REPRODUCED, REPRODUCED, NOT]


def test_what_another_way_of_counting_prints_is_explained():
    (verdict,) = only([PLAIN, SE], figure("26.77", "3.83")).verdicts  # 2^20 and 2^30, norms counted
    assert verdict.kind == EXPLAINED
    assert verdict.says == ["2 per element of a BatchNorm", "2^20 and 2^30 for millions and billions"]


def test_a_table_is_counted_in_one_way():
    # The first two fit with norms counted twice; the third only when MACs are doubled, which no table does
    # besides.
    table = only([PLAIN, SE], figure("28.07", "4.114"), figure("28.07", "4.1139"), figure("28.07", "8.183"))
    assert [verdict.kind for verdict in table.verdicts] == [EXPLAINED, EXPLAINED, NOT]
    assert table.way.says == ["2 per element of a BatchNorm"]


def test_of_ways_that_explain_as_much_the_simplest_is_taken():
    table = only([PLAIN, row(norms=0)], figure("28.07", "4.09"))
    assert table.way == Way()


def test_pooling_in_the_module_is_seen_or_not_row_by_row():
    se, eca = row(averaged=10**7, norms=11_113_984), row("eca", averaged=10**7, norms=11_113_984)
    whole, blind = "4.1239", "4.1139"  # 10^7 apart
    table = only([PLAIN, se, eca], figure("28.07", whole), figure("28.07", blind, module="eca"))
    assert [verdict.kind for verdict in table.verdicts] == [EXPLAINED, EXPLAINED]
    assert "the module's pooling not seen" in table.verdicts[1].says
    assert "the module's pooling not seen" not in table.verdicts[0].says


def test_another_setting_of_the_module_explains_too():
    biased = row(params=28_088_024, variant="bias=true", hyperparameters='{"bias":true,"reduction":16}')
    (verdict,) = only([PLAIN, SE, biased], figure("28.09")).verdicts
    assert (verdict.kind, verdict.says) == (EXPLAINED, ["bias=true"])


@pytest.mark.parametrize(("setting", "kind"), [("r=24", EXPLAINED), ("", NOT), ("r=16", NOT)])
def test_another_reduction_explains_only_where_the_source_states_it(setting, kind):
    other = row(params=27_000_000, variant="reduction=24", hyperparameters='{"bias":false,"reduction":24}')
    usual = {**SE, "hyperparameters": '{"bias":false,"reduction":16}'}
    (verdict,) = only([PLAIN, usual, other], figure("27.00", setting=setting)).verdicts
    assert verdict.kind == kind


def test_a_way_that_makes_half_of_a_table_or_less_explains_nothing():
    # The first prints so only in 2^20 and 2^30 with norms counted; nothing makes the second.
    table = only([PLAIN, SE], figure("26.77", "3.83"), figure("1.00"))
    assert [verdict.kind for verdict in table.verdicts] == [NOT, NOT]
    assert table.way == Way()
    table = only([PLAIN, SE], figure("26.77", "3.83"), figure("1.00", setting="copied"))
    assert [verdict.kind for verdict in table.verdicts] == [EXPLAINED, NOT]


def test_networks_of_ones_own_whatever_became_of_their_files_are_passed_over():
    own = row("se", "gone.py:net")
    assert only([PLAIN, SE, own], figure()).verdicts[0].kind == REPRODUCED


def test_what_has_no_plain_network_beside_it_or_is_of_a_batch_is_passed_over():
    alone, many = row("se", "resnet18"), row("se", batch=8, macs=8)
    (verdict,) = only([PLAIN, alone, many, SE], figure()).verdicts
    assert verdict.kind == REPRODUCED
    assert only([PLAIN, alone], figure(network="ResNet-18")).verdicts[0].kind == ABSENT


OLD = [
    row("none", "resnet50_v1", params=25_557_032, macs=3_857_973_248),
    row("se", "resnet50_v1", macs=3_860_488_192),
]


def test_another_version_of_the_network_explains_too():
    (verdict,) = only([PLAIN, SE, *OLD], figure("28.07", "3.860")).verdicts
    assert (verdict.kind, verdict.says) == (EXPLAINED, ["strides in the first 1x1 (v1)"])


@pytest.mark.parametrize(
    ("network", "kind"),
    [("ResNet-50 (v1 stride)", EXPLAINED), ("ResNet-50 (v1.5)", NOT), ("ResNet-50", EXPLAINED)],
)
def test_the_version_that_a_source_names_is_the_only_one(network, kind):
    (verdict,) = only([PLAIN, SE, *OLD], figure("28.07", "3.860", network=network)).verdicts
    assert verdict.kind == kind


def test_what_is_not_reproduced_has_its_reason_or_none_is_known():
    table = only(
        [PLAIN, SE],
        figure("1.00"),
        figure("1.00", setting="copied"),
        figure("1.00", setting="modified SE (twice)"),
    )
    assert [verdict.why for verdict in table.verdicts] == [
        "unknown", "copied by the source from another table", "a different module: modified SE (twice)"
    ]  # fmt: skip
    assert all(verdict.counted is not None for verdict in table.verdicts)


def test_digits_that_are_cut_off_are_not_reproduced_and_say_so():
    (verdict,) = only([PLAIN, SE], figure("28.07", "4.091"), figure("1.00")).verdicts[:1]
    assert verdict.kind == NOT
    assert verdict.why == "its digits are cut off, not rounded"


def test_what_was_tried_stands_behind_unknown():
    (verdict,) = only([PLAIN, SE], figure("1.00", tried="biases give 2.00")).verdicts
    assert verdict.why == "unknown: biases give 2.00"


def test_a_table_without_params_has_no_unit_of_two():
    (verdict,) = only([PLAIN, SE], figure("", "3.811")).verdicts  # 2^30 for billions
    assert verdict.kind == NOT
    assert only([PLAIN, SE], figure("26.77", "3.811")).verdicts[0].kind == EXPLAINED


def test_the_pooling_of_whole_maps_may_be_unseen_in_a_plain_network():
    kinds = '{"convolution":[1,0,0,4089184256,0],"relu":[1,0,20000000,0,0],"mean":[1,30000000,9,0,0]}'
    plain = row("none", params=25_557_032, operators=kinds, macs=4_089_184_256)
    halved = figure(
        "25.557032", "4.099184", module="none", setting="plain"
    )  # and half of an operation per ReLU
    (verdict,) = only([plain], halved).verdicts
    assert verdict.kind == EXPLAINED
    assert "pooling of whole maps not seen" in verdict.says


def test_what_the_run_has_not_says_so_and_why_it_could_not_be_counted():
    refused = row("sk", status="skipped", reason="channels must be a multiple of 32")
    table = only([PLAIN, SE, refused], figure(module="sk"), figure(module="ge"))
    assert [(verdict.kind, verdict.why) for verdict in table.verdicts] == [
        (ABSENT, "channels must be a multiple of 32"), (ABSENT, "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [{"network": "VGG-16"}, {"module": ""}, {"params": "", "flops": ""}, {"input_size": "256"}]
    + [{"network": "ResNet-50 (CIFAR stem)"}],
)
def test_figures_of_other_networks_and_sizes_are_left_out(more):
    assert compare([PLAIN, SE], [figure(**more)]) == []


def test_a_network_is_the_one_that_a_table_spells_otherwise():
    host = "resnext50_32x4d"
    rows = [row("none", host, params=25_028_904, macs=4_230_479_872), row("se", host, params=27_543_848)]
    (verdict,) = only(rows, figure("27.54", "4.09", network="ResNeXt-50 32x4d")).verdicts
    assert (verdict.kind, verdict.says) == (REPRODUCED, [])


def test_a_run_without_networks_or_without_what_it_takes_says_what_to_do():
    with pytest.raises(RunFolderError, match=r"attnprof run specs/published\.toml"):
        compare([{**SE, "host": ""}], [figure()])
    with pytest.raises(RunFolderError, match="this run lacks operators: attnprof host NETWORK"):
        compare([{**PLAIN, "operators": None}, SE], [figure()])


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("all", lambda f: True),
        ("resnet50", lambda f: f.network.startswith(("ResNet-50", "ResNet50"))),
        ("ResNet-50", lambda f: f.network.startswith(("ResNet-50", "ResNet50"))),
        ("se", lambda f: f.module == "se"),
        ("1910.03151", lambda f: f.source == "arXiv:1910.03151"),
        ("eca-net", lambda f: "ECA-Net" in f.title),
    ],
)
def test_a_name_is_a_network_a_module_or_words_of_a_source(name, test):
    found = named(figures(), name)
    assert found
    assert all(test(each) for each in found)


def test_a_name_that_means_nothing_says_so():
    with pytest.raises(UsageError, match="published:nothing: no network, module or source"):
        named(figures(), "nothing")


def test_the_published_networks_are_mostly_explained(published):
    """The counts that the documentation states, of every row of our networks with a module that we have."""
    kinds = [verdict.kind for table in compare(published.rows(), figures()) for verdict in table.verdicts]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        REPRODUCED: 7,
        EXPLAINED: 91,
        NOT: 43,
        ABSENT: 2,
    }
