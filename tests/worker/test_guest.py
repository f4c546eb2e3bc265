"""A user's module leaves the process as it was, and its row says what it does."""

import gc
import os
import random
import signal
import sys
import threading
import time
import warnings
from types import ModuleType

import pytest
import torch
from torch import nn
from torch.nn.modules import module as modules

from attnprof.measuring.inputs import RandomPool
from attnprof.records.case import Case
from attnprof.subject.calls import Forward
from attnprof.subject.inputs import example, ring
from attnprof.worker import settings, state
from attnprof.worker.guest import Guest, ProcessSpoilt, guest_of
from attnprof.worker.state import State

CPU = torch.device("cpu")
CASE = Case("theirs.py:Gate", 16, 8, 8)


@pytest.fixture(autouse=True)
def functions():
    """What other tests have replaced for a while is none of a guest's doing."""
    yield from forget_functions()


def forget_functions():
    state.original_functions.cache_clear()
    state.vital_functions.cache_clear()
    yield
    state.original_functions.cache_clear()
    state.vital_functions.cache_clear()


CHANGES = {
    "threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "default device": lambda: torch.set_default_device("meta"),
    "grad mode": lambda: torch._C._set_grad_enabled(not torch.is_grad_enabled()),
    "autocast": lambda: torch.set_autocast_enabled("cpu", True),
    "deterministic algorithms": lambda: torch.use_deterministic_algorithms(True),
    "anomaly detection": lambda: torch.autograd.set_detect_anomaly(True),
    "cuDNN": lambda: setattr(torch.backends.cudnn, "benchmark", not torch.backends.cudnn.benchmark),
    "precision of fp32": lambda: setattr(torch.backends, "fp32_precision", "tf32"),
    "precision of products": lambda: torch.set_float32_matmul_precision("medium"),
    "attention kernels": lambda: torch.backends.cuda.enable_math_sdp(False),
    "oneDNN": lambda: torch._C._set_mkldnn_enabled(False),
    "denormal numbers": lambda: torch.set_flush_denormal(True),
    "hooks of all modules": lambda: modules.register_module_forward_hook(print),
    "recursion limit": lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1),
    "working directory": lambda: os.chdir("/"),
    "environment variables": lambda: os.environ.update(SOME_VARIABLE="theirs"),
    "signal handlers": lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
    "warning filters": lambda: warnings.simplefilter("error"),
    "garbage collector": lambda: gc.set_threshold(1),
    "streams": lambda: setattr(sys, "stdout", None),
    "scheduling": lambda: sys.setswitchinterval(1.0),
    "import path": lambda: sys.path.insert(0, "/theirs"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_is_put_back_and_is_a_flag(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = State()
    guest = Guest(CASE, alone=False)
    with guest.step():
        CHANGES[name]()
        assert State()._values != before._values or sys.path != before._path
    assert before.put_back().settings == []
    assert guest.flags == ("changes-settings",)


def test_a_heap_that_is_given_back_to_the_collector_is_frozen_again():
    settings.HEAP.freeze()
    guest = Guest(CASE)
    with guest.step():
        gc.unfreeze()
    guest.leave()
    assert guest.flags == ("changes-settings",)
    assert gc.get_freeze_count() > 10_000
    innocent = Guest(CASE)
    innocent.leave()
    assert innocent.flags == ()


def test_a_step_does_not_walk_through_the_heap(monkeypatch):
    guest = Guest(CASE)
    for walks in ("get_freeze_count", "get_objects", "collect"):
        monkeypatch.delattr(gc, walks)
    with guest.step():
        pass


def test_a_timer_is_stopped():
    with Guest(CASE).step():
        signal.alarm(60)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_folder_at_the_end_of_the_import_path_is_taken_away_and_is_no_flag(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = [*sys.path]
    guest = Guest(CASE)
    with guest.step():
        sys.path.append("/theirs")
    assert sys.path == before
    assert guest.flags == ()


def replace_functions(patch):
    patch.setattr(torch, "sigmoid", None)
    patch.setattr(nn.Module, "eval", None)
    patch.setattr(time, "perf_counter", None)
    patch.setattr(random, "random", None)


def test_functions_that_were_replaced_are_put_back_and_spoil_the_process():
    before = torch.sigmoid, nn.Module.eval, time.perf_counter, random.random
    guest = Guest(CASE)
    with pytest.MonkeyPatch.context() as patch:
        with guest.step():
            replace_functions(patch)
        assert (torch.sigmoid, nn.Module.eval, time.perf_counter, random.random) == before
    assert guest.flags == ("changes-process",)


def test_what_cannot_be_put_back_beside_others_ends_the_process():
    step = Guest(CASE, alone=False).step
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ProcessSpoilt, match=r"torch\.sigmoid"), step():
        replace_functions(patch)


def test_a_function_that_is_replaced_late_is_noticed_in_the_end():
    guest = Guest(CASE)
    for _ in range(20):
        with guest.step():
            pass
    with pytest.MonkeyPatch.context() as patch:
        with guest.step():
            patch.setattr(torch, "sigmoid", None)
        guest.leave()
    assert guest.flags == ("changes-process",)


def test_a_thread_that_goes_on_spoils_the_process():
    ends, guest = threading.Event(), Guest(CASE)
    with guest.step():
        threading.Thread(target=ends.wait, daemon=True).start()
    ends.set()
    assert guest.flags == ("changes-process",)


@pytest.mark.skipif(not state.Path("/proc/self/task").exists(), reason="the system does not tell")
@pytest.mark.parametrize(("program", "flags"), [("sleep 60", ("changes-process",)), ("true", ())])
def test_a_process_that_goes_on_spoils_the_process_and_one_that_ends_does_not(program, flags):
    guest = Guest(CASE)
    with guest.step():
        process = os.posix_spawnp(program.split()[0], program.split(), os.environ)
    assert guest.flags == flags
    if flags:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def test_what_torch_does_of_its_own_is_nobodys_doing():
    class Usual(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

        def forward(self, x):
            tokens = x.flatten(2).transpose(1, 2)
            tokens = torch.utils.checkpoint.checkpoint(
                lambda t: self.attention(t, t, t)[0], tokens, use_reentrant=False
            )
            return torch.fft.fft2(tokens).real.transpose(1, 2).reshape(x.shape)

    guest = Guest(CASE, alone=False)
    with guest.step():
        module = Usual().eval()
    guest.look_at(Forward(module, iter(())), torch.randn(1, 16, 8, 8))
    guest.leave()
    assert guest.flags == ()


class Doing(nn.Module):
    """Returns what a function of its input is."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def random_values(x):
    return x + torch.rand_like(x)


@pytest.mark.parametrize(
    ("function", "flags"),
    [
        (lambda x: x * 2, ()),
        (lambda x: (x * 2, None), ()),
        (lambda x: x.mul_(2), ("changes-input",)),
        (lambda x: x + x.data.mul_(2), ("changes-input",)),
        (lambda x: x[:, :1], ("other-shape",)),
        (lambda x: x.double(), ("other-dtype",)),
        (lambda x: x / 0, ("not-finite",)),
        (lambda x: x * float("nan"), ("not-finite",)),
        (random_values, ("not-repeatable",)),
        (lambda x: x * (1 + 1e-6 * torch.rand(())), ()),  # an order of summation differs so
        (lambda x: None, ()),
    ],
)
def test_its_output_is_looked_at(function, flags):
    guest = Guest(CASE)
    guest.look_at(Forward(Doing(function), iter(())), torch.randn(1, 16, 8, 8))
    assert guest.flags == flags


def test_an_output_that_the_next_call_writes_over_is_compared_as_it_was():
    place = torch.empty(1, 16, 8, 8)
    guest = Guest(CASE)
    guest.look_at(Forward(Doing(lambda x: place.copy_(random_values(x))), iter(())), torch.randn(1, 16, 8, 8))
    assert guest.flags == ("not-repeatable",)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_only_in_eval_are_two_calls_to_be_equal(mode):
    guest = Guest(Case("theirs.py:Gate", 16, 8, 8, mode=mode))
    guest.look_at(Forward(Doing(random_values), iter(())), torch.randn(1, 16, 8, 8))
    assert guest.flags == (("not-repeatable",) if mode == "eval" else ())


@pytest.mark.parametrize("inputs", ["hot", "cold"])
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_who_comes_after_one_that_writes_to_its_input_meets_clean_ones(inputs, layout):
    case = Case("theirs.py:Gate", 16, 64, 64, inputs=inputs, layout=layout)
    pool, alone = RandomPool(), RandomPool()
    tensors, clean = ring(case, CPU, 2**22, pool), ring(case, CPU, 2**22, alone)
    guest = Guest(case, pool)
    with guest.step():
        next(tensors).mul_(2)
    assert guest.flags == ("changes-input",)
    next(clean)
    for _ in range(40):
        assert torch.equal(next(tensors), next(clean))


def test_a_write_that_torch_does_not_see_is_noticed_in_the_end():
    pool = RandomPool()
    tensors = ring(CASE, CPU, 2**20, pool)
    guest = Guest(CASE, pool)
    with guest.step():
        next(tensors).data.zero_()
    assert guest.flags == ()
    guest.leave()
    assert guest.flags == ("changes-input",)
    assert pool.is_clean()


def test_a_problem_without_a_text_notes_the_line_of_the_users_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "silent.py").write_text("def Gate(channels):\n    assert channels == 3\n", encoding="utf-8")
    case = Case("silent.py:Gate", 16, 8, 8)
    from attnprof.catalogue import create

    with pytest.raises(AssertionError) as problem, Guest(case).step():
        create(case.module, 16)
    assert problem.value.__notes__ == ["silent.py:2: assert channels == 3"]


def test_modules_of_the_catalogue_are_no_guests():
    assert guest_of(Case("se", 16, 8, 8)) is None
    assert guest_of(CASE) is not None
    assert example(CASE, CPU).shape == (1, 16, 8, 8)


def test_what_torch_imports_to_say_what_is_wrong_with_an_operator_is_nobodys_doing(monkeypatch):
    name = "torch.fx.experimental.symbolic_shapes"
    monkeypatch.delitem(sys.modules, name, raising=False)
    before = State()
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    warnings.filterwarnings("ignore", "what that import filters")
    assert before.put_back().settings == []
    before = State()
    warnings.filterwarnings("ignore", "what a module filters")
    assert before.put_back().settings == ["warning filters"]
