"""Each file of the user's imports its own neighbours, in one process, in whatever order the files come."""

import copy
import csv
import pickle
import random
import sys
import types
from pathlib import Path

import pytest
import torch

from attnprof.catalogue import create
from attnprof.catalogue.import_world import world_of
from attnprof.catalogue.user_import import load
from attnprof.cli._main import main
from attnprof.errors import UsageError
from attnprof.worker.state import State

GATE = """
from torch import nn
{imports}


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = conv(channels)

    def forward(self, x):
        return x * self.conv(x).sigmoid()
"""
CONV = """
from torch import nn


def conv(channels):
    return nn.Conv2d(channels, channels, {kernel}, padding={kernel} // 2, bias=False)
"""


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def params(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory, whose worlds nobody has met."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def two_versions(folder):
    for version, kernel in (("v1", 1), ("v2", 3)):
        write(folder / version / "blocks.py", CONV.format(kernel=kernel))
        write(folder / version / "gate.py", GATE.format(imports="from blocks import conv"))


@pytest.mark.parametrize("order", [("v1", "v2"), ("v2", "v1")])
def test_two_files_alike_in_name_have_each_its_own_neighbour(here, order):
    two_versions(here)
    gates = {version: create(f"{version}/gate.py:Gate", 64) for version in order}
    assert (params(gates["v1"]), params(gates["v2"])) == (4_096, 36_864)


@pytest.mark.parametrize("order", ["v1/gate.py:Gate,v2/gate.py:Gate", "v2/gate.py:Gate,v1/gate.py:Gate"])
def test_one_command_counts_both(here, capfd, order):
    two_versions(here)
    command = ["count", "-m", order, "--points", "64@7", "--counters", "none", "--format", "csv"]
    assert main(command) == 0
    figures = {row["module"]: row["params"] for row in csv.DictReader(capfd.readouterr().out.splitlines())}
    assert figures == {"v1/gate.py:Gate": "4096", "v2/gate.py:Gate": "36864"}


LATE = {
    "import statement": "from blocks import conv",
    "its attribute": "import blocks; conv = blocks.conv",
    "another name": "import blocks as b; conv = b.conv",
    "importlib": "import importlib; conv = importlib.import_module('blocks').conv",
    "a function of importlib": "from importlib import import_module; conv = import_module('blocks').conv",
    "__import__": "conv = __import__('blocks').conv",
    "a star": "exec('from blocks import *', globals()); conv = globals()['conv']",
}


@pytest.mark.parametrize("way", LATE)
def test_an_import_in_a_constructor_means_the_same_as_one_at_the_top(here, way):
    two_versions(here)
    for version in ("v1", "v2"):
        body = f"from torch import nn\n\n\ndef Late(channels):\n    {LATE[way]}\n    return conv(channels)\n"
        write(here / version / "late.py", body)
    constructors = [load(f"{version}/late.py:Late") for version in ("v1", "v2")]
    assert [params(constructor(64)) for constructor in constructors] == [4_096, 36_864]
    assert [params(constructor(64)) for constructor in reversed(constructors)] == [36_864, 4_096]


def test_an_import_in_a_forward_call_means_the_same(here):
    for number in (2, 3):
        write(here / f"v{number}/factors.py", f"FACTOR = {number}")
        forward = "        from factors import FACTOR\n        return FACTOR * x\n"
        write(
            here / f"v{number}/scale.py",
            f"from torch import nn\n\n\nclass Scale(nn.Module):\n    def __init__(self, channels):\n"
            f"        super().__init__()\n\n    def forward(self, x):\n{forward}",
        )
    modules = [create(f"v{number}/scale.py:Scale", 4) for number in (2, 3)]
    x = torch.ones(1, 4, 2, 2)
    assert [module(x).sum().item() for module in (*modules, *modules)] == [32, 48, 32, 48]


PACKAGES = {
    "beside": ("pkg/gate.py", "from .blocks import conv", "pkg/blocks.py"),
    "above": ("pkg/inner/gate.py", "from ..blocks import conv", "pkg/blocks.py"),
    "through a package of its own": (
        "pkg/inner/gate.py",
        "from ..ops.blocks import conv",
        "pkg/ops/blocks.py",
    ),
    "the module itself": ("pkg/gate.py", "from . import blocks\nconv = blocks.conv", "pkg/blocks.py"),
}


@pytest.mark.parametrize("with_init", [True, False])
@pytest.mark.parametrize("case", PACKAGES)
def test_package_relative_imports_are_those_of_the_package(here, case, with_init):
    file, imports, blocks = PACKAGES[case]
    for root, kernel in (("a", 1), ("b", 3)):
        write(here / root / file, GATE.format(imports=imports))
        write(here / root / blocks, CONV.format(kernel=kernel))
        for folder in {Path(file).parent, Path(blocks).parent, Path("pkg")} if with_init else ():
            write(here / root / folder / "__init__.py")
    assert [params(create(f"{root}/{file}:Gate", 8)) for root in ("a", "b")] == [64, 576]


def test_a_package_may_lie_in_a_folder_with_any_name(here):
    write(here / "v1.2 (new)/gate.py", GATE.format(imports="from .blocks import conv"))
    write(here / "v1.2 (new)/blocks.py", CONV.format(kernel=1))
    assert params(create("v1.2 (new)/gate.py:Gate", 8)) == 64


@pytest.mark.parametrize("sign", [".git/HEAD", "pyproject.toml", "setup.py"])
def test_an_import_from_the_root_of_the_repository(here, sign):
    for root, kernel in (("a", 1), ("b", 3)):
        write(here / root / sign)
        write(here / root / "models/common.py", CONV.format(kernel=kernel))
        write(here / root / "models/attention/gate.py", GATE.format(imports="from models.common import conv"))
    gates = [create(f"{root}/models/attention/gate.py:Gate", 8) for root in ("a", "b")]
    assert [params(gate) for gate in gates] == [64, 576]
    assert world_of(here / "a/models/attention").roots == {"models": here / "a"}


def test_the_page_of_a_module_says_which_root_was_taken(here, capfd):
    write(here / "repository/models/common.py", CONV.format(kernel=1))
    write(here / "repository/layers/gate.py", GATE.format(imports="from models.common import conv"))
    assert main(["show", "repository/layers/gate.py:Gate"]) == 0
    assert f"Its file imports models from {here / 'repository'}." in capfd.readouterr().out


def test_the_search_ends_at_the_root_of_the_repository(here):
    write(here / "models/common.py", CONV.format(kernel=1))
    write(here / "repository/.git/HEAD")
    write(here / "repository/gate.py", GATE.format(imports="from models.common import conv"))
    with pytest.raises(UsageError, match="No module named 'models'"):
        create("repository/gate.py:Gate", 8)


def test_a_folder_that_the_file_puts_on_the_path_is_its_own(here):
    for root, kernel in (("a", 1), ("b", 3)):
        write(here / root / "lib/blocks.py", CONV.format(kernel=kernel))
        path = "import sys, os\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))\n"
        write(here / root / "gate.py", GATE.format(imports=f"{path}from blocks import conv"))
    before = [*sys.path]
    assert [params(create(f"{root}/gate.py:Gate", 8)) for root in ("a", "b")] == [64, 576]
    assert sys.path == before


def test_installed_packages_are_shared(here):
    write(
        here / "a/gate.py", "import numpy, torch.nn.functional as functional\n\n\ndef Gate(channels): ...\n"
    )
    write(here / "b/gate.py", (here / "a/gate.py").read_text())
    first, second = (load(f"{root}/gate.py:Gate").__globals__ for root in ("a", "b"))
    assert first["numpy"] is second["numpy"] is sys.modules["numpy"]
    assert first["functional"] is torch.nn.functional


@pytest.mark.parametrize("name", ["random", "types", "torch", "queue", "statistics"])
def test_a_file_named_like_one_of_pythons_hides_it_from_nobody(here, name):
    write(here / f"{name}.py", "raise SystemExit('hidden')")
    write(here / "gate.py", GATE.format(imports=f"import {name}\nfrom torch.nn import Identity as conv"))
    create("gate.py:Gate", 8)
    write(here / f"{name}.py", GATE.format(imports="from torch.nn import Identity as conv"))
    assert create(f"{name}.py:Gate", 8)(torch.ones(1, 8, 2, 2)).shape == (1, 8, 2, 2)
    assert (sys.modules["random"], sys.modules["types"], sys.modules["torch"]) == (random, types, torch)


DATACLASS = """
from __future__ import annotations
from dataclasses import dataclass
from typing import get_type_hints
from torch import nn


@dataclass
class Settings:
    channels: int
    other: Settings | None = None


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.settings = Settings(channels)
        self.hints = get_type_hints(Settings)

    def forward(self, x):
        return x
"""


def test_dataclasses_copies_and_pickles_find_their_module(here):
    for root in ("a", "b"):
        write(here / root / "gate.py", DATACLASS)
        gate = create(f"{root}/gate.py:Gate", 8)
        for copied in (copy.deepcopy(gate), pickle.loads(pickle.dumps(gate))):
            assert type(copied) is type(gate)
            assert copied.settings == gate.settings


def test_the_process_is_as_before(here):
    two_versions(here)
    before = State()
    create("v1/gate.py:Gate", 8)
    create("v2/gate.py:Gate", 8)
    changes = before.put_back()
    assert (changes.settings, changes.lasting) == ([], [])


def test_what_is_missing_is_called_as_the_file_calls_it(here):
    for root in ("a", "b"):
        write(here / root / "blocks.py", "")
        write(here / root / "gate.py", GATE.format(imports="from blocks import conv"))
        with pytest.raises(UsageError, match=r"cannot import name 'conv' from 'blocks' "):
            create(f"{root}/gate.py:Gate", 8)


def test_compiled_it_is_the_same(here):
    two_versions(here)
    gate = create("v2/gate.py:Gate", 8)
    x = torch.randn(1, 8, 4, 4)
    compiled = torch.compile(gate, backend="eager", fullgraph=True)
    assert torch.equal(compiled(x), gate(x))
