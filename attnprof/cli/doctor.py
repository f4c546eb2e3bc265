"""Examine this machine: device, clocks, timer, packages, and self-tests of engine and counter"""

from typing import TYPE_CHECKING

import click

from attnprof.cli._output import SHARED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnprof.doctor import Finding

HELP = """\
Examine this machine before it measures, and say what to do about what is found.

\b
  attnprof doctor
  attnprof doctor --device cuda:1 --format json

Takes some 10 seconds: a module is measured against itself in three processes, and networks are counted whose counts are
known. Exit code 4 where something makes measuring impossible.
"""
FORMS = ("text", "json")
IMPOSSIBLE = 4
NAMES, INDENT = 10, 18


def _doctor(device: str, threads: int, format: str, quiet: bool, no_color: bool) -> int:
    from attnprof.cli._output import look
    from attnprof.cli._progress import starting
    from attnprof.doctor import STOP
    from attnprof.doctor.examination import examine
    from attnprof.records.environment import software
    from attnprof.running.client import start_worker
    from attnprof.spec import Spec

    spec = Spec(device=device, threads=threads)
    findings: list[Finding] = []
    how, versions = look(no_color=no_color), software()
    if format == "text":
        click.echo(f"{_title(versions)}\n")
    with starting(quiet or format == "text", no_color):
        for finding in examine(lambda: start_worker(spec)):
            findings.append(finding)
            if format == "text":
                click.echo(as_text(finding, how.width or 10_000))
    if format == "text":
        click.echo(f"\n{outcome(findings)}")
    else:
        click.echo(as_json(versions, findings))
    return IMPOSSIBLE if any(finding.level == STOP for finding in findings) else 0


def _title(versions: dict[str, object]) -> str:
    told = {"attnprof": "attnprof_version", "Python": "python_version", "torch": "torch_version"}
    return ", ".join(f"{name} {versions[key] or 'is not installed'}" for name, key in told.items())


def as_text(finding: "Finding", width: int) -> str:
    """A line, and the advice below it."""
    from textwrap import fill

    lines = [
        fill(
            f"{finding.level:5} {finding.name:{NAMES}}  {finding.says}", width, subsequent_indent=" " * INDENT
        )
    ]
    if finding.advice:
        lines.append(fill(finding.advice, width, initial_indent=" " * INDENT, subsequent_indent=" " * INDENT))
    return "\n".join(lines)


def outcome(findings: "Sequence[Finding]") -> str:
    """The last line."""
    from attnprof.doctor import NOTE, STOP

    stops = [finding.name for finding in findings if finding.level == STOP]
    if stops:
        return f"This machine cannot measure: {', '.join(stops)}."
    notes = sum(finding.level == NOTE for finding in findings)
    return f"Ready to measure{f'; {notes} thing' + 's' * (notes > 1) + ' could be better' if notes else ''}."


def as_json(versions: dict[str, object], findings: "Sequence[Finding]") -> str:
    """Everything, for a program or a bug report."""
    import json
    from dataclasses import asdict

    from attnprof.doctor import STOP

    ready = all(finding.level != STOP for finding in findings)
    whole = {
        "schema": 1,
        "ready": ready,
        "software": versions,
        "findings": [asdict(each) for each in findings],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False)


COMMAND = click.Command(
    "doctor",
    callback=_doctor,
    help=HELP,
    params=[
        click.Option(["--device"], default="auto", metavar="NAME", help="auto, cpu, cuda or cuda:1 [auto]"),
        click.Option(
            ["--threads"],
            default=1,
            type=click.IntRange(1, 1024),
            metavar="N",
            help="CPU threads per operator [1]",
        ),
        click.Option(
            ["--format"], type=click.Choice(FORMS), default="text", help="of what is printed [text]"
        ),
        *SHARED,
    ],
)
