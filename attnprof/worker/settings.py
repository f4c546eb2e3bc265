"""The settings of a whole process that a module may change: how each is read, and how it is written."""

import gc
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import _C as core
from torch.nn.modules import module as hooks
from torch.overrides import _pop_mode
from torch.utils import _device

from attnprof.system.limits import limits, set_limits
from attnprof.system.scheduling import SIGNALS, cores, priority, schedule, set_timers, timers

HOOKS: tuple[dict[Any, Any], ...] = tuple(
    value for name, value in vars(hooks).items() if name.startswith("_global") and isinstance(value, dict)
)
AUTOCAST = ("cpu", "cuda")
SMALLEST = 5e-324  # the smallest number above zero: zero, where such numbers are flushed
OUTPUTS = (1, 2)  # descriptors of stdout and stderr


class ProcessValue(NamedTuple):
    """One value of the process."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]  # a value that ``read`` has returned


def _read_autocast() -> tuple[Any, ...]:
    enabled = [(torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in AUTOCAST]
    return *enabled, torch.is_autocast_cache_enabled()


def _write_autocast(values: tuple[Any, ...]) -> None:
    *kinds, caches = values
    for kind, (enabled, dtype) in zip(AUTOCAST, kinds, strict=True):
        torch.set_autocast_enabled(kind, enabled)
        torch.set_autocast_dtype(kind, dtype)
    torch.set_autocast_cache_enabled(caches)


def _read_deterministic() -> tuple[bool, bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        core._get_deterministic_fill_uninitialized_memory(),
    )


def _write_deterministic(values: tuple[bool, bool, bool]) -> None:
    enabled, warns, fills = values
    torch.use_deterministic_algorithms(enabled, warn_only=warns)
    core._set_deterministic_fill_uninitialized_memory(fills)


def _write_anomaly(values: tuple[bool, bool]) -> None:
    torch.autograd.set_detect_anomaly(*values)


def _read_cudnn() -> tuple[Any, ...]:
    cudnn = torch.backends.cudnn
    return cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32


def _write_cudnn(values: tuple[Any, ...]) -> None:
    cudnn = torch.backends.cudnn
    cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = values


def _read_precision() -> tuple[Any, ...]:
    matmul = torch.backends.cuda.matmul
    reduced = matmul.allow_fp16_reduced_precision_reduction, matmul.allow_bf16_reduced_precision_reduction
    return torch.get_float32_matmul_precision(), matmul.allow_tf32, *reduced


def _write_precision(values: tuple[Any, ...]) -> None:
    precision, tf32, fp16, bf16 = values
    torch.set_float32_matmul_precision(precision)
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = fp16
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = bf16


def _owners_of_precision() -> list[Any]:
    """Whatever has a precision of fp32 of its own, the general one first; none before torch 2.9."""
    backends: Any = torch.backends
    kinds = [backends.cudnn, backends.mkldnn]
    parts = [getattr(kind, name, None) for kind in kinds for name in ("matmul", "conv", "rnn")]
    return [each for each in (backends, *kinds, backends.cuda.matmul, *parts) if _has_precision(each)]


def _has_precision(owner: Any) -> bool:
    try:
        return bool(owner.fp32_precision)
    except AttributeError:
        return False


def _read_fp32() -> tuple[str, ...]:
    return tuple(owner.fp32_precision for owner in OWNERS_OF_PRECISION)


def _write_fp32(values: tuple[str, ...]) -> None:
    for owner, value in zip(OWNERS_OF_PRECISION, values, strict=True):
        owner.fp32_precision = value


OWNERS_OF_PRECISION = _owners_of_precision()


def _read_attention() -> tuple[bool, ...]:
    return core._get_flash_sdp_enabled(), core._get_mem_efficient_sdp_enabled(), core._get_math_sdp_enabled()


def _write_attention(values: tuple[bool, ...]) -> None:
    flash, efficient, plain = values
    core._set_sdp_use_flash(flash)
    core._set_sdp_use_mem_efficient(efficient)
    core._set_sdp_use_math(plain)


def _read_modes() -> tuple[int, int]:
    return core._len_torch_function_stack(), core._len_torch_dispatch_stack()


def _write_modes(values: tuple[int, int]) -> None:
    functions, _ = values
    while core._len_torch_function_stack() > functions:
        _pop_mode()  # type: ignore[no-untyped-call] # torch has no annotation


def _read_signals() -> tuple[Any, ...]:
    return *map(signal.getsignal, SIGNALS), timers()


def _write_signals(values: tuple[Any, ...]) -> None:
    *handlers, before = values
    for number, handler in zip(SIGNALS, handlers, strict=True):
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)
    set_timers(before)


def _write_variables(variables: dict[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)


def _write_filters(filters: list[Any]) -> None:
    warnings.filters[:] = filters  # type: ignore[index] # a list, which typeshed calls a sequence
    warnings._filters_mutated()  # type: ignore[attr-defined] # what the module itself does


class Heap:
    """What lives in this process. Once frozen, it is out of the collector's sight."""

    def __init__(self) -> None:
        self._is_frozen = False

    def freeze(self) -> None:
        """Spare collections what lives now, torch above all: each would walk through it."""
        gc.collect()
        gc.freeze()
        self._is_frozen = True

    def freeze_again(self) -> bool:
        """Whether somebody has given it back to the collector; then it is frozen again. Takes as long as a
        collection: whoever counts what is frozen walks through it."""
        is_given_back = self._is_frozen and not gc.get_freeze_count()
        if is_given_back:
            self.freeze()
        return is_given_back


HEAP = Heap()


def _read_collector() -> tuple[Any, ...]:
    return gc.isenabled(), gc.get_threshold(), gc.get_debug(), [*gc.callbacks]


def _write_collector(values: tuple[Any, ...]) -> None:
    enabled, threshold, debug, callbacks = values
    (gc.enable if enabled else gc.disable)()
    gc.set_threshold(*threshold)
    gc.set_debug(debug)
    gc.callbacks[:] = callbacks


def _write_hooks(values: tuple[dict[Any, Any], ...]) -> None:
    for registered, before in zip(HOOKS, values, strict=True):
        registered.clear()
        registered.update(before)


def _read_streams() -> tuple[Any, ...]:
    return sys.stdin, sys.stdout, sys.stderr, sys.excepthook, sys.gettrace(), sys.getprofile()


def _write_streams(values: tuple[Any, ...]) -> None:
    sys.stdin, sys.stdout, sys.stderr, sys.excepthook, trace, profile = values
    sys.settrace(trace)
    sys.setprofile(profile)


def _identity(descriptor: int) -> tuple[int, int] | None:
    """Device and number of the file that is open as ``descriptor``; None where it is closed."""
    try:
        file = os.fstat(descriptor)
    except OSError:
        return None
    return file.st_dev, file.st_ino


def _read_outputs() -> tuple[Any, ...]:
    return tuple(map(_identity, OUTPUTS))


def _write_outputs(values: tuple[Any, ...]) -> None:
    """One that is as before becomes the other, too: both lead to the parent."""
    intact = [each for each, before in zip(OUTPUTS, values, strict=True) if _identity(each) == before]
    for descriptor in OUTPUTS:
        if intact and descriptor not in intact:
            os.dup2(intact[0], descriptor)


def _read_schedule() -> tuple[Any, ...]:
    return cores(), priority(), sys.getswitchinterval()


def _write_schedule(values: tuple[Any, ...]) -> None:
    own_cores, own_priority, interval = values
    schedule(own_cores, own_priority)
    sys.setswitchinterval(interval)


SETTINGS = (
    ProcessValue("threads", torch.get_num_threads, torch.set_num_threads),
    ProcessValue("default dtype", torch.get_default_dtype, torch.set_default_dtype),
    ProcessValue("default device", lambda: _device.CURRENT_DEVICE, torch.set_default_device),
    ProcessValue("modes", _read_modes, _write_modes),
    ProcessValue("grad mode", torch.is_grad_enabled, core._set_grad_enabled),
    ProcessValue("inference mode", torch.is_inference_mode_enabled, lambda before: None),
    ProcessValue("autocast", _read_autocast, _write_autocast),
    ProcessValue("deterministic algorithms", _read_deterministic, _write_deterministic),
    ProcessValue(
        "anomaly detection",
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        _write_anomaly,
    ),
    ProcessValue("cuDNN", _read_cudnn, _write_cudnn),
    ProcessValue("precision of products", _read_precision, _write_precision),
    ProcessValue("precision of fp32", _read_fp32, _write_fp32),
    ProcessValue("attention kernels", _read_attention, _write_attention),
    ProcessValue("oneDNN", core._get_mkldnn_enabled, core._set_mkldnn_enabled),
    ProcessValue("denormal numbers", lambda: not SMALLEST * 1.0, torch.set_flush_denormal),
    ProcessValue("hooks of all modules", lambda: tuple(map(dict, HOOKS)), _write_hooks),
    ProcessValue("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    ProcessValue("working directory", os.getcwd, os.chdir),
    ProcessValue("environment variables", lambda: dict(os.environ), _write_variables),
    ProcessValue("signal handlers", _read_signals, _write_signals),
    ProcessValue("warning filters", lambda: [*warnings.filters], _write_filters),
    ProcessValue("garbage collector", _read_collector, _write_collector),
    ProcessValue("streams", _read_streams, _write_streams),
    ProcessValue("output descriptors", _read_outputs, _write_outputs),
    ProcessValue("limits", limits, set_limits),
    ProcessValue("scheduling", _read_schedule, _write_schedule),
)
