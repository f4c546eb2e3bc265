"""``attnprof check``: the modules of a spec counted, or measured, and judged by its budget."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attnprof.catalogue.selection import select
from attnprof.choosing.budget import Budget
from attnprof.choosing.candidates import Candidate, candidates
from attnprof.choosing.judging import verdicts
from attnprof.cli import _github
from attnprof.cli._budget import budget_of_options
from attnprof.cli._output import Outlet
from attnprof.cli._progress import progress
from attnprof.cli._results import write_file
from attnprof.cli._spec import spec_file
from attnprof.cli._terminal import Terminal
from attnprof.cli._worker import started_worker
from attnprof.comparison.counts import Counts, changes, counts_of, read, written
from attnprof.errors import NOT_MET, UsageError
from attnprof.formats import Look, md
from attnprof.planning import plan
from attnprof.records.record import Event
from attnprof.results import Results, tabulate
from attnprof.running import run
from attnprof.spec import Spec
from attnprof.spec.file import from_file, line_of, merge
from attnprof.views.check import Check, document
from attnprof.views.count_changes import HeldTo, says
from attnprof.views.junit import junit as junit_of
from attnprof.views.remarks import remark_of


def check(
    file: str | None,
    budget: str | None,
    measure: bool,
    against: str | None,
    write: str | None,
    junit: str | None,
    format: str | None,
    output: str | None,
    terminal: Terminal,
    **limits: str | None,
) -> int:
    """Count the modules of ``file`` and judge them. limits: of the options of single metrics."""
    outlet = Outlet(format, output)
    before = _counts_in(against)
    path = _path(file)
    spec = merge([from_file(path, "" if file else f"attnprof check {path}")])
    from_options = budget_of_options(budget, limits)
    whole = spec.budget if from_options is None else from_options
    judged = _judged(whole, measure, path, is_needed=against is None and write is None)
    results = _results(_spec_to_run(spec, judged, measure), terminal)
    points, entrants = candidates(results.rows(), results.notes)
    own = _of_spec(entrants, spec)
    counts = counts_of(own)
    outcome = Check(
        file=str(path),
        budget=judged,
        unjudged=tuple(limit for limit in whole if limit not in judged),
        points=points,
        judged=[(candidate, verdicts(candidate, judged, points, entrants)) for candidate in own],
        remarks=_remarks(results),
        held=_held(against, before, counts),
        cells=list(counts),
    )
    _annotate(outcome, path if from_options is None else None)
    outlet.deliver(document(outcome), terminal)
    _write_files({write: written(counts), junit: junit_of(outcome)}, terminal)
    return 0 if outcome.holds else NOT_MET


def _of_spec(entrants: Sequence[Candidate], spec: Spec) -> list[Candidate]:
    """Those that the spec names, without what limits are relative to besides."""
    named = {(choice.module, choice.variant) for choice in select(spec.modules, spec.variants, spec.set)}
    return [candidate for candidate in entrants if (candidate.module, candidate.variant) in named]


def _held(against: str | None, before: Counts | None, counts: Counts) -> HeldTo | None:
    """The counts beside those of the file ``against``; None where none was named."""
    if against is None or before is None:
        return None
    return HeldTo(against, len(counts), changes(before, counts))


def _write_files(texts: Mapping[str | None, str], terminal: Terminal) -> None:
    """Write each text to the file that was named for it, if any. Raises EnvironmentProblem."""
    for name, text in texts.items():
        if name is not None:
            write_file(Path(name), text)
            terminal.note(name)


def _counts_in(name: str | None) -> Counts | None:
    """The counts in the file ``name``, if there is a name. Raises UsageError."""
    if name is None:
        return None
    try:
        return read(Path(name).read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is no text"
        raise UsageError(
            f"--against: cannot read {name}: {reason.lower()}; write it: attnprof check --write {name}"
        ) from None


def _path(file: str | None) -> Path:
    path = spec_file(file)
    if path is None:
        raise UsageError("no spec file here: write attnprof.toml with [grid] and [budget], or name one")
    return path


def _judged(budget: Budget, measure: bool, path: Path, is_needed: bool) -> Budget:
    """The limits that counting, or measuring, can judge. Raises UsageError where there are none and one
    ``is_needed``."""
    judged = tuple(limit for limit in budget if limit.measure.exact or (measure and limit.measure.column))
    if judged or not is_needed:
        return judged
    if budget:
        raise UsageError("nothing to judge: its limits need --measure")
    raise UsageError(f"nothing to judge: {path} has no [budget]; add one, or --budget 'params<=10k'")


def _spec_to_run(spec: Spec, judged: Budget, measure: bool) -> Spec:
    """``spec``, and the modules that limits are relative to, with the metrics that the limits need."""
    references = [limit.reference for limit in judged if limit.reference]
    missing = [reference for reference in references if reference not in spec.modules]
    changes = {
        "modules": (*spec.modules, *dict.fromkeys(missing)),
        "no_latency": not measure,
        "counters": (),
        "metrics": (),
        "train": any(limit.measure.mode == "train" for limit in judged),
        "shard": None,
    }
    return spec.model_copy(update=changes)


def _results(spec: Spec, terminal: Terminal) -> Results:
    with started_worker(spec, terminal) as worker:
        resolved = plan(spec, worker.environment["device"])
    this = run(resolved, worker)
    events: list[Event] = []
    with progress(terminal, resolved.time_budget) as display:
        for event in this:
            display.see(event)
            if isinstance(event, Event):
                events.append(event)
    return tabulate(events, resolved, this.environment)


def _remarks(results: Results) -> tuple[str, ...]:
    """Each remark on a row, once."""
    return tuple(dict.fromkeys(filter(None, map(remark_of, results.rows()))))


def _annotate(outcome: Check, path: Path | None) -> None:
    """Annotate broken limits where this is a GitHub workflow. path: the spec file that holds the budget."""
    if not _github.in_actions():
        return
    lines = path.read_text(encoding="utf-8") if path else ""
    root = ("tool", "attnprof") if path and path.name == "pyproject.toml" else ()
    for candidate, verdict in outcome.broken:
        line = line_of(lines, (*root, "budget", verdict.limit.measure.name)) if path else None
        message = f"{outcome.says(verdict)} ({verdict.limit})"
        _github.annotate(f"attnprof check: {candidate.name}", message, str(path or ""), line)
    if outcome.held is not None:
        for change in outcome.held.changed:
            _github.annotate(f"attnprof check: {change.cell}", says(change), outcome.held.file)
    _github.summarise(md.write(document(outcome), Look()).text)
