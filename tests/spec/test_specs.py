"""The named experiments in specs/: each can be planned, and asks what its name says."""

from pathlib import Path

import pytest

from attnprof.catalogue import MODULES, entry
from attnprof.grid import PRESETS
from attnprof.planning import plan
from attnprof.spec.file import from_file, merge, recorded

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.toml"))


def planned(path):
    return plan(merge([from_file(path)]), "cpu")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_it_can_be_planned_and_most_of_it_can_run(path):
    cells = planned(path).cells
    refused = [cell for cell in cells if cell.refusal]
    assert len(cells) >= 7
    assert len(refused) < len(cells) / 4, [f"{cell.case.label}: {cell.refusal}" for cell in refused]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_it_is_the_same_where_its_names_are_not_looked_up(path):
    assert recorded(path) == merge([from_file(path)])


def test_every_expected_experiment_is_there():
    assert {path.stem for path in SPECS} >= {"quick", "paper", *PRESETS}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_networks_experiment_asks_every_module_at_its_pairs(name):
    path = next(path for path in SPECS if path.stem == name)
    cells = planned(path).cells
    assert {(c.case.channels, c.case.height, c.case.width) for c in cells} == set(PRESETS[name].points)
    assert {c.case.module for c in cells} == set(MODULES.names())


def test_the_paper_experiment_trains_too():
    path = next(path for path in SPECS if path.stem == "paper")
    assert {cell.case.mode for cell in planned(path).cells} == {"eval", "train"}


def test_the_attentions_of_vision_transformers_have_the_published_counts():
    """Millions of params and of MACs of one image, in the table of HubHop/vit-attention-benchmark@1283a49.

    Its counter, fvcore, counts sampling in DAT, norms in SRA (pvt) and QuadTree, none of QuadTree's kernels, and less
    in Performer: those MACs differ.
    """
    path = next(path for path in SPECS if path.stem == "vit-attention")
    counts = {cell.case.module + cell.case.variant: _counts(cell.case) for cell in planned(path).cells}
    assert counts == {
        "mhsa": ("2.36", "521.43"),
        "cswinheads=12": ("2.37", "493.28"),
        "datheads=12,stride=1": ("2.38", "525.49"),  # 528.69
        "performerheads=12": ("2.36", "623.21"),  # 617.24
        "linformerheads=12": ("2.46", "616.56"),
        "pvtheads=12,sr_ratio=2": ("4.72", "419.37"),  # 419.56
        "swinheads=12": ("2.36", "477.17"),
        "swinheads=12,shift=3": ("2.36", "477.17"),
        "xcaheads=12": ("2.36", "481.69"),
        "lkaprojections=true": ("1.83", "357.96"),
        "gnconvdivisor=3.0,order=4": ("2.23", "436.51"),
        "quadtreeheads=12,levels=2": ("5.33", "621.94"),  # 613.25
        "hiloalpha=0.9,heads=12": ("2.20", "298.30"),
    }


def _counts(case):
    module, size = entry(case.module), (case.channels, case.height, case.width)
    settings = module.settings(dict(case.hyperparameters))
    return tuple(
        f"{count / 1e6:.2f}" for count in (module.params(*size, settings), module.macs(*size, settings))
    )
