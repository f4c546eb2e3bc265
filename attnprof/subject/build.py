"""A case's module on a device: in its mode, dtype and layout."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from attnprof.catalogue import create, entry
from attnprof.catalogue.user_location import is_path
from attnprof.counting import UnreadableValueError, on_meta
from attnprof.errors import AttnprofError, ImpossibleShapeError, UsageError, one_line
from attnprof.records.case import Case
from attnprof.subject.adapting import constructed, made_to_fit
from attnprof.subject.calling import Shape
from attnprof.subject.network import network

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "fp64": torch.float64}


def build(case: Case, device: torch.device) -> nn.Module:
    """The case's module on ``device``, in its mode, dtype and layout; the same weights for the same seed.

    One of the user's takes and gives maps, if need be by an Adapted around it. Raises UnreadableValueError
    where that has to be on another device than meta.
    """
    if device.type != "meta":  # where there are no values to draw
        torch.manual_seed(case.seed)
    if case.host:
        return _settled(case, network(case, device))
    if is_path(case.module):
        return _settled(case, _of_user(case, device))
    return _settled(case, _created(case, device))


def _of_user(case: Case, device: torch.device) -> nn.Module:
    """A user's module, made to take and give maps."""

    def make(shape: Shape) -> nn.Module:
        _, channels, height, width = shape
        return _created(replace(case, channels=channels, height=height, width=width), device)

    module = constructed(make, case.shape, case.module, device)
    try:
        return made_to_fit(module, make, case.shape, case.module)
    except UnreadableValueError:
        raise
    except Exception as problem:
        if device.type == "meta" and (remarks := built_so(case)):
            raise _with_remarks(problem, remarks) from problem
        raise


def built_so(case: Case) -> tuple[str, ...]:
    """What a reader of the row of a user's module has to know of the arguments that it was built with."""
    size = case.channels, case.height, case.width
    return entry(case.module).remarks(size, case.hyperparameters)


def _with_remarks(problem: Exception, remarks: Sequence[str]) -> AttnprofError:
    """``problem`` behind what may be its reason."""
    is_in_words = isinstance(problem, AttnprofError)
    words = one_line(problem) if is_in_words else f"{type(problem).__name__}: {one_line(problem)}"
    kind = ImpossibleShapeError if isinstance(problem, ImpossibleShapeError) else UsageError
    return kind("; ".join([*remarks, words]))


def _created(case: Case, device: torch.device) -> nn.Module:
    with on_meta() if device.type == "meta" else device:
        return create(
            case.module, case.channels, height=case.height, width=case.width, settings=case.hyperparameters
        )


def _settled(case: Case, module: nn.Module) -> nn.Module:
    """``module`` in the dtype, the mode and the layout of ``case``."""
    module = module.to(DTYPES[case.dtype]).train(case.mode == "train")
    if case.layout == "channels_last":
        for parameter in (
            p for p in module.parameters() if p.dim() == 4
        ):  # Module.to() refuses those of 5 dimensions
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module
