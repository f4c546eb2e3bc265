"""A runtime for tests: torch's own output, times FACTOR."""

import torch

from attnprof.runtimes import NotTaken, Runtime

FACTOR = {"times": 1.0}


class Engine:
    def __init__(self, module):
        self.module = module

    def __call__(self, x):
        with torch.no_grad():
            return FACTOR["times"] * self.module(x)

    output = __call__


def prepare(module, x, case):
    if case.module == "eca":
        raise NotTaken("stub: no operator eca")
    return Engine(module)


RUNTIME = Runtime(
    title="Stub",
    help="torch again",
    prepare="tests.runtimes.stub:prepare",
    packages=("pytest",),
    devices=("cpu",),
    dtypes=("fp32",),
    layouts=("contiguous",),
    settings="one setting",
)
