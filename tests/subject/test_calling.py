"""How modules of one's own are called: with a map, its tokens, their size, several of them; and what they give."""

import csv
import io

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attnprof.catalogue import create, user_import
from attnprof.cli._main import main
from attnprof.records.case import Case
from attnprof.subject.adapting import telling_shape
from attnprof.subject.build import build
from attnprof.subject.calling import LAYOUTS, MAP, Adapted, Calling, Slot, as_map, lay_out
from attnprof.subject.counts import count
from tests.cli.conftest import Counting

MODULES = '''
import torch
from torch import nn
from torch.nn import functional as F


class Mixer(nn.Module):
    """On tokens (N, L, C)."""
    def __init__(self, channels, heads=4):
        super().__init__()
        self.heads, self.mix, self.join = heads, nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
    def forward(self, x):
        batch, length, channels = x.shape
        q, k, v = self.mix(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.join(mixed.transpose(1, 2).reshape(batch, length, channels))


class FlatMixer(nn.Module):
    """Views all tokens of a batch as one row of them."""
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Linear(channels, channels)
    def forward(self, x):
        batch, length, channels = x.shape
        return self.scale(x.view(-1, channels)).view(batch, length, channels)


class Reduced(nn.Module):
    """On tokens, whose map it needs again: keys and values are a quarter as many."""
    def __init__(self, channels):
        super().__init__()
        self.ask, self.answer = nn.Linear(channels, channels), nn.Linear(channels, 2 * channels)
        self.shrink = nn.Conv2d(channels, channels, 2, 2)
    def forward(self, x, H, W):
        batch, length, channels = x.shape
        small = self.shrink(x.transpose(1, 2).reshape(batch, channels, H, W)).flatten(2).transpose(1, 2)
        k, v = self.answer(small).chunk(2, -1)
        return F.scaled_dot_product_attention(self.ask(x), k, v)


class ReducedBySize(Reduced):
    def forward(self, x, size):
        return super().forward(x, *size)


class Cross(nn.Module):
    """Of queries, keys and values, all tokens."""
    def __init__(self, channels, inner=128):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(channels, inner) for _ in range(3))
        self.out = nn.Linear(inner, channels)
    def forward(self, queries, keys, values):
        assert queries.dim() == 3, "tokens"
        return self.out(F.scaled_dot_product_attention(self.q(queries), self.k(keys), self.v(values)))


class Fusion(nn.Module):
    """Of two maps."""
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.down = nn.Conv2d(channels, channels // reduction, 1)
        self.up = nn.Conv2d(channels // reduction, channels, 1)
    def forward(self, x, residual):
        share = self.up(self.down(x + residual).relu()).sigmoid()
        return x * share + residual * (1 - share)


class Masked(Mixer):
    def forward(self, x, mask):
        assert mask is None
        return super().forward(x)


class Named(Fusion):
    """Its second map goes by its name alone."""
    def forward(self, x, *, skip):
        return super().forward(x, skip)


class ChannelsLast(nn.Module):
    """On maps (N, H, W, C)."""
    def __init__(self, channels):
        super().__init__()
        self.norm, self.scale = nn.LayerNorm(channels), nn.Linear(channels, channels)
    def forward(self, x):
        batch, height, width, channels = x.shape
        return x * self.scale(self.norm(x)).sigmoid()


class AnyPositions(nn.Module):
    """To its code tokens and maps are the same; its author had (B, H, W, C) in mind."""
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Linear(channels, channels)
    def forward(self, x):
        return x * self.scale(x).sigmoid()


class Rows(nn.Module):
    """On (N, C, L)."""
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, padding=1)
    def forward(self, x):
        return x * self.conv(x).sigmoid()


class Sequence(nn.Module):
    """On (L, N, C)."""
    def __init__(self, channels, heads=4):
        super().__init__()
        self.attend = nn.MultiheadAttention(channels, heads)
    def forward(self, x):
        return self.attend(x, x, x)[0]


class SequenceByHand(nn.Module):
    """On (L, N, C), in products of its own."""
    def __init__(self, channels):
        super().__init__()
        self.mix = nn.Linear(channels, 3 * channels)
    def forward(self, x):
        q, k, v = self.mix(x).transpose(0, 1).chunk(3, -1)
        return (q @ k.transpose(1, 2)).softmax(-1).matmul(v).transpose(0, 1)


class OverImages(nn.Module):
    """Takes a map, and lets its images attend to each other."""
    def __init__(self, channels):
        super().__init__()
        self.attend = nn.MultiheadAttention(channels, 4)
    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return self.attend(tokens, tokens, tokens)[0].transpose(1, 2).reshape(x.shape)


class GateOfChannels(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, channels // 16, 1), nn.Conv2d(channels // 16, channels, 1)
    def forward(self, x):
        return self.up(self.down(x.mean((2, 3), keepdim=True)).relu()).sigmoid()


class GateOfPixels(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
    def forward(self, x):
        return self.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)).sigmoid()


class GateOfTokens(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Linear(channels, channels)
    def forward(self, x):
        batch, length, channels = x.shape
        return self.scale(x.mean(1, keepdim=True)).sigmoid()


class Halved(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels // 2, 1)
    def forward(self, x):
        return self.conv(x)


class Strided(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 2, 1)
    def forward(self, x):
        return self.conv(x)


class Pair(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)
    def forward(self, x):
        gate = self.conv(x).mean((2, 3), keepdim=True).sigmoid()
        return gate, x * gate


class Listed(Pair):
    def forward(self, x):
        return list(super().forward(x))


class Keyed(Pair):
    def forward(self, x):
        gate, y = super().forward(x)
        return {"gate": gate, "map": y}


class Silent(nn.Module):
    def __init__(self, channels):
        super().__init__()
    def forward(self, x):
        self.shape = x.shape


class Lazy(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv, self.norm = nn.LazyConv2d(channels, 1), nn.LazyBatchNorm2d()
    def forward(self, x):
        return x * self.norm(self.conv(x))


class LazyTokens(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.LazyLinear(channels)
    def forward(self, x):
        batch, length, channels = x.shape
        return x * self.scale(x)


class Reader(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)
    def forward(self, x):
        if x.abs().mean() > 0:
            return self.conv(x)
        return x


class TokenReader(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Linear(channels, channels)
    def forward(self, x):
        batch, length, channels = x.shape
        return self.scale(x) if x.abs().mean() > 0 else x


class ReaderWhenBuilt(nn.Module):
    def __init__(self, channels):
        super().__init__()
        layers = int(torch.ones(3).sum().item())
        self.convs = nn.Sequential(*(nn.Conv2d(channels, channels, 1) for _ in range(layers)))
    def forward(self, x):
        return self.convs(x)


class Cuda(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)
    def forward(self, x):
        return self.conv(x) * torch.ones(1).cuda()


class CudaWhenBuilt(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1).cuda()
    def forward(self, x):
        return self.conv(x)


class Volume(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv3d(channels, channels, 1)
    def forward(self, x):
        return self.conv(x)


class Needy(nn.Module):
    def __init__(self, channels):
        super().__init__()
    def forward(self, x):
        from package_of_nobody.layers import rearrange
        return rearrange(x)


class Windows(nn.Module):
    """Of 7 x 7 pixels."""
    def __init__(self, channels):
        super().__init__()
        self.mix = nn.Linear(channels, channels)
    def forward(self, x):
        batch, channels, height, width = x.shape
        windows = x.view(batch, channels, height // 7, 7, width // 7, 7)
        return self.mix(windows.movedim(1, -1)).movedim(-1, 1).reshape(x.shape)


class TokenWindows(nn.Module):
    """Of 5 tokens by 5, of a square map."""
    def __init__(self, channels):
        super().__init__()
        self.mix = nn.Linear(channels, channels)
    def forward(self, x):
        batch, length, channels = x.shape
        side = int(length**0.5)
        if side % 5:
            raise ValueError(f"{side} is no multiple of 5")
        return self.mix(x)


class Timed(nn.Module):
    """Takes a vector beside the map."""
    def __init__(self, channels):
        super().__init__()
        self.shift = nn.Linear(512, channels)
    def forward(self, x, step):
        return x + self.shift(step)[..., None, None]


class Joined(nn.Module):
    def __init__(self, channels):
        super().__init__()
    def forward(self, x):
        return torch.cat(x, 1)


class Mismatched(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels + 1, channels, 1)
    def forward(self, x):
        return self.conv(x)


class Picky(nn.Module):
    def __init__(self, channels):
        super().__init__()
    def forward(self, x):
        raise ValueError("not\\ntoday")
'''


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """The location of a class of the file above: 'PATH:' before its name."""
    path = tmp_path_factory.mktemp("calling") / "called_modules.py"
    path.write_text(MODULES)
    return f"{path}:"


@pytest.fixture
def counted(mine, tmp_path, monkeypatch, capsys):
    """The rows of ``attnprof count`` for classes of the file, counted in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attnprof.cli._worker.start_worker", Counting)

    def rows(*names, points="64@28", options=()):
        modules = [f"{mine}{name}" for name in names]
        for module in modules:
            user_import.load(module.partition("(")[0])
        line = ["count", "-m", ",".join(modules), "--points", points, "--format", "csv", *options]
        main(line)
        return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    return rows


def case_of(mine, name, channels=64, height=28, width=28, **more):
    user_import.load(f"{mine}{name}")
    hyperparameters = more.pop("hyperparameters", {})
    return Case(f"{mine}{name}", channels, height, width, hyperparameters, **more)


L = 28 * 28
# Params and MACs at 64@28 by hand: weights and biases; a weight at each position, and two products of attention.
MIXER = 64 * 192 + 192 + 64 * 64 + 64, L * 256 * 64 + 2 * L * L * 64
REDUCED = (
    3 * 64 * 64 + 192 + 256 * 64 + 64,
    L * 64 * 64 + L // 4 * (256 * 64 + 128 * 64) + 2 * L * (L // 4) * 64,
)
FUSION = 2 * 64 * 16 + 80, 2 * L * 64 * 16
KINDS = {
    "Mixer": (*MIXER, "takes (N, L, C): the map is given as 1x784x64"),
    "Reduced": (*REDUCED, "takes (N, L, C): the map is given as 1x784x64, H=28, W=28"),
    "ReducedBySize": (*REDUCED, "takes (N, L, C): the map is given as 1x784x64, size=(28, 28)"),
    "Cross": (
        4 * 64 * 128 + 448, L * 4 * 64 * 128 + 2 * L * L * 128,
        "takes queries, keys and values: each is given the map as (N, L, C), 1x784x64",
    ),
    "Fusion": (*FUSION, "takes x and residual: each is given the map"),
    "Named": (*FUSION, "takes x and skip: each is given the map"),
    "Masked": (*MIXER, "takes (N, L, C): the map is given as 1x784x64, mask=None"),
    "ChannelsLast": (64 * 64 + 192, L * 64 * 64, "takes (N, H, W, C): the map is given as 1x28x28x64"),
    "AnyPositions": (64 * 64 + 64, L * 64 * 64, "takes (N, H, W, C): the map is given as 1x28x28x64"),
    "Rows": (3 * 64 * 64 + 64, 3 * L * 64 * 64, "takes (N, C, L): the map is given as 1x64x784"),
    "Sequence": (*MIXER, "takes (L, N, C): the map is given as 784x1x64"),
    "SequenceByHand": (
        64 * 192 + 192, L * 192 * 64 + 2 * L * L * 64, "takes (L, N, C): the map is given as 784x1x64",
    ),
    "Pair": (64 * 64 + 64, L * 64 * 64, "gives a tuple: the first map in it counts"),
    "Listed": (64 * 64 + 64, L * 64 * 64, "gives a list: the first map in it counts"),
    "Keyed": (64 * 64 + 64, L * 64 * 64, "gives a dict: the first map in it counts"),
    "Lazy": (64 * 64 + 3 * 64, L * 64 * 64, ""),
    "LazyTokens": (64 * 64 + 64, L * 64 * 64, "takes (N, L, C): the map is given as 1x784x64"),
}  # fmt: skip


def test_each_is_called_as_it_wants_to_be_counted_to_the_digit_and_its_row_says_how(counted):
    rows = counted(*KINDS)
    figures = [(int(row["params"]), int(row["macs"]), row.get("remarks", "")) for row in rows]
    assert dict(zip(KINDS, figures, strict=True)) == KINDS
    assert {row["output_shape"] for row in rows} == {"1x64x28x28"}
    assert {row["status"] for row in rows} == {"ok"}


OF_ANOTHER_SHAPE = {
    "GateOfChannels": "gives 1x64x1x1: a gate, not applied; gate=true multiplies the map by it",
    "GateOfPixels": "gives 1x1x28x28: a gate, not applied; gate=true multiplies the map by it",
    "Halved": "gives 1x32x28x28",
    "Strided": "gives 1x64x14x14",
    "Silent": "gives no tensor",
}


def test_a_row_says_that_a_module_gives_another_shape_and_what_a_gate_needs(counted):
    rows = counted(*OF_ANOTHER_SHAPE)
    assert [row["remarks"] for row in rows] == list(OF_ANOTHER_SHAPE.values())
    assert {row["flags"] for row in rows} == {"other-shape"}


def test_the_table_says_it_once_and_no_more(counted, mine, capsys):
    counted("Halved")
    main(["count", "-m", f"se,{mine}Halved,{mine}Mixer", "--points", "64@28"])
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("called_modules.py:Halved: gives 1x32x28x28") == 1
    assert printed.count("called_modules.py:Mixer: takes (N, L, C): the map is given as 1x784x64") == 1
    assert "other-shape" not in printed


def test_a_run_of_the_catalogue_alone_has_no_such_column(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attnprof.cli._worker.start_worker", Counting)
    main(["count", "-m", "se", "--points", "64@28", "--format", "csv"])
    assert "remarks" not in capsys.readouterr().out


def test_an_explanation_says_it_too(mine, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attnprof.running.inquiry.start_worker", Counting)
    user_import.load(f"{mine}GateOfTokens")
    main(["explain", f"{mine}GateOfTokens@64@28"])
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "Takes (N, L, C): the map is given as 1x784x64. Gives 1x64x1x1: a gate, not applied; gate=true"
        in printed
    )


def test_one_that_reads_values_is_explained_by_a_real_run(mine, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attnprof.running.inquiry.start_worker", Counting)
    user_import.load(f"{mine}TokenReader")
    main(["explain", f"{mine}TokenReader@64@28"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "counted on a real run, as values of the input are read" in printed
    assert "MACs 3 211 264" in printed


def test_a_gate_that_is_applied_gives_the_map(counted):
    rows = counted("GateOfChannels(gate=true)", "GateOfPixels(gate=true)", "GateOfTokens(gate=true)")
    assert [(row["output_shape"], row["flags"]) for row in rows] == [
        ("1x64x28x28", ""), ("1x64x28x28", ""), ("1x64x28x28", "tokens"),
    ]  # fmt: skip
    assert [int(row["macs"]) for row in rows] == [2 * 64 * 4, 98 * L, 64 * 64]


def test_tokens_that_are_to_lie_in_a_row_are_copied_where_they_do_not(counted):
    alone, batch = counted("FlatMixer")[0], counted("FlatMixer", options=("--batch", "2"))[0]
    assert alone["remarks"] == "takes (N, L, C): the map is given as 1x784x64"
    assert batch["remarks"] == "takes (N, L, C): the map is given as 2x784x64, a copy"
    assert int(batch["macs"]) == 2 * int(alone["macs"]) == 2 * L * 64 * 64


def test_a_check_says_how_a_module_was_called(mine, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attnprof.cli._worker.start_worker", Counting)
    user_import.load(f"{mine}GateOfPixels")
    (tmp_path / "attnprof.toml").write_text(
        f'[grid]\nmodules = ["{mine}GateOfPixels"]\npoints = ["64@28"]\n[budget]\nparams = "10k"\n'
    )
    assert main(["check", "attnprof.toml"]) == 0
    assert "GateOfPixels: gives 1x1x28x28: a gate, not applied" in " ".join(capsys.readouterr().out.split())


def test_attention_over_the_images_of_a_batch_is_said(counted):
    (row,) = counted("OverImages")
    assert row["remarks"].startswith("its attention goes over the images of a batch")


def test_one_that_reads_values_is_counted_on_a_real_run_in_the_way_that_fits(counted):
    rows = counted("Reader", "TokenReader")
    assert [(int(row["params"]), int(row["macs"])) for row in rows] == [(64 * 64 + 64, L * 64 * 64)] * 2
    assert [row["flags"] for row in rows] == ["real-run", "real-run tokens"]
    (built,) = counted("ReaderWhenBuilt")
    assert (int(built["params"]), built["status"]) == (3 * (64 * 64 + 64), "ok")


REFUSALS = {
    "Cuda": "calls .cuda() or names that device (called_modules.py:",
    "CudaWhenBuilt": "calls .cuda() or names that device (called_modules.py:",
    "Volume": "takes (N, C, D, H, W): attnprof count -m ",
    "Needy": "ModuleNotFoundError: No module named 'package_of_nobody'; it is neither installed, nor beside the file",
    "Timed": "takes x and step, other than a map each (--input x=1x64x28x28,step=... counts it); given a map",
    "Joined": "takes a list of maps: attnprof.cost(module, ([(1, 64, 28, 28), (1, 64, 28, 28)],)) counts it",
    "Mismatched": "given a map 1x64x28x28 and its tokens 1x784x64; the map: RuntimeError: ",
    "Picky": "ValueError: not",
}


def test_one_that_cannot_be_called_says_why_and_what_to_do(counted):
    rows = counted(*REFUSALS)
    assert [row["status"] for row in rows] == ["failed"] * len(rows)
    for row, says in zip(rows, REFUSALS.values(), strict=True):
        assert row["reason"].startswith(says)
        assert "\n" not in row["reason"]


def test_a_size_that_does_not_fit_is_answered_with_the_nearest_that_does(counted):
    (row,) = counted("Windows", points="64@27")
    assert row["status"] == "skipped"
    assert row["reason"].startswith("takes no map of 27x27 (")
    assert row["reason"].endswith("; 28x28 fits, as other multiples of 7 do")
    (row,) = counted("TokenWindows")
    says = (
        "takes no map of 28x28 (ValueError: 28 is no multiple of 5); 30x30 fits, as other multiples of 5 do"
    )
    assert (row["status"], row["reason"]) == ("skipped", says)


def test_where_channels_and_other_axes_are_of_one_size_the_layout_is_still_told(counted):
    takes = {
        "ChannelsLast": "(N, H, W, C)",
        "Mixer": "(N, L, C)",
        "Rows": "(N, C, L)",
        "Sequence": "(L, N, C)",
    }
    rows = counted(*takes, points="16@16,64@8,28@28,4@2,4@4x8")
    for row in rows:
        name = row["module"].rpartition(":")[2]
        assert row["remarks"].startswith(f"takes {takes[name]}: "), row["channels"]
    assert len(rows) == 4 * 5


def test_counted_and_measured_modules_are_called_alike_and_gradients_flow(mine):
    for name in KINDS:
        case = case_of(mine, name, channels=16, height=6, width=6, mode="train", batch=2)
        module = build(case, torch.device("cpu"))
        x = torch.randn(case.shape, requires_grad=True)
        y = module(x)
        assert tuple(y.shape) == case.shape == count(case).account.output_shape, name
        y.sum().backward()
        assert torch.isfinite(x.grad).all(), name
        assert all(p.grad is not None for p in module.parameters()), name


def test_a_module_of_ones_own_that_takes_maps_has_nothing_around_it(mine):
    assert type(build(case_of(mine, "Halved"), torch.device("meta"))).__name__ == "Halved"


sides, counts_of = st.integers(1, 9), st.integers(1, 4)


@given(layout=st.sampled_from(LAYOUTS), batch=counts_of, channels=counts_of, height=sides, width=sides)
@settings(deadline=None)
def test_a_map_comes_back_from_every_layout_as_it_was(layout, batch, channels, height, width):
    x = torch.randn(batch, channels, height, width)
    assert torch.equal(as_map(lay_out(x, layout), layout, (height, width)), x)


@given(batch=counts_of, height=sides, width=sides)
@settings(deadline=None, max_examples=25)
def test_adapters_equal_the_same_by_hand(mine, batch, height, width):
    torch.manual_seed(0)
    x = torch.randn(batch, 8, height, width)
    tokens, last = create(f"{mine}Mixer", 8), create(f"{mine}ChannelsLast", 8)
    rows, sequence = create(f"{mine}Rows", 8), create(f"{mine}Sequence", 8)
    one = (Slot("x", "map"),)
    flat = x.flatten(2)
    by_hand = {
        ("NLC", tokens): tokens(flat.transpose(1, 2)).transpose(1, 2).reshape(x.shape),
        ("NHWC", last): last(x.movedim(1, -1)).movedim(-1, 1),
        ("NCL", rows): rows(flat).reshape(x.shape),
        ("LNC", sequence): sequence(flat.permute(2, 0, 1)).permute(1, 2, 0).reshape(x.shape),
    }
    for (layout, module), expected in by_hand.items():
        torch.testing.assert_close(Adapted(module, Calling(layout, one))(x), expected)


@given(st.tuples(counts_of, st.integers(1, 600), sides, sides))
def test_in_a_telling_shape_the_channels_are_like_no_other_axis(shape):
    batch, channels, height, width = telling_shape(shape)
    assert channels == shape[1]
    assert channels not in (batch, height, width, height * width)
    assert batch != height * width


def test_what_one_gives_of_several_values_is_the_first_of_the_inputs_shape():
    class Several(nn.Module):
        def forward(self, x):
            return x.mean((2, 3)), {"gate": x[:, :1], "map": 2 * x}, 3 * x

    x = torch.randn(2, 4, 3, 5)
    assert torch.equal(Adapted(Several(), Calling(MAP, (Slot("x", "map"),)))(x), 2 * x)
