"""A call of a network with modules in it, to see that each keeps the shape and runs as often as its place."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from attnprof.counting import call_stand_in
from attnprof.errors import ImpossibleShapeError, UsageError
from attnprof.subject.attachment import Attachment, Site
from attnprof.subject.calling import is_gate, sizes


def rehearse(
    network: nn.Module, attachments: Sequence[Attachment], module: str, shape: tuple[int, ...]
) -> None:
    """Call a stand-in of ``network`` with an input of ``shape``. module: the name of what is inserted.

    Raises ImpossibleShapeError for a module that gives another shape than it takes, UsageError for one that
    does not run exactly once for each call of its place.
    """
    names = {part: name for name, part in network.named_modules()}
    places = {names[attachment.module]: attachment.site for attachment in attachments}
    calls = dict.fromkeys(places, 0)

    def note(name: str, _: nn.Module, inputs: Any, output: Any) -> None:
        calls[name] += 1
        _require_same_shape(f"{places[name]}: {module}", inputs[0], output)

    def begin(stand_in: nn.Module) -> None:
        calls.update(dict.fromkeys(calls, 0))
        stand_in.eval()
        for name in places:
            stand_in.get_submodule(name).register_forward_hook(partial(note, name))

    call_stand_in(network, shape, begin)
    for name, site in places.items():
        _require_calls(site, calls[name])


def _require_same_shape(who: str, x: torch.Tensor, output: Any) -> None:
    if not isinstance(output, torch.Tensor):
        raise ImpossibleShapeError(f"{who} gives a {type(output).__name__} and not a map")
    before, after = (tuple(each.shape) for each in (x, output))
    if before == after:
        return
    extents = f"{sizes(after)} for a map of {sizes(before)}"
    if is_gate(before, after):
        raise ImpossibleShapeError(
            f"{who} gives {extents}: a gate, and not yet applied; with gate=true the map is multiplied by it"
        )
    raise ImpossibleShapeError(f"{who} gives {extents}; what is inserted keeps the shape")


def _require_calls(site: Site, calls: int) -> None:
    if calls != site.calls:
        raise UsageError(
            f"{site}: what is inserted would run {calls} times where {site.name} is called {site.calls} times"
            " in one call of the network; name a submodule inside it, or around it"
        )
