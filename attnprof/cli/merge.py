"""Merge runs into one: shards of a plan, or several machines"""

from datetime import datetime
from pathlib import Path

import click

from attnprof.cli._output import SHARED

HELP = """\
Merge the folders of several runs into one results set, a run folder of its own.

\b
  attnprof merge shard1 shard2 shard3 -o whole
  attnprof merge reports/20261120-run-cpu reports/20261120-run-nvidia-h200

Shards come from 'attnprof run --shard 1/3', on one machine or several. What was asked and the version of attnprof have to
be the same, and a case that two runs of one machine have has to be the same too. The parts are left as they are.
"""


def _merge(
    run: tuple[str, ...], name: str, output: str | None, format: str, quiet: bool, no_color: bool
) -> int:
    from attnprof.cli._output import look, show
    from attnprof.cli._progress import say
    from attnprof.errors import EnvironmentProblem, UsageError
    from attnprof.formats import FORMATS, Look
    from attnprof.records.journal import RESULTS, SPEC, Journal, environment_in, events_in, new_folder
    from attnprof.results import of_folder
    from attnprof.results.merging import Part, merge
    from attnprof.spec.file import from_file
    from attnprof.spec.file import merge as spec_of

    FORMATS.module_name(format)
    if len(run) < 2:
        raise UsageError("name two runs or more: attnprof merge RUN RUN")
    folders = [Path(each) for each in run]
    merged = merge(
        [Part(str(f), spec_of([from_file(f / SPEC)]), environment_in(f), events_in(f)) for f in folders]
    )
    environment = {**merged.environment, "merged": datetime.now().astimezone().isoformat(timespec="seconds")}
    folder = (
        Path(output)
        if output
        else new_folder(name, str(environment.get("device", "several")).partition(":")[0])
    )
    journal = Journal.create(folder)
    with journal:
        journal.begin(merged.spec.to_toml(), environment)
        journal.extend(merged.events)
    results = of_folder(folder)
    try:
        (folder / RESULTS).write_text(FORMATS.get("csv").render(results, Look())[0] + "\n", encoding="utf-8")
    except OSError as problem:
        raise EnvironmentProblem(f"cannot write {folder / RESULTS}: {problem.strerror}") from None
    show(results, format, look(no_color=no_color), quiet)
    if missing := results.planned - len(results.frame):
        say(f"{missing} of {results.planned} cells are in none of the runs", quiet)
    say(f"all rows: {folder / RESULTS}", quiet)
    return 0


COMMAND = click.Command(
    "merge",
    callback=_merge,
    help=HELP,
    params=[
        click.Argument(["run"], nargs=-1, metavar="RUN..."),
        click.Option(["--name"], default="merged", metavar="NAME", help="of the run folder [merged]"),
        click.Option(
            ["-o", "--output"], metavar="DIR", help="the run folder itself (reports/<date>-<name>-<device>)"
        ),
        click.Option(["--format"], default="text", metavar="FORMAT", help="of what is printed [text]"),
        *SHARED,
    ],
)
