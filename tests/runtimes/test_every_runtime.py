"""Runtimes: the same output as torch's, on as many threads as a case has, and words where one does not take
a case."""

import sys
import time
from dataclasses import replace
from itertools import repeat

import pytest
import torch

from attnprof.backends import BACKENDS
from attnprof.catalogue import entry
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.measuring.rounds import Effort
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.running.protocol import Failure, MeasureRequest
from attnprof.runtimes import RUNTIMES, NotTaken, Runtime, _versions, require_available
from attnprof.spec import Spec
from attnprof.subject.build import build
from attnprof.subject.calls import LARGEST_TF32_ERROR, call_of, require_equal
from attnprof.subject.inputs import example, ring
from attnprof.worker.block import Block
from attnprof.worker.server import failure
from tests.runtimes import stub

CPU = torch.device("cpu")
OTHERS = [name for name in RUNTIMES.names() if not RUNTIMES.get(name).is_torch]
# One or two of every family, and what converters find hard: pooling to a size, unfolding, shifts, attention.
MODULES = (
    "se",
    "eca",
    "gc",
    "simam",
    "ca",
    "cbam",
    "sk",
    "caa",
    "nonlocal",
    "danet",
    "involution",
    "triplet",
)


def case_of(module="se", execution="eager", **more):
    settings = entry(module).settings({})
    size = {"channels": 32, "height": 14, "width": 14} | more
    return Case(module, hyperparameters=dict(sorted(settings.items())), execution=execution, **size)


def require_installed(name):
    if reason := RUNTIMES.get(name).unavailable():
        pytest.skip(reason)


@pytest.fixture
def stubbed(stub_runtimes, monkeypatch):
    """The runtime 'stub', whose output is torch's times the entry of this dict."""
    monkeypatch.setitem(stub.FACTOR, "times", 1.0)
    return stub.FACTOR


def carried_out(*cases, metrics):
    events = []
    request = MeasureRequest(cases, metrics, Effort(0.0, fewest=1))
    Block(request, BACKENDS.get("cpu"), CPU, failure, lambda: False).measure(
        events.append, lambda trial: None
    )
    return {event.key: event for event in events}


@pytest.mark.parametrize("name", RUNTIMES.names())
def test_a_runtime_says_what_it_is(name):
    runtime = RUNTIMES.get(name)
    assert runtime.title
    assert runtime.help
    assert not runtime.help.endswith(".")
    assert bool(runtime.extra) == (not runtime.is_torch)


@pytest.mark.filterwarnings("ignore")  # an exporter's, of torch's own
@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("name", OTHERS)
def test_a_runtime_gives_what_torch_gives(name, module):
    require_installed(name)
    case = case_of(module, name)
    x = example(case, CPU) * 2
    with torch.no_grad():
        expected = build(case, CPU)(x)
    output = call_of(case, CPU, repeat(x)).output(x)
    assert output.shape == expected.shape
    assert (output - expected).abs().max() < 1e-3 * expected.abs().max()


@pytest.mark.parametrize("name", OTHERS)
def test_an_input_is_handed_over_where_it_lies(name):
    require_installed(name)
    x = torch.randn(1, 2, 3, 3)
    handed_over = RUNTIMES.get(name).as_input(x)
    address = handed_over.data.ctypes.data if name == "openvino" else handed_over.data_ptr()
    assert address == x.data_ptr()


@pytest.mark.parametrize("name", OTHERS)
def test_an_input_of_a_ring_is_made_ready_once(name):
    require_installed(name)
    inputs = ring(case_of(execution=name), CPU, cache=2**16)
    first = next(inputs)
    later = [next(inputs) for _ in range(20)]
    assert sum(each is first for each in later) >= 2
    assert sum(each is not first for each in later) >= 2


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OTHERS)
def test_with_one_thread_the_calling_thread_computes_alone(name):
    require_installed(name)
    case = case_of("cbam", name, channels=64, height=56, width=56)
    call = call_of(case, CPU, ring(replace(case, inputs="hot"), CPU, cache=0))
    for _ in range(20):
        call()
    of_process, of_thread = time.process_time(), time.thread_time()
    for _ in range(100):
        call()
    of_process, of_thread = time.process_time() - of_process, time.thread_time() - of_thread
    assert of_process <= 1.1 * of_thread + 0.02


@pytest.mark.filterwarnings("ignore")
def test_what_openvino_does_not_take_is_a_row_with_its_words():
    require_installed("openvino")
    case = case_of("ceca", "openvino")
    result = carried_out(case, metrics=("latency",))[case.key]
    assert (type(result), result.status) == (Failure, "failed")
    assert result.reason.startswith("OpenVINO: ")
    assert "Conv" in result.reason


def test_a_network_with_a_module_inside_is_one_call_of_a_runtime(stubbed):
    case = case_of(
        "se",
        "stub",
        channels=3,
        height=32,
        width=32,
        host="resnet18",
        place="after_bn2",
        network_input="32x32",
    )
    x = example(case, CPU)
    expected = call_of(replace(case, execution="eager"), CPU, repeat(x)).output(x)
    assert torch.equal(call_of(case, CPU, repeat(x)).output(x), expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("network", "module", "place"),
    [("resnet18", "se", "after_bn2"), ("mobilenetv2", "eca", "after_depthwise")],
)
@pytest.mark.parametrize("name", OTHERS)
def test_a_runtime_computes_a_network_with_a_module_inside(name, network, module, place):
    require_installed(name)
    image = {"channels": 3, "height": 64, "width": 64, "network_input": "64x64"}
    case = case_of(module, name, **image, host=network, place=place)
    x = example(case, CPU) * 2
    expected = call_of(replace(case, execution="eager"), CPU, repeat(x)).output(x)
    output = call_of(case, CPU, repeat(x)).output(x)
    assert output.shape == (1, 1000)
    assert (output - expected).abs().max() < 1e-3 * expected.abs().max()


def test_another_output_than_torchs_is_a_failed_row_with_the_error(stubbed):
    stubbed["times"] = 1.095
    case = case_of("se", "stub")
    result = carried_out(case, metrics=("latency",))[case.key]
    assert (result.status, result.reason) == (
        "failed", "Stub gives another output than torch: relative error 0.095, at most 0.001",
    )  # fmt: skip


def test_what_a_runtime_does_not_take_leaves_the_other_rows(stubbed):
    cases = [case_of("eca", "stub"), case_of("se", "stub")]
    results = carried_out(*cases, metrics=("latency",))
    assert (results[cases[0].key].status, results[cases[0].key].reason) == ("failed", "stub: no operator eca")
    assert [each.value > 0 for each in results[cases[1].key].measurements] == [True]


def test_memory_is_blank_with_its_reason_and_conversion_is_the_compile_time(stubbed):
    case = case_of("se", "stub")
    event = carried_out(case, metrics=("peak_memory", "compile_time"))[case.key]
    memory, preparation = event.measurements
    assert (memory.value, memory.note) == (
        None,
        "not weighed: torch's allocator does not see what Stub allocates",
    )
    assert preparation.value > 0
    assert preparation.note == "export and conversion, once"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ([1.0, 2.0, 3.0], "(3,) instead of (2,)"),
        ([1.0, 2.1], "relative error 0.05"),
        ([1.0, float("nan")], "relative error nan"),
    ],
)
def test_outputs_that_differ_are_told_apart(output, words):
    with pytest.raises(NotTaken, match="Stub gives another output than torch: ") as caught:
        require_equal("Stub", torch.tensor(output), torch.tensor([1.0, 2.0]))
    assert words in str(caught.value)


def test_products_in_tf32_may_differ_by_more():
    with pytest.raises(NotTaken, match=r"relative error 0.005, at most 0.001"):
        require_equal("Stub", torch.tensor([1.0, 2.01]), torch.tensor([1.0, 2.0]))
    require_equal("Stub", torch.tensor([1.0, 2.01]), torch.tensor([1.0, 2.0]), LARGEST_TF32_ERROR)


def test_outputs_may_differ_by_rounding_and_both_may_be_nothing():
    require_equal("Stub", torch.tensor([1.0, 2.001]), torch.tensor([1.0, 2.0]))
    require_equal("Stub", torch.zeros(3), torch.zeros(3))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"train": True}, "Stub does not train; leave out --train"),
        ({"autocast": "bf16"}, "Stub has no autocast; leave out --autocast"),
        ({"dtype": "bf16"}, "Stub is measured in fp32, not in bf16; leave out --dtype"),
        (
            {"channels_last": True},
            "Stub takes contiguous inputs, not channels_last; leave out --channels-last",
        ),
    ],
)
def test_what_a_runtime_does_not_know_is_refused_before_the_run(stubbed, fields, words):
    spec = Spec(modules="se", points="64@7", runtime="eager,stub", **fields)
    with pytest.raises(UsageError, match=f"^--runtime: {words}$"):
        plan(spec, "cpu")


def test_a_module_of_two_maps_is_skipped_in_runtimes_that_take_one(stubbed):
    cells = plan(Spec(modules="se,lgag", points="64@7", runtime="eager,stub"), "cpu").cells
    refusals = {(cell.case.module, cell.case.runtime): cell.refusal for cell in cells}
    assert refusals.pop(("lgag", "stub")) == "Stub is used with modules of one map; lgag takes two"
    assert not any(refusals.values())
    assert not any(cell.is_failed for cell in cells)


def test_a_device_that_a_runtime_does_not_know_is_refused(stubbed):
    with pytest.raises(UsageError, match="^--runtime: Stub is measured on cpu, not on cuda; --device cpu$"):
        plan(Spec(modules="se", points="64@7", runtime="stub"), "cuda:0")


@pytest.mark.parametrize("name", OTHERS)
def test_a_runtime_that_is_not_installed_says_how_before_anything_runs(name, monkeypatch):
    runtime = RUNTIMES.get(name)
    monkeypatch.setitem(sys.modules, runtime.packages[0], None)
    spec = Spec(modules="se", points="64@7", runtime=name)
    with pytest.raises(EnvironmentProblem) as caught:
        require_available([name])
    assert f"needs {runtime.packages[0]}" in str(caught.value)
    assert str(caught.value).endswith(f"pip install 'attnprof[{runtime.extra}]'")
    assert len(plan(spec.model_copy(update={"no_latency": True})).cells) == 1


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_a_plan_needs_its_runtimes(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EnvironmentProblem, match=f"needs {name}"):
        plan(Spec(modules="se", points="64@7", runtime=name), "cpu")


def test_a_plug_in_that_lacks_a_package_names_it():
    assert Runtime("X", "a plug-in", "x:y", packages=("no_such_package",)).unavailable() == (
        "X needs no_such_package: pip install no_such_package"
    )


def test_what_a_runtime_is_set_to_is_said_on_one_line():
    assert stub.RUNTIME.describe("1.2", 1) == "1.2, one setting, 1 thread"
    assert stub.RUNTIME.describe(None, 2) == "one setting, 2 threads"


def test_a_package_that_comes_in_another_distribution_has_its_version(monkeypatch):
    installed = {"onnxruntime-gpu": "1.32.0", "onnx": "1.20.0"}
    monkeypatch.setattr(_versions, "installed_version", installed.get)
    monkeypatch.setattr(_versions, "packages_distributions", lambda: {"onnxruntime": ["onnxruntime-gpu"]})
    runtime = RUNTIMES.get("onnxruntime")
    assert _versions.version_of(runtime) == "1.32.0"
    assert _versions.version_of(RUNTIMES.get("openvino")) is None
    assert _versions.converter_versions([runtime]) == {"onnx": "1.20.0"}
