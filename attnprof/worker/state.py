"""What a module may change of the whole process: compared after each of its steps, and put back.

Settings have a value before and after. Functions of torch and of Python are compared with those that were
there before the first module of a user's; threads and processes, with those that ran before the step.
"""

import builtins
import gc
import json
import math
import os
import random
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from attnprof.worker.settings import SETTINGS, ProcessValue

# Parts of torch's compiler: some operators import them, and some errors of operators on meta.
COMPILER = frozenset(("torch._dynamo", "torch.fx.experimental.symbolic_shapes"))
ITS_SETTINGS = ("environment variables", "recursion limit", "warning filters")  # that it changes itself
TORCH = str(Path(torch.__file__).parent)
VITAL = (nn.Module, gc, json, random, time)
END_SECONDS = 0.1  # that a process which the step has started has to end: a copy of this one is about to


@dataclass
class Changes:
    """What a step has changed, in words."""

    settings: list[str] = field(default_factory=list)  # put back
    lasting: list[str] = field(default_factory=list)  # what cannot be put back, or not everywhere


class State:
    """The state of this process now, to compare with what it is later."""

    def __init__(self, compiles: bool = False) -> None:
        """compiles: whether torch's compiler runs, which starts threads and processes of its own."""
        original_functions()
        self._compiles = compiles
        self._compiler = COMPILER & sys.modules.keys()
        self._values = [_value(setting) for setting in SETTINGS]
        self._path = [*sys.path]
        self._threads = set(threading.enumerate())
        self._children = children()

    def put_back(self, thorough: bool = True) -> Changes:
        """Put back what has changed since, and tell it. What torch's compiler changes is nobody's doing.
        thorough: compare all functions, for a millisecond or more; else those that everything calls."""
        changes = Changes(lasting=_restore_functions(original_functions() if thorough else vital_functions()))
        innocent = ITS_SETTINGS if self._compiles or self._met_compiler() else ()
        for setting, before in zip(SETTINGS, self._values, strict=True):
            if _value(setting) == before:
                continue
            if not _is_put_back(setting, before):
                changes.lasting.append(setting.name)
            elif setting.name not in innocent:
                changes.settings.append(setting.name)
        changes.settings += self._restore_path()
        if not self._compiles:
            changes.lasting += self._left_running()
        return changes

    def _met_compiler(self) -> bool:
        return self._compiler != COMPILER & sys.modules.keys()

    def _restore_path(self) -> list[str]:
        """Put the import path back. A folder at its end stood in for no other module, and is no change."""
        is_longer_alone = sys.path[: len(self._path)] == self._path
        sys.path[:] = self._path
        return [] if is_longer_alone else ["import path"]

    def _left_running(self) -> list[str]:
        kinds = []
        if any(thread.is_alive() for thread in set(threading.enumerate()) - self._threads):
            kinds.append("threads")
        # Each is looked at: one that has ended is waited for by nobody else.
        if not all([_has_ended(process) for process in children() - self._children]):
            kinds.append("processes")
        return kinds


def _value(setting: ProcessValue) -> Any:
    """Its value; None where it has none any more, as a working directory that was removed, and where torch
    does not tell it, because it was set in two ways."""
    try:
        return setting.read()
    except Exception:  # noqa: BLE001
        return None


def _is_put_back(setting: ProcessValue, before: Any) -> bool:
    with suppress(Exception):  # the module may have seen to that, too
        setting.write(before)
    return bool(_value(setting) == before)


def namespaces() -> list[Any]:
    """Modules and classes whose functions everybody uses."""
    classes = {value for value in vars(nn).values() if isinstance(value, type)}
    return [
        *(torch, torch.Tensor, torch._C.TensorBase, torch.autograd, functional, nn, nn.init, *classes),
        *(builtins, gc, json, math, os, random, signal, sys, threading, time),
    ]


@cache
def original_functions() -> list[tuple[Any, dict[str, Any]]]:
    """The functions of each of the ``namespaces`` when this was first called."""
    return [(space, _functions(space)) for space in namespaces()]


def _functions(space: Any) -> dict[str, Any]:
    # torch.Storage is another class with another default dtype.
    return {name: value for name, value in vars(space).items() if callable(value) and name != "Storage"}


@cache
def vital_functions() -> list[tuple[Any, dict[str, Any]]]:
    """Those of the original functions that every visit calls."""
    return [(space, originals) for space, originals in original_functions() if space in VITAL]


def _restore_functions(spaces: list[tuple[Any, dict[str, Any]]]) -> list[str]:
    """Put back functions that were replaced, and tell which. Whoever has met one meanwhile may keep it."""
    replaced = []
    for space, originals in spaces:
        if originals.items() <= vars(space).items():
            continue
        for name, original in [*originals.items()]:
            current = vars(space).get(name)
            if current is original:
                continue
            if _is_of_torch(current):
                originals[name] = current
                continue
            with suppress(AttributeError, TypeError):
                setattr(space, name, original)
            replaced.append(f"{space.__name__}.{name}")
    return replaced


def _is_of_torch(function: Any) -> bool:
    """Whether it is code of torch's own, which replaces some functions when its compiler is imported."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename.startswith(TORCH)


def children() -> frozenset[int]:
    """The processes that this one has started and not waited for, where the system tells."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:
        return frozenset()
    return frozenset(map(int, text.split()))


def _has_ended(process: int) -> bool:
    """Whether it has ended, or does so at once; then nobody has to wait for it any more."""
    try:
        descriptor = os.pidfd_open(process)
    except OSError:
        return True
    try:
        ended = bool(select.select([descriptor], [], [], END_SECONDS)[0])
    finally:
        os.close(descriptor)
    with suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)
    return ended
