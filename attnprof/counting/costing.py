"""``cost``: the account of any nn.Module, or of a module named in the catalogue."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from types import ModuleType
from typing import Any

import torch
from torch import nn

from attnprof.catalogue import create, entry
from attnprof.catalogue.inputs import TensorInput, parse_inputs
from attnprof.counting.account import META, REAL, Account, account_of_parts
from attnprof.counting.building import on_meta
from attnprof.counting.caches import kept_caches
from attnprof.counting.guard import Guard
from attnprof.counting.inputs import Arguments, Inputs, arguments, tensors
from attnprof.counting.kernels import UnreadableValueError
from attnprof.counting.observation import Call, outside_inference_mode
from attnprof.counting.parts import Parts
from attnprof.counting.randomness import kept_random_states
from attnprof.counting.stand_in import with_constants, with_data, without_data
from attnprof.errors import UsageError

_META = torch.device("meta")


def cost(
    module: "nn.Module | str",
    inputs: Inputs,
    *,
    dtype: torch.dtype | None = None,
    backward: bool = False,
    fused: bool = True,
    verify: bool = False,
    device: str | None = None,
    **named: Any,
) -> Account:
    """Count one call of ``module`` with ``inputs``.

    module: any nn.Module, on any device, counted in its mode (train or eval); or a name of the catalogue,
    counted in eval mode with ``named`` as its hyperparameters.

    inputs: a shape, (N, C, H, W) or another; a tensor; a text such as "int64[30522]:1x128" for 128 whole
    numbers below 30,522; a tuple of them, and of any other values, for several arguments; a dict for named
    ones. Lists, tuples and dicts inside stay as they are. named: further arguments of forward.

    dtype: of inputs that are shapes; by default that of the module's first floating-point parameter, else
    float32. backward: forward and backward. fused: keep scaled dot product attention in one operator; False
    gives the memory of its unfused path. verify: compare our shape functions with torch's own kernels.

    device: "meta" counts from shapes alone and the module's constants; "real" computes the pass where the
    module is. By default it is meta, and real where the forward pass reads values that come from the input,
    within 60 s and half of the free memory; ``inputs`` of the account says which it was.

    The module is not changed: a stand-in is counted. Forward hooks run on the stand-in. A module that
    torch.compile made is counted as the module that it was made from. Raises UsageError for an unknown name,
    for impossible settings, for inputs that are not understood and for a real run that the machine has no
    room for; what the module's own forward raises passes through.
    """
    if device not in (None, META, REAL):
        raise UsageError(f"cost: device is 'meta' or 'real', not {device!r}")
    with _nothing_changed():
        if isinstance(module, str):
            shape, maps = _map_shape(module, inputs), entry(module).maps
            module, named = _on_meta(module, shape, named).to(dtype), {}
            inputs = (shape,) * maps if maps > 1 else inputs
        called = arguments(inputs, named, module)
        count = partial(_count, module, called, dtype, backward=backward, fused=fused, verify=verify)
        return _by_least_work(count, device)


def call_stand_in(
    module: nn.Module,
    shape: tuple[int, ...],
    prepare: Callable[[nn.Module], object],
    device: str | None = None,
) -> None:
    """Call a stand-in for ``module`` with an input of ``shape``, by as little computing as ``cost`` does.

    prepare: called with the stand-in before its call. Where that turns out to read values, a stand-in that
    has more of them is prepared and called in its place. Raises UnreadableValueError where the module itself
    is on the meta device, and has none, or where ``device`` is "meta" and the pass has to compute.
    """
    has_values = not any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers()))
    with _nothing_changed():
        called = arguments(shape, {}, module)
        call = partial(_count, module, called, None, prepare=prepare)
        _by_least_work(partial(call, backward=False, fused=False), device if has_values else META)


@contextmanager
def _nothing_changed() -> Iterator[None]:
    """While active: a call draws from no random generator of the process, and compiles nothing."""
    with (
        kept_random_states(),
        _without_compiler(),
        _without_autocast(),
        _flex_attention_by_parts(),
        outside_inference_mode(),
    ):
        yield


def _by_least_work(count: Callable[..., Account], device: str | None) -> Account:
    """By shapes alone; else with the module's constants; else by computing. device: as in ``cost``."""
    if device == REAL:
        return count(with_data)
    with suppress(UnreadableValueError):
        return count(without_data)
    try:
        return count(with_constants, keeps_values=True)
    except UnreadableValueError:
        if device == META:
            raise
    return count(with_data, guard=Guard())


def _count(
    module: nn.Module,
    called: Arguments,
    dtype: torch.dtype | None,
    copy: Callable[[nn.Module], nn.Module],
    *,
    keeps_values: bool = False,
    prepare: Callable[[nn.Module], object] | None = None,
    **options: Any,
) -> Account:
    """copy: makes the stand-in that is counted. prepare: called with it first."""
    replica = copy(module)
    if prepare is not None:
        prepare(replica)
    parts = Parts(replica)
    first = next((p for p in parts.parameters if p.is_floating_point()), None)
    device = _META
    if copy is with_data:
        device = next((p.device for p in parts.parameters), torch.device("cpu"))
    inputs = tensors(called, dtype or (torch.float32 if first is None else first.dtype), device, keeps_values)
    call = Call(inputs.positional, inputs.named, keeps_values=keeps_values, **options)
    with kept_caches(parts.modules):
        return account_of_parts(parts, call)


def _map_shape(name: str, inputs: Inputs) -> tuple[int, ...]:
    """The shape of the map that a module of the catalogue takes; of the first of two."""
    if isinstance(inputs, torch.Tensor):
        shape = tuple(inputs.shape)
    elif isinstance(inputs, str):
        first = next(iter(parse_inputs(inputs).positional), 0)
        shape = first.shape if isinstance(first, TensorInput) else ()
    else:
        shape = tuple(inputs)
    if len(shape) != 4:
        raise UsageError(f"cost: {name} takes maps (N, C, H, W), got a shape of {len(shape)} sides")
    return shape


def _on_meta(name: str, shape: tuple[int, ...], settings: dict[str, Any]) -> nn.Module:
    with on_meta():
        return create(name, shape[1], height=shape[2], width=shape[3], settings=settings).eval()


def _without_compiler() -> AbstractContextManager[object]:
    """Run functions that torch.compile made as they were written, and leave their compiled code alone."""
    if "torch._dynamo" not in sys.modules:  # nothing is compiled; torch's switch would import the compiler
        return nullcontext()
    stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return stance


def _flex_attention_by_parts() -> AbstractContextManager[object]:
    """Keep flex_attention, which the CPU runs in parts, from compiling them."""
    flex = sys.modules.get("torch.nn.attention.flex_attention")
    return nullcontext() if flex is None else _without_compilation(flex)


@contextmanager
def _without_compilation(flex: ModuleType) -> Iterator[None]:
    switch = "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG"
    before = getattr(flex, switch, False)
    setattr(flex, switch, True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "flex_attention called without torch.compile")
            yield
    finally:
        setattr(flex, switch, before)


def _without_autocast() -> AbstractContextManager[object]:
    """Autocast changes no count on meta, and is not to change that of a real run."""
    if not torch.is_autocast_enabled("cpu"):
        return nullcontext()
    return torch.autocast("cpu", enabled=False)
