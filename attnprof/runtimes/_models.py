"""Exported modules as files: written once in a run, read by all its processes."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES


class Model(msgspec.Struct, frozen=True):
    """A module as an exporter wrote it."""

    content: bytes
    seconds: float  # that the export took


def model_name(case: Case) -> str:
    """The name of the model of ``case``: the same for all runtimes that read it, on as many threads as they
    like. Empty where its runtime reads none."""
    exporter = RUNTIMES.get(case.runtime).exporter
    if not exporter:
        return ""
    return replace(case, execution=exporter, device="cpu", threads=1, inputs="cold", tf32=False).key


def write_model(folder: Path, case: Case, model: Model) -> None:
    """Write the model of ``case``, whole or not at all. Raises OSError."""
    path = folder / model_name(case)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(msgspec.msgpack.encode(model))
    part.replace(path)


def read_model(folder: Path | None, case: Case) -> Model | None:
    """The model of ``case``; None where nobody has written it."""
    path = folder and folder / model_name(case)
    if not path or not path.is_file():
        return None
    return msgspec.msgpack.decode(path.read_bytes(), type=Model)


@contextmanager
def models_of(cases: Iterable[Case]) -> Iterator[Path | None]:
    """A temporary folder for the models of ``cases``; None where no runtime of theirs reads any."""
    if not any(map(model_name, cases)):
        yield None
        return
    with TemporaryDirectory(prefix="attnprof-models-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
