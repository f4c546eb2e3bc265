"""Tensors of the CPU that say they lie on a simulated device, and the operators on them."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tests.simulated_cuda.allocator import Block
from tests.simulated_cuda.device import Device

HOST = -1  # an index that stands for the CPU
# Operators that bring a value or a size to the host, and so wait for the device.
WAITS = frozenset(
    [
        "_local_scalar_dense",
        "nonzero",
        "masked_select",
        "equal",
        "is_nonzero",
        "_linalg_check_errors",
        "linalg_inv_ex",
        "unique_dim",
        "_unique2",
        "unique_consecutive",
        "repeat_interleave.Tensor",
        "bincount",
        "histc",
    ]
)
CHECKED_BY_ITSELF = frozenset({"linalg_inv_ex"})  # waits only where errors are to be raised
ISSUES_NOTHING = frozenset(
    [
        "empty",
        "empty_strided",
        "empty_like",
        "new_empty",
        "new_empty_strided",
        "detach",
        "detach_",
        "alias",
        "lift",
        "lift_fresh",
        "set_",
        "resize_",
        "_local_scalar_dense",
        "is_same_size",
        "_has_same_storage_numel",
        "record_stream",
        "_unsafe_view",
        "_reshape_alias",
    ]
)
LARGE = 2**27  # multiply-accumulates
LEAF = "torch::autograd::AccumulateGrad"


class Tensors:
    """Which storages lie on which device. A storage leaves when nobody holds it any more."""

    def __init__(self, devices: list[Device]) -> None:
        self.devices = devices
        self.goal: int | None = None  # where what is made now goes to; None: to where its arguments are
        self._places: dict[int, tuple[int, Any]] = {}  # address of the storage -> index, reference

    def index(self, x: torch.Tensor) -> int | None:
        """The device that x is on; None for the CPU."""
        if x.layout is not torch.strided:
            return None
        place = self._places.get(x.untyped_storage()._cdata)
        return None if place is None else place[0]

    @contextmanager
    def going_to(self, index: int) -> Iterator[None]:
        before, self.goal = self.goal, index
        try:
            yield
        finally:
            self.goal = before

    def adopt(self, x: torch.Tensor, index: int) -> None:
        """x, which an operator has made, lies on the device: its allocator has made room for it."""
        storage = x.untyped_storage()
        address, size = storage._cdata, storage.nbytes()
        if address in self._places or not size:
            return
        device = self.devices[index]
        block = device.allocator.allocate(size, device.pool)
        self._places[address] = index, weakref.ref(storage, lambda _: self._release(address, device, block))

    def _release(self, address: int, device: Device, block: Block) -> None:
        del self._places[address]
        device.allocator.release(block)


class Functions(TorchFunctionMode):
    """What Python code says of devices."""

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        self._tensors = tensors
        tensor = torch.Tensor
        self._special = {
            tensor.device.__get__: self._device,
            tensor.is_cuda.__get__: lambda x: self._tensors.index(x) is not None,
            tensor.to: self._to,
            tensor.cuda: lambda x, device=None, **more: self._move(
                tensor.to, x, _index(device or "cuda"), **more
            ),
            tensor.cpu: lambda x, **more: self._move(tensor.to, x, None, **more),
            tensor.new_tensor: self._new_tensor,
            tensor.__deepcopy__: self._deepcopy,
            tensor.backward: self._backward,
            tensor.tolist: self._to_host_first(tensor.tolist),
            tensor.numpy: self._to_host_first(tensor.numpy),
        }

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        special = self._special.get(func)
        if special:
            return special(*args, **kwargs)
        index = _index(kwargs.get("device"))
        if index is None:
            return func(*args, **kwargs)
        with self._tensors.going_to(index):
            return func(*args, **{**kwargs, "device": "cpu"})

    def _device(self, x):
        index = self._tensors.index(x)
        return torch.Tensor.device.__get__(x) if index is None else torch.device("cuda", index)

    def _to(self, x, *args, **kwargs):
        if args and isinstance(args[0], torch.Tensor):
            args = (self._device(args[0]), args[0].dtype, *args[1:])
        device, dtype, _, layout = torch._C._nn._parse_to(*args, **kwargs)
        if device is not None and device.type not in ("cpu", "cuda"):
            return torch.Tensor.to(x, *args, **kwargs)
        if x.is_meta or device is None:
            return torch.Tensor.to(x, dtype=dtype or x.dtype, **_format(layout))
        return self._move(torch.Tensor.to, x, _index(device), dtype or x.dtype, **_format(layout))

    def _move(self, to, x, index, dtype=None, **more):
        """x on the device ``index``, or on the CPU. A transfer waits."""
        home = self._tensors.index(x)
        dtype = dtype or x.dtype
        if home == index:
            return to(x, dtype=dtype, **_format(more.get("memory_format")))
        for device in {each for each in (home, index) if each is not None}:
            self._tensors.devices[device].wait_within_operator("copy")
        with self._tensors.going_to(HOST if index is None else index):
            return to(x, "cpu", dtype, copy=True, **_format(more.get("memory_format")))

    def _new_tensor(self, x, values, **more):
        """Numbers of the host on x's device: a transfer, which waits."""
        made = torch.Tensor.new_tensor(x, values, **more)
        index = self._tensors.index(x)
        if index is not None:
            self._tensors.devices[index].wait_within_operator("copy")
            self._tensors.adopt(made, index)
        return made

    def _deepcopy(self, x, memo):
        copy = torch.Tensor.__deepcopy__(x, memo)
        index = self._tensors.index(x)
        if index is not None:
            self._tensors.adopt(copy, index)
        return copy

    def _to_host_first(self, method):
        def on_host(x, *args, **kwargs):
            index = self._tensors.index(x)
            if index is not None:
                self._tensors.devices[index].wait_within_operator("copy")
            return method(x, *args, **kwargs)

        return on_host

    def _backward(self, x, *args, **kwargs):
        index = self._tensors.index(x)
        if index is not None:
            _check_leaves(self._tensors.devices[index], x)
        return torch.Tensor.backward(x, *args, **kwargs)


class Operators(TorchDispatchMode):
    """Each operator on a simulated device: issued, its outputs allocated."""

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # it would import the compiler

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        self._tensors = tensors

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        goal = self._tensors.goal
        index = self._of(args, kwargs) if goal is None else goal
        if index is None or index == HOST:
            return func(*args, **kwargs)
        device = self._tensors.devices[index]
        name = func._schema.name.removeprefix("aten::")
        if waits(func, name, args, kwargs):
            device.wait_within_operator(name)
        elif name in device.settings.hidden_sync:
            device.wait_within_operator(name, hidden=True)
        if torch.Tag.nondeterministic_seeded in func.tags and kwargs.get("generator") is None:
            device.draw()
        result = _product(*args) if name == "mm" and _is_large(*args) else func(*args, **kwargs)
        for output in _tensors_in(result):
            if not output.is_meta:
                self._tensors.adopt(output, index)
        if issues(func, name):
            device.issue(name)
        return result

    def _of(self, args, kwargs):
        for x in _tensors_in((args, tuple(kwargs.values()))):
            if not x.is_meta and (index := self._tensors.index(x)) is not None:
                return index
        return None


def _is_large(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether a product is so large that the CPU would compute it for long: peaks are measured with such."""
    return len(a) * b.numel() > LARGE


def _product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a @ b, whatever its values."""
    return torch.empty(len(a), b.shape[1], dtype=a.dtype)


def waits(func, name: str, args, kwargs) -> bool:
    """Whether the operator waits for the device."""
    if name in CHECKED_BY_ITSELF:
        return bool(kwargs.get("check_errors", False))
    return name in WAITS or f"{name}.{func._overloadname}" in WAITS


@cache
def issues(func, name: str) -> bool:
    """Whether the operator issues a kernel: views do not."""
    return not func.is_view and name not in ISSUES_NOTHING


def _check_leaves(device: Device, x: torch.Tensor) -> None:
    """A gradient is added to on the stream on which its leaf was first met, for as long as a graph holds it.

    During a capture that has to be the capturing one.
    """
    nodes, seen = [x.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        nodes += [each for each, _ in node.next_functions]
        if node.name() != LEAF:
            continue
        queue = node.metadata.setdefault("queue", device.current)
        if device.is_capturing and queue is not device.current:
            device.invalidate_capture(
                "operation would make the legacy stream depend on a capturing blocking stream"
            )


def _tensors_in(value) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors_in(each)


def _index(device) -> int | None:
    """The index of a CUDA device; None for any other, and for none."""
    if device is None:
        return None
    device = torch.device("cuda", device) if isinstance(device, int) else torch.device(device)
    if device.type != "cuda":
        return None
    return torch.cuda.current_device() if device.index is None else device.index


def _format(layout):
    return {} if layout is None else {"memory_format": layout}
