"""Why a user's module cannot be built or called, in a sentence that says what to do."""

import linecache
import re
import shlex
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from pathlib import Path
from traceback import walk_tb
from typing import Any

from torch import nn

from attnprof.catalogue import user_module
from attnprof.catalogue.user_import import absence
from attnprof.catalogue.user_location import as_pattern
from attnprof.counting import META, cost
from attnprof.errors import ImpossibleShapeError, UsageError, one_line
from attnprof.subject.calling import MAP, TOKENS, Calling, Shape, listed, shape_of_layout, sizes, slots_of
from attnprof.subject.fitting import NoWayError, fitting_way

Twin = Callable[[Shape], nn.Module]  # builds the same module for maps of a shape (N, C, H, W)

DEPTH = 8  # of the volume that a module is tried with
STEPS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 32, 64)  # the sides of a map may have to be multiples of one
LONGEST = 110  # characters of one error among others
_WITHOUT_CUDA = re.compile(
    r"not compiled with CUDA|NVIDIA driver|CUDA GPUs|CUDA driver|(meta|cpu).*cuda:\d|cuda:\d.*(meta|cpu)"
)


def refusal(nothing: NoWayError, module: nn.Module, shape: Shape, twin: Twin, location: str) -> Exception:
    """Why the module at ``location`` cannot be called with a map of ``shape``, (N, C, H, W): in words, or in
    its own where it says the same in whichever way it is called."""
    problems = list(nothing.problems.values())
    for problem in problems:
        if sentence := sentence_on(problem, location):
            return UsageError(sentence)
    if sentence := _about_volumes(module, shape, location) or _about_lists(module, shape):
        return UsageError(sentence)
    if sentence := _about_sides(nothing, shape, twin):
        return ImpossibleShapeError(sentence)
    if len(set(map(_words, problems))) == 1 and len(slots_of(module)) == 1:
        return problems[0]
    return UsageError(_every_word(nothing, module, shape))


def sentence_on(problem: Exception, location: str) -> str:
    """What to do about a device or a package that is not there; empty for any other problem."""
    if isinstance(problem, ModuleNotFoundError):
        return absence(problem)
    if isinstance(problem, RuntimeError | AssertionError) and _WITHOUT_CUDA.search(str(problem)):
        line = line_that_raised(problem, location)
        where = f" ({line})" if line else ""
        return f"calls .cuda() or names that device{where}; .to(x.device) works on every device"
    return ""


def line_that_raised(problem: Exception, location: str) -> str:
    """The line of the user's file at ``location`` that raised ``problem``, 'my.py:12: code'; empty where it
    was none of its lines."""
    with suppress(Exception):  # the problem is of a class of the user's
        file = user_module.source_of(location).resolve()
        lines = [
            number
            for frame, number in walk_tb(problem.__traceback__)
            if Path(frame.f_code.co_filename).resolve() == file
        ]
        return f"{file.name}:{lines[-1]}: {linecache.getline(str(file), lines[-1]).strip()}"
    return ""


def _about_volumes(module: nn.Module, shape: Shape, location: str) -> str:
    """That the module takes volumes, where it does."""
    volume = (*shape[:2], DEPTH, *shape[2:])
    if not _takes(module, volume):
        return ""
    name = shlex.quote(as_pattern(location))
    return f"takes (N, C, D, H, W): attnprof count -m {name} --input {sizes(volume)}"


def _about_lists(module: nn.Module, shape: Shape) -> str:
    """That the module takes a list of maps, where it does."""
    if not _takes(module, ([shape, shape],)):
        return ""
    return f"takes a list of maps: attnprof.cost(module, ([{shape}, {shape}],)) counts it"


def _takes(module: nn.Module, inputs: Any) -> bool:
    """Whether it can be called with ``inputs``, as ``cost`` takes them."""
    try:
        cost(module, inputs, device=META)
    except Exception:  # noqa: BLE001 # it may raise anything
        return False
    return True


def _about_sides(nothing: NoWayError, shape: Shape, twin: Twin) -> str:
    """The nearest size of a map that the module takes, where its sides have to be multiples of something."""
    for step in STEPS:
        nearest = _rounded_up(shape, step)
        if nearest == shape:
            continue
        calling = _way_at(nearest, twin)
        further = (*nearest[:2], nearest[2] + step, nearest[3] + step)
        if calling is not None and calling == _way_at(further, twin):
            words = _words(nothing.problems[calling.layout])
            fitting = f"{sizes(nearest[2:])} fits, as other multiples of {step} do"
            return f"takes no map of {sizes(shape[2:])} ({words}); {fitting}"
    return ""


def _rounded_up(shape: Shape, step: int) -> Shape:
    return (*shape[:2], *(ceil(side / step) * step for side in shape[2:]))


def _way_at(shape: Shape, twin: Twin) -> Calling | None:
    """How the module is called with a map of ``shape``; None where it cannot be."""
    try:
        return fitting_way(twin(shape).eval(), shape)
    except Exception:  # noqa: BLE001 # it may raise anything
        return None


def _every_word(nothing: NoWayError, module: nn.Module, shape: Shape) -> str:
    """What the module was given, and what it said to that."""
    tokens = sizes(shape_of_layout(shape, TOKENS))
    answers = [
        f"{name}: {_words(nothing.problems[layout])}"
        for layout, name in ((MAP, "the map"), (TOKENS, "the tokens"))
        if layout in nothing.problems
    ]
    words = "; ".join([f"given a map {sizes(shape)} and its tokens {tokens}", *answers])
    names = [slot.name for slot in slots_of(module) if slot.role == "map"]
    if len(names) == 1:
        return words
    inputs = ",".join([f"{names[0]}={sizes(shape)}", *(f"{name}=..." for name in names[1:])])
    return f"takes {listed(names)}, other than a map each (--input {inputs} counts it); {words}"


def _words(problem: Exception) -> str:
    text = one_line(problem, LONGEST)
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__
