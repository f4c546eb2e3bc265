"""What is released agrees with pyproject.toml: version, dependencies, files, commands."""

import re
import tomllib
from pathlib import Path

from attnprof.cli import COMMANDS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"torch": "pytorch"}


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_conda_recipe_needs_what_the_package_needs():
    section = text("packaging/conda/recipe.yaml").partition("  run:\n")[2].partition("\n\n")[0]
    recipe = {line.removeprefix("    - ") for line in section.splitlines()}
    ours = {requirement.partition(";")[0].strip() for requirement in PROJECT["dependencies"]}
    pairs = (re.fullmatch(r"([\w-]+)(.*)", requirement).groups() for requirement in ours)
    named = {f"{CONDA_NAMES.get(name, name)} {versions}" for name, versions in pairs}
    assert recipe == named | {f"python {PROJECT['requires-python']}"}


def test_one_version_stands_everywhere():
    version = PROJECT["version"]
    assert re.search(rf"^version: {version}$", text("CITATION.cff"), re.MULTILINE)
    assert f'version: "{version}"' in text("packaging/conda/recipe.yaml")


def test_every_extra_that_a_machine_can_always_take_is_in_all():
    extras = PROJECT["optional-dependencies"]
    [everything] = extras["all"]
    named = set(everything.partition("[")[2].removesuffix("]").split(","))
    # Tools; a GPU; not on every system; in the version of a cluster.
    needs_more = {"dev", "docs", "all", "onnxruntime-gpu", "executorch", "ray"}
    assert named == extras.keys() - needs_more


def test_commands_in_workflows_and_images_exist():
    files = [*(ROOT / ".github").rglob("*.yml"), *(ROOT / "packaging").rglob("*")]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in files if path.is_file())
    commands = set(re.findall(r"(?:- run: |- |&& )attnprof (\w+)", texts))
    assert commands
    assert commands <= set(COMMANDS.names())


def test_every_pinned_action_and_image_has_a_version():
    files = [*(ROOT / ".github" / "workflows").glob("*.yml")]
    uses = [name for path in files for name in re.findall(r"uses: (\S+)", path.read_text())]
    assert uses
    assert all(re.search(r"@(v\d+|release/v\d+)$", name) for name in uses)
    images = re.findall(
        r"^FROM (\S+)$", text("packaging/Dockerfile") + text("packaging/Dockerfile.cuda"), re.M
    )
    assert len(images) == 2
    assert all(re.search(r":\d", image) for image in images)
