"""Why a user's module cannot be built or called, in a sentence that says what to do."""

import linecache
import re
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from pathlib import Path
from traceback import walk_tb

from torch import nn

from attnprof.catalogue import user_module
from attnprof.counting import call_stand_in
from attnprof.errors import ImpossibleShapeError, UsageError, one_line
from attnprof.subject.calling import MAP, TOKENS, Shape, listed, shape_of_layout, sizes, slots_of
from attnprof.subject.fitting import NoWayError, fitting_way

Twin = Callable[[Shape], nn.Module]  # builds the same module for maps of a shape (N, C, H, W)

DEPTH = 8  # of the volume that a module is tried with
STEPS = (2, 4, 7, 8, 14, 16, 32, 64)  # the sides of a map may have to be multiples of one
LONGEST = 110  # characters of one error among others
_WITHOUT_CUDA = re.compile(
    r"not compiled with CUDA|NVIDIA driver|CUDA GPUs|CUDA driver|(meta|cpu).*cuda:\d|cuda:\d.*(meta|cpu)"
)
# What packages are installed as that are imported by another name.
_INSTALLED_AS = {
    "cv2": "opencv-python",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}


def refusal(nothing: NoWayError, module: nn.Module, shape: Shape, twin: Twin, location: str) -> Exception:
    """Why the module at ``location`` cannot be called with a map of ``shape``, (N, C, H, W): in words, or in
    its own where it says the same in whichever way it is called."""
    problems = list(nothing.problems.values())
    for problem in problems:
        if sentence := sentence_on(problem, location):
            return UsageError(sentence)
    if _takes(module, volume := (*shape[:2], DEPTH, *shape[2:])):
        return UsageError(f"takes (N, C, D, H, W): attnprof count -m {location} --input {sizes(volume)}")
    if fitting := _sides_that_fit(shape, twin):
        return ImpossibleShapeError(f"takes no map of {sizes(shape[2:])} ({_words(problems[0])}); {fitting}")
    if len(set(map(_words, problems))) == 1:
        return problems[0]
    return UsageError(_every_word(nothing, module, shape))


def sentence_on(problem: Exception, location: str) -> str:
    """What to do about a device or a package that is not there; empty for any other problem."""
    if isinstance(problem, ModuleNotFoundError) and problem.name:
        package = problem.name.partition(".")[0]
        return f"needs {package}: pip install {_INSTALLED_AS.get(package, package)}"
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


def _takes(module: nn.Module, shape: Shape) -> bool:
    """Whether it can be called with a tensor of ``shape``."""
    try:
        call_stand_in(module, shape, lambda stand_in: stand_in.eval())
    except Exception:  # noqa: BLE001 # it may raise anything
        return False
    return True


def _sides_that_fit(shape: Shape, twin: Twin) -> str:
    """The nearest size of a map that the module takes, where its sides have to be multiples of something."""
    batch, channels, height, width = shape
    for step in STEPS:
        nearest = (ceil(height / step) * step, ceil(width / step) * step)
        further = (nearest[0] + step, nearest[1] + step)
        if nearest != (height, width) and all(
            _fits((batch, channels, *sides), twin) for sides in (nearest, further)
        ):
            return f"{sizes(nearest)} fits, as other multiples of {step} do"
    return ""


def _fits(shape: Shape, twin: Twin) -> bool:
    try:
        fitting_way(twin(shape).eval(), shape)
    except Exception:  # noqa: BLE001 # it may raise anything
        return False
    return True


def _every_word(nothing: NoWayError, module: nn.Module, shape: Shape) -> str:
    """What the module was given, and what it said to that."""
    names = [slot.name for slot in slots_of(module) if slot.role == "map"]
    each = f"for each of {listed(names)} " if len(names) > 1 else ""
    tokens = sizes(shape_of_layout(shape, TOKENS))
    answers = [
        f"{name}: {_words(nothing.problems[layout])}"
        for layout, name in ((MAP, "the map"), (TOKENS, "the tokens"))
        if layout in nothing.problems
    ]
    return "; ".join([f"given {each}a map {sizes(shape)} and its tokens {tokens}", *answers])


def _words(problem: Exception) -> str:
    text = one_line(problem, LONGEST)
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__
