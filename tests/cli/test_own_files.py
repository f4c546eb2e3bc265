"""Files of the user's on the command line: wherever they lie, and whatever is wrong with them."""

import csv
import shlex

import pytest
import torch
from torch import nn

from attnprof import cost, create, insert
from attnprof.catalogue.user_module import describe
from attnprof.cli._main import main
from attnprof.planning import plan
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge
from attnprof.spec.locations import locations

GATE = """
from torch import nn


class Gate(nn.Module):
    def __init__(self, channels, ratio=4):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels // ratio, 1, bias=False)
        self.back = nn.Conv2d(channels // ratio, channels, 1, bias=False)

    def forward(self, x):
        return x * self.back(self.conv(x)).sigmoid()
"""
COUNT = ("--points", "16@7", "--counters", "none", "--format", "csv")
# What is wrong with a file -> the reason in its rows.
BROKEN = {
    "raise ValueError('no luck')": "bad.py:X: cannot import bad.py: ValueError: no luck",
    "import sys; sys.exit(1)": "bad.py:X: cannot import bad.py: it calls sys.exit(1)",
    "import os; os._exit(3)": "bad.py:X: importing bad.py ends Python with exit code 3",
    "x = (": "bad.py:X: cannot import bad.py: SyntaxError: '(' was never closed (bad.py, line 1)",
    "import einopsen": "No module named 'einopsen'; it is neither installed, nor beside the file",
    "import kornia": "bad.py:X: cannot import bad.py: needs kornia: pip install kornia",
    "from .absent import X": "No module named",
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file, in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def write(path, text=GATE):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")

    return write


def rows_of(capfd):
    return list(csv.DictReader(capfd.readouterr().out.splitlines()))


def test_a_file_that_cannot_be_imported_costs_its_own_rows(write, capfd):
    for number, text in enumerate(BROKEN):
        write(f"bad{number}.py", text)
    write("good.py")
    names = [f"bad{number}.py:X(ratio=2)" for number in range(len(BROKEN))]
    assert main(["count", "-m", ",".join(["se", *names, "good.py:Gate"]), *COUNT]) == 3
    first, *broken, last = rows_of(capfd)
    assert (first["status"], last["status"], last["reason"]) == ("ok", "ok", "")
    for number, (row, says) in enumerate(zip(broken, BROKEN.values(), strict=True)):
        assert (row["module"], row["variant"], row["status"]) == (f"bad{number}.py:X", "ratio=2", "failed")
        assert says.replace("bad.py", f"bad{number}.py") in row["reason"]
        assert row["params"] == ""


@pytest.mark.parametrize("modules", ["bad.py:X", "bad.py:X,!se", "bad.py:X,bad.py:Y"])
def test_alone_it_is_refused(write, capfd, modules):
    write("bad.py", "raise ValueError('no luck')")
    assert main(["count", "-m", modules, *COUNT]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "bad.py:X: cannot import bad.py: ValueError: no luck" in err
    assert err.count("\n") == 1


def test_in_a_network_it_costs_its_rows_too(write, capfd):
    write("bad.py", "raise ValueError('no luck')")
    write("net.py", "from torch import nn\n\n\ndef make():\n    return nn.Sequential(nn.Conv2d(3, 16, 1))\n")
    command = ["host", "net.py:make", "--insert", "se,bad.py:X", "--at", "after:0", "--res", "8"]
    assert main([*command, "--no-latency", "--format", "csv"]) == 3
    assert [(row["module"], row["status"]) for row in rows_of(capfd)] == [
        ("none", "ok"),
        ("se", "ok"),
        ("bad.py:X", "failed"),
    ]


def test_a_dry_run_says_so(write, capfd):
    write("bad.py", "raise ValueError('no luck')")
    assert main(["run", "-m", "se,bad.py:X", "--points", "16@7", "--dry-run"]) == 0
    assert "bad.py:X@16@7  failed: bad.py:X: cannot import bad.py" in capfd.readouterr().out


MISTAKES = {
    "absent.py:X": "cannot import absent.py: no such file",
    "goods.py:Gate": "cannot import goods.py: no such file. Did you mean 'good.py'?",
    "folder.py:X": "folder.py is a folder; name a file in it",
    "notes.ipynb:X": "notes.ipynb is a notebook; save its code as a file: notes.py",
    "good.py:Gat": "good.py has no class or function 'Gat'. Did you mean 'Gate'?",
    "sub/good:Gate": "no module is called 'sub/good'. Did you mean sub/good.py:Gate?",
    "package/:Gate": "no module is called 'package/'",
    "no_such_package.attn:Gate": "No module named 'no_such_package'",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_command_is_refused_whatever_else_it_names(write, capfd, name):
    for path in ("good.py", "sub/good.py", "folder.py/x.py", "notes.ipynb", "package/attn.py"):
        write(path)
    assert main(["count", "-m", f"se,{name}", *COUNT]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert MISTAKES[name] in err
    assert err.count("\n") == 1


def test_a_file_in_another_encoding_is_one_line(write, tmp_path, capfd):
    (tmp_path / "latin.py").write_bytes("x = 'caf\xe9'\n".encode("latin-1"))
    write("good.py")
    assert main(["count", "-m", "latin.py:X", *COUNT]) == 2
    _, err = capfd.readouterr()
    assert (
        "latin.py:X: cannot import latin.py: SyntaxError: (unicode error) 'utf-8' codec can't decode" in err
    )
    assert err.endswith("(latin.py, line 1)\n")
    (tmp_path / "cookie.py").write_bytes(f"# coding: latin-1\n# caf\xe9\n{GATE}".encode("latin-1"))
    assert Spec(modules="cookie.py:Gate").modules == ("cookie.py:Gate",)


PATHS = {
    "with spaces": ("my dir/a gate.py", "my dir/a gate.py:Gate"),
    "with parentheses": ("copies/gate (1).py", "copies/gate (1).py:Gate"),
    "with a comma": ("v1, v2/gate,3.py", "v1, v2/gate,3.py:Gate"),
    "with a comma, in quotes": ("v1, v2/gate,3.py", '"v1, v2/gate,3.py":Gate'),
    "with a colon": ("16:9/gate.py", "16:9/gate.py:Gate"),
    "with letters of any script": ("größe/注意.py", "größe/注意.py:Gate"),
    "below the home folder": ("home/gate.py", "~/gate.py:Gate"),
    "with a dot": ("v1.2/gate.v3.py", "v1.2/gate.v3.py:Gate"),
    "with signs": ("a+b@c#d=e/gate&1.py", "a+b@c#d=e/gate&1.py:Gate"),
    "with an open parenthesis, in quotes": ("a ( b/gate.py", "'a ( b/gate.py':Gate"),
    "in quotes as a whole": ("my dir/gate.py", '"my dir/gate.py:Gate"'),
    "with two colons": ("gate.py", "gate.py::Gate"),
}


def test_files_may_lie_anywhere_and_stand_in_one_list(write, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for path, _ in PATHS.values():
        write(path)
    names = [f"{name}(ratio={number})" for number, (_, name) in enumerate(PATHS.values(), 1)]
    assert main(["count", "-m", ",".join(["se", *names]), *COUNT]) == 0
    own = rows_of(capfd)[1:]
    assert [(row["module"], row["variant"], row["params"]) for row in own] == [
        (in_results(case), f"ratio={number}" if number != 4 else "", str(2 * 16 * (16 // number)))
        for number, case in enumerate(PATHS, 1)
    ]


@pytest.mark.parametrize("case", ["with parentheses", "with a comma, in quotes"])
def test_every_command_takes_the_same_name(write, capfd, case):
    path, name = PATHS[case]
    write(path)
    assert main(["count", "-m", f"se,{name}", *COUNT]) == 0
    rows_of(capfd)
    assert main(["table", "-m", name, "--format", "csv"]) == 0
    assert [row["module"] for row in rows_of(capfd)] == [in_results(case)]
    assert main(["explain", f"{name}(ratio=2)@16@7"]) == 0
    assert capfd.readouterr().out.startswith(f"{in_results(case)}(ratio=2)\n")
    assert main(["show", name]) == 0
    page = capfd.readouterr().out
    assert page.startswith(f"{in_results(case)} - Gate\n")
    command = next(line for line in page.splitlines() if "attnprof count" in line).partition("attnprof ")[2]
    assert main([*shlex.split(command), *COUNT]) == 0


def in_results(case):
    path, name = PATHS[case]
    return "~/gate.py:Gate" if name.startswith("~") else f"{path}:Gate"


def test_a_spec_file_names_them_alike(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for path, _ in PATHS.values():
        write(path)
    names = [name for _, name in PATHS.values()]
    describe(names)  # by one child
    for case, name in zip(PATHS, names, strict=True):
        spec = Spec(
            modules=["se", f"{name}(ratio=2)"], set={name: {"ratio": [2, 8]}}, baseline=f"{name}(ratio=2)"
        )
        assert from_file_text(tmp_path, spec.to_toml()) == spec
        own = [cell.case for cell in plan(spec, "meta").cells if cell.case.module != "se"]
        assert {each.module for each in own} == {in_results(case)}
        assert {each.hyperparameters["ratio"] for each in own} == {2, 8}


def from_file_text(folder, text):
    (folder / "spec.toml").write_text(text, encoding="utf-8")
    return merge([from_file(folder / "spec.toml")])


@pytest.mark.parametrize("case", PATHS)
def test_python_takes_the_same_names(write, tmp_path, monkeypatch, case):
    path, name = PATHS[case]
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write(path)
    assert create(name, 16, ratio=2)(torch.ones(1, 16, 2, 2)).shape == (1, 16, 2, 2)
    network = insert(nn.Sequential(nn.Conv2d(3, 16, 1)), name, at="after:0", shape=(1, 3, 8, 8), ratio=2)
    assert cost(network, (1, 3, 8, 8)).params == 3 * 16 + 16 + 256
    assert len(locations({"modules": [f"{name}(ratio=2)"], "networks": [name]})) == 1


def test_a_file_alone_lists_what_is_in_it(write, capfd):
    write("good.py")
    for command in (
        ["count", "-m", "se,good.py", *COUNT],
        ["show", "good.py"],
        ["host", "good.py", "--insert", "se"],
        ["explain", "good.py@16@7"],
        ["explain", "good.py", "--input", "1x3x8x8"],
    ):
        assert main(command) == 2
        assert "good.py has: Gate; write good.py:Gate" in capfd.readouterr().err
