"""attnprof export: the files, what they say of themselves, that they compute what torch does, and what
mistakes get."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from attnprof.exporting import KINDS, ExportReport, Port, example_of
from attnprof.exporting import torch as torch_files
from attnprof.runtimes import RUNTIMES
from attnprof.worker import server

GATES = """
import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        return x * x.mean((2, 3), keepdim=True).sigmoid()
"""
REPORT = ExportReport(
    (Port("x", (1, 16, 7, 7)),), (Port("mul", (1, 16, 7, 7)),), {"Mul": 2, "Add": 1}, 20, 1e-7
)


@pytest.fixture
def exporting(cli, tmp_path, monkeypatch):
    """``attnprof export`` with a worker that writes empty files: its result, and what the worker was asked."""

    def write(case, kind, path, opset):
        for file in (*map(path.with_suffix, KINDS[kind].suffixes), example_of(path)):
            file.write_bytes(b"new")
        questions.append((case, kind, path, opset))
        return REPORT

    def run(*arguments):
        return cli("export", *arguments), questions[-1]

    questions = []
    monkeypatch.setattr(server, "export", write)
    monkeypatch.setattr(type(RUNTIMES.get("eager")), "unavailable", lambda self: "")
    return run


def require_installed(name):
    if reason := RUNTIMES.get(name).unavailable():
        pytest.skip(reason)


def recorded(path):
    """The arrays of a .npz file, by name."""
    with np.load(path) as arrays:
        return dict(arrays)


def test_a_torch_file_is_loaded_and_computes_what_is_recorded_beside_it(cli, tmp_path):
    done = cli("export", "se@16@7", "-o", "se.pt2")
    assert (done.code, done.err) == (0, "")
    head, file, example, given, returned, *_ = done.out.splitlines()
    assert head == "se@16@7 - Squeeze-and-Excitation"
    assert file.startswith("se.pt2: ")
    assert file.endswith(", torch.export")
    assert example.startswith("se.pt2.npz: ")
    assert (given, returned) == ("input x: 1x16x7x7, fp32", "output mul: 1x16x7x7, fp32")
    assert re.search(r"^aten\.linear\.default +2$", done.out, re.MULTILINE)
    assert done.out.endswith("read back and run: the outputs are torch's, bit for bit\n")
    arrays = recorded(tmp_path / "se.pt2.npz")
    facts = {"attnprof.json": ""}
    program = torch.export.load(tmp_path / "se.pt2", extra_files=facts)
    assert np.array_equal(program.module()(torch.from_numpy(arrays["x"])).detach().numpy(), arrays["mul"])
    assert torch.equal(program.example_inputs[0][0], torch.from_numpy(arrays["x"]))
    about = json.loads(facts["attnprof.json"])
    assert (about["target"], about["settings"]) == ("se@16@7", "bias=False, reduction=16")
    assert json.loads(about["case"])["module"] == "se"
    assert about["torch_version"] == torch.__version__
    assert sorted(path.name for path in tmp_path.iterdir()) == ["se.pt2", "se.pt2.npz"]


def test_a_module_of_ones_own_is_exported_under_its_own_name(cli, tmp_path):
    (tmp_path / "gates.py").write_text(GATES)
    done = cli("export", "gates.py:Gate@8@7x5", "--as", "torch", "--batch", "2")
    assert done.code == 0
    assert recorded(tmp_path / "gates.py-Gate-8-7x5.pt2.npz")["x"].shape == (2, 8, 7, 5)


def test_what_is_no_tensor_is_no_output_of_the_file(cli, tmp_path):
    (tmp_path / "pairs.py").write_text(
        GATES.replace("class Gate", "class Pair").replace("return ", "return None, ")
    )
    done = cli("export", "pairs.py:Pair@8@7", "--as", "torch", "-o", "pair.pt2")
    assert (done.code, done.err) == (0, "")
    assert len(recorded(tmp_path / "pair.pt2.npz")) == 2


@pytest.mark.filterwarnings("ignore")  # an exporter's, of torch's own
def test_an_onnx_file_says_what_it_is_and_runs_in_onnx_runtime(cli, tmp_path):
    require_installed("onnxruntime")
    import onnx
    import onnxruntime

    done = cli("export", "se@16@7", "--opset", "18", "-o", "se.onnx")
    assert (done.code, done.err) == (0, "")
    assert "se.onnx: " in done.out
    assert ", ONNX opset 18\n" in done.out
    arrays = recorded(tmp_path / "se.onnx.npz")
    model = onnx.load(tmp_path / "se.onnx")
    assert {each.key: each.value for each in model.metadata_props}["attnprof.target"] == "se@16@7"
    assert str(Path(server.__file__).parents[2]).encode() not in (tmp_path / "se.onnx").read_bytes()
    session = onnxruntime.InferenceSession(tmp_path / "se.onnx")
    [output] = session.run(["mul"], {"x": arrays["x"]})
    assert np.allclose(output, arrays["mul"], atol=1e-6)


def test_an_opset_that_the_exporter_does_not_reach_is_refused(cli, tmp_path, monkeypatch):
    require_installed("onnxruntime")
    import onnx

    opsets = [onnx.helper.make_opsetid("", 18)]
    graph = onnx.helper.make_graph([], "nothing", [], [])
    model = onnx.helper.make_model(graph, opset_imports=opsets).SerializeToString()
    monkeypatch.setattr("attnprof.exporting.onnx.exported", lambda module, x, opset: model)
    done = cli("export", "se@16@7", "--opset", "13", "-o", "se.onnx")
    assert done.code == 2
    assert done.err == "error: se@16@7: torch's exporter does not write it in opset 13, but in 18\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore")
def test_an_openvino_file_says_what_it_is_and_keeps_its_weights_in_fp32(cli, tmp_path):
    require_installed("openvino")
    import openvino

    done = cli("export", "se@16@7", "-o", "se.xml")
    assert (done.code, done.err) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["se.bin", "se.xml", "se.xml.npz"]
    arrays = recorded(tmp_path / "se.xml.npz")
    model = openvino.Core().read_model(tmp_path / "se.xml")
    assert model.get_rt_info(["attnprof", "target"]).astype(str) == "se@16@7"
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert np.allclose(compiled(arrays["x"])[0], arrays["mul"], atol=1e-6)


def test_a_file_that_computes_something_else_is_not_kept(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(torch_files, "outputs", lambda path, x: [1.095 * x])
    done = cli("export", "none@16@7", "-o", "none.pt2")
    assert done.code == 1
    assert done.err == (
        "error: none@16@7: torch.export gives another output than torch: relative error 0.095, at most 0.001\n"
    )
    assert not list(tmp_path.iterdir())


def test_on_a_full_disk_that_is_said_whatever_the_exporter_says(cli, tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("PytorchStreamWriter failed writing file data/2: file write failed")

    monkeypatch.setattr(server, "export", fail)
    done = cli("export", "se@16@7", "-o", "se.pt2")
    assert (done.code, done.err.partition(" failed")[0]) == (
        2,
        "error: se@16@7: RuntimeError: PytorchStreamWriter",
    )
    monkeypatch.setattr(server, "disk_usage", lambda folder: SimpleNamespace(free=4096))
    done = cli("export", "se@16@7", "-o", "se.pt2")
    assert (done.code, done.err) == (4, "error: se@16@7: no space left for se.pt2\n")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_exported_is_answered_in_the_exporters_words(cli, tmp_path, monkeypatch):
    def refuse(module, inputs):
        raise RuntimeError("the trace broke") from ValueError("data-dependent branch\nwith a long story")

    monkeypatch.setattr(torch.export, "export", refuse)
    done = cli("export", "se@16@7", "--as", "torch")
    assert done.code == 2
    assert done.err == ("error: se@16@7: not exported by torch.export: ValueError: data-dependent branch\n")
    assert not list(tmp_path.iterdir())


def test_a_module_without_a_tensor_to_return_is_refused(cli, monkeypatch):
    monkeypatch.setattr("attnprof.worker.exporting.output_of", lambda module, x, autocast: None)
    done = cli("export", "se@16@7", "--as", "torch")
    assert (done.code, done.err) == (2, "error: se@16@7: the module returns no tensor\n")


def test_the_case_is_that_of_a_run_in_the_runtime_of_the_file(exporting):
    _, (case, kind, path, opset) = exporting("cbam(reduction=8)@64@28x14", "--seed", "3", "-o", "cbam.onnx")
    assert (kind, path.name, opset) == ("onnx", "cbam.onnx", None)
    assert (case.title, case.shape, case.seed) == ("cbam(reduction=8)", (1, 64, 28, 14), 3)
    assert (case.execution, case.device) == ("onnxruntime", "cpu")


def test_with_a_network_the_file_is_the_network_with_the_module_inside(exporting):
    done, (case, *_) = exporting("se@3@64", "--network", "resnet18", "--as", "onnx")
    assert (case.module, case.host, case.shape) == ("se", "resnet18", (1, 3, 64, 64))
    assert done.out.startswith("se in resnet18@64 ")


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(cli, exporting, tmp_path):
    (tmp_path / "se.onnx.npz").write_text("old")
    done = cli("export", "se@16@7", "-o", "se.onnx")
    assert done.code == 2
    assert done.err == "error: se.onnx.npz is there already, and stays as it is; --force replaces it\n"
    assert (tmp_path / "se.onnx.npz").read_text() == "old"
    done, _ = exporting("se@16@7", "-o", "se.onnx", "--force")
    assert done.code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["se.onnx", "se.onnx.npz"]
    assert (tmp_path / "se.onnx.npz").read_text() == "new"


def test_a_program_reads_files_ports_and_operators(exporting):
    done, _ = exporting("se@16@7", "--format", "json")
    whole = json.loads(done.out)
    assert whole["files"] == [{"path": "se-16-7.onnx", "bytes": 3}, {"path": "se-16-7.onnx.npz", "bytes": 3}]
    assert whole["inputs"] == [{"name": "x", "shape": [1, 16, 7, 7]}]
    assert (whole["operators"], whole["opset"], whole["error"]) == ({"Mul": 2, "Add": 1}, 20, 1e-7)


@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_without_its_packages_a_kind_says_how_to_install_them(cli, tmp_path, monkeypatch, kind):
    runtime = KINDS[kind].runtime
    monkeypatch.setitem(sys.modules, runtime, None)
    done = cli("export", "se@16@7", "--as", kind)
    assert done.code == 4
    assert f"pip install 'attnprof[{runtime}]'" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["se"], "'se' has no size; write se@64@56 or se@256@28x40", 2),
        (["family:channel@64@56"], "'family:channel' stands for several modules; export takes one", 2),
        (["mhsa@65@56", "--as", "torch"], "mhsa@65@56 - ", 2),
        (["se@64@56", "--as", "tflite"], "--as: no kind of file 'tflite'. There are: onnx, openvino, torch", 2),
        (["se@64@56", "--as", "torhc"], "--as: no kind of file 'torhc'. Did you mean 'torch'?", 2),
        (["se@64@56", "--as", "torch", "-o", "se.txt"], "-o: se.txt: write a name that ends in .pt2", 2),
        (["se@64@56", "--as", "torch", "--opset", "18"], "--opset is of ONNX, not of --as torch", 2),
        (["se@64@56", "--as", "torch", "--batch", "1,8"], "--batch: export takes one, not 1 and 8", 2),
        (["se@3@64", "--as", "torch", "--network", "resnet18,resnet34"], "--network: export takes one, not resnet18", 2),
        (["se@64@56", "-o", "no/folder/se.pt2"], "cannot write no/folder/se.pt2: no such file or directory", 4),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_exit_code(cli, tmp_path, arguments, words, code):
    done = cli("export", *arguments)
    assert done.code == code
    assert done.err.startswith(f"error: {words}")
    assert len(done.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())
