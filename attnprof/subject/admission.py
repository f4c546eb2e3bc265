"""Why a network cannot be called with an input, in words: what it would take is found by trying, on meta
tensors."""

import inspect
from collections.abc import Iterator
from contextlib import suppress

from torch import nn

from attnprof.counting import META, call_stand_in
from attnprof.errors import one_line
from attnprof.networks import Network
from attnprof.subject.calling import Shape, sizes
from attnprof.subject.refusals import sentence_on

MULTIPLES = (2, 4, 8, 16, 32, 64, 128)  # of pixels, that the sides of a map may have to be
USUAL_CHANNELS = (3, 1, 2, 4)
USUAL_SIDES = (224, 256, 384, 512, 32)  # of the maps that networks are built for
DEPTH = 16  # of the volume that a network is tried with
VOLUMES = (nn.Conv3d, nn.ConvTranspose3d, nn.BatchNorm3d)
ROWS = (nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d)
MAPS = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)


def objection(network: nn.Module, shape: Shape, problem: Exception, location: str) -> str:
    """Why ``network`` raises ``problem`` at an input of ``shape``, and what it would take, in one line.

    location: of the network, as the user names it.
    """
    if sentence := sentence_on(problem, location):
        return sentence
    words = f"{type(problem).__name__}: {one_line(problem)}".rstrip(": ")
    needs = _further_inputs(network) or _rows(network) or _what_it_takes(network, shape)
    return f"{needs} ({words})" if needs else words


def misfit(network: Network, shape: Shape) -> str:
    """Why ``network``, one of the registry, does not take an input of ``shape``, and what it takes; empty
    where it does, as far as its description shows."""
    _, channels, height, width = shape
    if network.takes((channels, height, width)):
        return ""
    usual = network.input[0]
    if channels != usual and "channels" not in network.sized_by:
        return _takes_channels(usual, height, width)
    return _takes_multiples(
        network.multiple, [(channels, *sides) for sides in _rounded(height, width, network.multiple)]
    )


def _takes_channels(number: int, height: int, width: int) -> str:
    return f"it takes {number} channel{'s' * (number > 1)}: --input {sizes((number, height, width))}"


def _takes_multiples(multiple: int, fitting: list[tuple[int, int, int]]) -> str:
    inputs = " or ".join(map(sizes, fitting))
    return f"its input needs sides that are a multiple of {multiple}: --input {inputs}"


def _further_inputs(network: nn.Module) -> str:
    """What to do where its forward needs more than the map."""
    parameters = inspect.signature(network.forward).parameters.values()
    names = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if len(names) < 2:
        return ""
    others = ", ".join(names[1:])
    return f"its forward needs {others} too: name a class of yours whose forward(x) calls it with them"


def volumes(network: nn.Module, shape: Shape) -> str:
    """What to do about a network of volumes, which may take a map for a volume alone; empty for another."""
    if _has(network, MAPS) or not _has(network, VOLUMES):
        return ""
    batch, _, height, width = shape
    channels = next((part.in_channels for part in network.modules() if isinstance(part, nn.Conv3d)), 1)
    volume = batch, channels, DEPTH, height, width
    if not _takes(network, volume):
        return ""
    return (
        "it takes volumes (N, C, D, H, W), and modules here gate maps (N, C, H, W); count it without:"
        f" attnprof count -m NETWORK --input {sizes(volume)}"
    )


def _rows(network: nn.Module) -> str:
    """What to do about a network of rows; empty for another."""
    if _has(network, MAPS) or not _has(network, ROWS):
        return ""
    return (
        "it takes rows (N, C, L), and modules here gate maps (N, C, H, W); count it without:"
        " attnprof count -m NETWORK --input 1x64x1000"
    )


def _has(network: nn.Module, kinds: tuple[type[nn.Module], ...]) -> bool:
    return any(isinstance(part, kinds) for part in network.modules())


def _what_it_takes(network: nn.Module, shape: Shape) -> str:
    """The inputs next to ``shape`` that it takes; empty where none was found."""
    batch, channels, height, width = shape
    widths = list(dict.fromkeys((channels, *_first_widths(network), *USUAL_CHANNELS)))
    for number in widths:
        if number != channels and _takes(network, (batch, number, height, width)):
            return _takes_channels(number, height, width)
        for multiple in MULTIPLES:
            fitting = [(number, *sides) for sides in _rounded(height, width, multiple)]
            if all(_takes(network, (batch, *size)) for size in fitting):
                return _takes_multiples(multiple, fitting)
        for side in USUAL_SIDES:
            if _takes(network, (batch, number, side, side)):
                return f"it takes --input {sizes((number, side, side))}"
    return ""


def _first_widths(network: nn.Module) -> Iterator[int]:
    """The number of channels that the first convolution takes."""
    convolutions = (part for part in network.modules() if isinstance(part, nn.Conv2d))
    yield from (part.in_channels for part in [*convolutions][:1])


def _rounded(height: int, width: int, multiple: int) -> list[tuple[int, int]]:
    """The sides rounded down and up to multiples, each pair once."""
    down = tuple(max(side // multiple, 1) * multiple for side in (height, width))
    up = tuple(-(-side // multiple) * multiple for side in (height, width))
    return [(sides[0], sides[1]) for sides in dict.fromkeys((down, up))]


def _takes(network: nn.Module, shape: Shape) -> bool:
    with suppress(Exception):
        call_stand_in(network, shape, lambda stand_in: stand_in.eval(), META)
        return True
    return False
