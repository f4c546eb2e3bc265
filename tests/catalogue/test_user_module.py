"""Modules of the user's own, named by file or import path."""

import csv

import pytest

from attnprof.catalogue import create, entry, source_hash
from attnprof.cli._main import main
from attnprof.errors import UsageError

CODE = '''
import torch
from torch import nn


class MyGate(nn.Module):
    """Mine."""

    def __init__(self, dim, ratio=4, act=nn.ReLU):
        super().__init__()
        self.squeeze, self.excite = nn.Linear(dim, dim // ratio), nn.Linear(dim // ratio, dim)

    def forward(self, x):
        return x * self.excite(self.squeeze(x.mean((2, 3))).relu()).sigmoid()[..., None, None]


def make(channels, height, width):
    return nn.LayerNorm([channels, height, width])


class OnTokens(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(d_model), nn.MultiheadAttention(d_model, 4, batch_first=True)

    def forward(self, x):
        n, length, channels = x.shape
        y = self.norm(x)
        return self.attention(y, y, y)


constant = 3
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine_of_a_user.py").write_text(CODE, encoding="utf-8")
    return "mine_of_a_user.py"


def test_its_hyperparameters_are_the_plain_values_of_its_signature(mine):
    known = entry(f"{mine}:MyGate")
    assert known.hyperparameters == {"ratio": 4}
    assert sum(p.numel() for p in create(f"{mine}:MyGate", 64, ratio=8).parameters()) == 2 * 64 * 8 + 8 + 64


def test_a_factory_that_takes_a_size_is_given_it(mine):
    assert create(f"{mine}:make", 8, height=5, width=7).normalized_shape == (8, 5, 7)


def test_its_file_is_part_of_its_identity_and_ours_are_not(mine):
    assert len(source_hash(f"{mine}:MyGate")) == 64
    assert source_hash("se") == ""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mine_of_a_user.py:MyGat", "Did you mean 'MyGate'"),
        ("mine_of_a_user.py:constant", "no class or function 'constant'"),
        ("absent.py:MyGate", "cannot import absent.py"),
        ("absent_package:MyGate", "No module named 'absent_package'"),
    ],
)
def test_a_name_that_leads_nowhere_is_answered_in_words(mine, name, says):
    with pytest.raises(UsageError, match=says):
        entry(name)


def test_its_page_says_how_to_count_it(mine, capsys):
    assert main(["show", f"{mine}:MyGate"]) == 0
    printed = capsys.readouterr().out
    assert "ratio = 4" in printed
    assert f"attnprof count -m {mine}:MyGate" in printed


def test_it_is_counted_beside_ours_and_given_tokens_where_it_takes_them(mine, capfd):
    modules = f"se,{mine}:MyGate,{mine}:OnTokens"
    assert main(["count", "-m", modules, "--points", "32@6x7", "--format", "csv"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].startswith("schema,run_id")
    ours, gate, on_tokens = csv.DictReader(lines)
    assert ours["status"] == "ok"
    assert int(gate["params"]) == 2 * 32 * 8 + 8 + 32
    length = 6 * 7
    assert int(on_tokens["macs"]) == 4 * length * 32 * 32 + 2 * length * length * 32
    row = (on_tokens["output_shape"], on_tokens["flags"], on_tokens["status"])
    assert row == ("1x32x6x7", "tokens", "ok")
