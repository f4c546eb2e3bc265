"""What passes through the submodules of a network during one call: which maps they take and give, and which
submodules go through their own children."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from attnprof.counting import call_stand_in
from attnprof.networks import BEFORE
from attnprof.subject.layouts import ChannelAxes, has_channels_last

Shape = tuple[int, int, int, int]  # (N, C, H, W)
Path = tuple[Any, ...]  # positions and keys that lead to a part of a value; empty for the value itself
ONLY_ARGUMENT: Path = (0, 0)  # in the pair of positional and named arguments


@dataclass(frozen=True)
class MapAt:
    """A map among the values of a call."""

    path: Path
    shape: Shape  # in this order, whatever the layout
    channels_last: bool  # whether it is (N, H, W, C)


@dataclass(frozen=True)
class Passage:
    """One call of a submodule."""

    argument: MapAt | None  # the first map among the arguments
    answer: MapAt | None  # the first map in the answer
    takes_more: bool  # whether there are other arguments
    pair: tuple[MapAt, MapAt] | None = None  # the arguments, where they are two maps and nothing else

    def reaching(self, how: str) -> MapAt | None:
        """The map that reaches a module before, after or in place of the submodule."""
        return self.argument if how == BEFORE else self.answer


@dataclass(frozen=True)
class Traffic:
    """What one call of a network showed."""

    passages: Mapping[str, Sequence[Passage]]  # by the submodule's name; without those that were not called
    listing: frozenset[str]  # the submodules whose children were gone through one by one


def traffic_of(network: nn.Module, names: Sequence[str], shape: tuple[int, ...]) -> Traffic:
    """What passes through the submodules ``names`` in a call of ``network``, in eval mode, with an input of
    ``shape``. A stand-in is called, on the meta device where it can be."""
    watch = _Watch(names)
    with ChannelAxes():
        call_stand_in(network, shape, watch.begin)
    return Traffic(watch.passages, frozenset(watch.listing))


class _Watch:
    """The eyes on a stand-in."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._is_running = False
        self.passages: dict[str, list[Passage]] = {}
        self.listing: set[str] = set()

    def begin(self, stand_in: nn.Module) -> None:
        """Watch ``stand_in`` from now on, and forget any other."""
        self.passages.clear()
        stand_in.eval()
        for name in self._names:
            stand_in.get_submodule(name).register_forward_hook(partial(self._note, name), with_kwargs=True)
        for name, part in list(stand_in.named_modules()):
            part._modules = _Children(part._modules, partial(self._note_listing, name))
        stand_in.register_forward_pre_hook(self._start)
        stand_in.register_forward_hook(self._stop)

    def _start(self, *_: object) -> None:
        self.listing.clear()
        self._is_running = True

    def _stop(self, *_: object) -> None:
        self._is_running = False

    def _note(self, name: str, _: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        takes_more = len(args) + len(kwargs) > 1
        pair = None if kwargs else _pair(args)
        passage = Passage(_map_among(args, kwargs), map_in(output), takes_more, pair)
        self.passages.setdefault(name, []).append(passage)

    def _note_listing(self, name: str) -> None:
        if self._is_running:
            self.listing.add(name)


class _Children(dict[str, nn.Module | None]):
    """The children of a module; says when somebody goes through them."""

    def __init__(self, children: Mapping[str, nn.Module | None], note: Callable[[], None]) -> None:
        super().__init__(children)
        self._note = note

    def _note_reader(self) -> None:
        # A search for parameters or for parts of some class calls none of them.
        if sys._getframe(2).f_code is not nn.Module.named_modules.__code__:
            self._note()

    def __iter__(self) -> Iterator[str]:
        self._note_reader()
        return super().__iter__()

    def __len__(self) -> int:
        self._note_reader()
        return super().__len__()

    def keys(self) -> Any:
        """As of a dict."""
        self._note_reader()
        return super().keys()

    def values(self) -> Any:
        """As of a dict."""
        self._note_reader()
        return super().values()

    def items(self) -> Any:
        """As of a dict."""
        self._note_reader()
        return super().items()


def _map_among(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> MapAt | None:
    """The map among the arguments. A list of maps is none: there is no saying which is meant."""
    positional = [((0, number), value) for number, value in enumerate(args)]
    named = [((1, name), value) for name, value in kwargs.items()]
    return _first_map(
        (path, value) for path, value in [*positional, *named] if isinstance(value, torch.Tensor)
    )


def _pair(args: tuple[Any, ...]) -> tuple[MapAt, MapAt] | None:
    """The two maps that ``args`` are; None for anything else."""
    if len(args) != 2 or not all(isinstance(x, torch.Tensor) and x.dim() == 4 for x in args):
        return None
    return _map(args[0]), _map(args[1])


def map_in(value: Any) -> MapAt | None:
    """The map that a value is, or that its tuples, lists and dicts begin with; None where there is none."""
    return _first_map(_tensors_in(value, ()))


def _first_map(tensors: Iterable[tuple[Path, torch.Tensor]]) -> MapAt | None:
    """The first tensor, by its path, where it is a map. Scores (N, K) and numbers may stand in front of it;
    behind tokens (N, L, C) a map is not what goes on through the network."""
    path, first = next(((path, x) for path, x in tensors if x.dim() > 2), ((), None))
    return None if first is None or first.dim() != 4 else replace(_map(first), path=path)


def _tensors_in(value: Any, path: Path) -> Iterator[tuple[Path, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield path, value
    for key, part in _parts(value):
        yield from _tensors_in(part, (*path, key))


def _map(x: torch.Tensor) -> MapAt:
    is_last = has_channels_last(x)
    batch, channels, height, width = x.movedim(-1, 1).shape if is_last else x.shape
    return MapAt((), (batch, channels, height, width), is_last)


def _parts(value: Any) -> Sequence[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, tuple | list) else []


def part_at(value: Any, path: Path) -> Any:
    """The part of a value that the path leads to."""
    for key in path:
        value = value[key]
    return value


def with_part(value: Any, path: Path, part: Any) -> Any:
    """A value like ``value``, with another part where the path leads."""
    if not path:
        return part
    key, *others = path
    inner = with_part(value[key], tuple(others), part)
    if isinstance(value, tuple):
        parts = (*value[:key], inner, *value[key + 1 :])
        return type(value)(*parts) if hasattr(value, "_fields") else parts
    changed = copy(value)
    changed[key] = inner
    return changed
