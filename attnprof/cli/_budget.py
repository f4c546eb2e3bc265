"""The budget of a command: of its options, of the spec file in this folder, or of the run's own spec."""

from collections.abc import Mapping
from typing import Any

from attnprof.choosing.budget import Budget, parse_bound, read_budget, show_budget
from attnprof.choosing.measures import measures
from attnprof.cli._budget_options import option_name
from attnprof.cli._spec import spec_file
from attnprof.errors import SpecError, UnknownNameError
from attnprof.spec import Spec
from attnprof.spec.file import recorded


def budget_of_options(budget: str | None, limits: Mapping[str, str | None]) -> Budget | None:
    """The budget that --budget and the options of single metrics state, None where none was used.

    limits: values of the options that budget_options() declares, by parameter name. Raises SpecError with all
    mistakes in them.
    """
    parts: list[Any] = []
    problems: list[str] = []
    if budget is not None:
        try:
            parts.append(read_budget(budget))
        except (ValueError, UnknownNameError) as problem:
            problems.append(f"--budget: {problem}")
    for measure in measures().values():
        text = limits[measure.parameter]
        if text is None:
            continue
        try:
            parts.append(parse_bound(measure, text))
        except (ValueError, UnknownNameError) as problem:
            problems.append(f"{option_name(measure)}: {problem}")
    if problems:
        raise SpecError(problems)
    return read_budget(parts) if parts else None


def budget_or_default(
    budget: str | None, limits: Mapping[str, str | None], spec_of_run: Spec
) -> tuple[Budget, str]:
    """The budget of the options, else of the spec file here, else of the run's spec; and that file's name.

    Raises SpecError.
    """
    from_options = budget_of_options(budget, limits)
    if from_options is not None:
        return from_options, ""
    path = spec_file(None)
    from_folder = recorded(path).budget if path else ()
    if from_folder:
        return from_folder, str(path)
    return spec_of_run.budget, "the run's spec.toml" if spec_of_run.budget else ""


def sentence(budget: Budget, source: str, points: str) -> str:
    """The budget as the first line of a caption."""
    if not budget:
        return f"no budget, at {points}"
    return f"budget{f' ({source})' if source else ''}: {show_budget(budget)} at {points}"
