"""NAME@C@HxW: one module at one size, as commands take it."""

from collections.abc import Mapping
from typing import Any

from attnprof.catalogue.selection import matching
from attnprof.errors import ImpossibleShapeError, UsageError
from attnprof.grid import parse_point, show_res
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.spec import Spec
from attnprof.spec.file import Source, merge


def spec_of_target(command: str, target: str, settings: Mapping[str, Any], **more: Any) -> Spec:
    """The spec whose last cell is NAME@C@HxW, for ``command``.

    Raises UnknownNameError, UsageError or SpecError, in words for the user.
    """
    name, size = name_and_size(target)
    if len(matching(name)) != 1:
        raise UsageError(f"{name!r} stands for several modules; {command} takes one")
    options = Source(settings, {field: f"--{field.replace('_', '-')}" for field in settings})
    spec = merge([options, Source({"modules": [name], "points": [size], **more}, {})])
    for option, values in (("batch", spec.batches), ("network", spec.networks), ("at", spec.at)):
        if len(values) > 1:
            raise UsageError(f"--{option}: {command} takes one, not {' and '.join(map(str, values))}")
    return spec


def name_and_size(target: str) -> tuple[str, str]:
    """'se' and '64@56' of 'se@64@56'. Raises UsageError."""
    name, *size = target.rsplit("@", 2)
    if len(size) != 2 or not name:
        raise UsageError(f"{target!r} has no size; write {name or 'se'}@64@56 or {name or 'se'}@256@28x40")
    try:
        parse_point("@".join(size))
    except ValueError as problem:
        raise UsageError(f"{target}: {problem}") from None
    return name, "@".join(size)


def case_of_target(target: str, spec: Spec, device: str) -> Case:
    """The case of ``spec`` on ``device``. Raises ImpossibleShapeError for a size that the module refuses."""
    cell = plan(spec, device).cells[-1]
    if cell.refusal:
        name, size = name_and_size(target)
        point = parse_point(size)
        raise ImpossibleShapeError(f"{name}@{point[0]}@{show_res(point[1:])} - {cell.refusal}")
    return cell.case
