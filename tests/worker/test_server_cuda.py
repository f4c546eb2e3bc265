"""A worker sets its device up as the request says, or says why it cannot be."""

import pytest
import torch

from attnprof.backends import Arithmetic
from attnprof.backends._switches import read_switches, write_switches
from attnprof.running.client import setup_for
from attnprof.running.protocol import ReadyResponse, SetupRequest, UnavailableResponse
from attnprof.spec import Spec
from attnprof.worker.server import Server
from tests.simulated_cuda import Settings, simulated

TF32 = Arithmetic(tf32=True)


@pytest.fixture(autouse=True)
def as_before(tmp_path, monkeypatch):
    """Switches and threads of the process."""
    monkeypatch.setenv("ATTNPROF_LOCKS", str(tmp_path))
    switches, threads = read_switches(), torch.get_num_threads()
    yield
    write_switches(switches)
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    "fields", [{}, {"tf32": True}, {"cudnn_benchmark": True}, {"tf32": True, "cudnn_benchmark": True}]
)
def test_a_gpu_computes_as_the_spec_says_and_the_environment_tells_it(fields):
    with simulated():
        response = Server().set_up(setup_for(Spec(**fields), "cuda:0"))
    assert isinstance(response, ReadyResponse)
    assert response.environment["tf32"] == fields.get("tf32", False)
    assert response.environment["cudnn_benchmark"] == fields.get("cudnn_benchmark", False)
    assert torch.backends.cudnn.benchmark == fields.get("cudnn_benchmark", False)
    assert (torch.get_float32_matmul_precision() == "high") == fields.get("tf32", False)


def test_what_a_device_has_not_is_refused_as_a_mistake_of_the_request():
    response = Server().set_up(SetupRequest("cpu", arithmetic=TF32))
    assert response == UnavailableResponse("cpu: tf32 exists on NVIDIA GPUs alone", is_usable=True)
    with simulated(Settings(capability=(7, 0))):
        response = Server().set_up(SetupRequest("cuda:1", arithmetic=TF32))
    assert response == UnavailableResponse(
        "cuda:1: tf32 exists from compute capability 8.0 on, and this is 7.0", is_usable=True
    )
