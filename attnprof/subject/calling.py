"""How a user's module is called with a map, and how its answer becomes a map again.

A module of the catalogue takes a map (N, C, H, W) and gives one. A user's may take what a map can be laid out
as: its tokens, say, or the same map for each of several arguments.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, NamedTuple

import torch
from torch import nn

from attnprof.counting import tensors_below

Shape = tuple[int, ...]

# A letter an axis: batch, channels, height, width, and the length H*W.
MAP, TOKENS, CHANNELS_LAST, ROWS, SEQUENCE = "NCHW", "NLC", "NHWC", "NCL", "LNC"
LAYOUTS = (MAP, TOKENS, CHANNELS_LAST, ROWS, SEQUENCE)  # in the order in which they are tried
BESIDE_SIZE = (TOKENS, MAP, CHANNELS_LAST, ROWS, SEQUENCE)  # a map would say its size itself

# What an argument of ``forward`` stands for, by its name in small letters; any other is the map.
HEIGHT_NAMES = frozenset(("h", "height", "img_h", "h_size"))
WIDTH_NAMES = frozenset(("w", "width", "img_w", "w_size"))
SIZE_NAMES = frozenset(
    ("size", "hw", "hw_shape", "x_size", "img_size", "input_size", "feat_size", "map_size", "grid_size")
    + ("resolution", "input_resolution", "spatial_size", "spatial_shape", "spatial_dims", "hw_size")
)
MASK_NAMES = frozenset(
    ("mask", "attn_mask", "attention_mask", "mask_matrix", "key_padding_mask", "padding_mask", "src_mask")
)


_NAMES_CHANNELS_LAST = re.compile(r"\b[bn]\W{0,2}h\W{0,2}w\W{0,2}c\b", re.IGNORECASE)  # (B, H, W, C), NHWC


class Slot(NamedTuple):
    """An argument of ``forward`` that has no default."""

    name: str
    role: str  # 'map', 'height', 'width', 'size' or 'nothing'
    is_named: bool = False  # whether it can be passed by its name alone


@dataclass(frozen=True)
class Calling:
    """A way to call a module with a map x (N, C, H, W)."""

    layout: str  # of what stands for the map
    slots: tuple[Slot, ...]
    copies: bool = (
        False  # whether what stands for the map is laid out anew: a view is not to be viewed at will
    )
    answer: str = ""  # the kind of what the module gives, where that holds tensors and is none

    @property
    def is_plain(self) -> bool:
        """Whether the module takes and gives maps as one of the catalogue does."""
        return self.layout == MAP and len(self.slots) == 1 and not self.answer

    def call(self, module: nn.Module, x: torch.Tensor) -> Any:
        """What ``module`` gives for x, as a map where it can be one."""
        laid_out = lay_out(x, self.layout)
        if self.copies:
            laid_out = laid_out.contiguous()
        height, width = x.shape[2:]
        values = {"map": laid_out, "height": height, "width": width, "size": (height, width), "nothing": None}
        positional = [values[slot.role] for slot in self.slots if not slot.is_named]
        named = {slot.name: values[slot.role] for slot in self.slots if slot.is_named}
        answer = main_tensor(module(*positional, **named), laid_out)
        return as_map(answer, self.layout, (height, width)) if isinstance(answer, torch.Tensor) else answer

    def remarks(self, shape: Shape) -> list[str]:
        """What there is to say of it, for a map of ``shape``."""
        remarks = [] if self.layout == MAP and len(self.slots) == 1 else [self._in_words(shape)]
        if self.answer:
            remarks.append(f"gives a {self.answer}: the first map in it counts")
        return remarks

    def _in_words(self, shape: Shape) -> str:
        axes = f"({', '.join(self.layout)})"
        laid_out = sizes(shape_of_layout(shape, self.layout))
        names = [slot.name for slot in self.slots if slot.role == "map"]
        if len(names) == 1:
            map_words = f"takes {axes}: the map is given as {laid_out}"
        else:
            map_words = f"takes {listed(names)}: each is given the map"
            map_words += "" if self.layout == MAP else f" as {axes}, {laid_out}"
        values = {"height": shape[2], "width": shape[3], "size": tuple(shape[2:]), "nothing": None}
        others = [f"{slot.name}={values[slot.role]}" for slot in self.slots if slot.role != "map"]
        return ", ".join([map_words + (", a copy" if self.copies else ""), *others])


class Adapted(nn.Module):
    """A user's module, made to take and give maps (N, C, H, W)."""

    def __init__(self, module: nn.Module, calling: Calling, remarks: Sequence[str] = ()) -> None:
        super().__init__()
        self.module, self.calling, self.remarks = module, calling, tuple(remarks)

    def forward(self, x: torch.Tensor) -> Any:
        """The module's answer to the map x, as a map where it can be one."""
        return self.calling.call(self.module, x)


def adapter_in(module: nn.Module) -> Adapted | None:
    """The adapter that ``module`` is, or that it applies as a gate; None where it is called as it is."""
    inside = getattr(module, "module", None)
    return next((part for part in (module, inside) if isinstance(part, Adapted)), None)


def ways_to_call(module: nn.Module) -> list[Calling]:
    """The ways in which ``module`` may want to be called, in the order in which they are tried."""
    slots = slots_of(module)
    is_sized = any(slot.role in ("height", "width", "size") for slot in slots)
    layouts = list(BESIDE_SIZE if is_sized else LAYOUTS)
    if _NAMES_CHANNELS_LAST.search(f"{type(module).__doc__} {module.forward.__doc__}"):
        layouts.remove(CHANNELS_LAST)  # to tokens most such modules do the same
        layouts.insert(layouts.index(TOKENS), CHANNELS_LAST)
    return [Calling(layout, slots) for layout in layouts]


def slots_of(module: nn.Module) -> tuple[Slot, ...]:
    """The arguments that ``forward`` has to be given. The first is the map, whatever its name is."""
    try:
        parameters = signature(module.forward).parameters.values()
    except (TypeError, ValueError):  # of a function without Python's code
        return (Slot("x", "map"),)
    required = [p for p in parameters if p.default is p.empty and p.kind not in _REST]
    names = [p.name.lower() for p in required]
    slots = [Slot(p.name, _role(p.name.lower(), names), p.kind is Parameter.KEYWORD_ONLY) for p in required]
    return (Slot(slots[0].name, "map", slots[0].is_named), *slots[1:]) if slots else (Slot("x", "map"),)


_REST = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def _role(name: str, names: Sequence[str]) -> str:
    """What the argument ``name`` stands for, among ``names``: an h without a w is no height."""
    has_both = not HEIGHT_NAMES.isdisjoint(names) and not WIDTH_NAMES.isdisjoint(names)
    if has_both and name in HEIGHT_NAMES | WIDTH_NAMES:
        return "height" if name in HEIGHT_NAMES else "width"
    if name in SIZE_NAMES:
        return "size"
    return "nothing" if name in MASK_NAMES else "map"


def lay_out(x: torch.Tensor, layout: str) -> torch.Tensor:
    """The map x (N, C, H, W) with the axes of ``layout``: a view."""
    if layout == MAP:
        return x
    axes = _axes_before(layout)
    flat = x.flatten(2) if axes == ROWS else x
    return flat.permute([axes.index(axis) for axis in layout])


def as_map(y: torch.Tensor, layout: str, size: tuple[int, int]) -> torch.Tensor:
    """y, with the axes of ``layout``, as a map of ``size``, or as a gate (N, C, 1, 1) where its length is 1.

    Anything else stays as it is.
    """
    if layout == MAP or y.dim() != len(layout):
        return y
    axes = _axes_before(layout)
    turned = y.permute([layout.index(axis) for axis in axes])
    if axes == MAP:
        return turned
    lengths = {size[0] * size[1]: size, 1: (1, 1)}
    if turned.shape[2] not in lengths:
        return y
    return turned.reshape(*turned.shape[:2], *lengths[turned.shape[2]])


def shape_of_layout(shape: Shape, layout: str) -> Shape:
    """The shape of a map of ``shape`` (N, C, H, W) that is laid out."""
    extents = dict(zip(MAP, shape, strict=True)) | {"L": shape[2] * shape[3]}
    return tuple(extents[axis] for axis in layout)


def _axes_before(layout: str) -> str:
    """The axes that are only permuted to become ``layout``."""
    return ROWS if "L" in layout else MAP


def main_tensor(answer: Any, laid_out: torch.Tensor) -> Any:
    """Of an answer of several values the first tensor of the input's shape, else of its rank, else of any.

    An answer without a tensor stays as it is.
    """
    if isinstance(answer, torch.Tensor):
        return answer
    tensors = list(tensors_below(answer))
    alike = [x for x in tensors if x.shape == laid_out.shape] or [
        x for x in tensors if x.dim() == laid_out.dim()
    ]
    return next(iter(alike or tensors), answer)


def is_gate(map_shape: Shape, shape: Shape) -> bool:
    """Whether a map can be multiplied by a tensor of ``shape`` and keep its own."""
    return len(shape) == 4 and all(side in (1, full) for side, full in zip(shape, map_shape, strict=True))


def sizes(shape: Shape) -> str:
    """'1x64x28x28'."""
    return "x".join(map(str, shape))


def listed(names: Sequence[str]) -> str:
    """'q, k and v'."""
    return " and ".join([", ".join(names[:-1]), names[-1]])
