"""The points that occur in well-known networks, and the named experiments that use them."""

from pathlib import Path

import pytest

import attnprof
from attnprof.grid import LARGEST, PRESETS
from attnprof.planning import plan
from attnprof.spec.file import from_file, merge

SPECS = sorted((Path(attnprof.__file__).parent.parent / "specs").glob("*.toml"))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_where_its_points_come_from(name):
    preset = PRESETS[name]
    assert "224x224" in preset.description or "640x640" in preset.description
    assert preset.points


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_points_are_different_and_of_a_possible_size(name):
    points = PRESETS[name].points
    assert len(set(points)) == len(points)
    assert all(1 <= number <= LARGEST for point in points for number in point)


@pytest.mark.parametrize("name", PRESETS)
def test_the_maps_of_a_preset_are_its_input_halved(name):
    side = 640 if "640x640" in PRESETS[name].description else 224
    for _, height, width in PRESETS[name].points:
        assert height == width
        assert side % height == 0
        assert (side // height).bit_count() == 1


def test_resnet50_has_the_stages_of_its_paper():
    points = PRESETS["resnet50"].points
    assert points[:4] == ((64, 56, 56), (128, 28, 28), (256, 14, 14), (512, 7, 7))
    assert points[4:] == ((256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7))


def test_mobilenetv2_expands_its_blocks_by_six():
    points = set(PRESETS["mobilenetv2"].points)
    for channels, side in (
        (16, 56),
        (24, 56),
        (24, 28),
        (32, 28),
        (32, 14),
        (64, 14),
        (96, 14),
        (96, 7),
        (160, 7),
    ):
        assert (6 * channels, side, side) in points


def test_the_small_yolo_is_twice_as_wide_as_the_nano():
    nano, small = PRESETS["yolo-n"].points, PRESETS["yolo-s"].points
    assert small == tuple((2 * channels, height, width) for channels, height, width in nano)


def test_there_are_named_experiments():
    assert {path.stem for path in SPECS} >= {"quick", "paper"}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_named_experiment_can_be_planned(path):
    planned = plan(merge([from_file(path)]), "cpu")
    assert planned.cells
    assert any(cell.refusal is None for cell in planned.cells)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_named_experiment_says_what_it_is_for_and_how_to_run_it(path):
    first, second, *_ = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ")
    assert f"attnprof run specs/{path.name}" in second


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_a_named_experiment(name):
    specs = [merge([from_file(path)]) for path in SPECS]
    assert name in {spec.preset for spec in specs}
