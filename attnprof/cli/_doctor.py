"""``attnprof doctor``: what an examination of this machine finds, as it is found."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from textwrap import fill

from attnprof.cli._progress import starting
from attnprof.cli._terminal import Terminal
from attnprof.doctor import NOTE, STOP, Finding
from attnprof.doctor.examination import examine
from attnprof.errors import ENVIRONMENT
from attnprof.records.environment import software
from attnprof.running import client
from attnprof.spec import Spec

NAMES, INDENT = 10, 18  # characters: of a finding's name; before the lines that continue it
UNLIMITED = 10_000  # columns, where stdout is no terminal
VERSIONS = {"attnprof": "attnprof_version", "Python": "python_version", "torch": "torch_version"}


def doctor(device: str, threads: int, format: str, terminal: Terminal) -> int:
    """Examine and print: as text each finding at once, as JSON all together."""
    setup = client.setup_for(Spec(device=device, threads=threads))
    versions = software()
    findings: list[Finding] = []
    if format == "text":
        terminal.show(f"{_title(versions)}\n")
        for finding in examine(lambda: client.start_worker(setup)):
            findings.append(finding)
            terminal.show(as_text(finding, terminal.look().width or UNLIMITED))
        terminal.show(f"\n{outcome(findings)}")
    else:
        with starting(terminal):
            findings += examine(lambda: client.start_worker(setup))
        terminal.show(as_json(versions, findings))
    return ENVIRONMENT if any(finding.level == STOP for finding in findings) else 0


def _title(versions: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {versions[key] or 'is not installed'}" for name, key in VERSIONS.items())


def as_text(finding: Finding, width: int) -> str:
    """A line, and the advice below it."""
    indent = " " * INDENT
    head = f"{finding.level:5} {finding.name:{NAMES}}  {finding.says}"
    lines = [fill(head, width, subsequent_indent=indent)]
    if finding.advice:
        lines.append(fill(finding.advice, width, initial_indent=indent, subsequent_indent=indent))
    return "\n".join(lines)


def outcome(findings: Sequence[Finding]) -> str:
    """The last line."""
    stops = [finding.name for finding in findings if finding.level == STOP]
    if stops:
        return f"This machine cannot measure: {', '.join(stops)}."
    notes = sum(finding.level == NOTE for finding in findings)
    if not notes:
        return "Ready to measure."
    return f"Ready to measure; {notes} thing{'s' if notes > 1 else ''} could be better."


def as_json(versions: Mapping[str, object], findings: Sequence[Finding]) -> str:
    """Everything, for a program or a bug report."""
    document = {
        "schema": 1,
        "ready": all(finding.level != STOP for finding in findings),
        "software": versions,
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)
