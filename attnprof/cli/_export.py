"""``attnprof export``: a module as a file that people deploy."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attnprof.catalogue import entry
from attnprof.cli._progress import starting
from attnprof.cli._signals import ending_as_ctrl_c
from attnprof.cli._target import case_of_target, spec_of_target
from attnprof.cli._terminal import Terminal
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.exporting import KINDS, ExportKind, example_of, kind_named
from attnprof.formats import FORMATS
from attnprof.running.inquiry import Inquiry
from attnprof.views.export import document

DEFAULT = "onnx"
NOT_IN_NAMES = re.compile(r"[^\w.=-]+")  # of files


@ending_as_ctrl_c()
def export(
    target: str,
    kind: str | None,
    output: str | None,
    opset: int | None,
    force: bool,
    format: str,
    terminal: Terminal,
    **fields: Any,
) -> int:
    """Write ``target``. fields: of the spec, as their options have them."""
    FORMATS.module_name(format)
    name = kind or _kind_that_ends_as(output)
    chosen = _kind_with(opset, name)
    settings = {field: value for field, value in fields.items() if value is not None}
    spec = spec_of_target(
        "export", target, settings, metrics="latency", runtime=[chosen.runtime], device="cpu"
    )
    case = case_of_target(target, spec, "cpu")
    path = _path("-".join([target, *spec.networks]), output, chosen)
    files = [*map(path.with_suffix, chosen.suffixes), example_of(path)]
    if not force:
        _require_absent(files)
    with _folder_beside(path) as folder, Inquiry() as inquiry, starting(terminal):
        report = inquiry.export(case, name, str(folder / path.name), opset)
        sizes = {str(file): (folder / file.name).stat().st_size for file in files}
        for file in reversed(files):  # the graph last, which needs the others
            os.replace(folder / file.name, file)
    terminal.print(document(case, entry(case.module).name, chosen, sizes, report), format)
    return 0


def _kind_that_ends_as(output: str | None) -> str:
    """The name of the kind whose files end as ``output`` does; DEFAULT where none do."""
    suffix = Path(output or "").suffix
    return next((name for name, kind in KINDS.items() if suffix == kind.suffixes[0]), DEFAULT)


def _kind_with(opset: int | None, name: str) -> ExportKind:
    """The kind ``name``. Raises UnknownNameError; UsageError for an opset of what has none."""
    kind = kind_named(name)
    if opset is not None and name != "onnx":
        raise UsageError(f"--opset is of ONNX, not of --as {name}")
    return kind


def _path(title: str, output: str | None, kind: ExportKind) -> Path:
    """The file to be written, named after ``title`` without ``output``. Raises UsageError for a name that
    ends otherwise than the kind's do."""
    suffix = kind.suffixes[0]
    if output is None:
        return Path(NOT_IN_NAMES.sub("-", title).strip("-.") + suffix)
    if Path(output).suffix != suffix:
        raise UsageError(f"-o: {output}: write a name that ends in {suffix}")
    return Path(output)


def _require_absent(paths: Sequence[Path]) -> None:
    existing = [path for path in paths if os.path.lexists(path)]
    if existing:
        raise UsageError(f"{existing[0]} is there already, and stays as it is; --force replaces it")


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A folder for unfinished files, on the same disk as ``path``. Raises EnvironmentProblem where what is
    written cannot be put there."""
    try:
        with TemporaryDirectory(prefix=".attnprof-", dir=path.parent) as folder:
            yield Path(folder).absolute()
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot write {path}: {(problem.strerror or str(problem)).lower()}"
        ) from None
