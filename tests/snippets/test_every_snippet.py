"""Snippets: each is a whole Python file; PyTorch's stands alone and computes what the catalogue's module
computes."""

import ast
import re
import sys

import pytest
import torch

from attnprof.catalogue import create, entries, entry
from attnprof.cli.show import SNIPPETS
from attnprof.errors import UsageError
from attnprof.snippets import Example, sorted_imports
from attnprof.snippets._source import standalone
from tests.every_case import every_case

SIZES = ((64, 14, 14), (64, 7, 7), (64, 8, 8), (64, 28, 28))
ENTRIES = {known.key: known for known in entries()}


def wanted(name, point=None, **given):
    known = entry(name)
    return Example(
        known,
        known.changes(given),
        standalone(known),
        point or next(s for s in SIZES if known.fits(*s, given)),
    )


def written(framework, what):
    return SNIPPETS.get(framework).write(what)


def imported(text):
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in nodes
    }


@pytest.mark.parametrize("framework", SNIPPETS.names())
def test_a_framework_explains_itself_on_one_line(framework):
    assert re.fullmatch(r"[^\n]{5,60}", SNIPPETS.get(framework).help)


@pytest.mark.parametrize("framework", SNIPPETS.names())
@pytest.mark.parametrize("name", ["se", "eca", "cbam", "triplet", "splat"])
def test_a_snippet_is_a_python_file_that_takes_nothing_from_attnprof(framework, name):
    text = written(framework, wanted(name))
    assert "attnprof" not in imported(text)
    assert "ENTRY" not in text
    assert entry(name).class_name in text


@pytest.mark.parametrize("framework", SNIPPETS.names())
def test_settings_are_in_the_call(framework):
    assert "CBAM(" in written(framework, wanted("cbam"))
    text = written(framework, wanted("cbam", reduction=8))
    assert re.search(r"CBAM\(\w+, reduction=8\)", text)


def namespace_of(text, name="snippet"):
    found = {"__name__": name}
    exec(compile(text, name, "exec"), found)
    return found


def test_the_code_of_a_module_stands_alone_and_computes_what_the_catalogues_does():
    with every_case() as case:
        for name in list(ENTRIES):
            with case(name):
                known = ENTRIES[name]
                what = wanted(name)
                made = namespace_of(written("pytorch", what))
                channels, height, width = what.point
                size = {"height": height, "width": width} if known.needs_size() else {}
                torch.manual_seed(3)
                ours = create(name, channels, **size).eval()
                torch.manual_seed(3)
                theirs = made[known.class_name](channels, **size).eval()
                theirs.load_state_dict(ours.state_dict())
                maps = [torch.randn(2, *what.point) for _ in range(known.maps)]
                with torch.no_grad():
                    torch.manual_seed(4)
                    expected = ours(*maps)
                    torch.manual_seed(4)
                    assert torch.equal(theirs(*maps), expected)
                    block = made["Block"](channels, *size.values()).eval()
                    assert block(maps[0]).shape == maps[0].shape


@pytest.mark.parametrize("name", ["se", "botnet"])
def test_the_snippet_of_pytorch_runs_as_a_program(name, capsys):
    text = written("pytorch", wanted(name))
    namespace_of(text, "__main__")
    assert capsys.readouterr().out == f"torch.Size({[2, *wanted(name).point]})\n"


def test_a_module_for_another_place_replaces_the_convolution():
    assert "Conv2d(channels, channels, 3" in written("pytorch", wanted("se"))
    assert "Conv2d(channels, channels, 3" not in written("pytorch", wanted("halo"))
    assert "block.conv2 = attention(block.conv2.in_channels)" in written("timm", wanted("halo"))
    assert '"attn_layer": attention' in written("timm", wanted("se"))


def test_a_module_built_for_a_map_size_gets_it_where_there_is_one():
    assert "SIDES[channels]" in written("timm", wanted("botnet"))
    for framework in ("ultralytics", "mm"):
        with pytest.raises(UsageError, match="botnet is built for one map size"):
            written(framework, wanted("botnet"))


def test_a_module_that_cannot_stand_in_a_place_is_refused_with_the_reason():
    with pytest.raises(
        UsageError, match=r"swin cannot stand in yolov8n, at 256@8x8: .*multiples of the window"
    ):
        written("ultralytics", wanted("swin"))


def test_what_a_file_takes_from_its_neighbours_comes_along():
    code = standalone(entry("axial"))
    names = {
        node.name for node in ast.parse(code.body).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert {"relative_logits", "_along"} & names or "def " in code.body
    undefined = ast.parse(code.body)
    assert not [node for node in ast.walk(undefined) if isinstance(node, ast.ImportFrom)]


def test_imports_are_the_standard_librarys_first():
    text = sorted_imports({"import torch", "from torch import nn", "from math import log2", "import sys"})
    assert text == "import sys\nfrom math import log2\n\nimport torch\nfrom torch import nn"


def test_a_users_own_module_is_imported_from_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "my_gate_for_snippets.py").write_text(
        "from torch import nn\n\nclass Gate(nn.Identity):\n    def __init__(self, channels):\n        super().__init__()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_gate_for_snippets", raising=False)
    known = entry("my_gate_for_snippets.py:Gate")
    what = Example(known, {}, standalone(known), (8, 4, 4))
    text = written("pytorch", what)
    assert "from my_gate_for_snippets import Gate" in text
    assert namespace_of(text)["Block"](8)(torch.randn(2, 8, 4, 4)).shape == (2, 8, 4, 4)
