"""A module as torch itself runs it."""

from typing import Any

import torch
from torch import nn

from attnprof.records.case import Case

MOST_COMPILATIONS = 2**15


def as_it_is(module: nn.Module, x: torch.Tensor | None, case: Case) -> nn.Module:
    """``module`` itself."""
    return module


def compiled(module: nn.Module, x: torch.Tensor | None, case: Case) -> nn.Module:
    """``module`` through torch.compile, which compiles it in its first call."""
    import torch._dynamo

    allow_compiling(torch._dynamo.config, MOST_COMPILATIONS)
    function: Any = torch.compile(module, dynamic=False, mode=case.compile_mode)
    return function  # type: ignore[no-any-return] # torch.compile gives a module back


def allow_compiling(config: Any, times: int) -> None:
    """Let dynamo compile one code so many times. Cells of one class share their code, and beyond eight of
    them it would quietly run eagerly."""
    limit = "recompile_limit" if hasattr(config, "recompile_limit") else "cache_size_limit"  # torch 2.6
    for name in (limit, f"accumulated_{limit}"):
        setattr(config, name, times)
