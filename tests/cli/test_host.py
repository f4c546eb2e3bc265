"""attnprof host: modules inside a network, next to the plain one."""

import csv
import io
import json
from pathlib import Path

import pytest

from attnprof.cli._main import main
from tests.subject import detector


def test_every_module_stands_next_to_the_plain_network(cli):
    done = cli("host", "mobilenetv2", "--insert", "se(reduction=24,bias=true),ca", "--no-latency")
    assert done.code == 0
    lines = [line.split("  ") for line in done.out.splitlines() if line]
    table = [
        [cell.strip() for cell in line if cell.strip()]
        for line in lines
        if not line[0].endswith((".", "25", "26"))
    ]
    assert table[-3][0] == "plain"
    assert "3\u202f888\u202f208" in table[-2]
    assert "3\u202f950\u202f648" in table[-1]
    assert done.out.startswith("mobilenetv2, 224x224 input, modules after_depthwise, batch 1")


def test_counters_of_others_stay_out(cli):
    done = cli("host", "resnet18", "--insert", "se", "--no-latency", "--format", "csv")
    found = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["fvcore_macs"] for row in found] == ["", ""]
    assert [row["host"] for row in found] == ["resnet18"] * 2
    assert found[1]["added_params"] == str(int(found[1]["params"]) - int(found[0]["params"]))
    assert found[0]["added_params"] == ""


def test_several_networks_are_told_apart(cli):
    done = cli("host", "resnet18,mobilenetv2", "--insert", "se", "--no-latency", "--res", "64")
    assert done.code == 0
    header, *table = [line.split() for line in done.out.splitlines() if line][-5:]
    assert header[:3] == ["network", "module", "place"]
    assert [line[:3] for line in table if line[1] != "plain"] == [
        ["mobilenetv2", "se", "after_depthwise"], ["resnet18", "se", "after_bn2"]
    ]  # fmt: skip


def test_a_module_that_does_not_fit_is_a_row_with_its_reason(cli):
    done = cli("host", "mobilenetv2", "--insert", "sk,se", "--no-latency", "--res", "64")
    assert done.code == 3  # it was asked for by name, at this one size
    assert "skipped [1]" in done.out
    assert "channels must be a multiple of the groups = 32" in " ".join(done.out.split())


def test_stages_can_be_swept(cli):
    done = cli("host", "resnet50", "--insert", "se", "--sweep-places", "--dry-run")
    assert done.out.splitlines()[1:] == [
        f"se in resnet50@224 after_bn3{stage}" for stage in ("", ":1", ":2", ":3", ":4")
    ]


def test_a_network_of_ones_own_takes_a_module_by_pattern(cli, tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "def small():\n"
        "    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.AdaptiveAvgPool2d(1))\n"
    )
    asked = (
        "--insert",
        "eca(kernel_size=3)",
        "--at",
        "0,2",
        "--no-latency",
        "--res",
        "32",
        "--format",
        "csv",
    )
    done = cli("host", f"{tmp_path}/nets.py:small", *asked)
    plain, *gated = csv.DictReader(io.StringIO(done.out))
    assert done.code == 0
    assert [row["place"] for row in gated] == ["after:0", "after:2"]
    assert [int(row["params"]) - int(plain["params"]) for row in gated] == [3, 3]
    assert [int(row["added_macs"]) for row in gated] == [3 * 8, 3 * 16]


def test_a_network_that_cannot_take_the_input_is_a_row_with_its_reason(cli, tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\ndef grey():\n    return nn.Sequential(nn.Conv2d(1, 8, 3))\n"
    )
    done = cli(
        "host", f"{tmp_path}/nets.py:grey", "--insert", "se", "--at", "*", "--no-latency", "--res", "32"
    )
    assert done.code == 3
    assert "skipped" in done.out
    assert "it takes 1 channel: --input 1x32x32" in " ".join(done.out.split())


def test_what_is_wrong_is_said_at_once_with_the_words_of_the_command(cli):
    done = cli("host", "resnet51", "--insert", "sse", "--at", "a..b", "--no-latency")
    assert done.code == 2
    assert "--insert: no module 'sse'" in done.err
    assert "NETWORK[0]: no network 'resnet51'. Did you mean 'resnet50'" in done.err
    assert "--at: 'a..b' is not a place" in done.err
    assert "3 problems, nothing was measured." in done.err


def test_a_place_that_is_not_there_is_answered_with_the_nearest(cli):
    done = cli("host", "resnet50", "--insert", "se", "--at", "after_bn", "--no-latency")
    assert done.code == 2
    assert done.err.startswith("error: ResNet-50 v1.5 has no place 'after_bn'. Did you mean 'after_bn3'")


def test_a_spec_file_here_does_not_make_the_networks_input(cli, tmp_path):
    (tmp_path / "attnprof.toml").write_text('[grid]\npoints = ["64@7"]\nres = [7]\nbatch = 2\n')
    done = cli("host", "resnet18", "--insert", "se", "--dry-run")
    assert done.out.splitlines() == ["none in resnet18@224 batch 2", "se in resnet18@224 after_bn2 batch 2"]


def test_each_batch_has_its_plain_network(cli):
    done = cli("host", "resnet18", "--insert", "se", "--batch", "1,8", "--dry-run")
    assert done.out.splitlines() == [
        "none in resnet18@224",
        "se in resnet18@224 after_bn2",
        "none in resnet18@224 batch 8",
        "se in resnet18@224 after_bn2 batch 8",
    ]


def test_a_budget_over_the_plain_network_can_be_asked_of_it(cli, tmp_path):
    cli("host", "resnet50", "--insert", "se,eca,gc", "--no-latency", "-o", "kept", "--res", "64")
    done = cli("pick", "kept", "--budget", "params<=1.01x:none", "--rank", "params", "--format", "json")
    assert done.code == 0
    assert "eca" in done.out
    assert main(["pick", "kept", "--budget", "params<=0.5x:none", "--rank", "params"]) == 1


def test_a_choice_can_be_narrowed_to_a_network(cli):
    cli("host", "resnet18,mobilenetv2", "--insert", "se,gc,sk", "--no-latency", "-o", "kept", "--res", "64")
    asked = ("pick", "kept", "--budget", "macs<=1.03x:none", "--rank", "params", "--format", "json")
    both, one = (json.loads(cli(*asked, *more).out) for more in ((), ("--at", "resnet18")))
    assert both["points"] == ["resnet18@64", "mobilenetv2@64"]
    assert one["points"] == ["resnet18@64"]
    assert {each["module"] for each in one["chosen"]} == {"se", "gc", "sk"}
    names = {each["module"] for each in both["chosen"]}
    assert "se" in names
    assert "sk" not in names  # it does not fit into the other network
    assert json.loads(cli(*asked, "--at", "resnet18@64").out)["chosen"] == one["chosen"]
    wrong = cli(*asked, "--at", "resnet50")
    assert wrong.err == "error: --at: 'resnet50' was not measured. There are: resnet18@64, mobilenetv2@64\n"


def test_a_run_is_finished_as_it_was_begun(cli):
    cli("host", "resnet18", "--insert", "se", "--no-latency", "-o", "kept", "--res", "32")
    done = cli("host", "--resume", "kept")
    assert done.code == 0
    assert "2 of 2 cells have figures from before" in done.err
    for words, says in (
        (("resnet18",), "NETWORK"),
        (("--insert", "se"), "--insert"),
        (("--stages",), "--stages"),
    ):
        done = cli("host", *words, "--resume", "kept")
        assert done.code == 2
        assert (
            done.err == f"error: {says} cannot be changed by --resume, which finishes a run as it was begun\n"
        )


def test_what_it_takes_is_asked_for(cli):
    assert "missing argument 'NETWORK'" in cli("host", "--insert", "se").err
    assert "missing option '--insert'" in cli("host", "resnet18").err


@pytest.mark.slow
def test_a_run_inside_a_network_is_measured_and_shown_again(command, tmp_path):
    done = command(
        "host", "mobilenetv2", "--insert", "eca", "--res", "32", "--quality", "quick", "--time-budget", "5s", "--device", "cpu", "-o", "kept",
        "--metrics", "latency", "--format", "json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    plain, eca = json.loads(done.stdout)["rows"]
    assert eca["added_latency_s"] == eca["latency_s"] - plain["latency_s"]
    again = command("table", "kept", cwd=tmp_path)
    assert "plain" in again.stdout
    assert "latency +%" in again.stdout


GATE = """
from torch import nn
class OfChannels(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)
    def forward(self, x):
        return self.conv(x.mean((2, 3), keepdim=True)).sigmoid()
def network():
    return nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU())
"""


def test_a_gate_is_refused_until_it_is_to_be_applied(cli, tmp_path):
    (tmp_path / "my_gates.py").write_text(GATE)
    modules = "my_gates.py:OfChannels,my_gates.py:OfChannels(gate=true)"
    options = ["--at", "after:0", "--res", "32", "--no-latency", "--format", "csv"]
    done = cli("host", "my_gates.py:network", "--insert", modules, *options)
    plain, refused, gated = csv.DictReader(io.StringIO(done.out))
    assert refused["status"] == "skipped"
    assert "gives 1x16x1x1 for a map of 1x16x16x16: a gate, and not yet applied" in refused["reason"]
    assert int(gated["params"]) - int(plain["params"]) == 16 * 16
    assert int(gated["macs"]) - int(plain["macs"]) == 16 * 16


def test_a_network_that_reads_values_is_compared_with_the_plain_one(cli):
    options = ["--at", "after:model.4", "--res", "64", "--no-latency", "--format", "csv"]
    done = cli("host", f"{detector.__file__}:Detector", "--insert", "se", *options)
    plain, gated = csv.DictReader(io.StringIO(done.out))
    assert done.code == 0
    assert (int(plain["params"]), int(plain["macs"])) == (detector.PARAMS, detector.MACS)
    # 64 channels at the place: two linear layers of 64 x 4.
    assert (int(gated["params"]), int(gated["macs"])) == (detector.PARAMS + 512, detector.MACS + 512)
    assert {row["remarks"] for row in (plain, gated)} == {
        "reads values: built on the CPU, and counted from shapes and what it holds"
    }
    assert "se: reads values: built on the CPU" in " ".join(cli("table").out.split())


GREY = """
from torch import nn
def grey():
    return nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 8, 1))
"""


@pytest.fixture
def grey(tmp_path):
    """The words that put se into a network of one channel, on meta."""
    (tmp_path / "grey_nets.py").write_text(GREY)
    return ("host", "grey_nets.py:grey", "--insert", "se", "--at", "after:0", "--no-latency")


def test_a_network_of_one_channel_takes_an_input_of_one(cli, grey):
    done = cli(*grey, "--input", "1x98x64", "--format", "csv")
    plain, gated = csv.DictReader(io.StringIO(done.out))
    assert done.code == 0
    assert {(row["channels"], row["network_input"], row["batch"]) for row in (plain, gated)} == {
        ("1", "1x98x64", "1")
    }
    assert int(plain["macs"]) == 98 * 64 * (32 * 9 + 8 * 32)
    assert int(gated["macs"]) - int(plain["macs"]) == 128
    assert cli(*grey, "--input", "1x98x64").out.startswith("grey_nets.py:grey, 1x98x64 input, ")
    listing = cli(*grey, "--input", "1x98x98", "--dry-run").out
    assert listing.splitlines()[0] == "none in grey_nets.py:grey@1x98x98"


def test_an_input_may_have_its_batch(cli, grey):
    done = cli(*grey, "--input", "4x1x32x32", "--format", "csv")
    plain, _ = csv.DictReader(io.StringIO(done.out))
    assert (plain["batch"], plain["network_input"]) == ("4", "1x32x32")
    assert int(plain["macs"]) == 4 * 32 * 32 * (32 * 9 + 8 * 32)


def test_an_input_of_three_channels_is_named_by_its_size(cli):
    done = cli("host", "resnet18", "--insert", "se", "--input", "3x64x96", "--dry-run")
    assert done.out.splitlines()[0] == "none in resnet18@64x96"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--input", "1x98x98", "--res", "98"), "--input 1x98x98 and --res: the input says both"),
        (("--input", "2x1x98x98", "--batch", "2"), "--input 2x1x98x98 and --batch: the input says both"),
        (("--input", "1x98x98,mask=98x98"), "is called with one map; name a class of yours"),
        (("--input", "98"), "write CxHxW, as in 1x98x98, or NxCxHxW"),
        (("--input", "int64:1x98x98"), "the numbers are of --dtype"),
        (("--input", "1x1x8x98x98"), "write CxHxW, as in 1x98x98, or NxCxHxW"),
        (("--input", "1xax98"), "input '1xax98' is not understood"),
        (("--input", "1x0x98"), "0x98 is not a size"),
    ],
)
def test_an_input_that_is_none_says_why(cli, grey, words, says):
    done = cli(*grey, *words)
    assert done.code == 2
    assert says in done.err


def test_an_input_stays_with_a_run(cli, grey):
    cli(*grey, "--input", "1x32x32", "-o", "kept")
    assert '"1@32"' in Path("kept/spec.toml").read_text()
    done = cli("host", "--resume", "kept")
    assert (done.code, "2 of 2 cells have figures from before" in done.err) == (0, True)
    assert cli("host", "--resume", "kept", "--input", "1x64x64").code == 2


def test_another_counter_is_asked_where_it_is_named(cli, grey):
    done = cli(*grey, "--input", "1x32x32", "--counters", "flopcounter,fvcore", "--format", "csv")
    for row in csv.DictReader(io.StringIO(done.out)):
        assert row["flopcounter_macs"] == row["macs"]
        assert int(row["fvcore_macs"]) >= int(row["macs"])


def test_a_counter_that_differs_names_no_command_that_takes_no_network(cli, grey):
    cli(*grey, "--insert", "ca", "--input", "1x32x32", "--counters", "fvcore", "-o", "kept")
    notes = Path("kept/records.jsonl").read_text()
    assert "ours is " in notes
    assert "attnprof explain" not in notes


def test_a_size_that_a_network_cannot_take_is_a_row_that_says_which_it_can(cli, tmp_path):
    (tmp_path / "nets.py").write_text(HALVING)
    words = ("host", "nets.py:Halving", "--insert", "se", "--at", "stem", "--no-latency")
    refused = cli(*words, "--res", "98", "--format", "csv")
    assert refused.code == 3
    for row in csv.DictReader(io.StringIO(refused.out)):
        assert row["status"] == "skipped"
        assert "a multiple of 4: --input 3x96x96 or 3x100x100" in row["reason"]
    assert cli(*words, "--input", "3x100x100").code == 0


HALVING = """
import torch
from torch import nn
from torch.nn.functional import interpolate
class Halving(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 1)
        self.down = nn.MaxPool2d(4)
    def forward(self, x):
        x = self.stem(x)
        return x + interpolate(self.down(x), scale_factor=4)
"""
