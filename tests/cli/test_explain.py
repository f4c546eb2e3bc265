"""attnprof explain and list --formula: what a person reads at 80 columns, what a program reads, and what
mistakes get."""

import json
import re
import sys

import pytest

from attnprof.catalogue import entry
from attnprof.errors import EnvironmentProblem
from attnprof.explaining.explanation import Form, FormPiece, TreeNode
from attnprof.explaining.kernels import KernelReport, KernelUse
from attnprof.formats import FORMATS, Look
from attnprof.running.client import WorkerGone
from attnprof.running.protocol import CompareRequest, ExplainRequest, KernelsResponse
from attnprof.runtimes import RUNTIMES
from attnprof.views.closed_forms import document
from attnprof.views.operator_tree import tree
from attnprof.views.other_counters import ratio
from attnprof.views.polynomials import written

# thop imports distutils, whose versions are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning")

GATE = """
from torch import nn


class Gate(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.fc = nn.Conv2d(channels, channels // reduction, 1)
        self.back = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        return x * self.back(self.fc(x.mean((2, 3), keepdim=True)).relu()).sigmoid()


class Broken(nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        return x.view(3, 5)
"""


def plain(text):
    return text.replace("\u202f", " ")


@pytest.mark.parametrize("target", ["nonlocal@64@56", "mhsa@256@28", "eca@64@56"])
def test_a_page_has_the_counts_the_tree_and_the_counters_in_80_columns(cli, target):
    done = cli("explain", target, "--formula")
    assert (done.code, done.err) == (0, "")
    name, channels, side = target.split("@")
    known, text = entry(name), plain(done.out)
    size = (int(channels), int(side), int(side))
    assert f"{name} - {known.name}" in text
    for title, count in (("params", known.params(*size)), ("MACs", known.macs(*size))):
        assert re.search(rf"^{title} +{count:,}".replace(",", " "), text, re.MULTILINE)
    for counter in ("attnprof", "fvcore", "thop", "FlopCounterMode"):
        assert re.search(rf"^  {counter} +\d", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 80


def test_the_shares_of_a_tree_add_up_to_100_per_cent_at_every_level(cli):
    lines = cli("explain", "danet@64@28").out.splitlines()
    start = next(n for n, line in enumerate(lines) if "grows with" in line)
    rows = [line for line in lines[start + 1 : lines.index("", start)]]
    found = [
        (len(row) - len(row.lstrip()), int(round(10 * float(re.search(r"([\d.]+) %", row)[1]))))
        for row in rows
    ]
    assert found[0] == (0, 1000)
    for n, (depth, share) in enumerate(found):
        below = []
        for deeper, part in found[n + 1 :]:
            if deeper <= depth:
                break
            if deeper == depth + 2:
                below.append(part)
        assert not below or sum(below) == share


def part(name, flops, kind="", parts=()):
    return TreeNode(name, kind, 0, 0, flops, 8, "C", parts=tuple(parts))


def test_shares_that_all_round_down_still_add_up():
    thirds = [part(f"aten.op{n}.default", 1) for n in range(3)]
    text, _ = tree(part("", 3, "Gate", thirds), Look())
    assert re.findall(r"([\d.]+) %", text) == ["100.0", "33.4", "33.3", "33.3"]


def test_what_has_no_flops_has_no_share():
    text, _ = tree(part("", 5, "Gate", [part("aten.clone.default", 0), part("aten.mul.Tensor", 5)]), Look())
    assert re.search(r"clone +0 +0 +8 B +C$", text, re.MULTILINE)


def test_a_narrow_terminal_gets_fewer_columns():
    parts = [part("aten.scaled_dot_product_attention.default", 12345), part("aten.mul.Tensor", 5)]
    for width in (80, 60, 50, 40):
        text, dropped = tree(part("", 12350, "AttentionOfSomeLongName", parts), Look(width=width))
        assert max(map(len, text.splitlines())) <= width
        assert "grows with" in text
        assert ("params" in dropped) == (width < 80)


def test_a_terminal_has_guides_and_a_pipe_has_indentation(terminal, cli, tmp_path):
    shown = terminal("explain", "cbam@64@14", cwd=tmp_path, columns=55)
    assert shown.code == 0
    assert max(map(len, shown.text.splitlines())) <= 55
    assert "├─ " in shown.text
    assert "└─ " in shown.text
    assert re.search(r"columns hidden \(narrow terminal\): params.*--format csv", shown.err)
    piped = cli("explain", "cbam@64@14").out
    assert "─" not in piped
    assert re.search(r"^  \w+: ", piped, re.MULTILINE)
    assert "\x1b" not in piped


def test_json_has_every_figure_exact_and_its_operators(cli):
    found = json.loads(cli("explain", "nonlocal@16@14", "--format", "json", "--formula").out)
    assert found["tree"]["macs"] == entry("nonlocal").macs(16, 14, 14)
    assert sum(found["flops"].values()) == found["tree"]["flops"]
    assert found["case"]["module"] == "nonlocal"
    assert [each["counter"] for each in found["counters"]] == ["FlopCounterMode", "fvcore", "thop"]
    for each in found["counters"]:
        assert each["macs"] - found["tree"]["macs"] == sum(part["macs"] for part in each["differences"])
    assert [form["quantity"] for form in found["forms"]] == ["params", "MACs", "FLOPs"]
    assert found["forms"][0]["pieces"][0]["where"] == "C even"


def test_formulas_come_with_the_sizes_for_which_they_hold(cli):
    text = cli("explain", "se@64@14", "--formula").out
    assert re.search(
        r"params +C\^2/8 +for C a multiple of 16\n +elsewhere other polynomials, as at 65@14", text
    )
    assert re.search(r"FLOPs .*H W", text)
    assert re.search(
        r"MACs +2 C H W \(H W \+ 2 C\) +for every size it takes",
        cli("explain", "mhsa@64@14", "--formula").out,
    )


def test_a_long_formula_is_broken_before_a_sign_and_its_condition_follows():
    piece = FormPiece("(H W)^2 (C/2 + 5/4) - H W (H + W) (C/2 + 5/4) + C^2", "C even; H, W odd", 27, 32)
    forms = [Form("FLOPs", (piece,), ("65@56",), ("64@7",))]
    assert written(forms, 50).splitlines()[1:6] == [
        "  FLOPs  (H W)^2 (C/2 + 5/4)",
        "           - H W (H + W) (C/2 + 5/4) + C^2",
        "           for C even; H, W odd",
        "         elsewhere other polynomials, as at 65@56",
        "         none found at 64@7",
    ]
    assert written(forms, 30).splitlines()[1:5] == [
        "  FLOPs  (H W)^2 (C/2 + 5/4)",
        "           - H W (H + W) (C/2",
        "           + 5/4) + C^2",
        "           for C even; H, W",
    ]


def test_verify_says_that_the_shapes_agree(cli):
    assert (
        "verified: the shapes of all 4 operators are those of torch's own kernels."
        in cli("explain", "eca@64@14", "--verify").out
    )


def test_verify_that_finds_a_difference_says_it_and_exits_with_1(cli, monkeypatch):
    from attnprof.counting import account

    def disagrees(module, shape, dtype, *, verify=False, **how):
        if verify:
            raise AssertionError("aten.mean.dim: our shape function gives (1, 65), torch (1, 64)")
        return account(module, shape, dtype, **how)

    monkeypatch.setattr("attnprof.subject.counts.account", disagrees)
    done = cli("explain", "eca@64@14", "--verify")
    assert done.code == 1
    assert "not verified: aten.mean.dim: our shape function gives (1, 65), torch (1, 64)" in done.out


def test_backward_is_explained_too_and_the_counters_are_asked_for_forward(cli):
    text = cli("explain", "se@64@14", "--train").out
    assert "train: forward + backward" in text
    assert "mm backward" in text
    assert "of the forward pass in eval\n  attnprof         512" in text


def test_a_module_of_the_users_own_is_explained(cli, tmp_path):
    (tmp_path / "mine.py").write_text(GATE)
    text = cli("explain", "mine.py:Gate@64@56", "--formula").out
    assert text.startswith("mine.py:Gate\n1x64x56x56, fp32, eval")
    assert "  fc: Conv2d" in text
    assert re.search(r"MACs +C\^2/2 +for C a multiple of 4", text)


def test_a_variant_is_explained_under_its_settings(cli):
    assert cli("explain", "cbam(reduction=8)@64@14x20").out.startswith("cbam(reduction=8) - Conv")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["se"], r"'se' has no size; write se@64@56 or se@256@28x40"),
        (["se@64"], r"'se@64' has no size; write se@64@56 .*"),
        (["@64@56"], r"'@64@56' has no size; write .*"),
        (["cbma@64@56"], r"no module 'cbma'\. Did you mean 'cbam'.*"),
        (["psa-p@64@56"], r"no module 'psa-p'\. See polarized, Polarized Self-Attention: .*"),
        (["se@64@0"], r"se@64@0: 0 is not a size; write 56 or 28x40 \(1\.\.8192\)"),
        (["se@x@56"], r"se@x@56: x is not a number of channels \(1\.\.8192\)"),
        (["family:channel@64@56"], r"'family:channel' stands for several modules; explain takes one"),
        (["mhsa@65@56"], r"mhsa@65@56 - .*multiple of 64.*; nearest 64, 128"),
        (["srm@64@56", "--train"], r"srm@64@56 - training needs a batch of more than one.*"),
        (["se@64@56", "--batch", "0"], r"--batch: 0 is not a batch \(1\.\.65536\)"),
        (["se@64@56", "--batch", "1,8"], r"--batch: explain takes one, not 1 and 8"),
        (["se(reductoin=8)@64@56"], r"se has no hyperparameter 'reductoin'\. Did you mean 'reduction'\?"),
        (["mine.py:Gat@64@56"], r"mine\.py:Gat: mine\.py has no class or function 'Gat'\. Did you mean 'Gate'\?"),
        (["mine.py:Broken@64@56"], r"mine\.py:Broken@64@56: RuntimeError: .*"),
        (["nowhere.py:Gate@64@56"], r"nowhere\.py:Gate: cannot import nowhere\.py: no such file\."),
        (["se@64@56", "--format", "xml"], r".*'xml'.*"),
        (["se@64@56", "--threads", "2"], r"--threads goes with --kernels: .*"),
        (["se@64@56", "--channels-last"], r"--channels-last goes with --kernels: .*"),
        (["se@64@56", "--kernels", "--formula"], r"--formula is about counts, and --kernels measures: .*"),
        (["mine.py:Gate", "--kernels", "--input", "1x3x8x8"], r"--input is about counts, .*"),
        (["se@64@56", "--runtime", "eager", "--verify"], r"--verify is about counts, and --runtime measures: .*"),
        (["se@64@56", "--runtime", "eager,compiled"], r"--runtime: explain is of one runtime, not of eager and compiled"),
        (["se@64@56", "--runtime", "onnx"], r"--runtime: no runtime 'onnx'. .*"),
        (["mine.py:Gate", "--dtype", "bf16", "--input", "1x3x8x8"], r"--dtype goes with NAME@C@HxW: .*"),
        (["mhsa@65@56", "--kernels"], r"mhsa@65@56 - .*multiple of 64.*; nearest 64, 128"),
        (["se@64@56", "--kernels", "--device", "tpu"], r"--device: no device 'tpu'; .*"),
        (["se@64@56", "--kernels", "--batch", "1,8"], r"--batch: explain takes one, not 1 and 8"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_line_and_exit_code_2(cli, tmp_path, arguments, says):
    (tmp_path / "mine.py").write_text(GATE)
    done = cli("explain", *arguments)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(f"error: {says}\n", done.err)


class Dies:
    """A worker that is lost over one question, and a fresh one after it."""

    over: tuple[type, str]

    def __init__(self, setup):
        from tests.cli.conftest import Counting

        self.inner, self.environment, self.lost = Counting(setup), {}, False

    def send(self, request):
        self.lost = (type(request), getattr(request, "counter", "")) == self.over
        if not self.lost:
            self.inner.send(request)

    def receive(self, timeout):
        if self.lost:
            raise WorkerGone("crashed", "the worker was killed by SIGSEGV")
        return self.inner.receive(timeout)

    def kill(self):
        pass


def test_a_counter_that_crashes_is_a_line_and_the_others_are_asked(cli, monkeypatch):
    monkeypatch.setattr(Dies, "over", (CompareRequest, "fvcore"), raising=False)
    monkeypatch.setattr("attnprof.running.inquiry.start_worker", Dies)
    done = cli("explain", "se@64@14")
    assert done.code == 0
    assert re.search(r"fvcore +failed: the worker was killed by SIGSEGV\n +thop +512 +=", done.out)


def test_a_module_that_takes_the_worker_down_is_a_mistake_of_one_line(cli, monkeypatch):
    monkeypatch.setattr(Dies, "over", (ExplainRequest, ""), raising=False)
    monkeypatch.setattr("attnprof.running.inquiry.start_worker", Dies)
    done = cli("explain", "se@64@14")
    assert (done.code, done.err) == (2, "error: se@64@14: the worker was killed by SIGSEGV\n")


class Traces:
    """A worker on a device, which answers what it is asked about kernels."""

    setups, requests = [], []
    device = "cuda:0"

    def __init__(self, setup):
        self.setups.append(setup)
        self.environment = {"device": self.device, "device_name": "Test GPU", "threads": setup.threads}

    def send(self, request):
        self.requests.append(request)

    def receive(self, timeout):
        relu = KernelUse("relu", 1.0, 2e-6, (1e-6, 3e-6))
        return KernelsResponse(KernelReport("kernel", (relu,), relu, 32, "median", "", None))

    def kill(self):
        pass


CONDITIONS = ("--device", "cuda", "--batch", "8", "--dtype", "bf16", "--train", "--hot")


def test_kernels_are_those_of_the_case_and_the_device_that_the_options_mean(cli, monkeypatch):
    monkeypatch.setattr("attnprof.running.inquiry.start_worker", Traces)
    done = cli("explain", "se@64@56", "--kernels", *CONDITIONS)
    assert (done.code, done.err) == (0, "")
    assert re.search(r"relu +1 +2\.00 µs ± 50 % +100 %", done.out)
    assert "cuda:0 (Test GPU, 1 thread), one input, hot in cache" in done.out
    setup, request = Traces.setups[-1], Traces.requests[-1]
    case = request.case
    assert setup.device == "cuda"
    assert (case.device, case.batch, case.dtype, case.mode, case.inputs) == (
        "cuda",
        8,
        "bf16",
        "train",
        "hot",
    )


def test_nodes_are_those_of_the_runtime_that_is_named(cli, monkeypatch):
    monkeypatch.setattr("attnprof.running.inquiry.start_worker", Traces)
    monkeypatch.setattr(type(RUNTIMES.get("openvino")), "unavailable", lambda self: "")
    monkeypatch.setattr(Traces, "device", "cpu")
    assert cli("explain", "se@64@56", "--runtime", "openvino").code == 0
    assert Traces.requests[-1].case.execution == "openvino"


def test_nodes_of_a_runtime_that_is_not_installed_are_answered_with_how_to(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    done = cli("explain", "se@64@56", "--runtime", "onnxruntime")
    assert (done.code, done.out) == (4, "")
    assert done.err.endswith("needs onnxruntime: pip install 'attnprof[onnxruntime]'\n")


def test_a_device_that_is_not_there_is_the_environments_fault(cli, monkeypatch):
    def refuse(setup):
        raise EnvironmentProblem("no CUDA device: torch is a CPU build")

    monkeypatch.setattr("attnprof.running.inquiry.start_worker", refuse)
    done = cli("explain", "se@64@56", "--kernels", "--device", "cuda")
    assert (done.code, done.out) == (4, "")
    assert "no CUDA device" in done.err


def test_counts_are_of_the_number_format_that_is_wanted(cli):
    whole, half = (cli("explain", "se@64@14", "--dtype", dtype).out for dtype in ("fp32", "bf16"))
    assert ("fp32, eval" in whole, "bf16, eval" in half) == (True, True)
    assert ("at least 100 KiB" in whole, "at least 50.0 KiB" in half) == (True, True)


@pytest.mark.parametrize(
    ("theirs", "ours", "text"),
    [
        (1000, 1000, "="),
        (1002, 1000, "1.002x"),
        (100_001, 100_000, "1.00001x"),
        (999, 1000, "0.999x"),
        (1, 3, "0.333x"),
        (200_896, 192, "1046x"),
        (256, 0, ""),
        (0, 0, "="),
        (0, 5, "0x"),
    ],
)
def test_a_ratio_near_one_has_the_digits_that_tell_it_from_one(theirs, ours, text):
    assert ratio(theirs, ours) == text


def test_list_formula_is_a_table_with_conditions(cli):
    lines = cli("list", "se,mhsa", "--formula").out.splitlines()
    assert re.split(r"  +", lines[0]) == ["module", "params", "MACs", "FLOPs", "for"]
    assert re.split(r"  +", lines[1])[:3] == ["se", "C^2/8", "C^2/8"]
    assert lines[1].endswith("C a multiple of 16")
    assert "2 C H W (H W + 2 C)" in lines[2]


def test_list_formula_as_markdown_sets_formulas_as_code(cli):
    lines = cli("list", "se", "--formula", "--format", "md").out.splitlines()
    assert lines[0] == "| module | params | MACs | FLOPs | for |"
    assert lines[2].startswith("| se | `C^2/8` | `C^2/8` | `")


def test_list_formula_around_a_size_that_a_module_does_not_take_says_so(cli):
    assert (
        "not at 8@56: channels must be at least the reduction = 16"
        in cli("list", "se", "--formula", "--at", "8@56").out
    )


def test_formulas_that_do_not_fit_have_a_few_lines_for_each_module():
    rows = [["se", "C^2/8", "C^2/8", "C (2 H W + C/4 + 17/16)", "C a multiple of 16"]]

    def as_text(width):
        return FORMATS.get("text").write(document(rows), Look(width)).text

    assert as_text(40).splitlines() == [
        "se",
        "  params  C^2/8",
        "  MACs    C^2/8",
        "  FLOPs   C (2 H W + C/4 + 17/16)",
        "  for     C a multiple of 16",
    ]
    assert len(as_text(200).splitlines()) == len(as_text(None).splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--at", "8@8"], r"--at goes with --formula"),
        (["--formula", "--at", "8"], r"--at: '8' is not a point; write 64@56 or 256@28x40"),
    ],
)
def test_list_takes_the_options_of_formulas_only_with_formulas(cli, arguments, says):
    done = cli("list", "se", *arguments)
    assert (done.code, done.out, done.err) == (2, "", f"error: {says}\n")
