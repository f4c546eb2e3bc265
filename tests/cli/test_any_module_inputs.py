"""explain and count with --input: a module of the user's own, called with inputs of its own."""

import json

import pytest

NET = """
import torch
from torch import nn

class Cross(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.q, self.kv = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, q, k):
        k = self.kv(k)
        return torch.softmax(self.q(q) @ k.mT, 2) @ k

class Checked(Cross):
    def forward(self, q, k):
        return q if q.isnan().any() else super().forward(q, k)

class Unruled(Cross):
    def forward(self, q, k):
        return (super().forward(q, k) @ k.mT[:, :, :6]).matrix_exp()

class Words(nn.Embedding):
    def __init__(self):
        super().__init__(50, 4)
"""
INPUTS = "q=2x6x8,k=2x9x8"
MACS = 2 * (6 + 9) * 8 * 8 + 2 * 2 * 6 * 9 * 8


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net.py").write_text(NET, encoding="utf-8")
    return str(tmp_path / "net.py")


def test_a_tree_of_a_module_with_several_inputs(cli, net):
    done = cli("explain", f"{net}:Cross", "--input", INPUTS, "--format", "json")
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    assert (data["inputs"], data["tree"]["macs"], data["tree"]["params"]) == (INPUTS, MACS, 2 * 72)
    page = cli("explain", f"{net}:Cross", "--input", INPUTS).out
    assert f"{INPUTS}, eval, counted on meta tensors" in page
    assert "kv: Linear" in page
    assert max(map(len, page.splitlines()[1:])) <= 80


def test_arguments_of_the_constructor_and_training(cli, net):
    inputs = "q=2x6x16,k=2x9x16"
    done = cli("explain", f"{net}:Cross(width=16)", "--input", inputs, "--train", "--format", "json")
    macs = 2 * (6 + 9) * 16 * 16 + 2 * 2 * 6 * 9 * 16
    data = json.loads(done.out)
    assert (data["tree"]["macs"], data["forward_macs"]) == (3 * macs, macs)


def test_a_row_per_module_says_what_qualifies_it(cli, net):
    modules = f"{net}:Cross,{net}:Checked,{net}:Unruled"
    done = cli("count", "-m", modules, "--input", INPUTS, "--format", "csv")
    header, cross, checked, unruled = (line.split(",") for line in done.out.splitlines())
    assert header[1:4] == ["params", "macs", "flops"]
    assert (cross[2], cross[-1]) == (str(MACS), "")
    assert (checked[2], checked[-1]) == (str(MACS), "real run")
    assert unruled[-1] == "no rule for aten.linalg_matrix_exp.default"
    text = cli("count", "-m", modules, "--input", INPUTS).out
    assert text.splitlines()[-1].count("≥") == 2


def test_whole_numbers_and_a_real_run(cli, net):
    done = cli("count", "-m", f"{net}:Words", "--input", "int64[50]:2x7", "--real", "--format", "json")
    [row] = json.loads(done.out)["rows"]
    assert (row["params"], row["macs"], row["note"]) == (200, 0, "real run")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("explain", "NET:Cross", "--input", "1y"), "input '1y' is not understood; write 1x3x224x224"),
        (("explain", "se", "--input", "1x64x7x7"), "'se': --input goes with a module of your own"),
        (("explain", "NET:Cross", "--input", "1x3x8"), "missing 1 required positional argument: 'k'"),
        (("explain", "NET:Cross", "--input", "x=1x3x8"), "Cross's forward has no argument 'x'"),
        (("explain", "NET:Cross(3)", "--input", "1x3x8"), "settings are name=value, got '3'"),
        (("count", "--input", "1x3x8"), "--input needs a module: attnprof count -m my.py:Net"),
    ],
)
def test_a_mistake_is_said_in_one_line(cli, net, words, says):
    done = cli(*(word.replace("NET", net) for word in words))
    assert done.code == 2
    assert says in done.err
    assert len(done.err.splitlines()) == 1
