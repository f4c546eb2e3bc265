"""Variables that change a GPU's figures are recorded, and those that spoil them are refused."""

import pytest

from attnprof.backends._variables import BLOCKING, CHANGES, CHOOSE, changing, choosing, spoiling
from attnprof.errors import EnvironmentProblem
from tests.simulated_cuda import simulated


def test_what_is_set_is_recorded_with_its_value():
    environ = {"PYTORCH_ALLOC_CONF": "expandable_segments:True", "HOME": "/root", "CUDA_VISIBLE_DEVICES": "1"}
    assert changing(environ) == {"PYTORCH_ALLOC_CONF": "expandable_segments:True"}
    assert choosing(environ) == {"CUDA_VISIBLE_DEVICES": "1"}


def test_what_torch_sets_itself_is_nobodys_setting():
    assert changing({"CUDA_MODULE_LOADING": "LAZY"}) == {}
    assert changing({"CUDA_MODULE_LOADING": "EAGER"}) == {"CUDA_MODULE_LOADING": "EAGER"}


def test_a_variable_says_which_device_or_changes_figures_and_not_both():
    assert not set(CHANGES) & set(CHOOSE)


@pytest.mark.parametrize("name", [*BLOCKING, "NVIDIA_TF32_OVERRIDE"])
@pytest.mark.parametrize(("value", "is_refused"), [("1", True), ("0", False), ("", False)])
def test_what_leaves_no_figure_is_refused_in_one_line_that_says_what_to_do(name, value, is_refused):
    reason = spoiling({name: value})
    assert (reason is not None) is is_refused
    if reason:
        assert reason.startswith(f"{name}={value} ")
        assert reason.endswith(f"; unset {name}")
        assert "\n" not in reason


def test_the_device_is_refused_before_anything_is_set_up(monkeypatch):
    from attnprof.backends.cuda import CUDA

    monkeypatch.setenv("CUDA_LAUNCH_BLOCKING", "1")
    with simulated(), pytest.raises(EnvironmentProblem, match="CUDA_LAUNCH_BLOCKING=1"):
        CUDA().device(0)


def test_a_device_is_described_with_them(monkeypatch):
    from attnprof.backends.cuda import CUDA

    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with simulated():
        backend = CUDA()
        backend.device(0)
        environment = backend.describe(0)
    assert environment["cuda_variables"] == {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    assert environment["cuda_visible"] == {"CUDA_VISIBLE_DEVICES": "0,1"}


def test_a_device_that_a_variable_hides_is_refused_with_its_name(monkeypatch):
    import torch

    from attnprof.backends.cuda import CUDA

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "finds none (CUDA_VISIBLE_DEVICES=-1). Use --device cpu" in CUDA().unavailable()
