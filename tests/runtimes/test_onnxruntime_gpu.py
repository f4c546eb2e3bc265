"""ONNX Runtime's GPU providers, as far as a machine without a GPU shows them: bindings, options, refusals. Where
memory of a GPU is bound, these tests bind memory of the CPU."""

import importlib.util
from dataclasses import replace

import numpy
import pytest
import torch

from attnprof.errors import UsageError
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES, NotTaken, require_available
from attnprof.spec import Spec
from attnprof.subject.build import build
from attnprof.subject.inputs import example

PROVIDERS = ("onnxruntime_cuda", "onnxruntime_tensorrt")
SE = {"bias": False, "reduction": 16}
CPU = torch.device("cpu")


@pytest.fixture
def gpu():
    """The module with the sessions."""
    if reason := RUNTIMES.get("onnxruntime").unavailable():
        pytest.skip(reason)
    from attnprof.runtimes import _onnxruntime_gpu

    return _onnxruntime_gpu


class Stream:
    cuda_stream = 0


@pytest.fixture
def card(monkeypatch):
    """A GPU of torch's: that of index 0."""
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda index: Stream)


def case_of(**more):
    return Case("se", 16, 8, 8, SE, device="cuda", execution="onnxruntime_cuda", **more)


@pytest.fixture
def model():
    """SE at 16@8 as ONNX, an input, and torch's output."""
    case = replace(case_of(), device="cpu")
    module, x = build(case, CPU), example(case, CPU)
    with torch.no_grad():
        return RUNTIMES.get("onnxruntime").exported(module, x), x, module(x)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_build_without_the_provider_says_which_package_has_it(name, monkeypatch):
    class Location:
        submodule_search_locations = ()

    monkeypatch.setattr(importlib.util, "find_spec", lambda package: Location)
    assert (
        RUNTIMES.get(name)
        .unavailable()
        .endswith("needs onnxruntime-gpu: pip install 'attnprof[onnxruntime-gpu]'")
    )


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_build_with_the_provider_can_be_used(name, monkeypatch, tmp_path):
    class Location:
        submodule_search_locations = (str(tmp_path),)

    (tmp_path / "capi").mkdir()
    provider = name.partition("_")[2]
    (tmp_path / "capi" / f"libonnxruntime_providers_{provider}.so").touch()
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: Location)
    require_available([name])


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_gpu_is_needed(name):
    spec = Spec(modules="se", points="16@8", runtime=name)
    with pytest.raises(UsageError, match="is measured on cuda, not on cpu|allow it with --tf32"):
        plan(spec, "cpu")


def test_tensorrt_wants_tf32_to_be_allowed():
    refusal = RUNTIMES.get("onnxruntime_tensorrt").refusal
    assert refusal(case_of()) == "ONNX Runtime (TensorRT) computes fp32 in TF32; allow it with --tf32"
    assert refusal(case_of(tf32=True)) == ""
    assert RUNTIMES.get("onnxruntime_cuda").refusal(case_of()) == ""


def test_options_name_the_stream_and_the_arithmetic(gpu):
    assert gpu.cuda_options(1, 0x7F00, tf32=False) == {
        "device_id": "1",
        "user_compute_stream": str(0x7F00),
        "use_tf32": "0",
        "cudnn_conv_algo_search": "EXHAUSTIVE",
    }
    assert gpu.cuda_options(0, 0, tf32=True)["use_tf32"] == "1"


class Recorder:
    """A binding that notes what is bound."""

    def __init__(self, binding):
        self.binding, self.inputs, self.outputs = binding, [], []

    def __getattr__(self, name):
        return getattr(self.binding, name)

    def bind_input(self, *arguments):
        self.inputs.append(arguments)
        self.binding.bind_input(*arguments)

    def bind_output(self, *arguments):
        self.outputs.append(arguments)
        self.binding.bind_output(*arguments)


def test_a_call_binds_the_input_where_it_lies_and_leaves_its_output_there(gpu, model):
    import onnxruntime

    content, x, expected = model
    session = onnxruntime.InferenceSession(
        content, gpu.session_options(1), providers=["CPUExecutionProvider"]
    )
    recorder = Recorder(session.io_binding())
    session.io_binding = lambda: recorder
    session.run_with_iobinding = lambda binding, options=None: session._sess.run_with_iobinding(
        binding._iobinding, options
    )
    bound = gpu.BoundSession(session, "cpu", 0)
    bound(x)
    name = session.get_inputs()[0].name
    assert recorder.inputs == [(name, "cpu", 0, numpy.float32, (1, 16, 8, 8), x.data_ptr())]
    assert recorder.outputs == [(session.get_outputs()[0].name, "cpu", 0)]
    assert (bound.output(x) - expected).abs().max() < 1e-5


def test_a_call_that_is_timed_waits_for_nothing_and_an_output_that_is_compared_does(
    gpu, card, model, monkeypatch
):
    import onnxruntime

    runs = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, content, options, providers):
            super().__init__(content, options, providers=["CPUExecutionProvider"])

        def get_providers(self):
            return [gpu.CUDA]

        def run_with_iobinding(self, binding, options=None):
            runs.append(options and options.get_run_config_entry("disable_synchronize_execution_providers"))
            super().run_with_iobinding(binding, options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(gpu, "DEVICE", "cpu")
    content, x, expected = model
    session = gpu.prepare_cuda(content, x, Case("se", 16, 8, 8, SE, device="cuda"))
    session(x)
    assert (session.output(x) - expected).abs().max() < 1e-5
    assert runs == ["1", None]


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_cannot_be_loaded_is_none(gpu, card, model):
    for prepare, name in ((gpu.prepare_cuda, gpu.CUDA), (gpu.prepare_tensorrt, gpu.TENSORRT)):
        with pytest.raises(NotTaken, match=f"ONNX Runtime could not load {name}"):
            prepare(model[0], model[1], case_of())
