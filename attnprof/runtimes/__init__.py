"""Runtimes: what computes a module's calls. One per file, each exporting RUNTIME.

A file imports its engine only in the function that ``prepare`` names, so that a run of torch alone imports
none. The entry-point group of plug-ins is ``attnprof.runtimes``.
"""

import importlib
import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attnprof.errors import NOT_MET, AttnprofError, EnvironmentProblem
from attnprof.registry import Registry

if TYPE_CHECKING:
    import torch
    from torch import nn

    from attnprof.records.case import Case

RUNTIMES = Registry("attnprof.runtimes", "RUNTIME", "runtime")
ONE_MAP = "{} is used with modules of one map; {} takes two"
EAGER, COMPILED = "eager", "compiled"  # the two in which torch itself computes


class NotTaken(AttnprofError):
    """A module that a runtime cannot take, or turns into another function."""


class DifferentOutput(NotTaken):
    """A module that a runtime turns into another function."""

    exit_code = NOT_MET


class Engine(Protocol):
    """A module in another runtime than torch, ready to be called."""

    def __call__(self, x: Any) -> object:
        """One call on x, an input (N, C, H, W) as its Runtime's ``as_input`` returns it: what is timed."""
        ...

    def output(self, x: "torch.Tensor") -> "torch.Tensor":
        """The first output of a call on x."""
        ...


@dataclass(frozen=True)
class NodeRun:
    """One run of a node of the graph that a runtime has optimised, as its own profiler saw it."""

    name: str
    operator: str  # in the runtime's words
    seconds: float
    origin: str = ""  # what of the module it computes, where exporter and runtime say so


@dataclass(frozen=True)
class Runtime:
    """What is to be said about a runtime.

    ``prepare`` is the location 'package.module:function' of ``f(module, x, case)``, which returns a module
    of torch's where ``is_torch``, and gets no x there; else an Engine for inputs of the shape of x. Where
    there is an ``exporter``, the location of ``f(module, x) -> bytes``, it gets these bytes in place of the
    module: they are written once in a run, and every process and runtime with this exporter reads them.
    Module and x are on the CPU. Both raise NotTaken with the runtime's own words. ``profiler`` is the
    location of ``f(content, inputs, case)``, which calls these bytes with each input, and returns the
    NodeRuns of each call. ``wrapper`` is the location of ``f(x) -> object``, which returns x as the engine
    and the profiler are called with it, where that is not x itself: it is called once for each input, so
    that no call is timed with it.
    """

    title: str
    help: str  # one line, without a full stop
    prepare: str
    exporter: str = ""
    profiler: str = ""
    wrapper: str = ""
    is_torch: bool = False  # whether torch computes, and allocates, what it is called for
    packages: tuple[str, ...] = ()  # what has to be installed; its own first
    distribution: str = ""  # what has its version, where it is called otherwise than the first package
    library: str = ""  # a file below the first package that only some builds of it have, without its suffix
    extra: str = ""  # attnprof's extra that installs them
    devices: tuple[str, ...] = ()  # 'cpu', 'cuda'; empty: all
    dtypes: tuple[str, ...] = ()  # empty: all
    layouts: tuple[str, ...] = ()  # empty: all
    needs_tf32: bool = False  # whether it computes fp32 in TF32 by itself, so that a run has to allow it
    settings: str = ""  # what it is set to, besides its threads: for the environment and the caption

    def unavailable(self) -> str:
        """Why it cannot be used here; empty where it can. Imports nothing."""
        missing = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if not missing and not self._has_library():
            missing = [self.distribution or self.library]
        if not missing:
            return ""
        source = f"'attnprof[{self.extra}]'" if self.extra else " ".join(missing)
        return f"{self.title} needs {', '.join(missing)}: pip install {source}"

    def _has_library(self) -> bool:
        """Whether the first package is a build that has ``library``."""
        spec = importlib.util.find_spec(self.packages[0]) if self.library else None
        folders = (spec.submodule_search_locations or ()) if spec else ()
        return not self.library or any(list(Path(folder).glob(f"{self.library}.*")) for folder in folders)

    def refusal(self, case: "Case") -> str:
        """Why it does not run cases like ``case``; empty where it does."""
        if self.is_torch:
            return ""
        if case.mode == "train":
            return f"{self.title} does not train; leave out --train"
        if case.autocast:
            return f"{self.title} has no autocast; leave out --autocast"
        return self._unknown(case)

    def limit(self, case: "Case") -> str | None:
        """Why it does not take the module of ``case``, which others take; None where nothing is known."""
        return None if self.is_torch or case.maps == 1 else ONE_MAP.format(self.title, case.module)

    def _unknown(self, case: "Case") -> str:
        """Which type, layout or device of ``case`` it does not take; empty where it takes all."""
        device = case.device.partition(":")[0]
        if self.dtypes and case.dtype not in self.dtypes:
            dtypes = ", ".join(self.dtypes)
            return f"{self.title} is measured in {dtypes}, not in {case.dtype}; leave out --dtype"
        if self.layouts and case.layout not in self.layouts:
            layouts = ", ".join(self.layouts)
            return f"{self.title} takes {layouts} inputs, not {case.layout}; leave out --channels-last"
        if self.needs_tf32 and not case.tf32:
            return f"{self.title} computes fp32 in TF32; allow it with --tf32"
        if self.devices and device not in self.devices:
            measured = f"{self.title} is measured on {', '.join(self.devices)}, not on {device}"
            return f"{measured}; --device {self.devices[0]}"
        return ""

    def exported(self, module: "nn.Module", x: "torch.Tensor") -> bytes:
        """``module`` as what its ``prepare`` reads: see ``exporter``."""
        content: bytes = _at(self.exporter)(module, x)
        return content

    def engine(
        self, module: "nn.Module", x: "torch.Tensor | None", case: "Case", content: bytes | None = None
    ) -> Any:
        """``module`` in this runtime: see ``prepare``. content: the module, where it is exported already."""
        if not self.exporter:
            return _at(self.prepare)(module, x, case)
        if content is None:
            assert x is not None
            content = self.exported(module, x)
        return _at(self.prepare)(content, x, case)

    def as_input(self, x: "torch.Tensor") -> Any:
        """x as it is called with it: the same memory. See ``wrapper``."""
        return _at(self.wrapper)(x) if self.wrapper else x

    def profile(self, content: bytes, inputs: Sequence[Any], case: "Case") -> Sequence[Sequence[NodeRun]]:
        """The nodes of a call with each of ``inputs``, of ``as_input``: see ``profiler``."""
        calls: Sequence[Sequence[NodeRun]] = _at(self.profiler)(content, inputs, case)
        return calls

    def describe(self, version: str | None, threads: int) -> str:
        """The version and how it is set up: '1.32.0, CPUExecutionProvider, 1 thread'."""
        about = [version or "", self.settings, f"{threads} thread{'' if threads == 1 else 's'}"]
        return ", ".join(filter(None, about))


def _at(location: str) -> Any:
    """The function at 'package.module:function'."""
    package, _, function = location.partition(":")
    return getattr(importlib.import_module(package), function)


def require_available(names: Iterable[str]) -> None:
    """Raises EnvironmentProblem where one of the runtimes ``names`` is not installed."""
    reasons = [RUNTIMES.get(name).unavailable() for name in dict.fromkeys(names)]
    if any(reasons):
        raise EnvironmentProblem("; ".join(filter(None, reasons)))
