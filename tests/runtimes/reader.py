"""A runtime for tests that reads what an exporter writes: torch's own serialisation."""

import io

import torch

from attnprof.runtimes import NotTaken, Runtime
from tests.runtimes.stub import Engine


def exported(module, x):
    if type(module).__name__ == "ECA":
        raise NotTaken("not exported: no operator eca")
    file = io.BytesIO()
    torch.save(module, file)
    return file.getvalue()


def prepare(content, x, case):
    return Engine(torch.load(io.BytesIO(content), weights_only=False))


RUNTIME = Runtime(
    title="Reader",
    help="torch again, from a file",
    prepare="tests.runtimes.reader:prepare",
    exporter="tests.runtimes.reader:exported",
    devices=("cpu",),
    dtypes=("fp32",),
    layouts=("contiguous",),
)
