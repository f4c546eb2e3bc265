"""A module put in its place in a network, so that it runs once where its place is called, and can be taken
out again."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from attnprof.errors import UsageError
from attnprof.networks import BEFORE, FUSE, REPLACE
from attnprof.subject.traffic import ONLY_ARGUMENT, Path, part_at, with_part

NAME = "attention"  # of the submodule that is inserted


@dataclass(frozen=True)
class Site:
    """A place for a module in a network, and the map (N, channels, height, width) that reaches it."""

    name: str  # of the submodule that the place is relative to
    how: str  # after, before or in place of that submodule, or in its place with both of its maps
    stage: int  # from 1
    channels: int
    height: int
    width: int
    stride: tuple[int, int] = (1, 1)  # of the submodule, where it is replaced
    calls: int = 1  # of the submodule, in one call of the network
    path: Path = ()  # to the map: in the answer, or in the pair of positional and named arguments
    channels_last: bool = False  # whether the map is (N, H, W, C)
    takes_more: bool = False  # whether the submodule is called with other arguments, too
    owner: str = ""  # the submodule whose child the module becomes; not where it replaces one

    def __str__(self) -> str:
        return f"{self.how} {self.name}, {self.channels}@{self.height}x{self.width}"


def owner_of(network: nn.Module, name: str, how: str, path: Path, listing: Set[str]) -> str:
    """The submodule whose child a module at ``name`` becomes: that one itself, or the nearest around it that
    does not run its children one by one, as it would run the new one, too.

    path: to the map. listing: the submodules that go through their children. Raises UsageError where all do.
    """
    if how != BEFORE and is_appended(network.get_submodule(name), path):
        return name
    for owner in _around(name):
        is_list = isinstance(network.get_submodule(owner), nn.ModuleList | nn.ModuleDict)
        if owner not in listing and not is_list:
            return owner
    raise UsageError(
        f"{how}:{name}: it runs its children one by one, as all around it does, and would run one more twice;"
        " name a submodule inside it that has no children"
    )


def _around(name: str) -> Iterator[str]:
    """The submodule ``name``, and those around it, to the network itself."""
    while name:
        yield name
        name = name.rpartition(".")[0]
    yield ""


def is_appended(target: nn.Module, path: Path) -> bool:
    """Whether a new child is the last of ``target``: it runs them one after the other, and gives a map."""
    return path == () and runs_in_turn(target)


def runs_in_turn(module: nn.Module) -> bool:
    """Whether it is a Sequential that does what torch's does."""
    kind = type(module)
    return kind.forward is nn.Sequential.forward and getattr(kind, "__iter__", None) is nn.Sequential.__iter__


@dataclass
class Attachment:
    """A module in a network."""

    site: Site
    module: nn.Module
    undo: list[Callable[[], object]] = field(default_factory=list)

    def take_out(self) -> None:
        """Leave the network as it was before."""
        for step in reversed(self.undo):
            step()


def attach(network: nn.Module, site: Site, module: nn.Module) -> Attachment:
    """Put ``module``, which takes maps (N, C, H, W), in its place."""
    attachment = Attachment(site, module)
    if site.channels_last:
        module = ChannelsFirst(module)
    if site.how == FUSE:
        _exchange(network, site, module, attachment)
    elif site.how == REPLACE:
        _replace(network, site, module, attachment)
    else:
        _add(network, site, module, attachment)
    return attachment


def _replace(network: nn.Module, site: Site, module: nn.Module, attachment: Attachment) -> None:
    if site.stride != (1, 1):
        # The module keeps the size: a pooling in front of it has the stride.
        module = nn.Sequential(nn.AvgPool2d(3, site.stride, padding=1), module)
    if site.path != ONLY_ARGUMENT or site.takes_more:
        module = OfOneArgument(module, site.path)
    _exchange(network, site, module, attachment)


def _exchange(network: nn.Module, site: Site, module: nn.Module, attachment: Attachment) -> None:
    """Put ``module``, which takes what the submodule there takes, in its place."""
    target = network.get_submodule(site.name)
    _copy_plain_attributes(target, module)
    network.set_submodule(site.name, module)
    attachment.undo.append(lambda: network.set_submodule(site.name, target))


def _copy_plain_attributes(target: nn.Module, module: nn.Module) -> None:
    """Give ``module`` the numbers and texts that ``target`` has and it has not. A network may read them, such
    as the layers that its inputs come from."""
    for name, value in vars(target).items():
        if not name.startswith("_") and _is_plain(value) and not hasattr(module, name):
            setattr(module, name, value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return isinstance(value, int | float | str)


def _add(network: nn.Module, site: Site, module: nn.Module, attachment: Attachment) -> None:
    target, owner = network.get_submodule(site.name), network.get_submodule(site.owner)
    name = _name_in(owner, site)
    owner.add_module(name, module)
    attachment.undo.append(lambda: delattr(owner, name))
    if site.how != BEFORE and is_appended(target, site.path):
        return
    elsewhere = None if owner is target else module
    if site.how == BEFORE:
        handle = target.register_forward_pre_hook(_First(name, site.path, elsewhere), with_kwargs=True)
    else:
        handle = target.register_forward_hook(_Then(name, site.path, elsewhere))
    attachment.undo.append(handle.remove)


def _name_in(owner: nn.Module, site: Site) -> str:
    """A name for the module that its owner does not have: attention, or block_attention in what is around the
    block; from the second on with a number."""
    inside = site.name.removeprefix(site.owner).strip(".").replace(".", "_")
    name = f"{inside}_{NAME}" if inside else NAME
    return next(free for n in range(1, 1000) if not hasattr(owner, free := f"{name}{n if n > 1 else ''}"))


class ChannelsFirst(nn.Module):
    """A module of maps (N, C, H, W), made to take and give maps (N, H, W, C)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The module's answer to x (N, H, W, C), in the same layout."""
        answer: torch.Tensor = self.module(x.permute(0, 3, 1, 2))
        return answer.permute(0, 2, 3, 1).contiguous()


class OfOneArgument(nn.Module):
    """A module of one map, made to take all arguments of the submodule that it stands for."""

    def __init__(self, module: nn.Module, path: Path) -> None:
        super().__init__()
        self.module, self.path = module, path

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The module's answer to the map among the arguments."""
        return self.module(part_at((args, kwargs), self.path))


@dataclass(frozen=True)
class _Then:
    """A hook that passes the map in a submodule's answer through a module. A class, so that networks can be
    pickled."""

    name: str  # of the module among the submodule's children
    path: Path  # to the map
    elsewhere: nn.Module | None  # the module, where it is the child of another

    def __call__(self, target: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
        module = getattr(target, self.name) if self.elsewhere is None else self.elsewhere
        return with_part(output, self.path, module(part_at(output, self.path)))


@dataclass(frozen=True)
class _First:
    """A hook that sends the map among a submodule's arguments through a module first."""

    name: str  # of the module among the submodule's children
    path: Path  # to the map in the pair of positional and named arguments
    elsewhere: nn.Module | None  # the module, where it is the child of another

    def __call__(self, target: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = getattr(target, self.name) if self.elsewhere is None else self.elsewhere
        arguments = args, kwargs
        return with_part(arguments, self.path, module(part_at(arguments, self.path)))
