"""The named experiments in specs/: each can be planned, and asks what its name says."""

from pathlib import Path

import pytest

from attnprof.catalogue import MODULES
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
