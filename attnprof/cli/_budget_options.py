"""A budget on the command line: one option per metric, --budget for several, and where it comes from if neither is there."""

from typing import TYPE_CHECKING, Any

import click

from attnprof.choosing.budget import Budget, parse_bound, read_budget, show_budget
from attnprof.choosing.measures import Measure, measures
from attnprof.errors import SpecError, UnknownNameError

if TYPE_CHECKING:
    from attnprof.spec import Spec


def _option(measure: Measure) -> str:
    return f"--{'min' if measure.more else 'max'}-{measure.name.replace('_', '-')}"


def _field(measure: Measure) -> str:
    return _option(measure).removeprefix("--").replace("-", "_")


def budget_options() -> list[click.Parameter]:
    """--max-params, --min-throughput and the like, and --budget. Values arrive as texts."""
    made: list[click.Parameter] = []
    for measure in measures().values():
        also = f", or {'0.8x' if measure.more else '1.2x'}:se" if measure.column else ""
        made.append(
            click.Option([_option(measure)], metavar="BOUND", help=f"{measure.quantity.example}{also}")
        )
    says = "several: 'params<=10k, latency<=1.2x:se'"
    return [*made, click.Option(["--budget"], metavar="LIMITS", envvar="ATTNPROF_BUDGET", help=says)]


def budget_given(given: dict[str, Any]) -> Budget | None:
    """The budget of the options, None where none was used. Raises SpecError with every mistake in them."""
    found: list[Any] = []
    problems: list[str] = []
    asked = [(_option(m), given.pop(_field(m)), m) for m in measures().values()]
    for option, text, measure in [("--budget", given.pop("budget"), None), *asked]:
        if text is None:
            continue
        try:
            found.append(read_budget(text) if measure is None else parse_bound(measure, text))
        except (ValueError, UnknownNameError) as problem:
            problems.append(f"{option}: {problem}")
    if problems:
        raise SpecError(problems)
    return read_budget(found) if found else None


def budget_of(given: dict[str, Any], run: "Spec") -> tuple[Budget, str]:
    """The budget asked for, and in words where it stands: the options, the spec file here, or the run's own spec.

    Raises SpecError.
    """
    from attnprof.cli._spec_options import spec_file
    from attnprof.spec.file import from_file, merge

    asked = budget_given(given)
    if asked is not None:
        return asked, ""
    path = spec_file(None)
    here = merge([from_file(path)]).budget if path else ()
    return (here, str(path)) if here else (run.budget, "the run's spec.toml" if run.budget else "")


def sentence(budget: Budget, origin: str, points: str) -> str:
    """The budget as the first line of a caption."""
    where = f" ({origin})" if origin else ""
    return f"budget{where}: {show_budget(budget)} at {points}" if budget else f"no budget, at {points}"
